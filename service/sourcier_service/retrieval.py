"""Question -> passages: hybrid search fused in Qdrant, then the pages that the chunks found stand on."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sourcier_core.catalogue import Catalogue
from sourcier_core.page_store import PageStore, label_of
from sourcier_core.ports import ChunkIndex
from sourcier_core.settings import RetrievalSettings
from sourcier_core.types import Document, Passage, Scope, ScoredChunk
from sourcier_service.question import Question

SPARSE_SHARE = 0.5  # of a chunk's score: its BM25 score, the best one found being 1, beside its cosine
MAX_DEEPER = 4  # times as many candidates are looked at, at most, where they stand on too few pages
SECOND_CHUNK = 0.2  # a page's second best chunk counts this much beside the best


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What was found: passages on distinct pages, and every chunk with its signals."""

    passages: tuple[Passage, ...]  # best first
    chunks: tuple[ScoredChunk, ...]  # best first, see score_chunks


class Retriever:
    """Finds the pages that may answer, within a scope."""

    def __init__(
        self, *, index: ChunkIndex, catalogue: Catalogue, pages: PageStore, settings: RetrievalSettings
    ) -> None:
        self._index = index
        self._catalogue = catalogue
        self._pages = pages
        self._settings = settings

    def retrieve(self, question: Question, scope: Scope, limit: int | None = None) -> Retrieved:
        """Find passages.

        Args:
            question: Understood with the index's model.
            scope: What may be seen.
            limit: Distinct pages at most; default the setting.

        Raises:
            IndexUnavailable: The database does not answer.
        """
        wanted = limit or self._settings.passages
        depth = self._settings.candidates
        chunks = self._index.search(question.dense, question.sparse, scope, depth)
        while _count_pages(chunks) < wanted and len(chunks) == depth < MAX_DEEPER * self._settings.candidates:
            depth *= 2  # many chunks of few pages were found
            chunks = self._index.search(question.dense, question.sparse, scope, depth)
        documents = self._documents(chunks)
        scored = score_chunks([chunk for chunk in chunks if chunk.chunk.document in documents])
        ranked = rank_pages(scored)[:wanted]
        passages = tuple(self._passage(best, score, documents[best.chunk.document]) for best, score in ranked)
        return Retrieved(passages, tuple(chunk for chunk, _ in scored))

    def _documents(self, chunks: Sequence[ScoredChunk]) -> dict[str, Document]:
        found = {
            identity: self._catalogue.document(identity) for identity in {c.chunk.document for c in chunks}
        }
        return {identity: document for identity, document in found.items() if document is not None}

    def _passage(self, best: ScoredChunk, score: float, document: Document) -> Passage:
        chunk = best.chunk
        text = self._pages.page(chunk.version, chunk.page or 1).text
        return Passage(
            document=self._as_of(document, chunk.version),
            version=chunk.version,
            page=chunk.page,
            page_label=label_of(self._pages.structure(chunk.version), chunk.page),
            section=chunk.section,
            start=chunk.start,
            end=chunk.end,
            text=text[chunk.start : chunk.end],
            score=score,
        )

    def _as_of(self, document: Document, version: str) -> Document:
        """Return what a document was in the version found: it may have been replaced since the search."""
        if document.version == version:
            return document
        known = self._catalogue.document_version(document.id, version)
        if known is None:
            return document
        return replace(
            document,
            title=known.title,
            version=known.version,
            media_type=known.media_type,
            language=known.language,
            page_count=known.page_count,
        )


def _count_pages(chunks: Sequence[ScoredChunk]) -> int:
    return len({(scored.chunk.document, scored.chunk.page) for scored in chunks})


def score_chunks(chunks: Sequence[ScoredChunk]) -> list[tuple[ScoredChunk, float]]:
    """Return chunks with their scores, best first, ties by chunk id.

    The fused rank decided which chunks are looked at; their order is by both scores, which tell how
    much better one is than the next.
    """
    most = max((chunk.sparse for chunk in chunks), default=0.0) or 1.0
    scored = [(chunk, chunk.dense + SPARSE_SHARE * chunk.sparse / most) for chunk in chunks]
    return sorted(scored, key=lambda pair: (-pair[1], pair[0].chunk.id))


def rank_pages(scored: Sequence[tuple[ScoredChunk, float]]) -> list[tuple[ScoredChunk, float]]:
    """Return each page's best chunk with the page's score, best page first, ties by chunk id.

    A page scores its best chunk's score and a share of its second best's. A text pane is one page.
    """
    by_page: dict[tuple[str, int | None], list[tuple[ScoredChunk, float]]] = defaultdict(list)
    for chunk, score in scored:
        by_page[chunk.chunk.document, chunk.chunk.page].append((chunk, score))
    ranked = []
    for (best, score), *others in by_page.values():
        ranked.append((best, score + SECOND_CHUNK * (others[0][1] if others else 0.0)))
    return sorted(ranked, key=lambda pair: (-pair[1], pair[0].chunk.id))
