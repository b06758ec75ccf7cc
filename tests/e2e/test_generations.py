"""Re-indexing on a real server that is asked throughout: another chunk size, another model, and back."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_calls import document_named, error_of, upload
from sourcier_process import Server, ingest, run_sourcier, serving, start_server, stop
from tiny_bert import save_tiny_bert

CLIENTS = 3
BUILD_SECONDS = 200
QUESTIONS = (
    "What is the mileage rate above 5,000 km?",
    "Dans quel délai déposer une demande de remboursement ?",
    "How often is a lifting pump oiled?",
    "Le magasin des pompes ouvre à quelle heure ?",
    "Who files the yellow lantern?",
    "In which box is the wooden anchor filed?",
    "What does the annex say about the silver compass?",
    "Who won the football world cup in Argentina?",
)
HOW = (
    "yellow",
    "wooden",
    "silver",
    "broken",
    "narrow",
    "hollow",
    "painted",
    "folded",
    "rusty",
    "round",
    "old",
)
WHAT = ("lantern", "anchor", "compass", "ladder", "kettle", "mirror", "saddle", "barrel", "whistle", "hammer")
UNCHECKED = ("--unchecked", "--reason", "a test without golden questions")


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another model, of another dimension."""
    return save_tiny_bert(tmp_path_factory.mktemp("model") / "tiny", head=False, max_tokens=512)


@pytest.fixture(scope="module")
def home(exports: Path, library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the small documents, and some that only take time."""
    folder = tmp_path_factory.mktemp("more")
    for n in range(12):
        pairs = product(HOW[n % 4 :: 4], WHAT[n // 4 :: 3])
        lines = [
            f"Rule {n}.{m}: the {how} {what} is filed by clerk {n * 7 + m} in box {n * 31 + m}, before noon."
            for m, (how, what) in enumerate(pairs)
        ]
        (folder / f"annex-{n}.md").write_text(f"# Annex {n}\n\n" + "\n\n".join(lines), encoding="utf-8")
    made = tmp_path_factory.mktemp("generations") / "home"
    ingest(made, exports, library / "open", folder, "--collection", "open", "--public")
    return made


class Clients:
    """People who ask the same questions again and again, and what they were told."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._stopping = threading.Event()
        self.told: list[list[tuple[str, int, Any]]] = [[] for _ in range(CLIENTS)]  # question, status, body
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(CLIENTS)]

    def _ask(self, number: int) -> None:
        with httpx.Client(base_url=self._server.url, timeout=60, trust_env=False) as client:
            turn = number
            while not self._stopping.is_set():
                question = QUESTIONS[turn % len(QUESTIONS)]
                turn += 1
                told: tuple[str, int, Any]
                try:
                    response = client.post("/v1/answer", json={"question": question})
                    told = (question, response.status_code, essence(response.json()))
                except httpx.HTTPError as error:
                    told = (question, 0, repr(error))
                self.told[number].append(told)

    def __enter__(self) -> "Clients":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()


def essence(body: dict[str, Any]) -> dict[str, Any]:
    """What an answer says and rests on, without what differs each time and passages that are all but tied."""
    best = [
        {key: p[key] for key in ("version", "page", "start", "end")} for p in body.get("passages", [])[:1]
    ]
    kept = ("question", "status", "mode", "language", "confidence", "sentences", "citations", "searched")
    return {key: body.get(key) for key in kept} | {"best": best}


def same(one: Any, other: Any) -> bool:
    """Whether two answers are of one generation: the engine's scores differ in their last digits."""
    if not isinstance(one, dict) or one.keys() != other.keys():
        return False
    if abs(one["confidence"] - other["confidence"]) > 0.001:
        return False
    return bool(one | {"confidence": 0} == other | {"confidence": 0})


def reference(server: Server) -> dict[str, dict[str, Any]]:
    """What the live generation alone answers."""
    with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as client:
        return {q: essence(client.post("/v1/answer", json={"question": q}).json()) for q in QUESTIONS}


