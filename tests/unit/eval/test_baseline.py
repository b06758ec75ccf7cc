import json
from dataclasses import replace
from pathlib import Path

import pytest
from eval_runs import GOLD, OTHER, a_question, a_row, write_run

from sourcier_core.errors import UnusableRun
from sourcier_eval.baseline import (
    HELD,
    find_regressions,
    make_baseline,
    read_baseline,
    write_baseline,
)
from sourcier_eval.metric_names import MEANS, RISKS
from sourcier_eval.rows import Row
from sourcier_eval.run_files import Run, read_run

QUESTIONS = [a_question(f"q-{i}", lang="fr" if i == 4 else "en") for i in range(1, 5)]
# q-1 to q-3 find and cite their page, q-4 abstains.
ROWS = [
    *(a_row(f"q-{i}", GOLD, cited=[GOLD]) for i in range(1, 4)),
    a_row("q-4", OTHER, abstained=True),
]


def test_a_baseline_holds_what_the_run_reached_overall_and_per_language(tmp_path: Path) -> None:
    baseline = make_baseline(_run(tmp_path / "run", ROWS))

    assert (baseline.set, baseline.questions) == ("golden", 4)
    assert list(baseline.metrics) == ["all", "en", "fr"]
    assert baseline.metrics["all"]["page.hit@1"] == 0.75
    assert baseline.metrics["all"]["abstention.false_rate"] == 0.25
    assert baseline.metrics["fr"]["page.hit@1"] == 0.0
    assert "risk.unsupported" not in baseline.metrics["fr"]  # it answered nothing there


def test_what_is_held_has_a_name() -> None:
    assert set(HELD) <= {*MEANS, *RISKS}


def test_a_baseline_survives_the_way_through_a_file(tmp_path: Path) -> None:
    baseline = make_baseline(_run(tmp_path / "run", ROWS))

    write_baseline(baseline, tmp_path / "baseline.json")

    assert read_baseline(tmp_path / "baseline.json") == baseline


def test_a_run_holds_its_own_baseline(tmp_path: Path) -> None:
    run = _run(tmp_path / "run", ROWS)

    assert find_regressions(run, make_baseline(run), tolerance=0.0) == []


def test_what_fell_is_named_with_how_much(tmp_path: Path) -> None:
    baseline = make_baseline(_run(tmp_path / "before", ROWS))
    # q-3 abstains and no longer finds its page: hit@1 2/4 for 3/4; false abstentions 2/4 for 1/4.
    run = _run(tmp_path / "after", [*ROWS[:2], a_row("q-3", OTHER, abstained=True), ROWS[3]])

    told = [str(regression) for regression in find_regressions(run, baseline, tolerance=0.02)]

    assert "page.hit@1 fell by 0.250: 0.750 -> 0.500, allowed 0.730" in told
    assert "abstention.false_rate rose by 0.250: 0.250 -> 0.500, allowed 0.270" in told
    assert "page.hit@1 (en) fell by 0.333: 1.000 -> 0.667, allowed 0.980" in told
    assert not any("(fr)" in line for line in told)


def test_a_fall_within_the_tolerance_is_none(tmp_path: Path) -> None:
    baseline = make_baseline(_run(tmp_path / "before", ROWS))
    run = _run(tmp_path / "after", [*ROWS[:2], a_row("q-3", OTHER, GOLD, cited=[GOLD]), ROWS[3]])

    falls = {r.name for r in find_regressions(run, baseline, tolerance=0.1)}

    # hit@1 fell by 1/4; hit@5 did not; MRR fell by 1/8, in English by 1/6.
    assert falls == {"page.hit@1", "page.mrr", "page.ndcg@10"}
    assert find_regressions(run, baseline, tolerance=0.35) == []


def test_getting_better_is_no_regression(tmp_path: Path) -> None:
    baseline = make_baseline(_run(tmp_path / "before", ROWS))
    run = _run(tmp_path / "after", [*ROWS[:3], a_row("q-4", GOLD, cited=[GOLD])])

    assert find_regressions(run, baseline, tolerance=0.0) == []


def test_a_citation_that_is_not_verified_is_within_no_tolerance(tmp_path: Path) -> None:
    baseline = make_baseline(_run(tmp_path / "before", ROWS))
    unproved = replace(ROWS[0], citations=(replace(ROWS[0].citations[0], verified=False),))
    run = _run(tmp_path / "after", [unproved, *ROWS[1:]])

    assert {r.name for r in find_regressions(run, baseline, tolerance=1.0)} == {"citations.verified"}


def test_a_metric_that_is_no_longer_measured_is_a_regression(tmp_path: Path) -> None:
    baseline = make_baseline(_run(tmp_path / "before", ROWS))
    run = _run(tmp_path / "after", [replace(row, confidence=None) for row in ROWS])

    told = [str(regression) for regression in find_regressions(run, baseline, tolerance=0.02)]

    # All are as sure: the area is the share of wrong answers, 1 of 4; none of 3; 1 of 1.
    assert [line for line in told if line.startswith("risk.area")] == [
        "risk.area: 0.250, now not measured",
        "risk.area (en): 0.000, now not measured",
        "risk.area (fr): 1.000, now not measured",
    ]


def test_a_run_of_other_questions_is_refused(tmp_path: Path) -> None:
    baseline = make_baseline(_run(tmp_path / "run", ROWS))
    other = read_run(write_run(tmp_path / "other", QUESTIONS[:3], ROWS[:3]))

    with pytest.raises(UnusableRun, match="its 3 questions are not the 4 of the baseline of 'golden'"):
        find_regressions(other, baseline, tolerance=0.02)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("nonsense", "it is not JSON"),
        ("[]", "it is not a JSON object"),
        ("{}", "its keys are not those of a baseline"),
        ('{"metrics": {"all": {"page.hit@7": 1}}}', "there is no metric 'page.hit@7'"),
        ('{"metrics": {"all": {"page.hit@5": "1"}}}', 'page.hit@5 is "1", it must be a number'),
        ('{"metrics": {"all": {"page.hit@5": NaN}}}', "page.hit@5 is NaN, it must be a number"),
        ('{"metrics": {"all": 1}}', "its keys are not those of a baseline"),
    ],
)
def test_a_file_that_is_no_baseline_is_refused(tmp_path: Path, text: str, cause: str) -> None:
    path = tmp_path / "baseline.json"
    write_baseline(make_baseline(_run(tmp_path / "run", ROWS)), path)
    whole = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(whole | json.loads(text)) if "metrics" in text else text, encoding="utf-8")

    with pytest.raises(UnusableRun, match="cannot be used") as caught:
        read_baseline(path)

    assert cause in str(caught.value)


def test_a_baseline_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnusableRun, match="`sourcier eval baseline` writes it"):
        read_baseline(tmp_path / "gone.json")


def _run(out: Path, rows: list[Row]) -> Run:
    return read_run(write_run(out, QUESTIONS, rows))
