"""Our ports in plain Python: `HashEmbedder`, `MemoryIndex`, `WordReranker`, and some that go wrong.

Both obey the contract suites in `tests/contract/`, which run on them as on the real ones.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from zlib import crc32

import numpy as np
import numpy.typing as npt

from sourcier_core.index_payload import RRF_K, SIGNAL_DEPTH
from sourcier_core.ports import ChunkIndex, Embedder
from sourcier_core.types import (
    ALWAYS,
    FOREVER,
    NEVER,
    HeldTerms,
    IndexedChunk,
    Marks,
    Probe,
    Scope,
    ScoredChunk,
    SparseVector,
    Vector,
    Vectors,
)

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
    valid_to: int = FOREVER
    superseded: int = NEVER

    def visible(self, scope: Scope) -> bool:
        marks = self.indexed.marks
        return (
            self.indexed.chunk.collection in scope.collections
            and self.indexed.valid_from <= scope.sequence
            and marks.period.holds(scope.day)
            and (self.valid_to > scope.sequence or self.superseded > scope.day)
            and (scope.groups is None or not marks.groups or bool(marks.groups & scope.groups))
            and self.indexed.chunk.document not in scope.without
            and (scope.tags is None or bool(marks.tags & scope.tags))
            and (scope.documents is None or self.indexed.chunk.document in scope.documents)
        )


class MemoryIndex:
    """A `ChunkIndex` in a dictionary: exact cosine, BM25 with Qdrant's IDF, reciprocal rank fusion."""

    def __init__(self) -> None:
        self._stored: dict[str, _Stored] = {}

    def upsert(self, chunks: Sequence[IndexedChunk]) -> None:
        for indexed in chunks:
            self._stored[indexed.chunk.id] = _Stored(indexed)

    def search(
        self, probes: Sequence[Probe], scope: Scope, limit: int, compare: Sequence[Vector] = ()
    ) -> list[ScoredChunk]:
        visible = self._visible(scope)
        depth = max(0, limit) * SIGNAL_DEPTH
        fused: dict[str, float] = {}
        for probe in probes:
            there = {
                key: found
                for key, found in visible.items()
                if probe.documents is None or found.chunk.document in probe.documents
            }
            query = self._weighed(probe.sparse)
            words = {key: _dot(query, found.sparse) for key, found in there.items()}
            rankings = [
                {key: float(np.dot(probe.dense, found.dense)) for key, found in there.items()},
                {key: score for key, score in words.items() if score > 0},
            ]
            if probe.pivot is not None:
                put = {key: found.pivot for key, found in there.items() if found.pivot is not None}
                rankings.append({key: float(np.dot(probe.pivot, vector)) for key, vector in put.items()})
                if probe.pivot is not probe.dense:
                    others = {key: found.dense for key, found in there.items() if key not in put}
                    rankings.append({key: float(np.dot(probe.pivot, v)) for key, v in others.items()})
            for scores in rankings:
                for rank, key in enumerate(_ranked(scores)[:depth]):
                    fused[key] = fused.get(key, 0.0) + 1 / (RRF_K + rank)
        return [
            self._scored(visible[key], fused[key], probes[0], compare)
            for key in _ranked(fused)[: max(0, limit)]
        ]

    def _scored(
        self, found: IndexedChunk, fused: float, probe: Probe, compare: Sequence[Vector]
    ) -> ScoredChunk:
        english = found.dense if found.pivot is None else found.pivot
        return ScoredChunk(
            chunk=found.chunk,
            fused=fused,
            dense=float(np.dot(probe.dense, found.dense)),
            sparse=_dot(self._weighed(probe.sparse), found.sparse),
            pivot=0.0 if probe.pivot is None else float(np.dot(probe.pivot, english)),
            terms=HeldTerms.of(found.sparse.indices, found.sparse.values),
            compared=tuple(float(np.dot(vector, found.dense)) for vector in compare),
        )

    def retire(self, document: str, at: int, day: int = ALWAYS) -> None:
        for stored in self._of(document):
            if stored.indexed.valid_from < at and stored.superseded > day:
                stored.valid_to, stored.superseded = at, day

    def restate(self, document: str, valid_from: int, marks: Marks, valid_to: int, superseded: int) -> None:
        for stored in self._of(document):
            if stored.indexed.valid_from == valid_from:
                stored.indexed = replace(stored.indexed, marks=marks)
                stored.valid_to, stored.superseded = valid_to, superseded

    def discard(self, document: str, valid_from: int) -> None:
        self._keep(lambda s: s.indexed.chunk.document != document or s.indexed.valid_from != valid_from)

    def remove(self, document: str) -> None:
        self._keep(lambda stored: stored.indexed.chunk.document != document)

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
        return {key: stored.indexed for key, stored in self._stored.items() if stored.visible(scope)}

    def _weighed(self, sparse: SparseVector) -> dict[int, float]:
        """Multiply each term of a question by its IDF over all that is stored, as Qdrant does."""
        holders = [set(stored.indexed.sparse.indices) for stored in self._stored.values()]
        weighed = {}
        for index, value in zip(sparse.indices, sparse.values, strict=True):
            having = sum(index in terms for terms in holders)
            weighed[index] = value * math.log(1 + (len(holders) - having + 0.5) / (having + 0.5))
        return weighed


class WordReranker:
    """A `PageReranker`: the share of the question's words that stand in the text's first 256."""

    model = "shared-words"

    def score(self, question: str, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        asked = set(_TOKEN.findall(question.lower()))
        read = [set(_TOKEN.findall(text.lower())[:256]) for text in texts]
        return np.array([len(asked & words) / max(1, len(asked)) for words in read], dtype=np.float64)


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

    def search(
        self, probes: Sequence[Probe], scope: Scope, limit: int, compare: Sequence[Vector] = ()
    ) -> list[ScoredChunk]:
        return self._inner.search(probes, scope, limit, compare)

    def retire(self, document: str, at: int, day: int = ALWAYS) -> None:
        self._around("retire", lambda: self._inner.retire(document, at, day))

    def restate(self, document: str, valid_from: int, marks: Marks, valid_to: int, superseded: int) -> None:
        restated = document, valid_from, marks, valid_to, superseded
        self._around("restate", lambda: self._inner.restate(*restated))

    def discard(self, document: str, valid_from: int) -> None:
        self._around("discard", lambda: self._inner.discard(document, valid_from))

    def remove(self, document: str) -> None:
        self._around("remove", lambda: self._inner.remove(document))

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
