from pathlib import Path

import pytest
from eval_runs import GOLD, a_document, a_question, write_set

from sourcier_core.errors import InvalidQuestionSet
from sourcier_core.types import DocumentStatus, MediaType
from sourcier_eval.evidence_pages import check_evidence_pages
from sourcier_eval.question_sets import Evidence, QuestionSet


def test_pages_that_are_there_give_no_warning(tmp_path: Path) -> None:
    question_set = _set(tmp_path, Evidence("a.pdf", 10, ""), Evidence("b.pdf", None, ""))

    assert check_evidence_pages(question_set, [a_document("a.pdf"), a_document("b.pdf")]) == []


def test_pages_that_are_not_there_are_listed_with_their_lines(tmp_path: Path) -> None:
    question_set = _set(
        tmp_path, Evidence(*GOLD, text=""), Evidence("a.pdf", 11, ""), Evidence("b.pdf", 1, "")
    )
    text = a_document("b.pdf", media_type=MediaType.MARKDOWN, page_count=1)

    with pytest.raises(InvalidQuestionSet) as caught:
        check_evidence_pages(question_set, [a_document("a.pdf"), text])

    head, *faults = str(caught.value).split("\n")
    assert "2 faults; nothing was asked" in head
    path = question_set.path
    assert faults == [
        f"  {path}:2: 'a.pdf' has 10 page(s), the evidence names page 11",
        f"  {path}:3: 'b.pdf' has no pages, the evidence names page 1; write null.",
    ]


def test_a_document_that_was_refused_is_a_warning_whatever_its_pages(tmp_path: Path) -> None:
    question_set = _set(
        tmp_path, Evidence("a.pdf", 99, ""), Evidence("a.pdf", 1, ""), Evidence("b.pdf", 1, "")
    )
    refused = a_document("a.pdf", status=DocumentStatus.REFUSED, reason="It asks for a password.")

    warnings = check_evidence_pages(question_set, [refused])

    assert warnings == [
        "'a.pdf' does not answer, and 2 questions need it: It asks for a password.",
        "'b.pdf' does not answer, and 1 question needs it: it is of no type that can be read",
    ]


def _set(folder: Path, *evidence: Evidence) -> QuestionSet:
    """Return a set of a question, and a line, for each piece of evidence."""
    return write_set(folder, *(a_question(f"q-{i}", evidence=(one,)) for i, one in enumerate(evidence)))
