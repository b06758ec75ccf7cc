"""A chunk <-> the payload stored beside its vectors, the same in both databases. The text is not in it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sourcier_core.types import FOREVER, NEVER, Chunk, HeldTerms, IndexedChunk, Marks, ScoredChunk

DENSE = "dense"
SPARSE = "sparse"
PIVOT = "pivot"  # only of chunks that were put into English
RRF_K = 60  # Cormack, Clarke and Buettcher 2009, "Reciprocal Rank Fusion", section 3
SIGNAL_DEPTH = 2  # each signal is searched this many times deeper than what is returned
UPSERT_BATCH = 256  # points in one write
KEYWORD_FIELDS = ("collection", "document", "language", "groups", "tags")
INTEGER_FIELDS = ("valid_from", "valid_to", "first_day", "end_day", "superseded_day")
PAYLOAD_LAYOUT = 2  # raised when a field is added that filters need; chunks of an older one are restated
EVERYONE = "*"  # the group of chunks that name none: without it, a chunk that lacks the field would be open


def to_payload(indexed: IndexedChunk) -> dict[str, Any]:
    """Return the stored fields of a chunk."""
    chunk = indexed.chunk
    return {
        "document": chunk.document,
        "collection": chunk.collection,
        "version": chunk.version,
        "page": chunk.page,
        "start": chunk.start,
        "end": chunk.end,
        "section": list(chunk.section),
        "language": chunk.language,
        "page_chars": chunk.page_chars,
        "page_digits": chunk.page_digits,
        "valid_from": indexed.valid_from,
        "valid_to": FOREVER,
        "superseded_day": NEVER,
        **marked(indexed.marks),
    }


def marked(marks: Marks) -> dict[str, Any]:
    """Return the stored fields that a chunk has from its document and version."""
    return {
        "first_day": marks.period.first_day,
        "end_day": marks.period.end_day,
        "tags": sorted(marks.tags),
        "groups": sorted(marks.groups) or [EVERYONE],
    }


def to_chunk(point_id: object, payload: Mapping[str, Any]) -> Chunk:
    """Return the chunk that a stored point is."""
    return Chunk(
        id=str(point_id),
        document=payload["document"],
        collection=payload["collection"],
        version=payload["version"],
        page=payload["page"],
        start=payload["start"],
        end=payload["end"],
        section=tuple(payload["section"]),
        language=payload["language"],
        page_chars=payload["page_chars"],
        page_digits=payload["page_digits"],
    )


def best_fused(fused: Iterable[tuple[object, float]], limit: int) -> list[tuple[str, float]]:
    """Return the ids and scores of the best points, ties by id: the engines cut ties as they please."""
    return sorted(((str(point_id), score) for point_id, score in fused), key=lambda p: (-p[1], p[0]))[:limit]


def to_scored(
    best: Iterable[tuple[str, float]],
    stored: Mapping[str, tuple[Chunk, HeldTerms]],
    dense: Mapping[str, float],
    sparse: Mapping[str, float],
    pivot: Mapping[str, float],
    compared: Sequence[Mapping[str, float]] = (),
) -> list[ScoredChunk]:
    """Join what a search found with what is stored; a point purged between the two is left out."""
    return [
        ScoredChunk(
            chunk=stored[point_id][0],
            fused=score,
            dense=dense.get(point_id, 0.0),
            sparse=sparse.get(point_id, 0.0),
            pivot=pivot.get(point_id, 0.0),
            terms=stored[point_id][1],
            compared=tuple([cosines.get(point_id, 0.0) for cosines in compared]),
        )
        for point_id, score in best
        if point_id in stored
    ]
