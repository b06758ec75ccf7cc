"""Settings -> the stores of one home, opened in the order in which they need each other."""

import logging
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date

from sourcier_core.analysis import ANALYSER
from sourcier_core.catalogue import Catalogue
from sourcier_core.edge_graph import mend
from sourcier_core.embedding import OnnxEmbedder, open_embedder
from sourcier_core.embedding_export import export_directory, read_manifest
from sourcier_core.errors import IndexMismatch, InvalidSettings
from sourcier_core.file_store import FileStore
from sourcier_core.generation_store import (
    WITH_INDEX,
    Generation,
    GenerationState,
    GenerationStore,
)
from sourcier_core.generations import Generations, LiveEmbedder, LiveIndex, OpenGeneration
from sourcier_core.glossary import packaged
from sourcier_core.home import Home
from sourcier_core.index_payload import PAYLOAD_LAYOUT
from sourcier_core.job_store import JobStore
from sourcier_core.keys import KeyStore
from sourcier_core.page_store import PageStore
from sourcier_core.passport_store import PassportStore
from sourcier_core.ports import ChunkIndex, Embedder
from sourcier_core.quote_boxes import QuoteBoxStore
from sourcier_core.recipe import Recipe
from sourcier_core.settings import Settings
from sourcier_core.upkeep import Upkeep, restate_document, utc_today
from sourcier_core.vector_cache import VectorCache
from sourcier_core.version_store import VersionStore

SPECIAL_TOKENS = 2  # that a model puts before and after a text
READER = "pdfium-3"  # raised when the same file would give another text
CHUNKER = "lines-3"  # raised when the same text would give other chunks, or other fields of them
logger = logging.getLogger("sourcier.generations")


@dataclass(frozen=True, slots=True)
class Stores:
    """All that is kept, and the model that fills the index.

    `index`, `embedder` and `pages` are those of the generation that is live when they are called: what reads
    several times takes one generation of `generations` and keeps to it.
    """

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
    generations: Generations
    vectors: VectorCache
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

    @property
    def fingerprint(self) -> str:
        """Of what made the live index, see `Recipe`."""
        return self.generations.live.fingerprint

    def close(self) -> None:
        """Close what is open and let another process own the home."""
        self.index.close()
        self.vectors.close()
        self.catalogue.close()
        self.home.disown()


def open_stores(settings: Settings, *, owner: str, exact: bool = False) -> Stores:
    """Open a home, undoing what a process that died had half written.

    The live generation is opened with what it was made with; where the settings say otherwise, a warning
    tells how to make a generation of them.

    Args:
        settings: Which home and database; model and chunking of a home that is new.
        owner: What to call this process where another one finds the home taken.
        exact: Refuse a home whose live generation was made with other settings.

    Raises:
        IndexLocked: Another process owns the home.
        IndexMismatch: The live generation was made with other settings, and either it was not noted with
            which, or `exact`.
        ModelMissing: The live generation's model is not on this machine.
        InvalidSettings: Chunks would be longer than the model reads.
        DependencyError: Any other store that cannot be opened.
    """
    home = Home(settings.home)
    home.own(owner)
    with ExitStack() as on_error:
        on_error.callback(home.disown)
        catalogue = Catalogue(home.catalogue_url)
        on_error.callback(catalogue.close)
        rows = GenerationStore(catalogue)
        live, embedder = _live_generation(settings, rows, exact=exact)
        remove_orphans(settings, home, rows)
        index = open_index(settings, home, live.id, live.dimension)
        on_error.callback(index.close)
        undo_unfinished_writes(catalogue, index)
        originals, page_files = FileStore(home.originals), FileStore(home.pages)
        for files in (originals, page_files):
            files.remove_parts()
        pages = PageStore(page_files, live.edition)
        vectors = VectorCache(home.vectors, settings.embedding.cache_mb * 2**20)
        on_error.callback(vectors.close)
        generations = Generations(
            OpenGeneration(
                id=live.id,
                fingerprint=live.fingerprint,
                recipe=live.recipe,
                embedder=embedder,
                index=index,
                pages=pages.of_edition(live.edition),
                edition=live.edition,
                complete_at=live.complete_at,
            )
        )
        for row in rows.all():  # a version's pages are removed in every edition
            if row.state in WITH_INDEX:
                pages.of_edition(row.edition)
        stores = Stores(
            home=home,
            catalogue=catalogue,
            keys=KeyStore(catalogue.engine),
            jobs=JobStore(catalogue.engine),
            quote_boxes=QuoteBoxStore(catalogue.engine),
            passports=PassportStore(catalogue.engine),
            originals=originals,
            pages=pages,
            embedder=LiveEmbedder(generations),
            index=LiveIndex(generations),
            generations=generations,
            vectors=vectors,
        )
        _catch_up(stores, live, settings)
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


def fingerprint(settings: Settings, embedder: Embedder) -> str:
    """Return what makes an index: two indexes of one fingerprint hold the same chunks and vectors."""
    return recipe_of(settings, embedder.fingerprint).fingerprint


def recipe_of(settings: Settings, embedder: str | None) -> Recipe:
    """Return what the settings and this release would make an index with.

    Args:
        settings: Of embedding and chunking.
        embedder: Fingerprint of the settings' model; None where it was not exported.
    """
    return Recipe(
        reader=READER,
        chunker=CHUNKER,
        tokens=settings.chunking.tokens,
        context_tokens=settings.chunking.context_tokens,
        analyser=ANALYSER,
        pivot=packaged().version if settings.embedding.pivot else None,
        model=settings.embedding.model,
        precision=settings.embedding.precision,
        embedder=embedder,
    )


