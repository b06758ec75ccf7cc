"""Questions with known outcome -> a calibration, and what it changed on questions that it had not seen.

Everything that is reported, and every outcome from which a threshold follows, comes from cross-fitting: the
questions are parted into folds, and each fold is answered with weights fitted on the others.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import numpy as np

from sourcier_core.errors import TooFewQuestions
from sourcier_core.language import UNDETERMINED
from sourcier_eval.fitting import (
    Choice,
    Floats,
    fit_choices,
    fit_outcomes,
    likelihood_of_choices,
    likelihood_of_outcomes,
)
from sourcier_eval.intervals import (
    Difference,
    Statistic,
    bootstrap_difference,
    bootstrap_statistic_difference,
)
from sourcier_eval.locations import page_level
from sourcier_eval.question_sets import Question
from sourcier_eval.retrieval_metrics import hit_at, reciprocal_rank
from sourcier_eval.samples import Attempt, Sample, attempt
from sourcier_eval.selective import area_under_risk_coverage, expected_calibration_error, expected_risk
from sourcier_service.calibration import Calibration, Outcome
from sourcier_service.evidence import FEATURES
from sourcier_service.ranking import Ranker
from sourcier_service.signals import PRIORS, SIGNALS

FOLDS = 5
MIN_GROUPS = 8  # with fewer documents, folds part questions: a fold would be half of the set
MIN_ANSWERABLE = 30  # whose gold page was found: some 25 weights are fitted, if only pulled a little
MIN_UNANSWERABLE = 8
PULLS = (
    3.0,
    10.0,
    30.0,
    100.0,
    300.0,
)  # towards the weights before: each fit takes what its own folds like best
MOST_OF_A_SET = 150  # outcomes in the shipped calibration
UNANSWERABLE_SHARES = (0.05, 0.2, 0.5)
# What to start from where nothing was ever fitted: both scores of a chunk, and a little of the page's second.
PLAIN: Mapping[str, float] = {"dense": 10.0, "sparse": 5.0, "dense_second": 2.0}
PLAIN_EVIDENCE: Mapping[str, float] = {"intercept": -3.0, "unit": 3.0, "coverage": 2.0, "undecided": -0.5}
# In the shipped weights a page in the other language is never held against itself, for it may be the only
# one; and no question that names a document is embedded a second time: where that signal was fitted, it
# weighed next to nothing.
NEVER_SHIPPED = frozenset({"language", "dense_core"})


@dataclass(frozen=True, slots=True)
class Change:
    """A metric on held-out questions, with the weights before and after."""

    name: str  # as in `metric_names`; "answer.right": a citation stands on a gold page, answered or not
    before: float
    after: float
    difference: Difference


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A calibration and what it is worth."""

    calibration: Calibration
    changes: tuple[Change, ...]
    warnings: tuple[str, ...]


