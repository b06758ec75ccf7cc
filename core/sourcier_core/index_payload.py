"""A chunk <-> the payload stored beside its vectors, the same in both databases. The text is not in it."""

from collections.abc import Mapping
from typing import Any

from sourcier_core.types import FOREVER, Chunk, IndexedChunk

DENSE = "dense"
SPARSE = "sparse"
RRF_K = 60  # Cormack, Clarke and Buettcher 2009, "Reciprocal Rank Fusion", section 3
KEYWORD_FIELDS = ("collection", "document")
INTEGER_FIELDS = ("valid_from", "valid_to")


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
        "valid_from": indexed.valid_from,
        "valid_to": FOREVER,
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
    )
