import pytest

from sourcier_core.settings import GateSettings
from sourcier_eval.gate import floor_of


def test_a_floor_is_what_the_live_generation_reaches_less_the_tolerance() -> None:
    assert floor_of("page.hit@5", 0.80, 1000, GateSettings(tolerance=0.03)) == pytest.approx(0.77)


def test_where_less_is_better_the_floor_lies_above() -> None:
    assert floor_of("risk.unsupported", 0.10, 1000, GateSettings(tolerance=0.03)) == pytest.approx(0.13)
    assert floor_of("abstention.false_rate", 0.2, 1000, GateSettings(tolerance=0.03)) == pytest.approx(0.23)


def test_what_one_question_can_change_is_tolerated() -> None:
    # One of 20 questions is 0.05.
    assert floor_of("page.hit@5", 0.80, 20, GateSettings(tolerance=0.03)) == pytest.approx(0.75)


def test_a_metric_may_have_a_tolerance_of_its_own() -> None:
    limits = GateSettings(tolerance=0.03, tolerances={"page.hit@1": 0.10})

    assert floor_of("page.hit@1", 0.80, 1000, limits) == pytest.approx(0.70)
    assert floor_of("page.hit@5", 0.80, 1000, limits) == pytest.approx(0.77)


def test_a_quote_that_is_not_on_its_page_is_within_no_tolerance() -> None:
    assert floor_of("citations.verified", 1.0, 3, GateSettings(tolerance=0.5)) == 1.0


def test_a_stated_floor_holds_where_it_asks_for_more() -> None:
    limits = GateSettings(tolerance=0.03, floors={"page.hit@5": 0.78, "risk.unsupported": 0.12})

    assert floor_of("page.hit@5", 0.80, 1000, limits) == pytest.approx(0.78)
    assert floor_of("page.hit@5", 0.90, 1000, limits) == pytest.approx(0.87)
    assert floor_of("risk.unsupported", 0.10, 1000, limits) == pytest.approx(0.12)
    assert floor_of("risk.unsupported", 0.05, 1000, limits) == pytest.approx(0.08)


def test_a_stated_floor_is_of_all_questions_and_holds_where_nothing_was_reached() -> None:
    limits = GateSettings(tolerance=0.03, floors={"page.hit@5": 0.78})

    assert floor_of("page.hit@5", 0.60, 1000, limits, overall=False) == pytest.approx(0.57)
    assert floor_of("page.hit@5", None, 0, limits) == pytest.approx(0.78)
    assert floor_of("page.hit@1", None, 0, limits) is None
