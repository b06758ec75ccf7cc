"""Chunks and vectors <-> Qdrant in this process (qdrant-edge-py). One process owns the directory."""

import errno
import math
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import qdrant_edge as qe

from sourcier_core.errors import IndexUnavailable, StorageFull
from sourcier_core.index_payload import (
    DENSE,
    EVERYONE,
    INTEGER_FIELDS,
    KEYWORD_FIELDS,
    PIVOT,
    RRF_K,
    SIGNAL_DEPTH,
    SPARSE,
    UPSERT_BATCH,
    best_fused,
    marked,
    to_chunk,
    to_payload,
    to_scored,
)
from sourcier_core.types import (
    ALWAYS,
    NO_TERMS,
    Chunk,
    HeldTerms,
    IndexedChunk,
    Marks,
    Probe,
    Scope,
    ScoredChunk,
    Vector,
)

# The engine writes through memory maps: a page of one without room on the disk kills the process (SIGBUS).
ROOM_FOR_CHUNKS = 64 * 2**20  # bytes that must be free before a batch is written; it takes a few of these
CHUNKS_KEPT = 16_384  # about 2 kB each: to read and decode those found takes a third of a search
MOST_TIED = 40  # chunks of one fused score around the limit; where there are more, the search is made again
SCOPES_KEPT = 16  # of which it is known whether they see all that is stored
ROOM_FOR_CHANGES = 16 * 2**20  # the same before ends and removals are: less, for a delete is how room is made


