"""What several benchmarks share in one run: settings, files, ingested homes. Made when first asked for."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from benchmarks.synthetic import SyntheticCollection
from sourcier_core.ports import Embedder
from sourcier_core.settings import Settings, load_settings
from sourcier_core.types import JobState, Vector, Vectors
from sourcier_core.wiring import open_stores
from sourcier_ingestion.batch import FileToIngest, find_files
from sourcier_ingestion.pipeline import Ingestion

if TYPE_CHECKING:
    from benchmarks.plain_pipeline import PlainPipeline

EXPORTS_VARIABLE = "SOURCIER_EMBEDDING__EXPORTS"
COLLECTION = "benchmarks"
Precision = Literal["fp32", "int8"]


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for."""

    pdfs: Path
    out: Path
    repeats: int
    large: int  # chunks of the further index size; 0 for none


@dataclass(frozen=True, slots=True)
class IngestedHome:
    """A home that answers from the PDFs, and what was indexed in it."""

    path: Path
    pages: int
    texts: tuple[tuple[str, ...], ...]  # the chunks' texts as embedded, by document


class Workbench:
    """Makes and keeps, for one run, what is dear to make."""

    def __init__(self, options: Options, say: Callable[[str], None]) -> None:
        self.options = options
        self.say = say
        options.out.mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(dir=options.out, prefix="work-"))

    def close(self) -> None:
        """Remove what was made, but not the exported models."""
        shutil.rmtree(self._folder, ignore_errors=True)

    @contextmanager
    def temporary(self) -> Iterator[Path]:
        """Give a folder that is removed when the block ends."""
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            yield Path(folder)

    @property
    def exports(self) -> Path:
        """Where the models exported to ONNX are kept from run to run."""
        return Path(os.environ.get(EXPORTS_VARIABLE) or self.options.out / "models").absolute()

    def settings(self, home: Path, precision: Precision = "fp32") -> Settings:
        """Return the default settings, with a home, a precision and any free port."""
        changed: dict[str, dict[str, Any]] = {
            "embedding": {"precision": precision, "exports": self.exports},
            "http": {"port": 0},
        }
        return load_settings(home=home, overrides=changed)

    @cached_property
    def files(self) -> list[FileToIngest]:
        """The PDFs to work on."""
        return [file for file in find_files([self.options.pdfs]) if file.path.suffix.lower() == ".pdf"]

    @cached_property
    def pdf_home(self) -> IngestedHome:
        """A home into which the PDFs were ingested, at fp32."""
        self.say(f"ingesting {len(self.files)} PDFs into a home of their own")
        settings = self.settings(self._folder / "pdf-home")
        stores = open_stores(settings, owner="benchmarks")
        texts = []
        pages = 0
        try:
            stores.catalogue.add_collection(COLLECTION, public=True)
            for file in self.files:
                recorder = _Recorder(stores.embedder)
                ingestion = Ingestion(replace(stores, embedder=recorder), settings)
                outcome = ingestion.ingest(file.path, file.name, COLLECTION, _ignore_progress)
                pages += outcome.document.page_count
                texts.append(tuple(recorder.texts))
        finally:
            stores.close()
        return IngestedHome(settings.home, pages, tuple(texts))

    @cached_property
    def synthetic_home(self) -> "SyntheticHome":
        """A home with 50,000 made-up chunks, their pages and documents."""
        collection = SyntheticCollection(50_000)
        self.say(f"building a home of {collection.size:,} synthetic chunks")
        home = self._folder / "synthetic-home"
        stores = open_stores(self.settings(home), owner="benchmarks")
        try:
            collection.write_to(stores)
        finally:
            stores.close()
        return SyntheticHome(home, collection)

    @cached_property
    def plain(self) -> "PlainPipeline":
        """The plain llama-index pipeline, its model loaded."""
        from benchmarks.plain_pipeline import PlainPipeline

        self.say("loading the plain pipeline")
        return PlainPipeline()

    @cached_property
    def plain_store(self) -> Path:
        """A local-mode store into which the plain pipeline ingested the PDFs."""
        store = self._folder / "plain-store"
        self.say("ingesting the same PDFs by the plain pipeline")
        self.plain.ingest([file.path for file in self.files], store)
        return store


@dataclass(frozen=True, slots=True)
class SyntheticHome:
    """A home and the collection in it."""

    path: Path
    collection: SyntheticCollection


class _Recorder:
    """An embedder that keeps the texts it is given."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.texts: list[str] = []

    @property
    def dimension(self) -> int:
        return self._embedder.dimension

    @property
    def fingerprint(self) -> str:
        return self._embedder.fingerprint

    @property
    def max_tokens(self) -> int:
        return self._embedder.max_tokens

    def count_tokens(self, text: str) -> int:
        return self._embedder.count_tokens(text)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        self.texts += texts
        return self._embedder.embed_documents(texts)

    def embed_question(self, text: str) -> Vector:
        return self._embedder.embed_question(text)


def _ignore_progress(_state: JobState, _done: int, _total: int) -> None:
    return None
