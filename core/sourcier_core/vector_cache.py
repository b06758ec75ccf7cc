"""Texts embedded before <-> their vectors, in one SQLite file that may be deleted at any time.

A vector is found by a hash of the text and of the model's fingerprint, which names weights and precision, and
is kept as the model gave it. Nothing here can fail a write: a cache that cannot be read or written is as good
as an empty one.
"""

import hashlib
import logging
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from sourcier_core.ports import Embedder
from sourcier_core.types import Vector, Vectors
from sourcier_core.wrapped_embedder import WrappedEmbedder

logger = logging.getLogger("sourcier.vectors")
KEY_BYTES = 16
PRUNED_TO = 0.8  # of the bound: a full cache is not pruned at each write
ROW_OVERHEAD = 150  # bytes of a row beside its vector, as measured on 384 dimensions
_LOOKED_UP = 500  # keys in one statement
_SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (key BLOB NOT NULL UNIQUE, vector BLOB NOT NULL, day INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS vectors_by_day ON vectors (day);
"""


class VectorCache:
    """Vectors by text and model, at most so many bytes of them. Safe to use from several threads."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        """Open the file, made anew where it is missing or damaged.

        Args:
            path: Of the file.
            max_bytes: Beyond which the vectors used longest ago are dropped; 0 keeps none.
        """
        self._path = path
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._bytes = 0
        self._connection = self._open() if max_bytes > 0 else None

    def get(self, keys: Sequence[bytes]) -> dict[bytes, Vector]:
        """Return the vectors known, by key."""
        found: dict[bytes, Vector] = {}
        today = _today()
        with self._lock, suppress(sqlite3.Error):
            if self._connection is None:
                return {}
            stale: list[tuple[int, bytes]] = []
            for first in range(0, len(keys), _LOOKED_UP):
                part = list(keys[first : first + _LOOKED_UP])
                marks = ",".join("?" * len(part))
                rows = self._connection.execute(
                    f"SELECT key, vector, day FROM vectors WHERE key IN ({marks})",  # noqa: S608 - marks alone
                    part,
                )
                for key, vector, day in rows:
                    found[key] = np.frombuffer(vector, dtype=np.float32)
                    if day != today:
                        stale.append((today, key))
            if stale:
                with self._connection:
                    self._connection.executemany("UPDATE vectors SET day = ? WHERE key = ?", stale)
        return found

    def put(self, vectors: dict[bytes, Vector]) -> None:
        """Keep vectors; those used longest ago make room."""
        today = _today()
        rows = [(key, vector.astype(np.float32).tobytes(), today) for key, vector in vectors.items()]
        with self._lock, suppress(sqlite3.Error):
            if self._connection is None:
                return
            with self._connection:
                self._connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)
            self._bytes += sum(len(vector) + ROW_OVERHEAD for _, vector, _ in rows)
            if self._bytes > self._max_bytes:
                self._prune(round(self._max_bytes * PRUNED_TO))

    def prune(self, max_bytes: int) -> None:
        """Drop the vectors used longest ago until at most so many bytes are left."""
        with self._lock, suppress(sqlite3.Error):
            self._prune(max_bytes)

    def size(self) -> tuple[int, int]:
        """Return how many vectors are kept, and how many bytes they take."""
        with self._lock, suppress(sqlite3.Error):
            if self._connection is not None:
                return _count(self._connection), _bytes(self._connection)
        return 0, 0

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _prune(self, max_bytes: int) -> None:
        if self._connection is None:
            return
        length = _bytes(self._connection)
        surplus = length - max_bytes
        if surplus > 0:
            drop = -(-surplus * _count(self._connection) // length)
            with self._connection:
                self._connection.execute(
                    "DELETE FROM vectors WHERE rowid IN (SELECT rowid FROM vectors ORDER BY day LIMIT ?)",
                    (drop,),
                )
            self._connection.execute("PRAGMA incremental_vacuum").fetchall()
        self._bytes = _bytes(self._connection)

    def _open(self) -> sqlite3.Connection | None:
        for attempt in (1, 2):
            try:
                return self._connect()
            except (sqlite3.Error, OSError) as error:
                if attempt == 1:
                    logger.warning("the vector cache %s cannot be used (%s): made anew", self._path, error)
                    for name in ("", "-wal", "-shm"):
                        with suppress(OSError):
                            Path(f"{self._path}{name}").unlink(missing_ok=True)
        return None

    def _connect(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, check_same_thread=False, timeout=10.0)
        try:
            connection.execute("PRAGMA page_size=16384")  # some ten vectors: in small pages half is wasted
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=OFF")  # lost at worst: then they are computed again
            connection.executescript(_SCHEMA)
            self._bytes = _bytes(connection)
        except sqlite3.Error:
            connection.close()
            raise
        return connection


class CachingEmbedder(WrappedEmbedder):
    """An `Embedder` that asks the cache first. For texts that are written, not for those of questions."""

    def __init__(self, inner: Embedder, cache: VectorCache) -> None:
        super().__init__(inner)
        self._cache = cache
        self.reused = 0  # vectors that the cache had
        self.made = 0  # vectors that the model made

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return vectors in the order of the texts, shape `(len(texts), dimension)`."""
        salt = self._inner.fingerprint.encode() + b"\0"
        keys = [hashlib.blake2b(salt + t.encode(), digest_size=KEY_BYTES).digest() for t in texts]
        known = self._cache.get(keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        self.reused += len(texts) - len(missing)
        self.made += len(missing)
        if missing:
            new = dict(zip(missing, self._inner.embed_documents(list(missing.values())), strict=True))
            self._cache.put(new)
            known |= new
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for row, key in enumerate(keys):
            vectors[row] = known[key]
        return vectors


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM vectors").fetchone()[0])


def _bytes(connection: sqlite3.Connection) -> int:
    """Return what is in use of the file: known without reading it."""
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _today() -> int:
    return datetime.now(UTC).toordinal()
