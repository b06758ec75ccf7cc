"""One pass over a followed folder: what is new is added, what changed replaced, what is gone removed."""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from sourcier_core.errors import DocumentError, FolderUnreadable, SourcierError
from sourcier_core.settings import WatchSettings
from sourcier_core.types import document_id
from sourcier_core.watch_store import FileState, WatchedFile, WatchState, WatchStore
from sourcier_ingestion.folder_look import Look, Seen, is_gone, is_wanted, look_at
from sourcier_ingestion.folder_targets import FolderTarget, Given, Ticket
from sourcier_ingestion.still_file import FileChanged, StillFile

AT_ONCE = 4  # files taken before the first one answers: their copies take room
MAX_ATTEMPTS = 5  # at a file that fails for no fault of its own
NAMES_REPORTED = 20


@dataclass(slots=True)
class SyncReport:
    """What a pass did, or with `dry_run` would do, by file name."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)  # former names; the new ones are among `added`
    unchanged: int = 0
    waiting: list[str] = field(default_factory=list)  # still being written
    refused: dict[str, str] = field(default_factory=dict)  # name: why, for those refused now
    failed: dict[str, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)  # not removed: that is off, or so many are not believed
    not_ours: list[str] = field(default_factory=list)  # gone, and what answers came from elsewhere
    unlisted: list[str] = field(default_factory=list)  # folders of which nothing is known
    state: WatchState = WatchState.OK
    message: str | None = None

    @property
    def is_bad(self) -> bool:
        """Tell whether somebody should look."""
        return self.state is not WatchState.OK or bool(self.refused or self.failed or self.unlisted)

    def values(self) -> dict[str, Any]:
        """Return it as JSON values: how many of each, and the first names of those that need a look."""
        lists = ("added", "changed", "removed", "renamed", "waiting", "gone", "not_ours", "unlisted")
        counts = {name: len(getattr(self, name)) for name in lists}
        named: Mapping[str, str] = {**self.refused, **self.failed}
        return {
            **counts,
            "unchanged": self.unchanged,
            "refused": len(self.refused),
            "failed": len(self.failed),
            "problems": [
                {"name": name, "reason": reason} for name, reason in list(named.items())[:NAMES_REPORTED]
            ],
        }


class FolderSync:
    """Follows one folder into one collection."""

    def __init__(
        self,
        watch: WatchSettings,
        *,
        target: FolderTarget,
        store: WatchStore,
        home: Path,
        stopping: threading.Event | None = None,
    ) -> None:
        """Follow a folder.

        Args:
            watch: Which, and how.
            target: What makes its files answer.
            store: Which file a document came from.
            home: Never entered.
            stopping: Once set, a pass ends after the step under way; what it had begun is taken up later.
        """
        self.watch = watch
        self.id = store.open(watch.path, watch.collection)
        self._target = target
        self._store = store
        self._home = home
        self._stopping = stopping or threading.Event()
        self._published = watch.public is None

    def run(self, *, force: bool = False, dry_run: bool = False) -> SyncReport:
        """Make one pass and write down how it ended.

        Args:
            force: Whether any number of files may be gone, and those that failed often are tried again.
            dry_run: Whether only to say what would be done.
        """
        report = SyncReport()
        try:
            self._run(report, force=force, dry_run=dry_run)
        except FolderUnreadable as error:
            report.state, report.message = WatchState.MISSING, str(error)
        except InterruptedError:
            return report
        except (SourcierError, OSError) as error:
            report.state, report.message = WatchState.FAILED, str(error)
        if not dry_run:
            self._store.note_scan(self.id, report.state, report.message, report.values())
        return report

    def _run(self, report: SyncReport, *, force: bool, dry_run: bool) -> None:
        watch = self.watch
        look = look_at(watch.path, include=watch.include, exclude=watch.exclude, home=self._home)
        report.unlisted = list(look.unlisted)
        report.refused |= dict.fromkeys(look.unnameable, "Its name is no text (UTF-8): rename it.")
        known = self._store.files(self.id)
        wanted = {
            name: seen for name, seen in look.files.items() if _is_due(known.get(name), seen, force=force)
        }
        report.unchanged = len(look.files) - len(wanted)
        if not dry_run:
            wanted = self._settled(wanted, report)
            self._publish()
        self._take(wanted, known, report, dry_run=dry_run)
        self._remove(look, report, force=force, dry_run=dry_run)

    def _publish(self) -> None:
        if not self._published:
            self._target.publish(self.watch.collection, public=bool(self.watch.public))
            self._published = True

    def _settled(self, wanted: Mapping[str, Seen], report: SyncReport) -> dict[str, Seen]:
        """Return the files that stand still: looked at twice, they are alike."""
        if wanted and self._stopping.wait(self.watch.settle_seconds):
            raise InterruptedError
        still = {}
        for name, seen in wanted.items():
            try:
                found = (self.watch.path / name).stat()
            except OSError:
                report.waiting.append(name)
                continue
            if seen == Seen(found.st_size, found.st_mtime_ns):
                still[name] = seen
            else:
                report.waiting.append(name)
        return still

    def _take(
        self, wanted: Mapping[str, Seen], known: dict[str, WatchedFile], report: SyncReport, *, dry_run: bool
    ) -> None:
        begun: deque[_Begun] = deque()
        for name, seen in wanted.items():
            if self._stopping.is_set():
                raise InterruptedError
            former = known.get(name)
            if dry_run:
                (report.changed if former and former.sha256 else report.added).append(name)
            elif (taken := self._begin(name, seen, former, report)) is not None:
                begun.append(taken)
            if len(begun) >= AT_ONCE:
                self._end(begun.popleft(), report)
        while begun:
            self._end(begun.popleft(), report)

    def _begin(
        self, name: str, seen: Seen, former: WatchedFile | None, report: SyncReport
    ) -> "_Begun | None":
        """Begin a file's ingestion, noted before; None where there is nothing to wait for."""
        document = document_id(self.watch.collection, name)
        if (other := self._store.other_watch(document, self.id)) is not None:
            reason = (
                f"A file of that name comes from {other!r}: follow one of the two into another collection."
            )
            report.failed[name] = reason
            return None
        try:
            with StillFile(self.watch.path / name, seen) as source:
                digest = source.digest()
                answering = self._target.version(self.watch.collection, name)
                file = WatchedFile(
                    name=name,
                    document=document,
                    size=seen.size,
                    modified_ns=seen.modified_ns,
                    sha256=former.sha256 if former else None,
                    state=FileState.PENDING,
                    owned=former.owned if former else answering is None,
                    attempts=former.attempts if former and _is_as(former, seen) else 0,
                )
                if answering == digest:  # added by hand before, or only the file's time has changed
                    self._store.put(self.id, replace(file, sha256=digest, state=FileState.ANSWERS))
                    report.unchanged += 1
                    return None
                self._store.put(self.id, file)
                ticket = self._target.begin(cast(BinaryIO, source), name, self.watch.collection)
        except FileChanged:
            report.waiting.append(name)
            return None
        except DocumentError as error:
            self._note(
                file, Given(answers=False, refused=True, error_code=error.code, error=str(error)), report
            )
            return None
        except OSError as error:
            report.failed[name] = (
                f"{name!r} cannot be read ({error.strerror or error}). Mend its permissions."
            )
            return None
        return _Begun(file, digest, ticket)

    def _end(self, begun: "_Begun", report: SyncReport) -> None:
        given = begun.ticket(self._stopping.is_set)
        file = begun.file
        if not given.answers:
            self._note(file, given, report)
            return
        (report.changed if file.sha256 else report.added).append(file.name)
        answers = replace(file, sha256=begun.digest, state=FileState.ANSWERS, owned=True, attempts=0)
        self._store.put(self.id, answers)

    def _note(self, file: WatchedFile, given: Given, report: SyncReport) -> None:
        """Write down why a file's bytes do not answer; former ones of it may."""
        why = given.error or given.error_code or "It failed."
        (report.refused if given.refused else report.failed)[file.name] = why
        state = FileState.REFUSED if given.refused else FileState.FAILED
        noted = replace(
            file, state=state, attempts=file.attempts + 1, error_code=given.error_code, error=given.error
        )
        self._store.put(self.id, noted)

    def _remove(self, look: Look, report: SyncReport, *, force: bool, dry_run: bool) -> None:
        watch = self.watch
        known = self._store.files(self.id)
        gone = [
            file
            for name, file in known.items()
            if name not in look.files
            and look.knows_of(name)
            and (is_gone(watch.path / name) or not is_wanted(name, watch.include, watch.exclude))
        ]
        here = {known[name].sha256 for name in report.added if name in known}
        renamed = [file for file in gone if file.sha256 is not None and file.sha256 in here]
        lost = [file for file in gone if file not in renamed]
        if lost and not force and len(lost) > watch.max_removed_share * len(known):
            report.state = WatchState.GUARDED
            report.message = (
                f"{len(lost)} of {len(known)} files are gone from {str(watch.path)!r}: their documents "
                "answer as before. Mount it, or confirm: "
                "`sourcier sync FOLDER --collection COLLECTION --delete --force`."
            )
            report.gone += [file.name for file in lost]
            lost = []
        if not watch.delete:
            report.gone += [file.name for file in [*lost, *renamed]]
            return
        for file, names in [*((f, report.renamed) for f in renamed), *((f, report.removed) for f in lost)]:
            self._remove_one(file, names, report, dry_run=dry_run)

    def _remove_one(self, file: WatchedFile, names: list[str], report: SyncReport, *, dry_run: bool) -> None:
        if self._stopping.is_set():
            raise InterruptedError
        answering = self._target.version(self.watch.collection, file.name)
        is_ours = file.owned and answering in (None, file.sha256)
        (names if is_ours else report.not_ours).append(file.name)
        if dry_run:
            return
        if is_ours:
            self._target.remove(self.watch.collection, file.name)
        self._store.forget(self.id, file.name)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A file whose ingestion has begun."""

    file: WatchedFile
    digest: str  # sha256 of the bytes that were taken
    ticket: Ticket


def _is_due(known: WatchedFile | None, seen: Seen, *, force: bool) -> bool:
    """Tell whether a file must be read: it is new, it changed, or its last reading ended badly."""
    if known is None or not _is_as(known, seen) or known.state is FileState.PENDING:
        return True
    return known.state is FileState.FAILED and (force or known.attempts < MAX_ATTEMPTS)


def _is_as(known: WatchedFile, seen: Seen) -> bool:
    return (known.size, known.modified_ns) == (seen.size, seen.modified_ns)