def wanted_recipe(settings: Settings) -> Recipe:
    """Return what the settings and this release would make an index with, without opening the model.

    Raises:
        InvalidSettings: Chunks would be longer than the model reads.
    """
    embedding = settings.embedding
    manifest = read_manifest(export_directory(settings.exports, embedding.model, embedding.precision))
    if manifest is not None:
        _check_chunks_fit(settings, manifest.max_tokens)
    return recipe_of(settings, manifest.fingerprint if manifest else None)


def open_fitting_embedder(settings: Settings) -> OnnxEmbedder:
    """Open the settings' model.

    Raises:
        ModelMissing: It is not on this machine.
        InvalidSettings: Chunks would be longer than it reads.
    """
    embedder = open_embedder(settings.embedding, settings.exports)
    _check_chunks_fit(settings, embedder.max_tokens)
    return embedder


def open_generation(stores: Stores, settings: Settings, row: Generation) -> OpenGeneration:
    """Open a generation beside the live one; its model is the live one's where that is the same.

    Raises:
        IndexMismatch: Its model is now another one, or what made it was not noted.
        ModelMissing: Its model is not on this machine.
        InvalidSettings: Its chunks would be longer than the model reads.
        DependencyError: Its index cannot be opened.
    """
    live = stores.generations.live
    if row.recipe is None:
        raise IndexMismatch(row.fingerprint, "nothing that says how it was made")
    embedder = live.embedder
    if embedder.fingerprint != row.recipe.embedder:
        embedder = open_fitting_embedder(row.recipe.applied_to(settings))
    if embedder.fingerprint != row.recipe.embedder:
        raise IndexMismatch(row.fingerprint, embedder.fingerprint)
    return OpenGeneration(
        id=row.id,
        fingerprint=row.fingerprint,
        recipe=row.recipe,
        embedder=embedder,
        index=open_index(settings, stores.home, row.id, row.dimension),
        pages=stores.pages.of_edition(row.edition),
        edition=row.edition,
        complete_at=row.complete_at,
    )


def remove_orphans(settings: Settings, home: Home, store: GenerationStore) -> None:
    """Remove the index folders of generations that were removed by a process that died on it."""
    if settings.index.backend != "embedded" or not home.indexes.is_dir():
        return
    mend(home.indexes)
    for row in store.all():  # a backup holds the live one alone
        whole = row.state in (GenerationState.READY, GenerationState.KEPT)
        if whole and not (home.index(row.id) / "segments").is_dir():
            store.end(row.id, GenerationState.PRUNED)
    known = {str(row.id) for row in store.all() if row.state in WITH_INDEX}
    for folder in home.indexes.iterdir():
        if folder.name.isdecimal() and folder.name not in known:
            shutil.rmtree(folder, ignore_errors=True)


def _live_generation(
    settings: Settings, store: GenerationStore, *, exact: bool
) -> tuple[Generation, OnnxEmbedder]:
    """Return the live generation, made where there is none, and its model."""
    live, noted = store.live(), True
    if live is not None and live.recipe is None:
        embedding, noted = settings.embedding, False
        recipe = Recipe.of_fingerprint(live.fingerprint, embedding.model, embedding.precision)
        live = replace(live, recipe=recipe)
    if live is None or live.recipe is None:
        embedder = open_fitting_embedder(settings)
        return store.open_first(recipe_of(settings, embedder.fingerprint), embedder.dimension), embedder
    wanted = wanted_recipe(settings)
    differences = live.recipe.differences(wanted)
    if exact and differences:
        raise IndexMismatch(live.fingerprint, wanted.fingerprint)
    for difference in differences:
        logger.warning(
            "%s: the live generation answers; `sourcier reindex` makes one of the settings", difference
        )
    embedder = open_embedder(live.recipe.applied_to(settings).embedding, settings.exports)
    if embedder.fingerprint != live.recipe.embedder:
        raise IndexMismatch(live.fingerprint, embedder.fingerprint)
    if not noted:
        store.note_recipe(live.id, live.recipe)
    return live, embedder


def _check_chunks_fit(settings: Settings, max_tokens: int) -> None:
    wanted = settings.chunking.tokens + settings.chunking.context_tokens + SPECIAL_TOKENS
    if wanted > max_tokens:
        detail = (
            f"chunking.tokens and chunking.context_tokens add up to {wanted} with the model's own, and "
            f"{settings.embedding.model!r} reads {max_tokens}: the rest would be cut off unread"
        )
        raise InvalidSettings("chunking", detail)


def open_index(settings: Settings, home: Home, generation: int, dimension: int) -> ChunkIndex:
    """Open a generation's index, made empty where there is none."""
    if settings.index.backend == "embedded":
        from sourcier_core.edge_index import EdgeIndex

        return EdgeIndex(home.index(generation), dimension)
    from sourcier_core.server_index import connect  # four CPU seconds to import

    key = settings.index.api_key
    return connect(
        settings.index.url,
        key.get_secret_value() if key else None,
        settings.index.timeout_seconds,
        f"{settings.index.prefix}-{generation}",
        dimension,
    )


def remove_index(settings: Settings, home: Home, generation: int) -> None:
    """Remove the index of a generation that is closed."""
    if settings.index.backend == "embedded":
        shutil.rmtree(home.index(generation), ignore_errors=True)
        return
    from sourcier_core.server_index import drop

    key = settings.index.api_key
    drop(
        settings.index.url,
        key.get_secret_value() if key else None,
        settings.index.timeout_seconds,
        f"{settings.index.prefix}-{generation}",
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
