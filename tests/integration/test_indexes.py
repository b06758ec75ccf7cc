"""What each index does beyond the contract: on disk, opened again, under several threads, unreachable."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from sourcier_core.edge_index import EdgeIndex
from sourcier_core.errors import IndexUnavailable
from sourcier_core.server_index import connect
from sourcier_core.types import Chunk, IndexedChunk, Probe, Scope, SparseVector, chunk_id, document_id

DOCUMENT = document_id("hr", "a.pdf")
NORTH = np.array([1, 0, 0, 0], dtype=np.float32)
TERM = SparseVector((7,), (1.0,))


def chunks(count: int, *, version: str = "v1", valid_from: int = 1) -> list[IndexedChunk]:
    made = []
    for number in range(count):
        identity = chunk_id(DOCUMENT, version, number + 1, 0, 1)
        chunk = Chunk(identity, DOCUMENT, "hr", version, number + 1, 0, 1, ("A",), "fr")
        made.append(IndexedChunk(chunk, NORTH, TERM, valid_from))
    return made


def scope(sequence: int = 1) -> Scope:
    return Scope(frozenset({"hr"}), sequence)


def test_an_index_opened_again_holds_what_was_written(tmp_path: Path) -> None:
    first = EdgeIndex(tmp_path / "index", 4)
    first.upsert(chunks(300))
    first.retire(DOCUMENT, 2)
    first.close()

    again = EdgeIndex(tmp_path / "index", 4)

    found = again.search([Probe(NORTH, TERM)], scope(1), 1000)
    assert sorted(s.chunk.page or 0 for s in found) == list(range(1, 301))
    assert again.count(scope(2)) == 0
    again.close()


def test_what_was_flushed_survives_a_process_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from test_indexes import EdgeIndex, chunks; "
        "index = EdgeIndex(Path(sys.argv[1]), 4); index.upsert(chunks(100)); index.flush(); os._exit(9)"
    )
    path = f"{Path(__file__).parent}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    environment = {"PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "index")], env=environment)

    again = EdgeIndex(tmp_path / "index", 4)

    assert (done.returncode, again.count(scope())) == (9, 100)
    again.close()


def test_an_optimised_index_finds_the_same(tmp_path: Path) -> None:
    index = EdgeIndex(tmp_path / "index", 4)
    index.upsert(chunks(500))
    before = {s.chunk.id for s in index.search([Probe(NORTH, TERM)], scope(), 500)}

    index.optimise()

    assert {s.chunk.id for s in index.search([Probe(NORTH, TERM)], scope(), 500)} == before
    assert index.count(scope()) == 500
    index.close()


def test_a_damaged_index_is_reported_with_its_folder(tmp_path: Path) -> None:
    EdgeIndex(tmp_path / "index", 4).close()
    for file in (tmp_path / "index").rglob("*.json"):
        file.write_bytes(b"\x00")

    with pytest.raises(IndexUnavailable, match=str(tmp_path / "index")):
        EdgeIndex(tmp_path / "index", 4)


def test_questions_go_on_while_chunks_are_written(tmp_path: Path) -> None:
    index = EdgeIndex(tmp_path / "index", 4)
    index.upsert(chunks(50))
    done = threading.Event()
    counts: set[int] = set()
    errors: list[Exception] = []

    def keep_asking() -> None:
        try:
            while not done.is_set():
                counts.add(len(index.search([Probe(NORTH, TERM)], scope(1), 100)))
        except Exception as error:  # noqa: BLE001 - a thread's failure must reach the test
            errors.append(error)

    readers = [threading.Thread(target=keep_asking) for _ in range(3)]
    for reader in readers:
        reader.start()
    for sequence in range(2, 12):
        index.upsert(chunks(200, version=f"v{sequence}", valid_from=sequence))
        index.flush()
        index.discard(DOCUMENT, sequence)
    done.set()
    for reader in readers:
        reader.join()
    index.close()

    assert errors == []
    assert counts == {50}


def test_a_server_that_does_not_answer_is_named() -> None:
    with pytest.raises(IndexUnavailable, match=r"http://127\.0\.0\.1:9"):
        connect("http://127.0.0.1:9", None, 2.0, "sourcier-1", 4)


@pytest.mark.parametrize("url", ["not a url", "http://", "ftp://127.0.0.1:9"])
def test_an_address_that_is_none_is_named(url: str) -> None:
    with pytest.raises(IndexUnavailable):
        connect(url, None, 2.0, "sourcier-1", 4)
