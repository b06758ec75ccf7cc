"""API keys <-> the catalogue: only their digests are kept."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import Engine, insert, select

from sourcier_core.catalogue_tables import keys
from sourcier_core.database import transaction

PREFIX_LENGTH = 12  # "sk_" and nine characters: enough to recognise a key by, too few to guess one


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key that was presented."""

    id: str
    prefix: str
    scopes: frozenset[str]


class KeyStore:
    """Makes keys and recognises them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, scopes: frozenset[str]) -> str:
        """Make a key and return it: the only time that it can be seen."""
        secret = "sk_" + secrets.token_urlsafe(32)
        with transaction(self._engine) as connection:
            connection.execute(
                insert(keys).values(
                    id=str(uuid4()),
                    prefix=secret[:PREFIX_LENGTH],
                    digest=_digest(secret),
                    scopes=" ".join(sorted(scopes)),
                    created_at=datetime.now(UTC),
                )
            )
        return secret

    def any(self) -> bool:
        """Tell whether a key was ever made."""
        with transaction(self._engine) as connection:
            return connection.execute(select(keys.c.id).limit(1)).first() is not None

    def recognise(self, secret: str) -> Key | None:
        """Return the key that was presented; None when it is not one of ours. Compares in constant time."""
        with transaction(self._engine) as connection:
            row = connection.execute(select(keys).where(keys.c.prefix == secret[:PREFIX_LENGTH])).first()
        if row is None or not hmac.compare_digest(row.digest, _digest(secret)):
            return None
        return Key(row.id, row.prefix, frozenset(row.scopes.split()))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
