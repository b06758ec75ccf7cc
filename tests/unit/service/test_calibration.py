import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcier_core.errors import InvalidCalibration
from sourcier_service.calibration import (
    MIN_PER_LANGUAGE,
    Calibration,
    Outcome,
    choose_threshold,
    default_calibration,
    upper_bound,
)


def outcomes(*groups: tuple[int, float, bool], language: str = "en") -> list[Outcome]:
    """So many outcomes of a confidence, all wrong or all right."""
    return [
        Outcome(confidence, wrong, answerable=not wrong, language=language)
        for count, confidence, wrong in groups
        for _ in range(count)
    ]


def a_calibration(*groups: tuple[int, float, bool], language: str = "en", risk: float = 0.05) -> Calibration:
    return Calibration(
        name="ours",
        made_at="2026-03-01T12:30:00+00:00",
        fingerprint="hash-64",
        ranking={"dense": 10.5, "sparse": -2.0},
        evidence={"intercept": -5.9, "unit": 2.9},
        risk=risk,
        outcomes=tuple(outcomes(*groups, language=language)),
        report={"questions": {"ours": 2}},
    )


# --- the file


def test_a_calibration_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = a_calibration((1, 0.75, False), (2, 0.5, True), language="fr")
    path = tmp_path / "made" / "calibration.json"

    written.write(path)

    assert Calibration.read(path) == written
    assert [found.name for found in path.parent.iterdir()] == ["calibration.json"]


def test_writing_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    a_calibration((1, 0.75, False)).write(path)

    a_calibration((1, 0.25, True)).write(path)

    assert Calibration.read(path) == a_calibration((1, 0.25, True))


def test_confidences_are_kept_to_four_decimals(tmp_path: Path) -> None:
    a_calibration((1, 0.123456, False)).write(tmp_path / "calibration.json")

    assert Calibration.read(tmp_path / "calibration.json").outcomes[0].confidence == 0.1235


def without(key: str) -> Callable[[dict[str, Any]], object]:
    return lambda values: {k: v for k, v in values.items() if k != key}


def having(**changes: object) -> Callable[[dict[str, Any]], object]:
    return lambda values: values | changes


BROKEN: dict[str, Callable[[dict[str, Any]], object]] = {
    **{f"without {key}": without(key) for key in ("format", "name", "made_at", "fingerprint", "risk")},
    **{f"without {key}": without(key) for key in ("ranking", "evidence", "outcomes")},
    "another format": having(format=2),
    "a list": lambda values: [values],
    "null": lambda _: None,
    "weights in a list": having(ranking=[1.0]),
    "a weight that is no number": having(evidence={"unit": "much"}),
    "a weight without end": having(ranking={"dense": float("inf")}),
    "a weight that is not a number": having(evidence={"unit": float("nan")}),
    "no risk": having(risk=None),
    "a risk of nothing": having(risk=0.0),
    "a risk of all": having(risk=1.0),
    "an outcome too short": having(outcomes=[[0.5, 0, 1]]),
    "an outcome too long": having(outcomes=[[0.5, 0, 1, "en", 1]]),
    "a confidence that is none": having(outcomes=[[1.5, 0, 1, "en"]]),
    "a confidence that is not a number": having(outcomes=[[float("nan"), 0, 1, "en"]]),
    "a number for outcomes": having(outcomes=3),
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_is_refused_by_its_path(
    tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    path = tmp_path / "calibration.json"
    a_calibration((1, 0.75, False)).write(path)
    path.write_text(json.dumps(change(json.loads(path.read_text(encoding="utf-8")))), encoding="utf-8")

    with pytest.raises(InvalidCalibration) as caught:
        Calibration.read(path)

    assert repr(str(path)) in str(caught.value)
    assert "sourcier calibrate" in str(caught.value)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (lambda text: text[:20], r"not JSON from line \d+, column \d+ on"),
        (
            lambda text: text.replace("0.75", "7.5"),
            r"under 'outcomes' stands \[7.5, .*confidence from 0 to 1",
        ),
        (lambda text: text.replace('"risk"', '"risks"'), "the key 'risk' is missing"),
    ],
)
def test_a_broken_file_says_where_and_what_was_expected(
    tmp_path: Path, broken: Callable[[str], str], told: str
) -> None:
    path = tmp_path / "calibration.json"
    a_calibration((1, 0.75, False)).write(path)
    path.write_text(broken(path.read_text(encoding="utf-8")), encoding="utf-8")

    with pytest.raises(InvalidCalibration, match=told):
        Calibration.read(path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b"3", b"null", b"[" * 100_000])
