"""Followed folders <-> the catalogue: which file a document came from, and what the last scan found."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import uuid5

from sqlalchemy import Engine, Row, delete, func, insert, select, update

from sourcier_core.catalogue_tables import watched_files, watches
from sourcier_core.database import transaction
from sourcier_core.types import NAMESPACE


class WatchState(StrEnum):
    """How a folder's last scan ended."""

    NEW = "new"  # not scanned yet
    OK = "ok"
    MISSING = "missing"  # the folder is not there, or cannot be listed; its documents answer as before
    GUARDED = "guarded"  # so many files are gone that nothing was removed
    FAILED = "failed"  # something outside failed


class FileState(StrEnum):
    """How a file's last ingestion ended."""

    PENDING = "pending"  # begun; taken up again by the next scan
    ANSWERS = "answers"
    REFUSED = "refused"  # not tried again until it changes
    FAILED = "failed"  # tried again a few times


@dataclass(frozen=True, slots=True)
class WatchedFile:
    """A file of a followed folder, as it was when it was last read."""

    name: str  # relative to the folder, with slashes; the document's name
    document: str
    size: int  # bytes
    modified_ns: int
    sha256: str | None  # of the bytes that answer; None while none do
    state: FileState
    owned: bool  # whether what answers came from this folder; else it is never removed
    attempts: int = 0  # that failed since it last changed
    error_code: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """A followed folder, and its last scan."""

    id: str
    path: Path
    collection: str
    state: WatchState
    message: str | None
    report: Mapping[str, Any]
    scanned_at: datetime | None  # UTC


def watch_id(path: Path, collection: str) -> str:
    """Return the id of a folder that is followed into a collection."""
    return str(uuid5(NAMESPACE, f"watch\0{path}\0{collection}"))


class WatchStore:
    """The followed folders of one home."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self, path: Path, collection: str) -> str:
        """Return a followed folder's id, noted where it is new."""
        watch = watch_id(path, collection)
        with transaction(self._engine) as connection:
            if connection.execute(select(watches.c.id).where(watches.c.id == watch)).first() is None:
                values = {"path": str(path), "collection": collection, "state": WatchState.NEW.value}
                connection.execute(insert(watches).values(id=watch, report="{}", **values))
        return watch

    def note_scan(
        self, watch: str, state: WatchState, message: str | None, report: Mapping[str, Any]
    ) -> None:
        """Write down how a scan ended."""
        values = {"state": state.value, "message": message, "report": json.dumps(report)}
        with transaction(self._engine) as connection:
            connection.execute(
                update(watches).where(watches.c.id == watch).values(scanned_at=datetime.now(UTC), **values)
            )

    def get(self, watch: str) -> Watch | None:
        """Return the followed folder of that id."""
        with transaction(self._engine) as connection:
            row = connection.execute(select(watches).where(watches.c.id == watch)).first()
        return None if row is None else _watch(row)

    def all(self) -> list[Watch]:
        """Return all folders that are or were followed, by path."""
        with transaction(self._engine) as connection:
            rows = connection.execute(select(watches).order_by(watches.c.path, watches.c.collection))
            return [_watch(row) for row in rows]

    def files(self, watch: str) -> dict[str, WatchedFile]:
        """Return the known files of a folder, by name."""
        query = select(watched_files).where(watched_files.c.watch == watch).order_by(watched_files.c.name)
        with transaction(self._engine) as connection:
            return {row.name: _file(row) for row in connection.execute(query)}

    def counts(self, watch: str) -> dict[str, int]:
        """Count the known files of a folder by state."""
        query = (
            select(watched_files.c.state, func.count())
            .where(watched_files.c.watch == watch)
            .group_by(watched_files.c.state)
        )
        with transaction(self._engine) as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def other_watch(self, document: str, watch: str) -> str | None:
        """Return the path of another folder that a document came from; None where there is none."""
        query = (
            select(watches.c.path)
            .join(watched_files, watched_files.c.watch == watches.c.id)
            .where(watched_files.c.document == document, watched_files.c.watch != watch)
            .where(watched_files.c.owned.is_(True))
        )
        with transaction(self._engine) as connection:
            return connection.execute(query).scalars().first()

    def put(self, watch: str, file: WatchedFile) -> None:
        """Note a file as it is now known."""
        key = (watched_files.c.watch == watch) & (watched_files.c.name == file.name)
        values = {**asdict(file), "state": file.state.value}
        with transaction(self._engine) as connection:
            changed = connection.execute(update(watched_files).where(key).values(**values))
            if changed.rowcount == 0:
                connection.execute(insert(watched_files).values(watch=watch, **values))

    def forget(self, watch: str, name: str) -> None:
        """Forget a file that is gone."""
        with transaction(self._engine) as connection:
            connection.execute(
                delete(watched_files).where(watched_files.c.watch == watch, watched_files.c.name == name)
            )


def _watch(row: Row[Any]) -> Watch:
    return Watch(
        id=row.id,
        path=Path(row.path),
        collection=row.collection,
        state=WatchState(row.state),
        message=row.message,
        report=json.loads(row.report),
        scanned_at=row.scanned_at.replace(tzinfo=UTC) if row.scanned_at else None,
    )


def _file(row: Row[Any]) -> WatchedFile:
    return WatchedFile(
        name=row.name,
        document=row.document,
        size=row.size,
        modified_ns=row.modified_ns,
        sha256=row.sha256,
        state=FileState(row.state),
        owned=row.owned,
        attempts=row.attempts,
        error_code=row.error_code,
        error=row.error,
    )
