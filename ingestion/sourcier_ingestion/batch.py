"""Many files -> documents, with a progress bar and a summary; here, or by the server that owns the home."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from sourcier_core.embedding_export import sha256_of
from sourcier_core.errors import PathNotFound, SourcierError
from sourcier_core.remote import RemoteServer
from sourcier_core.settings import Settings
from sourcier_core.types import NOTHING_GIVEN, Given
from sourcier_ingestion.admission import READABLE_SUFFIXES

SKIPPED_SHOWN = 20  # names of files left out that are printed
POLL_SECONDS = 0.2  # between two looks at a job of the server
PageProgress = Callable[[str, int, int], None]  # state, pages done, pages in all


@dataclass(frozen=True, slots=True)
class FileToIngest:
    """A file and the name that its document gets."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """How one file ended: `indexed`, `unchanged`, `refused` or `failed`."""

    name: str
    result: str
    reason: str | None
    pages: int


@dataclass(slots=True)
class Summary:
    """How all files ended."""

    outcomes: list[FileOutcome] = field(default_factory=list)

    @property
    def lost(self) -> list[FileOutcome]:
        """The files that do not answer."""
        return [outcome for outcome in self.outcomes if outcome.result in ("refused", "failed")]


class Target(Protocol):
    """What makes a file answer."""

    def publish(self, collection: str) -> None:
        """Let anyone ask a collection."""
        ...

    def ingest(self, file: FileToIngest, collection: str, progress: PageProgress) -> FileOutcome:
        """Make a file answer, or say why not."""
        ...


class HomeTarget:
    """This process, which owns the home while it works."""

    def __init__(self, settings: Settings, given: Given = NOTHING_GIVEN, *, exact: bool = False) -> None:
        """Prepare.

        Args:
            settings: Which home.
            given: Of each file.
            exact: Refuse a home whose live generation was made with other settings.
        """
        self._settings = settings
        self._given = given
        self._exact = exact

    def __enter__(self) -> Self:
        from sourcier_core.wiring import open_stores
        from sourcier_ingestion.pipeline import Ingestion

        self._stores = open_stores(self._settings, owner="sourcier ingest", exact=self._exact)
        self._ingestion = Ingestion(self._stores, self._settings)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stores.close()

    def publish(self, collection: str) -> None:
        """Let anyone ask a collection."""
        self._stores.catalogue.add_collection(collection, public=True)

    def ingest(self, file: FileToIngest, collection: str, progress: PageProgress) -> FileOutcome:
        """Make a file answer, or say why not."""
        try:
            outcome = self._ingestion.ingest(
                file.path,
                file.name,
                collection,
                lambda state, done, total: progress(state.value, done, total),
                self._given,
            )
        except (SourcierError, OSError) as error:
            return FileOutcome(file.name, "failed", str(error), 0)
        reason = str(outcome.error) if outcome.error else outcome.document.reason
        return FileOutcome(file.name, outcome.result.value, reason, outcome.document.page_count)


class ServerTarget:
    """The server that owns the home."""

    def __init__(self, server: RemoteServer, given: Given = NOTHING_GIVEN) -> None:
        self._server = server
        self._given = given
        self._documents: dict[str, dict[str, Any]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def publish(self, collection: str) -> None:
        """Let anyone ask a collection."""
        self._server.post("/v1/collections", {"name": collection, "public": True})

    def ingest(self, file: FileToIngest, collection: str, progress: PageProgress) -> FileOutcome:
        """Upload a file and follow its job."""
        try:
            known = self._known(collection).get(file.name)
            same = known is not None and known["version"] == sha256_of(file.path)
            if known is not None and same and self._given == NOTHING_GIVEN:
                return FileOutcome(file.name, "unchanged", known["reason"], known["pages"])
            fields = {"collection": collection, "name": file.name, **_fields(self._given)}
            job = self._server.upload("/v1/documents", file.path, fields)["job"]
            while job["state"] not in ("done", "failed", "cancelled"):
                time.sleep(POLL_SECONDS)
                job = self._server.get(f"/v1/jobs/{job['id']}")
                progress(job["state"], job["pages_done"], job["pages_total"])
        except (SourcierError, OSError) as error:
            return FileOutcome(file.name, "failed", str(error), 0)
        if job["state"] == "done":
            return FileOutcome(file.name, "unchanged" if same else "indexed", None, job["pages_total"])
        return FileOutcome(file.name, "refused", job["error"], 0)

    def _known(self, collection: str) -> dict[str, dict[str, Any]]:
        """Return the collection's documents by name, as they were when the first file was looked at."""
        if self._documents is None:
            listed = self._server.get("/v1/documents")["documents"]
            self._documents = {row["name"]: row for row in listed if row["collection"] == collection}
        return self._documents


