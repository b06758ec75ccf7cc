"""Questions and rows -> those that went wrong, the most telling first, with what should have been."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sourcier_eval.judgements import judge
from sourcier_eval.locations import page_level
from sourcier_eval.question_sets import Question
from sourcier_eval.rows import Row


@dataclass(frozen=True, slots=True)
class Failure:
    """A question that went wrong, and how."""

    question: Question
    row: Row
    rank: int | None  # 1-based, of the first page retrieved that is gold; None where none is

    @property
    def confidence(self) -> float:
        """Of the answer; 0 where the row has none."""
        return self.row.confidence or 0.0


@dataclass(frozen=True, slots=True)
class Failures:
    """The questions that went wrong, each in one list only."""

    wrong: tuple[Failure, ...]  # answered without a gold page, the page furthest down first
    abstained: tuple[Failure, ...]  # not answered though they could be, the page nearest to the top first
    invented: tuple[Failure, ...]  # answered though nothing answers them, the surest first


def find_failures(questions: Sequence[Question], rows: Iterable[Row]) -> Failures:
    """Sort out what went wrong. Questions without a row, or without a known page, are left out."""
    by_id = {row.id: row for row in rows}
    wrong, abstained, invented = [], [], []
    for question in questions:
        row = by_id.get(question.id)
        judged = row and judge(question, row)
        if not row or not judged:
            continue
        failure = Failure(question, row, gold_rank(question, row))
        if judged.answered and not judged.answerable:
            invented.append(failure)
        elif judged.answered and judged.wrong:
            wrong.append(failure)
        elif not judged.answered and judged.answerable:
            abstained.append(failure)
    return Failures(
        wrong=tuple(sorted(wrong, key=lambda f: (-_depth(f), -f.confidence, f.question.id))),
        abstained=tuple(sorted(abstained, key=lambda f: (_depth(f), -f.confidence, f.question.id))),
        invented=tuple(sorted(invented, key=lambda f: (-f.confidence, f.question.id))),
    )


def gold_rank(question: Question, row: Row) -> int | None:
    """Return the 1-based rank of the first page retrieved that hits the evidence, None where none does."""
    ranked, gold = page_level([passage.location for passage in row.passages], question.gold)
    return next((rank for rank, location in enumerate(ranked, start=1) if location in gold), None)


def _depth(failure: Failure) -> float:
    return float("inf") if failure.rank is None else failure.rank
