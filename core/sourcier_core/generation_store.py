"""The generations of one home as rows: which one is live, what the others hold, and the audit."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from types import SimpleNamespace
from typing import Any, Self, TypeAlias, cast

from sqlalchemy import Connection, Row, delete, insert, select, update

from sourcier_core.catalogue import Catalogue, to_document, to_version
from sourcier_core.catalogue_tables import (
    audit,
    documents,
    generation_documents,
    generations,
    quote_boxes,
    removals,
    state,
    versions,
)
from sourcier_core.errors import GenerationNotFound, IndexMismatch
from sourcier_core.index_payload import PAYLOAD_LAYOUT
from sourcier_core.recipe import Recipe
from sourcier_core.types import FOREVER, Document, DocumentStatus, DocumentVersion, Marks


class GenerationState(StrEnum):
    """Where a generation is in its life."""

    BUILDING = "building"
    CHECKING = "checking"  # at the gate
    READY = "ready"  # whole, and not live: it failed at the gate, or waits to be promoted
    LIVE = "live"  # exactly one answers
    KEPT = "kept"  # was live: a rollback can go back to it
    FAILED = "failed"
    CANCELLED = "cancelled"
    PRUNED = "pruned"  # its index is gone, its report stays


UNFINISHED = (GenerationState.BUILDING, GenerationState.CHECKING)
WITH_INDEX = (*UNFINISHED, GenerationState.READY, GenerationState.LIVE, GenerationState.KEPT)


@dataclass(frozen=True, slots=True)
class Facts:
    """What reader and chunker decided of a document."""

    title: str
    status: str
    reason: str | None
    reason_code: str | None
    language: str
    page_count: int
    chunk_count: int

    @classmethod
    def of(cls, document: Document) -> Self:
        """Return those of a document as it answers."""
        return cls(
            title=document.title,
            status=document.status.value,
            reason=document.reason,
            reason_code=document.reason_code,
            language=document.language,
            page_count=document.page_count,
            chunk_count=document.chunk_count,
        )


Key: TypeAlias = tuple[str, int]  # a document, and the sequence at which one of its versions began to answer


@dataclass(frozen=True, slots=True)
class Held:
    """A document's version in a generation that is not live."""

    version: str
    facts: Facts
    stamp: str  # what its chunks have beside their text, see Wanted.stamp


@dataclass(frozen=True, slots=True)
class Wanted:
    """A version whose chunks every generation that answers must hold."""

    document: Document  # as it is in its newest version
    version: DocumentVersion
    appearances: int  # of the same bytes before

    @property
    def key(self) -> Key:
        """Return what tells it from others."""
        return self.document.id, self.version.valid_from

    @property
    def edition(self) -> str:
        """Return what the ids of its chunks are made of."""
        sha256 = self.version.version
        return f"{sha256} {self.appearances}" if self.appearances else sha256

    @property
    def marks(self) -> Marks:
        """Return what its chunks have beside their text."""
        return Marks(self.version.declared, self.document.tags, self.document.groups)

    @property
    def stamp(self) -> str:
        """Return all that its chunks have beside their text, to be compared."""
        period = self.version.declared
        values = [period.first_day, period.end_day, self.version.valid_to, self.version.superseded_day]
        return json.dumps([values, sorted(self.document.tags), sorted(self.document.groups)])

    @property
    def newest(self) -> bool:
        """Tell whether it is the document's newest version."""
        return self.version.valid_to == FOREVER


