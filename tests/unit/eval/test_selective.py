from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcier_eval.selective import (
    Floats,
    RiskPoint,
    area_under_risk_coverage,
    expected_calibration_error,
    expected_risk,
    reliability,
    risk_coverage,
)

ANSWERS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0]), st.booleans()), min_size=1, max_size=20
)


def test_curve_answers_the_surest_first() -> None:
    # By confidence: right, wrong, right, wrong.
    curve = risk_coverage(_column(0.2, 0.9, 0.7, 0.4), _column(1, 0, 1, 0))

    assert curve == [
        RiskPoint(1 / 4, 0.0, 0.9),
        RiskPoint(2 / 4, 1 / 2, 0.7),
        RiskPoint(3 / 4, 1 / 3, 0.4),
        RiskPoint(4 / 4, 2 / 4, 0.2),
    ]


def test_equal_confidences_are_one_point() -> None:
    # The surest is right; of the two of confidence 0.5 one is wrong: 1 of 3.
    curve = risk_coverage(_column(0.5, 0.9, 0.5), _column(1, 0, 0))

    assert [(point.coverage, point.risk) for point in curve] == [
        (pytest.approx(1 / 3), 0.0),
        (1.0, pytest.approx(1 / 3)),
    ]


def test_area_is_the_mean_risk_over_the_coverages() -> None:
    # Risks 0, 1/2, 1/3, 2/4: their sum 4/3, a quarter of it 1/3.
    area = area_under_risk_coverage(_column(0.2, 0.9, 0.7, 0.4), _column(1, 0, 1, 0))

    assert area == pytest.approx(1 / 3)


def test_ties_count_as_a_random_order_does_on_average() -> None:
    # Right first: (0 + 1/2) / 2; wrong first: (1 + 1/2) / 2; their mean 1/2.
    assert area_under_risk_coverage(_column(0.5, 0.5), _column(0, 1)) == pytest.approx(1 / 2)
    assert area_under_risk_coverage(_column(0.5, 0.5), _column(1, 0)) == pytest.approx(1 / 2)


def test_a_confidence_that_knows_puts_its_mistakes_last() -> None:
    wrong = _column(0, 0, 0, 1)

    knows = area_under_risk_coverage(_column(0.9, 0.8, 0.7, 0.1), wrong)  # (0 + 0 + 0 + 1/4) / 4
    errs = area_under_risk_coverage(_column(0.1, 0.2, 0.3, 0.9), wrong)  # (1 + 1/2 + 1/3 + 1/4) / 4

    assert (knows, errs) == pytest.approx((1 / 16, 25 / 48))


def test_calibration_error_is_the_mean_distance_of_the_bins() -> None:
    # Two bins of two: confidence 0.85 right 1/2, confidence 0.3 right 1/2: (0.35 + 0.2) / 2.
    error = expected_calibration_error(_column(0.9, 0.8, 0.4, 0.2), _column(0, 1, 1, 0), bins=2)

    assert error == pytest.approx(0.275)


def test_bins_have_equal_mass_whatever_the_confidences() -> None:
    # Five questions in two bins, 3 + 2 from the surest down; the least sure is told first.
    bins = reliability(_column(0.99, 0.98, 0.97, 0.96, 0.1), _column(0, 0, 1, 0, 1), bins=2)

    assert [b.count for b in bins] == [2, 3]
    assert [b.confidence for b in bins] == pytest.approx([0.53, 0.98])
    assert [b.right for b in bins] == pytest.approx([1 / 2, 2 / 3])


def test_fewer_questions_than_bins_have_a_bin_each() -> None:
    # |0.9 - 1|, |0.4 - 0|: (0.1 + 0.4) / 2.
    assert expected_calibration_error(_column(0.9, 0.4), _column(0, 1)) == pytest.approx(0.25)
    assert len(reliability(_column(0.9, 0.4), _column(0, 1))) == 2


@given(ANSWERS)
def test_calibration_error_is_that_of_the_bins(answers: list[tuple[float, bool]]) -> None:
    confidence, wrong = _columns(answers)

    bins = reliability(confidence, wrong)

    assert sum(b.count for b in bins) == len(answers)
    apart = sum(b.count * abs(b.confidence - b.right) for b in bins) / len(answers)
    assert expected_calibration_error(confidence, wrong) == pytest.approx(apart)


@given(ANSWERS)
def test_order_of_the_questions_does_not_matter(answers: list[tuple[float, bool]]) -> None:
    forward, backward = _columns(answers), _columns(answers[::-1])

    for measure in (area_under_risk_coverage, expected_calibration_error):
        assert measure(*forward) == pytest.approx(measure(*backward))
        assert 0 <= measure(*forward) <= 1


@given(ANSWERS)
def test_the_curve_ends_at_the_share_of_wrong_answers(answers: list[tuple[float, bool]]) -> None:
    confidence, wrong = _columns(answers)

    last = risk_coverage(confidence, wrong)[-1]

    assert last.coverage == 1.0
    assert last.risk == pytest.approx(wrong.mean())


@given(ANSWERS)
def test_resamples_are_reduced_one_by_one(answers: list[tuple[float, bool]]) -> None:
    confidence, wrong = _columns(answers)
    both = np.stack([confidence, confidence[::-1]]), np.stack([wrong, 1 - wrong[::-1]])

    for measure in (area_under_risk_coverage, expected_calibration_error):
        one, other = measure(*both)
        assert one == pytest.approx(measure(confidence, wrong))
        assert other == pytest.approx(measure(confidence, 1 - wrong))


def test_expected_risk_weighs_the_rates_by_the_share() -> None:
    # Answerable: 4, of which 3 answered, 1 wrongly. Unanswerable: 2, of which 1 answered.
    answered = _column(1, 1, 1, 0, 1, 0)
    wrong = _column(1, 0, 0, 1, 1, 1)
    answerable = _column(1, 1, 1, 1, 0, 0)

    # At 20 %: (0.2 * 1/2 + 0.8 * 1/4) / (0.2 * 1/2 + 0.8 * 3/4) = 0.3 / 0.7.
    assert expected_risk(answered, wrong, answerable, 0.2) == pytest.approx(3 / 7)
    # At 0 the answerable alone: 1 of 3; at 1 the others alone: all wrong.
    assert expected_risk(answered, wrong, answerable, 0.0) == pytest.approx(1 / 3)
    assert expected_risk(answered, wrong, answerable, 1.0) == pytest.approx(1.0)


def test_expected_risk_at_the_share_of_the_set_is_the_share_of_wrong_answers() -> None:
    answered, wrong, answerable = _column(1, 1, 1, 0), _column(0, 1, 1, 1), _column(1, 1, 0, 0)

    # Half is unanswerable; 3 answers, 2 wrong.
    assert expected_risk(answered, wrong, answerable, 0.5) == pytest.approx(2 / 3)


def test_expected_risk_is_unknown_without_both_sorts_or_any_answer() -> None:
    assert isnan(expected_risk(_column(1), _column(0), _column(1), 0.2))
    assert isnan(expected_risk(_column(1), _column(1), _column(0), 0.2))
    assert isnan(expected_risk(_column(0, 0), _column(1, 1), _column(1, 0), 0.2))


def _column(*values: float) -> Floats:
    return np.array(values, dtype=np.float64)


def _columns(answers: list[tuple[float, bool]]) -> tuple[Floats, Floats]:
    return _column(*(c for c, _ in answers)), _column(*(float(w) for _, w in answers))
