"""What every `ChunkIndex` does. On conflict with a docstring, this suite is right."""

import math
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from fakes import MemoryIndex
from qdrant_client import QdrantClient

from sourcier_core.edge_index import EdgeIndex
from sourcier_core.ports import ChunkIndex
from sourcier_core.server_index import ServerIndex, connect
from sourcier_core.types import (
    ALWAYS,
    FOREVER,
    NEVER,
    Chunk,
    IndexedChunk,
    Marks,
    Period,
    Probe,
    Scope,
    ScoredChunk,
    SparseVector,
    Vector,
    chunk_id,
    document_id,
)

pytestmark = pytest.mark.filterwarnings(
    # True of qdrant-client's local mode, and of no interest: it is for contract tests only.
    "ignore:Payload indexes have no effect in the local Qdrant:UserWarning"
)

DIMENSION = 4
ALL_DAYS = Period()
QDRANT_URL = os.environ.get("QDRANT_URL")
ALPHA, BETA = document_id("hr", "alpha.pdf"), document_id("hr", "beta.pdf")
NOTHING_SPARSE = SparseVector((), ())
NORTH = np.array([1, 0, 0, 0], dtype=np.float32)
EAST = np.array([0, 1, 0, 0], dtype=np.float32)


# The server's run is asked for with QDRANT_URL; where it is not, one test is skipped and says so.
IMPLEMENTATIONS = [
    "memory",
    "edge",
    "qdrant-client",
    *([pytest.param("qdrant-server", marks=pytest.mark.qdrant_server)] if QDRANT_URL else []),
]


@pytest.fixture(params=IMPLEMENTATIONS)
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ChunkIndex]:
    if request.param == "qdrant-server":
        yield from _on_server()
        return
    opened: ChunkIndex
    if request.param == "memory":
        opened = MemoryIndex()
    elif request.param == "edge":
        opened = EdgeIndex(tmp_path / "index", DIMENSION)
    else:
        opened = ServerIndex(QdrantClient(":memory:"), "contract", DIMENSION, where="memory")
    yield opened
    opened.close()


def _on_server() -> Iterator[ChunkIndex]:
    assert QDRANT_URL is not None
    name = f"contract-{uuid4().hex}"
    opened = connect(QDRANT_URL, os.environ.get("QDRANT_API_KEY"), 30.0, name, DIMENSION)
    yield opened
    opened.close()
    client = QdrantClient(url=QDRANT_URL, api_key=os.environ.get("QDRANT_API_KEY"))
    client.delete_collection(name)
    client.close()


def chunk(
    number: int = 0,
    *,
    document: str = ALPHA,
    collection: str = "hr",
    page: int | None = 1,
    version: str = "v1",
) -> Chunk:
    return Chunk(
        id=chunk_id(document, version, page, number, number + 1),
        document=document,
        collection=collection,
        version=version,
        page=page,
        start=number,
        end=number + 1,
        section=(),
        language="fr",
    )


def indexed(
    of: Chunk, dense: Vector = NORTH, sparse: SparseVector | None = None, *, valid_from: int = 1
) -> IndexedChunk:
    return IndexedChunk(of, dense, sparse or SparseVector((7,), (1.0,)), valid_from)


def towards(cosine: float) -> Vector:
    """A unit vector of that cosine with NORTH."""
    return np.array([cosine, math.sqrt(1 - cosine**2), 0, 0], dtype=np.float32)


def scope(
    sequence: int = 1,
    *collections: str,
    documents: frozenset[str] | None = None,
    day: int = ALWAYS,
    groups: frozenset[str] | None = frozenset(),
    tags: frozenset[str] | None = None,
    without: frozenset[str] = frozenset(),
) -> Scope:
    return Scope(frozenset(collections or ("hr",)), sequence, documents, day, groups, tags, without)


