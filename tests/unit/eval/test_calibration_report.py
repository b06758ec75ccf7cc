from pathlib import Path

from sourcier_eval.calibration_report import next_step
from sourcier_service.calibration import Calibration, Outcome

FILE = Path("ours.json")


def a_calibration(right: int, wrong: int, risk: float) -> Calibration:
    """Return one of so many right answers, all surer than the wrong ones."""
    rights = [Outcome(0.95, wrong=False, answerable=True, language="en")] * right
    wrongs = [Outcome(0.2, wrong=True, answerable=True, language="en")] * wrong
    return Calibration("ours", "2026-03-01", None, {}, {}, risk, (*rights, *wrongs))


def test_a_risk_that_is_shown_is_put_to_use() -> None:
    step = next_step(a_calibration(60, 10, 0.05), FILE)

    assert step == "To answer with it: sourcier calibration use ours.json"


def test_where_the_risk_is_not_shown_it_says_how_much_is_answered_and_what_helps() -> None:
    step = next_step(a_calibration(20, 0, 0.05), FILE)

    assert step.startswith("It would answer 20 of these 20 questions, without proof that at most 5 % of")
    # 20 answers without a mistake bound the risk by 1 - 0.05 ** (1 / 20) = 0.139, and 59 by 0.05
    assert "a higher risk (--risk 0.15 is shown, with 20 of 20 answered)" in step
    assert "or about 39 more questions like these" in step


def test_where_nothing_would_show_it_the_worst_questions_are_named() -> None:
    step = next_step(a_calibration(0, 10, 0.05), FILE)

    assert step.startswith("It would answer 0 of these 10 questions")
    assert "`sourcier eval run`" in step
    assert "more questions" not in step
