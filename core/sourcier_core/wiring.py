"""Settings -> the stores of one home, opened in the order in which they need each other."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date

from sourcier_core.analysis import ANALYSER
from sourcier_core.catalogue import Catalogue, Generation
from sourcier_core.embedding import OnnxEmbedder, open_embedder
from sourcier_core.errors import InvalidSettings
from sourcier_core.file_store import FileStore
from sourcier_core.glossary import packaged
from sourcier_core.home import Home
from sourcier_core.index_payload import PAYLOAD_LAYOUT
from sourcier_core.job_store import JobStore
from sourcier_core.keys import KeyStore
from sourcier_core.page_store import PageStore
from sourcier_core.passport_store import PassportStore
from sourcier_core.ports import ChunkIndex, Embedder
from sourcier_core.quote_boxes import QuoteBoxStore
from sourcier_core.settings import Settings
from sourcier_core.upkeep import Upkeep, restate_document, utc_today
from sourcier_core.version_store import VersionStore

SPECIAL_TOKENS = 2  # that a model puts before and after a text
READER = "pdfium-3"  # raised when the same file would give another text
CHUNKER = "lines-3"  # raised when the same text would give other chunks, or other fields of them


@dataclass(frozen=True, slots=True)
class Stores:
    """All that is kept, and the model that fills the index."""

    home: Home
    catalogue: Catalogue
    keys: KeyStore
    jobs: JobStore
    quote_boxes: QuoteBoxStore
    passports: PassportStore
    originals: FileStore
    pages: PageStore
    embedder: Embedder
    index: ChunkIndex
    fingerprint: str  # of what made the index, see fingerprint()
    today: Callable[[], date] = utc_today  # the day on which questions without a date are answered

    @property
    def versions(self) -> VersionStore:
        """Periods, tags and groups, on the same database."""
        return VersionStore(self.catalogue)

    @property
    def upkeep(self) -> Upkeep:
        """What brings the index and the files to what the catalogue says."""
        return Upkeep(
            catalogue=self.catalogue,
            index=self.index,
            originals=self.originals,
            pages=self.pages,
            quote_boxes=self.quote_boxes,
            passports=self.passports,
        )

    def close(self) -> None:
        """Close what is open and let another process own the home."""
        self.index.close()
        self.catalogue.close()
        self.home.disown()


def open_stores(settings: Settings, *, owner: str) -> Stores:
    """Open a home, undoing what a process that died had half written.

    Args:
        settings: Which home, model and database.
        owner: What to call this process where another one finds the home taken.

    Raises:
        IndexLocked: Another process owns the home.
        IndexMismatch: The index was made with other settings.
        ModelMissing: The model is not on this machine.
        InvalidSettings: Chunks would be longer than the model reads.
        DependencyError: Any other store that cannot be opened.
    """
    home = Home(settings.home)
    home.own(owner)
    with ExitStack() as on_error:
        on_error.callback(home.disown)
        embedder = open_embedder(settings.embedding, settings.exports)
        _check_chunks_fit(settings, embedder)
        catalogue = Catalogue(home.catalogue_url)
        on_error.callback(catalogue.close)
        generation = catalogue.open_generation(fingerprint(settings, embedder), embedder.dimension)
        index = _open_index(settings, home, generation, embedder)
        on_error.callback(index.close)
        undo_unfinished_writes(catalogue, index)
        originals, page_files = FileStore(home.originals), FileStore(home.pages)
        for files in (originals, page_files):
            files.remove_parts()
        stores = Stores(
            home=home,
            catalogue=catalogue,
            keys=KeyStore(catalogue.engine),
            jobs=JobStore(catalogue.engine),
            quote_boxes=QuoteBoxStore(catalogue.engine),
            passports=PassportStore(catalogue.engine),
            originals=originals,
            pages=PageStore(page_files),
            embedder=embedder,
            index=index,
            fingerprint=fingerprint(settings, embedder),
        )
        _catch_up(stores, generation, settings)
        on_error.pop_all()
    return stores


def _catch_up(stores: Stores, generation: Generation, settings: Settings) -> None:
    """Carry out what a process that died, or an earlier release, left to do."""
    if generation.payload < PAYLOAD_LAYOUT:
        stores.versions.owe_all()
    stores.upkeep.purge_removed()
    stores.upkeep.settle_all()
    if generation.payload < PAYLOAD_LAYOUT:
        stores.versions.set_payload_layout(generation.id, PAYLOAD_LAYOUT)
    keep_days = settings.versions.keep_days
    stores.upkeep.drop_expired(today=stores.today(), keep_days=keep_days, linger=0.0)
    if not stores.jobs.unfinished():
        stores.upkeep.remove_orphans()


def fingerprint(settings: Settings, embedder: OnnxEmbedder) -> str:
    """Return what made an index: two indexes of one fingerprint hold the same chunks and vectors."""
    chunking = f"{CHUNKER}-{settings.chunking.tokens}-{settings.chunking.context_tokens}"
    pivot = f"pivot-{packaged().version}" if settings.embedding.pivot else "no-pivot"
    return f"{READER} {chunking} {ANALYSER} {pivot} {embedder.fingerprint}"


def _check_chunks_fit(settings: Settings, embedder: OnnxEmbedder) -> None:
    wanted = settings.chunking.tokens + settings.chunking.context_tokens + SPECIAL_TOKENS
    if wanted > embedder.max_tokens:
        detail = (
            f"chunking.tokens and chunking.context_tokens add up to {wanted} with the model's own, and "
            f"{settings.embedding.model!r} reads {embedder.max_tokens}: the rest would be cut off unread"
        )
        raise InvalidSettings("chunking", detail)


def _open_index(settings: Settings, home: Home, generation: Generation, embedder: OnnxEmbedder) -> ChunkIndex:
    if settings.index.backend == "embedded":
        from sourcier_core.edge_index import EdgeIndex

        return EdgeIndex(home.index(generation.id), embedder.dimension)
    from sourcier_core.server_index import connect  # four CPU seconds to import

    return connect(
        settings.index.url,
        settings.index.api_key.get_secret_value() if settings.index.api_key else None,
        settings.index.timeout_seconds,
        f"{settings.index.prefix}-{generation.id}",
        embedder.dimension,
    )


def undo_unfinished_writes(catalogue: Catalogue, index: ChunkIndex) -> None:
    """Undo what a process that died, or a full disk, left half written.

    Raises:
        DependencyError: It cannot be undone yet; until it is, no write may commit a sequence.
    """
    for write in catalogue.unfinished_writes():
        index.discard(write.document, write.sequence)
        restate_document(catalogue, index, write.document)
        catalogue.abandon_write(write)
