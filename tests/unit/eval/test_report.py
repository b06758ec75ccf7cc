from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from sourcier_core.types import AnswerStatus
from sourcier_eval.question_sets import Evidence, Question, QuestionSet
from sourcier_eval.report import render_metrics
from sourcier_eval.rows import Row, RowPassage
from sourcier_eval.summary import RunMetrics, summarise


def test_table_shows_counts_means_with_intervals_and_latency() -> None:
    shown = _shown(_metrics("en"))

    assert "golden: 2 questions, 2 answerable, 0 unanswerable" in shown
    # One of two found: mean 0.5; with two questions the resamples reach 0 and 1.
    assert _cells(shown, "hit@1") == ["hit@1", "0.500", "[0.00,", "1.00]", "0.500", "[0.00,", "1.00]"]
    assert _cells(shown, "abstention f1") == ["abstention", "f1", "-"]
    assert _cells(shown, "latency p95, ms") == ["latency", "p95,", "ms", "1040"]


def test_questions_without_a_result_are_told() -> None:
    questions = QuestionSet(name="golden", docs=Path("docs"), questions=(_question("q-1", "en", None),))

    assert "1 without a result, counted as failures" in _shown(summarise(questions, []))
    assert "without a result" not in _shown(_metrics("en"))


def test_groups_are_shown_where_there_are_several() -> None:
    one_language, two_languages = _shown(_metrics("en")), _shown(_metrics("fr"))

    assert "By language" not in one_language
    assert _cells(two_languages, "fr ")[:4] == ["fr", "1", "0.000", "0.000"]
    assert _cells(two_languages, "en ")[:4] == ["en", "1", "1.000", "1.000"]


def test_a_kind_that_looks_like_markup_is_shown_as_it_is() -> None:
    assert "[red]" in _shown(_metrics("en", kind="[red]"))


@pytest.mark.parametrize("kind", ["heading_question", None])
def test_no_line_is_wider_than_the_terminal_and_no_number_is_cut(kind: str | None) -> None:
    shown = _shown(_metrics("fr", kind=kind), width=80)

    assert max(len(line) for line in shown.splitlines()) <= 80
    assert "…" not in shown


def test_parity_is_shown_where_there_are_two_languages() -> None:
    # hit@5: French 0 of 1, English 1 of 1: 0 - 1.
    shown = _shown(_metrics("fr"))

    assert _cells(shown, "page.hit@5") == ["page.hit@5", "-1.000", "[-1.00,", "-1.00]", "-"]
    assert "Parity" not in _shown(_metrics("en"))


def _shown(metrics: RunMetrics, *, width: int = 100) -> str:
    screen = StringIO()
    Console(file=screen, width=width).print(render_metrics(metrics))
    return screen.getvalue()


def _cells(shown: str, start: str) -> list[str]:
    return next(line.split() for line in shown.splitlines() if line.strip().startswith(start))


def _metrics(second_lang: str, *, kind: str | None = None) -> RunMetrics:
    questions = (_question("q-1", "en", kind), _question("q-2", second_lang, None))
    rows = [_row("q-1", "a.pdf", 90.0), _row("q-2", "b.pdf", 1090.0)]  # p95: 90 + 0.95 * 1000 = 1040
    return summarise(QuestionSet(name="golden", docs=Path("docs"), questions=questions), rows)


def _question(name: str, lang: str, kind: str | None) -> Question:
    return Question(
        id=name,
        text="What is the ceiling?",
        lang=lang,
        answerable=True,
        answer="30 euros",
        evidence=(Evidence("a.pdf", 3, ""),),
        meta={"kind": kind},
    )


def _row(name: str, doc: str, latency_ms: float) -> Row:
    return Row(
        id=name,
        question="What is the ceiling?",
        lang="en",
        answerable=True,
        status=AnswerStatus.ANSWERED,
        answer="30 euros",
        passages=(RowPassage(doc, 3, 1.0),),
        citations=(),
        latency_ms=latency_ms,
    )
