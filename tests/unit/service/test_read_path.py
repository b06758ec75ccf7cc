"""A question keeps to the generation that was live when it came, whatever goes live on its way."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import HashEmbedder, MemoryIndex
from library import BY_MEANING, COLLECTION, Library, open_library

from sourcier_core.generations import OpenGeneration
from sourcier_core.settings import RetrievalSettings, Settings
from sourcier_core.types import Probe, Scope, ScoredChunk, Vector, Vectors
from sourcier_service.answering import Answering
from sourcier_service.calibration import Calibration, default_calibration
from sourcier_service.citing import Citer
from sourcier_service.extraction import Extractor
from sourcier_service.page_views import PageViews
from sourcier_service.ranking import Ranker
from sourcier_service.read_path import LiveAnswering, LiveReadPath, ReadPath
from sourcier_service.retrieval import Retriever

Used = list[tuple[str, int]]  # which part of which generation
FIRST, SECOND = 64, 32  # dimensions: a vector of one cannot be compared with those of the other


class NotedEmbedder(HashEmbedder):
    """Notes that it was used."""

    def __init__(self, dimension: int, used: Used) -> None:
        super().__init__(dimension)
        self._used = used

    def embed_question(self, text: str) -> Vector:
        self._used.append(("embedder", self.dimension))
        return super().embed_question(text)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        self._used.append(("embedder", self.dimension))
        return super().embed_documents(texts)


class NotedIndex(MemoryIndex):
    """Notes that it was searched, and calls somebody when it is."""

    def __init__(self, number: int, used: Used) -> None:
        super().__init__()
        self.number = number
        self.used = used
        self.meanwhile: Callable[[], None] = lambda: None
        self.closed = False

    def search(
        self, probes: Sequence[Probe], scope: Scope, limit: int, compare: Sequence[Vector] = ()
    ) -> list[ScoredChunk]:
        assert not self.closed
        self.used.append(("index", self.number))
        self.scope = scope
        self.meanwhile()
        return super().search(probes, scope, limit, compare)

    def close(self) -> None:
        self.closed = True


class Two:
    """A library, and two generations of it: the first is live."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.used: Used = []
        self.stores = library.stores
        self.first = self._generation(1, FIRST)
        self.second = self._generation(2, SECOND)
        self.stores.generations.swap(self.first)
        library.add("guide.pdf", ["The pump is oiled each 400 hours.", "The lamp is red."])
        self._fill(self.second)
        self.live = LiveReadPath(self.stores.generations, self._path)
        self.answering = LiveAnswering(self.live)

    def _generation(self, number: int, dimension: int) -> OpenGeneration:
        return OpenGeneration(
            number,
            f"f{number}",
            None,
            NotedEmbedder(dimension, self.used),
            NotedIndex(dimension, self.used),
            self.stores.pages,
        )

    def _fill(self, generation: OpenGeneration) -> None:
        index = self.first.index
        assert isinstance(index, MemoryIndex)
        for stored in index._stored.values():
            chunk = stored.indexed.chunk
            text = self.stores.pages.page(chunk.version, chunk.page or 1).text[chunk.start : chunk.end]
            dense = generation.embedder.embed_question(text)
            generation.index.upsert([replace(stored.indexed, dense=dense)])

    def _path(self, generation: OpenGeneration, calibration: Calibration | None) -> ReadPath:
        calibration = calibration or default_calibration()
        retriever = Retriever(
            index=generation.index,
            embedder=generation.embedder,
            catalogue=self.stores.catalogue,
            pages=generation.pages,
            ranker=Ranker(BY_MEANING),
            pivot=False,
            settings=RetrievalSettings(candidates=50, passages=5),
        )
        extractor = Extractor(embedder=generation.embedder, pages=generation.pages)
        views = PageViews(
            originals=self.stores.originals,
            pages=self.stores.pages,
            boxes=self.stores.quote_boxes,
            limits=self.library_settings.reading,
            processes=1,
        )
        answering = Answering(
            embedder=generation.embedder,
            retriever=retriever,
            extractor=extractor,
            citer=Citer(pages=generation.pages, views=views),
            calibration=calibration,
            settings=self.library_settings.answer,
        )
        return ReadPath(generation, calibration, retriever, extractor, answering)

    @property
    def library_settings(self) -> Settings:
        return Settings(home=self.stores.home.root)

    def swap(self, complete_at: int = 0) -> None:
        self.live.prepare(self.second)
        self.stores.generations.swap(replace(self.second, complete_at=complete_at))
        self.live.forget_others()

    def ask(self, sequence: int | None = None) -> None:
        scope = Scope(
            frozenset({COLLECTION}), self.stores.catalogue.sequence() if sequence is None else sequence
        )
        answer = self.answering.answer("How often is the pump oiled?", scope, with_boxes=False)
        assert answer.passages


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    with open_library(tmp_path) as library:
        made = Two(library)
        made.used.clear()
        yield made


def test_a_question_during_which_another_generation_goes_live_reads_its_own_to_the_end(two: Two) -> None:
    index = two.first.index
    assert isinstance(index, NotedIndex)
    index.meanwhile = two.swap

    two.ask()

    assert ("index", FIRST) in two.used
    assert {number for _, number in two.used} == {FIRST}
    assert index.closed  # by the question, which was its last reader
    assert two.used[-1][0] == "embedder"  # the sentences were compared after the swap

    two.used.clear()
    two.ask()

    assert {number for _, number in two.used} == {SECOND}


def test_a_question_scoped_before_a_generation_went_live_reads_it_as_of_then(two: Two) -> None:
    before = two.stores.catalogue.sequence() - 1
    two.swap(complete_at=before + 1)

    two.ask(sequence=before)

    index = two.second.index
    assert isinstance(index, NotedIndex)
    assert index.scope.sequence == before + 1


def test_a_generation_that_was_not_prepared_gets_its_read_path_when_it_is_asked(two: Two) -> None:
    two.stores.generations.swap(two.second)

    two.ask()

    assert {number for _, number in two.used} == {SECOND}
    assert two.live.current.generation.id == 2
