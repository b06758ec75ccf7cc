import pytest

from sourcier_eval.judgements import Judgement
from sourcier_eval.metric_names import RISKS
from sourcier_eval.risks import compare_risks, estimate_risks

RIGHT = Judgement(answerable=True, answered=True, wrong=False, confidence=0.9)
WRONG = Judgement(answerable=False, answered=True, wrong=True, confidence=0.4)
UNKNOWN = Judgement(answerable=True, answered=True, wrong=False, confidence=None)


def test_every_risk_is_estimated_with_an_interval_around_it() -> None:
    estimates = estimate_risks([RIGHT, WRONG] * 20)

    assert list(estimates) == list(RISKS)
    area = estimates["risk.area"]
    assert area is not None
    # 20 right, then 20 wrong: the sum over k = 21 to 40 of (k - 20) / k, by 40.
    assert area.mean == pytest.approx(sum((k - 20) / k for k in range(21, 41)) / 40)
    assert area.low < area.mean < area.high
    assert area.count == 40


def test_what_has_no_confidence_is_left_out_of_what_needs_one() -> None:
    estimates = estimate_risks([RIGHT, UNKNOWN, WRONG])

    assert {name: estimate and estimate.count for name, estimate in estimates.items()} == {
        "risk.area": 2,
        "risk.calibration_error": 2,
        "risk.expected@5": 3,
        "risk.expected@20": 3,
        "risk.expected@50": 3,
    }


def test_nothing_judged_is_nothing_estimated() -> None:
    assert set(estimate_risks([]).values()) == {None}
    assert set(compare_risks([], []).values()) == {None}


def test_runs_are_compared_on_what_can_be_told_of_both() -> None:
    first, second = [RIGHT, UNKNOWN, WRONG], [RIGHT, RIGHT, WRONG]

    compared = compare_risks(first, second)

    area, expected = compared["risk.area"], compared["risk.expected@50"]
    assert area is not None
    assert expected is not None
    assert area[2].count == 2
    assert expected[2].count == 3
    # The same outcomes: nothing differs. Half of what is answered is wrong, were half unanswerable.
    assert (area[2].mean, expected[0], expected[1]) == (0.0, 0.5, 0.5)
