from collections.abc import Callable
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sourcier_eval import intervals
from sourcier_eval.intervals import (
    Draws,
    Floats,
    bootstrap_difference,
    bootstrap_gap,
    bootstrap_mean,
    bootstrap_means,
    bootstrap_paired_means,
    bootstrap_statistic,
    bootstrap_statistic_difference,
)

FEW = 200  # resamples, enough for what holds of any number
VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_interval_of_a_share_is_that_of_the_binomial() -> None:
    # 40 of 100: standard error sqrt(0.4 * 0.6 / 100) = 0.049; 0.4 -+ 1.96 * 0.049 = 0.304, 0.496.
    interval = bootstrap_mean([1.0] * 40 + [0.0] * 60)

    assert interval.mean == pytest.approx(0.4)
    assert interval.low == pytest.approx(0.304, abs=0.015)
    assert interval.high == pytest.approx(0.496, abs=0.015)
    assert interval.count == 100


def test_interval_shrinks_with_the_root_of_the_number_of_questions() -> None:
    # Four times the questions, half the width.
    few = bootstrap_mean([0.0, 1.0] * 50)
    many = bootstrap_mean([0.0, 1.0] * 200)

    assert (few.high - few.low) / (many.high - many.low) == pytest.approx(2, abs=0.25)


def test_equal_values_leave_no_doubt() -> None:
    interval = bootstrap_mean([0.5] * 7)

    assert (interval.low, interval.mean, interval.high) == (0.5, 0.5, 0.5)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    values = [0.1, 0.9, 0.4, 0.3, 0.8]

    assert bootstrap_mean(values, seed=1) == bootstrap_mean(values, seed=1)
    assert bootstrap_mean(values, seed=1) != bootstrap_mean(values, seed=2)


def test_values_that_were_not_measured_are_left_out() -> None:
    # Mean of 0 and 1; the resamples that draw neither say nothing.
    interval = bootstrap_mean([0.0, nan, 1.0, nan])

    assert interval.mean == 0.5
    assert interval.count == 2
    assert (interval.low, interval.high) == (0.0, 1.0)


@pytest.mark.parametrize("values", [[], [nan, nan]])
def test_the_mean_of_nothing_is_a_mistake(values: list[float]) -> None:
    with pytest.raises(ValueError, match="no value"):
        bootstrap_mean(values)


def test_columns_are_resampled_together() -> None:
    column = [0.2, 0.7, 0.1, 0.9]

    first, second, empty = bootstrap_means(np.array([[v, 1 - v, nan] for v in column]))

    assert first == bootstrap_mean(column)
    assert second is not None
    assert first is not None
    # What one column gains in a resample the other loses: 1 - v mirrors the bounds.
    assert second.low == pytest.approx(1 - first.high)
    assert second.high == pytest.approx(1 - first.low)
    assert empty is None


def test_batches_do_not_change_which_questions_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [0.1, 0.9, 0.4, 0.3, 0.8]
    at_once = bootstrap_mean(values, resamples=FEW)

    monkeypatch.setattr(intervals, "_CELLS", 35)  # 7 resamples of 5 questions at a time

    assert bootstrap_mean(values, resamples=FEW) == at_once


@settings(max_examples=50)
@given(VALUES)
def test_bounds_stay_within_the_values(values: list[float]) -> None:
    interval = bootstrap_mean(values, resamples=FEW)

    assert min(values) - 1e-9 <= interval.low <= interval.high <= max(values) + 1e-9


def test_a_difference_is_second_minus_first_by_pairs() -> None:
    # Differences 1, 0, 0, 1: mean 0.5.
    difference = bootstrap_difference([0.0, 0.5, 1.0, 0.0], [1.0, 0.5, 1.0, 1.0])

    assert difference.mean == pytest.approx(0.5)
    assert difference.count == 4


def test_pairing_sees_what_two_intervals_do_not() -> None:
    # The second run is 0.1 better on each of 40 questions of very different difficulty.
    first = [i / 50 for i in range(40)]
    second = [value + 0.1 for value in first]

    difference = bootstrap_difference(first, second)

    assert bootstrap_mean(first).high > bootstrap_mean(second).low
    assert difference.low > 0
    # No resample at or beyond 0: 2 * (0 + 1) / (2000 + 1).
    assert difference.p_value == pytest.approx(2 / 2001)


def test_equal_runs_do_not_differ() -> None:
    difference = bootstrap_difference([0.2, 0.4], [0.2, 0.4])

    assert (difference.mean, difference.low, difference.high, difference.p_value) == (0.0, 0.0, 0.0, 1.0)