def marked(
    of: Chunk,
    *,
    period: Period = ALL_DAYS,
    tags: frozenset[str] = frozenset(),
    groups: frozenset[str] = frozenset(),
    valid_from: int = 1,
) -> IndexedChunk:
    return replace(indexed(of, valid_from=valid_from), marks=Marks(period, tags, groups))


def search(
    index: ChunkIndex,
    dense: Vector = NORTH,
    sparse: SparseVector = NOTHING_SPARSE,
    within: Scope | None = None,
    limit: int = 10,
) -> list[ScoredChunk]:
    return index.search([Probe(dense, sparse)], within or scope(), limit)


def ids(found: list[ScoredChunk]) -> list[str]:
    return [scored.chunk.id for scored in found]


@pytest.mark.qdrant_server
@pytest.mark.skipif(QDRANT_URL is None, reason="QDRANT_URL is not set: the suite ran on no Qdrant server")
def test_the_suite_runs_on_a_qdrant_server_too() -> None:
    assert len(IMPLEMENTATIONS) == 4


# --- writing


def test_an_empty_index_finds_and_counts_nothing(index: ChunkIndex) -> None:
    assert search(index, sparse=SparseVector((7,), (1.0,))) == []
    assert index.count(scope()) == 0


def test_a_chunk_comes_back_as_it_was_written(index: ChunkIndex) -> None:
    written = Chunk(
        id=chunk_id(ALPHA, "a" * 64, 142, 1000, 1200),
        document=ALPHA,
        collection="Ressources humaines – Équipe « œ »",
        version="a" * 64,
        page=142,
        start=1000,
        end=1200,
        section=("1  Frais", "1.2  Délais d'« avance »"),
        language="fr",
    )

    index.upsert([indexed(written)])

    assert [s.chunk for s in search(index, within=scope(1, written.collection))] == [written]


def test_a_chunk_of_a_text_pane_comes_back_without_a_page(index: ChunkIndex) -> None:
    written = chunk(page=None)

    index.upsert([indexed(written)])

    assert [s.chunk for s in search(index)] == [written]


def test_upsert_of_same_id_overwrites(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk(), NORTH)])
    index.upsert([indexed(chunk(), EAST, SparseVector((9,), (1.0,)))])

    (found,) = search(index, sparse=SparseVector((7,), (1.0,)))

    assert index.count(scope()) == 1
    assert (found.dense, found.sparse) == (0.0, 0.0)


def test_upsert_of_no_chunks_changes_nothing(index: ChunkIndex) -> None:
    index.upsert([])

    assert index.count(scope()) == 0


def test_upsert_of_more_chunks_than_a_batch_writes_all(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk(number)) for number in range(600)])

    assert index.count(scope()) == 600


# --- what finds a chunk, and in which order


def test_ranks_of_both_signals_are_fused(index: ChunkIndex) -> None:
    both, by_meaning, by_words = chunk(1), chunk(2), chunk(3)
    index.upsert(
        [
            indexed(both, towards(0.8), SparseVector((7,), (2.0,))),
            indexed(by_meaning, towards(0.9), SparseVector((8,), (1.0,))),
            indexed(by_words, towards(0.1), SparseVector((7,), (1.0,))),
        ]
    )

    found = search(index, sparse=SparseVector((7,), (1.0,)))

    # Reciprocal ranks with k = 60, ranks from 0. Dense: by_meaning, both, by_words. Sparse: both, by_words.
    # both 1/61 + 1/60 = 0.033060; by_words 1/62 + 1/61 = 0.032522; by_meaning 1/60 = 0.016667.
    assert ids(found) == [both.id, by_words.id, by_meaning.id]
    assert [s.fused for s in found] == pytest.approx([0.033060, 0.032522, 0.016667], abs=1e-6)


def test_the_dense_signal_is_the_cosine(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk(1), towards(0.6)), indexed(chunk(2), towards(-1.0))])

    assert [s.dense for s in search(index)] == pytest.approx([0.6, -1.0], abs=1e-6)


