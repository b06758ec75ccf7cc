"""Scores per question -> how far their mean may be trusted: bootstrap over questions, seeded.

Percentile method, 95 % (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13). The
same seed and number of questions give the same resamples, so columns and runs are resampled together.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Draws: TypeAlias = npt.NDArray[np.int64]  # questions drawn, shape (resamples, questions)
Statistic: TypeAlias = Callable[[Draws], Floats]  # of each resample, NaN where it cannot be told

SEED = 20_240_229
RESAMPLES = 2_000  # from seed to seed a bound then moves by some 2 % of the interval's width
_EQUAL = 1e-9  # what rounding makes of two equal means must not count as a difference
_CELLS = 2_000_000  # resamples x questions held at once: 16 MB


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its 95 % confidence interval, in the unit of the values."""

    mean: float
    low: float
    high: float
    count: int  # values it is the mean of, at least 1


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean of the paired differences, second - first, and its 95 % confidence interval."""

    mean: float
    low: float
    high: float
    p_value: float  # two-sided, in (0, 1]: of a difference this far from 0 if there were none
    count: int  # pairs


def bootstrap_mean(values: Sequence[float], *, seed: int = SEED, resamples: int = RESAMPLES) -> Interval:
    """Estimate the mean of the values over questions like these.

    Args:
        values: One per question; NaN where it was not measured.
        seed: Of the resampling.
        resamples: How many are drawn.

    Raises:
        ValueError: No value was measured.
    """
    column = np.asarray(values, dtype=np.float64).reshape(-1, 1)
    interval = bootstrap_means(column, seed=seed, resamples=resamples)[0]
    if interval is None:
        raise ValueError("there is no value to take the mean of")
    return interval


def bootstrap_means(
    columns: Floats, *, seed: int = SEED, resamples: int = RESAMPLES
) -> list[Interval | None]:
    """Estimate the mean of each column over questions like these, all columns in the same resamples.

    Args:
        columns: Shape (questions, measures); NaN where a question has no value. A measure that only some
            questions have is then a ratio whose denominator is resampled too.
        seed: Of the resampling.
        resamples: How many are drawn.

    Returns:
        One per column; None where a column has no value.
    """
    present = ~np.isnan(columns)
    weighings = _weights(len(columns), seed=seed, resamples=resamples)
    means = np.concatenate([_means(columns, weights) for weights in weighings])
    sums = np.where(present, columns, 0.0).sum(axis=0)
    return [
        _interval(sums[i] / count, means[:, i], int(count)) if count else None
        for i, count in enumerate(present.sum(axis=0))
    ]


def bootstrap_difference(
    first: Sequence[float], second: Sequence[float], *, seed: int = SEED, resamples: int = RESAMPLES
) -> Difference:
    """Compare two runs on the same questions.

    Args:
        first: The baseline's values, one per question.
        second: The other run's, in the same order.
        seed: Of the resampling.
        resamples: How many are drawn; no p-value is below 2 / (resamples + 1).

    Returns:
        The p-value is twice the smaller tail of the resampled means beyond 0, counted with the observed
        one (Davison and Hinkley, Bootstrap Methods, 1997, chapter 4).

    Raises:
        ValueError: The lengths differ, there is no pair, or a value is NaN.
    """
    if len(first) != len(second) or not len(first):
        raise ValueError(f"{len(first)} and {len(second)} values do not make pairs")
    differences = np.asarray(second, dtype=np.float64) - np.asarray(first, dtype=np.float64)
    if np.isnan(differences).any():
        raise ValueError("a question without a value has no pair: leave it out of both")
    means = np.concatenate(
        [w @ differences for w in _weights(len(differences), seed=seed, resamples=resamples)]
    )
    means /= len(differences)
    return _difference(float(differences.mean()), means, len(differences))


def bootstrap_statistic(
    statistic: Statistic, questions: int, *, seed: int = SEED, resamples: int = RESAMPLES
) -> Interval | None:
    """Estimate what is no mean over questions, such as the area under a curve.

    Args:
        statistic: Of each resample.
        questions: From which resamples are drawn.
        seed: Of the resampling.
        resamples: How many are drawn.

    Returns:
        With the value of the questions as they are as `mean`; None where that cannot be told.
    """
    observed = _observed(statistic, questions)
    if np.isnan(observed):
        return None
    drawn = _drawn(questions, seed=seed, resamples=resamples)
    return _interval(observed, np.concatenate([statistic(draws) for draws in drawn]), questions)


def bootstrap_statistic_difference(
    first: Statistic,
    second: Statistic,
    questions: int,
    *,
    seed: int = SEED,
    resamples: int = RESAMPLES,
) -> Difference | None:
    """Compare what is no mean over questions between two runs, both on the same resamples.

    Args:
        first: Of the baseline.
        second: Of the other run, of the same questions in the same order.
        questions: From which resamples are drawn.
        seed: Of the resampling.
        resamples: How many are drawn.

    Returns:
        With the p-value of `bootstrap_difference`; None where one of the two cannot be told.
    """
    observed = _observed(second, questions) - _observed(first, questions)
    if np.isnan(observed):
        return None
    drawn = _drawn(questions, seed=seed, resamples=resamples)
    differences = [second(draws) - first(draws) for draws in drawn]
    return _difference(observed, np.concatenate(differences), questions)


def bootstrap_paired_means(
    first: Floats, second: Floats, *, seed: int = SEED, resamples: int = RESAMPLES
) -> list[Difference | None]:
    """Compare the means of two runs on the same questions, all columns in the same resamples.

    Each run's mean is over the questions on which it has a value: an answer that only one run gives counts in
    that run's mean. Where both have all values it is `bootstrap_difference`.

    Args:
        first: The baseline's values, shape (questions, measures); NaN where a question has none.
        second: The other run's, of the same shape and order.
        seed: Of the resampling.
        resamples: How many are drawn.

    Returns:
        One per column, `count` the questions with a value in either; None where a run has no value.

    Raises:
        ValueError: The shapes differ.
    """
    if first.shape != second.shape:
        raise ValueError(f"{first.shape} and {second.shape} values do not make pairs")
    batches = [
        _means(second, weights) - _means(first, weights)
        for weights in _weights(len(first), seed=seed, resamples=resamples)
    ]
    once = np.ones((1, len(first)))
    observed = (_means(second, once) - _means(first, once))[0]
    differences = np.concatenate(batches)
    counts = (~np.isnan(first) | ~np.isnan(second)).sum(axis=0)
    return [
        None if np.isnan(observed[i]) else _difference(float(observed[i]), differences[:, i], int(count))
        for i, count in enumerate(counts)
    ]


def bootstrap_gap(
    first: Sequence[float], second: Sequence[float], *, seed: int = SEED, resamples: int = RESAMPLES
) -> Interval:
    """Estimate the mean of the first less the mean of the second, of different questions.

    Each side is resampled by itself (Efron and Tibshirani, 1993, chapter 8, two samples).

    Returns:
        With `count` the questions of both sides.

    Raises:
        ValueError: A side has no value, or one is NaN.
    """
    sides = [np.asarray(values, dtype=np.float64) for values in (first, second)]
    if not all(len(side) for side in sides) or np.isnan(np.concatenate(sides)).any():
        raise ValueError("a gap needs values on both sides, and no NaN among them")
    of_first, of_second = (
        np.concatenate([w @ side / len(side) for w in _weights(len(side), seed=own, resamples=resamples)])
        # Another seed: sides of one length would be drawn alike.
        for side, own in zip(sides, (seed, seed + 1), strict=True)
    )
    gap = float(sides[0].mean() - sides[1].mean())
    return _interval(gap, of_first - of_second, len(sides[0]) + len(sides[1]))


def _observed(statistic: Statistic, questions: int) -> float:
    return float(statistic(np.arange(questions)[None, :])[0]) if questions else float("nan")


def _means(columns: Floats, weights: Floats) -> Floats:
    """Return each column's mean over its values, shape (resamples, columns); NaN where none was drawn."""
    present = ~np.isnan(columns)
    drawn = weights @ present.astype(np.float64)
    # A resample may draw no question that has the measure: it says nothing of it.
    return np.divide(
        weights @ np.where(present, columns, 0.0), drawn, out=np.full_like(drawn, np.nan), where=drawn > 0
    )


