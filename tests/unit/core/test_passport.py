"""A passport is the sum of its pages."""

from dataclasses import replace

import pytest

from sourcier_core.passport import (
    PassportMaker,
    count_tables,
    from_json,
    page_warnings,
    passport_values,
    summarise,
    to_json,
)
from sourcier_core.types import (
    Heading,
    HiddenText,
    MediaType,
    OutlineEntry,
    Page,
    PageFindings,
    PageSource,
    Passport,
    Structure,
    TableRow,
)

ENGLISH = "The traveller files a claim within thirty days of the return, with all the receipts."
FRENCH = "L'agent dépose sa demande dans les trente jours suivant son retour, avec les justificatifs."
STRUCTURE = Structure(MediaType.PDF, 3, outline=(OutlineEntry(1, "Claims", 1),))


def passport(*pages: Page, structure: Structure = STRUCTURE) -> Passport:
    maker = PassportMaker()
    for page in pages:
        maker.see(page)
    return maker.finish(replace(structure, page_count=len(pages)))


def found(number: int = 1, text: str = ENGLISH, warning: str | None = None, **findings: object) -> Page:
    return Page(number, text, warning=warning, findings=PageFindings(**findings))  # type: ignore[arg-type]


def test_ordinary_pages_are_counted_and_nothing_is_doubted() -> None:
    headings = (Heading(0, 1, "Claims"), Heading(9, 2, "Receipts"))
    made = passport(Page(1, ENGLISH, headings=headings), Page(2, FRENCH), Page(3, ENGLISH + " Again."))

    assert (made.pages, made.headings, made.outline, made.tables) == (3, 2, 1, 0)
    assert made.languages == (("en", 2), ("fr", 1))
    assert summarise(made) == {}


@pytest.mark.parametrize(
    ("page", "lists"),
    [
        (found(text="", warning="blank"), {"without_text"}),
        (found(text="", warning="image_only"), {"without_text", "image_only"}),
        (found(text="", warning="unreadable", failure="document_broken"), {"without_text", "unreadable"}),
        (found(source=PageSource.OCR), {"recognised"}),
        (found(source=PageSource.SECOND_READER), {"second_reader"}),
        (found(source=PageSource.REPAIRED), {"second_reader"}),
        (found(ocr_layer=True), {"ocr_layer"}),
        (found(rotation=90), {"rotated"}),
        (found(garbled=0.1), {"garbled"}),
        (found(garbled=0.09), set()),
        (found(hidden=(HiddenText("tiny", "psst"),)), {"invisible_text"}),
        (found(hidden=(HiddenText("off_page", "psst"),)), {"off_page_text"}),
    ],
)
def test_a_finding_puts_its_page_on_a_list(page: Page, lists: set[str]) -> None:
    made = passport(Page(1, FRENCH), replace(page, number=2))

    assert set(summarise(made)) == lists
    assert all(getattr(made, name) == (2,) for name in lists)


def test_a_page_that_says_the_same_is_a_duplicate_of_the_first() -> None:
    made = passport(
        Page(1, f"Guide, page 1\n{ENGLISH}\n1"),
        Page(2, f"Guide, page 2\n{FRENCH}\n2"),
        Page(3, f"Guide,  page 3\n{ENGLISH.upper()}\n3"),
        Page(4, f"Guide, page 4\n{ENGLISH}\n4"),
    )

    assert made.duplicates == ((3, 1), (4, 1))


def test_pages_that_differ_in_a_figure_or_say_little_are_no_duplicates() -> None:
    rows = "Code Station Flow\nP-01 North {} cubic metres an hour\nP-02 South, which is closed in winter\nEnd"

    made = passport(Page(1, rows.format(725)), Page(2, rows.format(1000)), Page(3, "Annex"), Page(4, "Annex"))

    assert made.duplicates == ()


def test_what_was_kept_out_is_listed_with_its_page() -> None:
    made = passport(
        Page(1, FRENCH), found(2, hidden=(HiddenText("covered", "one"), HiddenText("tiny", "two")))
    )

    assert [(page, hidden.reason, hidden.text) for page, hidden in made.hidden] == [
        (2, "covered", "one"),
        (2, "tiny", "two"),
    ]


def test_tables_are_told_apart_by_their_headers() -> None:
    head, other = (0, 10), (50, 60)
    rows = (
        TableRow(*head, None),  # a header and its two rows
        TableRow(11, 20, head),
        TableRow(21, 30, head),
        TableRow(*other, None),  # another
        TableRow(61, 70, other),
        TableRow(80, 90, None),  # two rows without one
        TableRow(91, 99, None),
    )

    assert count_tables(Page(1, "x" * 100, rows=rows)) == 3
    assert count_tables(Page(1, "x" * 100, rows=tuple(TableRow(k, k + 5, (0, 4)) for k in (10, 20)))) == 1
    assert count_tables(Page(1, "x")) == 0


def test_the_text_of_a_repaired_file_is_doubted_on_each_page() -> None:
    repaired = replace(STRUCTURE, warnings=("repaired",))

    assert summarise(passport(Page(1, ENGLISH), Page(2, FRENCH), structure=repaired)) == {"repaired": 2}
    assert page_warnings(Page(1, ENGLISH), repaired) == ("repaired",)


def test_warnings_of_a_page_are_in_one_order() -> None:
    page = found(source=PageSource.OCR, garbled=0.4, hidden=(HiddenText("tiny", "psst"),), rotation=90)

    assert page_warnings(page, STRUCTURE) == ("ocr", "garbled", "hidden_text")
    assert page_warnings(Page(1, ENGLISH), STRUCTURE) == ()


def test_a_passport_comes_back_as_it_was_written() -> None:
    made = passport(
        Page(1, ENGLISH * 2),
        found(2, ENGLISH * 2, hidden=(HiddenText("tiny", "«\u00a0psst\u00a0»"),), rotation=180),
        found(3, "", warning="image_only"),
    )

    assert from_json(to_json(made)) == made
    assert passport_values(made)["languages"] == {"en": 2}
    assert passport_values(made)["duplicates"] == [[2, 1]]
