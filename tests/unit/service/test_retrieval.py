from collections.abc import Iterator
from pathlib import Path

import pytest
from examples import a_document, a_scored_chunk
from fakes import HashEmbedder, MemoryIndex

from sourcier_core.bm25 import document_vector
from sourcier_core.catalogue import Catalogue
from sourcier_core.file_store import FileStore
from sourcier_core.page_store import PageStore
from sourcier_core.settings import RetrievalSettings
from sourcier_core.types import Chunk, IndexedChunk, MediaType, Page, Scope, ScoredChunk, Structure
from sourcier_service.question import Question, understand
from sourcier_service.retrieval import Retriever, rank_pages, score_chunks

EMBEDDER = HashEmbedder()
SCOPE = Scope(frozenset({"samples"}), 1)
NEAR = "pump pressure valve"
FAR = "canteen menu and pump"


def ids(ranked: list[tuple[ScoredChunk, float]]) -> list[str]:
    return [found.chunk.id for found, _ in ranked]


def scores(ranked: list[tuple[ScoredChunk, float]]) -> list[float]:
    return [score for _, score in ranked]


# --- the order of chunks and pages


def test_a_chunk_scores_its_cosine_and_half_its_share_of_the_best_bm25() -> None:
    found = [
        a_scored_chunk("a", dense=0.6, sparse=4.0),  # 0.6 + 0.5 * 4 / 8 = 0.85
        a_scored_chunk("b", dense=0.5, sparse=8.0),  # 0.5 + 0.5 * 8 / 8 = 1.0
        a_scored_chunk("c", dense=0.3, sparse=0.0),  # 0.3
    ]

    scored = score_chunks(found)

    assert ids(scored) == ["b", "a", "c"]
    assert scores(scored) == pytest.approx([1.0, 0.85, 0.3])


def test_without_any_common_word_the_cosine_decides() -> None:
    scored = score_chunks([a_scored_chunk("a", dense=0.2), a_scored_chunk("b", dense=0.4)])

    assert ids(scored) == ["b", "a"]
    assert scores(scored) == [0.4, 0.2]


def test_equal_chunks_stand_by_id() -> None:
    scored = score_chunks([a_scored_chunk(name, dense=0.5) for name in ("b", "c", "a")])

    assert ids(scored) == ["a", "b", "c"]


def test_a_page_scores_its_best_chunk_and_a_fifth_of_the_second() -> None:
    scored = score_chunks(
        [
            a_scored_chunk("a", page=1, dense=0.85),
            a_scored_chunk("b", page=2, dense=0.9),
            a_scored_chunk("c", page=1, dense=0.4),
            a_scored_chunk("d", page=1, dense=0.3),  # a third chunk adds nothing
        ]
    )

    ranked = rank_pages(scored)

    # Page 1: 0.85 + 0.2 * 0.4 = 0.93; page 2: 0.9.
    assert ids(ranked) == ["a", "b"]
    assert scores(ranked) == pytest.approx([0.93, 0.9])


def test_pages_of_two_documents_are_two_pages() -> None:
    scored = score_chunks(
        [a_scored_chunk("a", document="d1", dense=0.5), a_scored_chunk("b", document="d2", dense=0.4)]
    )

    assert ids(rank_pages(scored)) == ["a", "b"]


def test_a_text_pane_is_one_page() -> None:
    scored = score_chunks(
        [a_scored_chunk("a", page=None, dense=0.5), a_scored_chunk("b", page=None, dense=0.5)]
    )

    ranked = rank_pages(scored)

    assert ids(ranked) == ["a"]
    assert scores(ranked) == pytest.approx([0.6])  # 0.5 + 0.2 * 0.5


def test_nothing_found_is_no_page() -> None:
    assert rank_pages(score_chunks([])) == []


# --- the retriever: many chunks of page 1 are nearer than the one of page 2


