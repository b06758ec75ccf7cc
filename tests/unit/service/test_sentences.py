from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcier_core.types import Heading, Page, TableRow
from sourcier_service.sentences import MAX_UNIT, Unit, is_clause, is_item, split_units


def shown(text: str, *headings: Heading, rows: tuple[TableRow, ...] = ()) -> list[str]:
    page = Page(1, text, headings=headings, rows=rows)
    return [unit.text(page) for unit in split_units(page, 0, len(text))]


# --- sentences


def test_a_sentence_ends_at_a_full_stop_before_white_space() -> None:
    assert shown("Tickets are kept. Claims follow! Who signs? Done") == [
        "Tickets are kept.",
        "Claims follow!",
        "Who signs?",
        "Done",
    ]


def test_a_sentence_goes_on_over_a_line_break() -> None:
    assert shown("The agent files the\nclaim. The rest waits.") == [
        "The agent files the claim.",
        "The rest waits.",
    ]


def test_a_blank_line_ends_a_sentence() -> None:
    assert shown("Without a stop\n  \nAnother paragraph") == ["Without a stop", "Another paragraph"]


@pytest.mark.parametrize(
    "text",
    [
        "Selon l'art. 12 du décret, la note est due.",
        "Mme. Dupont signe, M. Petit contresigne.",
        "See fig. 3 and p. 12 of the manual.",
        "J. R. Martin signs.",
        "The U.S. Army and the U.K. Navy agree.",
        "Use a glove, e.g. Kevlar, at 8 a.m. Monday.",
        "Le poste coûte env. 1 200 € par an.",
        "The rate is 0.42 euro, version 2.1.3 of the list.",
        "He left at once... but came back.",  # what follows begins small
        "Me. Durand et Mmes. Roy plaident, c.-à-d. deux avocates.",
        "Call ext. 2190, incl. Sundays, or Prof. Hale.",
        "Bring gloves, boots, etc. and a hat.",
    ],
)
def test_a_stop_that_ends_no_sentence_does_not_cut(text: str) -> None:
    assert shown(text) == [text]


def test_etc_ends_a_sentence_before_a_capital_letter() -> None:
    assert shown("Bring gloves, boots, etc. Then sign.") == ["Bring gloves, boots, etc.", "Then sign."]


def test_a_stop_without_a_space_ends_a_sentence_between_words() -> None:
    assert shown("Attendez notre réponse.Vous pouvez écrire.C'est gratuit. Fin") == [
        "Attendez notre réponse.",
        "Vous pouvez écrire.",
        "C'est gratuit.",
        "Fin",
    ]


@pytest.mark.parametrize("text", ["Install Node.Js here", "see www.Example.Com now", "le site beta.Gouv"])
def test_a_stop_inside_a_name_ends_nothing(text: str) -> None:
    assert shown(text) == [text]


def test_an_abbreviation_is_one_only_as_a_whole_word() -> None:
    assert shown("He was given a part. The rest waits.") == ["He was given a part.", "The rest waits."]


def test_closing_marks_belong_to_the_sentence() -> None:
    assert shown('He said "stop." Then (he left.) Then all.') == [
        'He said "stop."',
        "Then (he left.)",
        "Then all.",
    ]


def test_a_french_closing_quotation_mark_stays_behind_its_space() -> None:
    assert shown("Il a dit « C'est fini. » Puis il part.") == ["Il a dit « C'est fini. »", "Puis il part."]
    assert shown("« Vraiment\u00a0?\u00a0» demanda-t-elle. Oui.") == [
        "« Vraiment ? » demanda-t-elle.",
        "Oui.",
    ]


def test_a_text_without_any_end_is_cut_at_a_lines_end_below_the_limit() -> None:
    line = "x" * 299
    text = "\n".join([line, line, line])  # 899 characters

    assert shown(text) == [f"{line} {line}", line]  # 599 characters, then the rest: all three are over 700


def test_a_text_without_any_line_end_is_cut_at_the_limit() -> None:
    units = split_units(Page(1, "x" * (MAX_UNIT + 50)), 0, MAX_UNIT + 50)

    assert [(unit.start, unit.end) for unit in units] == [(0, 700), (700, 750)]


def test_a_long_text_pane_costs_no_more_than_its_length() -> None:
    sentences = 20_000  # a megabyte: minutes of work where each sentence looks at all before it
    text = "This is a sentence of some fifty characters in all. " * sentences

    assert len(split_units(Page(None, text), 0, len(text))) == sentences


# --- lists


@pytest.mark.parametrize(
    "bullet", ["•", "-", "–", "—", "*", "■", "1.", "12)", "(3)", "a)", "(b)", "[ ]", "[x]"]
)
def test_each_item_of_a_list_is_a_unit(bullet: str) -> None:
    text = f"{bullet} first thing\n{bullet} second thing\n  {bullet} third thing"
    page = Page(1, text)

    units = split_units(page, 0, len(text))

    assert [unit.text(page) for unit in units] == [
        f"{bullet} first thing",
        f"{bullet} second thing",
        f"{bullet} third thing",
    ]
    assert all(is_item(page, unit) for unit in units)