class EdgeIndex:
    """A `ChunkIndex` in a directory. Readers never wait for the writer; writers wait for each other."""

    def __init__(self, directory: Path, dimension: int) -> None:
        """Open the directory's index, made empty where there is none.

        Raises:
            IndexUnavailable: The directory is damaged or held by another process.
            StorageFull: There is no room for a new index.
        """
        self._directory = directory
        self._writing = threading.Lock()
        self._changes = 0  # raised before and after each write: odd while one is under way
        self._seen: tuple[int, dict[Scope, bool | None]] = (0, {})  # see _sees_all
        self._kept = _KeptChunks()
        with self._translated():
            if (directory / "segments").is_dir():
                self._shard = qe.EdgeShard.load(str(directory))
            else:
                directory.mkdir(parents=True, exist_ok=True)
                self._require_room(ROOM_FOR_CHUNKS)
                self._shard = qe.EdgeShard.create(str(directory), _config(dimension))
            self._create_field_indexes()  # of an index of an earlier release, those that it lacks

    def upsert(self, chunks: Sequence[IndexedChunk]) -> None:
        """Write chunks; a chunk of the same id is overwritten."""
        for first in range(0, len(chunks), UPSERT_BATCH):
            points = [_point(indexed) for indexed in chunks[first : first + UPSERT_BATCH]]
            self._update(qe.UpdateOperation.upsert_points(points), ROOM_FOR_CHUNKS)

    def search(
        self, probes: Sequence[Probe], scope: Scope, limit: int, compare: Sequence[Vector] = ()
    ) -> list[ScoredChunk]:
        """Find chunks by both vectors of every probe, fused by reciprocal rank; ties by chunk id."""
        if not scope.collections or limit < 1 or not probes:
            return []
        with self._translated():
            changes = self._changes
            unfiltered = self._sees_all(scope, changes)
            found = self._fused(probes, scope, limit, unfiltered=unfiltered)
            if unfiltered and self._changes != changes:  # what was written meanwhile is not for this question
                found = self._fused(probes, scope, limit, unfiltered=False)
            keys = {str(key): (key, score) for key, score in _contenders(found, limit)}
            best = best_fused(((name, score) for name, (_, score) in keys.items()), limit)
            if not best:
                return []
            # As numbers: an id's text is dear to make, and each answer below makes all ids anew.
            names = {keys[name][0].int: name for name, _ in best}
            ids: list[int | UUID | str] = [keys[name][0] for name, _ in best]
            stored = self._stored(ids, names, changes)
            dense, sparse, pivot, *compared = self._signals(probes[0], compare, ids, names)
        return to_scored(best, stored, dense, sparse, pivot, compared)

    def _stored(
        self, ids: Sequence[int | UUID | str], names: Mapping[int, str], changes: int
    ) -> dict[str, tuple[Chunk, HeldTerms]]:
        """Return the chunks of those ids that are still stored, with their terms, by the ids' names."""
        stored = self._kept.recall(names, changes) if self._changes == changes else {}
        missing = [point_id for point_id, name in zip(ids, names.values(), strict=True) if name not in stored]
        if missing:
            records = self._shard.retrieve(missing, with_payload=True, with_vector=[SPARSE])
            read = {_key(record): (record.payload or {}, _terms(record.vector)) for record in records}
            made = {key: (to_chunk(names[key], payload), terms) for key, (payload, terms) in read.items()}
            if self._changes == changes:
                self._kept.keep(made, changes)
            stored |= {names[key]: found for key, found in made.items()}
        return stored

    def _fused(
        self, probes: Sequence[Probe], scope: Scope, limit: int, *, unfiltered: bool
    ) -> list[qe.ScoredPoint]:
        """Return the best points that the probes find, fused, with all that are tied with the last."""
        depth = limit * SIGNAL_DEPTH
        prefetches = [
            qe.Prefetch(limit=depth, query=query, filter=_within(scope, probe, *also, all_answers=unfiltered))
            for probe in probes
            for query, also in _queries(probe)
        ]
        # Chunks tied at the limit are cut by id, as promised: all of them are needed, seldom more than a few.
        for wanted in (limit + MOST_TIED, len(prefetches) * depth):
            fused = qe.QueryRequest(limit=wanted, prefetches=prefetches, query=_fusion(), with_payload=False)
            (found,) = self._shard.query_batch(qe.QueryBatchRequest([fused]))
            if len(found) < wanted or found[-1].score < found[limit - 1].score:
                break
        return found

    def _sees_all(self, scope: Scope, changes: int) -> bool:
        """Tell whether every chunk stored is visible to the scope, what narrows it left aside.

        Most questions see all that is there, and the engine's check of each chunk is a third of a search. The
        first question after a write is filtered without a count: while documents are written, each would be.

        Args:
            scope: Whose documents and tags do not count.
            changes: The number of them known to the caller, who must look again at it after the search.
        """
        if changes % 2:
            return False
        if self._seen[0] != changes:
            self._seen = changes, {}
        known = self._seen[1]
        key = replace(scope, documents=None, tags=None, today=0, revision=0)
        if key not in known:
            if len(known) >= SCOPES_KEPT:
                known.clear()
            known[key] = None
            return False
        if known[key] is None:
            seen = qe.CountRequest(filter=_within(key), exact=True)
            known[key] = self._shard.count(seen) == self._shard.count(qe.CountRequest(exact=True))
        return known[key] is True

    def _signals(
        self,
        probe: Probe,
        compare: Sequence[Vector],
        ids: Sequence[int | UUID | str],
        names: Mapping[int, str],
    ) -> list[dict[str, float]]:
        """Return the exact scores of points: dense, sparse, pivot, then of each vector to compare."""
        among = qe.Filter(must=[qe.HasIdCondition(set(ids))])
        pivot = [_near(probe.pivot, DENSE), _near(probe.pivot, PIVOT)] if probe.pivot is not None else []
        queries = [_near(probe.dense), _terms_query(probe), *pivot, *map(_near, compare)]
        requests = [qe.QueryRequest(limit=len(ids), query=query, filter=among) for query in queries]
        hits = self._shard.query_batch(qe.QueryBatchRequest(requests))
        scores = [{names[_key(point)]: point.score for point in points} for points in hits]
        in_english = {**scores[2], **scores[3]} if pivot else {}
        return [*scores[:2], in_english, *scores[2 + len(pivot) :]]

    def retire(self, document: str, at: int, day: int = ALWAYS) -> None:
        """End a document's chunks that began before sequence `at`, at `at`, as of `day`."""
        ended = qe.Filter(
            must=[_is("document", document), _below("valid_from", at), _from("superseded_day", day + 1)]
        )
        self._set(ended, {"valid_to": at, "superseded_day": day})

    def restate(self, document: str, valid_from: int, marks: Marks, valid_to: int, superseded: int) -> None:
        """Set what the chunks of one version have beside their text."""
        ours = qe.Filter(must=[_is("document", document), _is("valid_from", valid_from)])
        self._set(ours, {**marked(marks), "valid_to": valid_to, "superseded_day": superseded})

    def discard(self, document: str, valid_from: int) -> None:
        """Remove the chunks of a document that begin at that sequence."""
        begun = qe.Filter(must=[_is("document", document), _is("valid_from", valid_from)])
        self._update(qe.UpdateOperation.delete_points_by_filter(begun))

    def remove(self, document: str) -> None:
        """Remove all chunks of a document."""
        ours = qe.Filter(must=[_is("document", document)])
        self._update(qe.UpdateOperation.delete_points_by_filter(ours))

    def count(self, scope: Scope) -> int:
        """Count the chunks within the scope."""
        if not scope.collections:
            return 0
        with self._translated():
            return self._shard.count(qe.CountRequest(filter=_within(scope), exact=True))

    def flush(self) -> None:
        """Return when all that was written survives a crash of the process."""
        with self._writing, self._translated():
            self._shard.flush()

    @contextmanager
    def held(self) -> Iterator[Path]:
        """Give its directory, flushed; nobody writes while the block lasts, and questions go on."""
        with self._writing:
            with self._translated():
                self._shard.flush()
            yield self._directory

    def optimise(self) -> None:
        """Build the vector index of what is written. Holds the GIL: never while questions are served."""
        with self._writing, self._translated():
            self._shard.optimize()

    def close(self) -> None:
        """Flush and release the directory."""
        with self._writing, self._translated():
            self._shard.flush()
            self._shard.close()

    def _create_field_indexes(self) -> None:
        for field in KEYWORD_FIELDS:
            self._shard.update(qe.UpdateOperation.create_field_index(field, qe.PayloadSchemaType.Keyword))
        for field in INTEGER_FIELDS:
            self._shard.update(qe.UpdateOperation.create_field_index(field, qe.PayloadSchemaType.Integer))

    def _set(self, which: qe.Filter, fields: dict[str, Any]) -> None:
        self._update(qe.UpdateOperation.set_payload_by_filter(which, fields))

    def _update(self, operation: qe.UpdateOperation, room: int = ROOM_FOR_CHANGES) -> None:
        with self._writing, self._translated():
            self._require_room(room)
            self._changes += 1
            try:
                self._shard.update(operation)
            finally:
                self._changes += 1

    def _require_room(self, room: int) -> None:
        if shutil.disk_usage(self._directory).free < room:
            raise StorageFull(str(self._directory))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except StorageFull:
            raise
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise StorageFull(str(self._directory)) from error
            raise IndexUnavailable(str(self._directory), str(error)) from error
        except Exception as error:
            if "No space left" in str(error):
                raise StorageFull(str(self._directory)) from error
            raise IndexUnavailable(str(self._directory), str(error)) from error