def test_the_sparse_signal_is_the_weight_times_the_terms_idf(index: ChunkIndex) -> None:
    index.upsert(
        [
            indexed(chunk(1), NORTH, SparseVector((7, 8), (1.5, 2.0))),
            indexed(chunk(2), EAST, SparseVector((8,), (1.0,))),
            indexed(chunk(3), EAST, SparseVector((9,), (1.0,))),
        ]
    )

    best = search(index, sparse=SparseVector((7, 8), (1.0, 1.0)))[0]

    # IDF = ln(1 + (N - n + 0.5) / (n + 0.5)), N = 3. Term 7 (n = 1): ln(1 + 2.5/1.5) = ln 2.66667 = 0.980829.
    # Term 8 (n = 2): ln(1 + 1.5/2.5) = ln 1.6 = 0.470004. Score: 1.5 * 0.980829 + 2 * 0.470004 = 2.411251.
    assert best.chunk == chunk(1)
    assert best.sparse == pytest.approx(2.411251, abs=1e-4)


def test_a_chunk_without_the_words_is_found_by_its_meaning_with_no_sparse_score(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk(), NORTH, SparseVector((8,), (1.0,)))])

    (found,) = search(index, sparse=SparseVector((7,), (1.0,)))

    assert found.dense == pytest.approx(1.0)
    assert found.sparse == 0.0


def test_a_chunk_outside_the_dense_candidates_is_found_by_its_words_and_has_its_cosine(
    index: ChunkIndex,
) -> None:
    # Each signal goes twice as deep as the limit: with limit 2, the eight nearest leave this one out.
    near = [chunk(number) for number in range(8)]
    index.upsert([indexed(c, towards(0.99 - c.start / 100), SparseVector((8,), (1.0,))) for c in near])
    index.upsert([indexed(chunk(9), towards(0.5), SparseVector((7,), (1.0,)))])

    found = search(index, sparse=SparseVector((7,), (1.0,)), limit=2)

    # The nearest one and this one are each first by one signal: 1/60 both.
    assert {s.chunk.start: s.dense for s in found} == pytest.approx({0: 0.99, 9: 0.5}, abs=1e-6)
    assert {s.chunk.start: s.sparse > 0 for s in found} == {0: False, 9: True}


def test_a_found_chunk_has_its_terms(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk(), NORTH, SparseVector((7, 9), (1.5, 0.5)))])

    (found,) = search(index)

    assert (found.terms.indices.tolist(), found.terms.weights.tolist()) == ([7, 9], [1.5, 0.5])


def test_further_vectors_are_compared_and_find_nothing(index: ChunkIndex) -> None:
    near = [chunk(number) for number in range(4)]
    index.upsert([indexed(c, towards(0.99 - c.start / 100)) for c in near])
    index.upsert([indexed(chunk(9), EAST)])

    found = index.search([Probe(NORTH, NOTHING_SPARSE)], scope(), 2, [EAST, NORTH])

    assert [s.chunk.start for s in found] == [0, 1]
    assert [s.compared[1] for s in found] == pytest.approx([0.99, 0.98], abs=1e-6)
    assert [s.compared[0] for s in found] == pytest.approx(
        [math.sqrt(1 - 0.99**2), math.sqrt(1 - 0.98**2)], abs=1e-6
    )


def test_a_probe_of_documents_adds_what_stands_in_them(index: ChunkIndex) -> None:
    near = [chunk(number) for number in range(8)]
    index.upsert([indexed(c, towards(0.99 - c.start / 100)) for c in near])
    index.upsert([indexed(chunk(9, document=BETA), towards(0.1))])
    everywhere = Probe(NORTH, NOTHING_SPARSE)

    without = index.search([everywhere], scope(), 2)
    with_it = index.search(
        [everywhere, Probe(NORTH, NOTHING_SPARSE, documents=frozenset({BETA}))], scope(), 2
    )

    assert {s.chunk.document for s in without} == {ALPHA}
    assert {s.chunk.document for s in with_it} == {ALPHA, BETA}
    assert [s.dense for s in with_it if s.chunk.document == BETA] == pytest.approx([0.1], abs=1e-6)


