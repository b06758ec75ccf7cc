"""Our ports in plain Python: `HashEmbedder` and `MemoryIndex`, and embedders and indexes that go wrong.

Both obey the contract suites in `tests/contract/`, which run on them as on the real ones.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np
import numpy.typing as npt

from sourcier_core.index_payload import RRF_K, SIGNAL_DEPTH
from sourcier_core.ports import ChunkIndex, Embedder
from sourcier_core.types import FOREVER, IndexedChunk, Scope, ScoredChunk, SparseVector, Vector, Vectors

_TOKEN = re.compile(r"\w+|[^\w\s]")


class HashEmbedder:
    """An `Embedder` that adds up one fixed direction for each word: texts that share words are near."""

    def __init__(self, dimension: int = 64, max_tokens: int = 256) -> None:
        self._dimension = dimension
        self._max_tokens = max_tokens

    @property
    def dimension(self) -> int:
        return self._dimension

    @property
    def fingerprint(self) -> str:
        return f"hash-{self._dimension}-{self._max_tokens}"

    @property
    def max_tokens(self) -> int:
        return self._max_tokens

    def count_tokens(self, text: str) -> int:
        return len(_TOKEN.findall(text))

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        vectors = np.empty((len(texts), self._dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row] = self.embed_question(text)
        return vectors

    def embed_question(self, text: str) -> Vector:
        total = np.zeros(self._dimension, dtype=np.float64)
        for token in _TOKEN.findall(text.lower())[: self._max_tokens - 2]:  # two are special
            total += _direction(token, self._dimension)
        length = float(np.linalg.norm(total))
        if length == 0.0:
            total[0] = length = 1.0
        vector: Vector = (total / length).astype(np.float32)
        return vector


@lru_cache(maxsize=4096)
def _direction(token: str, dimension: int) -> npt.NDArray[np.float64]:
    return np.random.default_rng(crc32(token.encode())).standard_normal(dimension)


class InterruptedEmbedder:
    """An `Embedder` that does something at its nth batch of documents, e.g. raises or never returns."""

    def __init__(self, inner: Embedder, at_batch: int, interrupt: Callable[[], None]) -> None:
        self._inner = inner
        self._left = at_batch
        self._interrupt = interrupt

    @property
    def dimension(self) -> int:
        return self._inner.dimension

    @property
    def fingerprint(self) -> str:
        return self._inner.fingerprint

    @property
    def max_tokens(self) -> int:
        return self._inner.max_tokens

    def count_tokens(self, text: str) -> int:
        return self._inner.count_tokens(text)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        self._left -= 1
        if self._left == 0:
            self._interrupt()
        return self._inner.embed_documents(texts)

    def embed_question(self, text: str) -> Vector:
        return self._inner.embed_question(text)


@dataclass(slots=True)
class _Stored:
    indexed: IndexedChunk
    valid_to: int


class MemoryIndex:
    """A `ChunkIndex` in a dictionary: exact cosine, BM25 with Qdrant's IDF, reciprocal rank fusion."""

    def __init__(self) -> None:
        self._stored: dict[str, _Stored] = {}

    def upsert(self, chunks: Sequence[IndexedChunk]) -> None:
        for indexed in chunks:
            self._stored[indexed.chunk.id] = _Stored(indexed, FOREVER)

    def search(self, dense: Vector, sparse: SparseVector, scope: Scope, limit: int) -> list[ScoredChunk]:
        visible = self._visible(scope)
        depth = max(0, limit) * SIGNAL_DEPTH
        query = self._weighed(sparse)
        cosines = {key: float(np.dot(dense, found.dense)) for key, found in visible.items()}
        by_dense = _ranked(cosines)[:depth]
        bm25 = {key: _dot(query, found.sparse) for key, found in visible.items()}
        by_sparse = _ranked({key: score for key, score in bm25.items() if score > 0})[:depth]
        fused: dict[str, float] = {}
        for ranking in (by_dense, by_sparse):
            for rank, key in enumerate(ranking):
                fused[key] = fused.get(key, 0.0) + 1 / (RRF_K + rank)
        return [
            ScoredChunk(
                chunk=visible[key].chunk,
                fused=fused[key],
                dense=cosines[key] if key in by_dense else 0.0,
                sparse=bm25[key] if key in by_sparse else 0.0,
            )
            for key in _ranked(fused)[: max(0, limit)]
        ]

    def retire(self, document: str, at: int) -> None:
        for stored in self._of(document):
            if stored.indexed.valid_from < at and stored.valid_to == FOREVER:
                stored.valid_to = at

    def unretire(self, document: str, at: int) -> None:
        for stored in self._of(document):
            if stored.valid_to == at:
                stored.valid_to = FOREVER

    def discard(self, document: str, valid_from: int) -> None:
        self._keep(lambda s: s.indexed.chunk.document != document or s.indexed.valid_from != valid_from)

    def purge(self, until: int) -> None:
        self._keep(lambda stored: stored.valid_to > until)

    def count(self, scope: Scope) -> int:
        return len(self._visible(scope))

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def _of(self, document: str) -> list[_Stored]:
        return [stored for stored in self._stored.values() if stored.indexed.chunk.document == document]

    def _keep(self, wanted: Callable[[_Stored], bool]) -> None:
        self._stored = {key: stored for key, stored in self._stored.items() if wanted(stored)}

    def _visible(self, scope: Scope) -> dict[str, IndexedChunk]:
        return {
            key: stored.indexed
            for key, stored in self._stored.items()
            if stored.indexed.chunk.collection in scope.collections
            and stored.indexed.valid_from <= scope.sequence < stored.valid_to
            and (scope.documents is None or stored.indexed.chunk.document in scope.documents)
        }

    def _weighed(self, sparse: SparseVector) -> dict[int, float]:
        """Multiply each term of a question by its IDF over all that is stored, as Qdrant does."""
        holders = [set(stored.indexed.sparse.indices) for stored in self._stored.values()]
        weighed = {}
        for index, value in zip(sparse.indices, sparse.values, strict=True):
            having = sum(index in terms for terms in holders)
            weighed[index] = value * math.log(1 + (len(holders) - having + 0.5) / (having + 0.5))
        return weighed


