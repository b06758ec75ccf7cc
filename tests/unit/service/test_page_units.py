import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcier_core.types import Heading, Page, TableRow
from sourcier_service.page_units import MAX_ITEMS, MAX_LIST, WHOLE_LIST, answer_units
from sourcier_service.sentences import Unit


def units(text: str, *headings: Heading, rows: tuple[TableRow, ...] = ()) -> tuple[Page, tuple[Unit, ...]]:
    page = Page(1, text, headings=headings, rows=rows)
    return page, answer_units(page)


def answerable(text: str, *headings: Heading, rows: tuple[TableRow, ...] = ()) -> list[str]:
    page, found = units(text, *headings, rows=rows)
    return [unit.text(page) for unit in found]


# --- what is no answer


def test_headings_questions_and_scraps_do_not_answer() -> None:
    text = "4.2 Claims for costs\nWhen is a claim due? It is due in 30 days.\n\nSee above"

    assert answerable(text, Heading(0, 2, "4.2 Claims for costs")) == ["It is due in 30 days."]


@pytest.mark.parametrize(
    "caption",
    ["Tableau 12 – Régies en service", "Table 3: Rates by country", "Figure 2 - The north quay", "Table 7"],
)
def test_a_caption_does_not_answer(caption: str) -> None:
    assert answerable(f"{caption}\n\nThe rate is 40 euros.") == ["The rate is 40 euros."]


def test_a_sentence_about_a_table_is_no_caption() -> None:
    assert answerable("Table 3 shows the rates of each country.") == [
        "Table 3 shows the rates of each country."
    ]


def test_a_web_address_does_not_answer_and_one_in_a_sentence_stays() -> None:
    text = (
        "Source : https://example.org/how-do-i-file-a-claim\n\nFile the claim at https://example.org today."
    )

    assert answerable(text) == ["File the claim at https://example.org today."]


# --- short sentences


@pytest.mark.parametrize("short", ["Yes.", "Oui.", "Non !", "Travel costs.", "Changement de régisseur."])
def test_a_short_sentence_at_a_lines_start_is_joined_to_the_next(short: str) -> None:
    text = f"The rest is free and easy.\n{short} A ticket is kept by the traveller."

    assert answerable(text) == ["The rest is free and easy.", f"{short} A ticket is kept by the traveller."]


def test_a_short_sentence_inside_a_line_or_before_a_blank_line_stays_alone() -> None:
    assert answerable("The rest waits in the hall. All sign here. Then they leave the hall.") == [
        "The rest waits in the hall.",
        "All sign here.",
        "Then they leave the hall.",
    ]
    assert answerable("All sign here.\n\nThen they leave the hall.") == [
        "All sign here.",
        "Then they leave the hall.",
    ]


# --- what begins in mid-sentence


def fragments(text: str, *headings: Heading) -> list[tuple[str, bool]]:
    page, found = units(text, *headings)
    return [(unit.text(page), unit.fragment) for unit in found]


def test_what_begins_small_and_an_opening_without_its_list_are_fragments() -> None:
    assert fragments("of the works in two tanks. The rest is whole.\n\nThe rates are these:") == [
        ("of the works in two tanks.", True),
        ("The rest is whole.", False),
        ("The rates are these:", True),
    ]


def test_an_item_that_begins_small_is_whole() -> None:
    assert fragments("- the order of the day")[0] == ("- the order of the day", False)


# --- lists


def test_a_sentence_that_ends_in_a_colon_goes_on_through_its_list() -> None:
    text = "The file holds:\n- the order\n- the tickets\n- the claim.\n\nIt is kept for ten years."

    assert answerable(text) == [
        "The file holds: - the order - the tickets - the claim.",
        "It is kept for ten years.",
    ]


def test_an_indented_list_belongs_to_its_sentence_too() -> None:
    text = "Bring to the yard:\n  - a pen\n  - two gloves\n\nThe rest is there."

    assert answerable(text) == ["Bring to the yard: - a pen - two gloves", "The rest is there."]


def test_what_follows_a_colon_belongs_to_it_once_even_without_a_bullet() -> None:
    text = "The rule is this:\n\nKeep every ticket.\n\nThe rest is free."

    assert answerable(text) == ["The rule is this: Keep every ticket.", "The rest is free."]


def test_a_heading_ends_a_list() -> None:
    text = "The file holds:\n- the order\nAnnex\n- a form for all"

    assert answerable(text, Heading(28, 1, "Annex")) == ["The file holds: - the order", "- a form for all"]


def test_a_list_knows_its_items_in_order() -> None:
    page, (whole,) = units("Do this:\n1. Close the valve.\n2. Call the control room.\n3. Wait outside.")

    assert [page.text[slice(*item)] for item in whole.items] == [
        "1. Close the valve.",
        "2. Call the control room.",
        "3. Wait outside.",
    ]
    assert whole.lead is None


