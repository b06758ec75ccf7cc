"""Calibration on a made-up handbook of few words, whose questions are answered by a model of words alone."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from library import BY_MEANING, Library, open_library

from sourcier_core.errors import TooFewQuestions
from sourcier_eval.calibrating import (
    MIN_ANSWERABLE,
    MIN_UNANSWERABLE,
    NEVER_SHIPPED,
    Calibrated,
    calibrate,
    expected_risks,
)
from sourcier_eval.question_sets import Evidence, Question, QuestionSet
from sourcier_eval.samples import Sample, collect
from sourcier_eval.set_homes import OpenSet
from sourcier_service.calibration import Calibration, Outcome
from sourcier_service.evidence import FEATURES
from sourcier_service.signals import PRIORS, SIGNALS
from sourcier_service.wiring import Services

THINGS = ("pump", "valve", "boiler", "filter", "gasket")
PLACES = ("lyon", "paris", "lille", "brest", "nice", "metz", "dijon", "tours", "nantes", "rouen")
CHANGED = 7  # position of the question whose outcome is turned
BEFORE = Calibration(
    "before", "", None, BY_MEANING, {"intercept": -4.0, "unit": 4.0, "coverage": 3.0}, 0.1, ()
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with open_library(tmp_path_factory.mktemp("calibrating") / "home") as opened:
        for number, place in enumerate(PLACES):
            opened.add(f"{place}.pdf", *(_page(thing, place, number) for thing in THINGS), title=place)
        yield opened


@pytest.fixture(scope="module")
def services(library: Library) -> Iterator[Services]:
    with library.services(BEFORE) as opened:
        yield opened


@pytest.fixture(scope="module")
def samples(services: Services) -> list[Sample]:
    return _collect(services, _questions())


@pytest.fixture(scope="module")
def calibrated(samples: list[Sample]) -> Calibrated:
    return _calibrate(samples)


@pytest.fixture(scope="module")
def calibrated_anew(samples: list[Sample]) -> Calibrated:
    """Calibrated where nothing answers one of the questions any more."""
    return _calibrate([*samples[:CHANGED], _unanswerable(samples[CHANGED]), *samples[CHANGED + 1 :]])


# --- what is learned from


def test_each_question_has_the_pages_found_and_knows_which_are_gold(samples: list[Sample]) -> None:
    first, last = samples[0], samples[-1]

    assert first.choice is not None
    assert [b.chunk.page for b, gold in zip(first.found.signals.best, first.gold, strict=True) if gold] == [1]
    assert first.group == "lyon.pdf"
    assert last.choice is None  # it is unanswerable
    assert not last.gold.any()


def test_a_question_that_cannot_be_asked_is_left_out(services: Services) -> None:
    too_long = replace(_questions()[0], id="long", text="pump " * 1_000)

    assert [s.question.id for s in _collect(services, [too_long, _questions()[0]])] == [_questions()[0].id]


def test_questions_of_one_company_are_one_group(services: Services) -> None:
    question = replace(_questions()[0], meta={"company": "Northwind"})

    assert _collect(services, [question])[0].group == "Northwind"


def test_of_a_whole_document_those_pages_are_gold_that_hold_a_figure_of_the_answer(
    services: Services,
) -> None:
    whole = (Evidence("lyon.pdf", None, ""),)
    figure = replace(_questions()[0], evidence=whole, answer="It weighs 1,002 kilos")  # see _page: the third
    nothing = replace(_questions()[0], evidence=whole, answer="It is heavy")

    with_figure, without = _collect(services, [figure, nothing])

    assert _gold_pages(with_figure) == {("lyon.pdf", 3)}
    assert _gold_pages(without) == {("lyon.pdf", page) for page in range(1, 6)}


# --- what is fitted


def test_a_calibration_has_weights_of_known_names_and_an_outcome_of_each_question(
    samples: list[Sample], calibrated: Calibrated
) -> None:
    made = calibrated.calibration

    assert set(made.ranking) <= {*SIGNALS, *PRIORS}
    assert set(made.evidence) <= {*FEATURES, "intercept"}
    assert (made.name, made.fingerprint, made.risk) == ("golden", "hash-64", 0.1)
    assert [(o.language, o.answerable) for o in made.outcomes] == [
        (sample.question.lang, sample.question.answerable) for sample in samples
    ]
    assert all(outcome.wrong for outcome in made.outcomes if not outcome.answerable)
    assert {0.0} != {outcome.confidence for outcome in made.outcomes}
    assert made.report["questions"] == {"golden": len(samples)}


def test_what_it_changes_on_held_out_questions_is_told(calibrated: Calibrated) -> None:
    changes = {change.name: change for change in calibrated.changes}

    assert {"page.hit@1", "page.hit@5", "page.hit@10", "page.mrr", "answer.right"} <= set(changes)
    for change in changes.values():
        assert change.difference.mean == pytest.approx(change.after - change.before)
        assert change.difference.low <= change.difference.mean <= change.difference.high


def test_a_signal_that_tells_gold_pages_gains_weight(samples: list[Sample], calibrated: Calibrated) -> None:
    # Only the position tells: each question's gold page is the last of its document.
    last = [_with_gold(sample, 5) if sample.question.answerable else sample for sample in samples]

    found = _calibrate(last).calibration.ranking

    assert found["position"] > calibrated.calibration.ranking["position"] + 1


def test_what_ships_has_no_habits_of_a_collection_and_no_negative_weight(samples: list[Sample]) -> None:
    made = _calibrate(samples, shipped=True).calibration

    assert set(made.ranking) <= set(SIGNALS) - NEVER_SHIPPED
    assert min(made.ranking.values()) > 0


# --- cross-fitting


def test_an_outcome_comes_from_weights_that_did_not_see_its_question(
    calibrated: Calibrated, calibrated_anew: Calibrated
) -> None:
    before, after = calibrated.calibration.outcomes, calibrated_anew.calibration.outcomes

    # Another outcome and other gold pages of one question change the weights of all folds but its own.
    assert (before[CHANGED].wrong, after[CHANGED].wrong) == (False, True)
    assert after[CHANGED].confidence == before[CHANGED].confidence
    assert [o.confidence for o in after] != [o.confidence for o in before]


def test_questions_of_one_group_are_never_parted(
    samples: list[Sample], calibrated: Calibrated, calibrated_anew: Calibrated
) -> None:
    before, after = calibrated.calibration.outcomes, calibrated_anew.calibration.outcomes

    mates = [n for n, sample in enumerate(samples) if sample.group == samples[CHANGED].group]
    assert len(mates) > 1
    assert [after[n].confidence for n in mates] == [before[n].confidence for n in mates]


def test_of_several_sets_each_is_answered_by_weights_of_the_others(samples: list[Sample]) -> None:
    half = len(samples) // 2
    changed = [_unanswerable(sample) if n == CHANGED else sample for n, sample in enumerate(samples[:half])]
    other = samples[half:]

    before = calibrate(
        {"a": samples[:half], "b": other}, before=BEFORE, fingerprint=None, risk=0.1, name="both"
    ).calibration.outcomes
    after = calibrate(
        {"a": changed, "b": other}, before=BEFORE, fingerprint=None, risk=0.1, name="both"
    ).calibration.outcomes

    assert [o.confidence for o in after[:half]] == [o.confidence for o in before[:half]]
    assert [o.confidence for o in after[half:]] != [o.confidence for o in before[half:]]


def test_the_same_questions_give_the_same_calibration(samples: list[Sample], calibrated: Calibrated) -> None:
    again = _calibrate(samples).calibration

    assert replace(again, made_at="") == replace(calibrated.calibration, made_at="")


# --- too little to learn from


def test_too_few_questions_are_refused_with_how_many_more(samples: list[Sample]) -> None:
    answerable = [sample for sample in samples if sample.choice is not None][:25]

    with pytest.raises(TooFewQuestions) as caught:
        _calibrate(answerable)

    assert MIN_ANSWERABLE == 30
    assert "'golden'" in str(caught.value)
    assert "the page of 25 of its 25 answerable questions was found" in str(caught.value)
    assert "so 5 more" in str(caught.value)


def test_as_many_as_are_needed_are_enough(samples: list[Sample]) -> None:
    answerable = [sample for sample in samples if sample.choice is not None][:MIN_ANSWERABLE]

    assert len(_calibrate(answerable).calibration.outcomes) == MIN_ANSWERABLE


def test_few_unanswerable_questions_are_a_warning(samples: list[Sample], calibrated: Calibrated) -> None:
    answerable = [sample for sample in samples if sample.question.answerable]
    told = sum(not sample.question.answerable for sample in samples)

    warned = _calibrate(answerable).warnings

    assert any(warning.startswith("only 0 of the questions are unanswerable") for warning in warned)
    assert told >= MIN_UNANSWERABLE
    assert not any("are unanswerable" in warning for warning in calibrated.warnings)


def test_a_risk_that_is_not_shown_is_a_warning(samples: list[Sample]) -> None:
    calibrated = _calibrate(samples, risk=0.001)

    assert not calibrated.calibration.thresholds()["all"].shown
    assert any("a risk of at most 0% is not shown (all)" in warning for warning in calibrated.warnings)


# --- other shares of unanswerable questions


def test_the_risk_is_told_for_other_shares_of_unanswerable_questions() -> None:
    outcomes = [
        Outcome(0.9, wrong=False, answerable=True, language="en"),
        Outcome(0.8, wrong=True, answerable=True, language="en"),
        Outcome(0.1, wrong=False, answerable=True, language="en"),
        Outcome(0.1, wrong=False, answerable=True, language="en"),
        Outcome(0.7, wrong=True, answerable=False, language="en"),
        Outcome(0.2, wrong=True, answerable=False, language="en"),
    ]

    found = expected_risks(outcomes, 0.5)

    # Answered: 2 of 4 answerable, 1 of 4 wrongly; 1 of 2 unanswerable.
    # At 20 %: (0.2 * 1/2 + 0.8 * 1/4) / (0.2 * 1/2 + 0.8 * 2/4) = 0.3 / 0.5; at 50 %: 0.375 / 0.5.
    assert found[0.2] == pytest.approx(0.6)
    assert found[0.5] == pytest.approx(0.75)
    assert expected_risks(outcomes[:4], 0.5) == {0.05: None, 0.2: None, 0.5: None}


def _page(thing: str, place: str, number: int) -> list[str]:
    """A page on a thing: its own words, and some that all pages have; the third one tells its weight."""
    weight = f"It weighs {1000 + number + 2} kilos." if thing == "boiler" else "It is not heavy."
    return [f"The {thing} of {place} is oiled by the crew {number}.", weight]


def _questions() -> list[Question]:
    found = []
    for number, place in enumerate(PLACES):
        for page, thing in enumerate(THINGS[: 4 if number % 2 else 5], 1):
            text = f"Who oils the {thing} of {place}?" if page % 2 else f"What about a {thing}?"
            found.append(_question(f"{place}-{page}", text, (Evidence(f"{place}.pdf", page, ""),)))
    return found + [_question(f"none-{n}", f"Who paints the {word}?", ()) for n, word in enumerate(PLACES)]


def _question(name: str, text: str, evidence: tuple[Evidence, ...]) -> Question:
    return Question(
        id=name,
        text=text,
        lang="en",
        answerable=bool(evidence),
        answer="the crew" if evidence else None,
        evidence=evidence,
    )


def _collect(services: Services, questions: Sequence[Question]) -> list[Sample]:
    question_set = QuestionSet("golden", Path("golden") / "docs", tuple(questions))
    return list(collect(OpenSet(question_set, services, (), ())))


def _calibrate(samples: Sequence[Sample], *, risk: float = 0.1, shipped: bool = False) -> Calibrated:
    return calibrate(
        {"golden": samples}, before=BEFORE, fingerprint="hash-64", risk=risk, name="golden", shipped=shipped
    )


def _unanswerable(sample: Sample) -> Sample:
    """The same question of the same group, but nothing answers it."""
    question = replace(sample.question, answerable=False, answer=None, evidence=())
    return replace(sample, question=question, gold=np.zeros_like(sample.gold))


def _with_gold(sample: Sample, page: int) -> Sample:
    """The same question, answered by another page of the same document."""
    name = next(iter(sample.question.gold))[0]
    places = [
        (sample.found.documents[b.chunk.document].name, b.chunk.page) for b in sample.found.signals.best
    ]
    gold = np.array([place == (name, page) for place in places])
    question = replace(sample.question, evidence=(Evidence(name, page, ""),))
    return replace(sample, question=question, gold=gold)


def _gold_pages(sample: Sample) -> set[tuple[str, int | None]]:
    best = sample.found.signals.best
    return {
        (sample.found.documents[b.chunk.document].name, b.chunk.page)
        for b, gold in zip(best, sample.gold, strict=True)
        if gold
    }
