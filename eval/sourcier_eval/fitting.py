"""Two fits by Newton's method: which page answers (conditional logit), whether it does (logistic).

Both pull the weights towards given ones, not towards nothing: few questions of one's own then move the
shipped weights a little, many move them far (maximum a posteriori with a Gaussian prior around them).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

MAX_STEPS = 100
ENOUGH = 1e-6  # of the objective per sample: a smaller gain ends the fit


@dataclass(frozen=True, slots=True)
class Choice:
    """A question's candidate pages, at least one of them gold and at least one not."""

    signals: Floats  # shape (pages, signals)
    gold: Mask  # shape (pages,)
    weight: float = 1.0  # how much the question counts


def scales(samples: Sequence[Floats]) -> Floats:
    """Return each column's typical spread within a sample: root mean variance; 1 where it never varies."""
    spread = np.sqrt(np.mean([sample.var(axis=0) for sample in samples], axis=0))
    return np.where(spread > 1e-9, spread, 1.0)


def fit_choices(choices: Sequence[Choice], *, prior: Floats, pull: float, signed: bool = True) -> Floats:
    """Fit weights so that the gold pages of each question are the likely ones.

    Maximises sum of weight log P(one of the gold pages), P of page i being exp(w x_i) / sum_j exp(w x_j)
    (McFadden 1974), less the pull.

    Args:
        choices: At least one.
        prior: Weights to pull towards, shape (signals,).
        pull: Strength: a standardised weight that is off by one costs pull / 2.
        signed: Whether a weight may be negative; if not, a signal that would be weighs nothing.

    Returns:
        Weights of the signals as they are, shape (signals,).
    """
    unit = scales([choice.signals for choice in choices])
    centre = prior * unit
    stacked = _stack(choices, unit)

    def value(weights: Floats) -> float:
        return stacked.likelihood(weights) - 0.5 * pull * float((weights - centre) @ (weights - centre))

    def slope(weights: Floats) -> tuple[Floats, Floats]:
        gradient, curvature = stacked.slope(weights)
        return gradient - pull * (weights - centre), curvature + pull * np.eye(len(weights))

    free = np.ones(len(centre), dtype=bool)
    weights = centre
    while True:
        weights = _climb(value, slope, np.where(free, weights, 0.0), len(choices), free)
        negative = free & (weights < 0)
        if signed or not negative.any():
            fitted: Floats = weights / unit
            return fitted
        free &= weights > weights[negative].min()  # the worst first: another may turn positive without it


def likelihood_of_choices(choices: Sequence[Choice], weights: Floats) -> float:
    """Return the sum of weight log P(one of the gold pages) under given weights."""
    return _stack(choices, np.ones(len(weights))).likelihood(weights)


@dataclass(frozen=True, slots=True)
class _Stacked:
    """The pages of all choices beneath each other, so that numpy and not Python walks through them."""

    signals: Floats  # shape (pages, signals)
    gold: Mask  # shape (pages,)
    starts: npt.NDArray[np.int_]  # row at which each choice begins
    choice_of: npt.NDArray[np.int_]  # shape (pages,)
    weights: Floats  # of the choices

    def likelihood(self, weights: Floats) -> float:
        scores = self.signals @ weights
        odds = np.exp(scores - np.maximum.reduceat(scores, self.starts)[self.choice_of])
        of_gold = np.maximum(np.add.reduceat(odds * self.gold, self.starts), 1e-300)
        return float(self.weights @ np.log(of_gold / np.add.reduceat(odds, self.starts)))

    def slope(self, weights: Floats) -> tuple[Floats, Floats]:
        """Return the gradient, and the curvature were the gold pages certain: no less than the true one."""
        scores = self.signals @ weights
        likely = self._shares(scores)
        of_gold = self._shares(np.where(self.gold, scores, -np.inf))
        means = np.add.reduceat(likely[:, None] * self.signals, self.starts)
        gradient = (of_gold * self.weights[self.choice_of]) @ self.signals - self.weights @ means
        weighed = self.signals * (likely * self.weights[self.choice_of])[:, None]
        curvature = weighed.T @ self.signals - (means * self.weights[:, None]).T @ means
        return gradient, curvature

    def _shares(self, scores: Floats) -> Floats:
        odds = np.exp(scores - np.maximum.reduceat(scores, self.starts)[self.choice_of])
        shares: Floats = odds / np.add.reduceat(odds, self.starts)[self.choice_of]
        return shares


