"""Confidences and whether the answers were wrong -> the risk of answering; pure functions.

Arrays hold one value per question in their last axis; leading axes, if any, are resamples, each reduced on
its own. `wrong` is 1.0 where the answer is wrong, else 0.0. Questions of equal confidence have no order among
themselves: each counts with the mean of all of them, which is what a random order gives on average.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]

BINS = 10


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """What answering down to a confidence gives."""

    coverage: float  # share of the questions that is answered, in (0, 1]
    risk: float  # share of these answers that is wrong, in [0, 1]
    threshold: float  # the least confidence that is answered, in [0, 1]


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Questions of like confidence."""

    confidence: float  # mean, in [0, 1]
    right: float  # share of the answers that is right, in [0, 1]
    count: int  # questions


def risk_coverage(confidence: Floats, wrong: Floats) -> list[RiskPoint]:
    """Return the risk-coverage curve, surest first, a point per distinct confidence.

    Source: El-Yaniv and Wiener, On the Foundations of Noise-free Selective Classification, JMLR 11, 2010.

    Args:
        confidence: Shape (questions,), in [0, 1].
        wrong: Shape (questions,).
    """
    ordered, mistakes = _surest_first(confidence, wrong)
    risks = _risks(mistakes)
    last = [i for i in range(len(ordered)) if i + 1 == len(ordered) or ordered[i + 1] != ordered[i]]
    return [RiskPoint((i + 1) / len(ordered), float(risks[i]), float(ordered[i])) for i in last]


def area_under_risk_coverage(confidence: Floats, wrong: Floats) -> Floats:
    """Return the area under the risk-coverage curve: the mean, over k, of the risk of the k surest answers.

    0 where nothing is wrong, 1 where all is; an order by chance gives the risk at full coverage.
    Source: Geifman, Uziel and El-Yaniv, Bias-Reduced Uncertainty Estimation, ICLR 2019, equation 1 (AURC).

    Args:
        confidence: Shape (..., questions), at least one question.
        wrong: Of the same shape.

    Returns:
        Shape (...).
    """
    _, mistakes = _surest_first(confidence, wrong)
    area: Floats = _risks(mistakes).mean(axis=-1)
    return area


def expected_calibration_error(confidence: Floats, wrong: Floats, *, bins: int = BINS) -> Floats:
    """Return how far, on average, the confidence is from the share of right answers, in [0, 1].

    The questions, by confidence, are parted into bins of equal mass; |mean confidence - share right| of each
    is weighed by its questions. Source: Naeini, Cooper and Hauskrecht, AAAI 2015 (the error, with bins of
    equal width); Nguyen and O'Connor, EMNLP 2015 (bins of equal mass). On few questions it is too high:
    chance alone parts the two.

    Args:
        confidence: Shape (..., questions), at least one question.
        wrong: Of the same shape.
        bins: As many as questions where these are fewer; sizes differ by at most one.

    Returns:
        Shape (...).
    """
    ordered, mistakes = _surest_first(confidence, wrong)
    apart = np.add.reduceat(ordered - (1 - mistakes), _starts(ordered.shape[-1], bins), axis=-1)
    error: Floats = np.abs(apart).sum(axis=-1) / ordered.shape[-1]
    return error


def reliability(confidence: Floats, wrong: Floats, *, bins: int = BINS) -> list[ReliabilityBin]:
    """Return the bins of `expected_calibration_error`, the least sure first.

    Args:
        confidence: Shape (questions,), at least one question.
        wrong: Of the same shape.
        bins: As many as questions where these are fewer.
    """
    ordered, mistakes = _surest_first(confidence, wrong)
    starts = _starts(len(ordered), bins)
    parts = zip(np.split(ordered, starts[1:]), np.split(mistakes, starts[1:]), strict=True)
    return [ReliabilityBin(float(c.mean()), float(1 - m.mean()), len(c)) for c, m in parts][::-1]


def expected_risk(answered: Floats, wrong: Floats, answerable: Floats, share: float) -> Floats:
    """Return the share of answers that would be wrong, were a given share of the questions unanswerable.

    The rates of answering and of answering wrongly are measured on answerable and on unanswerable questions,
    and weighed by the shares: with a and w for answerable, a' for unanswerable ones (where every answer is
    wrong), risk = (share a' + (1 - share) w) / (share a' + (1 - share) a). Own arithmetic: Bayes' rule with
    other prior shares, as for a diagnostic test at another prevalence.

    Args:
        answered: Shape (..., questions), 1.0 where an answer was given.
        wrong: Of the same shape.
        answerable: Of the same shape, 1.0 where the set has an answer.
        share: Of unanswerable questions, in [0, 1].

    Returns:
        Shape (...); NaN where one sort of question is missing or nothing would be answered.
    """
    unanswerable = 1 - answerable
    of_answerable = answerable.sum(axis=-1)
    of_unanswerable = unanswerable.sum(axis=-1)
    with np.errstate(invalid="ignore"):
        missed = share * (answered * unanswerable).sum(axis=-1) / of_unanswerable
        mistaken = (1 - share) * (answered * wrong * answerable).sum(axis=-1) / of_answerable
        given = (1 - share) * (answered * answerable).sum(axis=-1) / of_answerable
        risk: Floats = (missed + mistaken) / (missed + given)
    return risk


def _surest_first(confidence: Floats, wrong: Floats) -> tuple[Floats, Floats]:
    order = np.argsort(-confidence, axis=-1, kind="stable")
    ordered = np.take_along_axis(confidence, order, axis=-1)
    return ordered, _mean_of_ties(ordered, np.take_along_axis(wrong, order, axis=-1))


def _mean_of_ties(ordered: Floats, values: Floats) -> Floats:
    """Replace each value by the mean over its neighbours of equal key."""
    new = np.ones(ordered.shape, dtype=bool)
    new[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    tie = np.cumsum(new.ravel()) - 1
    means = np.bincount(tie, weights=values.ravel()) / np.bincount(tie)
    of_each: Floats = means[tie].reshape(values.shape)
    return of_each


def _risks(mistakes: Floats) -> Floats:
    risks: Floats = np.cumsum(mistakes, axis=-1) / np.arange(1, mistakes.shape[-1] + 1)
    return risks


def _starts(questions: int, bins: int) -> list[int]:
    used = min(bins, questions)
    return [-(-questions * number // used) for number in range(used)]
