from pathlib import Path

from examples import VERSION
from stored_pages import store_pages

from sourcier_core.types import Heading, Page
from sourcier_service.page_pieces import PagePieces
from sourcier_service.page_units import MAX_ITEMS, answer_units
from sourcier_service.sentences import Unit


def pieces(folder: Path, *pages: Page, of: str) -> list[tuple[int | None, str]]:
    """Return page and words of the pieces of the first unit that begins with given words."""
    store = store_pages(folder, *pages)
    page, unit = next(
        (page, unit) for page in pages for unit in answer_units(page) if unit.text(page).startswith(of)
    )
    return [(found.number, piece.text(found)) for found, piece in PagePieces(store).of(VERSION, page, unit)]


FIRST = Page(1, "Do this now:\n1. Close the valve.\n2. Call the office.")
SECOND = Page(2, "3. Wait outside the door.\n4. Write it down.\n\nThe rest is free of care.")


def test_steps_go_on_where_the_next_page_counts_on(tmp_path: Path) -> None:
    whole = [
        (1, "Do this now: 1. Close the valve. 2. Call the office."),
        (2, "3. Wait outside the door. 4. Write it down."),
    ]

    assert pieces(tmp_path / "a", FIRST, SECOND, of="Do this") == whole
    assert pieces(tmp_path / "b", FIRST, SECOND, of="3.") == whole


def test_the_last_step_alone_on_its_page_is_found_too(tmp_path: Path) -> None:
    assert len(pieces(tmp_path, FIRST, Page(2, "3. Wait outside.\nThe rest is free."), of="Do this")) == 2


def test_another_count_is_another_list(tmp_path: Path) -> None:
    assert len(pieces(tmp_path, FIRST, Page(2, "5. Wait outside.\n6. Write it down."), of="Do this")) == 1
    assert len(pieces(tmp_path / "b", FIRST, Page(2, "1. Wait outside.\n2. Write."), of="Do this")) == 1


def test_a_heading_between_ends_a_list(tmp_path: Path) -> None:
    page = Page(
        2, "Leaving\n3. Wait outside the door.\n4. Write it down.", headings=(Heading(0, 1, "Leaving"),)
    )

    assert len(pieces(tmp_path, FIRST, page, of="Do this")) == 1


def test_bullets_go_on_with_the_same_bullet(tmp_path: Path) -> None:
    bag = Page(1, "The bag holds:\n• a pen\n• two gloves")

    assert len(pieces(tmp_path / "a", bag, Page(2, "• one hat\n• a map"), of="The bag")) == 2
    assert len(pieces(tmp_path / "b", bag, Page(2, "- one hat\n- a map"), of="The bag")) == 1


def test_an_opening_at_the_foot_of_a_page_finds_its_list(tmp_path: Path) -> None:
    found = pieces(tmp_path, Page(1, "Do all of this:"), Page(2, "1. Close it.\n2. Wait."), of="Do all")

    assert found == [(1, "Do all of this:"), (2, "1. Close it. 2. Wait.")]


def test_the_two_halves_of_a_sentence_are_found_from_either(tmp_path: Path) -> None:
    first, second = (
        Page(1, "All is well on board now. The rope lies"),
        Page(2, "on the body of the diver. Then he rests."),
    )
    whole = [(1, "The rope lies"), (2, "on the body of the diver.")]

    assert pieces(tmp_path / "a", first, second, of="The rope") == whole
    assert pieces(tmp_path / "b", first, second, of="on the body") == whole


def test_whole_sentences_have_no_pieces(tmp_path: Path) -> None:
    first, second = (
        Page(1, "All is well on board now. The rope lies still."),
        Page(2, "Then the diver rests."),
    )

    assert pieces(tmp_path, first, second, of="The rope") == [(1, "The rope lies still.")]


def test_a_text_pane_has_no_next_page(tmp_path: Path) -> None:
    assert pieces(tmp_path, Page(None, "The rope lies"), of="The rope") == [(None, "The rope lies")]


def test_both_pages_together_have_no_more_items_than_a_list_may(tmp_path: Path) -> None:
    first = Page(1, "\n".join(f"{n}. Do the thing" for n in range(1, 11)))
    second = Page(2, "\n".join(f"{n}. Do the thing" for n in range(11, 20)))
    store = store_pages(tmp_path, first, second)
    whole: Unit = answer_units(first)[0]

    found = PagePieces(store).of(VERSION, first, whole)

    assert sum(len(piece.items) for _, piece in found) == MAX_ITEMS