def test_a_list_without_an_opening_sentence_is_one_too() -> None:
    page, (whole,) = units("Leaving\n1. Close the valve.\n2. Wait outside.", Heading(0, 1, "Leaving"))

    assert whole.text(page) == "1. Close the valve. 2. Wait outside."
    assert len(whole.items) == 2


def test_sentences_between_two_numbers_belong_to_the_first() -> None:
    text = "1. Close the valve. It turns left. Do not force it.\n2. Wait outside.\nThe rest is free of care."
    page, (whole, rest) = units(text)

    assert [page.text[slice(*item)] for item in whole.items] == [
        "1. Close the valve. It turns left. Do not force it.",
        "2. Wait outside.",
    ]
    assert rest.text(page) == "The rest is free of care."


def test_a_number_one_begins_another_list() -> None:
    page, found = units("1. Close it now.\n2. Wait outside.\n1. Open it again.\n2. Come back in.")

    assert [unit.text(page) for unit in found] == [
        "1. Close it now. 2. Wait outside.",
        "1. Open it again. 2. Come back in.",
    ]


def test_an_opening_that_speaks_of_the_sentence_before_brings_it_along() -> None:
    text = "A notice is prepared by the office. Once signed, it is told so:\n1. The mayors.\n2. The schools."

    (whole,) = answerable(text)

    assert whole.startswith("A notice is prepared by the office. Once signed, it is told so: 1.")


def test_each_item_of_a_long_list_is_a_unit_that_knows_the_opening() -> None:
    items = [f"- thing number {n} of the long list of things that somebody carries" for n in range(8)]
    page, found = units("The bag holds:\n" + "\n".join(items))

    whole, *alone = found
    assert whole.end - whole.start > WHOLE_LIST
    assert [unit.text(page) for unit in alone] == items
    assert {unit.lead for unit in alone} == {(0, len("The bag holds:"))}
    assert {unit.context for unit in alone} == {(0, len("The bag holds:"))}


def test_a_list_too_long_to_quote_is_cut_before_the_item_that_does_not_fit() -> None:
    item = ("- " + "word " * 120).strip()  # 601 characters
    _, found = units("The file holds:\n" + "\n".join([item] * 6))

    whole = found[0]
    assert whole.end - whole.start <= MAX_LIST
    assert len(whole.items) == 3  # the fourth would end at 16 + 4 * 602


def test_a_whole_list_has_so_many_items_at_most() -> None:
    _, found = units("\n".join(f"{n}. Do the thing" for n in range(1, 20)))

    assert len(found[0].items) == MAX_ITEMS


# --- tables


def test_rows_answer_and_column_heads_do_not() -> None:
    text = "Vehicle Rate\ncar 0.50 euro\nbicycle 0.25 euro\n\nIn force since the first of May."
    rows = (TableRow(0, 12, None), TableRow(13, 26, (0, 12)), TableRow(27, 44, (0, 12)))

    page, found = units(text, rows=rows)

    assert [(unit.text(page), unit.header, unit.row) for unit in found] == [
        ("car 0.50 euro", (0, 12), True),
        ("bicycle 0.25 euro", (0, 12), True),
        ("In force since the first of May.", None, False),
    ]


# --- what holds for every page

_PIECES = st.sampled_from(
    [
        ". ",
        "? ",
        "\n",
        "\n\n",
        ":\n",
        "\n• ",
        "\n1. ",
        "\n2. ",
        "Le ",
        "pump ",
        "Oui. ",
        "a",
        "https://a.b ",
        "Table 1 – ",
        "12",
    ]
)


@st.composite
def pages(draw: st.DrawFn) -> Page:
    text = "".join(draw(st.lists(st.one_of(_PIECES, st.text(max_size=5)), max_size=60)))
    places = st.integers(0, len(text))
    headings = draw(
        st.lists(st.builds(Heading, places, st.integers(1, 3), st.text(min_size=1, max_size=12)), max_size=2)
    )
    cuts = sorted(draw(st.lists(places, max_size=6, unique=True)))
    rows = [TableRow(a, b, None) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    return Page(1, text, headings=tuple(headings), rows=tuple(rows))


@given(page=pages(), data=st.data())
def test_units_stand_inside_the_body_and_only_a_lists_items_overlap_it(
    page: Page, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(page.text)))
    end = data.draw(st.integers(start, len(page.text)))

    found = answer_units(page, (start, end))

    position = start
    for unit in found:
        assert start <= unit.start < unit.end <= end
        quote = page.text[unit.start : unit.end]
        assert quote == quote.strip()
        if not unit.lead and not _is_inside_a_list(unit, found):
            assert position <= unit.start
            position = unit.end
        inner = unit.start
        for first, last in unit.items:
            assert inner <= first < last <= unit.end
            inner = last


def _is_inside_a_list(unit: Unit, found: tuple[Unit, ...]) -> bool:
    return any(other.items and unit in {Unit(*item) for item in other.items} for other in found)
