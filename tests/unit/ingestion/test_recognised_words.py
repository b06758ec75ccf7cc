"""Boxes of quotes of a recognised page, worked out by hand: letters are 10 points wide, lines 20 apart."""

import pytest

from sourcier_core.types import Box, Page, PageFindings, PageSource, RecognisedWord
from sourcier_ingestion.recognised_words import recognised_quote

LINES = ["Claims are filed", "within 30 days."]
TEXT = "\n".join(LINES)


def page(rotation: int = 0, extra: tuple[RecognisedWord, ...] = ()) -> Page:
    words, start = [], 0
    for row, line in enumerate(LINES):
        column = 0
        for word in line.split():
            x0, y0 = 100 + 10 * column, 50 + 20 * row
            x1, y1 = x0 + 10 * len(word), y0 + 12
            box = Box(x0, y0, x1, y1)
            if rotation == 90:  # read downwards, the first line on the right
                box = Box(600 - y1, x0, 600 - y0, x1)
            words.append(RecognisedWord(start, start + len(word), box, 0.9))
            start += len(word) + 1
            column += len(word) + 1
    findings = PageFindings(
        source=PageSource.OCR, width=600, height=800, rotation=rotation, words=(*words, *extra)
    )
    return Page(1, TEXT, findings=findings)


def test_a_quote_over_two_lines_has_a_box_on_each() -> None:
    start, end = TEXT.index("are"), TEXT.index(" days")

    found = recognised_quote(page(), start, end)

    # "are filed" begins after 7 letters and has 9; "within 30" has 9.
    assert found.boxes == (Box(170, 50, 260, 62), Box(100, 70, 190, 82))
    assert found.verified
    assert (found.width, found.height) == (600, 800)


def test_a_quote_that_cuts_a_word_has_its_part_of_the_words_box() -> None:
    start = TEXT.index("days.")

    found = recognised_quote(page(), start, start + 4)

    # "days." begins after 10 letters; four of its five are quoted.
    assert found.boxes == (Box(200, 70, 240, 82),)
    assert found.verified


def test_a_turned_page_has_boxes_along_its_lines() -> None:
    start = TEXT.index("days.")

    found = recognised_quote(page(rotation=90), start, start + 4)

    assert found.boxes == (Box(518, 200, 530, 240),)
    assert found.verified


def test_another_word_inside_the_boxes_proves_nothing() -> None:
    stray = RecognisedWord(len(TEXT) - 5, len(TEXT), Box(120, 52, 130, 60), 0.9)

    found = recognised_quote(page(extra=(stray,)), 0, len("Claims are filed"))

    assert not found.verified


@pytest.mark.parametrize(("start", "end"), [(0, 0), (6, 7)], ids=["empty", "a space"])
def test_a_span_without_a_word_has_no_box(start: int, end: int) -> None:
    found = recognised_quote(page(), start, end)

    assert (found.boxes, found.verified) == ((), False)
