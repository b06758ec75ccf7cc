from dataclasses import dataclass
from itertools import pairwise

import pytest
from fakes import HashEmbedder
from hypothesis import given, settings
from hypothesis import strategies as st

from sourcier_core.settings import ChunkingSettings
from sourcier_core.types import Page, TableRow
from sourcier_ingestion.chunking import Chunker, Span
from sourcier_ingestion.sections import SectionStart

TOKENS = 40
count = HashEmbedder().count_tokens
TOP = [SectionStart(0, ())]


@pytest.fixture(scope="module")
def chunker() -> Chunker:
    return Chunker(ChunkingSettings(tokens=TOKENS, context_tokens=12), count)


def pane(text: str, rows: tuple[TableRow, ...] = ()) -> Page:
    return Page(1, text, rows=rows)


def texts(page: Page, spans: list[Span]) -> list[str]:
    return [page.text[span.start : span.end] for span in spans]


def split_all(chunker: Chunker, page: Page, starts: list[SectionStart] | None = None) -> list[Span]:
    return chunker.split(page, (0, len(page.text)), starts or TOP)


def table(*lines: str, before: str = "") -> Page:
    """A page of a table whose first line is the header of the others."""
    rows: list[TableRow] = []
    position = len(before)
    for line in lines:
        header = (rows[0].start, rows[0].end) if rows else None
        rows.append(TableRow(position, position + len(line), header))
        position += len(line) + 1
    return pane(before + "\n".join(lines), tuple(rows))


# --- by hand


def test_a_short_page_is_one_chunk(chunker: Chunker) -> None:
    page = pane("  One sentence. And another.\n")

    assert texts(page, split_all(chunker, page)) == ["One sentence. And another."]


@pytest.mark.parametrize("text", ["", " \n\t\n "])
def test_a_page_without_text_has_no_chunks(chunker: Chunker, text: str) -> None:
    assert split_all(chunker, pane(text)) == []


def test_a_long_text_is_cut_between_sentences(chunker: Chunker) -> None:
    # Each sentence has 12 words and a full stop, 13 tokens: three fit into 40, not four.
    sentence = "Word number one two three four five six seven eight nine ten."
    page = pane(" ".join([sentence] * 7))

    assert texts(page, split_all(chunker, page)) == [
        " ".join([sentence] * 3),
        " ".join([sentence] * 3),
        sentence,
    ]


def test_a_section_starts_a_new_chunk_where_the_one_before_is_not_small(chunker: Chunker) -> None:
    # 13 tokens: more than a quarter of 40.
    first = "Word number one two three four five six seven eight nine ten."
    page = pane(f"{first}\nNext section. More.")
    starts = [SectionStart(0, ("A",)), SectionStart(len(first) + 1, ("B",))]

    spans = split_all(chunker, page, starts)

    assert texts(page, spans) == [first, "Next section. More."]
    assert [span.section for span in spans] == [("A",), ("B",)]


def test_a_small_piece_joins_the_next_one_and_keeps_its_own_section(chunker: Chunker) -> None:
    page = pane("Title\nSome text of the next section.")
    starts = [SectionStart(0, ("A",)), SectionStart(6, ("A", "B"))]

    spans = split_all(chunker, page, starts)

    assert texts(page, spans) == ["Title\nSome text of the next section."]
    assert spans[0].section == ("A",)


def test_only_the_body_is_split(chunker: Chunker) -> None:
    page = pane("Running header\nThe text.\nPage 7")

    spans = chunker.split(page, (15, 25), TOP)

    assert texts(page, spans) == ["The text."]


def test_rows_of_a_table_stay_whole_and_know_their_header(chunker: Chunker) -> None:
    # Header: 3 tokens. Rows: 12 tokens each; three rows and the header are 39.
    rows = [f"P {n} a b c d e f g h i j" for n in range(7)]
    page = table("Code Poste Débit", *rows)

    spans = split_all(chunker, page)

    assert texts(page, spans) == [
        "\n".join(["Code Poste Débit", *rows[:3]]),
        "\n".join(rows[3:6]),
        rows[6],
    ]
    assert [span.header for span in spans] == [None, (0, 16), (0, 16)]


