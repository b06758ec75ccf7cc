"""Question, names and titles of the documents in scope -> which documents it names: words, years, codes.

A word of a question that few documents bear in their name or title ("Adobe", "R-17", "northwind") says where
to look; a year says which of several alike. A misspelt name still routes.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA

from sourcier_core.analysis import question_terms, stem, terms, words
from sourcier_core.types import Document, Searched
from sourcier_service.question import Question

COMMON = 0.5  # a word that a greater share of several documents bears tells none apart
TYPO_LETTERS = 5  # a shorter word is not taken for a misspelt one
TYPO_SCORE = 0.8  # of one edit in five letters, which is the worst that is taken
MANY_ROUTED = 8  # at most so many documents are looked into on their own
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")
_SHORT_YEAR = re.compile(r"\b(?:FY|CY|Q[1-4])[ '’]?(\d{2})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Route:
    """How much a question points at a document."""

    name: float  # rarity-weighted share of the question's naming words that its name bears, in [0, 1]
    year: float  # 1 where the name bears a year asked for, -1 where it bears only others, else 0


NOWHERE = Route(0.0, 0.0)


class DocumentNames:
    """Documents by id, and the words of their names and titles, with their rarity."""

    def __init__(self, documents: Sequence[Document]) -> None:
        """Read the names of the documents that a question may be about."""
        answering = [document for document in documents if document.version is not None]
        self.languages = frozenset(document.language for document in answering)
        self.documents = {document.id: document for document in answering}
        self._bearers: dict[str, set[str]] = defaultdict(set)
        self._years: dict[str, frozenset[str]] = {}
        for document in answering:
            written = f"{document.title} {document.name}".replace("_", " ")
            name = _spaced(written)
            self._years[document.id] = years(written) | years(name)  # Q3'22 in the one, FY18v2 in the other
            for term in {*terms(name, "fr"), *terms(name, "en"), *words(name)}:
                self._bearers[term].add(document.id)
        self._count = len(answering)
        self._long = [term for term in self._bearers if len(term) >= TYPO_LETTERS and term.isalpha()]

    def searched(self, within: frozenset[str] | None = None) -> Searched:
        """Return how much answers, of all or of some documents."""
        pages = [known.page_count for id_, known in self.documents.items() if within is None or id_ in within]
        return Searched(len(pages), sum(pages))

    def route(self, question: Question) -> dict[str, Route]:
        """Return the documents that the question names or whose years it names; others are NOWHERE."""
        if self._count < 2:
            return {}
        weights: dict[str, float] = defaultdict(float)
        total = 0.0
        for word in question_terms(_spaced(question.text), question.language):
            bearers = self._bearers_of(word)
            if not bearers or len(bearers) > COMMON * self._count:
                continue
            rarity = math.log(self._count / len(bearers))
            total += rarity
            for document in bearers:
                weights[document] += rarity
        asked = years(question.text)
        routes = {}
        for document, borne in self._years.items():
            name = weights[document] / total if total and document in weights else 0.0
            year = (1.0 if borne & asked else -1.0) if asked and borne else 0.0
            if name or year:
                routes[document] = Route(name, year)
        return routes

    def _bearers_of(self, word: Iterable[str]) -> set[str]:
        found: set[str] = set()
        for term in word:
            found |= self._bearers.get(term, set())
        if found:
            return found
        for term in word:
            if len(term) >= TYPO_LETTERS and term.isalpha():
                near = process.extractOne(
                    term, self._long, scorer=OSA.normalized_similarity, score_cutoff=TYPO_SCORE
                )
                if near:
                    found |= self._bearers[near[0]]
        return found

    def naming_words(self, question: Question) -> frozenset[str]:
        """Return the question's folded words that name documents, and its years."""
        if self._count < 2:
            return frozenset()
        naming = set()
        for word in words(question.text):
            bearers = self._bearers_of(dict.fromkeys((stem(word, "fr"), stem(word, "en"), word)))
            if _YEAR.search(word) or (bearers and len(bearers) <= COMMON * self._count):
                naming.add(word)
        return frozenset(naming)


def best_routed(routes: Mapping[str, Route]) -> frozenset[str]:
    """Return the documents worth a look of their own: those named best, in the year asked for first."""
    named = [(route.name + 0.5 * route.year, document) for document, route in routes.items() if route.name]
    if not named:
        return frozenset()
    best = max(score for score, _ in named)
    near = sorted((pair for pair in named if pair[0] >= 0.5 * best), key=lambda pair: (-pair[0], pair[1]))
    return frozenset(document for _, document in near[:MANY_ROUTED])


def years(text: str) -> frozenset[str]:
    """Return the years 1900 to 2099 that a text names, also written FY18 or Q3'22."""
    return frozenset(_YEAR.findall(text)) | {f"20{short}" for short in _SHORT_YEAR.findall(text)}


def _spaced(text: str) -> str:
    """Part letters from digits and at underscores: 3M_2018_10K, FY2018."""
    parted = re.sub(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])", " ", text.replace("_", " "))
    return re.sub(r"[./\\-]+", " ", parted)
