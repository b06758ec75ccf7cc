"""Versions of documents <-> the catalogue: periods of effect, tags and groups, what the index owes them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from sourcier_core import catalogue_tables as t
from sourcier_core.catalogue import (
    Catalogue,
    owe_restatement,
    raise_revision,
    to_document,
    to_json,
    to_version,
)
from sourcier_core.errors import InvalidPeriod, VersionNotFound
from sourcier_core.types import NEVER, Document, DocumentVersion, Period

DayField = Literal["first_day", "end_day"]


class VersionStore:
    """The versions of one home's documents. A change is noted as owed to the index until it is restated."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def versions(self, document: str) -> list[DocumentVersion]:
        """Return the versions that a document has and had, newest first."""
        with self._catalogue.reading() as connection:
            return _versions(connection, document)[::-1]

    def appearances(self, document: str, version: str) -> int:
        """Count how often a document has had these bytes: a version that returns has chunks of its own."""
        query = select(func.count()).where(t.versions.c.document == document, t.versions.c.version == version)
        with self._catalogue.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def change(
        self, document: str, *, tags: frozenset[str] | None = None, groups: frozenset[str] | None = None
    ) -> Document | None:
        """Give a document other tags or groups; None leaves them. Returns None where it was deleted."""
        values = {"tags": tags, "groups": groups}
        changed = {key: to_json(names) for key, names in values.items() if names is not None}
        with self._catalogue.writing() as connection:
            one = t.documents.c.id == document, t.documents.c.deleted.is_(False)
            if changed:
                connection.execute(update(t.documents).where(*one).values(**changed))
                owe_restatement(connection, document)
            row = connection.execute(select(t.documents).where(*one)).first()
        return to_document(row) if row else None

    def set_period(
        self, document: Document, version: str | None, days: Mapping[DayField, int]
    ) -> DocumentVersion:
        """Give a version another period; the former one's follows.

        Args:
            document: Whose it is.
            version: Its sha256 or the first digits of it, the last time it came; None: the newest.
            days: The ends to change.

        Raises:
            InvalidPeriod: It would hold no day.
            VersionNotFound: There is no such version, or there are several of those digits.
        """
        with self._catalogue.writing() as connection:
            known = _versions(connection, document.id)
            named = [one for one in known if version is None or one.version.startswith(version.lower())]
            if not named or (version is not None and len({one.version for one in named}) > 1):
                raise VersionNotFound(document.name, version or "newest")
            old = named[-1].declared
            period = checked_period(
                Period(days.get("first_day", old.first_day), days.get("end_day", old.end_day))
            )
            changed = [
                (one, period if one is named[-1] else one.declared)
                for one in known  # oldest first
            ]
            for nth, (one, declared) in enumerate(changed):
                later = [after.first_day for _, after in changed[nth + 1 :]]
                connection.execute(
                    update(t.versions)
                    .where(t.versions.c.document == document.id, t.versions.c.valid_from == one.valid_from)
                    .values(
                        first_day=declared.first_day,
                        end_day=declared.end_day,
                        superseded_day=min(later, default=NEVER),
                    )
                )
            owe_restatement(connection, document.id)
            after = _versions(connection, document.id)
        return next(one for one in after if one.valid_from == named[-1].valid_from)

    # --- what the index owes

    def owed(self) -> list[str]:
        """Return the documents whose chunks' stored fields are not yet as they should be."""
        with self._catalogue.reading() as connection:
            return list(connection.execute(select(t.restatements.c.document)).scalars())

    def owe_all(self) -> None:
        """Note that every document's stored fields are to be written again."""
        with self._catalogue.writing() as connection:
            connection.execute(delete(t.restatements))
            every = select(t.documents.c.id).where(t.documents.c.deleted.is_(False))
            connection.execute(insert(t.restatements).from_select(["document"], every))

    def settled(self, document: str) -> None:
        """Note that a document's stored fields are as they should be."""
        with self._catalogue.writing() as connection:
            connection.execute(delete(t.restatements).where(t.restatements.c.document == document))

    def set_payload_layout(self, generation: int, layout: int) -> None:
        """Note which fields the chunks of a generation have."""
        with self._catalogue.writing() as connection:
            connection.execute(
                update(t.generations).where(t.generations.c.id == generation).values(payload=layout)
            )

    # --- how long chunks of former versions are kept

    def expired(self, *, today: int, keep_days: int, followed_before: datetime) -> list[DocumentVersion]:
        """Return the superseded versions whose chunks are no longer wanted.

        Args:
            today: As a number; what takes effect in the future supersedes nothing yet.
            keep_days: Chunks are wanted until so many days after their version was superseded; those of a
                version that was in effect on no day are not.
            followed_before: When the commit of another version must have been: a question reads to its end.
        """
        v = t.versions.c
        state = select(t.state.c.sequence).scalar_subquery()
        query = (
            select(t.versions)
            .where(v.searchable.is_(True), v.valid_to <= state, v.superseded_day <= today)
            .where(or_(v.superseded_day <= today - keep_days, v.superseded_day <= v.first_day))
            .where(or_(v.followed_at.is_(None), v.followed_at < followed_before))
        )
        with self._catalogue.reading() as connection:
            return [to_version(row) for row in connection.execute(query)]

    def forget_chunks(self, versions: Iterable[DocumentVersion]) -> None:
        """Note that the chunks of versions are to go: no question is led to them from now on."""
        with self._catalogue.writing() as connection:
            for one in versions:
                connection.execute(
                    update(t.versions)
                    .where(t.versions.c.document == one.document, t.versions.c.valid_from == one.valid_from)
                    .values(searchable=False)
                )
            raise_revision(connection)


def checked_period(period: Period) -> Period:
    """Return a period that holds a day.

    Raises:
        InvalidPeriod: It holds none.
    """
    if period.first_day >= period.end_day:
        raise InvalidPeriod(f"From {period.start} to {period.end} is no day")
    return period


def _versions(connection: Connection, document: str) -> list[DocumentVersion]:
    query = (
        select(t.versions)
        .join(t.documents, t.documents.c.id == t.versions.c.document)
        .where(t.versions.c.document == document, t.documents.c.deleted.is_(False))
        .order_by(t.versions.c.valid_from)
    )
    return [to_version(row) for row in connection.execute(query)]
