"""Questions and rows -> the metrics of a run, overall, per language and per kind of question."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias, TypedDict

import numpy as np

from sourcier_core.types import AnswerStatus
from sourcier_eval.answer_metrics import abstention
from sourcier_eval.intervals import bootstrap_gap, bootstrap_means
from sourcier_eval.judgements import judge_all
from sourcier_eval.metric_names import CROSS_LINGUAL, FRENCH_ENGLISH, LATENCY_PERCENTILES, MEANS, PARITY
from sourcier_eval.question_sets import Question, QuestionSet
from sourcier_eval.risks import estimate_risks
from sourcier_eval.rows import Row
from sourcier_eval.scores import score_question

Block: TypeAlias = dict[str, float | None]  # by key; None where nothing was there to measure


class GroupMetrics(TypedDict):
    """The metrics of some questions; `metric_names` says what each key means."""

    questions: int
    answerable: int
    unanswerable: int
    missing: int
    status: dict[str, int]
    page: Block
    document: Block
    answer: Block
    citations: Block
    abstention: Block
    risk: Block
    latency_ms: Block
    measured: dict[str, dict[str, int]]
    interval_95: dict[str, dict[str, list[float] | None]]


class Gap(TypedDict):
    """How far two groups of questions are apart: the mean of the first less that of the second."""

    gap: float
    interval_95: list[float]
    questions: list[int]


Gaps: TypeAlias = dict[str, Gap | None]  # by name; None where one group has nothing to measure


class RunMetrics(TypedDict):
    """The metrics of a run: what metrics.json holds."""

    set: str
    overall: GroupMetrics
    by_language: dict[str, GroupMetrics]
    by_kind: dict[str, GroupMetrics]
    parity: dict[str, Gaps]


def summarise(question_set: QuestionSet, rows: Iterable[Row]) -> RunMetrics:
    """Measure a run.

    Args:
        question_set: What was to be asked: a question without a row counts as one without a result.
        rows: In any order, at most one per question.

    Returns:
        What `json.dumps` takes; languages and kinds in alphabetical order.

    Raises:
        ValueError: Two rows have one id, or a row belongs to no question of the set.
    """
    by_id = _by_id(question_set, rows)
    questions = question_set.questions
    return RunMetrics(
        set=question_set.name,
        overall=_group(questions, by_id),
        by_language=_groups(questions, by_id, key=lambda question: question.lang),
        by_kind=_groups(questions, by_id, key=lambda question: question.kind),
        parity=_parity(questions, by_id),
    )


def _by_id(question_set: QuestionSet, rows: Iterable[Row]) -> dict[str, Row]:
    known = {question.id for question in question_set.questions}
    by_id: dict[str, Row] = {}
    for row in rows:
        if row.id in by_id:
            raise ValueError(f"two rows have the id {row.id!r}")
        if row.id not in known:
            raise ValueError(f"the row {row.id!r} belongs to no question of {question_set.name!r}")
        by_id[row.id] = row
    return by_id


def _groups(
    questions: Iterable[Question], by_id: Mapping[str, Row], *, key: Callable[[Question], str | None]
) -> dict[str, GroupMetrics]:
    members: dict[str, list[Question]] = {}
    for question in questions:
        name = key(question)
        if name is not None:
            members.setdefault(name, []).append(question)
    return {name: _group(members[name], by_id) for name in sorted(members)}


def _group(questions: Sequence[Question], by_id: Mapping[str, Row]) -> GroupMetrics:
    rows = [by_id[question.id] for question in questions if question.id in by_id]
    answerable = sum(question.answerable for question in questions)
    statuses = Counter(row.status for row in rows)
    means, measured, intervals = _means(
        [score_question(question, by_id.get(question.id)) for question in questions]
    )
    for name, estimate in estimate_risks(
        judge_all((question, by_id[question.id]) for question in questions if question.id in by_id)
    ).items():
        block, key = name.split(".", 1)
        means[block][key] = estimate.mean if estimate else None
        measured[block][key] = estimate.count if estimate else 0
        intervals[block][key] = [estimate.low, estimate.high] if estimate else None
    decided = abstention(
        (by_id[question.id].abstained, question.answerable) for question in questions if question.id in by_id
    )
    return GroupMetrics(
        questions=len(questions),
        answerable=answerable,
        unanswerable=len(questions) - answerable,
        missing=len(questions) - len(rows),
        status={status.value: statuses[status] for status in AnswerStatus},
        page=means["page"],
        document=means["document"],
        answer=means["answer"],
        citations=means["citations"],
        abstention=means["abstention"] | {"f1": decided.f1, "abstained": decided.abstained},
        risk=means["risk"],
        latency_ms=_latency([row.latency_ms for row in rows]),
        measured=measured,
        interval_95=intervals,
    )


def _means(
    scores: Sequence[Mapping[str, float]],
) -> tuple[dict[str, Block], dict[str, dict[str, int]], dict[str, dict[str, list[float] | None]]]:
    columns = np.array([[of_one.get(name, np.nan) for name in MEANS] for of_one in scores], dtype=np.float64)
    means: dict[str, Block] = {}
    measured: dict[str, dict[str, int]] = {}
    intervals: dict[str, dict[str, list[float] | None]] = {}
    for name, interval in zip(MEANS, bootstrap_means(columns), strict=True):
        block, key = name.split(".", 1)
        means.setdefault(block, {})[key] = interval.mean if interval else None
        measured.setdefault(block, {})[key] = interval.count if interval else 0
        intervals.setdefault(block, {})[key] = [interval.low, interval.high] if interval else None
    return means, measured, intervals


def _parity(questions: Sequence[Question], by_id: Mapping[str, Row]) -> dict[str, Gaps]:
    scores = [score_question(question, by_id.get(question.id)) for question in questions]
    by_language = [_ENGLISH_FRENCH.get(question.lang) for question in questions]
    cross_lingual = [question.kind == "cross_lingual" for question in questions]
    return {FRENCH_ENGLISH: _gaps(scores, by_language), CROSS_LINGUAL: _gaps(scores, cross_lingual)}


_ENGLISH_FRENCH = {"en": False, "fr": True}  # whether it is the first side


def _gaps(scores: Sequence[Mapping[str, float]], first: Sequence[bool | None]) -> Gaps:
    gaps: Gaps = {}
    for name in PARITY:
        told = [(side, of_one[name]) for side, of_one in zip(first, scores, strict=True) if name in of_one]
        gaps[name] = _gap([v for side, v in told if side is True], [v for side, v in told if side is False])
    return gaps


def _gap(first: Sequence[float], second: Sequence[float]) -> Gap | None:
    if not first or not second:
        return None
    gap = bootstrap_gap(first, second)
    return Gap(gap=gap.mean, interval_95=[gap.low, gap.high], questions=[len(first), len(second)])


def _latency(milliseconds: Sequence[float]) -> Block:
    if not milliseconds:
        return {f"p{p}": None for p in LATENCY_PERCENTILES}
    return {f"p{p}": float(np.percentile(milliseconds, p)) for p in LATENCY_PERCENTILES}