@dataclass(frozen=True, slots=True)
class Generation:
    """One index: what made it, how it was judged, and where it is in its life."""

    id: int
    state: GenerationState
    fingerprint: str
    recipe: Recipe | None  # None of one made by a release that did not note it
    dimension: int
    payload: int  # layout of the stored fields of its chunks
    edition: str  # of the page sidecars that its chunks are spans of; "" is the first
    created_at: datetime
    promoted_at: datetime | None
    retired_at: datetime | None
    complete_at: int  # least sequence that it answers for
    request: Mapping[str, Any]
    progress: Mapping[str, Any]
    report: Mapping[str, Any] | None  # of the gate
    error_code: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What an administrator did."""

    at: datetime
    who: str
    action: str
    subject: str
    reason: str


class GenerationStore:
    """Rows of generations, in the catalogue's database."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def live(self) -> Generation | None:
        """Return the generation that answers; None before a home's first start."""
        found = self._where(generations.c.state == GenerationState.LIVE.value)
        return found[0] if found else None

    def all(self) -> list[Generation]:
        """Return all generations, the newest first."""
        return self._where()

    def get(self, generation: int) -> Generation:
        """Return a generation.

        Raises:
            GenerationNotFound: There is none of that number.
        """
        found = self._where(generations.c.id == generation)
        if not found:
            raise GenerationNotFound(generation)
        return found[0]

    def unfinished(self) -> Generation | None:
        """Return the generation that is being built, or was when its process ended."""
        found = self._where(generations.c.state.in_([state.value for state in UNFINISHED]))
        return found[0] if found else None

    def previous(self) -> Generation | None:
        """Return the generation that was live last, where it is kept."""
        found = self._where(generations.c.state == GenerationState.KEPT.value)
        return max(found, key=lambda kept: (kept.retired_at or kept.created_at, kept.id), default=None)

    def open_first(self, recipe: Recipe, dimension: int) -> Generation:
        """Return the live generation of a recipe, made where there is none.

        One that a former release made without noting its recipe gets it noted.

        Raises:
            IndexMismatch: The live one was made with another recipe, and with which was not noted.
        """
        live = self.live()
        if live is None:
            values = {"state": GenerationState.LIVE.value, "promoted_at": _now()}
            return self.get(self._insert(recipe, dimension, "", values))
        if live.fingerprint != recipe.fingerprint:
            raise IndexMismatch(live.fingerprint, recipe.fingerprint)
        if live.recipe is None:
            self._update(live.id, recipe=recipe.to_json())
        return self.get(live.id)

    def note_recipe(self, generation: int, recipe: Recipe) -> None:
        """Note what made a generation of a former release, which did not."""
        self._update(generation, recipe=recipe.to_json())

    def begin(
        self, recipe: Recipe, dimension: int, edition: str, request: Mapping[str, Any] | None = None
    ) -> Generation:
        """Make a generation that is to be built."""
        values = {"state": GenerationState.BUILDING.value, "request": json.dumps(dict(request or {}))}
        return self.get(self._insert(recipe, dimension, edition, values))

    def wanted(self) -> tuple[int, dict[Key, Wanted]]:
        """Return the sequence at which questions read now, and what a generation must hold to answer them."""
        query = (
            select(versions, *(column.label(f"d_{column.name}") for column in documents.c))
            .join(documents, documents.c.id == versions.c.document)
            .where(documents.c.deleted.is_(False))
            .order_by(versions.c.document, versions.c.valid_from)
        )
        seen: dict[tuple[str, str], int] = {}
        found: dict[Key, Wanted] = {}
        with self._catalogue.writing() as connection:
            sequence = int(connection.execute(select(state.c.sequence)).scalar_one())
            for row in connection.execute(query):
                before = seen.get((row.document, row.version), 0)
                seen[row.document, row.version] = before + 1
                if row.searchable:
                    columns: Any = {c.name: row._mapping[f"d_{c.name}"] for c in documents.c}
                    document = to_document(cast(Any, SimpleNamespace(**columns)))
                    one = Wanted(document, to_version(row), before)
                    found[one.key] = one
        return sequence, found

    def held(self, generation: int) -> dict[Key, Held]:
        """Return what a generation that is not live holds."""
        query = select(generation_documents).where(generation_documents.c.generation == generation)
        with self._catalogue.reading() as connection:
            return {
                (row.document, row.valid_from): Held(row.version, Facts(**json.loads(row.facts)), row.stamp)
                for row in connection.execute(query)
            }

    def hold(self, generation: int, key: Key, held: Held) -> None:
        """Note that a document's version is whole in a generation."""
        with self._catalogue.writing() as connection:
            _unhold(connection, generation, key)
            _hold(connection, generation, key, held)

    def unhold(self, generation: int, key: Key) -> None:
        """Note that a document's version is, or is about to be, no longer in a generation."""
        with self._catalogue.writing() as connection:
            _unhold(connection, generation, key)

    def note(
        self,
        generation: int,
        *,
        state: GenerationState | None = None,
        progress: Mapping[str, Any] | None = None,
        report: Mapping[str, Any] | None = None,
    ) -> None:
        """Write down how far a generation is."""
        values: dict[str, Any] = {}
        if state is not None:
            values["state"] = state.value
        if progress is not None:
            values["progress"] = json.dumps(dict(progress))
        if report is not None:
            values["report"] = json.dumps(dict(report), ensure_ascii=False)
        self._update(generation, **values)

    def request(self, generation: int, request: Mapping[str, Any]) -> None:
        """Write down who asks for a generation now."""
        self._update(generation, request=json.dumps(dict(request)), error_code=None, error=None)

    def wait(self, generation: int, code: str | None, error: str | None) -> None:
        """Write down that a generation is whole and does not go live, and why."""
        with self._catalogue.writing() as connection:
            connection.execute(
                update(generations)
                .where(
                    generations.c.id == generation,
                    generations.c.state.in_([state.value for state in UNFINISHED]),
                )
                .values(state=GenerationState.READY.value, error_code=code, error=error)
            )

    def end(
        self, generation: int, state: GenerationState, code: str | None = None, error: str | None = None
    ) -> None:
        """Write down that a generation is given up, or its index removed."""
        with self._catalogue.writing() as connection:
            connection.execute(
                delete(generation_documents).where(generation_documents.c.generation == generation)
            )
            connection.execute(
                update(generations)
                .where(generations.c.id == generation, generations.c.state != GenerationState.LIVE.value)
                .values(state=state.value, error_code=code, error=error)
            )

    def promote(
        self, generation: int, sequence: int, wanted: Mapping[Key, Wanted], audited: AuditEntry
    ) -> None:
        """Make a generation answer in the place of the live one, in one transaction.

        No document is being written, and the generation holds all that answers.

        Args:
            generation: That is whole.
            sequence: At which questions read now.
            wanted: What a generation must hold to answer them: what the live one holds.
            audited: Who, why.
        """
        new = self.get(generation)
        live = self.live()
        holds = self.held(generation)
        with self._catalogue.writing() as connection:
            if live is not None:
                for key, now in wanted.items():
                    held = Held(now.version.version, Facts.of(now.document), now.stamp)
                    _hold(connection, live.id, key, held)
                _hold_unpurged(connection, live.id, wanted)
                _set(connection, live.id, state=GenerationState.KEPT.value, retired_at=_now())
            connection.execute(
                delete(generation_documents).where(generation_documents.c.generation == generation)
            )
            _set(
                connection,
                generation,
                state=GenerationState.LIVE.value,
                promoted_at=_now(),
                retired_at=None,
                complete_at=sequence,
                error_code=None,
                error=None,
            )
            reread = live is not None and live.edition != new.edition
            for key, held in holds.items():
                if key in wanted:
                    _put_facts(connection, wanted[key], held, reread=reread)
            if reread:  # the boxes are of spans of other texts
                connection.execute(delete(quote_boxes))
            _audit(connection, audited)

    def audit(self, entry: AuditEntry) -> None:
        """Write down what an administrator did."""
        with self._catalogue.writing() as connection:
            _audit(connection, entry)

    def audited(self) -> Sequence[AuditEntry]:
        """Return what administrators did, the latest first."""
        with self._catalogue.writing() as connection:
            rows = connection.execute(select(audit).order_by(audit.c.id.desc()))
            return [
                AuditEntry(row.at.replace(tzinfo=UTC), row.who, row.action, row.subject, row.reason)
                for row in rows
            ]

    def _where(self, *conditions: Any) -> list[Generation]:
        query = select(generations).where(*conditions).order_by(generations.c.id.desc())
        with self._catalogue.writing() as connection:
            return [_generation(row) for row in connection.execute(query)]

    def _insert(self, recipe: Recipe, dimension: int, edition: str, values: Mapping[str, Any]) -> int:
        row = {
            "fingerprint": recipe.fingerprint,
            "recipe": recipe.to_json(),
            "dimension": dimension,
            "payload": PAYLOAD_LAYOUT,
            "edition": edition,
            "created_at": _now(),
            "complete_at": 0,
            **values,
        }
        with self._catalogue.writing() as connection:
            key = connection.execute(insert(generations).values(**row)).inserted_primary_key
        assert key is not None
        return int(key[0])

    def _update(self, generation: int, **values: Any) -> None:
        with self._catalogue.writing() as connection:
            _set(connection, generation, **values)