def test_what_follows_on_the_line_is_no_item() -> None:
    text = "Bring:\n- a pen. - and a hat."
    page = Page(1, text)

    units = split_units(page, 0, len(text))

    assert [(unit.text(page), is_item(page, unit)) for unit in units] == [
        ("Bring:", False),
        ("- a pen.", True),
        ("- and a hat.", False),
    ]


def test_a_number_that_begins_a_line_without_a_point_is_no_item() -> None:
    page = Page(1, "12 months of service are needed.")

    assert not is_item(page, Unit(0, len(page.text)))


def test_a_numbered_paragraph_is_a_unit_and_no_item() -> None:
    text = (
        "5.1.2 The line manager\n5.1.3 The employee. 5.2 stays here\n5.2 Others include:\n1.5 litres of oil"
    )
    page = Page(1, text)

    units = split_units(page, 0, len(text))

    assert [(unit.text(page), is_clause(page, unit), is_item(page, unit)) for unit in units] == [
        ("5.1.2 The line manager", True, False),
        ("5.1.3 The employee.", True, False),
        ("5.2 stays here", False, False),
        ("5.2 Others include: 1.5 litres of oil", True, False),
    ]


# --- headings and rows


def test_a_heading_is_a_unit_of_its_own() -> None:
    text = "4.2 Claims\nFile them soon. Keep the tickets."
    page = Page(1, text, headings=(Heading(0, 2, "4.2 Claims"),))

    units = split_units(page, 0, len(text))

    assert [(unit.text(page), unit.heading) for unit in units] == [
        ("4.2 Claims", True),
        ("File them soon.", False),
        ("Keep the tickets.", False),
    ]


def test_a_heading_over_two_lines_ends_with_its_last_word() -> None:
    text = "Before.\nPumps and their\nregular care\nOil them."

    found = shown(text, Heading(8, 1, "Pumps and their regular care"))

    assert found == ["Before.", "Pumps and their regular care", "Oil them."]


def test_a_heading_whose_next_line_begins_small_is_a_sentences_first_line() -> None:
    text = "At the north quay the cash box holds at most\nsix thousand euros. Count it daily."

    found = shown(text, Heading(0, 3, "At the north quay the cash box holds at most"))

    assert found == ["At the north quay the cash box holds at most six thousand euros.", "Count it daily."]


def test_each_row_is_a_unit_that_knows_its_header() -> None:
    text = "Rate Price\nup to 5,000 km 0.50\nabove 5,000 km 0.42\nIn force since May."
    rows = (TableRow(0, 10, None), TableRow(11, 30, (0, 10)), TableRow(31, 50, (0, 10)))
    page = Page(1, text, rows=rows)

    units = split_units(page, 0, len(text))

    assert [(unit.text(page), unit.header) for unit in units] == [
        ("Rate Price", None),
        ("up to 5,000 km 0.50", (0, 10)),
        ("above 5,000 km 0.42", (0, 10)),
        ("In force since May.", None),
    ]


def test_a_row_with_a_full_stop_stays_whole() -> None:
    text = "No. 12. Pump. Main hall."

    assert shown(text, rows=(TableRow(0, len(text), None),)) == [text]


def test_only_the_span_asked_for_is_split() -> None:
    text = "One two three. Four five six. Seven eight."
    page = Page(1, text)

    assert [unit.text(page) for unit in split_units(page, 15, 29)] == ["Four five six."]


# --- what holds for every page

_PIECES = st.sampled_from(
    [
        ". ",
        "! ",
        "\n",
        "\n\n",
        " - ",
        "\n• ",
        "\n1. ",
        "M. ",
        "Le ",
        "pump ",
        "« ",
        " »",
        "a",
        "\u00a0",
        "…",
        "é",
        "\t",
    ]
)


@st.composite
def pages(draw: st.DrawFn) -> Page:
    text = "".join(draw(st.lists(st.one_of(_PIECES, st.text(max_size=6)), max_size=60)))
    places = st.integers(0, len(text))
    headings = draw(
        st.lists(st.builds(Heading, places, st.integers(1, 3), st.text(min_size=1, max_size=12)), max_size=3)
    )
    cuts = sorted(draw(st.lists(places, max_size=6, unique=True)))
    rows = [TableRow(start, end, None) for start, end in pairwise(cuts)]
    return Page(1, text, headings=tuple(headings), rows=tuple(rows[::2]))


@given(page=pages(), data=st.data())
def test_units_are_spans_in_order_that_do_not_overlap_and_miss_no_word(
    page: Page, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(page.text)))
    end = data.draw(st.integers(start, len(page.text)))

    units = split_units(page, start, end)

    position = start
    for unit in units:
        assert position <= unit.start < unit.end <= end
        assert not page.text[position : unit.start].strip()  # nothing but white space is left out
        quote = page.text[unit.start : unit.end]
        assert quote == quote.strip()
        position = unit.end
    assert not page.text[position:end].strip()


@given(text=st.text(st.sampled_from("ab .\n-•"), max_size=400))
def test_no_sentence_is_over_the_limit(text: str) -> None:
    long = text * 5
    assert all(unit.end - unit.start <= MAX_UNIT for unit in split_units(Page(1, long), 0, len(long)))
