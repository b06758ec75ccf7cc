"""Ingestion jobs <-> the catalogue: what was uploaded, how far it is, how it ended."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, Row, insert, select, update

from sourcier_core.catalogue_tables import jobs
from sourcier_core.database import transaction
from sourcier_core.types import NOTHING_GIVEN, Given, Job, JobState

ENDED = tuple(state.value for state in JobState if state.ended)


@dataclass(frozen=True, slots=True)
class QueuedUpload:
    """A job and where its bytes wait."""

    job: Job
    upload: str
    given: Given = NOTHING_GIVEN


class JobStore:
    """The jobs of one home."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(
        self, document: str, collection: str, name: str, upload: str, given: Given = NOTHING_GIVEN
    ) -> Job:
        """Note an upload as queued."""
        now = datetime.now(UTC)
        job = Job(str(uuid4()), document, collection, name, JobState.QUEUED, 0, 0, None, None, now, now)
        with transaction(self._engine) as connection:
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
                    given=_json(given),
                    created_at=now,
                    updated_at=now,
                )
            )
        return job

    def get(self, job: str) -> Job | None:
        """Return the job of that id."""
        with transaction(self._engine) as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job)).first()
        return None if row is None else _job(row)

    def unfinished(self) -> list[QueuedUpload]:
        """Return the jobs that have not ended, oldest first: of a process that stopped, or still queued."""
        query = select(jobs).where(jobs.c.state.not_in(ENDED)).order_by(jobs.c.created_at)
        with transaction(self._engine) as connection:
            return [
                QueuedUpload(_job(row), row.upload, _given(row.given)) for row in connection.execute(query)
            ]

    def unfinished_of(self, document: str) -> bool:
        """Tell whether a job of that document has not ended."""
        query = select(jobs.c.id).where(jobs.c.document == document, jobs.c.state.not_in(ENDED)).limit(1)
        with transaction(self._engine) as connection:
            return connection.execute(query).first() is not None

    def progress(self, job: str, state: JobState, pages_done: int, pages_total: int) -> bool:
        """Note how far a job is; False where it has ended: it was cancelled."""
        return self._update(job, state=state.value, pages_done=pages_done, pages_total=pages_total)

    def finish(self, job: str) -> None:
        """Note that a job's document answers."""
        self._update(job, state=JobState.DONE.value)

    def fail(self, job: str, code: str, message: str) -> None:
        """Note why a job's document does not answer; one that was cancelled stays so."""
        self._update(job, state=JobState.FAILED.value, error_code=code, error=message)

    def move_uploads(self, folder: Path) -> None:
        """Say that the bytes of jobs that have not ended wait in another folder, under the same names."""
        for waiting in self.unfinished():
            self._update(waiting.job.id, upload=str(folder / Path(waiting.upload).name))

    def _update(self, job: str, **values: object) -> bool:
        going_on = update(jobs).where(jobs.c.id == job, jobs.c.state.not_in(ENDED))
        with transaction(self._engine) as connection:
            changed = connection.execute(going_on.values(updated_at=datetime.now(UTC), **values))
            return bool(changed.rowcount)


def _json(given: Given) -> str:
    dates = {"effective_from": given.effective_from, "effective_to": given.effective_to}
    names = {"tags": given.tags, "groups": given.groups}
    said: dict[str, object] = {key: day.isoformat() for key, day in dates.items() if day is not None}
    return json.dumps(said | {key: sorted(value) for key, value in names.items() if value is not None})


def _given(stored: str) -> Given:
    said = json.loads(stored)
    return Given(
        effective_from=date.fromisoformat(said["effective_from"]) if "effective_from" in said else None,
        effective_to=date.fromisoformat(said["effective_to"]) if "effective_to" in said else None,
        tags=frozenset(said["tags"]) if "tags" in said else None,
        groups=frozenset(said["groups"]) if "groups" in said else None,
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
