from pathlib import Path

from examples import VERSION, a_scored_chunk
from stored_pages import store_pages

from sourcier_core.types import Chunk, Heading, OutlineEntry, Page
from sourcier_service.unit_sections import UnitSections


def a_chunk(page: int | None, start: int, *section: str) -> Chunk:
    return a_scored_chunk(page=page, start=start, end=400, section=section).chunk


def test_a_unit_below_a_heading_inside_its_chunk_stands_in_that_section(tmp_path: Path) -> None:
    text = "Claims go on here.\n4.3 Advances\nAn advance is asked for."
    page = Page(2, text, headings=(Heading(19, 2, "4.3 Advances"),))
    first = Page(1, "4 Travel\n4.2 Claims", headings=(Heading(0, 1, "4 Travel"), Heading(9, 2, "4.2 Claims")))
    sections = UnitSections(store_pages(tmp_path, first, page))
    chunk = a_chunk(2, 0, "4 Travel", "4.2 Claims")

    assert sections.at(chunk, page, 0) == ("4 Travel", "4.2 Claims")
    assert sections.at(chunk, page, text.index("An advance")) == ("4 Travel", "4.3 Advances")


def test_levels_that_are_nowhere_seen_follow_the_depth(tmp_path: Path) -> None:
    page = Page(1, "Text goes on.\n5 Pay\nPay is monthly.", headings=(Heading(14, 1, "5 Pay"),))
    sections = UnitSections(store_pages(tmp_path, page))

    assert sections.at(a_chunk(1, 0, "4 Travel", "4.2 Claims"), page, 20) == ("5 Pay",)


def test_a_file_with_an_outline_is_divided_by_it(tmp_path: Path) -> None:
    text = "Go on.\nAdvances\nAn advance is asked for."
    pages = [Page(1, "Travel"), Page(2, text, headings=(Heading(0, 5, "Go on."),))]
    outline = [OutlineEntry(1, "Travel", 1), OutlineEntry(2, "Claims", 1), OutlineEntry(2, "Advances", 2)]
    sections = UnitSections(store_pages(tmp_path, *pages, outline=outline))
    chunk = a_chunk(2, 0, "Travel", "Claims")

    assert sections.at(chunk, pages[1], 0) == ("Travel", "Claims")
    assert sections.at(chunk, pages[1], text.index("An advance")) == ("Travel", "Advances")


def test_a_text_pane_knows_all_its_headings(tmp_path: Path) -> None:
    text = "# Pay\nMonthly.\n## Bonus\nYearly.\n# Leave\nDaily."
    headings = (Heading(0, 1, "Pay"), Heading(15, 2, "Bonus"), Heading(32, 1, "Leave"))
    page = Page(None, text, headings=headings)
    sections = UnitSections(store_pages(tmp_path, page))

    found = [
        sections.at(a_chunk(None, 0, "Pay"), page, text.index(w)) for w in ("Monthly", "Yearly", "Daily")
    ]

    assert found == [("Pay",), ("Pay", "Bonus"), ("Leave",)]


def test_a_shortened_title_is_still_found(tmp_path: Path) -> None:
    title = "A very long heading " * 6
    shown = "A very long heading " * 4 + "A very …"
    first = Page(1, title, headings=(Heading(0, 1, title.strip()),))
    page = Page(2, "Go on.\nSub\nWords.", headings=(Heading(7, 2, "Sub"),))
    sections = UnitSections(store_pages(tmp_path, first, page))

    assert sections.at(a_chunk(2, 0, shown), page, 11) == (shown, "Sub")


def test_without_a_heading_between_the_chunks_section_holds(tmp_path: Path) -> None:
    page = Page(1, "One. Two.")

    assert UnitSections(store_pages(tmp_path, page)).at(a_chunk(1, 0, "Pay"), page, 5) == ("Pay",)
    assert VERSION  # the chunk's version is the one stored
