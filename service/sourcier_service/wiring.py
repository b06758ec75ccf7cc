"""Settings -> the services of one process."""

import threading
from contextlib import ExitStack
from dataclasses import dataclass

from sourcier_core.cross_encoder import open_cross_encoder
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
from sourcier_service.retrieval import Retriever


@dataclass(frozen=True, slots=True)
class Services:
    """All that a way in needs: HTTP, the command line, an evaluation."""

    settings: Settings
    stores: Stores
    access: Access
    calibration: Calibration
    retriever: Retriever
    extractor: Extractor
    answering: Answering
    views: PageViews
    ingestion: Ingestion
    jobs: IngestionJobs
    watching: FolderWatching | None = None  # the folders that a server follows

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
    with ExitStack() as on_error:
        on_error.callback(stores.close)
        calibration = find_calibration(settings, stores.fingerprint)
        on_error.pop_all()
    views = PageViews(
        originals=stores.originals,
        pages=stores.pages,
        boxes=stores.quote_boxes,
        limits=settings.reading,
        processes=settings.http.render_processes,
    )
    retriever = Retriever(
        index=stores.index,
        embedder=stores.embedder,
        catalogue=stores.catalogue,
        pages=stores.pages,
        ranker=Ranker(calibration.ranking),
        pivot=settings.embedding.pivot,
        settings=settings.retrieval,
        reranker=reranker,
    )
    extractor = Extractor(embedder=stores.embedder, pages=stores.pages)
    ingestion = Ingestion(stores, settings)
    jobs = IngestionJobs(ingestion, stores.jobs, stores.home.uploads)
    return Services(
        settings=settings,
        stores=stores,
        access=Access(stores.catalogue, stores.today),
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
