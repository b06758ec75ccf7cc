"""Chunks and vectors <-> a Qdrant server or cluster (qdrant-client). Any number of processes may share it."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from grpc import RpcError
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException

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
    HeldTerms,
    IndexedChunk,
    Marks,
    Probe,
    Scope,
    ScoredChunk,
    SparseVector,
    Vector,
)

_Query: TypeAlias = tuple[str, list[float] | models.SparseVector]


class ServerIndex:
    """A `ChunkIndex` in one collection of a Qdrant server."""

    def __init__(self, client: QdrantClient, collection: str, dimension: int, *, where: str) -> None:
        """Use the server's collection, created where there is none.

        Args:
            client: Connected to the server; closed with this index.
            collection: Name on the server.
            dimension: Of the dense vectors.
            where: The server's address, for messages.

        Raises:
            IndexUnavailable: The server does not answer.
        """
        self._client = client
        self._collection = collection
        self._where = where
        with self._translated():
            if not client.collection_exists(collection):
                self._create(dimension)
            self._create_field_indexes()  # of a collection of an earlier release, those that it lacks

    def upsert(self, chunks: Sequence[IndexedChunk]) -> None:
        """Write chunks; a chunk of the same id is overwritten."""
        for first in range(0, len(chunks), UPSERT_BATCH):
            points = [_point(indexed) for indexed in chunks[first : first + UPSERT_BATCH]]
            with self._translated():
                self._client.upsert(self._collection, points=points, wait=True)

    def search(
        self, probes: Sequence[Probe], scope: Scope, limit: int, compare: Sequence[Vector] = ()
    ) -> list[ScoredChunk]:
        """Find chunks by both vectors of every probe, fused by reciprocal rank; ties by chunk id."""
        if not scope.collections or limit < 1 or not probes:
            return []
        depth = limit * SIGNAL_DEPTH
        prefetches = [
            models.Prefetch(query=query, using=name, filter=_within(scope, probe, *also), limit=depth)
            for probe in probes
            for name, query, also in _queries(probe)
        ]
        fusion = models.RrfQuery(rrf=models.Rrf(k=RRF_K))
        whole = len(prefetches) * depth
        with self._translated():
            found = self._client.query_points(
                self._collection, prefetch=prefetches, query=fusion, limit=whole, with_payload=False
            ).points
            best = best_fused(((point.id, point.score) for point in found), limit)
            if not best:
                return []
            ids = [point_id for point_id, _ in best]
            records = self._client.retrieve(self._collection, ids, with_payload=True, with_vectors=[SPARSE])
            dense, sparse, pivot, *compared = self._signals(probes[0], compare, ids)
        stored = {
            str(record.id): (to_chunk(record.id, record.payload or {}), _terms(record.vector))
            for record in records
        }
        return to_scored(best, stored, dense, sparse, pivot, compared)

    def _signals(self, probe: Probe, compare: Sequence[Vector], ids: list[str]) -> list[dict[str, float]]:
        """Return the exact scores of points: dense, sparse, pivot, then of each vector to compare."""
        among = models.Filter(must=[models.HasIdCondition(has_id=list(ids))])
        queries: list[_Query] = [(DENSE, probe.dense.tolist()), (SPARSE, _sparse(probe.sparse))]
        if probe.pivot is not None:
            queries += [(DENSE, probe.pivot.tolist()), (PIVOT, probe.pivot.tolist())]
        queries += [(DENSE, vector.tolist()) for vector in compare]
        requests = [
            models.QueryRequest(query=query, using=name, filter=among, limit=len(ids))
            for name, query in queries
        ]
        responses = self._client.query_batch_points(self._collection, requests=requests)
        scores = [{str(point.id): point.score for point in response.points} for response in responses]
        if probe.pivot is None:
            return [*scores[:2], {}, *scores[2:]]
        return [*scores[:2], {**scores[2], **scores[3]}, *scores[4:]]

    def retire(self, document: str, at: int, day: int = ALWAYS) -> None:
        """End a document's chunks that began before sequence `at`, at `at`, as of `day`."""
        ended = [_is("document", document), _below("valid_from", at), _from("superseded_day", day + 1)]
        self._set({"valid_to": at, "superseded_day": day}, *ended)

    def restate(self, document: str, valid_from: int, marks: Marks, valid_to: int, superseded: int) -> None:
        """Set what the chunks of one version have beside their text."""
        fields = {**marked(marks), "valid_to": valid_to, "superseded_day": superseded}
        self._set(fields, _is("document", document), _is("valid_from", valid_from))

    def discard(self, document: str, valid_from: int) -> None:
        """Remove the chunks of a document that begin at that sequence."""
        self._delete(_is("document", document), _is("valid_from", valid_from))

    def remove(self, document: str) -> None:
        """Remove all chunks of a document."""
        self._delete(_is("document", document))

    def count(self, scope: Scope) -> int:
        """Count the chunks within the scope."""
        if not scope.collections:
            return 0
        with self._translated():
            return self._client.count(self._collection, count_filter=_within(scope), exact=True).count

    def flush(self) -> None:
        """Return at once: every write waited for the server's acknowledgement."""

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _create(self, dimension: int) -> None:
        self._client.create_collection(
            self._collection,
            vectors_config={
                name: models.VectorParams(size=dimension, distance=models.Distance.COSINE)
                for name in (DENSE, PIVOT)
            },
            sparse_vectors_config={SPARSE: models.SparseVectorParams(modifier=models.Modifier.IDF)},
        )

    def _create_field_indexes(self) -> None:
        for field in KEYWORD_FIELDS:
            self._client.create_payload_index(self._collection, field, models.PayloadSchemaType.KEYWORD)
        for field in INTEGER_FIELDS:
            self._client.create_payload_index(self._collection, field, models.PayloadSchemaType.INTEGER)

    def _set(self, fields: dict[str, Any], *conditions: models.FieldCondition) -> None:
        which = models.Filter(must=list(conditions))
        with self._translated():
            self._client.set_payload(self._collection, fields, points=which, wait=True)

    def _delete(self, *conditions: models.FieldCondition) -> None:
        selector = models.FilterSelector(filter=models.Filter(must=list(conditions)))
        with self._translated():
            self._client.delete(self._collection, points_selector=selector, wait=True)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (ApiException, RpcError, OSError) as error:
            if "No space left" in str(error):
                raise StorageFull(self._where) from error
            raise IndexUnavailable(self._where, str(error).strip().splitlines()[0][:200]) from error