def _drawn(questions: int, *, seed: int, resamples: int) -> Iterator[Draws]:
    """Yield which questions are drawn, a batch of resamples at a time, shape (batch, questions)."""
    generator = np.random.default_rng(seed)
    batch = max(1, _CELLS // max(1, questions))
    for start in range(0, resamples, batch):
        rows = min(batch, resamples - start)
        if questions:
            yield generator.integers(questions, size=(rows, questions))
        else:
            yield np.empty((rows, 0), dtype=np.int64)


def _weights(questions: int, *, seed: int, resamples: int) -> Iterator[Floats]:
    """Yield how often each question is drawn, a batch of resamples at a time, shape (batch, questions)."""
    for drawn in _drawn(questions, seed=seed, resamples=resamples):
        rows = len(drawn)
        cells = drawn + questions * np.arange(rows)[:, None]
        counts = np.bincount(cells.ravel(), minlength=rows * questions)
        yield counts.reshape(rows, questions).astype(np.float64)


def _interval(mean: float, means: Floats, count: int) -> Interval:
    low, high = np.nanpercentile(means, [2.5, 97.5])
    return Interval(mean=float(mean), low=float(low), high=float(high), count=count)


def _difference(observed: float, differences: Floats, count: int) -> Difference:
    told = differences[~np.isnan(differences)]
    told = np.where(np.abs(told) < _EQUAL, 0.0, told)
    interval = _interval(observed, told, count)
    tail = min(int((told <= 0).sum()), int((told >= 0).sum()))
    return Difference(
        mean=interval.mean,
        low=interval.low,
        high=interval.high,
        p_value=min(1.0, 2 * (tail + 1) / (len(told) + 1)),
        count=count,
    )