def test_a_probe_of_documents_never_widens_the_scope(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk()), indexed(chunk(document=BETA, collection="board"))])

    found = index.search([Probe(NORTH, NOTHING_SPARSE, documents=frozenset({BETA}))], scope(), 10)

    assert found == []


def test_a_question_put_into_english_is_measured_by_what_is_in_english(index: ChunkIndex) -> None:
    french, english = chunk(1), replace(chunk(2), language="en")
    index.upsert([replace(indexed(french, towards(-1.0)), pivot=EAST), indexed(english, EAST)])

    asked = Probe(NORTH, NOTHING_SPARSE, pivot=EAST)
    found = {s.chunk.start: s for s in index.search([asked], scope(), 10)}

    assert found[1].dense == pytest.approx(-1.0, abs=1e-6)
    assert found[1].pivot == pytest.approx(1.0, abs=1e-6)
    assert (found[2].dense, found[2].pivot) == pytest.approx((0.0, 1.0), abs=1e-6)


def test_a_question_in_english_is_its_own_pivot(index: ChunkIndex) -> None:
    index.upsert([replace(indexed(chunk(1), towards(-1.0)), pivot=NORTH), indexed(chunk(2), towards(0.6))])

    found = index.search([Probe(NORTH, NOTHING_SPARSE, pivot=NORTH)], scope(), 10)

    assert {s.chunk.start: round(s.pivot, 4) for s in found} == {1: 1.0, 2: 0.6}


def test_no_probe_finds_nothing(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk())])

    assert index.search([], scope(), 10) == []


def test_a_question_without_terms_finds_by_meaning(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk(1), towards(0.1)), indexed(chunk(2), towards(0.9))])

    found = search(index, sparse=NOTHING_SPARSE)

    assert ids(found) == [chunk(2).id, chunk(1).id]
    assert [s.sparse for s in found] == [0.0, 0.0]


def test_a_chunk_without_terms_is_found_by_its_meaning(index: ChunkIndex) -> None:
    index.upsert([IndexedChunk(chunk(), NORTH, NOTHING_SPARSE, 1)])

    assert ids(search(index, sparse=SparseVector((7,), (1.0,)))) == [chunk().id]


def test_ties_are_ordered_by_chunk_id(index: ChunkIndex) -> None:
    first, second = sorted([chunk(1), chunk(2)], key=lambda c: c.id)
    # Each is first by one signal and second by the other: 1/60 + 1/61 both.
    index.upsert(
        [
            indexed(second, towards(0.9), SparseVector((7,), (1.0,))),
            indexed(first, towards(0.8), SparseVector((7,), (2.0,))),
        ]
    )

    found = search(index, sparse=SparseVector((7,), (1.0,)))

    assert found[0].fused == pytest.approx(found[1].fused, abs=1e-9)
    assert ids(found) == [first.id, second.id]


def test_a_tie_at_the_limit_is_cut_by_chunk_id(index: ChunkIndex) -> None:
    first, second = sorted([chunk(1), chunk(2)], key=lambda c: c.id)
    index.upsert(
        [
            indexed(second, towards(0.9), SparseVector((7,), (1.0,))),
            indexed(first, towards(0.8), SparseVector((7,), (2.0,))),
        ]
    )

    assert ids(search(index, sparse=SparseVector((7,), (1.0,)), limit=1)) == [first.id]


def test_no_more_than_the_limit_is_found(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk(number), towards(number / 10)) for number in range(10)])

    assert [s.chunk.start for s in search(index, limit=3)] == [9, 8, 7]
    assert search(index, limit=0) == []


# --- the scope


def test_a_scope_without_collections_sees_nothing(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk())])
    nowhere = Scope(frozenset(), 1)

    assert search(index, within=nowhere) == []
    assert index.count(nowhere) == 0


