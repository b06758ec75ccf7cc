import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcier_eval.answer_metrics import (
    abstention,
    citation_precision,
    citation_recall,
    containment,
    token_f1,
)


def test_gold_that_stands_word_after_word_is_contained_strictly() -> None:
    found = containment("Trente jours", ["Les sauvegardes sont conservées trente jours."])

    assert found.share == 1.0
    assert found.strict


@pytest.mark.parametrize("written", ["1 577 €", "1,577 euros", "EUR 1577.00", "1577"])
def test_digit_groups_do_not_matter(written: str) -> None:
    assert containment("1577", [f"Le plafond est de {written}."]).strict


def test_share_counts_the_distinct_content_words_of_gold() -> None:
    # Content of gold: {refund, within, 30, days}; found: 30, days. 2/4.
    found = containment("a refund within 30 days", ["30 days after the 30 days"])

    assert found.share == pytest.approx(2 / 4)
    assert not found.strict


def test_words_may_come_from_answer_and_quotes_but_the_whole_from_one() -> None:
    found = containment("8 jours ouvrés", ["Il faut 8 jours", "jours ouvrés"])

    assert found.share == 1.0
    assert not found.strict


def test_a_number_inside_another_is_not_contained() -> None:
    assert containment("577", ["1 577 euros", "15770"]).share == 0.0
    assert not containment("577", ["1 577 euros", "1,577", "577.5"]).strict


def test_a_cell_of_a_table_row_is_contained() -> None:
    found = containment("310", ["Budget 105 310 400"])

    assert found.share == 1.0
    assert found.strict


def test_accents_and_case_do_not_matter_but_negation_does() -> None:
    assert containment("Échéancier", ["ECHEANCIER"]).strict
    assert containment("not covered", ["It is covered"]).share == pytest.approx(1 / 2)


@pytest.mark.parametrize(
    ("gold", "given"), [("30 days", []), ("30 days", [""]), ("", ["30 days"]), ("€", ["€"])]
)
def test_nothing_contains_nothing(gold: str, given: list[str]) -> None:
    found = containment(gold, given)

    assert found.share == 0.0
    assert not found.strict


def test_token_f1_counts_repeats_and_leaves_out_function_words() -> None:
    # Gold {30, days, notice} 3, answer {30, days, 30} 3, common 2: precision 2/3, recall 2/3, F1 2/3.
    assert token_f1("the 30 days of notice", "30 days, 30") == pytest.approx(2 / 3)
    # Gold 1 token, answer 4 {notice, 30, days, before}, common 1: 2 * 1 / (1 + 4).
    assert token_f1("30", "notice of 30 days before") == pytest.approx(2 / 5)


def test_token_f1_of_empty_texts() -> None:
    assert token_f1("", "") == 1.0
    assert token_f1("30", "") == 0.0
    assert token_f1("", "30") == 0.0


@given(st.text(), st.text())
def test_token_f1_is_symmetric_and_one_on_itself(first: str, second: str) -> None:
    assert token_f1(first, second) == token_f1(second, first)
    assert token_f1(first, first) == 1.0
    assert 0.0 <= token_f1(first, second) <= 1.0


@given(st.text(), st.text(), st.text())
def test_what_stands_strictly_stands_in_full(gold: str, before: str, after: str) -> None:
    found = containment(gold, [f"{before}\n{gold}\n{after}"])

    assert found.share == 1.0 if found.strict else found.share <= 1.0


def test_citation_precision_counts_distinct_pages() -> None:
    # Cited a:1 (twice) and a:2, gold a:1 and b:1: 1 of 2 cited is gold, 1 of 2 gold is cited.
    cited = [("a", 1), ("a", 1), ("a", 2)]
    gold = [("a", 1), ("b", 1)]

    assert citation_precision(cited, gold) == pytest.approx(1 / 2)
    assert citation_recall(cited, gold) == pytest.approx(1 / 2)


def test_every_page_cited_of_a_document_that_is_gold_as_a_whole_is_right() -> None:
    # Cited a:1, a:2, b:1; gold a whole, c:1: 2 of 3 cited, 1 of 2 gold.
    cited = [("a", 1), ("a", 2), ("b", 1)]
    gold = [("a", None), ("c", 1)]

    assert citation_precision(cited, gold) == pytest.approx(2 / 3)
    assert citation_recall(cited, gold) == pytest.approx(1 / 2)


def test_citation_scores_of_empty_inputs_are_zero() -> None:
    assert citation_precision([], [("a", 1)]) == 0.0
    assert citation_recall([], [("a", 1)]) == 0.0
    assert citation_precision([("a", 1)], []) == 0.0
    assert citation_recall([("a", 1)], []) == 0.0


def test_abstention_counts_an_abstention_as_positive() -> None:
    # (abstained, answerable): 3 right abstentions, 1 wrong, 2 missed, 4 answered.
    decisions = [(True, False)] * 3 + [(True, True)] + [(False, False)] * 2 + [(False, True)] * 4

    judged = abstention(decisions)

    assert judged.abstained == 4
    assert judged.precision == pytest.approx(3 / 4)
    assert judged.recall == pytest.approx(3 / 5)
    assert judged.f1 == pytest.approx(2 / 3)  # 2 * 3/4 * 3/5 / (3/4 + 3/5) = 0.9 / 1.35
    assert judged.false_rate == pytest.approx(1 / 5)


def test_abstention_without_a_denominator_is_none_not_zero() -> None:
    nothing = abstention([])
    never = abstention([(False, True)])
    missed = abstention([(False, False)])

    assert (nothing.precision, nothing.recall, nothing.f1, nothing.false_rate) == (None, None, None, None)
    assert (never.precision, never.recall, never.f1, never.false_rate) == (None, None, None, 0.0)
    assert (missed.precision, missed.recall, missed.f1, missed.false_rate) == (None, 0.0, 0.0, None)