def test_p_value_of_noise_is_that_of_a_sign_free_mean() -> None:
    # 12 times +1 and 8 times -1: mean 0.2, standard deviation sqrt(1 - 0.04) = 0.98, standard error 0.219;
    # z = 0.913, two-sided p = 0.36. The mean moves in steps of 0.1 and 0 counts in full, which adds half
    # the probability of a 0, 2 * 0.12 / 2: 0.36 to 0.50.
    difference = bootstrap_difference([0.0] * 20, [1.0] * 12 + [-1.0] * 8)

    assert 0.36 <= difference.p_value <= 0.55
    assert difference.low < 0 < difference.high


@pytest.mark.parametrize(("first", "second"), [([], []), ([1.0], [1.0, 0.0]), ([nan], [1.0])])
def test_what_makes_no_pairs_is_a_mistake(first: list[float], second: list[float]) -> None:
    with pytest.raises(ValueError, match="pair"):
        bootstrap_difference(first, second)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30))
def test_exchanging_the_runs_mirrors_the_difference(pairs: list[tuple[int, int]]) -> None:
    # Integers, so that every sum is exact.
    first, second = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]

    one_way = bootstrap_difference(first, second, resamples=FEW)
    other_way = bootstrap_difference(second, first, resamples=FEW)

    assert other_way.mean == -one_way.mean
    assert other_way.low == pytest.approx(-one_way.high)
    assert other_way.p_value == one_way.p_value
    assert 0 < one_way.p_value <= 1
    assert not isnan(one_way.low)


def _mean_of(values: list[float]) -> Callable[[Draws], Floats]:
    column = np.array(values)
    return lambda draws: np.array(column[draws].mean(axis=-1))


def test_a_mean_as_a_statistic_has_the_interval_of_the_mean() -> None:
    values = [0.1, 0.9, 0.4, 0.3, 0.8]

    interval, mean = bootstrap_statistic(_mean_of(values), len(values)), bootstrap_mean(values)

    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx((mean.low, mean.high))
    assert interval.mean == pytest.approx(0.5)
    assert interval.count == 5


def test_a_mean_as_a_statistic_differs_as_the_mean_does() -> None:
    first, second = [0.1, 0.9, 0.4], [0.2, 0.8, 0.9]

    found = bootstrap_statistic_difference(_mean_of(first), _mean_of(second), 3)
    wanted = bootstrap_difference(first, second)

    assert found is not None
    assert (found.mean, found.low, found.high) == pytest.approx((wanted.mean, wanted.low, wanted.high))
    assert found.p_value == wanted.p_value


def test_a_statistic_of_nothing_is_none() -> None:
    assert bootstrap_statistic(_mean_of([]), 0) is None
    assert bootstrap_statistic(_mean_of([nan]), 1) is None
    assert bootstrap_statistic_difference(_mean_of([nan]), _mean_of([1.0]), 1) is None


def test_paired_means_of_full_columns_are_the_paired_difference() -> None:
    first, second = [0.1, 0.9, 0.4, 0.3], [0.2, 0.8, 0.9, 0.3]

    (found,) = bootstrap_paired_means(np.array([first]).T, np.array([second]).T)
    wanted = bootstrap_difference(first, second)

    assert found is not None
    assert (found.mean, found.low, found.high) == pytest.approx((wanted.mean, wanted.low, wanted.high))
    assert found.p_value == wanted.p_value
    assert found.count == 4


def test_each_run_has_the_mean_of_what_it_measured() -> None:
    # First: 1 and 0, mean 1/2; second: 1 alone, mean 1. In the other column the second has nothing.
    first = np.array([[1.0, 1.0], [0.0, 1.0], [nan, nan]])
    second = np.array([[1.0, nan], [nan, nan], [nan, nan]])

    found, empty = bootstrap_paired_means(first, second)

    assert found is not None
    assert (found.mean, found.count) == (0.5, 2)
    assert empty is None


def test_columns_of_different_shapes_make_no_pairs() -> None:
    with pytest.raises(ValueError, match="pairs"):
        bootstrap_paired_means(np.zeros((2, 1)), np.zeros((3, 1)))


def test_a_gap_is_as_wide_as_two_samples_make_it() -> None:
    # Shares 30/50 and 20/50: 0.2; standard error sqrt(2 * 0.24 / 50) = 0.098; 0.2 -+ 1.96 * 0.098.
    gap = bootstrap_gap([1.0] * 30 + [0.0] * 20, [1.0] * 20 + [0.0] * 30)

    assert gap.mean == pytest.approx(0.2)
    assert gap.count == 100
    assert (gap.low, gap.high) == pytest.approx((0.008, 0.392), abs=0.03)


def test_a_gap_of_equal_sides_is_not_paired() -> None:
    gap = bootstrap_gap([0.0, 1.0] * 10, [0.0, 1.0] * 10)

    assert gap.low < 0 < gap.high


@pytest.mark.parametrize(("first", "second"), [([], [1.0]), ([1.0], []), ([nan], [1.0])])
def test_a_gap_needs_both_sides(first: list[float], second: list[float]) -> None:
    with pytest.raises(ValueError, match="both sides"):
        bootstrap_gap(first, second)