def _stack(choices: Sequence[Choice], unit: Floats) -> _Stacked:
    sizes = np.array([len(choice.gold) for choice in choices])
    return _Stacked(
        signals=np.vstack([choice.signals for choice in choices]) / unit,
        gold=np.concatenate([choice.gold for choice in choices]),
        starts=np.concatenate([[0], np.cumsum(sizes)[:-1]]),
        choice_of=np.repeat(np.arange(len(choices)), sizes),
        weights=np.array([choice.weight for choice in choices]),
    )


def fit_outcomes(
    evidence: Floats, outcomes: Mask, *, prior: Floats, pull: float, weights: Floats | None = None
) -> Floats:
    """Fit a logistic regression.

    Args:
        evidence: Shape (samples, features); a column of ones is the intercept, see below.
        outcomes: Whether each came true, shape (samples,).
        prior: Weights to pull towards, shape (features + 1,); the last is the intercept, which is free.
        pull: Strength: a standardised weight that is off by one costs pull / 2.
        weights: How much each sample counts; default 1.

    Returns:
        Weights of the features as they are, then the intercept, shape (features + 1,).
    """
    spread = evidence.std(axis=0)
    unit = np.append(np.where(spread > 1e-9, spread, 1.0), 1.0)
    columns = np.column_stack([evidence, np.ones(len(evidence))]) / unit
    signs = np.where(outcomes, 1.0, -1.0)
    counts = np.ones(len(evidence)) if weights is None else weights
    centre = prior * unit
    pulls = np.append(np.full(evidence.shape[1], pull), 1e-6)

    def value(w: Floats) -> float:
        loss = np.logaddexp(0.0, -signs * (columns @ w)) @ counts
        return -float(loss + 0.5 * pulls @ (w - centre) ** 2)

    def slope(w: Floats) -> tuple[Floats, Floats]:
        likely = 1 / (1 + np.exp(-np.clip(columns @ w, -500, 500)))
        gradient = columns.T @ (counts * (outcomes - likely)) - pulls * (w - centre)
        curvature = (columns * (counts * likely * (1 - likely))[:, None]).T @ columns + np.diag(pulls)
        return gradient, curvature

    fitted: Floats = _climb(value, slope, centre, len(evidence), np.ones(len(centre), dtype=bool)) / unit
    return fitted


def likelihood_of_outcomes(
    evidence: Floats, outcomes: Mask, weights: Floats, *, counts: Floats | None = None
) -> float:
    """Return the sum of counts log P(outcome) under weights of the features and the intercept."""
    scores = evidence @ weights[:-1] + weights[-1]
    losses = np.logaddexp(0.0, np.where(outcomes, -scores, scores))
    return -float(losses.sum() if counts is None else losses @ counts)


def _climb(
    value: Callable[[Floats], float],
    slope: Callable[[Floats], tuple[Floats, Floats]],
    start: Floats,
    samples: int,
    free: Mask,
) -> Floats:
    """Climb to the top by Newton's steps, halved until they gain; weights that are not free stay."""
    weights, reached = start, value(start)
    movable = np.flatnonzero(free)
    for _ in range(MAX_STEPS):
        gradient, curvature = slope(weights)
        step = np.zeros_like(weights)
        step[movable] = np.linalg.solve(curvature[np.ix_(movable, movable)], gradient[movable])
        length = 1.0
        while length > 1e-4 and value(weights + length * step) <= reached:
            length /= 2
        gain = value(weights + length * step) - reached
        if gain > 0:
            weights, reached = weights + length * step, reached + gain
        if gain < ENOUGH * samples:
            break
    return weights
