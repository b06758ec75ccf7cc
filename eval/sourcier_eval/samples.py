"""A question set, its services -> what a fit learns from: each question's candidate pages, which are gold."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from sourcier_core.analysis import normalise_numbers
from sourcier_core.errors import RequestError
from sourcier_core.types import NO_TERMS
from sourcier_eval.answer_metrics import citation_recall
from sourcier_eval.fitting import Choice, Mask
from sourcier_eval.locations import Location
from sourcier_eval.question_sets import Question
from sourcier_eval.remembering import RememberingEmbedder
from sourcier_eval.set_homes import OpenSet
from sourcier_service.access import OPERATOR
from sourcier_service.evidence import Evidence, weigh
from sourcier_service.extraction import Candidate, Extractor, choose
from sourcier_service.question import understand
from sourcier_service.ranking import Ranker
from sourcier_service.retrieval import Candidates
from sourcier_service.wiring import Services

FIGURE = re.compile(r"\d+(?:\.\d+)?")
FIGURE_DIGITS = 4  # a shorter number stands on too many pages to tell one
_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True, slots=True)
class Sample:
    """One question with the pages that a search found for it."""

    question: Question
    found: Candidates
    gold: Mask  # of the pages found, shape (pages,)
    group: str  # questions of one group are never parted by a fold
    services: Services
    extractor: Extractor  # the services' own, but for what its model remembers

    @property
    def choice(self) -> Choice | None:
        """What a ranker learns from it; None where no gold page was found, or nothing else."""
        if not self.question.answerable or not self.gold.any() or self.gold.all():
            return None
        return Choice(self.found.signals.matrix, self.gold)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What would be answered with given weights, whether or not it is sure enough."""

    ranked: tuple[Location, ...]  # pages, best first
    cited: tuple[Location, ...]
    evidence: Evidence | None  # None where nothing was found
    right: bool  # the question is answerable and a citation stands on a gold page


def collect(opened: OpenSet) -> Iterator[Sample]:
    """Search for each question of a set, in order; one that cannot be asked is left out."""
    services = opened.services
    scope = services.access.scope(OPERATOR)
    # A question is attempted several times, each time mostly with the same sentences.
    extractor = Extractor(embedder=RememberingEmbedder(services.stores.embedder), pages=services.stores.pages)
    for question in opened.questions.questions:
        try:
            asked = understand(
                question.text,
                services.stores.embedder,
                max_chars=services.settings.answer.max_question_chars,
            )
        except RequestError:
            continue
        wanted = services.settings.retrieval.passages
        found = services.retriever.candidates(asked, scope, wanted, every_signal=True)
        # A page's terms have done their work in the signals, and are most of what it weighs in memory.
        light = replace(found, chunks=tuple(replace(c, terms=NO_TERMS) for c in found.chunks))
        gold = _gold(question, found, services)
        yield Sample(question, light, gold, _group(question), services, extractor)


def attempt(sample: Sample, ranker: Ranker) -> Attempt:
    """Rank a question's pages and choose what would be quoted."""
    services = sample.services
    retrieved = services.retriever.rank(sample.found, ranker, services.settings.retrieval.passages)
    candidates = sample.extractor.candidates(retrieved.question, retrieved.passages, retrieved.chunks)
    chosen = choose(candidates, services.settings.answer.max_sentences)
    cited = tuple(_places(chosen))
    return Attempt(
        ranked=tuple((p.document.name, p.page) for p in retrieved.passages),
        cited=cited,
        evidence=weigh(retrieved.ranking, candidates),
        right=sample.question.answerable and citation_recall(cited, sample.question.gold) > 0,
    )


def _places(chosen: list[Candidate]) -> Iterator[Location]:
    for candidate in chosen:
        for piece in (candidate, *candidate.rest):
            yield piece.passage.document.name, piece.passage.page


def _gold(question: Question, found: Candidates, services: Services) -> Mask:
    """Tell which pages found are gold.

    Where the set names a whole document of several pages, those of its pages stand for it that hold a figure
    of the answer, if any do.
    """
    whole = {doc for doc, page in question.gold if page is None}
    places = [(found.documents[b.chunk.document].name, b.chunk.page) for b in found.signals.best]
    gold = np.array([place in question.gold or place[0] in whole for place in places], dtype=bool)
    figures = _figures(question.answer or "")
    if not whole or not figures:
        return gold
    holds = np.zeros(len(places), dtype=bool)
    for row in np.flatnonzero(gold).tolist():
        chunk = found.signals.best[row].chunk
        page = services.stores.pages.page(chunk.version, chunk.page or 1)
        holds[row] = not figures.isdisjoint(_figures(page.text))
    return holds if holds.any() else gold


def _figures(text: str) -> set[str]:
    found = FIGURE.findall(normalise_numbers(text))
    return {number for number in found if len(number) >= FIGURE_DIGITS and not _YEAR.fullmatch(number)}


def _group(question: Question) -> str:
    """Return what a question shares with others: its company where the set says, else its document."""
    company = question.meta.get("company")
    if isinstance(company, str):
        return company
    return min((doc for doc, _ in question.gold), default=question.id)