def calibrate(
    sets: Mapping[str, Sequence[Sample]],
    *,
    before: Calibration,
    fingerprint: str | None,
    risk: float,
    name: str,
    shipped: bool = False,
    fitted_on: Mapping[str, str] | None = None,
) -> Calibrated:
    """Fit the ranker and the evidence's weights.

    Args:
        sets: The samples of each set. Several sets: each is answered by weights of the others.
        before: Whose weights are pulled towards, and compared with.
        fingerprint: Of the index that it is for; None for any.
        risk: Stated: share of the answers given that may be wrong, in (0, 1).
        name: Of the calibration.
        shipped: For every collection: without priors and without negative weights.
        fitted_on: sha256 of the questions by a set's name, to be kept with the weights.

    Raises:
        TooFewQuestions: Fewer than 30 answerable questions whose gold page was found.
    """
    samples = [sample for of_set in sets.values() for sample in of_set]
    _require_enough(name, samples)
    folds = _by_set(sets) if len(sets) > 1 else assign_folds(samples)
    fit = _Fit(before, shipped, sets)
    attempts: list[Attempt | None] = [None] * len(samples)
    plain: list[Attempt] = [attempt(sample, Ranker(before.ranking)) for sample in samples]
    pulls: list[float] = []
    for fold in range(max(folds) + 1):
        others = [s for s, f in zip(samples, folds, strict=True) if f != fold]
        pulls.append(fit.pull(others))
        ranker = Ranker(fit.ranking(others, pulls[fold]))
        for position in np.flatnonzero(np.array(folds) == fold).tolist():
            attempts[position] = attempt(samples[position], ranker)
    done = [a for a in attempts if a is not None]
    confidence = (
        _cross_fitted(samples, done, folds, fit)
        if shipped  # of seven sets, each is a small part of what the others' rankers saw
        else _cross_fitted_anew(samples, done, folds, fit, pulls)
    )
    kept = _evenly(sets) if shipped else range(len(samples))
    outcomes = tuple(
        Outcome(
            confidence=float(confidence[n]),
            wrong=not done[n].right,
            answerable=question.answerable,
            # The shipped sets differ in much more than their language.
            language=UNDETERMINED if shipped else question.lang,
        )
        for n in kept
        for question in [samples[n].question]
        if question.gold or not question.answerable
    )
    was = [a.evidence.probability(before.evidence) if a.evidence else 0.0 for a in plain]
    changes = _changes(samples, plain, done, np.array(was), confidence)
    calibration = Calibration(
        name=name,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        fingerprint=fingerprint,
        ranking=_rounded(fit.ranking(samples, fit.pull(samples))),
        evidence=_rounded(fit.evidence(samples, done)),
        risk=risk,
        outcomes=outcomes,
        report=_report(sets, changes, outcomes),
        fitted_on=fitted_on or {},
    )
    warnings = [*_seen_before(before, calibration), *_warnings(samples, calibration)]
    return Calibrated(calibration, changes, tuple(warnings))


def _seen_before(before: Calibration, made: Calibration) -> list[str]:
    """Say for which sets the weights before are no fair comparison: they were fitted on these questions."""
    known = set(before.fitted_on.values())
    seen = sorted(name for name, sha in made.fitted_on.items() if sha in known)
    if not seen:
        return []
    return [
        f"the weights before were fitted on {', '.join(seen)} too: what stands under 'before' is optimistic"
    ]


def expected_risks(outcomes: Sequence[Outcome], threshold: float) -> dict[float, float | None]:
    """Return the share of answers that would be wrong at each share of unanswerable questions.

    None where one sort of question is missing.
    """
    answered = np.array([o.confidence >= threshold for o in outcomes], dtype=float)
    wrong = answered * np.array([o.wrong for o in outcomes], dtype=float)
    answerable = np.array([o.answerable for o in outcomes], dtype=float)
    risks = {share: float(expected_risk(answered, wrong, answerable, share)) for share in UNANSWERABLE_SHARES}
    return {share: None if np.isnan(risk) else risk for share, risk in risks.items()}


