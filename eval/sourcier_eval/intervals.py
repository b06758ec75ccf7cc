"""Scores per question -> how far their mean may be trusted: bootstrap over questions, seeded.

Percentile method, 95 % (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13). The
same seed and number of questions give the same resamples, so columns and runs are resampled together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]

SEED = 20_240_229
RESAMPLES = 2_000  # from seed to seed a bound then moves by some 2 % of the interval's width
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
    measured, values = present.astype(np.float64), np.where(present, columns, 0.0)
    batches = []
    for weights in _weights(len(columns), seed=seed, resamples=resamples):
        drawn = weights @ measured
        # A resample may draw no question that has the measure: it says nothing of it.
        batches.append(np.divide(weights @ values, drawn, out=np.full_like(drawn, np.nan), where=drawn > 0))
    means = np.concatenate(batches)
    return [
        _interval(values[:, i].sum() / count, means[:, i], int(count)) if count else None
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
    tail = min(int((means <= 0).sum()), int((means >= 0).sum()))
    interval = _interval(float(differences.mean()), means, len(differences))
    return Difference(
        mean=interval.mean,
        low=interval.low,
        high=interval.high,
        p_value=min(1.0, 2 * (tail + 1) / (resamples + 1)),
        count=interval.count,
    )


def _weights(questions: int, *, seed: int, resamples: int) -> Iterator[Floats]:
    """Yield how often each question is drawn, a batch of resamples at a time, shape (batch, questions)."""
    generator = np.random.default_rng(seed)
    batch = max(1, _CELLS // max(1, questions))
    for start in range(0, resamples, batch):
        rows = min(batch, resamples - start)
        drawn = (
            generator.integers(questions, size=(rows, questions)) if questions else np.empty((rows, 0), int)
        )
        drawn += questions * np.arange(rows)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * questions)
        yield counts.reshape(rows, questions).astype(np.float64)


def _interval(mean: float, means: Floats, count: int) -> Interval:
    low, high = np.nanpercentile(means, [2.5, 97.5])
    return Interval(mean=float(mean), low=float(low), high=float(high), count=count)
