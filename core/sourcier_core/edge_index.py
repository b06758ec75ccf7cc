"""Chunks and vectors <-> Qdrant in this process (qdrant-edge-py). One process owns the directory."""

import errno
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import qdrant_edge as qe

from sourcier_core.errors import IndexUnavailable, StorageFull
from sourcier_core.index_payload import (
    DENSE,
    INTEGER_FIELDS,
    KEYWORD_FIELDS,
    RRF_K,
    SIGNAL_DEPTH,
    SPARSE,
    UPSERT_BATCH,
    best_fused,
    to_payload,
    to_scored,
)
from sourcier_core.types import FOREVER, IndexedChunk, Scope, ScoredChunk, SparseVector, Vector

# The engine writes through memory maps: a page of one without room on the disk kills the process (SIGBUS).
ROOM_FOR_CHUNKS = 64 * 2**20  # bytes that must be free before a batch is written; it takes a few of these
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
        with self._translated():
            if (directory / "segments").is_dir():
                self._shard = qe.EdgeShard.load(str(directory))
            else:
                directory.mkdir(parents=True, exist_ok=True)
                self._require_room(ROOM_FOR_CHUNKS)
                self._shard = qe.EdgeShard.create(str(directory), _config(dimension))
                self._create_field_indexes()

    def upsert(self, chunks: Sequence[IndexedChunk]) -> None:
        """Write chunks; a chunk of the same id is overwritten."""
        for first in range(0, len(chunks), UPSERT_BATCH):
            points = [_point(indexed) for indexed in chunks[first : first + UPSERT_BATCH]]
            self._update(qe.UpdateOperation.upsert_points(points), ROOM_FOR_CHUNKS)

    def search(self, dense: Vector, sparse: SparseVector, scope: Scope, limit: int) -> list[ScoredChunk]:
        """Find chunks by both vectors, fused by reciprocal rank inside Qdrant; ties by chunk id."""
        if not scope.collections or limit < 1:
            return []
        visible = _within(scope)
        depth = limit * SIGNAL_DEPTH
        by_dense = qe.Query.Nearest(dense.tolist(), using=DENSE)
        by_sparse = qe.Query.Nearest(qe.SparseVector(list(sparse.indices), list(sparse.values)), using=SPARSE)
        prefetches = [
            qe.Prefetch(limit=depth, query=by_dense, filter=visible),
            qe.Prefetch(limit=depth, query=by_sparse, filter=visible),
        ]
        # Every prefetched chunk is asked for, so that chunks tied at the limit are cut by id, as promised.
        fused = qe.QueryRequest(limit=2 * depth, prefetches=prefetches, query=_fusion(), with_payload=False)
        signals = [qe.QueryRequest(limit=depth, query=q, filter=visible) for q in (by_dense, by_sparse)]
        with self._translated():
            found, dense_hits, sparse_hits = self._shard.query_batch(qe.QueryBatchRequest([fused, *signals]))
            best = best_fused(((point.id, point.score) for point in found), limit)
            ids: list[int | UUID | str] = [point_id for point_id, _ in best]
            records = self._shard.retrieve(ids, with_payload=True, with_vector=False)
        return to_scored(
            best,
            {str(record.id): record.payload or {} for record in records},
            {str(point.id): point.score for point in dense_hits},
            {str(point.id): point.score for point in sparse_hits},
        )

    def retire(self, document: str, at: int) -> None:
        """End all chunks of a document that began before sequence `at` and have no end, at `at`."""
        ended = qe.Filter(
            must=[_is("document", document), _from("valid_to", FOREVER), _below("valid_from", at)]
        )
        self._update(qe.UpdateOperation.set_payload_by_filter(ended, {"valid_to": at}))

    def unretire(self, document: str, at: int) -> None:
        """Undo `retire` of the same arguments."""
        ended = qe.Filter(must=[_is("document", document), _is("valid_to", at)])
        self._update(qe.UpdateOperation.set_payload_by_filter(ended, {"valid_to": FOREVER}))

    def discard(self, document: str, valid_from: int) -> None:
        """Remove the chunks of a document that begin at that sequence."""
        begun = qe.Filter(must=[_is("document", document), _is("valid_from", valid_from)])
        self._update(qe.UpdateOperation.delete_points_by_filter(begun))

    def purge(self, until: int) -> None:
        """Remove all chunks that ended at that sequence or before."""
        self._update(
            qe.UpdateOperation.delete_points_by_filter(qe.Filter(must=[_below("valid_to", until + 1)]))
        )

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

    def _update(self, operation: qe.UpdateOperation, room: int = ROOM_FOR_CHANGES) -> None:
        with self._writing, self._translated():
            self._require_room(room)
            self._shard.update(operation)

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


def _fusion() -> qe.Fusion:
    # The engine's stub calls Rrf a class of its own; at run time it is a Fusion.
    return cast(qe.Fusion, qe.Fusion.Rrf(k=RRF_K))


def _config(dimension: int) -> qe.EdgeConfig:
    return qe.EdgeConfig(
        vectors={DENSE: qe.EdgeVectorParams(size=dimension, distance=qe.Distance.Cosine)},
        sparse_vectors={SPARSE: qe.EdgeSparseVectorParams(modifier=qe.Modifier.Idf)},
    )


def _point(indexed: IndexedChunk) -> qe.Point:
    sparse = qe.SparseVector(list(indexed.sparse.indices), list(indexed.sparse.values))
    return qe.Point(indexed.chunk.id, {DENSE: indexed.dense.tolist(), SPARSE: sparse}, to_payload(indexed))


def _within(scope: Scope) -> qe.Filter:
    must: list[Any] = [
        qe.FieldCondition(key="collection", match=qe.MatchAny(any=sorted(scope.collections))),
        _below("valid_from", scope.sequence + 1),
        _from("valid_to", scope.sequence + 1),
    ]
    if scope.documents is not None:
        must.append(qe.FieldCondition(key="document", match=qe.MatchAny(any=sorted(scope.documents))))
    return qe.Filter(must=must)


def _is(key: str, value: str | int) -> qe.FieldCondition:
    return qe.FieldCondition(key=key, match=qe.MatchValue(value=value))


def _below(key: str, value: int) -> qe.FieldCondition:
    return qe.FieldCondition(key=key, range=qe.RangeFloat(lt=float(value)))


def _from(key: str, value: int) -> qe.FieldCondition:
    return qe.FieldCondition(key=key, range=qe.RangeFloat(gte=float(value)))
