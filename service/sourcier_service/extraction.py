"""Question, passages -> the few verbatim sentences or table rows that answer, best first."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from sourcier_core.analysis import normalise_numbers, terms
from sourcier_core.page_store import PageStore
from sourcier_core.ports import Embedder
from sourcier_core.types import Page, Passage, ScoredChunk
from sourcier_service.question import Question
from sourcier_service.sentences import Unit, is_item, split_units

SHORTLIST = 14  # units embedded: each costs about 8 CPU ms
CHUNKS = 8  # best chunks looked into
# Weights of similarity, coverage, the passage's score, a figure where one is asked for, log of the length:
# the flat middle of a grid over five sets of questions; see docs/decisions/0008-extractive-answers.md.
MEANING, WORDS, PLACE, KIND, LENGTH = 1.0, 0.5, 1.0, 0.12, 0.05
RARITY_CHUNKS = 40  # best chunks, among which a word that few hold is rare
NEAR = 0.12  # a further sentence must score this close to the best one
MAX_LIST = 900  # characters of a list quoted whole
MAX_SHOWN = 320  # characters of a unit that are embedded: its beginning says what it is about
MIN_WORDS = 3  # a shorter unit is a heading's or a cell's rest

_ASKS_FIGURE = re.compile(
    r"\b(?:combien|d[ée]lai|quand|jusqu|when|how (?:much|many|long|far|often|soon|late|fast|high|deep|old)|"
    r"quel(?:le)?s? (?:est|sont) (?:le |la |les |l.)?(?:montant|taux|dur[ée]e|prix|plafond|seuil|nombre|date|"
    r"pourcentage|tarif|co[uû]t)|"
    r"what (?:is|are) the (?:rate|limit|deadline|amount|maximum|minimum|price|fee|cost|number|percentage|"
    r"date))\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(
    r"\d|\b(?:deux|trois|quatre|cinq|sept|huit|neuf|dix|quinze|vingt|trente|two|three|four|five|seven|eight|"
    r"nine|ten|twelve|fifteen|twenty|thirty)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit that may answer."""

    passage: Passage  # on whose page it stands
    page: Page
    unit: Unit
    score: float
    similarity: float  # cosine of question and unit, in [-1, 1]
    coverage: float  # share of the question's terms, weighted by rarity, that the unit and its section hold


@dataclass(frozen=True, slots=True)
class _Draft:
    passage: Passage
    page: Page
    unit: Unit
    place: float
    coverage: float


class Extractor:
    """Chooses what to quote."""

    def __init__(self, *, embedder: Embedder, pages: PageStore) -> None:
        self._embedder = embedder
        self._pages = pages

    def candidates(
        self, question: Question, passages: Sequence[Passage], chunks: Sequence[ScoredChunk]
    ) -> list[Candidate]:
        """Score the units of the best chunks of the best passages.

        Returns:
            Best first, ties in reading order.
        """
        drafts = self._drafts(question, passages, chunks)
        rough = sorted(drafts, key=lambda d: -(WORDS * d.coverage + PLACE * d.place))[:SHORTLIST]
        if not rough:
            return []
        vectors = self._embedder.embed_documents([_shown(draft) for draft in rough])
        similarities = np.asarray(vectors @ question.dense, dtype=float)
        asks_figure = bool(_ASKS_FIGURE.search(question.text))
        found = [
            Candidate(
                passage=draft.passage,
                page=draft.page,
                unit=draft.unit,
                score=MEANING * float(similarity)
                + WORDS * draft.coverage
                + PLACE * draft.place
                + KIND * (asks_figure and bool(_FIGURE.search(draft.unit.text(draft.page))))
                + LENGTH * math.log(1 + len(draft.unit.text(draft.page).split())),
                similarity=float(similarity),
                coverage=draft.coverage,
            )
            for draft, similarity in zip(rough, similarities, strict=True)
        ]
        return sorted(found, key=lambda c: (-c.score, c.passage.version, c.passage.page or 0, c.unit.start))

    def _drafts(
        self, question: Question, passages: Sequence[Passage], chunks: Sequence[ScoredChunk]
    ) -> list[_Draft]:
        by_page = {(p.document.id, p.page): p for p in passages}
        best = max((p.score for p in passages), default=1.0) or 1.0
        looked_into = _best_chunks(passages, chunks)
        weights = self._rarity(question, chunks)
        drafts = []
        for chunk in looked_into:
            passage = by_page[chunk.chunk.document, chunk.chunk.page]
            page = self._pages.page(passage.version, passage.page or 1)
            above = _terms(" ".join(chunk.chunk.section), chunk.chunk.language)
            for unit in answer_units(page):
                if not chunk.chunk.start <= unit.start < chunk.chunk.end:
                    continue
                words = unit.text(page)
                held = _terms(words, chunk.chunk.language)
                if unit.header:
                    held |= _terms(page.text[slice(*unit.header)], chunk.chunk.language)
                own = sum(weight for word, weight in weights.items() if not held.isdisjoint(word))
                around = held | above
                context = sum(weight for word, weight in weights.items() if not around.isdisjoint(word)) - own
                drafts.append(_Draft(passage, page, unit, passage.score / best, own + 0.3 * context))
        return drafts

    def _rarity(self, question: Question, chunks: Sequence[ScoredChunk]) -> dict[tuple[str, ...], float]:
        """Weigh the question's words by how few of the chunks found hold them; the weights sum to 1."""
        holders = dict.fromkeys(question.words, 0)
        looked_at = chunks[:RARITY_CHUNKS]
        for scored in looked_at:
            chunk = scored.chunk
            page = self._pages.page(chunk.version, chunk.page or 1)
            held = _terms(page.text[chunk.start : chunk.end], chunk.language)
            for word in holders:
                holders[word] += not held.isdisjoint(word)
        weights = {word: math.log(1 + (len(looked_at) + 1) / (n + 1)) for word, n in holders.items()}
        total = sum(weights.values())
        return {word: weight / total for word, weight in weights.items()} if total else {}


