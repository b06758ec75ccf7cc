"""Terms -> sparse vectors whose dot product, with Qdrant's IDF modifier, is BM25."""

from collections import Counter
from collections.abc import Iterable
from zlib import crc32

from sourcier_core.analysis import question_terms, terms
from sourcier_core.types import SparseVector

K = 1.2  # Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework", section 3.5: 1.2 < k1 < 2
B = 0.75  # the same: 0.5 < b < 0.8
AVERAGE_TERMS = (
    100.0  # of a chunk of about 200 tokens; a constant, so that adding documents changes no vector
)


def document_vector(text: str, language: str) -> SparseVector:
    """Weigh a text's terms: `tf (k + 1) / (tf + k (1 - b + b length / average))`, without IDF."""
    counts = Counter(terms(text, language))
    length = sum(counts.values())
    norm = K * (1 - B + B * length / AVERAGE_TERMS)
    return _vector((term, tf * (K + 1) / (tf + norm)) for term, tf in counts.items())


def question_vector(text: str, language: str) -> SparseVector:
    """Give each term of a question's words the weight 1; Qdrant multiplies by the term's IDF."""
    return words_vector(question_terms(text, language))


def words_vector(words: Iterable[Iterable[str]]) -> SparseVector:
    """Give each term of words with alternatives the weight 1."""
    return _vector((term, 1.0) for alternatives in words for term in alternatives)


def term_index(term: str) -> int:
    """Return the dimension of a term: 32 bits, two of 50,000 terms share one with probability 0.25."""
    return crc32(term.encode())


def _vector(weights: Iterable[tuple[str, float]]) -> SparseVector:
    by_index: dict[int, float] = {}
    for term, weight in weights:
        index = term_index(term)
        by_index[index] = max(weight, by_index.get(index, 0.0))
    ordered = sorted(by_index.items())
    return SparseVector(tuple(i for i, _ in ordered), tuple(v for _, v in ordered))