def test_chunks_of_other_collections_are_not_seen(index: ChunkIndex) -> None:
    ours = chunk()
    theirs = [chunk(document=document_id(name, "x.pdf"), collection=name) for name in ("board", "hr2", "HR")]
    index.upsert([indexed(c) for c in (ours, *theirs)])

    assert ids(search(index, sparse=SparseVector((7,), (1.0,)))) == [ours.id]
    assert index.count(scope(1, "hr", "board")) == 2


def test_a_scope_of_documents_narrows_the_search(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk(document=ALPHA)), indexed(chunk(document=BETA))])

    assert ids(search(index, within=scope(documents=frozenset({BETA})))) == [chunk(document=BETA).id]
    assert index.count(scope(documents=frozenset({ALPHA, BETA}))) == 2


def test_a_scope_of_no_documents_sees_nothing(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk())])

    assert search(index, within=scope(documents=frozenset())) == []
    assert index.count(scope(documents=frozenset())) == 0


def test_the_scope_is_applied_within_the_search_not_after_it(index: ChunkIndex) -> None:
    crowd = [chunk(number, document=BETA, collection="board") for number in range(300)]
    index.upsert([indexed(c, NORTH, SparseVector((7,), (5.0,))) for c in crowd])
    index.upsert([indexed(chunk(), towards(0.01), SparseVector((7,), (0.1,)))])

    found = search(index, sparse=SparseVector((7,), (1.0,)), limit=1)

    assert ids(found) == [chunk().id]
    assert found[0].dense == pytest.approx(0.01, abs=1e-6)
    assert found[0].sparse > 0


# --- sequences


def test_a_chunk_is_not_seen_before_its_sequence(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk(), valid_from=5)])

    assert [index.count(scope(sequence)) for sequence in (4, 5, 6)] == [0, 1, 1]
    assert search(index, within=scope(4)) == []
    assert len(search(index, within=scope(5))) == 1


def test_a_retired_document_is_seen_until_the_sequence_before(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk(), valid_from=1)])

    index.retire(ALPHA, 3)

    assert [index.count(scope(sequence)) for sequence in (1, 2, 3, 4)] == [1, 1, 0, 0]


def test_retire_touches_no_other_document(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk(document=ALPHA)), indexed(chunk(document=BETA))])

    index.retire(ALPHA, 2)

    assert ids(search(index, within=scope(2))) == [chunk(document=BETA).id]


def test_retire_leaves_what_begins_at_its_sequence(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk(version="new"), valid_from=2)])

    index.retire(ALPHA, 2)

    assert index.count(scope(2)) == 1


def test_retire_leaves_what_was_superseded_by_that_day(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk(), valid_from=1)])

    index.retire(ALPHA, 2, 10)
    index.retire(ALPHA, 4, 10)

    assert [index.count(scope(sequence, day=20)) for sequence in (1, 2, 3)] == [1, 0, 0]


def test_a_new_version_replaces_the_old_one_between_two_sequences(index: ChunkIndex) -> None:
    old = [chunk(number, version="old") for number in range(3)]
    new = [chunk(number, version="new") for number in range(5)]
    index.upsert([indexed(c, valid_from=1) for c in old])

    index.upsert([indexed(c, valid_from=2) for c in new])
    index.retire(ALPHA, 2)

    assert {s.chunk.version for s in search(index, within=scope(1))} == {"old"}
    assert {s.chunk.version for s in search(index, within=scope(2))} == {"new"}
    assert [index.count(scope(sequence)) for sequence in (1, 2)] == [3, 5]


def test_discard_removes_the_documents_chunks_of_one_sequence(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk(1), valid_from=1), indexed(chunk(2), valid_from=2)])
    index.upsert([indexed(chunk(document=BETA), valid_from=2)])

    index.discard(ALPHA, 2)

    assert set(ids(search(index, within=scope(2)))) == {chunk(1).id, chunk(document=BETA).id}