def edition_of(live: Generation, recipe: Recipe) -> str:
    """Return the edition of page sidecars for a generation of a recipe: the live one's where read alike."""
    if live.recipe is not None and live.recipe.reader == recipe.reader:
        return live.edition
    return recipe.reader.replace("/", "-")[:40]


def audit_entry(who: str, action: str, generation: int, reason: str) -> AuditEntry:
    """Return an entry of now."""
    return AuditEntry(_now(), who, action, f"generation {generation}", reason)


def _set(connection: Connection, generation: int, **values: Any) -> None:
    connection.execute(update(generations).where(generations.c.id == generation).values(**values))


def _hold(connection: Connection, generation: int, key: Key, held: Held) -> None:
    document, valid_from = key
    connection.execute(
        insert(generation_documents).values(
            generation=generation,
            document=document,
            version=held.version,
            valid_from=valid_from,
            facts=json.dumps(asdict(held.facts), ensure_ascii=False),
            stamp=held.stamp,
        )
    )


def _hold_unpurged(connection: Connection, generation: int, wanted: Mapping[Key, Wanted]) -> None:
    """Note what an index holds of documents that were deleted and are purged from the next one alone."""
    query = select(versions).where(versions.c.document.in_(select(removals.c.document)))
    for row in connection.execute(query).all():
        key = row.document, row.valid_from
        if key not in wanted:
            facts = Facts(row.title, DocumentStatus.READY.value, None, None, row.language, row.page_count, 0)
            _hold(connection, generation, key, Held(row.version, facts, ""))


