from pathlib import Path

from examples import VERSION
from stored_pages import store_pages

from sourcier_core.types import Page
from sourcier_service.page_body import body_of


def bodies(folder: Path, *texts: str) -> list[str]:
    pages = [Page(number, text) for number, text in enumerate(texts, 1)]
    store = store_pages(folder, *pages)
    return [page.text[slice(*body_of(store, VERSION, page))] for page in pages]


def test_lines_that_begin_and_end_the_pages_around_alike_are_left_out(tmp_path: Path) -> None:
    bodies_of = ["The pump is oiled.", "The lock is greased.", "Cranes are parked.", "Boats are moored."]
    found = bodies(tmp_path, *(f"Field manual\n{text}\nPage {n}" for n, text in enumerate(bodies_of, 1)))

    assert [text.strip() for text in found] == bodies_of


def test_a_chapters_own_header_is_left_out_by_how_it_begins(tmp_path: Path) -> None:
    head = "Field operations and safety manual {} - {}"
    found = bodies(
        tmp_path,
        head.format(1, "Pumps") + "\nThe pump is oiled.",
        head.format(2, "Locks") + "\nThe lock is greased.",
        head.format(3, "Cranes") + "\nThe crane is parked.",
    )

    assert [text.strip() for text in found] == [
        "The pump is oiled.",
        "The lock is greased.",
        "The crane is parked.",
    ]


def test_left_and_right_pages_may_have_headers_of_their_own(tmp_path: Path) -> None:
    found = bodies(
        tmp_path, *(f"{('Left side', 'Right side')[n % 2]}\nWords of page {'abcde'[n]}" for n in range(5))
    )

    assert found[2].strip() == "Words of page c"


def test_a_line_of_two_pages_is_text(tmp_path: Path) -> None:
    found = bodies(tmp_path, "Same line\nOne", "Same line\nTwo", "Other\nThree", "More\nFour", "Last\nFive")

    assert found[0].startswith("Same line")


def test_a_text_pane_and_a_short_document_are_all_text(tmp_path: Path) -> None:
    assert bodies(tmp_path, "Same\nOne", "Same\nTwo") == ["Same\nOne", "Same\nTwo"]
    pane = Page(None, "Same\nOne")
    assert body_of(store_pages(tmp_path / "pane", pane), VERSION, pane) == (0, len(pane.text))


def test_pages_that_are_all_alike_keep_their_text(tmp_path: Path) -> None:
    assert bodies(tmp_path, "Same", "Same", "Same") == ["Same", "Same", "Same"]
