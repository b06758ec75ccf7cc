"""What is known beside the text: collections, documents, versions, open writes (SQLAlchemy)."""

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    create_engine,
    delete,
    event,
    func,
    insert,
    inspect,
    or_,
    select,
    text,
    update,
)

from sourcier_core import catalogue_tables as t
from sourcier_core.database import transaction, translated
from sourcier_core.errors import CatalogueTooNew, DocumentRemoved, InvalidName
from sourcier_core.types import (
    FOREVER,
    NEVER,
    Collection,
    Document,
    DocumentStatus,
    DocumentVersion,
    JobState,
    MediaType,
    Period,
    Structure,
)

MAX_COLLECTION_NAME = 100
ALL_DAYS = Period()


@dataclass(frozen=True, slots=True)
class Write:
    """A change to what answers, begun and not yet committed."""

    document: str
    sequence: int  # current once the write is committed


@dataclass(frozen=True, slots=True)
class Generation:
    """One index: what made it, and where it is. `generation_store` knows all of it."""

    id: int
    fingerprint: str
    dimension: int
    payload: int  # layout of the stored fields of its chunks


@dataclass(frozen=True, slots=True)
class View:
    """The state of the catalogue at which a question reads."""

    sequence: int
    revision: int  # raised by every commit after which a question may find something else
    removed: frozenset[str]  # documents deleted, whose chunks are not purged yet