class Library:
    """A catalogue, pages and an index in which chunks are put by hand."""

    def __init__(self, folder: Path) -> None:
        self.catalogue = Catalogue(f"sqlite:///{folder / 'catalogue.sqlite3'}")
        self.pages = PageStore(FileStore(str(folder / "pages")))
        self.index = MemoryIndex()
        self.document = a_document()
        self.catalogue.add_collection("samples", public=True)

    def add(self, chunks_of_page_1: int) -> None:
        version = self.document.version or ""
        structure = Structure(MediaType.PDF, page_count=2, labels=("i", "1"))
        with self.pages.write(version) as writer:
            writer.add(Page(1, f"{NEAR}\n" * chunks_of_page_1))
            writer.add(Page(2, FAR))
            writer.finish(structure)
        self.catalogue.commit_version(self.catalogue.begin_write(self.document.id), self.document, structure)
        step = len(NEAR) + 1
        spans = [(1, n * step, n * step + len(NEAR)) for n in range(chunks_of_page_1)]
        for number, (page, start, end) in enumerate([*spans, (2, 0, len(FAR))]):
            self.put(f"{number:03d}", self.document.id, version, page, start, end)

    def put(self, chunk: str, document: str, version: str, page: int, start: int, end: int) -> None:
        text = NEAR if page == 1 else FAR
        stored = Chunk(chunk, document, "samples", version, page, start, end, ("Pumps",), "en")
        dense = EMBEDDER.embed_question(text)
        self.index.upsert([IndexedChunk(stored, dense, document_vector(text, "en"), 1)])

    def retriever(self, *, candidates: int, passages: int) -> Retriever:
        settings = RetrievalSettings(candidates=candidates, passages=passages)
        return Retriever(index=self.index, catalogue=self.catalogue, pages=self.pages, settings=settings)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    made = Library(tmp_path)
    yield made
    made.catalogue.close()


@pytest.fixture
def question() -> Question:
    return understand("pump pressure", EMBEDDER, max_chars=100)


def test_a_passage_is_the_pages_text_from_start_to_end_with_its_printed_label(
    library: Library, question: Question
) -> None:
    library.add(chunks_of_page_1=1)

    first, second = library.retriever(candidates=10, passages=5).retrieve(question, SCOPE).passages

    assert (first.page, first.page_label, first.text) == (1, "i", NEAR)
    assert (second.page, second.page_label, second.text) == (2, "1", FAR)
    assert first.document == library.document
    assert first.section == ("Pumps",)


def test_chunks_of_few_pages_are_searched_deeper_until_enough_pages_are_found(
    library: Library, question: Question
) -> None:
    library.add(chunks_of_page_1=15)  # more than the ten candidates, fewer than twenty

    found = library.retriever(candidates=10, passages=2).retrieve(question, SCOPE)

    assert [passage.page for passage in found.passages] == [1, 2]


def test_the_search_goes_at_most_four_times_as_deep(library: Library, question: Question) -> None:
    library.add(chunks_of_page_1=45)

    found = library.retriever(candidates=10, passages=2).retrieve(question, SCOPE)

    assert [passage.page for passage in found.passages] == [1]
    assert len(found.chunks) == 40


def test_the_limit_asked_for_wins_over_the_setting(library: Library, question: Question) -> None:
    library.add(chunks_of_page_1=1)

    found = library.retriever(candidates=10, passages=5).retrieve(question, SCOPE, limit=1)

    assert [passage.page for passage in found.passages] == [1]


def test_chunks_of_a_document_that_the_catalogue_no_longer_knows_are_left_out(
    library: Library, question: Question
) -> None:
    library.add(chunks_of_page_1=1)
    library.put("999", "00000000-0000-5000-8000-000000000000", "f" * 64, 1, 0, len(NEAR))

    found = library.retriever(candidates=10, passages=5).retrieve(question, SCOPE)

    assert {passage.document.id for passage in found.passages} == {library.document.id}
    assert {scored.chunk.document for scored in found.chunks} == {library.document.id}


def test_a_scope_without_a_collection_sees_nothing(library: Library, question: Question) -> None:
    library.add(chunks_of_page_1=1)

    found = library.retriever(candidates=10, passages=5).retrieve(question, Scope(frozenset(), 1))

    assert found.passages == ()
    assert found.chunks == ()
