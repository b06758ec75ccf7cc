"""Two runs of one set -> what differs, by how much, and whether chance explains it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sourcier_core.errors import UnusableRun
from sourcier_eval.intervals import Difference, Floats, bootstrap_paired_means
from sourcier_eval.judgements import Judgement, judge
from sourcier_eval.locations import Location, page_level
from sourcier_eval.metric_names import LATENCY_MEAN, MEANS
from sourcier_eval.question_sets import Question
from sourcier_eval.risks import compare_risks
from sourcier_eval.rows import Row
from sourcier_eval.run_files import Run
from sourcier_eval.scores import score_question

FOUND_WITHIN = 5  # a question is won or lost where a gold page enters or leaves so many first pages


@dataclass(frozen=True, slots=True)
class MetricDifference:
    """One metric of both runs."""

    name: str  # of metric_names
    base: float | None  # mean over the questions on which that run has it; None where it has none
    other: float | None
    difference: Difference | None  # other - base; None where one has none


@dataclass(frozen=True, slots=True)
class GroupDifference:
    """The metrics of both runs on some questions."""

    name: str  # "all", a language or a kind
    questions: int
    metrics: tuple[MetricDifference, ...]


@dataclass(frozen=True, slots=True)
class PageChange:
    """A question whose page one run finds among the first FOUND_WITHIN and the other does not."""

    id: str
    question: str
    page: Location  # the gold page that was found or lost
    base_rank: int | None  # 1-based; None where it was not retrieved
    other_rank: int | None


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """A question whose answer is right in one run and not in the other; see judgements.judge."""

    id: str
    question: str
    base: str  # "right", "wrong", "no answer", "rightly no answer" or "no result"
    other: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two runs of one set."""

    set: str
    base: str  # name of the run
    other: str
    overall: GroupDifference
    by_language: tuple[GroupDifference, ...]
    by_kind: tuple[GroupDifference, ...]
    pages_won: tuple[PageChange, ...]
    pages_lost: tuple[PageChange, ...]
    answers_won: tuple[AnswerChange, ...]
    answers_lost: tuple[AnswerChange, ...]

    def to_json(self) -> dict[str, Any]:
        """Return what `json.dumps` takes."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Pair:
    question: Question
    base: Row | None
    other: Row | None


def compare_runs(base: Run, other: Run) -> Comparison:
    """Compare two runs question by question.

    Raises:
        UnusableRun: They are of different question sets.
    """
    if base.question_set.sha256 != other.question_set.sha256:
        detail = f"its questions are not those of {str(base.directory)!r}: only runs of one set compare"
        raise UnusableRun(other.directory, detail)
    base_rows, other_rows = ({row.id: row for row in run.rows} for run in (base, other))
    pairs = [_Pair(q, base_rows.get(q.id), other_rows.get(q.id)) for q in base.question_set.questions]
    pages = [changed for pair in pairs if (changed := _page_change(pair))]
    answers = [change for pair in pairs if (change := _answer_change(pair))]
    by_language: dict[str, list[_Pair]] = {}
    by_kind: dict[str, list[_Pair]] = {}
    for pair in pairs:
        by_language.setdefault(pair.question.lang, []).append(pair)
        if pair.question.kind is not None:
            by_kind.setdefault(pair.question.kind, []).append(pair)
    return Comparison(
        set=base.question_set.name,
        base=base.name,
        other=other.name,
        overall=_compare_all(pairs),
        by_language=tuple(_compare_groups(by_language)),
        by_kind=tuple(_compare_groups(by_kind)),
        pages_won=tuple(change for change in pages if _found(change.other_rank)),
        pages_lost=tuple(change for change in pages if _found(change.base_rank)),
        answers_won=tuple(change for change in answers if change.other in _RIGHT),
        answers_lost=tuple(change for change in answers if change.base in _RIGHT),
    )


def _compare_all(pairs: Sequence[_Pair]) -> GroupDifference:
    return GroupDifference("all", len(pairs), (*_compare_means(pairs), *_compare_risks(pairs)))


def _compare_groups(groups: Mapping[str, Sequence[_Pair]]) -> Iterator[GroupDifference]:
    for name in sorted(groups):
        yield GroupDifference(name, len(groups[name]), tuple(_compare_means(groups[name])))


def _compare_means(pairs: Sequence[_Pair]) -> Iterator[MetricDifference]:
    names = (*MEANS, LATENCY_MEAN)
    base = _columns([(pair.question, pair.base) for pair in pairs], names)
    other = _columns([(pair.question, pair.other) for pair in pairs], names)
    differences = bootstrap_paired_means(base, other)
    for i, name in enumerate(names):
        yield MetricDifference(name, _mean(base[:, i]), _mean(other[:, i]), differences[i])


def _columns(outcomes: Sequence[tuple[Question, Row | None]], names: Sequence[str]) -> Floats:
    scores = [
        score_question(question, row) | ({LATENCY_MEAN: row.latency_ms} if row else {})
        for question, row in outcomes
    ]
    return np.array([[of_one.get(name, np.nan) for name in names] for of_one in scores], dtype=np.float64)


def _mean(column: Floats) -> float | None:
    measured = column[~np.isnan(column)]
    return float(measured.mean()) if len(measured) else None


def _compare_risks(pairs: Sequence[_Pair]) -> Iterator[MetricDifference]:
    judged: list[tuple[Judgement, Judgement]] = []
    for pair in pairs:
        base, other = (row and judge(pair.question, row) for row in (pair.base, pair.other))
        if base and other:
            judged.append((base, other))
    compared = compare_risks([base for base, _ in judged], [other for _, other in judged])
    for name, values in compared.items():
        yield MetricDifference(name, *(values or (None, None, None)))


def _page_change(pair: _Pair) -> PageChange | None:
    if not pair.question.answerable or not pair.question.gold:
        return None
    base, other = (_best_gold(pair.question, row) for row in (pair.base, pair.other))
    base_rank, other_rank = base and base[0], other and other[0]
    if _found(base_rank) == _found(other_rank):
        return None
    place = other if _found(other_rank) else base
    page = place[1] if place else min(pair.question.gold, key=str)
    return PageChange(pair.question.id, pair.question.text, page, base_rank, other_rank)


def _best_gold(question: Question, row: Row | None) -> tuple[int, Location] | None:
    """Return rank and place of the first passage that hits the evidence."""
    if row is None:
        return None
    places = [passage.location for passage in row.passages]
    ranked, gold = page_level(places, question.gold)
    return next(((i + 1, places[i]) for i, location in enumerate(ranked) if location in gold), None)


def _found(rank: int | None) -> bool:
    return rank is not None and rank <= FOUND_WITHIN


_RIGHT = ("right", "rightly no answer")


def _answer_change(pair: _Pair) -> AnswerChange | None:
    if pair.question.answerable and not pair.question.gold:
        return None
    base, other = _verdict(pair.question, pair.base), _verdict(pair.question, pair.other)
    if (base in _RIGHT) == (other in _RIGHT):
        return None
    return AnswerChange(pair.question.id, pair.question.text, base, other)


def _verdict(question: Question, row: Row | None) -> str:
    judged = row and judge(question, row)
    if not judged:
        return "no result"
    if not judged.answered:
        return "no answer" if judged.answerable else "rightly no answer"
    return "wrong" if judged.wrong else "right"
