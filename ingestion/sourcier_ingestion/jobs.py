"""Uploads -> ingestion jobs, done one by one by a thread. A job that a stop interrupts is done again."""

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from sourcier_core.catalogue import check_collection_name
from sourcier_core.errors import DocumentTooLarge, SourcierError, StorageFull
from sourcier_core.job_store import JobStore, QueuedUpload
from sourcier_core.types import NOTHING_GIVEN, Given, Job, JobState, document_id
from sourcier_core.upkeep import utc_today
from sourcier_ingestion.naming import check_given, check_name
from sourcier_ingestion.pipeline import Ingestion, Result

NOTE_SECONDS = 0.5  # between two notes of a job's progress
COPY_BYTES = 1 << 20


class _Stopped(Exception):
    """The process is stopping: leave the job as it is."""


class _Cancelled(Exception):
    """The job was cancelled: its document was deleted."""


class IngestionJobs:
    """The queue of uploads of one home."""

    def __init__(self, ingestion: Ingestion, store: JobStore, uploads: Path) -> None:
        self._ingestion = ingestion
        self._store = store
        self._uploads = uploads
        self._queue: queue.SimpleQueue[QueuedUpload | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to work, first on what an earlier process left unfinished."""
        unfinished = self._store.unfinished()
        self._remove_uploads_except({Path(waiting.upload) for waiting in unfinished})
        for waiting in unfinished:
            self._queue.put(waiting)
        self._thread = threading.Thread(target=self._work, name="ingestion", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the current step; the interrupted job is undone now and done at the next start."""
        self._stopping.set()
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join()

    def submit(
        self,
        source: BinaryIO,
        name: str,
        collection: str,
        max_bytes: int,
        given: Given = NOTHING_GIVEN,
    ) -> Job:
        """Keep an upload's bytes and queue their ingestion.

        Args:
            source: Read to its end.
            name: Of the document.
            collection: Where it goes.
            max_bytes: Counted while reading; what the sender claimed is not believed.
            given: What the sender says of the file.

        Raises:
            InvalidName: The name, the collection's, a tag or a group cannot be used.
            InvalidPeriod: The version would be in effect on no day.
            DocumentTooLarge: There are more bytes.
            StorageFull: No room for them.
        """
        check_name(name)
        check_collection_name(collection)
        given = check_given(given, utc_today())
        with self._kept(source, name, max_bytes) as upload:
            job = self._store.create(document_id(collection, name), collection, name, str(upload), given)
        self._queue.put(QueuedUpload(job, str(upload), given))
        return job

    def _remove_uploads_except(self, waiting: set[Path]) -> None:
        """Remove the bytes of uploads that broke off with the process, before they became jobs."""
        if self._uploads.is_dir():
            for path in set(self._uploads.iterdir()) - waiting:
                path.unlink()

    @contextmanager
    def _kept(self, source: BinaryIO, name: str, max_bytes: int) -> Iterator[Path]:
        self._uploads.mkdir(parents=True, exist_ok=True)
        upload = self._uploads / uuid4().hex  # never the name that was sent
        try:
            size = 0
            with upload.open("wb") as target:
                while block := source.read(COPY_BYTES):
                    size += len(block)
                    if size > max_bytes:
                        raise DocumentTooLarge(name, max_bytes)
                    target.write(block)
            yield upload
        except BaseException as error:
            upload.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise StorageFull(str(self._uploads)) from error
            raise

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            job, upload = item.job, Path(item.upload)
            try:
                self._run(job, upload, item.given)
            except _Stopped:
                return
            except _Cancelled:
                pass
            except SourcierError as error:
                self._store.fail(job.id, error.code, str(error))
            except Exception as error:  # noqa: BLE001 - one job must not end the thread
                self._store.fail(
                    job.id, "internal_error", f"{type(error).__name__} while reading {job.name!r}."
                )
            upload.unlink(missing_ok=True)

    def _run(self, job: Job, upload: Path, given: Given) -> None:
        if self._stopping.is_set():
            raise _Stopped
        noted = 0.0
        last = JobState.QUEUED

        def progress(state: JobState, done: int, total: int) -> None:
            nonlocal noted, last
            if self._stopping.is_set():
                raise _Stopped
            if state is not last or time.monotonic() - noted > NOTE_SECONDS:
                if not self._store.progress(job.id, state, done, total):
                    raise _Cancelled
                noted, last = time.monotonic(), state

        progress(JobState.READING, 0, 0)
        outcome = self._ingestion.ingest(upload, job.name, job.collection, progress, given)
        if outcome.result in (Result.INDEXED, Result.UNCHANGED):
            pages = outcome.document.page_count
            self._store.progress(job.id, JobState.VERIFYING, pages, pages)
            self._store.finish(job.id)
        elif outcome.error is not None:
            self._store.fail(job.id, outcome.error.code, str(outcome.error))