def test_remove_takes_all_of_a_document_and_nothing_else(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk(1), valid_from=1), indexed(chunk(2, version="v2"), valid_from=2)])
    index.upsert([indexed(chunk(3, document=BETA), valid_from=1)])
    index.retire(ALPHA, 2)

    index.remove(ALPHA)

    assert [index.count(scope(sequence)) for sequence in (1, 2)] == [1, 1]
    assert {s.chunk.document for s in search(index, within=scope(2))} == {BETA}


def test_the_same_chunk_may_be_written_again_after_it_was_removed(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk(), valid_from=1)])
    index.remove(ALPHA)

    index.upsert([indexed(chunk(), valid_from=3)])

    assert [index.count(scope(sequence)) for sequence in (1, 2, 3)] == [0, 0, 1]


# --- days of effect


def test_a_chunk_is_seen_on_the_days_of_its_period(index: ChunkIndex) -> None:
    index.upsert([marked(chunk(), period=Period(10, 20))])

    assert [index.count(scope(day=day)) for day in (9, 10, 19, 20)] == [0, 1, 1, 0]
    assert [len(search(index, within=scope(day=day))) for day in (9, 10, 19, 20)] == [0, 1, 1, 0]


def test_a_scope_that_names_no_day_sees_no_chunk_that_has_a_first_one(index: ChunkIndex) -> None:
    index.upsert([marked(chunk(), period=Period(10))])

    assert index.count(scope()) == 0


def test_a_planned_version_follows_the_former_on_its_first_day(index: ChunkIndex) -> None:
    index.upsert([marked(chunk(1, version="old"), period=Period(5))])
    index.upsert([marked(chunk(2, version="new"), period=Period(10), valid_from=2)])
    index.retire(ALPHA, 2, 10)

    seen = {
        (sequence, day): {s.chunk.version for s in search(index, within=scope(sequence, day=day))}
        for sequence in (1, 2)
        for day in (4, 9, 10)
    }

    assert seen == {
        (1, 4): set(), (1, 9): {"old"}, (1, 10): {"old"},
        (2, 4): set(), (2, 9): {"old"}, (2, 10): {"new"},
    }  # fmt: skip


def test_a_superseded_version_is_seen_as_of_its_days_alone(index: ChunkIndex) -> None:
    index.upsert([marked(chunk(1, version="old"), period=Period(5))])
    index.upsert([marked(chunk(2, version="new"), period=Period(10), valid_from=2)])
    index.retire(ALPHA, 2, 10)

    today, then = scope(7, day=100), scope(7, day=8)

    assert {s.chunk.version for s in search(index, within=today)} == {"new"}
    assert {s.chunk.version for s in search(index, within=then)} == {"old"}


def test_retire_ends_a_planned_version_that_another_comes_before(index: ChunkIndex) -> None:
    index.upsert([marked(chunk(1, version="old"), period=Period(5))])
    index.upsert([marked(chunk(2, version="planned"), period=Period(30), valid_from=2)])
    index.retire(ALPHA, 2, 30)
    index.upsert([marked(chunk(3, version="last"), period=Period(20), valid_from=3)])
    index.retire(ALPHA, 3, 20)

    seen = [{s.chunk.version for s in search(index, within=scope(3, day=day))} for day in (19, 20, 30)]

    assert seen == [{"old"}, {"last"}, {"last"}]
    assert {s.chunk.version for s in search(index, within=scope(2, day=19))} == {"old"}


def test_a_question_that_sees_all_is_asked_again_on_another_day(index: ChunkIndex) -> None:
    index.upsert([marked(chunk(1), period=Period(5)), marked(chunk(2, document=BETA), period=Period(10))])

    # Three times each: an index may remember after the first that a scope sees all that is stored.
    found = [len(search(index, within=scope(day=day))) for day in (10, 10, 10, 9, 9, 9, 10)]

    assert found == [2, 2, 2, 1, 1, 1, 2]


# --- groups, tags, what was deleted


