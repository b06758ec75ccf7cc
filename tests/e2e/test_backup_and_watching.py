"""`backup`, `restore`, `sync` and `watches` as people type them, beside a running server and without one."""

import json
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_calls import answer, document_named
from sourcier_process import ingest, run_sourcier, serving, start_server

QUESTIONS = (
    "What is the mileage rate above 5,000 km?",
    "Quel est le délai de remboursement ?",
    "Who was Napoleon?",
)


@pytest.fixture(scope="module")
def home(exports: Path, library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("backups") / "home"
    ingest(made, exports, library / "open", "--collection", "open", "--public")
    return made


def answers(client: httpx.Client) -> list[dict[str, Any]]:
    found = [answer(client, question) for question in QUESTIONS]
    return [{key: body[key] for key in body if key not in ("id", "timings")} for body in found]


def until(condition: Callable[[], bool], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)


def test_a_backup_of_a_running_server_restores_to_one_that_answers_identically(
    exports: Path, home: Path, tmp_path: Path
) -> None:
    served = shutil.copytree(home, tmp_path / "served")
    file, new = tmp_path / "b.zip", tmp_path / "new"
    with serving(served, exports) as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        before = answers(client)
        stop, asked = threading.Event(), []

        def ask() -> None:
            with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as other:
                while not stop.is_set():
                    asked.append(answer(other, QUESTIONS[0])["status"])

        asking = threading.Thread(target=ask)
        asking.start()
        done = run_sourcier(served, exports, "backup", file)
        stop.set()
        asking.join()
    verified = run_sourcier(tmp_path / "any", exports, "verify-backup", file)
    restored = run_sourcier(new, exports, "restore", file)

    assert done.returncode == 0, done.stderr
    assert "through the server" in done.stderr
    assert "checked" in done.stdout
    assert file.stat().st_mode & 0o777 == 0o600
    assert set(asked) == {"answered"}
    assert (verified.returncode, restored.returncode) == (0, 0), restored.stderr
    assert [path.name for path in served.iterdir() if path.name.startswith(".backup-")] == []
    with serving(new, exports) as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        assert answers(client) == before


def test_what_cannot_be_restored_is_said_in_one_line(exports: Path, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "b.zip"
    assert run_sourcier(home, exports, "backup", file).returncode == 0

    taken = run_sourcier(home, exports, "backup", file)
    full = run_sourcier(home, exports, "restore", file)
    file.write_bytes(file.read_bytes()[:-100])
    broken = run_sourcier(tmp_path / "new", exports, "restore", file)

    assert [done.returncode for done in (taken, full, broken)] == [1, 1, 1]
    assert taken.stderr == f"sourcier: '{file}' is there already. Choose another name, or move it away.\n"
    assert "--force" in full.stderr
    assert "cut short" in broken.stderr
    assert "Traceback" not in taken.stderr + full.stderr + broken.stderr


def test_a_folder_is_synchronised_without_a_server_and_beside_one(exports: Path, tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "in"
    folder.mkdir()
    (folder / "a.md").write_text("# Gate\n\nThe gate of the depot closes at nine.\n")
    (folder / "b.md").write_text("# Pump\n\nThe pump is oiled weekly.\n")
    options = (folder, "--collection", "c", "--settle-seconds", "0.2")

    planned = run_sourcier(home, exports, "sync", *options, "--dry-run")
    first = run_sourcier(home, exports, "sync", *options)
    again = run_sourcier(home, exports, "sync", *options)
    (folder / "b.md").rename(folder / "c.md")
    (folder / "d.md").write_text("# Claims\n\nA claim is filed within a month.\n")
    with serving(home, exports):
        beside = run_sourcier(home, exports, "sync", *options, "--delete", "--json")
        listed = run_sourcier(home, exports, "watches")
        shutil.rmtree(folder)
        vanished = run_sourcier(home, exports, "sync", *options, "--delete")
    documents = json.loads(run_sourcier(home, exports, "documents", "--json").stdout)
    mistyped = run_sourcier(home, exports, "sync", tmp_path / "nowhere", "--collection", "c")

    assert "2 would be added" in planned.stdout
    assert "2 added" in first.stdout, first.stderr
    assert "0 added, 0 changed, 0 removed, 0 renamed, 2 unchanged" in again.stdout
    values = json.loads(beside.stdout)
    assert (values["added"], values["renamed"], values["removed"], values["unchanged"]) == (2, 1, 0, 1)
    assert f"{folder} -> c\tok\t3 answers" in listed.stdout
    assert vanished.returncode == 1
    assert "cannot be listed" in vanished.stderr
    assert {row["file"] for row in documents} == {"a.md", "c.md", "d.md"}
    assert (mistyped.returncode, mistyped.stderr.count("does not exist")) == (1, 1)


def test_a_server_follows_the_folders_of_its_settings(exports: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.md").write_text("# Gate\n\nThe gate of the depot closes at nine.\n")
    watches = [
        {"path": str(folder), "collection": "c", "public": True, "settle_seconds": 0.2},
        {"path": str(tmp_path / "missing"), "collection": "m"},
    ]
    with (
        start_server(tmp_path / "home", exports, more={"SOURCIER_WATCH": json.dumps(watches)}) as server,
        httpx.Client(base_url=server.url, headers=server.authorization, trust_env=False) as client,
    ):

        def names() -> set[str]:
            return {d["name"] for d in client.get("/v1/documents").json()["documents"]}

        def followed() -> dict[str, Any]:
            rows: list[dict[str, Any]] = client.get("/v1/watches").json()["watches"]
            return next(row for row in rows if row["path"] == str(folder))

        until(lambda: names() == {"a.md"})
        assert document_named(client, "a.md")["status"] == "ready"
        until(lambda: followed()["state"] == "ok")
        scanned = followed()["scanned_at"]
        time.sleep(3)
        assert followed()["scanned_at"] == scanned  # its own reading is no change to follow
        (folder / "b.md").write_text("# Pump\n\nThe pump is oiled weekly.\n")
        until(lambda: names() == {"a.md", "b.md"})
        assert client.get("/readyz").json()["warnings"] == ["watched_folder_missing"]
        accepted = client.post(f"/v1/watches/{followed()['id']}/scans", json={"force": True})
        assert accepted.status_code == 202
        assert str(tmp_path / "missing") in run_sourcier(tmp_path / "home", exports, "watches").stdout