class Catalogue:
    """The catalogue of one home. One write to what answers at a time; readers are never kept waiting."""

    def __init__(self, url: str) -> None:
        """Open the database, migrated to the newest schema.

        Raises:
            CatalogueUnavailable: It cannot be opened or written.
            CatalogueTooNew: A newer release wrote it; it is left as it was.
        """
        self._url = url
        self._engine = _engine(url)
        self._writing = threading.Lock()
        try:
            with translated(self._engine):
                _migrate(self._engine)
        except BaseException:
            self._engine.dispose()  # leaves no journal beside a catalogue that was refused
            raise

    @property
    def engine(self) -> Engine:
        """For the stores that keep their own tables in the same database."""
        return self._engine

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()

    # --- what answers, and since when

    def sequence(self) -> int:
        """Return the sequence at which questions read now."""
        with self.reading() as connection:
            return int(connection.execute(select(t.state.c.sequence)).scalar_one())

    def view(self) -> View:
        """Return the state at which a question asked now reads."""
        with self.reading() as connection:
            row = connection.execute(select(t.state.c.sequence, t.state.c.revision)).one()
            removed = frozenset(connection.execute(select(t.removals.c.document)).scalars())
        return View(row.sequence, row.revision, removed)

    def begin_write(self, document: str) -> Write:
        """Note that what a document answers is about to change; undone at the next start if never ended."""
        with self.writing() as connection:
            sequence = int(connection.execute(select(t.state.c.sequence)).scalar_one()) + 1
            connection.execute(
                insert(t.writes).values(document=document, sequence=sequence, started_at=_now())
            )
        return Write(document, sequence)

    def unfinished_writes(self) -> list[Write]:
        """Return the writes that were begun and not ended: of a process that died."""
        with self.reading() as connection:
            return [Write(row.document, row.sequence) for row in connection.execute(select(t.writes))]

    def abandon_write(self, write: Write) -> None:
        """Forget a write whose chunks have been removed again."""
        with self.writing() as connection:
            connection.execute(delete(t.writes).where(t.writes.c.document == write.document))

    def require_not_removed(self, document: str, name: str) -> None:
        """Stop a write whose document was deleted since it began.

        Raises:
            DocumentRemoved: It was.
        """
        with self.reading() as connection:
            _require_not_removed(connection, document, name)

    def commit_version(
        self, write: Write, document: Document, structure: Structure, period: Period = ALL_DAYS
    ) -> None:
        """Make a document's new version answer, and its former one stop, in the same instant.

        A version that takes effect in the future answers from its first day; the former one until then.

        Raises:
            DocumentRemoved: The document was deleted since the write began.
        """
        with self.writing() as connection:
            _require_not_removed(connection, document.id, document.name)
            _supersede(connection, write, period.first_day)
            _put_document(connection, document)
            connection.execute(
                insert(t.versions).values(
                    document=document.id,
                    version=document.version,
                    valid_from=write.sequence,
                    valid_to=FOREVER,
                    title=document.title,
                    media_type=structure.media_type.value,
                    language=document.language,
                    page_count=structure.page_count,
                    first_day=period.first_day,
                    end_day=period.end_day,
                    superseded_day=NEVER,
                    committed_at=_now(),
                    searchable=True,
                )
            )
            self._advance(connection, write)

    def commit_delete(self, document: str) -> None:
        """Make a document stop answering and vanish from lists, and cancel its jobs, in the same instant.

        Its chunks and files are there until they are purged (`removals`), and seen by no question. The
        sequence does not advance: a write under way, of another document, must not begin to answer.
        """
        with self.writing() as connection:
            if (
                connection.execute(select(t.removals).where(t.removals.c.document == document)).first()
                is None
            ):
                connection.execute(insert(t.removals).values(document=document, requested_at=_now()))
            connection.execute(
                update(t.documents)
                .where(t.documents.c.id == document)
                .values(deleted=True, version=None, chunk_count=0, updated_at=_now())
            )
            ended = [state.value for state in JobState if state.ended]
            connection.execute(
                update(t.jobs)
                .where(t.jobs.c.document == document, t.jobs.c.state.not_in(ended))
                .values(state=JobState.CANCELLED.value, updated_at=_now())
            )
            raise_revision(connection)

    def removals(self) -> list[str]:
        """Return the documents that were deleted and wait to be purged."""
        with self.reading() as connection:
            return list(connection.execute(select(t.removals.c.document)).scalars())

    def finish_removal(self, document: str) -> None:
        """Forget a deleted document's versions: nothing of them is stored any more."""
        with self.writing() as connection:
            connection.execute(delete(t.versions).where(t.versions.c.document == document))
            connection.execute(delete(t.restatements).where(t.restatements.c.document == document))
            connection.execute(delete(t.removals).where(t.removals.c.document == document))
            raise_revision(connection)

    def _advance(self, connection: Connection, write: Write) -> None:
        connection.execute(delete(t.writes).where(t.writes.c.document == write.document))
        connection.execute(update(t.state).values(sequence=write.sequence))
        raise_revision(connection)

    # --- collections

    def add_collection(self, name: str, *, public: bool) -> Collection:
        """Make a collection, or give an existing one's access a new value.

        Raises:
            InvalidName: The name is empty, too long, or holds a slash or control character.
        """
        check_collection_name(name)
        with self.writing() as connection:
            raise_revision(connection)
            changed = connection.execute(
                update(t.collections).where(t.collections.c.name == name).values(public=public)
            )
            if changed.rowcount == 0:
                connection.execute(insert(t.collections).values(name=name, public=public, created_at=_now()))
        return Collection(name, public)

    def collections(self) -> list[Collection]:
        """Return all collections by name."""
        with self.reading() as connection:
            rows = connection.execute(select(t.collections).order_by(t.collections.c.name))
            return [Collection(row.name, row.public) for row in rows]

    # --- documents

    def put_document(self, document: Document) -> None:
        """Write what is known of a document without changing what answers, e.g. that its file was refused.

        Raises:
            DocumentRemoved: It was deleted, and is not purged yet.
        """
        with self.writing() as connection:
            _require_not_removed(connection, document.id, document.name)
            _put_document(connection, document)

    def document(self, document: str) -> Document | None:
        """Return the document of that id; None where there is none or it was deleted."""
        rows = self._documents(t.documents.c.id == document)
        return rows[0] if rows else None

    def documents_of(self, ids: Iterable[str]) -> dict[str, Document]:
        """Return the documents of those ids, by id; none that was deleted."""
        return {document.id: document for document in self._documents(t.documents.c.id.in_(list(ids)))}

    def documents(self, collections: Sequence[str]) -> list[Document]:
        """Return the documents of those collections, by collection and name."""
        return self._documents(t.documents.c.collection.in_(list(collections)))

    def _documents(self, condition: Any) -> list[Document]:
        query = (
            select(t.documents)
            .where(condition, t.documents.c.deleted.is_(False))
            .order_by(t.documents.c.collection, t.documents.c.name)
        )
        with self.reading() as connection:
            return [to_document(row) for row in connection.execute(query)]

    def document_version(self, document: str, version: str) -> DocumentVersion | None:
        """Return a version that answers or once did; None where there is none or the document was deleted."""
        query = (
            select(t.versions)
            .join(t.documents, t.documents.c.id == t.versions.c.document)
            .where(t.versions.c.document == document, t.versions.c.version == version)
            .where(t.documents.c.deleted.is_(False))
            .order_by(t.versions.c.valid_from.desc())
        )
        with self.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else to_version(row)

    def answering(
        self,
        sequence: int,
        day: int,
        *,
        collections: Iterable[str] | None = None,
        documents: Iterable[str] | None = None,
    ) -> list[tuple[Document, DocumentVersion]]:
        """Return what answers at a sequence as of a day, by collection, name and sequence; none deleted.

        Returns:
            Each document as it is or was in the version beside it, and in how many chunks it is stored now.
        """
        v = t.versions.c
        query = (
            select(t.documents, *(column.label(f"v_{column.name}") for column in t.versions.c))
            .join(t.versions, t.documents.c.id == v.document)
            .where(t.documents.c.deleted.is_(False), v.searchable.is_(True))
            .where(v.valid_from <= sequence, v.first_day <= day, v.end_day > day)
            .where(or_(v.valid_to > sequence, v.superseded_day > day))
            .order_by(t.documents.c.collection, t.documents.c.name, v.valid_from)
        )
        if collections is not None:
            query = query.where(t.documents.c.collection.in_(list(collections)))
        if documents is not None:
            query = query.where(t.documents.c.id.in_(list(documents)))
        with self.reading() as connection:
            rows = connection.execute(query).all()
        return [_in_version(row) for row in rows]

    def version_in_use(self, version: str) -> bool:
        """Tell whether any document that is not deleted has or had these bytes."""
        query = (
            select(func.count())
            .select_from(t.versions)
            .join(t.documents, t.documents.c.id == t.versions.c.document)
            .where(t.versions.c.version == version, t.documents.c.deleted.is_(False))
        )
        with self.reading() as connection:
            return bool(connection.execute(query).scalar_one())

    def versions_of(self, document: str) -> list[str]:
        """Return every sha256 the document ever had, deleted or not."""
        query = select(t.versions.c.version).where(t.versions.c.document == document).distinct()
        with self.reading() as connection:
            return [row.version for row in connection.execute(query)]

    # --- generations

    def live_generation(self) -> Generation | None:
        """Return the index generation that answers; None before the first start."""
        with self.reading() as connection:
            row = connection.execute(select(t.generations).where(t.generations.c.state == "live")).first()
        return None if row is None else Generation(row.id, row.fingerprint, row.dimension, row.payload)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection, for the stores that read these tables too."""
        with transaction(self._engine) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection to change what is known: one at a time, all of it or nothing."""
        with self._writing, transaction(self._engine) as connection:
            yield connection


