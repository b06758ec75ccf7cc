from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcier_core.types import Page, TableRow
from sourcier_service.table_rows import is_caption, table_rows


def table(
    *lines: str, rows: Sequence[int] | None = None, header: int | None = None
) -> list[tuple[str, str | None]]:
    """Put rows together.

    Args:
        lines: Of the page.
        rows: Which of them ingestion took for table lines; default all.
        header: Which of them it took for the header of those after it.
    """
    spans: list[tuple[int, int]] = []
    for line in lines:
        start = spans[-1][1] + 1 if spans else 0
        spans.append((start, start + len(line)))
    known = range(len(lines)) if rows is None else rows
    head = spans[header] if header is not None else None
    stored = tuple(
        TableRow(*spans[n], head if header is not None and n > header else None) for n in known if n != header
    )
    if header is not None:
        stored = tuple(sorted((*stored, TableRow(*spans[header], None)), key=lambda row: row.start))
    page = Page(1, "\n".join(lines), rows=stored)
    return [
        (
            " ".join(page.text[row.start : row.end].split()),
            "head"
            if row.is_head
            else " ".join(page.text[slice(*row.header)].split())
            if row.header
            else None,
        )
        for row in table_rows(page, 0, len(page.text))
    ]


def test_a_row_of_one_line_keeps_its_header() -> None:
    assert table("Country Full day", "Norway 211", "Poland 109", header=0) == [
        ("Country Full day", "head"),
        ("Norway 211", "Country Full day"),
        ("Poland 109", "Country Full day"),
    ]


def test_a_cell_that_wraps_is_part_of_its_row() -> None:
    found = table(
        "Code Office Ceiling Use",
        "RA-4 Harbour office of",
        "Port-Selve",
        "3 500 180 food, help to",
        "crews",
        "RA-5 Canal 600 80 tools",
        "RA-6 Works 500 80 tools",
        header=0,
    )

    assert [text for text, _ in found[1:]] == [
        "RA-4 Harbour office of Port-Selve 3 500 180 food, help to crews",
        "RA-5 Canal 600 80 tools",
        "RA-6 Works 500 80 tools",
    ]


def test_a_cell_that_ingestion_lost_between_two_rows_is_found_again() -> None:
    found = table(
        "Document Kept for",
        "Log of Port-Selve 2 ans",
        "Log of the tower of",  # not known as a row
        "Anse-Noire",  # nor this
        "6 ans payment",
        "Radio record 45 jours",
        rows=[0, 1, 4, 5],
        header=0,
    )

    assert found[2] == ("Log of the tower of Anse-Noire 6 ans payment", "Document Kept for")


def test_a_first_cell_on_a_line_of_its_own_belongs_to_its_row() -> None:
    found = table(
        "Bonus Who Amount",
        "Night bonus",
        "Operator of the works 94.00",
        "Tide bonus Quay 76.00",
        "Crane bonus",
        "Driver of the crane 85.00",
        header=0,
    )

    assert [text for text, _ in found[1:]] == [
        "Night bonus Operator of the works 94.00",
        "Tide bonus Quay 76.00",
        "Crane bonus Driver of the crane 85.00",
    ]


def test_a_row_may_begin_with_a_small_letter_or_a_figure() -> None:
    assert [
        text for text, _ in table("Rate Price", "up to 5,000 km 0.50", "above 5,000 km 0.42", header=0)
    ] == [
        "Rate Price",
        "up to 5,000 km 0.50",
        "above 5,000 km 0.42",
    ]
    channels = table(
        "Channel Use Power", "16 Distress 25 W", "12 Port control 25 W", "9 Marina 5 W", header=0
    )
    assert len(channels) == 4


def test_column_heads_that_wrap_are_one_header() -> None:
    found = table(
        "Table 12 – Offices in service",
        "Code Office",
        "Advance",
        "in all",
        "(€)",
        "Uses",
        "RA-1 Water house 4 000 post, stamps",
        "RA-2 Works 1 500 parts",
        "RA-3 Canal 1 200 parts",
        rows=[5, 6, 7, 8],
        header=5,
    )

    assert [text for text, mark in found if mark == "head"] == ["Code Office", "Advance in all (€)", "Uses"]
    assert {mark for _, mark in found if mark != "head"} == {"Code Office Advance in all (€) Uses"}


def test_neither_a_running_line_nor_a_row_of_figures_is_a_header() -> None:
    """As stored: the page's first line heads all, and below it a row heads the rows after it."""
    found = table(
        "Table 27 – Isolation points",
        "Point Equipment Padlocks",
        "H-301 Sea lock 5",
        "H-302 Boat lift 5",
        "H-303 Ramp 4",
        rows=[1, 2, 3, 4],
        header=2,
    )

    assert found[0] == ("Point Equipment Padlocks", "head")
    assert {mark for _, mark in found[1:]} == {"Point Equipment Padlocks"}


def test_a_caption_begins_another_table() -> None:
    found = table(
        "Gas Alarm",
        "Oxygen 19.5",
        "Chlorine 0.3",
        "Table 22 – By place",
        "Place Gas Level 1 Level 2",
        "Store Chlorine 0.5 2",
        "Hall Ammonia 20 60",
        header=0,
    )

    assert [mark for _, mark in found] == [
        "head",
        "Gas Alarm",
        "Gas Alarm",
        "head",
        "Place Gas Level 1 Level 2",
        "Place Gas Level 1 Level 2",
    ]


def test_a_sentence_that_was_taken_for_a_row_is_none() -> None:
    found = table(
        "Point Padlocks",
        "Ramp 6",
        "The two ferry ramps are never isolated at the same time of the day.",
        header=0,
    )

    assert [text for text, _ in found] == ["Point Padlocks", "Ramp 6"]


def test_a_parts_title_is_no_first_cell() -> None:
    found = table("Item 2025 2024", "Current assets:", "Cash 100 90", "Stock 80 70", header=0)

    assert [text for text, _ in found[1:]] == ["Current assets:", "Cash 100 90", "Stock 80 70"]


def test_markdown_rows_stay_as_written() -> None:
    found = table("| Country | Rate |", "| Norway | 211 |", "| of the north | 1 |", header=0)

    assert [text for text, _ in found] == ["| Country | Rate |", "| Norway | 211 |", "| of the north | 1 |"]


def test_a_page_without_rows_has_none() -> None:
    assert table_rows(Page(1, "Norway 211\nPoland 109"), 0, 21) == ()


@pytest.mark.parametrize("line", ["Tableau 12 – Régies", "Table A: Rates", "Figure 3", "Table 7 (continued)"])
def test_a_line_that_names_a_table_is_a_caption(line: str) -> None:
    assert is_caption(line)


@pytest.mark.parametrize("line", ["Table 3 shows the rates.", "Tables are clean.", "Figures of the year"])
def test_a_line_that_speaks_of_one_is_none(line: str) -> None:
    assert not is_caption(line)


_LINES = st.lists(st.text(st.sampled_from("Aa 1,.–(€-\u00a0"), max_size=30), min_size=1, max_size=20)


@given(lines=_LINES, data=st.data())
def test_rows_stand_in_order_inside_the_part_asked_for(lines: list[str], data: st.DataObject) -> None:
    text = "\n".join(lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=10, unique=True)))
    header = data.draw(st.none() | st.just((0, min(3, len(text)))))
    page = Page(1, text, rows=tuple(TableRow(a, b, header) for a, b in pairwise(cuts)))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))

    position = start
    for row in table_rows(page, start, end):
        assert position <= row.start <= row.end <= end
        position = row.end
        if row.header:
            assert start <= row.header[0] <= row.header[1] <= row.start