class InterruptedIndex:
    """A `ChunkIndex` that does something before or after one of its operations, every time."""

    def __init__(
        self,
        inner: ChunkIndex,
        *,
        before: dict[str, Callable[[], None]] | None = None,
        after: dict[str, Callable[[], None]] | None = None,
    ) -> None:
        self._inner = inner
        self._before = before or {}
        self._after = after or {}

    def upsert(self, chunks: Sequence[IndexedChunk]) -> None:
        self._around("upsert", lambda: self._inner.upsert(chunks))

    def search(self, dense: Vector, sparse: SparseVector, scope: Scope, limit: int) -> list[ScoredChunk]:
        return self._inner.search(dense, sparse, scope, limit)

    def retire(self, document: str, at: int) -> None:
        self._around("retire", lambda: self._inner.retire(document, at))

    def unretire(self, document: str, at: int) -> None:
        self._around("unretire", lambda: self._inner.unretire(document, at))

    def discard(self, document: str, valid_from: int) -> None:
        self._around("discard", lambda: self._inner.discard(document, valid_from))

    def purge(self, until: int) -> None:
        self._around("purge", lambda: self._inner.purge(until))

    def count(self, scope: Scope) -> int:
        return self._inner.count(scope)

    def flush(self) -> None:
        self._around("flush", self._inner.flush)

    def close(self) -> None:
        self._inner.close()

    def _around(self, name: str, operation: Callable[[], None]) -> None:
        self._before.get(name, _nothing)()
        operation()
        self._after.get(name, _nothing)()


def _nothing() -> None:
    pass


def _ranked(scores: dict[str, float]) -> list[str]:
    return sorted(scores, key=lambda key: (-scores[key], key))


def _dot(query: dict[int, float], sparse: SparseVector) -> float:
    weights = zip(sparse.indices, sparse.values, strict=True)
    return sum(query.get(index, 0.0) * value for index, value in weights)
