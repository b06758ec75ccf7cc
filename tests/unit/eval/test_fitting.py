"""Fits on data whose weights are known, and against scikit-learn where it is installed."""

from collections.abc import Callable

import numpy as np
import pytest

from sourcier_eval.fitting import Choice, Floats, Mask, fit_choices, fit_outcomes, scales

TRUE = np.array([3.0, -1.5, 0.0])
NONE = np.zeros(3)
STEP = 1e-5


def some_choices(count: int, *, seed: int = 1, gold: int = 1, weights: Floats = TRUE) -> list[Choice]:
    """Questions of eight pages each, whose gold pages are drawn as a conditional logit says."""
    draw = np.random.default_rng(seed)
    choices = []
    for _ in range(count):
        signals = draw.normal(size=(8, len(weights))) * [1.0, 2.0, 0.5][: len(weights)]
        odds = np.exp(signals @ weights)
        chosen = draw.choice(8, size=gold, replace=False, p=odds / odds.sum())
        choices.append(Choice(signals, np.isin(np.arange(8), chosen)))
    return choices


def some_outcomes(count: int, *, seed: int = 1) -> tuple[Floats, Mask]:
    """Evidence of three features, and whether it came true as a logistic regression says, intercept 1."""
    draw = np.random.default_rng(seed)
    evidence = draw.normal(size=(count, 3)) * [1.0, 2.0, 0.5]
    return evidence, draw.random(count) < 1 / (1 + np.exp(-(evidence @ TRUE + 1.0)))


def choices_objective(weights: Floats, choices: list[Choice], prior: Floats, pull: float) -> float:
    """What fit_choices climbs, written down once more."""
    off = (weights - prior) * scales([choice.signals for choice in choices])
    total = -0.5 * pull * float(off @ off)
    for choice in choices:
        odds = np.exp(choice.signals @ weights)
        total += choice.weight * float(np.log(odds[choice.gold].sum() / odds.sum()))
    return total


def outcomes_objective(
    weights: Floats, evidence: Floats, came_true: Mask, prior: Floats, pull: float
) -> float:
    """What fit_outcomes climbs, written down once more; the intercept is last and nearly free."""
    off = (weights - prior)[:-1] * evidence.std(axis=0)
    scores = evidence @ weights[:-1] + weights[-1]
    likely = 1 / (1 + np.exp(-scores))
    chosen = np.where(came_true, likely, 1 - likely)
    return float(np.log(chosen).sum() - 0.5 * pull * off @ off - 0.5e-6 * (weights - prior)[-1] ** 2)


def slopes(objective: Callable[[Floats], float], at: Floats, unit: Floats) -> Floats:
    """The slope of each standardised weight, by central differences."""
    steps = np.eye(len(at)) * STEP / unit
    return np.array([(objective(at + step) - objective(at - step)) / (2 * STEP) for step in steps])


# --- which page answers


def test_the_weights_that_made_the_choices_are_found() -> None:
    found = fit_choices(some_choices(4_000), prior=NONE, pull=1e-3)

    assert found == pytest.approx(TRUE, abs=0.25)
    assert abs(found[2]) < 0.25


@pytest.mark.parametrize("gold", [1, 3])
def test_at_the_fit_the_choices_objective_is_level(gold: int) -> None:
    choices, prior = some_choices(200, gold=gold), np.array([1.0, 0.0, -2.0])

    found = fit_choices(choices, prior=prior, pull=5.0)

    unit = scales([choice.signals for choice in choices])
    away = slopes(lambda w: choices_objective(w, choices, prior, 5.0), prior, unit)
    here = slopes(lambda w: choices_objective(w, choices, prior, 5.0), found, unit)
    assert np.abs(away).max() > 10  # a level objective says something
    assert np.abs(here).max() < 0.1


def test_two_pages_and_one_signal_by_hand() -> None:
    # The gold page is ahead by 1 in three of four questions: with no pull, P = 3/4, so exp(w) = 3.
    ahead, behind = (Choice(np.array([[x], [0.0]]), np.array([True, False])) for x in (1.0, -1.0))

    (found,) = fit_choices([ahead, ahead, ahead, behind], prior=np.zeros(1), pull=1e-9)

    assert found == pytest.approx(np.log(3), abs=1e-3)


def test_a_question_counts_as_much_as_its_weight() -> None:
    page_ahead, page_behind = np.array([[1.0], [0.0]]), np.array([[-1.0], [0.0]])
    gold = np.array([True, False])

    (found,) = fit_choices(
        [Choice(page_ahead, gold, 3.0), Choice(page_behind, gold)], prior=np.zeros(1), pull=1e-9
    )

    assert found == pytest.approx(np.log(3), abs=1e-3)


def test_any_of_several_gold_pages_will_do() -> None:
    signals = np.array([[2.0], [0.0], [1.0]])
    both = Choice(signals, np.array([True, True, False]))

    # P(gold) = (e^2w + 1) / (e^2w + 1 + e^w) is least at w = 0 and the same at w and -w: the prior decides.
    (up,) = fit_choices([both], prior=np.array([0.5]), pull=0.1)
    (down,) = fit_choices([both], prior=np.array([-0.5]), pull=0.1)

    assert up == pytest.approx(-down)
    assert up > 0.5


def test_few_questions_stay_near_the_prior_and_many_leave_it() -> None:
    prior = np.array([0.0, 1.0, 2.0])

    few = fit_choices(some_choices(3), prior=prior, pull=10.0)
    many = fit_choices(some_choices(2_000), prior=prior, pull=10.0)

    assert np.abs(few - prior).max() < 0.5
    assert many == pytest.approx(TRUE, abs=0.5)