@contextmanager
def asked_throughout(server: Server) -> Iterator[Counter[str]]:
    """Ask while the block swaps the generation once, and hold every answer to one of the two."""
    before = reference(server)
    counted: Counter[str] = Counter()
    with Clients(server) as clients:
        yield counted
        seen = [len(told) for told in clients.told]
        while any(len(told) < count + 3 for told, count in zip(clients.told, seen, strict=True)):
            time.sleep(0.05)
    after = reference(server)
    apart = {question for question in QUESTIONS if not same(before[question], after[question])}
    assert len(apart) >= 2  # else little would be shown
    for told in clients.told:
        new = False
        for question, status, body in told:
            assert status == 200, body
            former, later = same(body, before[question]), same(body, after[question])
            assert former or later, (
                f"{question} {differing(body, before[question])[:4]} {differing(body, after[question])[:4]}"
            )
            if question in apart:
                assert not (new and former), "an answer of the former generation after one of the new"
                new = new or later
                counted["former" if former else "new"] += 1


def differing(body: Any, other: Any, where: str = "") -> list[str]:
    """Where two answers differ, for the message of a failure."""
    if isinstance(body, dict) and isinstance(other, dict) and body.keys() == other.keys():
        return [found for key in body for found in differing(body[key], other[key], f"{where}.{key}")]
    if isinstance(body, list) and isinstance(other, list) and len(body) == len(other):
        return [
            found
            for n, pair in enumerate(zip(body, other, strict=True))
            for found in differing(*pair, f"{where}[{n}]")
        ]
    return [] if body == other else [f"{where}: {str(body)[:80]} != {str(other)[:80]}"]


def generations(server: Server) -> dict[str, Any]:
    response = httpx.get(f"{server.url}/v1/generations", headers=server.authorization, trust_env=False)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def states(server: Server) -> dict[int, str]:
    return {row["id"]: row["state"] for row in generations(server)["generations"]}


def test_reindexing_and_rolling_back_while_clients_ask_fails_no_question_and_mixes_no_answer(
    home: Path, exports: Path, tiny_model: Path
) -> None:
    with serving(home, exports) as server:
        with asked_throughout(server) as counted:
            done = run_sourcier(home, exports, "reindex", "--tokens", "48", *UNCHECKED)
            assert done.returncode == 0, done.stderr
            assert "vectors reused" in done.stdout
        assert counted["former"] > 0
        assert counted["new"] > 0
        assert states(server) == {1: "kept", 2: "live"}

        with asked_throughout(server) as counted:
            done = run_sourcier(home, exports, "reindex", "--model", tiny_model, *UNCHECKED)
            assert done.returncode == 0, done.stderr
        assert counted["former"] > 0
        assert counted["new"] > 0
        assert states(server) == {1: "pruned", 2: "kept", 3: "live"}  # one is kept
        assert not (home / "index" / "1").exists()

        with asked_throughout(server):
            done = run_sourcier(home, exports, "generations", "rollback", "--reason", "the other was better")
            assert done.returncode == 0, done.stderr
        assert states(server) == {1: "pruned", 2: "live", 3: "kept"}
        audit = generations(server)["audit"]
        assert [entry["action"] for entry in audit] == ["rollback", "promote unchecked", "promote unchecked"]
        assert audit[0]["reason"] == "the other was better"


def test_the_next_start_opens_the_live_generation_and_says_how_the_settings_differ(
    home: Path, exports: Path
) -> None:
    listed = run_sourcier(home, exports, "generations")

    assert listed.returncode == 0, listed.stderr
    assert "chunking.tokens is 48 in the live generation and 200 in the settings" in listed.stdout
    assert "sourcier reindex" in listed.stderr


def slow_documents(folder: Path, count: int) -> Path:
    folder.mkdir()
    for n in range(count):
        lines = [f"Section {m}: officer {n} signs form {n * 100 + m} within {m + 1} days." for m in range(40)]
        (folder / f"d{n:03}.md").write_text("\n\n".join(lines), encoding="utf-8")
    return folder


def wait_until(server: Server, generation: int, holds: Any) -> Mapping[str, Any]:
    end = time.monotonic() + BUILD_SECONDS
    url = f"{server.url}/v1/generations/{generation}"
    while time.monotonic() < end:
        body: dict[str, Any] = httpx.get(url, headers=server.authorization, trust_env=False).json()
        if holds(body):
            return body
        time.sleep(0.02)
    raise AssertionError(f"it did not come to that: {body}")


