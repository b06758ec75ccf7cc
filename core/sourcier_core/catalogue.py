"""What is known beside the text: collections, documents, versions, generations, open writes (SQLAlchemy)."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
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
    select,
    text,
    update,
)
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from sourcier_core import catalogue_tables as t
from sourcier_core.errors import (
    CatalogueTooNew,
    CatalogueUnavailable,
    IndexMismatch,
    InvalidName,
    StorageFull,
)
from sourcier_core.types import (
    FOREVER,
    Collection,
    Document,
    DocumentStatus,
    DocumentVersion,
    MediaType,
    Structure,
)

MAX_COLLECTION_NAME = 100


@dataclass(frozen=True, slots=True)
class Write:
    """A change to what answers, begun and not yet committed."""

    document: str
    sequence: int  # current once the write is committed


@dataclass(frozen=True, slots=True)
class Generation:
    """One index: what made it, and where it is."""

    id: int
    fingerprint: str
    dimension: int


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
            with self._translated():
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
        with self._begin() as connection:
            return int(connection.execute(select(t.state.c.sequence)).scalar_one())

    def begin_write(self, document: str) -> Write:
        """Note that what a document answers is about to change; undone at the next start if never ended."""
        with self._writing, self._begin() as connection:
            sequence = int(connection.execute(select(t.state.c.sequence)).scalar_one()) + 1
            connection.execute(
                insert(t.writes).values(document=document, sequence=sequence, started_at=_now())
            )
        return Write(document, sequence)

    def unfinished_writes(self) -> list[Write]:
        """Return the writes that were begun and not ended: of a process that died."""
        with self._begin() as connection:
            return [Write(row.document, row.sequence) for row in connection.execute(select(t.writes))]

    def abandon_write(self, write: Write) -> None:
        """Forget a write whose chunks have been removed again."""
        with self._writing, self._begin() as connection:
            connection.execute(delete(t.writes).where(t.writes.c.document == write.document))

    def commit_version(self, write: Write, document: Document, structure: Structure) -> None:
        """Make a document's new version answer, and its former one stop, in the same instant."""
        with self._writing, self._begin() as connection:
            self._end_versions(connection, write)
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
                )
            )
            self._advance(connection, write)

    def commit_delete(self, write: Write) -> None:
        """Make a document stop answering, and vanish from lists, in the same instant."""
        with self._writing, self._begin() as connection:
            self._end_versions(connection, write)
            connection.execute(
                update(t.documents)
                .where(t.documents.c.id == write.document)
                .values(deleted=True, version=None, chunk_count=0, updated_at=_now())
            )
            self._advance(connection, write)

    def _end_versions(self, connection: Connection, write: Write) -> None:
        connection.execute(
            update(t.versions)
            .where(t.versions.c.document == write.document, t.versions.c.valid_to == FOREVER)
            .values(valid_to=write.sequence)
        )

    def _advance(self, connection: Connection, write: Write) -> None:
        connection.execute(delete(t.writes).where(t.writes.c.document == write.document))
        connection.execute(update(t.state).values(sequence=write.sequence))

    # --- collections

    def add_collection(self, name: str, *, public: bool) -> Collection:
        """Make a collection, or give an existing one's access a new value.

        Raises:
            InvalidName: The name is empty, too long, or holds a slash or control character.
        """
        if (
            not name.strip()
            or len(name) > MAX_COLLECTION_NAME
            or any(c in "/\\" or ord(c) < 32 for c in name)
        ):
            rule = f"1 to {MAX_COLLECTION_NAME} characters, no slash and no control character"
            raise InvalidName("collection", name, rule)
        with self._writing, self._begin() as connection:
            changed = connection.execute(
                update(t.collections).where(t.collections.c.name == name).values(public=public)
            )
            if changed.rowcount == 0:
                connection.execute(insert(t.collections).values(name=name, public=public, created_at=_now()))
        return Collection(name, public)

    def collections(self) -> list[Collection]:
        """Return all collections by name."""
        with self._begin() as connection:
            rows = connection.execute(select(t.collections).order_by(t.collections.c.name))
            return [Collection(row.name, row.public) for row in rows]

    # --- documents

    def put_document(self, document: Document) -> None:
        """Write what is known of a document without changing what answers, e.g. that its file was refused."""
        with self._writing, self._begin() as connection:
            _put_document(connection, document)

    def document(self, document: str) -> Document | None:
        """Return the document of that id; None where there is none or it was deleted."""
        rows = self._documents(t.documents.c.id == document)
        return rows[0] if rows else None

    def documents(self, collections: Sequence[str]) -> list[Document]:
        """Return the documents of those collections, by collection and name."""
        return self._documents(t.documents.c.collection.in_(list(collections)))

    def _documents(self, condition: Any) -> list[Document]:
        query = (
            select(t.documents)
            .where(condition, t.documents.c.deleted.is_(False))
            .order_by(t.documents.c.collection, t.documents.c.name)
        )
        with self._begin() as connection:
            return [_document(row) for row in connection.execute(query)]

    def document_version(self, document: str, version: str) -> DocumentVersion | None:
        """Return a version that answers or once did; None where there is none or the document was deleted."""
        query = (
            select(t.versions)
            .join(t.documents, t.documents.c.id == t.versions.c.document)
            .where(t.versions.c.document == document, t.versions.c.version == version)
            .where(t.documents.c.deleted.is_(False))
            .order_by(t.versions.c.valid_from.desc())
        )
        with self._begin() as connection:
            row = connection.execute(query).first()
        return None if row is None else _version(row)

    def version_in_use(self, version: str) -> bool:
        """Tell whether any document that is not deleted has or had these bytes."""
        query = (
            select(func.count())
            .select_from(t.versions)
            .join(t.documents, t.documents.c.id == t.versions.c.document)
            .where(t.versions.c.version == version, t.documents.c.deleted.is_(False))
        )
        with self._begin() as connection:
            return bool(connection.execute(query).scalar_one())

    def versions_of(self, document: str) -> list[str]:
        """Return every sha256 the document ever had, deleted or not."""
        query = select(t.versions.c.version).where(t.versions.c.document == document).distinct()
        with self._begin() as connection:
            return [row.version for row in connection.execute(query)]

    def forget_versions(self, document: str) -> None:
        """Forget what a deleted document was: its files are removed, and must not count should it return."""
        with self._writing, self._begin() as connection:
            connection.execute(
                delete(t.versions).where(t.versions.c.document == document, t.versions.c.valid_to != FOREVER)
            )

    # --- generations

    def live_generation(self) -> Generation | None:
        """Return the index generation that answers; None before the first document."""
        with self._begin() as connection:
            row = connection.execute(select(t.generations).where(t.generations.c.live.is_(True))).first()
        return None if row is None else Generation(row.id, row.fingerprint, row.dimension)

    def open_generation(self, fingerprint: str, dimension: int) -> Generation:
        """Return the live generation, made where there is none.

        Raises:
            IndexMismatch: The live one was made with other settings.
        """
        live = self.live_generation()
        if live is not None:
            if live.fingerprint != fingerprint:
                raise IndexMismatch(live.fingerprint, fingerprint)
            return live
        with self._writing, self._begin() as connection:
            values = {"fingerprint": fingerprint, "dimension": dimension, "live": True, "created_at": _now()}
            made = connection.execute(insert(t.generations).values(**values))
            key = made.inserted_primary_key
        return Generation(int(key[0]) if key else 1, fingerprint, dimension)

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        with self._translated(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            if "disk is full" in str(error) or "No space" in str(error):
                raise StorageFull(self._engine.url.database or "the catalogue") from error
            raise CatalogueUnavailable(self._engine.url.render_as_string(), str(error.orig)) from error
        except SQLAlchemyError as error:
            raise CatalogueUnavailable(self._engine.url.render_as_string(), type(error).__name__) from error


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
    # One that was deleted comes back without the versions it had: their files are gone.
    returns = select(t.documents.c.id).where(t.documents.c.id == document.id, t.documents.c.deleted.is_(True))
    connection.execute(delete(t.versions).where(t.versions.c.document.in_(returns)))
    changed = connection.execute(update(t.documents).where(t.documents.c.id == document.id).values(**values))
    if changed.rowcount == 0:
        connection.execute(insert(t.documents).values(id=document.id, **values))


def _document(row: Row[Any]) -> Document:
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
    )


def _version(row: Row[Any]) -> DocumentVersion:
    return DocumentVersion(
        document=row.document,
        version=row.version,
        title=row.title,
        media_type=MediaType(row.media_type),
        language=row.language,
        page_count=row.page_count,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


def _now() -> datetime:
    return datetime.now(UTC)
