"""A question set -> its documents in a home of the set's own, and the services that answer from them."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from rich.console import Console

from sourcier_core.errors import IndexMismatch
from sourcier_core.settings import IndexSettings, Settings
from sourcier_core.types import Document
from sourcier_eval.evidence_pages import check_evidence_pages
from sourcier_eval.question_sets import QuestionSet, language_warnings, read_question_set
from sourcier_ingestion.batch import FileToIngest, HomeTarget, find_files, ingest_files
from sourcier_service.wiring import Services, open_services

COLLECTION = "eval"


@dataclass(frozen=True, slots=True)
class OpenSet:
    """A set whose documents answer."""

    questions: QuestionSet
    services: Services
    documents: tuple[Document, ...]  # of the set, as ingested
    warnings: tuple[str, ...]  # documents of the evidence that do not answer, languages not understood


@contextmanager
def open_set(directory: Path, settings: Settings, home: Path) -> Iterator[OpenSet]:
    """Ingest a set's documents where they are not yet, and open them.

    The documents stay: a second time nothing is ingested. Where the home's index was made with other
    settings, or by a version that makes other ones, another home is made beside it.

    Args:
        directory: Holds `questions.jsonl` and `docs/`.
        settings: Of reading, retrieval and answers; their home and index are not used.
        home: Where the documents go.

    Raises:
        InvalidQuestionSet: The set has faults; all are listed, and nothing is asked.
        DependencyError: Something outside failed.
    """
    question_set = read_question_set(directory)
    files = find_files([question_set.docs])
    own = _ingest(files, settings, home)
    with closing(open_services(own, owner="sourcier eval")) as services:
        documents = _documents(services, {file.name for file in files})
        warnings = [*language_warnings(question_set), *check_evidence_pages(question_set, documents)]
        _warn(warnings)
        yield OpenSet(question_set, services, tuple(documents), tuple(warnings))


def _ingest(files: Sequence[FileToIngest], settings: Settings, home: Path) -> Settings:
    """Ingest into that home, or the first of `home-2`, `home-3`, ... that fits, and return its settings."""
    for number in count(1):
        own = _settings_of(settings, home if number == 1 else home.with_name(f"{home.name}-{number}"))
        try:
            with HomeTarget(own, exact=True) as target:
                ingest_files(files, COLLECTION, target)
        except IndexMismatch:
            _warn([f"the index in {str(own.home)!r} was made with other settings; it is left as it is"])
            continue
        return own
    raise AssertionError("there is always another number")


def _settings_of(settings: Settings, home: Path) -> Settings:
    # Always the embedded index: on a shared server the set's collection could be the live one.
    embedding = settings.embedding.model_copy(update={"exports": settings.exports})
    return settings.model_copy(
        update={"home": home.absolute(), "index": IndexSettings(), "embedding": embedding}
    )


def _documents(services: Services, wanted: Collection[str]) -> list[Document]:
    """Return the documents of the set, after those that have left it since the last run are deleted."""
    kept = []
    for document in services.stores.catalogue.documents([COLLECTION]):
        if document.name in wanted:
            kept.append(document)
        else:
            services.ingestion.delete(document.id)
    return kept


def _warn(warnings: Iterable[str]) -> None:
    console = Console(stderr=True)
    for warning in warnings:
        console.print(f"warning: {warning}", markup=False, style="yellow", soft_wrap=True)
