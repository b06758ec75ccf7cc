from eval_runs import GOLD, OTHER, a_question, a_row

from sourcier_eval.judgements import Judgement, judge, judge_all
from sourcier_eval.question_sets import Evidence

QUESTION = a_question("q-1")
UNANSWERABLE = a_question("q-1", answerable=False)


def test_one_citation_on_a_gold_page_makes_an_answer_right() -> None:
    judged = judge(QUESTION, a_row("q-1", OTHER, cited=[OTHER, GOLD], confidence=0.8))

    assert judged == Judgement(answerable=True, answered=True, wrong=False, confidence=0.8)


def test_an_answer_is_wrong_whatever_it_retrieved_if_it_cites_no_gold_page() -> None:
    for cited in ([OTHER], []):
        judged = judge(QUESTION, a_row("q-1", GOLD, cited=cited))

        assert judged is not None
        assert judged.wrong


def test_any_answer_to_an_unanswerable_question_is_wrong() -> None:
    judged = judge(UNANSWERABLE, a_row("q-1", GOLD, cited=[GOLD]))

    assert judged is not None
    assert judged.wrong


def test_an_abstention_counts_by_the_first_page_that_it_offers() -> None:
    right = judge(QUESTION, a_row("q-1", GOLD, OTHER, abstained=True))
    wrong = judge(QUESTION, a_row("q-1", OTHER, GOLD, abstained=True))
    nothing = judge(QUESTION, a_row("q-1", abstained=True))

    assert [judged and judged.wrong for judged in (right, wrong, nothing)] == [False, True, True]
    assert [judged and judged.answered for judged in (right, wrong, nothing)] == [False] * 3


def test_evidence_without_a_page_is_met_by_any_page_of_its_document() -> None:
    question = a_question("q-1", evidence=(Evidence("b.pdf", None, ""),))

    judged = judge(question, a_row("q-1", cited=[("b.pdf", 9)]))

    assert judged is not None
    assert not judged.wrong


def test_what_the_set_does_not_locate_is_not_judged() -> None:
    somewhere = a_question("q-2", evidence=())
    pairs = [(somewhere, a_row("q-2", cited=[GOLD])), (UNANSWERABLE, a_row("q-1", abstained=True))]

    assert judge(*pairs[0]) is None
    assert [judged.answerable for judged in judge_all(pairs)] == [False]