def _unhold(connection: Connection, generation: int, key: Key) -> None:
    document, valid_from = key
    connection.execute(
        delete(generation_documents).where(
            generation_documents.c.generation == generation,
            generation_documents.c.document == document,
            generation_documents.c.valid_from == valid_from,
        )
    )


def _put_facts(connection: Connection, wanted: Wanted, held: Held, *, reread: bool) -> None:
    values = asdict(held.facts) if reread else {"chunk_count": held.facts.chunk_count}
    if wanted.newest:
        connection.execute(update(documents).where(documents.c.id == wanted.document.id).values(**values))
    if reread:
        of_version = {name: values[name] for name in ("title", "language", "page_count")}
        connection.execute(
            update(versions)
            .where(versions.c.document == wanted.document.id)
            .where(versions.c.valid_from == wanted.version.valid_from)
            .values(**of_version)
        )


def _audit(connection: Connection, entry: AuditEntry) -> None:
    connection.execute(
        insert(audit).values(
            at=entry.at, who=entry.who, action=entry.action, subject=entry.subject, reason=entry.reason
        )
    )


def _generation(row: Row[Any]) -> Generation:
    return Generation(
        id=row.id,
        state=GenerationState(row.state),
        fingerprint=row.fingerprint,
        recipe=Recipe.from_json(row.recipe),
        dimension=row.dimension,
        payload=row.payload,
        edition=row.edition,
        created_at=row.created_at.replace(tzinfo=UTC),
        promoted_at=_aware(row.promoted_at),
        retired_at=_aware(row.retired_at),
        complete_at=row.complete_at,
        request=json.loads(row.request or "{}"),
        progress=json.loads(row.progress or "{}"),
        report=json.loads(row.report) if row.report else None,
        error_code=row.error_code,
        error=row.error,
    )


def _aware(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)


def _now() -> datetime:
    return datetime.now(UTC)