def connect(
    url: str, api_key: str | None, timeout_seconds: float, collection: str, dimension: int
) -> ServerIndex:
    """Connect to a Qdrant server.

    Raises:
        IndexUnavailable: It does not answer.
    """
    return ServerIndex(_client(url, api_key, timeout_seconds), collection, dimension, where=url)


def drop(url: str, api_key: str | None, timeout_seconds: float, collection: str) -> None:
    """Remove a collection from a Qdrant server; nothing happens where there is none.

    Raises:
        IndexUnavailable: The server does not answer.
    """
    client = _client(url, api_key, timeout_seconds)
    try:
        client.delete_collection(collection)
    except (ApiException, RpcError, OSError) as error:
        raise IndexUnavailable(url, str(error)) from error
    finally:
        client.close()


def _client(url: str, api_key: str | None, timeout_seconds: float) -> QdrantClient:
    try:
        return QdrantClient(
            url=url, api_key=api_key, timeout=round(timeout_seconds), check_compatibility=False
        )
    except ValueError as error:
        raise IndexUnavailable(url, str(error)) from error


def _point(indexed: IndexedChunk) -> models.PointStruct:
    vectors: dict[str, list[float] | models.SparseVector] = {
        DENSE: indexed.dense.tolist(),
        SPARSE: _sparse(indexed.sparse),
    }
    if indexed.pivot is not None:
        vectors[PIVOT] = indexed.pivot.tolist()
    return models.PointStruct(id=indexed.chunk.id, vector=vectors, payload=to_payload(indexed))


def _sparse(vector: SparseVector) -> models.SparseVector:
    return models.SparseVector(indices=list(vector.indices), values=list(vector.values))


def _queries(probe: Probe) -> list[tuple[str, list[float] | models.SparseVector, list[models.Condition]]]:
    """Return the ways to look of a probe, each with what it requires of a chunk beside the scope."""
    queries: list[tuple[str, list[float] | models.SparseVector, list[models.Condition]]] = [
        (DENSE, probe.dense.tolist(), []),
        (SPARSE, _sparse(probe.sparse), []),
    ]
    if probe.pivot is not None:
        queries.append((PIVOT, probe.pivot.tolist(), []))
        if probe.pivot is not probe.dense:
            without = models.Filter(must_not=[models.HasVectorCondition(has_vector=PIVOT)])
            queries.append((DENSE, probe.pivot.tolist(), [without]))
    return queries


def _terms(vectors: object) -> HeldTerms:
    found = vectors.get(SPARSE) if isinstance(vectors, dict) else None
    return HeldTerms.of(found.indices, found.values) if found else NO_TERMS


def _within(scope: Scope, probe: Probe | None = None, *also: models.Condition) -> models.Filter:
    must: list[models.Condition] = [*_visible(scope), *also]
    if scope.tags is not None:
        must.append(_any("tags", scope.tags))
    for documents in (scope.documents, probe.documents if probe else None):
        if documents is not None:
            must.append(_any("document", documents))
    return models.Filter(must=must)


def _visible(scope: Scope) -> list[models.Condition]:
    """Return what a chunk must have to be visible; one that lacks a field is not."""
    not_followed = [_from("valid_to", scope.sequence + 1), _from("superseded_day", scope.day + 1)]
    must: list[models.Condition] = [
        _any("collection", scope.collections),
        _below("valid_from", scope.sequence + 1),
        _below("first_day", scope.day + 1),
        _from("end_day", scope.day + 1),
        models.Filter(should=list(not_followed)),
    ]
    if scope.groups is not None:
        must.append(_any("groups", {*scope.groups, EVERYONE}))
    if scope.without:
        must.append(models.Filter(must_not=[_any("document", scope.without)]))
    return must


def _any(key: str, values: Iterable[str]) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchAny(any=sorted(values)))


def _is(key: str, value: str | int) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))


def _below(key: str, value: int) -> models.FieldCondition:
    return models.FieldCondition(key=key, range=models.Range(lt=float(value)))


def _from(key: str, value: int) -> models.FieldCondition:
    return models.FieldCondition(key=key, range=models.Range(gte=float(value)))
