"""A home whose stores are real and whose model is not: the write path without waiting for vectors."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fakes import HashEmbedder

from sourcier_core.catalogue import Catalogue
from sourcier_core.edge_index import EdgeIndex
from sourcier_core.file_store import FileStore
from sourcier_core.generations import Generations, LiveEmbedder, LiveIndex, OpenGeneration
from sourcier_core.home import Home
from sourcier_core.job_store import JobStore
from sourcier_core.keys import KeyStore
from sourcier_core.page_store import PageStore
from sourcier_core.passport_store import PassportStore
from sourcier_core.ports import ChunkIndex
from sourcier_core.quote_boxes import QuoteBoxStore
from sourcier_core.types import JobState, Scope
from sourcier_core.vector_cache import VectorCache
from sourcier_core.wiring import Stores


@contextmanager
def open_home(root: Path, index: ChunkIndex | None = None) -> Iterator[Stores]:
    """Open a home of real stores with a `HashEmbedder`, its index in Qdrant Edge unless another is given."""
    home = Home(root)
    home.own("a test")
    catalogue = Catalogue(home.catalogue_url)
    embedder = HashEmbedder()
    pages = PageStore(FileStore(home.pages))
    live = OpenGeneration(
        id=1,
        fingerprint=embedder.fingerprint,
        recipe=None,
        embedder=embedder,
        index=index or EdgeIndex(home.index(1), embedder.dimension),
        pages=pages.of_edition(""),
    )
    generations = Generations(live)
    stores = Stores(
        home=home,
        catalogue=catalogue,
        keys=KeyStore(catalogue.engine),
        jobs=JobStore(catalogue.engine),
        quote_boxes=QuoteBoxStore(catalogue.engine),
        passports=PassportStore(catalogue.engine),
        originals=FileStore(home.originals),
        pages=pages,
        embedder=LiveEmbedder(generations),
        index=LiveIndex(generations),
        generations=generations,
        vectors=VectorCache(home.vectors, 2**20),
    )
    try:
        yield stores
    finally:
        stores.close()


def no_progress(state: JobState, done: int, total: int) -> None:
    """Where nobody follows."""


def everything(stores: Stores) -> Scope:
    """The scope of a question, asked now, that may see all collections."""
    day = stores.today().toordinal()
    names = frozenset(collection.name for collection in stores.catalogue.collections())
    return Scope(
        names,
        stores.catalogue.sequence(),
        day=day,
        groups=None,
        without=frozenset(stores.catalogue.removals()),
    )