class _Fit:
    """Fits weights on samples, pulled towards those before."""

    def __init__(self, before: Calibration, shipped: bool, sets: Mapping[str, Sequence[Sample]]) -> None:
        self._before = before
        self._shipped = shipped
        self._shares = {id(s): _share(of_set) for of_set in sets.values() for s in of_set}
        self._set_of = {id(s): number for number, of_set in enumerate(sets.values()) for s in of_set}
        names = (*SIGNALS, *PRIORS)
        wanted = [name for name in SIGNALS if name not in NEVER_SHIPPED] if shipped else names
        self._names = tuple(wanted)
        self._columns = [names.index(name) for name in wanted]

    def pull(self, samples: Sequence[Sample]) -> float:
        """Choose how strongly the ranker's weights are pulled: as suits questions left out."""
        usable = [sample for sample in samples if sample.choice is not None]
        if not usable:
            return max(PULLS)
        choices = [self._choice(sample) for sample in usable]
        prior = self._prior()
        folds = self._inner_folds(usable)

        def left_out(pull: float) -> float:
            total = 0.0
            for inner, outer in _parted(folds):
                weights = self._fit_choices([choices[n] for n in inner], prior, pull)
                total += likelihood_of_choices([choices[n] for n in outer], weights)
            return total

        return max(PULLS, key=left_out)

    def ranking(self, samples: Sequence[Sample], pull: float) -> dict[str, float]:
        """Fit the ranker's weights."""
        choices = [self._choice(sample) for sample in samples if sample.choice is not None]
        prior = self._prior()
        weights = self._fit_choices(choices, prior, pull) if choices else prior
        return dict(zip(self._names, weights.tolist(), strict=True))

    def evidence(self, samples: Sequence[Sample], attempts: Sequence[Attempt]) -> dict[str, float]:
        """Fit the evidence's weights, pulled as strongly as suits questions left out.

        Args:
            samples: Any number.
            attempts: One for each of them.
        """
        told = [(s, a) for s, a in zip(samples, attempts, strict=True) if a.evidence is not None]
        right = np.array([a.right for _, a in told], dtype=bool)
        if right.all() or not right.any():
            return dict(self._before.evidence)
        columns = _matrix([a for _, a in told])
        shares = np.array([self._shares[id(s)] for s, _ in told])
        prior = np.array([self._before.evidence.get(name, 0.0) for name in (*FEATURES, "intercept")])
        folds = self._inner_folds([s for s, _ in told])

        def left_out(pull: float) -> float:
            total = 0.0
            for inner, outer in _parted(folds):
                if not right[inner].all() and right[inner].any():
                    weights = fit_outcomes(
                        columns[inner], right[inner], prior=prior, pull=pull, weights=shares[inner]
                    )
                    total += likelihood_of_outcomes(
                        columns[outer], right[outer], weights, counts=shares[outer]
                    )
            return total

        weights = fit_outcomes(columns, right, prior=prior, pull=max(PULLS, key=left_out), weights=shares)
        return dict(zip((*FEATURES, "intercept"), weights.tolist(), strict=True))

    def _inner_folds(self, samples: Sequence[Sample]) -> list[int]:
        """Part samples as what the weights are for differs from them: by set, where there are several."""
        of_sets = [self._set_of[id(sample)] for sample in samples]
        return of_sets if len(set(of_sets)) > 1 else assign_folds(samples)

    def _prior(self) -> Floats:
        return np.array([self._before.ranking.get(name, 0.0) for name in self._names])

    def _choice(self, sample: Sample) -> Choice:
        choice = sample.choice
        assert choice is not None
        return Choice(choice.signals[:, self._columns], choice.gold, self._shares[id(sample)])

    def _fit_choices(self, choices: Sequence[Choice], prior: Floats, pull: float) -> Floats:
        return fit_choices(choices, prior=prior, pull=pull, signed=not self._shipped)


def _parted(folds: Sequence[int]) -> Iterator[tuple[list[int], list[int]]]:
    """Yield, for each fold, the positions outside and inside it."""
    for fold in sorted(set(folds)):
        inside = [n for n, own in enumerate(folds) if own == fold]
        outside = [n for n, own in enumerate(folds) if own != fold]
        if outside:
            yield outside, inside


def require_answerable(name: str, questions: Sequence[Question]) -> None:
    """Refuse questions that are too few whatever a search finds, before any document is read.

    Raises:
        TooFewQuestions: Fewer than MIN_ANSWERABLE are answerable and have evidence.
    """
    count = sum(question.answerable and bool(question.gold) for question in questions)
    if count < MIN_ANSWERABLE:
        detail = (
            f"answerable questions with evidence: {count}; needed at least: {MIN_ANSWERABLE}, so "
            f"{MIN_ANSWERABLE - count} more"
        )
        raise TooFewQuestions(repr(name), detail)


def _require_enough(name: str, samples: Sequence[Sample]) -> None:
    usable = sum(sample.choice is not None for sample in samples)
    if usable < MIN_ANSWERABLE:
        answerable = sum(sample.question.answerable for sample in samples)
        detail = (
            f"the page of {usable} of its {answerable} answerable questions was found by a search; "
            f"{MIN_ANSWERABLE} such questions are needed at least, so {MIN_ANSWERABLE - usable} more"
        )
        raise TooFewQuestions(repr(name), detail)


