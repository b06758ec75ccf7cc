"""A home whose pages are put there by hand, and what answers from it, without a model and without a PDF."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from examples import a_document
from fakes import MemoryIndex
from homes import open_home

from sourcier_core.bm25 import document_vector
from sourcier_core.glossary import packaged
from sourcier_core.ports import PageReranker
from sourcier_core.settings import RetrievalSettings, Settings
from sourcier_core.types import Chunk, Document, IndexedChunk, MediaType, Page, Scope, Structure
from sourcier_core.wiring import Stores
from sourcier_ingestion.jobs import IngestionJobs
from sourcier_ingestion.pipeline import Ingestion
from sourcier_service.access import ANONYMOUS, Access
from sourcier_service.answering import Answering
from sourcier_service.calibration import Calibration
from sourcier_service.citing import Citer
from sourcier_service.extraction import Extractor
from sourcier_service.page_views import PageViews
from sourcier_service.ranking import Ranker
from sourcier_service.read_path import LiveAnswering, LiveReadPath, ReadPath
from sourcier_service.retrieval import Retriever
from sourcier_service.wiring import Services

COLLECTION = "samples"
BY_MEANING: Mapping[str, float] = {"dense": 10.0, "sparse": 5.0}


class Library:
    """Documents of one collection."""

    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        stores.catalogue.add_collection(COLLECTION, public=True)

    @property
    def scope(self) -> Scope:
        """What a question asked now may see."""
        return Access(self.stores.catalogue).scope(ANONYMOUS)

    def add(
        self,
        name: str,
        *pages: Sequence[str],
        title: str = "Guide",
        language: str = "en",
        section: Sequence[str] = (),
        pivot: bool = False,
    ) -> Document:
        """Put a document of such pages, each the lines that are its chunks; one of that name is replaced."""
        text = ["\n".join(lines) for lines in pages]
        version = sha256(repr(text).encode()).hexdigest()
        labels = tuple(f"p{n}" for n in range(1, len(pages) + 1))
        structure = Structure(MediaType.PDF, page_count=len(pages), labels=labels)
        document = replace(
            a_document(name, title=title, version=version), language=language, page_count=len(pages)
        )
        with self.stores.pages.write(version) as writer:
            for number, content in enumerate(text, 1):
                writer.add(Page(number, content))
            writer.finish(structure)
        write = self.stores.catalogue.begin_write(document.id)
        for number, lines in enumerate(pages, 1):
            start = 0
            for nth, line in enumerate(lines):
                chunk = Chunk(
                    id=f"{name} {version[:8]} {number:02d} {nth:03d}",
                    document=document.id,
                    collection=COLLECTION,
                    version=version,
                    page=number,
                    start=start,
                    end=start + len(line),
                    section=tuple(section),
                    language=language,
                )
                self.put(chunk, line, write.sequence, pivot=pivot)
                start += len(line) + 1
        self.stores.index.retire(document.id, write.sequence)
        self.stores.catalogue.commit_version(write, document, structure)
        return document

    def put(self, chunk: Chunk, text: str, valid_from: int = 1, *, pivot: bool = False) -> None:
        """Put a chunk into the index alone."""
        embed = self.stores.embedder.embed_question
        english = embed(packaged().translate(text, chunk.language).text) if pivot else None
        terms = document_vector(text, chunk.language)
        self.stores.index.upsert([IndexedChunk(chunk, embed(text), terms, valid_from, english)])

    def retriever(
        self,
        *,
        candidates: int = 100,
        passages: int = 5,
        weights: Mapping[str, float] = BY_MEANING,
        pivot: bool = False,
        reranker: PageReranker | None = None,
    ) -> Retriever:
        """Return what finds its pages."""
        return Retriever(
            index=self.stores.index,
            embedder=self.stores.embedder,
            catalogue=self.stores.catalogue,
            pages=self.stores.pages,
            ranker=Ranker(weights),
            pivot=pivot,
            settings=RetrievalSettings(candidates=candidates, passages=passages),
            reranker=reranker,
        )

    @contextmanager
    def services(self, calibration: Calibration, settings: Settings | None = None) -> Iterator[Services]:
        """Give all that answers from it."""
        stores = self.stores
        settings = settings or Settings(home=stores.home.root)
        views = PageViews(
            originals=stores.originals,
            pages=stores.pages,
            boxes=stores.quote_boxes,
            limits=settings.reading,
            processes=1,
        )
        retriever = self.retriever(
            candidates=settings.retrieval.candidates,
            passages=settings.retrieval.passages,
            weights=calibration.ranking,
        )
        extractor = Extractor(embedder=stores.embedder, pages=stores.pages)
        path = ReadPath(
            generation=stores.generations.live,
            calibration=calibration,
            retriever=retriever,
            extractor=extractor,
            answering=Answering(
                embedder=stores.embedder,
                retriever=retriever,
                extractor=extractor,
                citer=Citer(pages=stores.pages, views=views),
                calibration=calibration,
                settings=settings.answer,
            ),
        )
        live = LiveReadPath(stores.generations, lambda _generation, _calibration: path)
        ingestion = Ingestion(stores, settings)
        try:
            yield Services(
                settings=settings,
                stores=stores,
                access=Access(stores.catalogue),
                live=live,
                answering=LiveAnswering(live),
                views=views,
                ingestion=ingestion,
                jobs=IngestionJobs(ingestion, stores.jobs, stores.home.uploads),
            )
        finally:
            views.close()


@contextmanager
def open_library(root: Path) -> Iterator[Library]:
    """Open an empty library."""
    with open_home(root, MemoryIndex()) as stores:
        yield Library(stores)