def test_a_chunk_of_groups_is_seen_by_their_members_alone(index: ChunkIndex) -> None:
    index.upsert([marked(chunk(1), groups=frozenset({"board", "legal"})), indexed(chunk(2))])
    askers: list[frozenset[str] | None] = [
        frozenset(), frozenset({"sales"}), frozenset({"legal", "sales"}), None
    ]  # fmt: skip

    for _ in range(3):  # an index may remember that a scope sees all: it is one scope's alone
        seen = [{s.chunk.start for s in search(index, within=scope(groups=groups))} for groups in askers]
        assert seen == [{2}, {2}, {1, 2}, {1, 2}]
    assert [index.count(scope(groups=groups)) for groups in askers] == [1, 1, 2, 2]


def test_tags_narrow_to_chunks_that_bear_one_of_them(index: ChunkIndex) -> None:
    index.upsert([marked(chunk(1), tags=frozenset({"travel", "2026"})), indexed(chunk(2))])

    wanted = [frozenset({"travel"}), frozenset({"2026", "x"}), frozenset({"x"}), frozenset[str](), None]

    for _ in range(3):
        seen = [{s.chunk.start for s in search(index, within=scope(tags=tags))} for tags in wanted]
        assert seen == [{1}, {1}, set(), set(), {1, 2}]


def test_documents_left_out_are_not_seen(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk(1)), indexed(chunk(2, document=BETA))])

    for _ in range(3):
        assert {s.chunk.start for s in search(index)} == {1, 2}
        assert {s.chunk.start for s in search(index, within=scope(without=frozenset({ALPHA})))} == {2}
    assert index.count(scope(without=frozenset({ALPHA, BETA}))) == 0


def test_restate_changes_what_a_version_has_beside_its_text(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk(1), valid_from=1), indexed(chunk(2), valid_from=2)])
    index.upsert([indexed(chunk(3, document=BETA), valid_from=1)])
    marks = Marks(Period(10, 20), frozenset({"t"}), frozenset({"g"}))

    index.restate(ALPHA, 1, marks, FOREVER, NEVER)

    within = scope(2, day=15, tags=frozenset({"t"}), groups=frozenset({"g"}))
    assert {s.chunk.start for s in search(index, within=within)} == {1}
    assert {s.chunk.start for s in search(index, within=scope(2, day=15))} == {2, 3}
    assert {s.chunk.start for s in search(index, within=scope(2, day=20, groups=None))} == {2, 3}


def test_restate_undoes_retire(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk(document=ALPHA)), indexed(chunk(document=BETA))])
    index.retire(ALPHA, 2)
    index.retire(BETA, 2)

    index.restate(ALPHA, 1, Marks(), FOREVER, NEVER)

    assert ids(search(index, within=scope(2))) == [chunk(document=ALPHA).id]


def test_restate_touches_no_vector(index: ChunkIndex) -> None:
    index.upsert([replace(indexed(chunk(), towards(0.6), SparseVector((7, 9), (1.5, 0.5))), pivot=EAST)])
    asked = Probe(NORTH, SparseVector((7,), (1.0,)), pivot=EAST)
    (before,) = index.search([asked], scope(), 10, [EAST])

    index.restate(ALPHA, 1, Marks(tags=frozenset({"t"})), FOREVER, NEVER)

    (after,) = index.search([asked], scope(tags=frozenset({"t"})), 10, [EAST])
    assert (after.chunk, after.dense, after.sparse) == (before.chunk, before.dense, before.sparse)
    assert (after.pivot, after.compared) == (before.pivot, before.compared)
    assert list(after.terms.indices) == list(before.terms.indices) == [7, 9]
    assert list(after.terms.weights) == list(before.terms.weights) == [1.5, 0.5]


def test_operations_on_an_unknown_document_do_nothing(index: ChunkIndex) -> None:
    index.upsert([indexed(chunk())])

    index.retire(BETA, 2)
    index.restate(BETA, 1, Marks(), 2, 0)
    index.remove(BETA)
    index.discard(BETA, 1)
    index.flush()

    assert index.count(scope(2)) == 1
