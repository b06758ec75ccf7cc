"""Question, passages -> the few verbatim sentences, table rows or lists that answer, best first."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from sourcier_core.analysis import normalise_numbers, terms
from sourcier_core.glossary import packaged
from sourcier_core.page_store import PageStore, label_of
from sourcier_core.ports import Embedder
from sourcier_core.types import Page, Passage, ScoredChunk, Vectors
from sourcier_service.carriers import carries
from sourcier_service.page_body import body_of
from sourcier_service.page_pieces import PagePieces
from sourcier_service.page_units import answer_units
from sourcier_service.question import Question
from sourcier_service.question_kinds import Kind, kinds_of
from sourcier_service.sentences import Unit
from sourcier_service.unit_sections import UnitSections

SHORTLIST = 12  # units embedded: each costs about 8 CPU ms
CHUNKS = 10  # best chunks looked into
# What a unit's signals weigh in its score; see docs/decisions/0012-answers-by-question-type.md.
WEIGHTS = {
    "meaning": 1.0,  # cosine of question and unit
    "words": 0.5,  # share of the question's words that the unit holds, rare ones more
    "section": 0.45,  # share of them that only its headings hold
    "page": 0.7,  # 1 for the first passage, a tenth less for each after it: scores may be on any scale
    "chunk": 0.15,  # cosine of question and the chunk it stands in
    "kind": 0.1,  # share of the kinds asked for that it carries
    "steps": 0.05,  # a list where steps or a list are asked for
    "heading": 0.3,  # how alike the question and the heading right above are, in words
    "length": 0.07,  # log of its words
    "fragment": -0.12,  # begins in mid-sentence
    "row": 0.05,  # of a table
}
RARITY_CHUNKS = 40  # best chunks, among which a word that few hold is rare
# A further unit must score this close to the best one: closer where one fact is asked for than where much is.
NEAR_FACT, NEAR_OPEN = 0.10, 0.18
NEAR_PAGE = 0.12  # at most, where it stands on another page
NEAR_LIST = 0.06  # at most, where it is a long list
MAX_LIST = 900  # characters of a list quoted whole where neither steps nor a list are asked for
MAX_FACT_LIST = 450  # the same where a single fact is: its item answers
ALIKE = 0.6  # of the words of two units are common: two rules that differ in a figure or a name
TOLD_APART = 0.1  # of the question's words that only one of their sections holds
MAX_SHOWN = 240  # characters of a unit that are embedded: its beginning says what it is about
ECHO_WORDS = 12  # a longer unit says more than the question does, whatever its words
_LISTS = frozenset({Kind.STEPS, Kind.LIST})
_FACTS = frozenset({Kind.AMOUNT, Kind.DURATION, Kind.DATE, Kind.PERSON, Kind.YES_NO, Kind.PLACE})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit that may answer."""

    passage: Passage  # on whose page it stands
    page: Page
    unit: Unit
    score: float
    similarity: float  # cosine of question and unit, in [-1, 1]
    coverage: float  # share of the question's terms, weighted by rarity, that the unit and its section hold
    section: tuple[str, ...] | None = None  # headings above it, outermost first; None: the passage's
    section_coverage: float = 0.0  # share of the question's terms that its section holds
    near: float = NEAR_FACT  # how much less than the best one of its question it may score and be quoted too
    rest: tuple["Candidate", ...] = ()  # where it goes on: the next page's part of a list or sentence


@dataclass(frozen=True, slots=True)
class _Draft:
    passage: Passage
    page: Page
    unit: Unit
    section: tuple[str, ...]
    language: str  # of its chunk
    signals: dict[str, float]  # by the names of WEIGHTS; those that are 0 may lack
    coverage: float
    section_coverage: float

    def score(self, similarity: float) -> float:
        """Add the signals up; the similarity is known of few."""
        known = sum(WEIGHTS[name] * value for name, value in self.signals.items())
        return known + WEIGHTS["meaning"] * similarity


