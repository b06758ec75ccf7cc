import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from qdrant_client.common.version_check import is_compatible

ROOT = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
STAGES = re.split(r"(?m)^FROM ", DOCKERFILE)[1:]


@pytest.mark.parametrize("name", SERVICES)
def test_container_can_write_only_to_its_volumes_and_gains_no_right(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "network_mode", "pid"} & service.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_container_uses_only_volumes_and_networks_that_are_declared(name: str) -> None:
    mounted = [volume.split(":")[0] for volume in SERVICES[name]["volumes"]]

    assert set(SERVICES[name]["networks"]) <= COMPOSE["networks"].keys()
    assert {source for source in mounted if source[0] not in "./$"} <= COMPOSE["volumes"].keys()


def test_only_the_service_can_be_reached_and_from_this_machine_alone() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert list(published) == ["sourcier"]
    assert all(port.startswith("127.0.0.1:") for port in published["sourcier"])
    assert COMPOSE["networks"]["stores"]["internal"] is True


def test_air_gap_closes_every_network_and_pulls_nothing() -> None:
    override = yaml.safe_load((ROOT / "compose.airgap.yml").read_text(encoding="utf-8"))

    internal = {
        name
        for compose in (COMPOSE, override)
        for name, network in compose["networks"].items()
        if network.get("internal")
    }
    assert internal == COMPOSE["networks"].keys()
    assert {name: service["pull_policy"] for name, service in override["services"].items()} == dict.fromkeys(
        SERVICES, "never"
    )


def test_nothing_deployed_reports_its_use_to_anybody() -> None:
    assert SERVICES["qdrant"]["environment"]["QDRANT__TELEMETRY_DISABLED"] == "true"
    assert "ORT_DISABLE_TELEMETRY=1" in STAGES[-1]
    assert "HF_HUB_OFFLINE=1" in STAGES[-1]


def test_pinned_qdrant_server_is_one_that_the_client_accepts() -> None:
    found = re.fullmatch(r"qdrant/qdrant:v([\d.]+)-unprivileged", SERVICES["qdrant"]["image"])

    assert found is not None
    assert is_compatible(version("qdrant-client"), found[1])


def test_workflow_tests_the_qdrant_server_that_is_deployed() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))

    assert workflow["jobs"]["integration"]["services"]["qdrant"]["image"] == SERVICES["qdrant"]["image"]


def test_image_runs_as_a_numeric_user_that_is_not_root() -> None:
    user = re.search(r"(?m)^USER (\d+):(\d+)$", STAGES[-1])

    assert user is not None
    assert "0" not in user.groups()


def test_torch_is_installed_in_the_model_stage_alone_and_nothing_but_the_model_leaves_it() -> None:
    installing = [
        stage.splitlines()[0]
        for stage in STAGES
        if re.search(r"\btorch\b|\[models\]", _without_comments(stage))
    ]
    copied = re.findall(r"(?m)^COPY --from=model (\S+)", DOCKERFILE)

    assert [line.split()[-1] for line in installing] == ["model"]
    assert copied == ["/models"]


def test_lock_of_the_image_holds_no_torch_and_agrees_with_the_whole_lock() -> None:
    service = set((ROOT / "requirements-service.lock").read_text(encoding="utf-8").splitlines())
    whole = set((ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines())

    assert service <= whole
    assert not {line.split("==")[0] for line in service} & {"torch", "transformers", "sentence-transformers"}


def _without_comments(stage: str) -> str:
    return re.sub(r"(?m)^#.*$", "", stage)
