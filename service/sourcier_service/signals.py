"""Question, chunks found -> what each candidate page has in its favour, as numbers that a ranker weighs.

All that is known of a chunk was fetched with it: no page is read here and no model runs. One matrix per
question, a row per page, a column per name in SIGNALS.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from sourcier_core.analysis import terms
from sourcier_core.bm25 import term_index
from sourcier_core.types import Document, ScoredChunk
from sourcier_service.question import Question
from sourcier_service.routing import NOWHERE, Route

Floats = npt.NDArray[np.float64]

SIGNALS: tuple[str, ...] = (
    "dense",  # highest cosine of a chunk of the page
    "pivot",  # highest cosine of a chunk of the page, both put into English; as dense without a pivot
    "dense_second",  # the next one's; the lowest found where there is none
    "dense_core",  # highest cosine with the question without names and function words; as dense without one
    "dense_document",  # mean of the three highest cosines of its document
    "dense_neighbour",  # highest cosine on the page before or after
    "sparse",  # BM25 of its best chunk, the best of all being 1
    "sparse_page",  # sum of its chunks' BM25, the best page being 1
    "fused",  # reciprocal rank of its best chunk, the best of all being 1
    "coverage",  # share of the question's words, weighed by idf, in one chunk
    "coverage_page",  # the same in all its chunks found
    "rarest",  # share of the question's two rarest words in its chunks found
    "section",  # share of the question's words, weighed by idf, in the section's headings
    "heading",  # share of the words of the innermost heading that the question has
    "numbers",  # share of the question's numbers that stand in its chunks found
    "route",  # how much the question names the document
    "year",  # 1, 0 or -1: the document bears a year asked for, none, only others
    "document",  # share of the 50 best chunks that are the document's
    "language",  # 1 if it is in the question's language
    "figures",  # share of digits on the page, where the question asks for a figure
)
# Habits of one collection (answers stand in tables, or at the end): never in default weights.
PRIORS: tuple[str, ...] = (
    "digits",  # share of digits on the page
    "length",  # log of the page's characters
    "position",  # of the page in its document, 0 first, 1 last
    "beginning",  # 1 on the first five hundredths of a document of 40 pages or more
)
BEST_CHUNKS = 50  # among which a document's share is counted
LONG_DOCUMENT = 40  # pages
HEADINGS_KEPT = 16_384  # whose terms are remembered, about 1 kB each: questions meet the same ones again


@dataclass(frozen=True, slots=True)
class PageSignals:
    """The candidate pages of one question."""

    best: tuple[ScoredChunk, ...]  # each page's best chunk
    matrix: Floats  # shape (pages, len(SIGNALS) + len(PRIORS))
    unknown: float = 1.0  # share of the question's words that no chunk found holds, in [0, 1]


def page_signals(
    question: Question,
    chunks: Sequence[ScoredChunk],
    documents: Mapping[str, Document],
    routes: Mapping[str, Route],
) -> PageSignals:
    """Compute the signals of every page on which a chunk found stands.

    Args:
        question: Whose words, with their equivalents, count.
        chunks: As `ChunkIndex.search` returns them: by fused score, best first.
        documents: Those of the chunks, by id.
        routes: Documents that the question names.
    """
    if not chunks:
        return PageSignals((), np.zeros((0, len(SIGNALS) + len(PRIORS))))
    keys: dict[tuple[str, int | None], int] = {}
    page_of = np.array([keys.setdefault((c.chunk.document, c.chunk.page), len(keys)) for c in chunks])
    pivot = np.array([c.pivot for c in chunks])
    own = np.array([c.dense for c in chunks])
    dense = own if question.pivot is None else (own + pivot) / 2
    sparse = np.array([c.sparse for c in chunks])
    fused = np.array([c.fused for c in chunks])
    held, idf = _held_words(question, chunks, sparse)
    count = len(keys)

    order = np.argsort(-(dense + 0.5 * sparse / max(sparse.max(), 1e-9)), kind="stable")
    best = order[np.unique(page_of[order], return_index=True)[1]]
    best_chunks = tuple(chunks[position] for position in best.tolist())

    by_page = np.argsort(page_of, kind="stable")
    page_held = np.logical_or.reduceat(held[by_page], np.searchsorted(page_of[by_page], np.arange(count)))
    total = idf.sum() or 1.0
    rarest = np.argsort(-idf, kind="stable")[:2]
    first, second = _two_highest(dense, page_of, count)
    sparse_page = np.bincount(page_of, weights=sparse, minlength=count)
    above, heading = _headings(question, best_chunks, idf / total)
    document_of = [document for document, _ in keys]
    route = [routes.get(document, NOWHERE) for document in document_of]
    pages = [documents[document].page_count for document in document_of]
    digits = np.array([c.chunk.page_digits for c in best_chunks])
    number = np.array([c.chunk.page or 1 for c in best_chunks])
    columns = {
        "dense": first,
        "pivot": first if question.pivot is None else _highest(pivot, page_of, count),
        "dense_second": second,
        "dense_core": _highest(np.array([c.compared[0] for c in chunks]), page_of, count)
        if question.core is not None
        else first,
        "dense_document": _document_means(first, document_of),
        "dense_neighbour": _neighbours(first, keys),
        "sparse": _highest(sparse, page_of, count) / max(sparse.max(), 1e-9),
        "sparse_page": sparse_page / max(sparse_page.max(), 1e-9),
        "fused": _highest(fused, page_of, count) / max(fused.max(), 1e-9),
        "coverage": _highest(held @ idf / total, page_of, count),
        "coverage_page": page_held @ idf / total,
        "rarest": page_held[:, rarest].mean(axis=1) if len(rarest) else np.zeros(count),
        "section": above,
        "heading": heading,
        "numbers": _numbers(question, page_held),
        "route": np.array([r.name for r in route]),
        "year": np.array([r.year for r in route]),
        "document": _document_shares(chunks[:BEST_CHUNKS], document_of),
        "language": np.array([float(c.chunk.language == question.language) for c in best_chunks]),
        "figures": digits * question.asks_figure,
        "digits": digits,
        "length": np.log1p([c.chunk.page_chars for c in best_chunks]),
        "position": (number - 1) / np.maximum(np.array(pages) - 1, 1),
        "beginning": (np.array(pages) >= LONG_DOCUMENT) & (number <= 0.05 * np.array(pages)),
    }
    matrix = np.column_stack([np.asarray(columns[name], dtype=float) for name in (*SIGNALS, *PRIORS)])
    unknown = float(1 - held.any(axis=0).mean()) if held.shape[1] else 1.0
    return PageSignals(best_chunks, matrix, unknown)


def _held_words(
    question: Question, chunks: Sequence[ScoredChunk], sparse: Floats
) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Return which words each chunk holds, shape (chunks, words), and the words' idf.

    The database knows the idf of each term and tells only the sum of weight times idf: with the weights of
    a few hundred chunks known, least squares gives it back.
    """
    words = question.words
    words_of: dict[int, set[int]] = {}  # a term may be an equivalent of two words
    for number, word in enumerate(words):
        for term in word:
            words_of.setdefault(term_index(term), set()).add(number)
    asked = sorted(words_of)
    held = np.zeros((len(chunks), len(words)), dtype=bool)
    if not asked:
        return held, np.zeros(0)
    weights = _weights(asked, chunks)
    for column, index in enumerate(asked):
        for number in words_of[index]:
            held[:, number] |= weights[:, column] > 0
    gram = weights.T @ weights + 1e-3 * np.eye(len(asked))
    of_terms = np.clip(np.linalg.solve(gram, weights.T @ sparse), 0.0, None)
    idf = np.zeros(len(words))
    for column, index in enumerate(asked):
        for number in words_of[index]:
            idf[number] = max(idf[number], of_terms[column])
    missing = ~held.any(axis=0)
    idf[missing] = idf.max() or 1.0  # in no candidate: as rare as the rarest
    return held, idf


