from eval_runs import GOLD, OTHER, a_question, a_row

from sourcier_eval.failures import Failures, find_failures, gold_rank
from sourcier_eval.question_sets import Evidence, Question
from sourcier_eval.rows import Row


def _found(*outcomes: tuple[Question, Row]) -> Failures:
    return find_failures([question for question, _ in outcomes], [row for _, row in outcomes])


def _ids(failures: tuple[object, ...]) -> list[str]:
    return [failure.question.id for failure in failures]  # type: ignore[attr-defined]


def test_each_way_of_going_wrong_has_its_list() -> None:
    found = _found(
        (a_question("right"), a_row("right", GOLD, cited=[GOLD])),
        (a_question("wrong"), a_row("wrong", GOLD, cited=[OTHER])),
        (a_question("silent"), a_row("silent", GOLD, abstained=True)),
        (a_question("invented", answerable=False), a_row("invented", OTHER, cited=[OTHER])),
        (a_question("rightly silent", answerable=False), a_row("rightly silent", abstained=True)),
    )

    assert _ids(found.wrong) == ["wrong"]
    assert _ids(found.abstained) == ["silent"]
    assert _ids(found.invented) == ["invented"]


def test_wrong_answers_begin_with_pages_not_found_then_those_furthest_down_then_the_surest() -> None:
    found = _found(
        (a_question("first, sure"), a_row("first, sure", GOLD, cited=[OTHER], confidence=0.9)),
        (a_question("first"), a_row("first", GOLD, cited=[OTHER], confidence=0.4)),
        (a_question("second"), a_row("second", OTHER, GOLD, cited=[OTHER])),
        (a_question("nowhere"), a_row("nowhere", OTHER, cited=[OTHER])),
    )

    assert _ids(found.wrong) == ["nowhere", "second", "first, sure", "first"]
    assert [failure.rank for failure in found.wrong] == [None, 2, 1, 1]


def test_abstentions_begin_with_pages_near_the_top() -> None:
    found = _found(
        (a_question("nowhere"), a_row("nowhere", OTHER, abstained=True)),
        (a_question("first"), a_row("first", GOLD, abstained=True)),
    )

    assert _ids(found.abstained) == ["first", "nowhere"]


def test_inventions_begin_with_the_surest_and_rows_of_old_have_no_confidence() -> None:
    found = _found(
        (a_question("old", answerable=False), a_row("old", cited=[OTHER], confidence=None)),
        (a_question("sure", answerable=False), a_row("sure", cited=[OTHER], confidence=0.9)),
    )

    assert _ids(found.invented) == ["sure", "old"]


def test_what_has_no_row_or_no_known_page_is_left_out() -> None:
    somewhere = a_question("somewhere", evidence=())

    found = find_failures([a_question("unasked"), somewhere], [a_row("somewhere", cited=[OTHER])])

    assert found == Failures((), (), ())


def test_the_rank_is_that_of_the_first_gold_page() -> None:
    question = a_question("q-1", evidence=(Evidence("b.pdf", None, ""),))

    assert gold_rank(question, a_row("q-1", GOLD, OTHER)) == 2
    assert gold_rank(question, a_row("q-1", GOLD)) is None
