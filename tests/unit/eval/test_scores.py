from dataclasses import replace
from math import log2

import pytest

from sourcier_core.types import AnswerStatus
from sourcier_eval.metric_names import MEANS
from sourcier_eval.question_sets import Evidence, Question
from sourcier_eval.rows import Row, RowCitation, RowPassage
from sourcier_eval.scores import score_question

QUESTION = Question(
    id="q-1",
    text="What is the ceiling?",
    lang="en",
    answerable=True,
    answer="1,577 euros",
    evidence=(Evidence("a.pdf", 3, ""), Evidence("b.pdf", 1, "")),
)
UNANSWERABLE = replace(QUESTION, answerable=False, answer=None, evidence=())
ROW = Row(
    id="q-1",
    question="What is the ceiling?",
    lang="en",
    answerable=True,
    status=AnswerStatus.ANSWERED,
    answer="The ceiling is 1577 euros.",
    passages=tuple(RowPassage(doc, page, 1.0) for doc, page in (("a.pdf", 1), ("a.pdf", 3), ("c.pdf", 1))),
    citations=(RowCitation("a.pdf", 3, "1 577", True), RowCitation("c.pdf", 1, "euros", False)),
    latency_ms=10.0,
)
ABSTAINED = replace(ROW, status=AnswerStatus.NO_ANSWER, answer="", citations=())


def test_an_answered_question_is_measured_on_all_but_abstention() -> None:
    scores = score_question(QUESTION, ROW)

    # Pages: gold a:3 at rank 2 of gold {a:3, b:1}. Documents: a, c; gold {a, b}, a at rank 1.
    ideal = 1 + 1 / log2(3)
    assert scores == pytest.approx(
        {
            "page.hit@1": 0.0, "page.hit@3": 1.0, "page.hit@5": 1.0, "page.hit@10": 1.0,
            "page.recall@1": 0.0, "page.recall@3": 0.5, "page.recall@5": 0.5, "page.recall@10": 0.5,
            "page.mrr": 0.5, "page.ndcg@10": 1 / log2(3) / ideal,
            "document.hit@1": 1.0, "document.hit@3": 1.0, "document.hit@5": 1.0, "document.hit@10": 1.0,
            "document.recall@1": 0.5, "document.recall@3": 0.5, "document.recall@5": 0.5,
            "document.recall@10": 0.5, "document.mrr": 1.0, "document.ndcg@10": 1 / ideal,
            "answer.containment": 1.0, "answer.containment_strict": 1.0,
            # Gold {1577, euros}, answer {ceiling, 1577, euros}, common 2: 2 * 2 / (2 + 3).
            "answer.token_f1": 4 / 5,
            "citations.precision": 1 / 2, "citations.recall": 1 / 2, "citations.verified": 1 / 2,
            "abstention.false_rate": 0.0,
            # a:3 is cited and gold.
            "risk.unsupported": 0.0, "risk.full_coverage": 0.0,
        }
    )  # fmt: skip


def test_abstaining_leaves_retrieval_measured_and_the_answer_at_zero() -> None:
    scores = score_question(QUESTION, ABSTAINED)

    assert scores["page.hit@3"] == 1.0
    assert scores["answer.containment"] == scores["answer.token_f1"] == 0.0
    assert scores["citations.recall"] == 0.0
    assert "citations.precision" not in scores
    assert "citations.verified" not in scores
    assert scores["abstention.precision"] == 0.0
    assert scores["abstention.false_rate"] == 1.0


def test_an_unanswerable_question_is_measured_on_abstention_alone() -> None:
    risk = {"risk.full_coverage": 1.0}
    abstained = {"abstention.precision": 1.0, "abstention.recall": 1.0} | risk
    answered = {"abstention.recall": 0.0, "risk.unsupported": 1.0} | risk

    assert score_question(UNANSWERABLE, ABSTAINED) == abstained
    assert score_question(UNANSWERABLE, replace(ROW, citations=())) == answered


def test_citations_of_an_unanswerable_question_are_still_checked_for_proof() -> None:
    assert score_question(UNANSWERABLE, ROW)["citations.verified"] == 0.5


def test_a_question_without_a_row_found_nothing_and_decided_nothing() -> None:
    scores = score_question(QUESTION, None)

    assert set(scores.values()) == {0.0}
    assert {name.split(".")[0] for name in scores} == {"page", "document", "answer", "citations"}
    assert score_question(UNANSWERABLE, None) == {}


@pytest.mark.parametrize("answer", ["", "€"])
def test_a_gold_answer_without_words_is_not_measured(answer: str) -> None:
    scores = score_question(replace(QUESTION, answer=answer), ROW)

    assert not any(name.startswith("answer.") for name in scores)
    assert scores["page.mrr"] == 0.5


def test_a_question_without_evidence_is_measured_on_its_answer_alone() -> None:
    scores = score_question(replace(QUESTION, evidence=()), ROW)

    assert {name.split(".")[0] for name in scores} == {"answer", "citations", "abstention"}
    assert set(scores) & {"citations.precision", "citations.recall"} == set()


def test_evidence_without_a_page_is_hit_by_any_page_of_its_document() -> None:
    scores = score_question(replace(QUESTION, evidence=(Evidence("c.pdf", None, ""),)), ROW)

    assert scores["page.mrr"] == pytest.approx(1 / 3)  # c.pdf page 1 is the third page listed
    assert scores["document.mrr"] == pytest.approx(1 / 2)  # and c.pdf the second document
    assert scores["citations.recall"] == 1.0


def test_every_score_has_a_documented_name_and_every_name_a_score() -> None:
    scored = {*score_question(QUESTION, ROW), *score_question(UNANSWERABLE, ABSTAINED)}

    assert scored == set(MEANS)