def _weights(asked: Sequence[int], chunks: Sequence[ScoredChunk]) -> Floats:
    """Return the weight of each term asked in each chunk, shape (chunks, asked); 0.0 where it is not held."""
    sought = np.array(asked, dtype=np.uint32)
    held = np.concatenate([found.terms.indices for found in chunks])
    column = np.minimum(np.searchsorted(sought, held), len(asked) - 1)
    is_sought = sought[column] == held
    row = np.repeat(np.arange(len(chunks)), [len(found.terms.indices) for found in chunks])
    weights = np.zeros((len(chunks), len(asked)))
    values = np.concatenate([found.terms.weights for found in chunks])
    weights[row[is_sought], column[is_sought]] = values[is_sought]
    return weights


def _highest(values: Floats, page_of: npt.NDArray[np.int_], count: int) -> Floats:
    highest = np.full(count, -np.inf)
    np.maximum.at(highest, page_of, values)
    return highest


def _two_highest(values: Floats, page_of: npt.NDArray[np.int_], count: int) -> tuple[Floats, Floats]:
    order = np.lexsort((-values, page_of))
    falling = values[order]
    starts = np.searchsorted(page_of[order], np.arange(count))
    second = np.full(count, values.min())
    several = np.bincount(page_of, minlength=count) > 1
    second[several] = falling[starts[several] + 1]
    return falling[starts], second