def find_files(paths: Sequence[Path]) -> list[FileToIngest]:
    """Return the files that paths name: a file by its name, a folder's readable files by relative path.

    Raises:
        PathNotFound: A path does not exist.
    """
    found: list[FileToIngest] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
            readable = [p for p in inside if p.suffix.lower() in READABLE_SUFFIXES]
            found += [FileToIngest(p, p.relative_to(path).as_posix()) for p in readable]
        elif path.exists():
            found.append(FileToIngest(path, path.name))
        else:
            raise PathNotFound(path)
    return found


def say_skipped(paths: Sequence[Path]) -> None:
    """Say which files of folders are left out: those whose type cannot be read."""
    skipped: list[str] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
            unread = [p for p in inside if p.suffix.lower() not in READABLE_SUFFIXES]
            skipped += [p.relative_to(path).as_posix() for p in unread]
    if not skipped:
        return
    listed = ", ".join(skipped[:SKIPPED_SHOWN]) + (", ..." if len(skipped) > SKIPPED_SHOWN else "")
    readable = " ".join(sorted(READABLE_SUFFIXES))
    console = Console(stderr=True)
    console.print(
        f"{len(skipped)} file(s) skipped, only {readable} are read in a folder: {listed}", markup=False
    )


def ingest_files(files: Sequence[FileToIngest], collection: str, target: Target) -> Summary:
    """Make files answer one after another, and print what became of them."""
    console = Console(stderr=True)
    summary = Summary()
    with _progress(console) as bar:
        for number, file in enumerate(files, 1):
            task = bar.add_task(f"[{number}/{len(files)}] {file.name[-50:]}", total=None)
            follow = _Follow(bar, task)
            summary.outcomes.append(target.ingest(file, collection, follow))
            bar.remove_task(task)
    _print_summary(console, summary)
    return summary


class _Follow:
    """Shows one file's progress: reading counts a tenth of a page's work, embedding the rest."""

    def __init__(self, bar: Progress, task: "int") -> None:
        self._bar = bar
        self._task = task

    def __call__(self, state: str, done: int, total: int) -> None:
        share = 0.1 * done if state == "reading" else 0.1 * total + 0.9 * done
        self._bar.update(self._task, total=total or None, completed=share, state=state)  # type: ignore[arg-type]


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.1f} pages/s" if speed else "")


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total} pages"),
        _Rate(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def _fields(given: Given) -> dict[str, str | list[str]]:
    """Return what is said of the files as fields of an upload's form."""
    fields: dict[str, str | list[str]] = {}
    for key, day in (("effective_from", given.effective_from), ("effective_to", given.effective_to)):
        if day is not None:
            fields[key] = day.isoformat()
    for key, names in (("tags", given.tags), ("groups", given.groups)):
        if names:
            fields[key] = sorted(names)
    return fields


def _print_summary(console: Console, summary: Summary) -> None:
    counts = Counter(outcome.result for outcome in summary.outcomes)
    pages = sum(outcome.pages for outcome in summary.outcomes if outcome.result == "indexed")
    console.print(
        f"{counts['indexed']} indexed ({pages} pages), {counts['unchanged']} unchanged, "
        f"{counts['refused']} refused, {counts['failed']} failed."
    )
    for outcome in summary.outcomes:
        if outcome.result in ("refused", "failed"):
            console.print(f"  {outcome.result}: {outcome.reason}", markup=False)
        elif outcome.reason:
            console.print(f"  partial: {outcome.name}: {outcome.reason}", markup=False)
