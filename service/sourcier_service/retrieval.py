"""Question -> passages: hybrid search fused in Qdrant, then a linear ranker over each page's signals."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from sourcier_core.catalogue import Catalogue
from sourcier_core.page_store import PageStore, label_of
from sourcier_core.ports import ChunkIndex, Embedder, PageReranker
from sourcier_core.settings import RetrievalSettings
from sourcier_core.types import (
    Document,
    Effect,
    NoAnswerReason,
    Passage,
    Probe,
    Scope,
    ScoredChunk,
    Searched,
)
from sourcier_service.access import may_see
from sourcier_service.question import Question, in_both_languages, with_core, with_pivot
from sourcier_service.ranking import Ranker, Ranking
from sourcier_service.reordering import reorder
from sourcier_service.routing import DocumentNames, best_routed
from sourcier_service.signals import PageSignals, page_signals

SPARSE_SHARE = 0.5  # of a chunk's place: its BM25 score, the best one found being 1, beside its cosine
MAX_DEEPER = 4  # times as many candidates are looked at, at most, where they stand on too few pages
SCOPES_KEPT = 16  # whose documents' names are remembered


Effects: TypeAlias = dict[tuple[str, str], Effect]  # of the versions that answer, by document and sha256


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a search found, before it is ranked."""

    question: Question  # as it was looked for: in both languages where both are spoken
    chunks: tuple[ScoredChunk, ...]  # by fused score, best first
    documents: dict[str, Document]  # of the chunks, by id
    effects: Effects
    signals: PageSignals
    searched: Searched


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What was found: passages on distinct pages, and every chunk with its signals."""

    question: Question  # as it was looked for: in both languages where both are spoken
    passages: tuple[Passage, ...]  # best first
    chunks: tuple[ScoredChunk, ...]  # best first by both their scores, see order_chunks
    ranking: Ranking
    searched: Searched  # nothing where the question has no word to look for

    @property
    def nothing_found(self) -> NoAnswerReason | None:
        """Why there is no passage; None where there are some."""
        if not self.question.words:
            return "no_words"
        if not self.searched.documents:
            return "nothing_searched"
        return None if self.passages else "no_evidence"


class Retriever:
    """Finds the pages that may answer, within a scope."""

    def __init__(
        self,
        *,
        index: ChunkIndex,
        embedder: Embedder,
        catalogue: Catalogue,
        pages: PageStore,
        ranker: Ranker,
        pivot: bool,
        settings: RetrievalSettings,
        reranker: PageReranker | None = None,
    ) -> None:
        self._index = index
        self._embedder = embedder
        self._catalogue = catalogue
        self._pages = pages
        self._ranker = ranker
        self._pivot = pivot
        self._settings = settings
        self._reranker = reranker
        self._lock = threading.Lock()
        self._names: OrderedDict[Scope, tuple[DocumentNames, Effects]] = OrderedDict()

    def retrieve(self, question: Question, scope: Scope, limit: int | None = None) -> Retrieved:
        """Find passages.

        Args:
            question: Understood with the index's model.
            scope: What may be seen.
            limit: Distinct pages at most; default the setting.

        Raises:
            IndexUnavailable: The database does not answer.
            ModelUnusable: The cross-encoder gives no number.
        """
        wanted = limit or self._settings.passages
        read = self._settings.cross_encoder_passages if self._reranker else 0
        found = self.candidates(question, scope, max(wanted, read))
        return self.rank(found, self._ranker, wanted)

    def rank(self, found: Candidates, ranker: Ranker, wanted: int) -> Retrieved:
        """Order the pages of a search, and read the best.

        Args:
            found: By `candidates`.
            ranker: With the weights to use.
            wanted: Distinct pages at most.

        Raises:
            ModelUnusable: The cross-encoder gives no number.
        """
        read = self._settings.cross_encoder_passages if self._reranker else 0
        ranking = ranker.rank(found.signals)
        passages = [
            self._passage(best, probability, found) for best, probability in ranking.best(max(wanted, read))
        ]
        if self._reranker:
            passages = reorder(found.question.text, passages, self._reranker, read)
        return Retrieved(
            question=found.question,
            passages=tuple(passages[:wanted]),
            chunks=tuple(order_chunks(found.chunks)),
            ranking=ranking,
            searched=found.searched,
        )

    def candidates(
        self, question: Question, scope: Scope, wanted: int = 1, *, every_signal: bool = False
    ) -> Candidates:
        """Search, and compute the signals of every page found.

        A question without a word to look for (emoji, punctuation, function words) finds nothing: its vector
        is near to some pages too, and says nothing.

        Args:
            question: Understood with the index's model.
            scope: What may be seen.
            wanted: Distinct pages: where fewer are found, the search goes deeper.
            every_signal: Also compute the one that takes a model, where the ranker does not weigh it.

        Raises:
            IndexUnavailable: The database does not answer.
        """
        names, effects = self._document_names(scope)
        if not question.words:
            nothing = page_signals(question, (), names.documents, {})
            return Candidates(question, (), names.documents, effects, nothing, Searched(0, 0))
        if self._pivot and "fr" in (question.language, *names.languages):
            question = with_pivot(question, self._embedder)
        if names.languages - {question.language}:
            question = in_both_languages(question)
        routes = names.route(question)
        if routes and (every_signal or self._ranker.weighs("dense_core")):
            question = with_core(question, names.naming_words(question), self._embedder)
        everywhere = Probe(question.dense, question.sparse, question.pivot)
        probes = [everywhere]
        if routed := best_routed(routes):
            probes.append(replace(everywhere, documents=routed))
        compare = [] if question.core is None else [question.core]
        depth = self._settings.candidates
        chunks = self._index.search(probes, scope, depth, compare)
        while _count_pages(chunks) < wanted and len(chunks) == depth < MAX_DEEPER * self._settings.candidates:
            depth *= 2  # many chunks of few pages were found
            chunks = self._index.search(probes, scope, depth, compare)
        # The index was searched by the same rule; this one is the catalogue's, which decides.
        known = tuple(c for c in chunks if (c.chunk.document, c.chunk.version) in effects)
        signals = page_signals(question, known, names.documents, routes)
        return Candidates(question, known, names.documents, effects, signals, names.searched(scope.documents))

    def closed_since(self, scope: Scope, documents: set[str]) -> set[str]:
        """Return those of the documents that were deleted, or closed to this scope, since it was made."""
        known = self._catalogue.documents_of(documents)
        return {one for one in documents if one not in known or not may_see(scope, known[one])}

    def _document_names(self, scope: Scope) -> tuple[DocumentNames, Effects]:
        """Return the names of the documents in scope, read once for each state of the catalogue."""
        key = replace(scope, documents=None)
        with self._lock:
            if key in self._names:
                self._names.move_to_end(key)
                return self._names[key]
        answering = self._catalogue.answering(scope.sequence, scope.day, collections=scope.collections)
        seen = [(document, version) for document, version in answering if may_see(key, document)]
        names = DocumentNames([document for document, _ in seen])
        effects = {
            (document.id, one.version): Effect(one.period, one.superseded(scope.sequence, scope.today))
            for document, one in seen
        }
        with self._lock:
            self._names[key] = names, effects
            while len(self._names) > SCOPES_KEPT:
                self._names.popitem(last=False)
        return names, effects

    def _passage(self, best: ScoredChunk, score: float, found: Candidates) -> Passage:
        chunk = best.chunk
        text = self._pages.page(chunk.version, chunk.page or 1).text
        return Passage(
            document=found.documents[chunk.document],
            version=chunk.version,
            page=chunk.page,
            page_label=label_of(self._pages.structure(chunk.version), chunk.page),
            section=chunk.section,
            start=chunk.start,
            end=chunk.end,
            text=text[chunk.start : chunk.end],
            score=score,
            effect=found.effects[chunk.document, chunk.version],
        )


def _count_pages(chunks: Sequence[ScoredChunk]) -> int:
    return len({(scored.chunk.document, scored.chunk.page) for scored in chunks})


def order_chunks(chunks: Sequence[ScoredChunk]) -> list[ScoredChunk]:
    """Return chunks by cosine and share of the best BM25 score, best first, ties by chunk id.

    The fused rank decided which chunks are looked at; their order is by both scores, which tell how
    much better one is than the next.
    """
    most = max((chunk.sparse for chunk in chunks), default=0.0) or 1.0
    return sorted(chunks, key=lambda c: (-(c.dense + SPARSE_SHARE * c.sparse / most), c.chunk.id))