def test_of_two_tables_that_a_blank_line_parts_each_row_knows_its_own_header(chunker: Chunker) -> None:
    # 13 tokens a line: three fit into 40.
    lines = [
        f"{name} a b c d e f g h i j k l" for name in ("HeadA", "rowA", "HeadB", "rowB1", "rowB2", "rowB3")
    ]
    starts = [sum(len(line) + 1 for line in lines[:n]) + (1 if n >= 2 else 0) for n in range(6)]
    spans_of = [(start, start + len(line)) for start, line in zip(starts, lines, strict=True)]
    heads = [None, spans_of[0], None, spans_of[2], spans_of[2], spans_of[2]]
    rows = tuple(TableRow(*span, head) for span, head in zip(spans_of, heads, strict=True))
    page = pane("\n".join([*lines[:2], "", *lines[2:]]), rows)

    spans = split_all(chunker, page)

    assert [page.text[span.start : span.end].split()[0] for span in spans] == ["HeadA", "rowB1"]
    assert [span.header for span in spans] == [None, spans_of[2]]


def test_a_row_longer_than_a_chunk_is_not_cut(chunker: Chunker) -> None:
    long = "cell " * 100 + "end"
    page = table("Code", long, "short row")

    assert long in texts(page, split_all(chunker, page))


def test_an_indented_table_loses_no_row(chunker: Chunker) -> None:
    page = table("  | Code | Poste |", "  | P-01 | Pompe |", "  | P-02 | Vanne |")

    assert texts(page, split_all(chunker, page)) == [
        "| Code | Poste |\n  | P-01 | Pompe |\n  | P-02 | Vanne |"
    ]


def test_a_section_that_starts_inside_a_row_does_not_cut_it(chunker: Chunker) -> None:
    page = table("# Code Poste", "P-01 Pompe")
    starts = [SectionStart(0, ("A",)), SectionStart(2, ("Code",))]

    assert texts(page, split_all(chunker, page, starts)) == ["# Code Poste\nP-01 Pompe"]


# --- what is embedded


def test_title_and_section_stand_before_the_text_that_is_embedded(chunker: Chunker) -> None:
    page = pane("The   text\nof a span.")

    embedded = chunker.contextual_text(
        "Guide", page, Span(0, len(page.text), ("1 Travel", "1.1 Claims"), None)
    )

    assert embedded == "Guide > 1 Travel > 1.1 Claims\nThe text of a span."


def test_a_header_out_of_sight_stands_before_its_rows(chunker: Chunker) -> None:
    page = table("Code Poste", "P-01 Pompe", "P-02 Vanne")

    embedded = chunker.contextual_text("Guide", page, Span(22, 32, (), (0, 10)))

    assert embedded == "Guide\nCode Poste\nP-02 Vanne"


def test_the_page_number_is_not_embedded(chunker: Chunker) -> None:
    span = Span(0, 9, (), None)

    one, other = (chunker.contextual_text("Guide", Page(n, "The text."), span) for n in (41, 42))

    assert one == other


def test_a_long_context_is_cut_from_the_left_the_title_first(chunker: Chunker) -> None:
    page = pane("Text.")
    title = "A very long title of a document that nobody reads to its end"
    section = ("Part one", "Claims and refunds")

    embedded = chunker.contextual_text(title, page, Span(0, 5, section, None))

    context = embedded.split("\n")[0]
    # At most 12 tokens, each ">" one.
    assert context.endswith("> Part one > Claims and refunds")
    assert count(context) <= 12
    assert f"{title} > Part one > Claims and refunds".endswith(context)


# --- for any page


@dataclass(frozen=True)
class Drawn:
    """A page with its body and sections, as a reader may give them."""

    page: Page
    body: tuple[int, int]
    starts: list[SectionStart]


WORDS = st.sampled_from(
    ["le", "délai", "est", "de", "trente", "jours", "F-07", "1 250,00", "€", "œuvre", "a" * 60]
)
SENTENCES = st.builds(
    lambda words, end: " ".join(words) + end,
    st.lists(WORDS, min_size=1, max_size=25),
    st.sampled_from([".", " ?", " ;", "", ". Oui.", "\t"]),
)
INDENTS = st.sampled_from(["", "", "  ", "\t"])