def test_a_server_killed_while_it_builds_answers_from_the_live_one_and_goes_on_at_the_next_start(
    exports: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    ingest(home, exports, slow_documents(tmp_path / "docs", 25), "--public")
    asked = {"chunking": {"tokens": 40}, "unchecked": True, "reason": "a test"}
    with start_server(home, exports) as server:
        before = reference(server)
        with httpx.Client(base_url=server.url, headers=server.authorization, trust_env=False) as client:
            begun = client.post("/v1/generations", json=asked)
            assert begun.status_code == 202, begun.text
            number = begun.json()["id"]
            refused = client.post("/v1/generations", json={**asked, "chunking": {"tokens": 50}})
            assert (refused.status_code, error_of(refused)["code"]) == (409, "generation_busy")
        wait_until(server, number, lambda b: b["build"] and b["build"]["documents_done"] >= 5)
        key = server.authorization
        stop(server, signal.SIGKILL)
    with start_server(home, exports) as server:
        now = reference(server)
        assert all(same(now[q], before[q]) for q in QUESTIONS) or states_with(server, key)[number] == "live"
        with httpx.Client(base_url=server.url, headers=key, trust_env=False, timeout=60) as client:
            changed = tmp_path / "d001.md"
            changed.write_text("Section 1: nobody signs anything any more.", encoding="utf-8")
            assert upload(client, changed)["state"] == "done"
            gone = document_named(client, "d002.md")
            assert client.delete(f"/v1/documents/{gone['id']}").status_code == 204
            end = time.monotonic() + BUILD_SECONDS
            while client.get(f"/v1/generations/{number}").json()["state"] != "live":
                assert time.monotonic() < end
                time.sleep(0.1)
            body = client.get(f"/v1/generations/{number}").json()
            # 25 where it went live before one of them was deleted.
            assert body["build"]["documents_total"] in (24, 25)
            ready = client.get("/readyz").json()
            listed = client.get("/v1/documents").json()["documents"]
            assert ready["documents"] == len(listed) == 24
            assert ready["chunks"] == sum(document["chunks"] for document in listed)
            found = client.post("/v1/search", json={"question": "who signs form 201?", "limit": 50}).json()
            names = {passage["document"]["name"] for passage in found["passages"]}
            assert "d002.md" not in names
            rolled = client.post("/v1/generations/rollback", json={"reason": "a test"})
            assert rolled.status_code == 200, rolled.text
            after = client.post("/v1/search", json={"question": "who signs form 201?", "limit": 50}).json()
            assert "d002.md" not in {passage["document"]["name"] for passage in after["passages"]}
            assert client.get("/readyz").json()["documents"] == 24
        stop(server)


def states_with(server: Server, key: Mapping[str, str]) -> dict[int, str]:
    body = httpx.get(f"{server.url}/v1/generations", headers=dict(key), trust_env=False).json()
    return {row["id"]: row["state"] for row in body["generations"]}


def test_what_may_not_be_done_is_refused_with_the_reason(
    exports: Path, library: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    ingest(home, exports, library / "open", "--public")
    with serving(home, exports) as server:
        anonymous = httpx.get(f"{server.url}/v1/generations", trust_env=False)
        assert (anonymous.status_code, error_of(anonymous)["code"]) == (401, "not_authenticated")
        with httpx.Client(base_url=server.url, headers=server.authorization, trust_env=False) as client:
            refusals = [
                (client.post("/v1/generations", json={"chunking": {"tokens": 60}}), 409, "gate_not_passed"),
                (
                    client.post("/v1/generations", json={"chunking": {"tokens": 60}, "unchecked": True}),
                    409,
                    "gate_not_passed",
                ),
                (
                    client.post(
                        "/v1/generations",
                        json={"chunking": {"tokens": 900}, "unchecked": True, "reason": "a test"},
                    ),
                    422,
                    "invalid_generation",
                ),
                (client.post("/v1/generations", json={"sets": ["/etc"]}), 403, "not_permitted"),
                (client.post("/v1/generations/rollback", json={}), 409, "no_former_generation"),
                (client.get("/v1/generations/99"), 404, "generation_not_found"),
                (client.delete("/v1/generations/1"), 409, "generation_busy"),
                (client.post("/v1/generations/1/promote", json={}), 409, "generation_not_ready"),
            ]
        for response, status, code in refusals:
            assert (response.status_code, error_of(response)["code"]) == (status, code), response.text
        missing = run_sourcier(home, exports, "reindex", "--model", "no/such-model", *UNCHECKED)
        assert missing.returncode == 1
        assert "no/such-model" in missing.stderr