def check_collection_name(name: str) -> None:
    """Refuse a name that a collection cannot have.

    Raises:
        InvalidName: It is empty, too long, or holds a slash or control character.
    """
    if not name.strip() or len(name) > MAX_COLLECTION_NAME or any(c in "/\\" or ord(c) < 32 for c in name):
        rule = f"1 to {MAX_COLLECTION_NAME} characters, no slash and no control character"
        raise InvalidName("collection", name, rule)


def _engine(url: str) -> Engine:
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _configure(connection: Any, _record: Any) -> None:
            # WAL: readers go on while a write commits. FULL: a commit survives a power loss.
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
                connection.execute(f"PRAGMA {pragma}")

    return engine


def _migrate(engine: Engine) -> None:
    found = None
    with engine.connect() as connection:
        if inspect(connection).has_table("alembic_version"):
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            if found == t.SCHEMA_REVISION:
                return
    # Imported here: a quarter of a second that only a new or older database needs.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "sourcier_core:migrations")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise CatalogueTooNew(engine.url.render_as_string(), found, t.SCHEMA_REVISION)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _put_document(connection: Connection, document: Document) -> None:
    values = {
        "collection": document.collection,
        "name": document.name,
        "title": document.title,
        "status": document.status.value,
        "reason": document.reason,
        "reason_code": document.reason_code,
        "version": document.version,
        "media_type": document.media_type.value if document.media_type else None,
        "language": document.language,
        "page_count": document.page_count,
        "chunk_count": document.chunk_count,
        "size": document.size,
        "updated_at": document.updated_at,
        "deleted": False,
    }
    known = {"tags": to_json(document.tags), "groups": to_json(document.groups)}
    # One that was deleted comes back without the versions it had: their files are gone.
    returns = select(t.documents.c.id).where(t.documents.c.id == document.id, t.documents.c.deleted.is_(True))
    if connection.execute(returns).first() is not None:
        connection.execute(delete(t.versions).where(t.versions.c.document == document.id))
        values |= known
    # Of one that is there, tags and groups are left: maybe they changed since its chunks were written.
    mine = select(t.documents.c.tags, t.documents.c.groups).where(t.documents.c.id == document.id)
    found = connection.execute(mine).first()
    if found is not None and (found.tags, found.groups) != (known["tags"], known["groups"]):
        owe_restatement(connection, document.id)
    changed = connection.execute(update(t.documents).where(t.documents.c.id == document.id).values(**values))
    if changed.rowcount == 0:
        connection.execute(insert(t.documents).values(id=document.id, **values, **known))