@lru_cache(maxsize=512)
def answer_units(page: Page) -> tuple[Unit, ...]:
    """Return the units of a page that can answer: no headings, no questions, no scraps.

    A sentence that ends in a colon goes on through the list items that follow it.
    """
    units: list[Unit] = []
    in_list = first_item = False
    for unit in split_units(page, 0, len(page.text)):
        words = unit.text(page)
        if unit.heading or words.endswith("?"):
            in_list = False
        elif in_list and (first_item or is_item(page, unit)) and unit.end - units[-1].start <= MAX_LIST:
            units[-1] = replace(units[-1], end=unit.end)
            first_item = False
        elif len(words.split()) >= MIN_WORDS:
            units.append(unit)
            in_list = first_item = words.endswith(":")
    return tuple(units)


def choose(candidates: Sequence[Candidate], limit: int) -> list[Candidate]:
    """Keep the best unit and those close to it, from two pages at most, each text once, in reading order."""
    if not candidates:
        return []
    best = candidates[0]
    kept = [best]
    said = {_key(best)}
    for candidate in candidates[1:]:
        if len(kept) == limit or candidate.score < best.score - NEAR:
            break
        pages = {(c.passage.version, c.passage.page) for c in kept}
        place = (candidate.passage.version, candidate.passage.page)
        if _key(candidate) in said or (place not in pages and len(pages) == 2):
            continue
        kept.append(candidate)
        said.add(_key(candidate))
    first = (best.passage.version, best.passage.page)
    return sorted(
        kept, key=lambda c: ((c.passage.version, c.passage.page) != first, c.passage.page or 0, c.unit.start)
    )


def _best_chunks(passages: Sequence[Passage], chunks: Sequence[ScoredChunk]) -> list[ScoredChunk]:
    rank = {(p.document.id, p.page): position for position, p in enumerate(passages)}
    of_pages = [c for c in chunks if (c.chunk.document, c.chunk.page) in rank]
    # A page's own best chunks first, pages in their order: two of the first page, then one each.
    ordered: list[tuple[float, ScoredChunk]] = []
    seen: dict[tuple[str, int | None], int] = {}
    for scored in of_pages:
        key = (scored.chunk.document, scored.chunk.page)
        nth = seen[key] = seen.get(key, -1) + 1
        ordered.append((rank[key] + 2.5 * nth, scored))
    return [scored for _, scored in sorted(ordered, key=lambda pair: pair[0])[:CHUNKS]]


def _shown(draft: _Draft) -> str:
    section = draft.passage.section[-1] if draft.passage.section else ""
    header = " ".join(draft.page.text[slice(*draft.unit.header)].split()) if draft.unit.header else ""
    return ". ".join(part for part in (section, header, draft.unit.text(draft.page)) if part)[:MAX_SHOWN]


@lru_cache(maxsize=8192)
def _terms(text: str, language: str) -> frozenset[str]:
    return frozenset(terms(text, language))


def _key(candidate: Candidate) -> str:
    return normalise_numbers(candidate.unit.text(candidate.page)).lower()