def test_a_stronger_pull_stays_nearer() -> None:
    choices = some_choices(50)

    distances = [
        float(np.linalg.norm(fit_choices(choices, prior=NONE, pull=pull))) for pull in (0.1, 1.0, 10.0, 1e6)
    ]

    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 1e-3


def test_unsigned_weights_are_never_negative() -> None:
    choices = some_choices(400)

    signed = fit_choices(choices, prior=NONE, pull=1.0)
    unsigned = fit_choices(choices, prior=NONE, pull=1.0, signed=False)

    assert signed[1] < -1
    assert (unsigned >= 0).all()
    assert unsigned[1] == 0.0
    assert unsigned[0] > 0


def test_what_is_left_of_unsigned_weights_is_fitted_without_the_others() -> None:
    choices = some_choices(400)
    alone = [Choice(choice.signals[:, [0]], choice.gold) for choice in choices]

    unsigned = fit_choices(choices, prior=NONE, pull=1.0, signed=False)

    if unsigned[2] == 0.0:
        assert unsigned[0] == pytest.approx(fit_choices(alone, prior=np.zeros(1), pull=1.0)[0], rel=1e-3)
    else:
        with_third = [Choice(choice.signals[:, [0, 2]], choice.gold) for choice in choices]
        expected = fit_choices(with_third, prior=np.zeros(2), pull=1.0)
        assert unsigned[[0, 2]] == pytest.approx(expected, rel=1e-3)


def test_a_signal_that_never_varies_keeps_its_prior() -> None:
    choices = [Choice(np.column_stack([c.signals, np.ones(8)]), c.gold) for c in some_choices(50)]

    found = fit_choices(choices, prior=np.array([0.0, 0.0, 0.0, 0.7]), pull=1.0)

    assert found[3] == pytest.approx(0.7)


def test_the_unit_of_a_signal_does_not_matter() -> None:
    choices = some_choices(100)
    in_percent = [Choice(choice.signals * [100.0, 1.0, 1.0], choice.gold) for choice in choices]

    found, scaled = (fit_choices(c, prior=NONE, pull=2.0) for c in (choices, in_percent))

    assert scaled * [100.0, 1.0, 1.0] == pytest.approx(found, rel=1e-6)


def test_the_scale_of_a_signal_is_its_spread_within_a_question() -> None:
    # Variances 1 and 4, mean 2.5; the level of a question does not count. The second never varies.
    samples = [np.array([[9.0, 5.0], [11.0, 5.0]]), np.array([[-2.0, 6.0], [2.0, 6.0]])]

    assert scales(samples) == pytest.approx([np.sqrt(2.5), 1.0])


# --- whether it answers


def test_the_weights_that_made_the_outcomes_are_found() -> None:
    evidence, came_true = some_outcomes(20_000)

    found = fit_outcomes(evidence, came_true, prior=np.zeros(4), pull=1e-3)

    assert found == pytest.approx([*TRUE, 1.0], abs=0.2)


def test_at_the_fit_the_outcomes_objective_is_level() -> None:
    evidence, came_true = some_outcomes(300)
    prior = np.array([1.0, 0.0, -2.0, 5.0])

    found = fit_outcomes(evidence, came_true, prior=prior, pull=5.0)

    unit = np.append(evidence.std(axis=0), 1.0)
    away = slopes(lambda w: outcomes_objective(w, evidence, came_true, prior, 5.0), prior, unit)
    here = slopes(lambda w: outcomes_objective(w, evidence, came_true, prior, 5.0), found, unit)
    assert np.abs(away).max() > 10
    assert np.abs(here).max() < 0.05


@pytest.mark.parametrize("pull", [0.5, 5.0, 50.0])
def test_it_is_scikit_learns_logistic_regression(pull: float) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    evidence, came_true = some_outcomes(400)
    unit = evidence.std(axis=0)

    reference = linear_model.LogisticRegression(C=1 / pull, tol=1e-10, max_iter=10_000)
    reference.fit(evidence / unit, came_true)
    found = fit_outcomes(evidence, came_true, prior=np.zeros(4), pull=pull)

    assert found[:3] == pytest.approx(reference.coef_[0] / unit, abs=1e-3)
    assert found[3] == pytest.approx(reference.intercept_[0], abs=1e-3)


def test_samples_count_as_much_as_their_weights() -> None:
    evidence, came_true = some_outcomes(60)
    twice = np.where(np.arange(60) < 20, 2.0, 1.0)
    repeated = np.concatenate([np.arange(60), np.arange(20)])

    weighed = fit_outcomes(evidence, came_true, prior=np.zeros(4), pull=0.0, weights=twice)
    written_twice = fit_outcomes(evidence[repeated], came_true[repeated], prior=np.zeros(4), pull=0.0)

    assert weighed == pytest.approx(written_twice, abs=1e-2)


def test_few_outcomes_stay_near_the_prior_but_for_the_intercept() -> None:
    prior = np.array([2.0, 0.5, 1.0, -3.0])
    evidence = np.array([[0.1, 0.2, 0.3], [0.2, 0.1, 0.3], [0.15, 0.3, 0.1]])

    found = fit_outcomes(evidence, np.array([True, True, False]), prior=prior, pull=100.0)

    assert found[:3] == pytest.approx(prior[:3], abs=0.2)
    # The free intercept makes the mean probability the share that came true, 2/3.
    assert np.mean(1 / (1 + np.exp(-(evidence @ found[:3] + found[3])))) == pytest.approx(2 / 3, abs=1e-2)


def test_separable_outcomes_have_finite_weights() -> None:
    evidence = np.array([[0.0], [0.1], [0.9], [1.0]])

    found = fit_outcomes(evidence, np.array([False, False, True, True]), prior=np.zeros(2), pull=1.0)

    assert np.isfinite(found).all()
    assert found[0] > 0
