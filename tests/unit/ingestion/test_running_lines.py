from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcier_core.types import Page
from sourcier_ingestion.running_lines import RunningLines


def see(texts: Sequence[str]) -> RunningLines:
    seen = RunningLines()
    for number, text in enumerate(texts, 1):
        seen.see(Page(number, text))
    return seen


def body(seen: RunningLines, text: str) -> str:
    start, end = seen.body(text)
    return text[start:end]


def book(pages: int, *, offset: int = 0) -> list[str]:
    """Pages with a running header, a body that differs, and a footer with the printed number."""
    return [
        f"Travel guide – chapter {number // 3}\nBody of page {'x' * number}.\nMore of it {'y' * number}.\n"
        f"Last line {'z' * number}.\nREF-0 · 1 May 2026 Page {number + offset}"
        for number in range(1, pages + 1)
    ]


# --- the body


def test_running_header_and_footer_are_no_body() -> None:
    texts = book(6)

    assert body(see(texts), texts[2]) == "Body of page xxx.\nMore of it yyy.\nLast line zzz.\n"


def test_a_page_without_running_lines_is_all_body() -> None:
    assert body(see([*book(6), "A title page\nof two lines"]), "A title page\nof two lines") == (
        "A title page\nof two lines"
    )


def test_two_running_lines_one_below_the_other_are_both_no_body() -> None:
    texts = [
        f"Organisation\nTravel guide\nBody {'x' * n}.\nAnd {'y' * n}.\nMore {'z' * n}." for n in range(1, 7)
    ]

    assert body(see(texts), texts[0]).startswith("Body x.")


def test_a_running_line_below_other_text_stays() -> None:
    texts = book(6)
    page = "A line that no other page has\n" + texts[0]

    assert body(see(texts), page).startswith("A line that no other page has\nTravel guide")


def test_three_pages_show_no_habit() -> None:
    texts = book(3)

    assert body(see(texts), texts[0]) == texts[0]


def test_a_line_on_fewer_than_half_of_the_pages_is_text() -> None:
    texts = [
        ("Repeated\n" if n % 3 == 0 else "") + f"Body {'x' * n}.\n" + f"end {'y' * n}" for n in range(1, 13)
    ]

    # On 4 of 12 pages.
    assert body(see(texts), texts[2]) == texts[2]


def test_a_page_of_nothing_but_running_lines_is_all_body() -> None:
    texts = book(6)
    empty = texts[0].split("\n")[0] + "\n" + texts[0].split("\n")[-1]

    # Better a chunk of little use than an empty span.
    assert body(see(texts), empty) == empty


def test_blank_lines_do_not_count_as_outer_lines() -> None:
    texts = [
        f"\n \n\nTravel guide\n\nBody {'x' * n}.\nAnd {'y' * n}.\nMore {'z' * n}.\n\n" for n in range(1, 7)
    ]

    assert body(see(texts), texts[1]).strip().startswith("Body xx.")


@given(st.lists(st.text(alphabet="ab1\n "), min_size=1, max_size=8))
def test_the_body_of_any_page_is_a_span_of_it(texts: list[str]) -> None:
    seen = see(texts)

    for text in texts:
        start, end = seen.body(text)
        assert 0 <= start <= end <= len(text)
        assert start < end or not text


# --- printed page numbers


def test_numbers_that_run_through_the_footers_are_the_labels() -> None:
    assert see(book(5)).labels(5) == ("1", "2", "3", "4", "5")


def test_a_cover_and_contents_without_numbers_have_none() -> None:
    # Pages 1 and 2 print nothing, page 3 prints 1: the offset is -2.
    texts = ["Cover", "Contents", *book(10)]

    assert see(texts).labels(12) == (None, None, *(str(n) for n in range(1, 11)))


def test_numbers_that_go_on_from_another_volume_keep_their_offset() -> None:
    assert see(book(5, offset=100)).labels(5) == ("101", "102", "103", "104", "105")


def test_numbers_in_the_header_are_labels_too() -> None:
    texts = [f"Guide {n}\nBody {'x' * n}\nand {'y' * n}\nmore {'z' * n}" for n in range(1, 7)]

    assert see(texts).labels(6) == ("1", "2", "3", "4", "5", "6")


@pytest.mark.parametrize(
    "texts",
    [
        ["Report 2024\nbody"] * 6,  # the year is on every page: it does not run
        [f"Body {'x' * n}" for n in range(6)],
        [f"Page {n}\nbody" for n in (1, 2, 3)],  # three pages show no habit
        [f"Total {n * n + 40}\nbody" for n in range(6)],
        [],
    ],
)
def test_pages_without_running_numbers_have_no_labels(texts: list[str]) -> None:
    assert see(texts).labels(len(texts)) == ()


def test_figures_of_amounts_are_no_page_numbers() -> None:
    # 1.00, 2.00, ... run as page numbers would, but are parts of decimals.
    texts = [f"Rate {n}.00\nbody {'x' * n}" for n in range(1, 7)]

    assert see(texts).labels(6) == ()


def test_a_number_missing_on_some_pages_is_filled_in() -> None:
    texts = book(10)
    texts[4] = "A drawing without a footer"

    assert see(texts).labels(10)[4] == "5"
