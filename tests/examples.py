"""An example of each type, for tests that build them by hand: a test names what matters to it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sourcier_core.types import (
    Box,
    Chunk,
    Citation,
    Document,
    DocumentStatus,
    MediaType,
    Passage,
    ScoredChunk,
    document_id,
)

VERSION = "0123456789abcdef" * 4
MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def a_document(
    name: str = "guide.pdf",
    *,
    collection: str = "samples",
    title: str = "Guide",
    version: str | None = VERSION,
) -> Document:
    """A PDF of ten pages that answers."""
    return Document(
        id=document_id(collection, name),
        collection=collection,
        name=name,
        title=title,
        status=DocumentStatus.READY,
        reason=None,
        reason_code=None,
        version=version,
        media_type=MediaType.PDF,
        language="en",
        page_count=10,
        chunk_count=20,
        size=4096,
        updated_at=MOMENT,
    )


def a_scored_chunk(
    chunk: str = "c1",
    *,
    page: int | None = 1,
    document: str = "d1",
    dense: float = 0.0,
    sparse: float = 0.0,
    fused: float = 0.0,
    start: int = 0,
    end: int = 10,
    section: Sequence[str] = (),
    version: str = VERSION,
) -> ScoredChunk:
    """A chunk that a search found."""
    found = Chunk(chunk, document, "samples", version, page, start, end, tuple(section), "en")
    return ScoredChunk(found, fused=fused, dense=dense, sparse=sparse)


def a_passage(
    *,
    document: Document | None = None,
    page: int | None = 3,
    page_label: str | None = "1",
    section: Sequence[str] = (),
    text: str = "Claims are filed within 30 days.",
    start: int = 40,
    score: float = 1.0,
    version: str = VERSION,
) -> Passage:
    """A page that may answer."""
    return Passage(
        document=document or a_document(version=version),
        version=version,
        page=page,
        page_label=page_label,
        section=tuple(section),
        start=start,
        end=start + len(text),
        text=text,
        score=score,
    )


def a_citation(
    *,
    document: Document | None = None,
    page: int | None = 3,
    quote: str = "Claims are filed within 30 days.",
    start: int = 40,
    boxes: Sequence[Box] = (Box(72.0, 100.5, 300.25, 114.0),),
) -> Citation:
    """A proved sentence."""
    return Citation(
        n=1,
        document=document or a_document(),
        version=VERSION,
        page=page,
        page_label="1",
        section=("4 Travel", "4.2 Claims"),
        quote=quote,
        start=start,
        end=start + len(quote),
        boxes=tuple(boxes),
        verified=True,
    )
