"""Benchmark: delete, change of tags and the report of changes, of 500 pages among 50,000 chunks."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.long_pdf import write_long_pdf
from benchmarks.measuring import Cost, measure
from benchmarks.reporting import Budget, Report
from benchmarks.synthetic import COLLECTION
from benchmarks.workbench import Workbench
from sourcier_core.ports import Embedder
from sourcier_core.types import Document, JobState, Vector, Vectors
from sourcier_core.wiring import Stores, open_stores
from sourcier_ingestion.editing import Editing
from sourcier_ingestion.pipeline import Ingestion
from sourcier_service.access import OPERATOR, Access
from sourcier_service.version_changes import choose_versions, compare_versions

PAGES, SMALL_PAGES = 500, 100
NAME = "long.pdf"
MOST_MILLISECONDS = Budget(100.0)
MOST_GROWTH = Budget(1.5 * PAGES / SMALL_PAGES)  # of the report: linear, and a half


def run(bench: Workbench) -> Report:
    """Ingest it once with the model; then delete it and add it again, its vectors remembered."""
    report = Report("versions", f"a PDF of {PAGES} generated pages among 50,000 synthetic chunks")
    with bench.temporary() as folder:
        home = folder / "home"
        shutil.copytree(bench.synthetic_home.path, home)
        settings = bench.settings(home)
        stores = open_stores(settings, owner="benchmarks")
        try:
            remembering = replace(stores, embedder=_Remembering(stores.embedder))
            _measure(bench, report, remembering, Ingestion(remembering, settings), folder)
        finally:
            stores.close()
    return report


def _measure(bench: Workbench, report: Report, stores: Stores, ingestion: Ingestion, folder: Path) -> None:
    path = folder / NAME
    write_long_pdf(path, PAGES)
    bench.say(f"ingesting {PAGES} pages")
    ingest = measure(lambda: _ingest(ingestion, path))
    deletes: list[Cost] = []
    hidden: list[Cost] = []
    tags: list[Cost] = []
    for nth in range(bench.options.repeats):
        document = _ingest(ingestion, path)
        tags.append(measure(lambda: Editing(stores).change(document, tags=frozenset({str(nth)}))))  # noqa: B023
        deletes.append(measure(lambda: ingestion.delete(document.id)))  # noqa: B023
        hidden.append(_hide(stores, ingestion, path))
        if (
            stores.index.count(Access(stores.catalogue).scope(OPERATOR))
            != bench.synthetic_home.collection.size
        ):
            raise RuntimeError("something of the deleted document is left")
    report.measured(f"ingest {PAGES} pages, embedded", [ingest], 1, "document")
    delete = report.measured(f"delete {PAGES} pages: commit, chunks, files", deletes, 1, "document")
    report.measured(f"of it, until no question sees them: {PAGES} pages", hidden, 1, "document")
    tag = report.measured(f"change of tags: {PAGES} pages", tags, 1, "document")
    report.figure(f"CPU of a delete: {PAGES} pages", 1000 * delete.cpu, "ms", budget=MOST_MILLISECONDS)
    report.figure(f"CPU of a change of tags: {PAGES} pages", 1000 * tag.cpu, "ms")
    report.ratio(f"CPU of ingesting {PAGES} pages", ingest.cpu / delete.cpu, "deleting them")
    growth = [
        _measure_changes(bench, report, stores, ingestion, folder, pages) for pages in (SMALL_PAGES, PAGES)
    ]
    report.ratio(
        f"CPU of the report of changes: {PAGES} pages",
        growth[1] / growth[0],
        f"{SMALL_PAGES} pages",
        MOST_GROWTH,
    )


def _hide(stores: Stores, ingestion: Ingestion, path: Path) -> Cost:
    document = _ingest(ingestion, path)
    cost = measure(lambda: stores.catalogue.commit_delete(document.id))
    stores.upkeep.purge_removed()
    return cost


def _measure_changes(
    bench: Workbench, report: Report, stores: Stores, ingestion: Ingestion, folder: Path, pages: int
) -> float:
    """Compare a document with one that is a tenth longer; returns processor seconds."""
    path = folder / NAME
    for length in (pages, pages + pages // 10):
        write_long_pdf(path, length)
        document = _ingest(ingestion, path)
    versions = stores.versions.versions(document.id)
    old, new = choose_versions(NAME, versions, None, None)
    costs = [measure(lambda: compare_versions(stores.pages, old, new)) for _ in range(bench.options.repeats)]
    ingestion.delete(document.id)
    return report.measured(f"report of changes: {pages} pages", costs, 1, "document").cpu


def _ingest(ingestion: Ingestion, path: Path) -> Document:
    return ingestion.ingest(path, NAME, COLLECTION, _ignore_progress).document


def _ignore_progress(_state: JobState, _done: int, _total: int) -> None:
    return None


class _Remembering:
    """An embedder that embeds a text once: what is measured here comes after that."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[str, Vector] = {}

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
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._embedder.embed_documents(new), strict=True))
        return np.stack([self._known[text] for text in texts])

    def embed_question(self, text: str) -> Vector:
        return self._embedder.embed_question(text)
