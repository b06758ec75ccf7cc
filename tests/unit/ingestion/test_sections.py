from hypothesis import given
from hypothesis import strategies as st

from sourcier_core.types import Heading, OutlineEntry, Page
from sourcier_ingestion.sections import MAX_DEPTH, MAX_TITLE, SectionStart, SectionTracker, path_at


def page(number: int, text: str, *headings: Heading) -> Page:
    return Page(number, text, headings)


def paths(starts: list[SectionStart]) -> list[tuple[int, tuple[str, ...]]]:
    return [(start.offset, start.path) for start in starts]


# --- headings of the pages


def test_a_heading_starts_a_section_where_it_stands() -> None:
    tracker = SectionTracker(())

    starts = tracker.see(page(1, "Intro\nTravel\ntext", Heading(6, 1, "Travel")))

    assert paths(starts) == [(0, ()), (6, ("Travel",))]


def test_a_heading_at_the_top_leaves_nothing_of_the_section_before() -> None:
    tracker = SectionTracker(())
    tracker.see(page(1, "A\n", Heading(0, 1, "A")))

    assert paths(tracker.see(page(2, "B\n", Heading(0, 1, "B")))) == [(0, ("B",))]


def test_a_section_goes_on_over_the_page() -> None:
    tracker = SectionTracker(())
    tracker.see(page(1, "Travel", Heading(0, 1, "Travel")))

    assert paths(tracker.see(page(2, "more of it"))) == [(0, ("Travel",))]


def test_deeper_headings_are_inside_and_equal_ones_end_the_former() -> None:
    tracker = SectionTracker(())
    text = "1\n1.1\n1.1.1\n1.2\n2\n"

    starts = tracker.see(
        page(
            1,
            text,
            Heading(0, 1, "1"),
            Heading(2, 2, "1.1"),
            Heading(6, 3, "1.1.1"),
            Heading(12, 2, "1.2"),
            Heading(16, 1, "2"),
        )
    )

    assert [path for _, path in paths(starts)] == [
        ("1",),
        ("1", "1.1"),
        ("1", "1.1", "1.1.1"),
        ("1", "1.2"),
        ("2",),
    ]


def test_a_level_left_out_is_no_gap_in_the_path() -> None:
    tracker = SectionTracker(())

    starts = tracker.see(page(1, "A\nB\nC", Heading(0, 1, "A"), Heading(2, 4, "B"), Heading(4, 2, "C")))

    assert [path for _, path in paths(starts)] == [("A",), ("A", "B"), ("A", "C")]


def test_a_heading_in_the_running_header_is_none() -> None:
    tracker = SectionTracker(())

    starts = tracker.see(
        page(1, "GUIDE\nTravel\n7", Heading(0, 1, "GUIDE"), Heading(6, 2, "Travel")), (6, 13)
    )

    assert paths(starts) == [(0, ()), (6, ("Travel",))]


# --- the file's outline


def test_the_outline_decides_where_there_is_one() -> None:
    tracker = SectionTracker((OutlineEntry(1, "Travel", 2),))
    tracker.see(page(1, "BIG LETTERS", Heading(0, 1, "BIG LETTERS")))

    assert paths(tracker.see(page(2, "intro\nTravel\ntext", Heading(0, 1, "intro")))) == [
        (0, ()),
        (6, ("Travel",)),
    ]


def test_an_outlines_title_is_found_whatever_its_case_and_line_breaks() -> None:
    tracker = SectionTracker((OutlineEntry(1, "1.2  Back  home", 1),))

    assert paths(tracker.see(page(1, "Text.\n1.2 BACK\nHOME\nmore"))) == [(0, ()), (6, ("1.2  Back  home",))]


def test_an_outlines_title_inside_a_sentence_is_not_its_heading() -> None:
    tracker = SectionTracker((OutlineEntry(1, "Travel", 1),))

    assert paths(tracker.see(page(1, "See Travel below.\nTravel\ntext")))[-1] == (18, ("Travel",))


def test_two_entries_of_one_title_are_found_one_after_the_other() -> None:
    tracker = SectionTracker((OutlineEntry(1, "A", 1), OutlineEntry(2, "Scope", 1), OutlineEntry(1, "B", 1)))

    starts = tracker.see(page(1, "A\nScope\nB\nScope"))

    assert paths(starts) == [(0, ("A",)), (2, ("A", "Scope")), (8, ("B",))]


def test_an_entry_that_is_not_printed_starts_where_the_one_before_does() -> None:
    tracker = SectionTracker((OutlineEntry(1, "Cover", 1),))

    assert paths(tracker.see(page(1, "Something else"))) == [(0, ("Cover",))]


def test_a_text_panes_headings_decide_though_they_are_its_outline_too() -> None:
    tracker = SectionTracker((OutlineEntry(1, "A", 1), OutlineEntry(1, "B", 1)))

    starts = tracker.see(Page(None, "# A\n# B", (Heading(0, 1, "A"), Heading(4, 1, "B"))))

    assert paths(starts) == [(0, ("A",)), (4, ("B",))]


# --- limits


def test_a_paragraph_in_the_outline_is_shortened_at_a_word() -> None:
    title = "word " * 30
    (start,) = SectionTracker(()).see(page(1, "x", Heading(0, 1, title.strip())))

    # 90 characters are 18 times "word "; the last, cut, space goes with it.
    assert start.path == (" ".join(["word"] * 18) + " …",)
    assert len(start.path[0]) <= MAX_TITLE + 2


def test_a_very_deep_path_is_cut() -> None:
    tracker = SectionTracker(())
    headings = [Heading(n, n + 1, f"h{n}") for n in range(10)]

    starts = tracker.see(page(1, "x" * 20, *headings))

    assert starts[-1].path == tuple(f"h{n}" for n in range(MAX_DEPTH))


# --- the path at a place


def test_the_path_at_an_offset_is_that_of_the_last_start_before_it() -> None:
    starts = [SectionStart(0, ("A",)), SectionStart(10, ("B",)), SectionStart(20, ("C",))]

    assert [path_at(starts, offset) for offset in (0, 9, 10, 19, 20, 99)] == [
        ("A",),
        ("A",),
        ("B",),
        ("B",),
        ("C",),
        ("C",),
    ]


def test_there_is_no_path_without_starts() -> None:
    assert path_at([], 5) == ()


@given(
    st.text(alphabet="Ab \n#", max_size=60),
    st.lists(st.tuples(st.integers(1, 8), st.sampled_from(["A", "b A", "A\tb", "??"])), max_size=6),
)
def test_starts_ascend_from_0_and_stay_on_the_page(text: str, entries: list[tuple[int, str]]) -> None:
    tracker = SectionTracker(tuple(OutlineEntry(level, title, 1) for level, title in entries))

    offsets = [start.offset for start in tracker.see(page(1, text))]

    assert offsets[0] == 0
    assert offsets == sorted(set(offsets))
    assert all(0 <= offset <= len(text) for offset in offsets)