class _KeptChunks:
    """The chunks found last, with their terms, as they are while nothing is written."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changes = 0
        self._chunks: OrderedDict[int, tuple[Chunk, HeldTerms]] = OrderedDict()

    def recall(self, keys: Iterable[int], changes: int) -> dict[str, tuple[Chunk, HeldTerms]]:
        """Return what is known of chunks, by id; nothing where something was written since."""
        with self._lock:
            if changes != self._changes:
                return {}
            known = []
            for key in keys:
                if kept := self._chunks.get(key):
                    self._chunks.move_to_end(key)
                    known.append(kept)
        return {kept[0].id: kept for kept in known}

    def keep(self, found: Mapping[int, tuple[Chunk, HeldTerms]], changes: int) -> None:
        """Remember chunks as they were after that many changes."""
        with self._lock:
            if changes > self._changes:
                self._chunks.clear()
                self._changes = changes
            elif changes < self._changes:
                return
            self._chunks |= found
            while len(self._chunks) > CHUNKS_KEPT:
                self._chunks.popitem(last=False)


def _fusion() -> qe.Fusion:
    # The engine's stub calls Rrf a class of its own; at run time it is a Fusion.
    return cast(qe.Fusion, qe.Fusion.Rrf(k=RRF_K))


def _config(dimension: int) -> qe.EdgeConfig:
    return qe.EdgeConfig(
        vectors={
            name: qe.EdgeVectorParams(size=dimension, distance=qe.Distance.Cosine) for name in (DENSE, PIVOT)
        },
        sparse_vectors={SPARSE: qe.EdgeSparseVectorParams(modifier=qe.Modifier.Idf)},
    )


def _point(indexed: IndexedChunk) -> qe.Point:
    sparse = qe.SparseVector(list(indexed.sparse.indices), list(indexed.sparse.values))
    vectors = {DENSE: indexed.dense.tolist(), SPARSE: sparse}
    if indexed.pivot is not None:
        vectors[PIVOT] = indexed.pivot.tolist()
    return qe.Point(indexed.chunk.id, vectors, to_payload(indexed))


def _contenders(found: Sequence[qe.ScoredPoint], limit: int) -> Iterator[tuple[UUID, float]]:
    """Give the points that are among the best, and those tied with the last of them."""
    scores = [point.score for point in found]
    least = sorted(scores, reverse=True)[limit - 1] if len(scores) > limit else -math.inf
    for point, score in zip(found, scores, strict=True):
        if score >= least:
            yield cast(UUID, point.id), score


def _key(point: qe.ScoredPoint | qe.Record) -> int:
    return cast(UUID, point.id).int


def _near(vector: Vector, name: str = DENSE) -> qe.Query:
    return qe.Query.Nearest(vector.tolist(), using=name)


def _terms_query(probe: Probe) -> qe.Query:
    return qe.Query.Nearest(
        qe.SparseVector(list(probe.sparse.indices), list(probe.sparse.values)), using=SPARSE
    )


def _queries(probe: Probe) -> list[tuple[qe.Query, list[qe.Filter]]]:
    """Return the ways to look of a probe, each with what it requires of a chunk beside the scope."""
    queries: list[tuple[qe.Query, list[qe.Filter]]] = [(_near(probe.dense), []), (_terms_query(probe), [])]
    if probe.pivot is not None:
        queries.append((_near(probe.pivot, PIVOT), []))
        if probe.pivot is not probe.dense:
            queries.append((_near(probe.pivot), [qe.Filter(must_not=[qe.HasVectorCondition(PIVOT)])]))
    return queries


def _terms(vectors: Any) -> HeldTerms:
    found = vectors.get(SPARSE) if isinstance(vectors, dict) else None
    return HeldTerms.of(found.indices, found.values) if found else NO_TERMS


def _within(
    scope: Scope, probe: Probe | None = None, *also: qe.Filter, all_answers: bool = False
) -> qe.Filter | None:
    """Return what a chunk must have to be seen; None for nothing.

    Args:
        scope: What may be seen.
        probe: Narrows it.
        also: Further conditions.
        all_answers: Whether all chunks stored are visible to it, what narrows it left aside.
    """
    must: list[Any] = list(also)
    if not all_answers:
        must += _visible(scope)
    if scope.tags is not None:
        must.append(_any("tags", scope.tags))
    for documents in (scope.documents, probe.documents if probe else None):
        if documents is not None:
            must.append(_any("document", documents))
    return qe.Filter(must=must) if must else None


def _visible(scope: Scope) -> list[Any]:
    """Return what a chunk must have to be visible; one that lacks a field is not."""
    not_followed: list[Any] = [_from("valid_to", scope.sequence + 1), _from("superseded_day", scope.day + 1)]
    must: list[Any] = [
        _any("collection", scope.collections),
        _below("valid_from", scope.sequence + 1),
        _below("first_day", scope.day + 1),
        _from("end_day", scope.day + 1),
        qe.Filter(should=not_followed),
    ]
    if scope.groups is not None:
        must.append(_any("groups", {*scope.groups, EVERYONE}))
    if scope.without:
        must.append(qe.Filter(must_not=[_any("document", scope.without)]))
    return must


def _any(key: str, values: Iterable[str]) -> qe.FieldCondition:
    return qe.FieldCondition(key=key, match=qe.MatchAny(any=sorted(values)))


def _is(key: str, value: str | int) -> qe.FieldCondition:
    return qe.FieldCondition(key=key, match=qe.MatchValue(value=value))


def _below(key: str, value: int) -> qe.FieldCondition:
    return qe.FieldCondition(key=key, range=qe.RangeFloat(lt=float(value)))


def _from(key: str, value: int) -> qe.FieldCondition:
    return qe.FieldCondition(key=key, range=qe.RangeFloat(gte=float(value)))
