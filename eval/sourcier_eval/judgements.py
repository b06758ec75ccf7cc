"""A question and its row -> was the answer right, and how sure was the service of it."""

from collections.abc import Iterable
from dataclasses import dataclass

from sourcier_eval.answer_metrics import citation_recall
from sourcier_eval.question_sets import Question
from sourcier_eval.rows import Row


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one answer, given or withheld, was worth."""

    answerable: bool  # what the set says
    answered: bool  # it did not abstain
    wrong: bool  # the answer given; where it abstained, the answer that it would have had to give
    confidence: float | None  # in [0, 1]; None where the row has none


def judge(question: Question, row: Row) -> Judgement | None:
    """Judge an answer by the pages that it rests on.

    An answer is wrong where the question is unanswerable, or where none of its citations stands on a gold
    page. An abstention cites nothing: the first page that it offers stands for the citation that it withheld,
    so that what it would have risked by answering can be told.

    Returns:
        None where the question is answerable and the set does not say on which pages.
    """
    if question.answerable and not question.gold:
        return None
    rests_on = row.passages[:1] if row.abstained else row.citations
    found = citation_recall([place.location for place in rests_on], question.gold) > 0
    return Judgement(
        answerable=question.answerable,
        answered=not row.abstained,
        wrong=not (question.answerable and found),
        confidence=row.confidence,
    )


def judge_all(pairs: Iterable[tuple[Question, Row]]) -> list[Judgement]:
    """Judge what can be judged, in order."""
    return [judged for question, row in pairs if (judged := judge(question, row)) is not None]
