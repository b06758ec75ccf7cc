import json
from io import StringIO
from pathlib import Path

import pytest
from eval_runs import GOLD, OTHER, a_question, a_row, write_run
from rich.console import Console

from sourcier_core.errors import UnusableRun
from sourcier_eval.comparison import (
    AnswerChange,
    Comparison,
    GroupDifference,
    MetricDifference,
    PageChange,
    compare_runs,
)
from sourcier_eval.comparison_tables import render_comparison
from sourcier_eval.metric_names import LATENCY_MEAN, MEANS, RISKS
from sourcier_eval.rows import Row
from sourcier_eval.run_files import read_run

QUESTIONS = [
    a_question("won", lang="fr", kind="[red]"),
    a_question("lost"),
    a_question("same"),
    a_question("none", answerable=False, kind="unanswerable"),
]
FAR = [OTHER, ("a.pdf", 1), ("a.pdf", 2), ("b.pdf", 2), ("b.pdf", 3)]
BASE = [
    a_row("won", *FAR, GOLD, abstained=True, confidence=0.2),
    a_row("lost", GOLD, cited=[GOLD], confidence=0.9, latency_ms=20.0),
    a_row("same", GOLD, cited=[GOLD], confidence=0.8),
    a_row("none", OTHER, cited=[OTHER], confidence=0.4),
]
CHANGED = [
    a_row("won", OTHER, GOLD, cited=[GOLD], confidence=0.7),
    a_row("lost", *FAR, cited=[OTHER], confidence=0.6, latency_ms=40.0),
    a_row("same", GOLD, cited=[GOLD], confidence=0.8),
    a_row("none", OTHER, abstained=True, confidence=0.1),
]


def test_questions_won_and_lost_name_the_page_and_its_ranks(tmp_path: Path) -> None:
    comparison = _compared(tmp_path, BASE, CHANGED)

    text = "What is the ceiling?"
    assert comparison.pages_won == (PageChange("won", text, GOLD, 6, 2),)
    assert comparison.pages_lost == (PageChange("lost", text, GOLD, 1, None),)


def test_answers_won_and_lost_name_what_became_of_them(tmp_path: Path) -> None:
    comparison = _compared(tmp_path, BASE, CHANGED)

    text = "What is the ceiling?"
    assert comparison.answers_won == (
        AnswerChange("won", text, "no answer", "right"),
        AnswerChange("none", text, "wrong", "rightly no answer"),
    )
    assert comparison.answers_lost == (AnswerChange("lost", text, "right", "wrong"),)


def test_each_metric_has_both_means_and_their_difference(tmp_path: Path) -> None:
    overall = _compared(tmp_path, BASE, CHANGED).overall

    assert [metric.name for metric in overall.metrics] == [*MEANS, LATENCY_MEAN, *RISKS]
    # Base: ranks 6, 1, 1; other: 2, none, 1. 13/18 and 1/2; difference -4/18.
    _assert_metric(overall, "page.mrr", base=13 / 18, other=1 / 2)
    _assert_metric(overall, "page.hit@5", base=2 / 3, other=2 / 3)
    # Answers given and wrong: "none" of three; "lost" of three.
    _assert_metric(overall, "risk.unsupported", base=1 / 3, other=1 / 3)
    # (10 + 20 + 10 + 10) / 4 and (10 + 40 + 10 + 10) / 4.
    _assert_metric(overall, LATENCY_MEAN, base=12.5, other=17.5)
    # By confidence: right, right, wrong (0.4), wrong (0.2): (0 + 0 + 1/3 + 1/2) / 4;
    # right, right, wrong (0.6), wrong (0.1): the same.
    _assert_metric(overall, "risk.area", base=5 / 24, other=5 / 24)


def test_groups_are_languages_and_kinds(tmp_path: Path) -> None:
    comparison = _compared(tmp_path, BASE, CHANGED)

    assert [(group.name, group.questions) for group in comparison.by_language] == [("en", 3), ("fr", 1)]
    assert [(group.name, group.questions) for group in comparison.by_kind] == [
        ("[red]", 1),
        ("unanswerable", 1),
    ]
    _assert_metric(comparison.by_language[1], "page.mrr", base=1 / 6, other=1 / 2)
    nothing = _metric(comparison.by_kind[1], "page.mrr")
    assert (nothing.base, nothing.other, nothing.difference) == (None, None, None)


def test_a_run_compared_with_itself_does_not_differ(tmp_path: Path) -> None:
    comparison = _compared(tmp_path, BASE, BASE)

    found = [metric.difference for metric in comparison.overall.metrics if metric.difference]
    assert {(difference.mean, difference.p_value) for difference in found} == {(0.0, 1.0)}
    assert comparison.pages_won == comparison.pages_lost == ()
    assert comparison.answers_won == comparison.answers_lost == ()


def test_a_question_without_a_row_is_lost(tmp_path: Path) -> None:
    comparison = _compared(tmp_path, BASE, BASE[:1])

    assert [change.id for change in comparison.pages_lost] == ["lost", "same"]
    assert [(change.id, change.other) for change in comparison.answers_lost] == [
        ("lost", "no result"),
        ("same", "no result"),
    ]


def test_runs_of_different_questions_do_not_compare(tmp_path: Path) -> None:
    base = read_run(write_run(tmp_path / "base", QUESTIONS, BASE))
    other = read_run(write_run(tmp_path / "other", QUESTIONS[1:], CHANGED[1:]))

    with pytest.raises(UnusableRun, match="only runs of one set compare"):
        compare_runs(base, other)


def test_a_comparison_is_json(tmp_path: Path) -> None:
    values = json.loads(json.dumps(_compared(tmp_path, BASE, CHANGED).to_json(), allow_nan=False))

    assert values["pages_lost"] == [
        {
            "id": "lost",
            "question": "What is the ceiling?",
            "page": ["a.pdf", 3],
            "base_rank": 1,
            "other_rank": None,
        }
    ]


@pytest.mark.parametrize("width", [80, 120])
def test_tables_fit_the_terminal_and_show_names_as_they_are(tmp_path: Path, width: int) -> None:
    shown = _shown(_compared(tmp_path, BASE, CHANGED), width)

    assert max(len(line) for line in shown.splitlines()) <= width
    assert "golden, 4 questions: base -> other" in shown
    assert "[red]" in shown
    assert ["lost", "a.pdf", "p.", "3", "1", "->", "-"] in [line.split() for line in shown.splitlines()]
    assert ["none", "wrong", "rightly", "no", "answer"] in [line.split() for line in shown.splitlines()]


def test_where_nothing_changed_it_is_said(tmp_path: Path) -> None:
    shown = _shown(_compared(tmp_path, BASE, BASE), 80)

    assert shown.count(": none") == 4


def _compared(folder: Path, base: list[Row], other: list[Row]) -> Comparison:
    first = write_run(folder / "base", QUESTIONS, base)
    second = write_run(folder / "other", QUESTIONS, other)
    return compare_runs(read_run(first), read_run(second))


def _metric(group: GroupDifference, name: str) -> MetricDifference:
    return next(metric for metric in group.metrics if metric.name == name)


def _assert_metric(group: GroupDifference, name: str, *, base: float, other: float) -> None:
    metric = _metric(group, name)
    assert (metric.base, metric.other) == pytest.approx((base, other))
    assert metric.difference is not None
    assert metric.difference.mean == pytest.approx(other - base)
    assert metric.difference.low <= metric.difference.mean <= metric.difference.high


def _shown(comparison: Comparison, width: int) -> str:
    screen = StringIO()
    Console(file=screen, width=width).print(render_comparison(comparison))
    return screen.getvalue()
