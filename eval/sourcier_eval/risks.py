"""Judgements of a run, or of two -> their risks with intervals, by the names in `metric_names.RISKS`."""

from collections.abc import Callable, Sequence

import numpy as np

from sourcier_eval.intervals import (
    Difference,
    Draws,
    Floats,
    Interval,
    Statistic,
    bootstrap_statistic,
    bootstrap_statistic_difference,
)
from sourcier_eval.judgements import Judgement
from sourcier_eval.metric_names import RISKS, UNANSWERABLE_SHARES
from sourcier_eval.selective import area_under_risk_coverage, expected_calibration_error, expected_risk


def estimate_risks(judged: Sequence[Judgement]) -> dict[str, Interval | None]:
    """Estimate each of RISKS.

    Args:
        judged: One per question. Those without a confidence are left out of what needs one.

    Returns:
        By name, in the order of RISKS; None where it cannot be told.
    """
    return {
        name: bootstrap_statistic(statistic, count)
        for name in RISKS
        for statistic, count in [_statistic(name, judged)]
    }


def compare_risks(
    first: Sequence[Judgement], second: Sequence[Judgement]
) -> dict[str, tuple[float, float, Difference] | None]:
    """Compare each of RISKS between two runs.

    Args:
        first: The baseline's, one per question.
        second: The other run's, of the same questions in the same order.

    Returns:
        By name, in the order of RISKS, both values and their difference, all three over the questions on
        which both can be told; None where one cannot.
    """
    compared: dict[str, tuple[float, float, Difference] | None] = {}
    pairs = list(zip(first, second, strict=True))
    for name in RISKS:
        told = [(a, b) for a, b in pairs if not _needs_confidence(name) or _have_confidence(a, b)]
        one, count = _statistic(name, [a for a, _ in told])
        other, _ = _statistic(name, [b for _, b in told])
        difference = bootstrap_statistic_difference(one, other, count)
        everything = np.arange(count)[None, :]
        compared[name] = (
            (float(one(everything)[0]), float(other(everything)[0]), difference) if difference else None
        )
    return compared


def confidences(judged: Sequence[Judgement]) -> tuple[Floats, Floats]:
    """Return the confidences, and 1.0 where the answer is wrong, of what has a confidence."""
    pairs = [(one.confidence, float(one.wrong)) for one in judged if one.confidence is not None]
    columns = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    return columns[:, 0], columns[:, 1]


def _statistic(name: str, judged: Sequence[Judgement]) -> tuple[Statistic, int]:
    """Return the statistic of that name and of how many questions it is."""
    key = name.removeprefix("risk.")
    if key in _OF_CONFIDENCE:
        confidence, wrong = confidences(judged)
        of = _OF_CONFIDENCE[key]
        return (lambda draws: of(confidence[draws], wrong[draws])), len(confidence)
    return _expected(judged, _SHARES[key]), len(judged)


def _needs_confidence(name: str) -> bool:
    return name.removeprefix("risk.") in _OF_CONFIDENCE


def _have_confidence(*judged: Judgement) -> bool:
    return all(one.confidence is not None for one in judged)


def _expected(judged: Sequence[Judgement], share: float) -> Statistic:
    rows = [(one.answered, one.wrong, one.answerable) for one in judged]
    answered, wrong, answerable = np.array(rows, dtype=np.float64).reshape(-1, 3).T

    def statistic(draws: Draws) -> Floats:
        return expected_risk(answered[draws], wrong[draws], answerable[draws], share)

    return statistic


_OF_CONFIDENCE: dict[str, Callable[[Floats, Floats], Floats]] = {
    "area": area_under_risk_coverage,
    "calibration_error": expected_calibration_error,
}
_SHARES = {f"expected@{share}": share / 100 for share in UNANSWERABLE_SHARES}
