"""Ingestion jobs <-> the catalogue: what was uploaded, how far it is, how it ended."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, Row, insert, select, update

from sourcier_core.catalogue_tables import jobs
from sourcier_core.types import Job, JobState

ENDED = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True, slots=True)
class QueuedUpload:
    """A job and where its bytes wait."""

    job: Job
    upload: str


class JobStore:
    """The jobs of one home."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, document: str, collection: str, name: str, upload: str) -> Job:
        """Note an upload as queued."""
        now = datetime.now(UTC)
        job = Job(str(uuid4()), document, collection, name, JobState.QUEUED, 0, 0, None, None, now, now)
        with self._engine.begin() as connection:
            connection.execute(
                insert(jobs).values(
                    id=job.id,
                    document=document,
                    collection=collection,
                    name=name,
                    state=job.state.value,
                    pages_done=0,
                    pages_total=0,
                    upload=upload,
                    created_at=now,
                    updated_at=now,
                )
            )
        return job

    def get(self, job: str) -> Job | None:
        """Return the job of that id."""
        with self._engine.begin() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job)).first()
        return None if row is None else _job(row)

    def unfinished(self) -> list[QueuedUpload]:
        """Return the jobs that have not ended, oldest first: of a process that stopped, or still queued."""
        query = (
            select(jobs)
            .where(jobs.c.state.not_in([state.value for state in ENDED]))
            .order_by(jobs.c.created_at)
        )
        with self._engine.begin() as connection:
            return [QueuedUpload(_job(row), row.upload) for row in connection.execute(query)]

    def progress(self, job: str, state: JobState, pages_done: int, pages_total: int) -> None:
        """Note how far a job is."""
        self._update(job, state=state.value, pages_done=pages_done, pages_total=pages_total)

    def finish(self, job: str) -> None:
        """Note that a job's document answers."""
        self._update(job, state=JobState.DONE.value)

    def fail(self, job: str, code: str, message: str) -> None:
        """Note why a job's document does not answer."""
        self._update(job, state=JobState.FAILED.value, error_code=code, error=message)

    def move_uploads(self, folder: Path) -> None:
        """Say that the bytes of jobs that have not ended wait in another folder, under the same names."""
        for waiting in self.unfinished():
            self._update(waiting.job.id, upload=str(folder / Path(waiting.upload).name))

    def _update(self, job: str, **values: object) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                update(jobs).where(jobs.c.id == job).values(updated_at=datetime.now(UTC), **values)
            )


def _job(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        document=row.document,
        collection=row.collection,
        name=row.name,
        state=JobState(row.state),
        pages_done=row.pages_done,
        pages_total=row.pages_total,
        error_code=row.error_code,
        error=row.error,
        created_at=row.created_at.replace(tzinfo=UTC),
        updated_at=row.updated_at.replace(tzinfo=UTC),
    )
