"""Folders followed while a process lives: at once where the platform tells, always by a scheduled scan."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sourcier_core.errors import WatchNotFound
from sourcier_core.settings import WatchSettings
from sourcier_core.watch_store import Watch, WatchState, WatchStore, watch_id
from sourcier_ingestion.folder_sync import FolderSync, SyncReport

logger = logging.getLogger("sourcier.watching")
NOTIFIED_WITHIN = 1000  # ms between two looks of the notifier at whether it shall stop
LISTEN_AGAIN_SECONDS = 30.0  # after the platform's notifications could not be had
Reported = Callable[[SyncReport], None]


@dataclass(frozen=True, slots=True)
class WatchStatus:
    """A followed folder, for whoever looks after it."""

    watch: Watch
    followed: bool  # by this process; else it was, or by a command
    scanning: bool
    notified: bool  # whether the platform tells of changes; else only the schedule finds them
    interval_seconds: float | None
    files: dict[str, int]  # known ones by state


class Follower:
    """Follows one folder until it is told to stop."""

    def __init__(self, sync: FolderSync, stopping: threading.Event, report: Reported | None = None) -> None:
        self.sync = sync
        self.scanning = False
        self.notified = False
        self._stopping = stopping
        self._report = report
        self._wake = threading.Event()
        self._force = False

    def scan_soon(self, *, force: bool) -> None:
        """Scan now, or again once the scan under way has ended."""
        self._force = self._force or force
        self._wake.set()

    def run(self) -> None:
        """Scan, wait until something changed or the time has come, and so on."""
        listener = threading.Thread(target=self._listen, name="folder-changes", daemon=True)
        listener.start()
        while not self._stopping.is_set():
            self._wake.clear()
            report = self._scan()
            if self._report is not None and not self._stopping.is_set():
                self._report(report)
            self._wait(self.sync.watch.interval_seconds, hurried=bool(report.waiting))
        listener.join()

    def _scan(self) -> SyncReport:
        force, self._force = self._force, False
        self.scanning = True
        try:
            return self.sync.run(force=force)
        except Exception:
            # One folder's trouble must not end its following: the next scan tries again.
            logger.exception("the scan of %s failed", self.sync.watch.path)
            return SyncReport(state=WatchState.FAILED)
        finally:
            self.scanning = False

    def _wait(self, seconds: float, *, hurried: bool) -> None:
        # A file that was still being written is looked at again soon, though nothing tells of its end.
        end = time.monotonic() + (
            min(seconds, 2 * self.sync.watch.settle_seconds + 1) if hurried else seconds
        )
        while not self._stopping.is_set() and (left := end - time.monotonic()) > 0:
            if self._wake.wait(min(left, 0.5)):
                return

    def _listen(self) -> None:
        from watchfiles import watch

        while not self._stopping.is_set():
            try:
                self.notified = self.sync.watch.path.is_dir()
                if self.notified:
                    for changes in watch(
                        self.sync.watch.path,
                        watch_filter=None,
                        stop_event=self._stopping,
                        rust_timeout=NOTIFIED_WITHIN,
                        yield_on_timeout=True,
                        raise_interrupt=False,
                    ):
                        if changes:
                            self._wake.set()
                        if (
                            not self.sync.watch.path.is_dir()
                        ):  # removed, or unmounted: listen anew once it is back
                            break
            except (OSError, RuntimeError) as error:  # e.g. no more inotify watches for this user
                logger.info(
                    "no notifications of %s (%s); it is scanned on schedule", self.sync.watch.path, error
                )
            self.notified = False
            self._stopping.wait(min(LISTEN_AGAIN_SECONDS, self.sync.watch.interval_seconds))


class FolderWatching:
    """The folders that a server follows, each in a thread of its own: a slow one keeps no other waiting."""

    def __init__(
        self,
        watches: Sequence[WatchSettings],
        store: WatchStore,
        make_sync: Callable[[WatchSettings, threading.Event], FolderSync],
    ) -> None:
        self._watches = watches
        self._store = store
        self._make_sync = make_sync
        self._stopping = threading.Event()
        self._followers: dict[str, Follower] = {}
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to follow."""
        for watch in self._watches:
            follower = Follower(self._make_sync(watch, self._stopping), self._stopping)
            self._followers[follower.sync.id] = follower
            thread = threading.Thread(target=follower.run, name="folder", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Stop after the step under way; what was begun is taken up at the next start."""
        self._stopping.set()
        for follower in self._followers.values():
            follower.scan_soon(force=False)  # wakes it
        for thread in self._threads:
            thread.join()

    def statuses(self) -> list[WatchStatus]:
        """Return all folders that are or were followed, by path."""
        return [self._status(watch) for watch in self._store.all()]

    def scan_now(self, watch: str, *, force: bool) -> WatchStatus:
        """Scan a followed folder now.

        Args:
            watch: Its id.
            force: Whether any number of files may be gone.

        Raises:
            WatchNotFound: This process follows no such folder.
        """
        follower, known = self._followers.get(watch), self._store.get(watch)
        if follower is None or known is None:
            raise WatchNotFound(watch)
        follower.scan_soon(force=force)
        return self._status(known)

    def warnings(self) -> list[str]:
        """Return a code for each followed folder that somebody should look at, without its name."""
        followed = [watch_id(watch.path, watch.collection) for watch in self._watches]
        found = [known.state for known in map(self._store.get, followed) if known is not None]
        bad = (WatchState.MISSING, WatchState.GUARDED, WatchState.FAILED)
        return [f"watched_folder_{state.value}" for state in found if state in bad]

    def _status(self, watch: Watch) -> WatchStatus:
        follower = self._followers.get(watch.id)
        return WatchStatus(
            watch=watch,
            followed=follower is not None,
            scanning=follower is not None and follower.scanning,
            notified=follower is not None and follower.notified,
            interval_seconds=follower.sync.watch.interval_seconds if follower else None,
            files=self._store.counts(watch.id),
        )


def follow_until_stopped(sync: FolderSync, stopping: threading.Event, report: Reported) -> None:
    """Follow one folder in this thread."""
    Follower(sync, stopping, report).run()


def as_watch(folder: Path, collection: str, **more: object) -> WatchSettings:
    """Return the settings of a folder that a command names."""
    return WatchSettings.model_validate({"path": folder, "collection": collection, **more})