class Extractor:
    """Chooses what to quote."""

    def __init__(self, *, embedder: Embedder, pages: PageStore) -> None:
        self._embedder = embedder
        self._pages = pages
        self._sections = UnitSections(pages)
        self._pieces = PagePieces(pages)

    def candidates(
        self, question: Question, passages: Sequence[Passage], chunks: Sequence[ScoredChunk]
    ) -> list[Candidate]:
        """Score the units of the best chunks of the best passages.

        Returns:
            Best first, ties in reading order.
        """
        drafts = self._drafts(question, passages, chunks)
        rough = sorted(drafts, key=lambda draft: -draft.score(0.0))[:SHORTLIST]
        if not rough:
            return []
        kinds = kinds_of(question.text)
        near = NEAR_FACT if kinds & _FACTS and not kinds & _LISTS else NEAR_OPEN
        vectors = self._embedder.embed_documents([_comparable(question, draft) for draft in rough])
        similarities = _similarities(question, rough, vectors)
        found = [
            Candidate(
                passage=draft.passage,
                page=draft.page,
                unit=draft.unit,
                score=draft.score(similarity),
                similarity=similarity,
                coverage=draft.coverage,
                section=draft.section,
                section_coverage=draft.section_coverage,
                near=near,
            )
            for draft, similarity in zip(rough, similarities, strict=True)
        ]
        found.sort(key=lambda c: (-c.score, c.passage.version, c.passage.page or 0, c.unit.start))
        quotable = sum(candidate.score >= found[0].score - near for candidate in found)
        return [self._whole(candidate) for candidate in found[:quotable]] + found[quotable:]

    def _drafts(
        self, question: Question, passages: Sequence[Passage], chunks: Sequence[ScoredChunk]
    ) -> list[_Draft]:
        by_page = {(p.document.id, p.page): p for p in passages}
        rank = {(p.document.id, p.page): position for position, p in enumerate(passages)}
        asked = _Asked(kinds_of(question.text), self._rarity(question, chunks))
        drafts: list[_Draft] = []
        for scored in _best_chunks(passages, chunks):
            key = (scored.chunk.document, scored.chunk.page)
            passage = by_page[key]
            page = self._pages.page(passage.version, passage.page or 1)
            fixed = {"page": max(0.0, 1 - rank[key] / 10), "chunk": scored.dense}
            for unit in answer_units(page, body_of(self._pages, passage.version, page)):
                if not scored.chunk.start <= unit.start < scored.chunk.end or not _fits(unit, asked.kinds):
                    continue
                if not _is_echo(page, unit, asked, scored.chunk.language):
                    section = self._sections.at(scored.chunk, page, unit.start)
                    drafts.append(_draft(passage, page, unit, section, scored.chunk.language, asked, fixed))
        return drafts

    def _whole(self, candidate: Candidate) -> Candidate:
        """Add what a page's end cut off: the steps after a list's last, or a sentence's other half."""
        first, *others = self._pieces.of(candidate.passage.version, candidate.page, candidate.unit)
        pieces = [self._on_page(candidate, page, unit) for page, unit in (first, *others)]
        return replace(pieces[0], rest=tuple(pieces[1:]))

    def _on_page(self, candidate: Candidate, page: Page, unit: Unit) -> Candidate:
        passage = candidate.passage
        if page.number != passage.page:
            structure = self._pages.structure(passage.version)
            passage = replace(
                passage,
                page=page.number,
                page_label=label_of(structure, page.number),
                start=unit.start,
                end=unit.end,
                text=page.text[unit.start : unit.end],
            )
        return replace(candidate, passage=passage, page=page, unit=unit)

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


def _similarities(question: Question, drafts: Sequence[_Draft], vectors: Vectors) -> list[float]:
    """Return each unit's cosine with the question: with its meaning in English where that is the unit's."""
    own = vectors @ question.dense
    if question.pivot is None:
        return [float(value) for value in own]
    pivot = vectors @ question.pivot
    return [
        float(max(a, b) if draft.language == "en" else a)
        for draft, a, b in zip(drafts, own, pivot, strict=True)
    ]


def choose(candidates: Sequence[Candidate], limit: int) -> list[Candidate]:
    """Keep the best unit and those close to it, from two pages at most, each text once.

    Args:
        candidates: Best first.
        limit: Units at most; a list counts as one, and so does what goes on over a page's end.

    Returns:
        The best one's page first, in reading order, then the other page.
    """
    if not candidates:
        return []
    best = candidates[0]
    kept = [best]
    for candidate in candidates[1:]:
        if len(kept) == limit or candidate.score < best.score - best.near:
            break
        pages = {_place(c) for c in kept}
        if candidate.score < best.score - _reach(candidate, best):
            continue
        if _place(candidate) not in pages and len(pages) == 2:
            continue
        if not any(_repeats(candidate, other) or _is_outdone(candidate, other) for other in kept):
            kept.append(candidate)
    kept.sort(key=lambda c: (_place(c) != _place(best), c.passage.page or 0, c.unit.start))
    return [piece for candidate in kept for piece in _pieces(candidate)]


def _reach(candidate: Candidate, best: Candidate) -> float:
    """Return how much less than the best one a further unit may score."""
    reach = best.near if _place(candidate) == _place(best) else min(best.near, NEAR_PAGE)
    is_long = candidate.unit.items and candidate.unit.end - candidate.unit.start > MAX_FACT_LIST
    return min(reach, NEAR_LIST) if is_long else reach