def to_document(row: Row[Any]) -> Document:
    """Return the document that a row is."""
    return Document(
        id=row.id,
        collection=row.collection,
        name=row.name,
        title=row.title,
        status=DocumentStatus(row.status),
        reason=row.reason,
        reason_code=row.reason_code,
        version=row.version,
        media_type=MediaType(row.media_type) if row.media_type else None,
        language=row.language,
        page_count=row.page_count,
        chunk_count=row.chunk_count,
        size=row.size,
        updated_at=row.updated_at.replace(tzinfo=UTC),
        tags=frozenset(json.loads(row.tags)),
        groups=frozenset(json.loads(row.groups)),
    )


def _in_version(row: Row[Any]) -> tuple[Document, DocumentVersion]:
    known = to_version(
        SimpleNamespace(**{column.name: row._mapping[f"v_{column.name}"] for column in t.versions.c})
    )
    document = replace(
        to_document(row),
        title=known.title,
        version=known.version,
        media_type=known.media_type,
        language=known.language,
        page_count=known.page_count,
    )
    return document, known


def to_version(row: Row[Any] | SimpleNamespace) -> DocumentVersion:
    """Return the version that a row is."""
    return DocumentVersion(
        document=row.document,
        version=row.version,
        title=row.title,
        media_type=MediaType(row.media_type),
        language=row.language,
        page_count=row.page_count,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        declared=Period(row.first_day, row.end_day),
        superseded_day=row.superseded_day,
        committed_at=row.committed_at.replace(tzinfo=UTC) if row.committed_at else None,
        searchable=row.searchable,
    )


def to_json(names: frozenset[str]) -> str:
    """Return names as they are stored."""
    return json.dumps(sorted(names), ensure_ascii=False)


def raise_revision(connection: Connection) -> None:
    """Note that questions may find something else from now on."""
    connection.execute(update(t.state).values(revision=t.state.c.revision + 1))


def owe_restatement(connection: Connection, document: str) -> None:
    """Note that the stored fields of a document's chunks are yet to be brought to what is known of it."""
    connection.execute(delete(t.restatements).where(t.restatements.c.document == document))
    connection.execute(insert(t.restatements).values(document=document))
    raise_revision(connection)


def _require_not_removed(connection: Connection, document: str, name: str) -> None:
    if connection.execute(select(t.removals).where(t.removals.c.document == document)).first() is not None:
        raise DocumentRemoved(name)


def _supersede(connection: Connection, write: Write, day: int) -> None:
    """End a document's versions as of a day, those superseded by then left: as the index's `retire` does."""
    connection.execute(
        update(t.versions)
        .where(t.versions.c.document == write.document, t.versions.c.superseded_day > day)
        .values(valid_to=write.sequence, superseded_day=day, followed_at=_now())
    )


def _now() -> datetime:
    return datetime.now(UTC)