@st.composite
def drawn_pages(draw: st.DrawFn) -> Drawn:
    kinds = draw(st.lists(st.sampled_from(["text", "row", "row", "rule", "blank"]), min_size=1, max_size=25))
    lines: list[str] = []
    rows: list[TableRow] = []
    starts = [SectionStart(0, ())]
    header: tuple[int, int] | None = None
    position = 0
    for number, kind in enumerate(kinds):
        body_of_line = (
            {"blank": "", "rule": "|---|"}.get(kind) if kind in ("blank", "rule") else draw(SENTENCES)
        )
        line = ("" if kind == "blank" else draw(INDENTS)) + (body_of_line or "")
        if kind == "row":
            rows.append(TableRow(position, position + len(line), header))
            header = header or (position, position + len(line))
        elif kind in ("text", "blank"):
            header = None
        if position and draw(st.integers(0, 6)) == 0:
            # A heading begins where its line does, an outline's title where its first word does.
            indent = draw(st.sampled_from([0, len(line) - len(line.lstrip())]))
            starts.append(SectionStart(position + indent, (f"Section {number}",)))
        lines.append(line)
        position += len(line) + 1
    text = "\n".join(lines)
    edges = [0, *(k + 1 for k, c in enumerate(text) if c == "\n"), len(text)]
    first, last = sorted((draw(st.sampled_from(edges[:3])), draw(st.sampled_from(edges[-3:]))))
    return Drawn(Page(1, text, rows=tuple(rows)), (first, last), starts)


CHUNKER = Chunker(ChunkingSettings(tokens=TOKENS, context_tokens=12), count)
any_page = given(drawn_pages())
thorough = settings(max_examples=5000)


def split(drawn: Drawn) -> list[Span]:
    return CHUNKER.split(drawn.page, drawn.body, drawn.starts)


@thorough
@any_page
def test_chunks_are_spans_of_the_page_without_white_space_at_their_ends(drawn: Drawn) -> None:
    for span in split(drawn):
        text = drawn.page.text[span.start : span.end]
        assert 0 <= span.start < span.end <= len(drawn.page.text)
        assert text == text.strip() != ""


@thorough
@any_page
def test_chunks_are_in_reading_order_and_do_not_overlap(drawn: Drawn) -> None:
    spans = split(drawn)

    for before, after in pairwise(spans):
        assert before.end <= after.start


@thorough
@any_page
def test_chunks_cover_the_body_and_nothing_else(drawn: Drawn) -> None:
    first, last = drawn.body
    covered = [False] * len(drawn.page.text)
    for span in split(drawn):
        covered[span.start : span.end] = [True] * (span.end - span.start)

    for offset, character in enumerate(drawn.page.text):
        if not first <= offset < last:
            assert not covered[offset]
        elif not character.isspace():
            assert covered[offset], f"{character!r} at {offset}"


@thorough
@any_page
def test_no_row_of_a_table_is_cut(drawn: Drawn) -> None:
    for span in split(drawn):
        for row in drawn.page.rows:
            line = drawn.page.text[row.start : row.end]
            start, end = row.start + len(line) - len(line.lstrip()), row.start + len(line.rstrip())
            for edge in (span.start, span.end):
                assert not start < edge < end, line


@thorough
@any_page
def test_no_chunk_is_larger_than_the_limit_but_a_single_row(drawn: Drawn) -> None:
    for span in split(drawn):
        size = count(drawn.page.text[span.start : span.end])
        rows = [row for row in drawn.page.rows if row.start < span.end and span.start < row.end]
        assert size <= TOKENS or len(rows) == 1


@thorough
@any_page
def test_rows_that_lost_sight_of_their_header_know_it(drawn: Drawn) -> None:
    for span in split(drawn):
        inside = [row for row in drawn.page.rows if span.start <= row.start < span.end]
        if inside and inside[0].start == span.start and inside[0].header is not None:
            assert span.header == inside[0].header
        if span.header is not None:
            assert span.header in {(row.start, row.end) for row in drawn.page.rows}


@thorough
@any_page
def test_what_is_embedded_holds_every_word_of_the_chunk(drawn: Drawn) -> None:
    for span in split(drawn):
        embedded = CHUNKER.contextual_text("Guide", drawn.page, span)

        assert embedded.split("\n")[-1].split() == drawn.page.text[span.start : span.end].split()
