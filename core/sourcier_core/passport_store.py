"""Passports of versions <-> the catalogue's database."""

from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from sourcier_core.catalogue_tables import passports as table
from sourcier_core.database import transaction, translated
from sourcier_core.passport import from_json, to_json
from sourcier_core.types import Passport

BATCH = 500  # versions asked for at once: SQLite takes a bounded number of values


class PassportStore:
    """What reading found, by version (sha256 of the file)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, version: str) -> Passport | None:
        """Return a version's passport; None where it was read before there were any."""
        return self.of([version]).get(version)

    def of(self, versions: Sequence[str]) -> dict[str, Passport]:
        """Return the passports of versions, of those that have one."""
        found: dict[str, Passport] = {}
        with transaction(self._engine) as connection:
            for first in range(0, len(versions), BATCH):
                some = versions[first : first + BATCH]
                rows = connection.execute(select(table).where(table.c.version.in_(some)))
                found.update({row.version: from_json(row.passport) for row in rows})
        return found

    def put(self, version: str, passport: Passport) -> None:
        """Keep a version's passport; one that was kept before is replaced: OCR may be there since."""
        values = {"passport": to_json(passport)}
        with transaction(self._engine) as connection:
            changed = connection.execute(update(table).where(table.c.version == version).values(**values))
        if changed.rowcount:
            return
        with translated(self._engine), suppress(IntegrityError), self._engine.begin() as connection:
            # Another writer may have read the same bytes at the same time, and found the same.
            connection.execute(insert(table).values(version=version, **values))

    def remove(self, version: str) -> None:
        """Forget a version's passport."""
        with transaction(self._engine) as connection:
            connection.execute(delete(table).where(table.c.version == version))