def _document_means(first: Floats, document_of: Sequence[str]) -> Floats:
    by_document: dict[str, list[float]] = {}
    for document, value in zip(document_of, first.tolist(), strict=True):
        by_document.setdefault(document, []).append(value)
    means = {d: sum(sorted(v, reverse=True)[:3]) / min(3, len(v)) for d, v in by_document.items()}
    return np.array([means[document] for document in document_of])


def _neighbours(first: Floats, keys: Mapping[tuple[str, int | None], int]) -> Floats:
    lowest = float(first.min())
    near = np.full(len(keys), lowest)
    for (document, page), position in keys.items():
        if page is None:
            continue
        around = [keys[document, p] for p in (page - 1, page + 1) if (document, p) in keys]
        near[position] = max((float(first[p]) for p in around), default=lowest)
    return near


def _document_shares(best: Sequence[ScoredChunk], document_of: Sequence[str]) -> Floats:
    counts: dict[str, int] = {}
    for found in best:
        counts[found.chunk.document] = counts.get(found.chunk.document, 0) + 1
    return np.array([counts.get(document, 0) / len(best) for document in document_of])


def _headings(question: Question, best: Sequence[ScoredChunk], shares: Floats) -> tuple[Floats, Floats]:
    known: dict[tuple[tuple[str, ...], str], tuple[float, float]] = {}
    words_of: dict[str, list[int]] = {}
    for n, word in enumerate(question.words):
        for term in word:
            words_of.setdefault(term, []).append(n)
    share_of = shares.tolist()
    for found in best:
        key = found.chunk.section, found.chunk.language
        if key in known:
            continue
        parts = [_heading_terms(part, found.chunk.language) for part in found.chunk.section]
        path = frozenset().union(*parts)
        inner = parts[-1] if parts else path
        held = sorted({n for term in words_of.keys() & path for n in words_of[term]})
        covered = float(sum(share_of[n] for n in held))
        known[key] = covered, len(inner & words_of.keys()) / len(inner) if inner else 0.0
    pairs = [known[found.chunk.section, found.chunk.language] for found in best]
    return np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])


@lru_cache(maxsize=HEADINGS_KEPT)
def _heading_terms(heading: str, language: str) -> frozenset[str]:
    return frozenset(terms(heading, language))


def _numbers(question: Question, page_held: npt.NDArray[np.bool_]) -> Floats:
    numbers = [n for n, word in enumerate(question.words) if word[0][:1].isdigit()]
    return page_held[:, numbers].mean(axis=1) if numbers else np.zeros(len(page_held))


def entropy(probabilities: Floats) -> float:
    """Return how undecided a ranking is, in nats: 0 where one page has it all, log n where n are alike."""
    positive = probabilities[probabilities > 0]
    return max(0.0, float(-(positive * np.log(positive)).sum()))