def test_what_is_no_json_object_is_refused_by_its_path(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "calibration.json"
    path.write_bytes(content)

    with pytest.raises(InvalidCalibration) as caught:
        Calibration.read(path)

    assert repr(str(path)) in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused_by_their_path(tmp_path: Path) -> None:
    with pytest.raises(InvalidCalibration, match="cannot be read") as missing:
        Calibration.read(tmp_path / "missing.json")
    with pytest.raises(InvalidCalibration, match="cannot be read"):
        Calibration.read(tmp_path)

    assert "missing.json" in str(missing.value)


def test_the_packaged_calibration_fits_any_index() -> None:
    packaged = default_calibration()

    assert packaged.fingerprint is None
    assert packaged.name == "default"
    assert packaged.outcomes
    assert default_calibration() is packaged


# --- the bound on the risk


@pytest.mark.parametrize(
    ("wrong", "answered", "bound"),
    [
        (0, 59, 0.0495),  # 1 - 0.05^(1/59)
        (0, 1, 0.95),
        (1, 10, 0.3942),
        (5, 200, 0.0518),
        (10, 100, 0.1637),
        (50, 1000, 0.0629),
        (7, 7, 1.0),
        (0, 0, 1.0),
    ],
)
def test_the_bound_is_clopper_and_pearsons(wrong: int, answered: int, bound: float) -> None:
    assert upper_bound(wrong, answered) == pytest.approx(bound, abs=5e-5)


def test_the_bound_is_the_beta_distributions_quantile() -> None:
    beta = pytest.importorskip("scipy.stats").beta

    for wrong, answered in [(0, 20), (3, 20), (19, 20), (40, 400), (1, 5_000)]:
        expected = beta.ppf(0.95, wrong + 1, answered - wrong)
        assert upper_bound(wrong, answered) == pytest.approx(expected, abs=1e-9)


@given(st.integers(0, 60), st.integers(1, 60), st.floats(0.01, 0.99))
def test_a_bound_above_what_matters_is_one(wrong: int, right: int, risk: float) -> None:
    bound = upper_bound(wrong, wrong + right)

    short = upper_bound(wrong, wrong + right, at_most=risk)

    assert short == (pytest.approx(bound) if bound <= risk else 1.0) or bound == pytest.approx(risk)


# --- the threshold


def test_the_lowest_confidence_that_keeps_the_risk_is_chosen() -> None:
    found = choose_threshold(outcomes((60, 0.9, False), (40, 0.6, False), (20, 0.3, True)), 0.05)

    # 0 of 100 leaves at most 1 - 0.05^(1/100) = 0.0295; with the 20 wrong ones the risk is at least 1/6.
    assert (found.confidence, found.answered, found.wrong) == (0.6, 100, 0)
    assert found.bound == pytest.approx(0.0295, abs=5e-5)
    assert (found.shown, found.missing) == (True, 0)


def test_a_mistake_within_the_risk_is_borne() -> None:
    found = choose_threshold(outcomes((199, 0.9, False), (1, 0.8, True), (100, 0.7, False)), 0.05)

    assert (found.confidence, found.answered, found.wrong, found.shown) == (0.7, 300, 1, True)


def test_a_larger_risk_answers_more() -> None:
    known = outcomes((100, 0.9, False), (20, 0.5, True), (80, 0.4, False), (100, 0.1, True))

    strict, lax = choose_threshold(known, 0.05), choose_threshold(known, 0.2)

    assert (strict.confidence, strict.answered) == (0.9, 100)
    assert (lax.confidence, lax.answered, lax.wrong) == (0.4, 200, 20)


def test_equal_confidences_are_answered_all_or_none() -> None:
    known = outcomes((50, 0.9, False), (50, 0.5, False), (50, 0.5, True))

    found = choose_threshold(known, 0.06)

    # 0 of 50 leaves at most 1 - 0.05^(1/50) = 0.0582; 50 of 150 is far above.
    assert (found.confidence, found.answered, found.shown) == (0.9, 50, True)


def test_a_risk_that_is_not_shown_says_how_many_questions_would_show_it() -> None:
    found = choose_threshold(outcomes((30, 0.99, False), (10, 0.2, True)), 0.05)

    # 0 of 30 leaves up to 1 - 0.05^(1/30) = 0.095; 59 answers are needed, which 40 * 59 / 30 = 78.7 questions
    # like these give: 79 - 40 = 39 more.
    assert (found.confidence, found.answered, found.wrong, found.shown) == (0.99, 30, 0, False)
    assert found.bound == pytest.approx(0.0950, abs=5e-5)
    assert found.missing == 39


@pytest.mark.parametrize("risk", [0.02, 0.05, 0.1, 0.3])
@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_as_many_questions_as_are_missing_do_show_it(wrong: int, risk: float) -> None:
    known = outcomes((60, 0.995, False), (wrong, 0.995, True), (20, 0.1, True))
    found = choose_threshold(known, risk)
    if found.missing is None:  # then more than the risk was wrong
        assert wrong / 60 > risk / 2
        return

    times = (len(known) + found.missing) / len(known)
    answered = int(found.answered * times + 1e-9)
    mistakes = round(found.wrong / found.answered * answered)

    assert upper_bound(mistakes, answered) <= risk
    assert found.shown == (found.missing == 0)


def test_more_questions_do_not_show_what_is_not_so() -> None:
    found = choose_threshold(outcomes((18, 0.99, False), (2, 0.99, True)), 0.07)

    # A tenth is wrong; the confidence says a hundredth: their mean is 0.055.
    assert (found.confidence, found.shown, found.missing) == (0.99, False, None)


def test_where_no_confidence_is_expected_to_keep_the_risk_nothing_is_answered() -> None:
    found = choose_threshold(outcomes((30, 0.8, True), (30, 0.4, False)), 0.05)

    assert found.confidence > 1
    assert (found.answered, found.wrong, found.bound, found.shown, found.missing) == (0, 0, 1.0, False, None)


def test_without_outcomes_nothing_is_answered_and_all_questions_are_missing() -> None:
    found = choose_threshold([], 0.05)

    assert found.confidence > 1
    assert (found.shown, found.missing) == (False, 59)  # 0.95^58 = 0.051, 0.95^59 = 0.0485


# --- languages


def test_a_language_with_enough_questions_has_a_threshold_of_its_own() -> None:
    french = outcomes((MIN_PER_LANGUAGE, 0.8, False), language="fr")
    english = outcomes((MIN_PER_LANGUAGE - 1, 0.4, True), language="en")

    found = Calibration("x", "", None, {}, {}, 0.05, (*french, *english)).thresholds()

    assert set(found) == {"all", "fr"}
    assert found["fr"].answered == MIN_PER_LANGUAGE
    assert (found["all"].answered, found["all"].confidence) == (MIN_PER_LANGUAGE, 0.8)


def test_few_questions_of_each_language_are_pooled() -> None:
    known = (*outcomes((100, 0.8, False), language="fr"), *outcomes((100, 0.6, False), language="en"))

    found = Calibration("x", "", None, {}, {}, 0.05, known).thresholds()

    assert set(found) == {"all"}
    assert found["all"].answered == 200


def test_the_operators_risk_wins_over_the_files() -> None:
    calibration = a_calibration((100, 0.9, False), (20, 0.5, True), risk=0.05)

    assert calibration.thresholds()["all"].answered == 100
    assert calibration.thresholds(0.3)["all"].answered == 120
