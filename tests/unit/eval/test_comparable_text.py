import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcier_eval.comparable_text import FUNCTION_WORDS, content_tokens, tokens


@pytest.mark.parametrize(
    "written",
    ["1577", "1 577", "1,577", "1\N{NO-BREAK SPACE}577", "1\N{NARROW NO-BREAK SPACE}577", "1'577", "1577.00"],
)
def test_one_number_has_one_token_however_it_is_written(written: str) -> None:
    assert tokens(f"({written} €)") == ["1577"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1 577 000,50", ["1577000.5"]),
        ("1,577.50", ["1577.5"]),
        ("0,42 euro", ["0.42", "euro"]),
        ("0.123", ["0.123"]),
        ("0,123", ["0.123"]),
        ("12 %", ["12"]),
        ("1,2,3", ["1", "2", "3"]),
        ("section 3.10.2", ["section", "3.10.2"]),
        ("en 2022 577 agents", ["en", "2022", "577", "agents"]),
        ("100, 200", ["100", "200"]),
        ("1,5772", ["1.5772"]),
        ("132,00 121,00", ["132", "121"]),
        ("R-17", ["r", "17"]),
        ("16h30", ["16", "h", "30"]),
    ],
)
def test_numbers_are_read_as_a_person_would(written: str, expected: list[str]) -> None:
    assert tokens(written) == expected


def test_a_table_row_parts_groups_that_may_be_columns_and_no_others() -> None:
    assert tokens("105 310 400") == ["105310400"]
    assert tokens("105 310 400", table_row=True) == ["105", "310", "400"]
    assert tokens("1 577 12 800", table_row=True) == ["1577", "12800"]


def test_case_accents_ligatures_punctuation_and_soft_hyphens_do_not_count() -> None:
    assert tokens("L\N{RIGHT SINGLE QUOTATION MARK}ŒUVRE, «éphé\N{SOFT HYPHEN}mère» !") == [
        "l",
        "oeuvre",
        "ephemere",
    ]
    assert tokens("e\N{COMBINING ACUTE ACCENT}te\N{COMBINING ACUTE ACCENT}") == tokens("Été")
    assert tokens("con\N{LATIN SMALL LIGATURE FI}rm") == ["confirm"]


def test_content_leaves_out_function_words_but_no_negation_and_no_unit() -> None:
    assert content_tokens("The refund is not due in the 30 days") == ["refund", "not", "due", "30", "days"]
    assert content_tokens("L'agent n'a pas droit à 8 jours") == [
        "agent", "n", "pas", "droit", "8", "jours"
    ]  # fmt: skip


def test_a_text_of_function_words_alone_keeps_them() -> None:
    assert content_tokens("Il y est.") == ["il", "y", "est"]
    assert content_tokens("…") == []


def test_function_words_are_written_as_tokens_are() -> None:
    assert all(tokens(word) == [word] for word in FUNCTION_WORDS)


@given(st.integers(0, 10**15))
def test_groups_in_three_styles_give_the_plain_digits(number: int) -> None:
    grouped = f"{number:,}"

    for written in (grouped, grouped.replace(",", " "), grouped.replace(",", "'"), str(number)):
        assert tokens(written) == [str(number)]


@given(st.text())
def test_tokens_written_out_give_themselves(text: str) -> None:
    once = tokens(text, table_row=True)

    assert tokens("\n".join(once), table_row=True) == once
