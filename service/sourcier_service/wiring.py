"""Settings -> the services of one process."""

import threading
from contextlib import ExitStack
from dataclasses import dataclass, replace

from sourcier_core.cross_encoder import open_cross_encoder
from sourcier_core.generations import Generations, OpenGeneration
from sourcier_core.ports import PageReranker
from sourcier_core.settings import Settings, WatchSettings
from sourcier_core.watch_store import WatchStore
from sourcier_core.wiring import Stores, open_stores
from sourcier_ingestion.folder_sync import FolderSync
from sourcier_ingestion.folder_targets import QueueFolderTarget
from sourcier_ingestion.folder_watching import FolderWatching
from sourcier_ingestion.jobs import IngestionJobs
from sourcier_ingestion.pipeline import Ingestion
from sourcier_service.access import Access
from sourcier_service.answering import Answering
from sourcier_service.calibration import Calibration
from sourcier_service.calibration_files import find_calibration
from sourcier_service.citing import Citer
from sourcier_service.extraction import Extractor
from sourcier_service.page_views import PageViews
from sourcier_service.ranking import Ranker
from sourcier_service.read_path import LiveAnswering, LiveReadPath, ReadPath
from sourcier_service.retrieval import Retriever


@dataclass(frozen=True, slots=True)
class Services:
    """All that a way in needs: HTTP, the command line, an evaluation."""

    settings: Settings
    stores: Stores
    access: Access
    live: LiveReadPath
    answering: LiveAnswering
    views: PageViews
    ingestion: Ingestion
    jobs: IngestionJobs
    watching: FolderWatching | None = None  # the folders that a server follows

    @property
    def calibration(self) -> Calibration:
        """The one that the live generation answers with."""
        return self.live.current.calibration

    @property
    def retriever(self) -> Retriever:
        """The live generation's."""
        return self.live.current.retriever

    @property
    def extractor(self) -> Extractor:
        """The live generation's."""
        return self.live.current.extractor

    def close(self) -> None:
        """Stop the work under way and close the stores; what is not finished goes on at the next start."""
        if self.watching is not None:
            self.watching.stop()
        self.jobs.stop()
        self.views.close()
        self.stores.close()


def open_services(settings: Settings, *, owner: str) -> Services:
    """Open a home and all that reads and writes it.

    Args:
        settings: Which home, model and database.
        owner: What to call this process where another one finds the home taken.

    Raises:
        IndexLocked: Another process owns the home.
        InvalidCalibration: The calibration named in the settings cannot be read.
        ModelMissing: The embedding model or the cross-encoder is not on this machine.
        ModelUnusable: The cross-encoder is none.
        DependencyError: Something that cannot be opened.
    """
    reranker = open_cross_encoder(settings.retrieval)  # first: a model that is missing leaves nothing open
    stores = open_stores(settings, owner=owner)
    views = PageViews(
        originals=stores.originals,
        pages=stores.pages,
        boxes=stores.quote_boxes,
        limits=settings.reading,
        processes=settings.http.render_processes,
    )

    def open_path(generation: OpenGeneration, calibration: Calibration | None) -> ReadPath:
        return open_read_path(generation, settings, stores, views, reranker, calibration)

    with ExitStack() as on_error:
        on_error.callback(stores.close)
        live = LiveReadPath(stores.generations, open_path)
        on_error.pop_all()
    ingestion = Ingestion(stores, settings)
    jobs = IngestionJobs(ingestion, stores.jobs, stores.home.uploads)
    return Services(
        settings=settings,
        stores=stores,
        access=Access(stores.catalogue, stores.today),
        live=live,
        answering=LiveAnswering(live),
        views=views,
        ingestion=ingestion,
        jobs=jobs,
        watching=_watching(settings, stores, ingestion, jobs),
    )


def _watching(
    settings: Settings, stores: Stores, ingestion: Ingestion, jobs: IngestionJobs
) -> FolderWatching:
    store = WatchStore(stores.catalogue.engine)
    target = QueueFolderTarget(stores, ingestion, jobs, settings)

    def make_sync(watch: WatchSettings, stopping: threading.Event) -> FolderSync:
        return FolderSync(watch, target=target, store=store, home=stores.home.root, stopping=stopping)

    return FolderWatching(settings.watch, store, make_sync)


def open_read_path(
    generation: OpenGeneration,
    settings: Settings,
    stores: Stores,
    views: PageViews,
    reranker: PageReranker | None = None,
    calibration: Calibration | None = None,
) -> ReadPath:
    """Return what answers from a generation.

    Args:
        generation: Open.
        settings: Of this process; what the generation is made with wins.
        stores: What all generations share.
        views: The same.
        reranker: Of the settings.
        calibration: To answer with; default the one that belongs to the generation.

    Raises:
        InvalidCalibration: The calibration named in the settings cannot be read.
    """
    own = generation.settings(settings)
    calibration = calibration or find_calibration(settings, generation.fingerprint)
    retriever = Retriever(
        index=generation.index,
        embedder=generation.embedder,
        catalogue=stores.catalogue,
        pages=generation.pages,
        ranker=Ranker(calibration.ranking),
        pivot=own.embedding.pivot,
        settings=own.retrieval,
        reranker=reranker,
    )
    extractor = Extractor(embedder=generation.embedder, pages=generation.pages)
    return ReadPath(
        generation=generation,
        calibration=calibration,
        retriever=retriever,
        extractor=extractor,
        answering=Answering(
            embedder=generation.embedder,
            retriever=retriever,
            extractor=extractor,
            citer=Citer(pages=generation.pages, views=views),
            calibration=calibration,
            settings=own.answer,
        ),
    )


def reading_one(
    services: Services, generation: OpenGeneration, calibration: Calibration | None = None
) -> Services:
    """Return services that read one generation, whichever is live: to measure it. Not to be closed.

    Args:
        services: Of the home.
        generation: Open.
        calibration: To answer with; default the one that belongs to the generation.
    """
    path = services.live.open(generation, calibration)
    generations = Generations(generation)
    stores = replace(
        services.stores,
        embedder=generation.embedder,
        index=generation.index,
        pages=generation.pages,
        generations=generations,
    )
    live = LiveReadPath(generations, lambda g, c: path if c is None else services.live.open(g, c))
    return replace(services, stores=stores, live=live, answering=LiveAnswering(live))