def _fits(unit: Unit, kinds: frozenset[Kind]) -> bool:
    """Tell whether a unit is of the size asked for: a list whole, or its items one by one."""
    if kinds & _LISTS:
        return unit.lead is None
    longest = MAX_FACT_LIST if kinds & _FACTS else MAX_LIST
    return not unit.items or unit.end - unit.start <= longest


@dataclass(frozen=True, slots=True)
class _Asked:
    kinds: frozenset[Kind]
    weights: dict[tuple[str, ...], float]  # of the question's words, by rarity; they sum to 1

    @property
    def terms(self) -> frozenset[str]:
        return frozenset(term for word in self.weights for term in word)


def _draft(
    passage: Passage,
    page: Page,
    unit: Unit,
    section: tuple[str, ...],
    language: str,
    asked: _Asked,
    fixed: dict[str, float],
) -> _Draft:
    words = unit.text(page)
    held = _terms(words, language)
    if unit.context:
        held |= _terms(page.text[slice(*unit.context)], language)
    above = _terms(" ".join(section), language)
    own = _share(asked.weights, held)
    context = _share(asked.weights, held | above) - own
    heading = _alike(asked, _terms(section[-1], language)) if section else 0.0
    signals = {
        **fixed,
        "words": own,
        "section": context,
        "kind": sum(carries(k, words) for k in asked.kinds) / len(asked.kinds) if asked.kinds else 0.0,
        "steps": float(bool(unit.items) and bool(asked.kinds & _LISTS)),
        "heading": heading,
        "length": math.log(1 + len(words.split())),
        "fragment": float(unit.fragment),
        "row": float(unit.row),
    }
    return _Draft(
        passage, page, unit, section, language, signals, own + 0.3 * context, _share(asked.weights, above)
    )


def _alike(asked: _Asked, heading: frozenset[str]) -> float:
    """Return the harmonic mean of the shares of each other's words that question and heading hold."""
    share = _share(asked.weights, heading)
    other = len(heading & asked.terms) / len(heading) if heading else 0.0
    return 2 * share * other / (share + other) if share + other else 0.0


def _is_echo(page: Page, unit: Unit, asked: _Asked, language: str) -> bool:
    """Tell a unit that says nothing which the question does not say: a heading in a sentence's dress."""
    words = unit.text(page)
    if unit.row or unit.items or len(words.split()) > ECHO_WORDS or carries(Kind.YES_NO, words):
        return False
    return _terms(words, language) <= asked.terms


def _share(weights: dict[tuple[str, ...], float], held: frozenset[str]) -> float:
    return sum(weight for word, weight in weights.items() if not held.isdisjoint(word))


def _repeats(candidate: Candidate, other: Candidate) -> bool:
    """Tell whether a candidate says the same words as another, or stands in the same place."""
    if _key(candidate) == _key(other):
        return True
    return any(
        _place(one) == _place(two) and one.unit.start < two.unit.end and two.unit.start < one.unit.end
        for one in _pieces(candidate)
        for two in _pieces(other)
    )


def _is_outdone(candidate: Candidate, other: Candidate) -> bool:
    """Tell whether a candidate nearly repeats another, and the question speaks of the other one's section."""
    if candidate.section == other.section or candidate.section_coverage > other.section_coverage - TOLD_APART:
        return False
    words, known = (set(_key(c).split()) for c in (candidate, other))
    return len(words & known) >= ALIKE * len(words | known)


def _pieces(candidate: Candidate) -> tuple[Candidate, ...]:
    return (candidate, *candidate.rest)


def _place(candidate: Candidate) -> tuple[str, int | None]:
    return candidate.passage.version, candidate.passage.page


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


def _comparable(question: Question, draft: _Draft) -> str:
    """Return what is embedded of a unit: put into English where only the question is in it."""
    text = _shown(draft)
    if question.pivot is None or question.language == draft.language or draft.language != "fr":
        return text
    return packaged().translate(text, draft.language).text


def _shown(draft: _Draft) -> str:
    section = draft.section[-1] if draft.section else ""
    context = ""
    if draft.unit.context:
        context = " ".join(draft.page.text[slice(*draft.unit.context)].split())
    return ". ".join(part for part in (section, context, draft.unit.text(draft.page)) if part)[:MAX_SHOWN]


@lru_cache(maxsize=8192)
def _terms(text: str, language: str) -> frozenset[str]:
    return frozenset(terms(text, language))


def _key(candidate: Candidate) -> str:
    return normalise_numbers(candidate.unit.text(candidate.page)).lower()