def _warnings(samples: Sequence[Sample], calibration: Calibration) -> list[str]:
    warnings = []
    unanswerable = sum(not sample.question.answerable for sample in samples)
    if unanswerable < MIN_UNANSWERABLE:
        warnings.append(
            f"only {unanswerable} of the questions are unanswerable: whether it knows when to be silent was "
            f"hardly measured; add at least {MIN_UNANSWERABLE}, better a fifth of the set"
        )
    for language, threshold in calibration.thresholds().items():
        if threshold.shown:
            continue
        more = (
            "more questions like these would not show it"
            if threshold.missing is None
            else f"about {threshold.missing} more questions like these would"
        )
        warnings.append(
            f"a risk of at most {calibration.risk:.0%} is not shown ({language}): {threshold.wrong} of "
            f"{threshold.answered} answers wrong leave up to {threshold.bound:.1%} possible; {more}"
        )
    return warnings


def _share(samples: Sequence[Sample]) -> float:
    """Weigh questions so that no set counts for more than a hundred of them."""
    return min(1.0, 100 / max(1, len(samples)))


def _evenly(sets: Mapping[str, Sequence[Sample]]) -> list[int]:
    """Return the positions of at most so many questions of each set that none outweighs the others."""
    kept: list[int] = []
    start = 0
    for of_set in sets.values():
        order = sorted(range(len(of_set)), key=lambda n: sha256(of_set[n].question.id.encode()).hexdigest())
        kept += sorted(start + n for n in order[:MOST_OF_A_SET])
        start += len(of_set)
    return kept


def _by_set(sets: Mapping[str, Sequence[Sample]]) -> list[int]:
    return [number for number, of_set in enumerate(sets.values()) for _ in of_set]


def assign_folds(samples: Sequence[Sample]) -> list[int]:
    """Part samples into folds of like size, the same on any machine.

    Questions of one group (a company, a document) stay together where there are enough groups.
    """
    groups = {sample.group for sample in samples if sample.question.answerable}
    whole = len(groups) >= MIN_GROUPS
    keys = [s.group if whole else s.question.id for s in samples]
    sizes = [0] * FOLDS
    fold_of: dict[str, int] = {}
    members = Counter(keys)
    for key in sorted(members, key=lambda key: (-members[key], sha256(key.encode()).hexdigest())):
        fold_of[key] = sizes.index(min(sizes))
        sizes[fold_of[key]] += members[key]
    return [fold_of[key] for key in keys]


def _cross_fitted(
    samples: Sequence[Sample], attempts: Sequence[Attempt], folds: Sequence[int], fit: _Fit
) -> Floats:
    """Return how sure each attempt is, by weights fitted on the attempts of the other folds."""
    confidence = np.zeros(len(attempts))
    for fold, (others, _) in enumerate(_parted(folds)):
        weights = fit.evidence([samples[n] for n in others], [attempts[n] for n in others])
        _measure(confidence, attempts, folds, fold, weights)
    return confidence


def _cross_fitted_anew(
    samples: Sequence[Sample],
    attempts: Sequence[Attempt],
    folds: Sequence[int],
    fit: _Fit,
    pulls: Sequence[float],
) -> Floats:
    """Return how sure each attempt is, by weights in which its own fold had no part at all.

    The attempts that these are fitted on are made anew, with rankers that saw neither that fold nor their
    own: else its labels would reach its confidence by way of the other folds' rankers.
    """
    confidence = np.zeros(len(attempts))
    rankers: dict[frozenset[int], Ranker] = {}
    for fold in sorted(set(folds)):
        tried: list[tuple[Sample, Attempt]] = []
        for sample, own in zip(samples, folds, strict=True):
            unseen = frozenset((fold, own))
            if own != fold:
                if unseen not in rankers:
                    seen = [s for s, f in zip(samples, folds, strict=True) if f not in unseen]
                    rankers[unseen] = Ranker(fit.ranking(seen, pulls[fold]))
                tried.append((sample, attempt(sample, rankers[unseen])))
        weights = fit.evidence([sample for sample, _ in tried], [one for _, one in tried])
        _measure(confidence, attempts, folds, fold, weights)
    return confidence


