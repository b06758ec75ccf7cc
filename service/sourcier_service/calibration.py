"""A calibration file <-> what it says: the ranker's weights, the evidence's, and how sure is sure enough.

One ships with the product and fits any collection; an organisation makes its own from its own questions with
`sourcier calibrate`. A file made for one index (model, chunks, analysis) is not used with another.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt

from sourcier_core.errors import InvalidCalibration
from sourcier_core.language import UNDETERMINED

FORMAT = 1
DEFAULT = Path(__file__).with_name("default_calibration.json")
MIN_PER_LANGUAGE = 150  # questions of a language for a threshold of its own
SURE = 0.95  # of the upper bound on the risk
MOST_LOOKED_AT = 100_000  # questions, beyond which none is said to show a risk

MOST_SHOWN = 60  # characters of a value that cannot be used

T = TypeVar("T")
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question that the weights were not fitted on."""

    confidence: float  # in [0, 1]
    wrong: bool  # it is unanswerable, or no citation stands on a gold page
    answerable: bool
    language: str


@dataclass(frozen=True, slots=True)
class Threshold:
    """From which confidence on an answer is given, and what that is known to risk."""

    confidence: float  # the least that is answered, in [0, 1]; above 1 where nothing may be
    answered: int  # of the questions at hand
    wrong: int  # of these
    bound: float  # on the risk, from above, with probability 0.95
    shown: bool  # whether the bound is at most the stated risk
    missing: (
        int | None
    )  # further questions that would show it, were they like these; 0 if shown, None if none would


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights and outcomes."""

    name: str  # of the question set, or "default"
    made_at: str  # ISO 8601
    fingerprint: str | None  # of the index it was made for; None for any
    ranking: Mapping[str, float]  # weight by name of a signal
    evidence: Mapping[str, float]  # weight by name of a feature, with "intercept"
    risk: float  # stated: share of the answers given that may be wrong, in (0, 1)
    outcomes: tuple[Outcome, ...]  # each by weights fitted without its question
    report: Mapping[str, Any] = field(default_factory=dict)  # before and after, for people
    fitted_on: Mapping[str, str] = field(default_factory=dict)  # sha256 of its questions by a set's name

    def fits(self, fingerprint: str) -> bool:
        """Tell whether it was made for the index of that fingerprint, or for any."""
        return self.fingerprint in (None, fingerprint)

    def thresholds(self, risk: float | None = None) -> dict[str, Threshold]:
        """Return the threshold of each language that has enough questions, and of "all" for the others.

        Args:
            risk: Stated by the operator; default the file's.
        """
        stated = self.risk if risk is None else risk
        by_language: dict[str, list[Outcome]] = {"all": list(self.outcomes)}
        for outcome in self.outcomes:
            by_language.setdefault(outcome.language, []).append(outcome)
        return {
            language: choose_threshold(outcomes, stated)
            for language, outcomes in by_language.items()
            if language == "all" or (language != UNDETERMINED and len(outcomes) >= MIN_PER_LANGUAGE)
        }

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all.

        Raises:
            OSError: It cannot be written.
        """
        values = asdict(self) | {"format": FORMAT}
        values["outcomes"] = [
            [round(o.confidence, 4), int(o.wrong), int(o.answerable), o.language] for o in self.outcomes
        ]
        part = path.with_name(path.name + ".part")
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(values, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        part.replace(path)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file.

        Raises:
            InvalidCalibration: It is missing or not a calibration of this format.
        """
        values = _object(path)
        if values.get("format") != FORMAT:
            raise InvalidCalibration(str(path), f"its format is {values.get('format')}, not {FORMAT}")

        def read(key: str, how: Callable[[Any], T], expected: str) -> T:
            return _value(path, values, key, how, expected)

        return cls(
            name=read("name", lambda name: name, "a text"),
            made_at=read("made_at", lambda time: time, "a text"),
            fingerprint=read("fingerprint", lambda index: index, "a text or null"),
            ranking=read("ranking", _weights, "an object of numbers"),
            evidence=read("evidence", _weights, "an object of numbers"),
            risk=read("risk", lambda risk: _within(risk, 1e-6, 1 - 1e-6), "a number between 0 and 1"),
            outcomes=read(
                "outcomes",
                lambda rows: tuple(_outcome(row) for row in rows),
                "a list of [confidence from 0 to 1, wrong 0 or 1, answerable 0 or 1, language]",
            ),
            report=values.get("report", {}),
            fitted_on=_value(
                path,
                {"fitted_on": {}} | values,
                "fitted_on",
                lambda sets: {str(name): str(sha) for name, sha in sets.items()},
                "an object of texts",
            ),
        )


def _object(path: Path) -> dict[str, Any]:
    """Read a JSON object; raises as `Calibration.read`."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidCalibration(str(path), f"it cannot be read ({error.strerror})") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        detail = f"it is not JSON from {where} on ({error.msg}); a file that `sourcier calibrate` wrote whole"
        raise InvalidCalibration(str(path), f"{detail} is expected") from error
    except (ValueError, RecursionError) as error:
        raise InvalidCalibration(str(path), "it is not text that can be read as JSON") from error
    if not isinstance(values, dict):
        raise InvalidCalibration(str(path), "it is JSON, but not the object that is expected")
    return values


def _value(path: Path, values: Mapping[str, Any], key: str, how: Callable[[Any], T], expected: str) -> T:
    """Read the value of a key; raises as `Calibration.read`, with what is expected there."""
    if key not in values:
        raise InvalidCalibration(str(path), f"the key {key!r} is missing ({expected} is expected)")
    try:
        return how(values[key])
    except _Unexpected as error:
        detail = f"under {key!r} stands {error.found}, and {expected} is expected"
        raise InvalidCalibration(str(path), detail) from error
    except (ValueError, TypeError, AttributeError) as error:
        detail = f"under {key!r} stands {_shown(values[key])}, and {expected} is expected"
        raise InvalidCalibration(str(path), detail) from error


class _Unexpected(ValueError):
    """One item of many is not what is expected."""

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.found = found


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


def _weights(values: Any) -> dict[str, float]:
    weights = {}
    for name, weight in values.items():
        try:
            weights[name] = _within(weight)
        except (ValueError, TypeError) as error:
            raise _Unexpected(f"{name!r}: {_shown(weight)}") from error
    return weights


def _outcome(row: Any) -> Outcome:
    try:
        confidence, wrong, answerable, language = row
        return Outcome(_within(confidence, 0, 1), bool(wrong), bool(answerable), str(language))
    except (ValueError, TypeError) as error:
        raise _Unexpected(_shown(row)) from error


def _within(value: Any, least: float = -1e9, most: float = 1e9) -> float:
    """Return a number of a file; JSON as Python reads it also has NaN and Infinity."""
    number = float(value)
    if not least <= number <= most:
        raise ValueError(f"{number} is not within {least:g} and {most:g}")
    return number


@lru_cache(maxsize=1)
def default_calibration() -> Calibration:
    """Return the calibration that ships with the product."""
    return Calibration.read(DEFAULT)


def choose_threshold(outcomes: Sequence[Outcome], risk: float) -> Threshold:
    """Find the lowest confidence at which the answers given are known to be wrong seldom enough.

    The bound is Clopper and Pearson's (1934), one-sided, at 0.95. Where no threshold can be shown to keep the
    risk, the lowest is taken at which the risk is expected to be kept: the mean of what was seen and of what
    the confidences say.

    Args:
        outcomes: Any number.
        risk: Stated, in (0, 1).
    """
    if not outcomes:
        return Threshold(1.01, 0, 0, 1.0, shown=False, missing=_enough(0, 0, 0, risk))
    confidence = np.array([o.confidence for o in outcomes])
    order = np.argsort(-confidence, kind="stable")
    confidence = confidence[order]
    wrong = np.cumsum([outcomes[i].wrong for i in order.tolist()])
    answered = np.arange(1, len(outcomes) + 1)
    cuts = np.flatnonzero(np.append(confidence[1:] != confidence[:-1], True))
    for cut in cuts[::-1].tolist():
        bound = upper_bound(int(wrong[cut]), cut + 1, at_most=risk)
        if bound <= risk:
            return Threshold(float(confidence[cut]), cut + 1, int(wrong[cut]), bound, shown=True, missing=0)
    expected = (wrong / answered + np.cumsum(1 - confidence) / answered) / 2
    kept = [cut for cut in cuts.tolist() if expected[cut] <= risk]
    if not kept:
        return Threshold(1.01, 0, 0, 1.0, shown=False, missing=None)
    cut = kept[-1]
    return Threshold(
        confidence=float(confidence[cut]),
        answered=cut + 1,
        wrong=int(wrong[cut]),
        bound=upper_bound(int(wrong[cut]), cut + 1),
        shown=False,
        missing=_enough(int(wrong[cut]), cut + 1, len(outcomes), risk),
    )


def upper_bound(wrong: int, answered: int, *, at_most: float | None = None) -> float:
    """Return the risk that is not exceeded with probability 0.95, having seen so many wrong answers.

    Args:
        wrong: Of the answers, at most `answered`.
        answered: How many answers; the bound of none is 1.
        at_most: Where only this matters, a bound above it is returned as 1 at once.
    """
    if answered == 0 or wrong == answered:
        return 1.0
    if at_most is not None and _seen_at_most(wrong, answered, at_most) > 1 - SURE:
        return 1.0
    low, high = wrong / answered, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        if _seen_at_most(wrong, answered, middle) > 1 - SURE:
            low = middle
        else:
            high = middle
    return high


def _seen_at_most(wrong: int, answered: int, risk: float) -> float:
    """Return the probability of at most so many wrong answers, were that the risk of each."""
    if not 0 < risk < 1:
        return float(risk <= 0)
    logs = [
        math.lgamma(answered + 1)
        - math.lgamma(k + 1)
        - math.lgamma(answered - k + 1)
        + k * math.log(risk)
        + (answered - k) * math.log1p(-risk)
        for k in range(wrong + 1)
    ]
    return min(1.0, math.fsum(map(math.exp, logs)))


def _enough(wrong: int, answered: int, asked: int, risk: float) -> int | None:
    """Return how many further questions like those at hand would show the risk; None if none would."""
    rate = wrong / answered if answered else 0.0
    share = answered / asked if asked else 1.0
    if rate >= risk:
        return None
    low, high = answered, answered + 1
    while upper_bound(round(rate * high), high, at_most=risk) > risk:
        low, high = high, 2 * high
        if high > MOST_LOOKED_AT:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        if upper_bound(round(rate * middle), middle, at_most=risk) <= risk:
            high = middle
        else:
            low = middle
    return math.ceil(high / share) - asked
