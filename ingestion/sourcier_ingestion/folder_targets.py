"""What makes a followed folder's files answer: this process, its queue, or the server that owns the home."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast
from uuid import uuid4

from sourcier_core.errors import DocumentError, DocumentNotFound, InvalidName, ServerRefused, SourcierError
from sourcier_core.remote import RemoteServer
from sourcier_core.settings import Settings
from sourcier_core.types import JobState, document_id
from sourcier_core.wiring import Stores
from sourcier_ingestion.jobs import IngestionJobs
from sourcier_ingestion.pipeline import Ingestion

POLL_SECONDS = 0.2  # between two looks at a job


@dataclass(frozen=True, slots=True)
class Given:
    """How a file's ingestion ended."""

    answers: bool
    refused: bool = False  # retry is useless until the file changes
    error_code: str | None = None
    error: str | None = None


class Ticket(Protocol):
    """An ingestion that has begun: waits for its end. Raises InterruptedError when told to stop."""

    def __call__(self, stopped: Callable[[], bool]) -> Given:
        """Return how it ended."""
        ...


class FolderTarget(Protocol):
    """Where a followed folder's documents go."""

    def publish(self, collection: str, *, public: bool) -> None:
        """Say who may ask a collection."""
        ...

    def version(self, collection: str, name: str) -> str | None:
        """Return the sha256 of the bytes that answer under a name; None while none do."""
        ...

    def begin(self, source: BinaryIO, name: str, collection: str) -> Ticket:
        """Take a file's bytes, and begin to make them answer."""
        ...

    def remove(self, collection: str, name: str) -> None:
        """Make a document stop answering; nothing happens where there is none."""
        ...


class HomeFolderTarget:
    """This process, which owns the home while it works."""

    def __init__(self, stores: Stores, ingestion: Ingestion) -> None:
        self._stores = stores
        self._ingestion = ingestion

    def publish(self, collection: str, *, public: bool) -> None:
        """Say who may ask a collection."""
        self._stores.catalogue.add_collection(collection, public=public)

    def version(self, collection: str, name: str) -> str | None:
        """Return the sha256 of the bytes that answer under a name; None while none do."""
        found = self._stores.catalogue.document(document_id(collection, name))
        return found.version if found else None

    def begin(self, source: BinaryIO, name: str, collection: str) -> Ticket:
        """Copy a file's bytes: it may change while it is read."""
        self._stores.home.uploads.mkdir(parents=True, exist_ok=True)
        copy = self._stores.home.uploads / uuid4().hex
        try:
            with copy.open("wb") as target:
                shutil.copyfileobj(source, target)
        except BaseException:
            copy.unlink(missing_ok=True)
            raise

        def finish(stopped: Callable[[], bool]) -> Given:
            def progress(_state: JobState, _done: int, _total: int) -> None:
                if stopped():
                    raise InterruptedError

            try:
                outcome = self._ingestion.ingest(copy, name, collection, progress)
            except InvalidName as error:
                return Given(answers=False, refused=True, error_code=error.code, error=str(error))
            except SourcierError as error:
                return Given(answers=False, error_code=error.code, error=str(error))
            finally:
                copy.unlink(missing_ok=True)
            if outcome.error is not None:
                return Given(
                    answers=False, refused=True, error_code=outcome.error.code, error=str(outcome.error)
                )
            return Given(answers=True)

        return finish

    def remove(self, collection: str, name: str) -> None:
        """Make a document stop answering; nothing happens where there is none."""
        found = self._stores.catalogue.document(document_id(collection, name))
        if found is not None:
            self._ingestion.delete(found.id)


class QueueFolderTarget(HomeFolderTarget):
    """The queue of jobs of this process: uploads and followed folders take their turns."""

    def __init__(self, stores: Stores, ingestion: Ingestion, jobs: IngestionJobs, settings: Settings) -> None:
        super().__init__(stores, ingestion)
        self._jobs = jobs
        self._max_bytes = settings.reading.max_bytes

    def begin(self, source: BinaryIO, name: str, collection: str) -> Ticket:
        """Queue a copy of a file's bytes."""
        job = self._jobs.submit(source, name, collection, self._max_bytes)

        def look() -> dict[str, Any]:
            found = self._stores.jobs.get(job.id) or job
            return {"state": found.state.value, "error_code": found.error_code, "error": found.error}

        return lambda stopped: _ended(look, stopped)


class ServerFolderTarget:
    """The server that owns the home."""

    def __init__(self, server: RemoteServer) -> None:
        self._server = server

    def publish(self, collection: str, *, public: bool) -> None:
        """Say who may ask a collection."""
        self._server.post("/v1/collections", {"name": collection, "public": public})

    def version(self, collection: str, name: str) -> str | None:
        """Return the sha256 of the bytes that answer under a name; None while none do."""
        found = self._find(collection, name)
        return cast(str | None, found["version"]) if found else None

    def begin(self, source: BinaryIO, name: str, collection: str) -> Ticket:
        """Upload a file's bytes."""
        fields = {"collection": collection, "name": name}
        job = self._server.upload_open("/v1/documents", source, Path(name).name, fields)["job"]
        return lambda stopped: _ended(lambda: self._server.get(f"/v1/jobs/{job['id']}"), stopped)

    def remove(self, collection: str, name: str) -> None:
        """Make a document stop answering; nothing happens where there is none."""
        with _nothing_there():
            self._server.delete(f"/v1/documents/{document_id(collection, name)}")

    def _find(self, collection: str, name: str) -> dict[str, Any] | None:
        try:
            listed = self._server.get("/v1/documents", collection=collection)["documents"]
        except ServerRefused as error:
            if error.remote_code != "collection_not_found":
                raise
            return None
        return next((row for row in listed if row["name"] == name), None)


def _ended(look: Callable[[], dict[str, Any]], stopped: Callable[[], bool]) -> Given:
    while (job := look())["state"] not in ("done", "failed", "cancelled"):
        if stopped():
            raise InterruptedError
        time.sleep(POLL_SECONDS)
    if job["state"] == "done":
        return Given(answers=True)
    code = job["error_code"] or job["state"]
    return Given(answers=False, refused=code in _REFUSALS, error_code=code, error=job["error"])


@contextmanager
def _nothing_there() -> Iterator[None]:
    with suppress(DocumentNotFound):
        try:
            yield
        except ServerRefused as error:
            if error.remote_code != DocumentNotFound.code:
                raise


def _codes(of: type[SourcierError]) -> Iterator[str]:
    for child in of.__subclasses__():
        if hasattr(child, "code"):
            yield child.code
        yield from _codes(child)


_REFUSALS = frozenset([*_codes(DocumentError), InvalidName.code, "cancelled"])
