"""The vector graph, built by a child beside the process that answers."""

from pathlib import Path

import numpy as np
import pytest

from sourcier_core.bm25 import document_vector
from sourcier_core.edge_graph import build_graph, mend
from sourcier_core.edge_index import EdgeIndex
from sourcier_core.errors import IndexUnavailable
from sourcier_core.types import Chunk, IndexedChunk, Probe, Scope, chunk_id, document_id

DIMENSION = 16
CHUNKS = 400
HR = Scope(frozenset({"hr"}), 1)


def fill(directory: Path) -> None:
    index = EdgeIndex(directory, DIMENSION)
    chance = np.random.default_rng(3)
    document = document_id("hr", "a.pdf")
    made = []
    for n in range(CHUNKS):
        vector = chance.standard_normal(DIMENSION)
        dense = (vector / np.linalg.norm(vector)).astype(np.float32)
        chunk = Chunk(
            id=chunk_id(document, "v", n + 1, 0, 10),
            document=document,
            collection="hr",
            version="v",
            page=n + 1,
            start=0,
            end=10,
            section=(),
            language="en",
        )
        made.append(IndexedChunk(chunk, dense, document_vector(f"word{n}", "en"), 1))
    index.upsert(made)
    index.close()


def found(directory: Path) -> tuple[int, list[int | None]]:
    """How many chunks it holds, and the pages found for a vector."""
    index = EdgeIndex(directory, DIMENSION)
    dense = np.full(DIMENSION, 0.25, dtype=np.float32)
    hits = index.search([Probe(dense, document_vector("word7", "en"))], HR, 20)
    count = index.count(HR)
    index.close()
    return count, [hit.chunk.page for hit in hits]


def test_an_index_with_its_graph_holds_and_finds_the_same(tmp_path: Path) -> None:
    fill(tmp_path / "1")
    before = found(tmp_path / "1")

    assert build_graph(tmp_path / "1", DIMENSION, lambda: False)

    assert found(tmp_path / "1") == before
    assert before[0] == CHUNKS
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def test_one_that_is_no_longer_wanted_leaves_the_index_as_it_was(tmp_path: Path) -> None:
    fill(tmp_path / "1")
    before = found(tmp_path / "1")

    assert not build_graph(tmp_path / "1", DIMENSION, lambda: True)

    assert found(tmp_path / "1") == before
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def test_a_child_that_fails_leaves_the_index_as_it_was_and_says_why(tmp_path: Path) -> None:
    fill(tmp_path / "1")
    before = found(tmp_path / "1")
    held = EdgeIndex(tmp_path / "1", DIMENSION)
    settings = sorted((tmp_path / "1").glob("*.json"))
    assert settings
    for path in settings:
        path.write_text("no JSON")

    with pytest.raises(IndexUnavailable, match="its vector graph was not built"):
        build_graph(tmp_path / "1", DIMENSION, lambda: False)

    assert held.count(HR) == before[0]
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def test_what_a_crash_leaves_is_put_back_or_removed(tmp_path: Path) -> None:
    fill(tmp_path / "1")
    before = found(tmp_path / "1")
    (tmp_path / "1").rename(tmp_path / "1.old")
    (tmp_path / "1.graph").mkdir()
    (tmp_path / "2").mkdir()
    (tmp_path / "2.old").mkdir()

    mend(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == {"1", "2"}
    assert found(tmp_path / "1") == before