def _measure(
    confidence: Floats,
    attempts: Sequence[Attempt],
    folds: Sequence[int],
    fold: int,
    weights: Mapping[str, float],
) -> None:
    for position, (one, own) in enumerate(zip(attempts, folds, strict=True)):
        if own == fold and one.evidence is not None:
            confidence[position] = one.evidence.probability(weights)


def _matrix(attempts: Sequence[Attempt]) -> Floats:
    rows = [[a.evidence.values[name] for name in FEATURES] for a in attempts if a.evidence is not None]
    return np.array(rows, dtype=float).reshape(-1, len(FEATURES))


def _changes(
    samples: Sequence[Sample],
    before: Sequence[Attempt],
    after: Sequence[Attempt],
    was: Floats,
    confidence: Floats,
) -> tuple[Change, ...]:
    wanted = [n for n, s in enumerate(samples) if s.question.answerable and s.question.gold]
    changes = []
    for name, measure in _MEASURES.items():
        one, other = ([measure(samples[n], tried[n]) for n in wanted] for tried in (before, after))
        difference = bootstrap_difference(one, other)
        changes.append(Change(name, float(np.mean(one)), float(np.mean(other)), difference))
    judged = [n for n, s in enumerate(samples) if s.question.gold or not s.question.answerable]
    areas = [
        _area(sure[judged], np.array([not tried[n].right for n in judged], dtype=float))
        for sure, tried in ((was, before), (confidence, after))
    ]
    everything = np.arange(len(judged))[None, :]
    risk = bootstrap_statistic_difference(areas[0], areas[1], len(judged))
    if risk is not None:
        values = [float(area(everything)[0]) for area in areas]
        changes.append(Change("risk.area", values[0], values[1], risk))
    return tuple(changes)


def _area(sure: Floats, wrong: Floats) -> Statistic:
    return lambda draws: area_under_risk_coverage(sure[draws], wrong[draws])


def _hit(limit: int) -> Callable[[Sample, Attempt], float]:
    return lambda sample, tried: hit_at(*page_level(tried.ranked, sample.question.gold), limit)


def _reciprocal_rank(sample: Sample, tried: Attempt) -> float:
    return reciprocal_rank(*page_level(tried.ranked, sample.question.gold))


def _right(_: Sample, tried: Attempt) -> float:
    return float(tried.right)


_MEASURES: dict[str, Callable[[Sample, Attempt], float]] = {
    "page.hit@1": _hit(1),
    "page.hit@5": _hit(5),
    "page.hit@10": _hit(10),
    "page.mrr": _reciprocal_rank,
    "answer.right": _right,
}


def _report(
    sets: Mapping[str, Sequence[Sample]], changes: Sequence[Change], outcomes: Sequence[Outcome]
) -> dict[str, Any]:
    confidence = np.array([o.confidence for o in outcomes])
    wrong = np.array([o.wrong for o in outcomes], dtype=float)
    return {
        "questions": {name: len(of_set) for name, of_set in sets.items()},
        "unanswerable": sum(not o.answerable for o in outcomes),
        "held_out": {
            change.name: {
                "before": round(change.before, 4),
                "after": round(change.after, 4),
                "difference_95": [round(change.difference.low, 4), round(change.difference.high, 4)],
            }
            for change in changes
        },
        "area_under_risk_coverage": round(float(area_under_risk_coverage(confidence, wrong)), 4),
        "expected_calibration_error": round(float(expected_calibration_error(confidence, wrong)), 4),
    }


def _rounded(weights: Mapping[str, float]) -> dict[str, float]:
    return {name: round(weight, 4) for name, weight in weights.items() if abs(weight) > 1e-6}
