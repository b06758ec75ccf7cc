"""A page's printed table lines -> the rows that a reader sees, each with the words of its column heads.

Ingestion knows tables line by line. A cell that wraps makes one row of several lines, and a head that wraps
stands in several lines above: both are put together again here, from the words alone.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sourcier_core.types import Page

MAX_GAP = 20  # lines between two table lines that may be cells which ingestion lost
MAX_CELL = 60  # characters: a longer line beside a table is prose
MAX_ROW = 360  # characters of a row put together
MAX_ROW_LINES = 7
MAX_HEAD = 200  # characters of column heads
MAX_HEAD_LINES = 9
MAX_HEAD_CELL = 45  # characters of the last lines of a head
CODED = 0.2  # of a table's lines begin with a code: then only these begin rows
NEARLY_ALL = 0.9  # of the rows after it hold figures: then a row without them above is a head
MOSTLY = 0.7  # of a table's rows hold figures: then the first ones without are its head
SENTENCE_WORDS = 8  # as many, with a full stop, are a sentence that ingestion took for a row

_CAPTION = re.compile(
    r"(?:tableau|table|figure|fig\.?|graphique|schéma|encadré|chart|box)\s+(?:[A-Z]?\d[\d.-]*|[A-Z])\s*(?:[–—:.(-]|$)",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(?:[A-Z]\.)?\d+(?:\.\d+)+\.?\s+\D|[A-Z]\.\d+\s+\D")
_HANGING = re.compile(
    r"(?:\b(?:de|du|des|d|la|le|les|l|un|une|et|ou|à|au|aux|en|par|pour|sur|avec|sans|dans|the|of|and|or|to|in|"
    r"for|by|on|with|a|an|from|per)|['’,(/-])$",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.;:!?]$")
_DIGIT = re.compile(r"\d")
_VALUE = re.compile(r"(?<![\w-])\d")  # not the figure of a code: RA-4, P1
_CODE = re.compile(r"[A-Z]{1,4}-?\d{1,4}\b")  # what the rows of a register begin with
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    text: str
    is_row: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table as a reader sees it, over several printed lines where a cell wraps."""

    start: int
    end: int
    header: tuple[int, int] | None  # span of all lines of the column heads; None where they are not known
    is_head: bool = False  # part of the column heads itself


def is_caption(line: str) -> bool:
    """Tell whether a line names a table or figure: "Tableau 12 – Régies en service"."""
    return bool(_CAPTION.match(line.strip()))


def table_rows(page: Page, start: int, end: int) -> tuple[Row, ...]:
    """Put the rows of a part of a page together, in reading order.

    Args:
        page: As stored.
        start: Of its text without running lines.
        end: Of the same.

    Returns:
        Whole rows and the lines of their heads.
    """
    if not page.rows:
        return ()
    if page.text[page.rows[0].start :].lstrip().startswith("|"):
        return tuple(  # Markdown: as written
            Row(row.start, min(row.end, end), row.header, is_head=row.header is None)
            for row in page.rows
            if start <= row.start < end
        )
    stored = {row.start: row.header for row in page.rows}
    rows: list[Row] = []
    for table in _tables(_lines(page, start, end)):
        rows += _rows_of(table, page, stored, (start, end))
    return tuple(rows)


def _lines(page: Page, start: int, end: int) -> list[_Line]:
    starts = sorted(row.start for row in page.rows)
    lines: list[_Line] = []
    position, nth = start, 0
    for raw in page.text[start:end].split("\n"):
        text = raw.strip()
        first, last = position, position + len(raw)
        position = last + 1
        if not text:
            continue
        while nth < len(starts) and starts[nth] < first:
            nth += 1
        is_row = nth < len(starts) and starts[nth] < last
        lead = len(raw) - len(raw.lstrip())
        lines.append(_Line(first + lead, first + lead + len(text), text, is_row))
    return lines


@dataclass(slots=True)
class _Table:
    lines: list[_Line]
    captioned: bool  # a caption stands right above


def _tables(lines: Sequence[_Line]) -> list[_Table]:
    """Group the lines of each table: rows, lost cells between them, and short lines of its head above."""
    tables = [_Table([], captioned=False)]
    gap: list[_Line] = []

    def close(*, captioned: bool) -> None:
        table = tables[-1].lines
        if table and gap and _continues(table[-1], gap[0]):
            table.append(gap[0])  # the last cell's last line
        tables.append(_Table([], captioned=captioned))
        gap.clear()

    for line in lines:
        table = tables[-1].lines
        if _ends_table(line) or not (line.is_row or _may_be_cell(line)):
            close(captioned=is_caption(line.text))
        elif line.is_row:
            has_values = any(_VALUE.search(row.text) for row in table)
            if len(gap) > (MAX_GAP if has_values else MAX_HEAD_LINES):
                close(captioned=False)
            tables[-1].lines += [*gap, line]
            gap.clear()
        else:
            gap.append(line)
    close(captioned=False)
    return [table for table in tables if table.lines]


def _ends_table(line: _Line) -> bool:
    is_numbered = bool(_NUMBERED.match(line.text)) and not _DIGIT.search(line.text.split(" ", 1)[1])
    return is_caption(line.text) or is_numbered or _is_sentence(line.text)


def _is_sentence(text: str) -> bool:
    return len(text.split()) >= SENTENCE_WORDS and text.endswith((".", "!", "?")) and text[0].isupper()


def _may_be_cell(line: _Line) -> bool:
    return len(line.text) <= MAX_CELL and not _SENTENCE.search(line.text)


def _continues(before: _Line, line: _Line) -> bool:
    return line.text[0].islower() or bool(_HANGING.search(before.text))


def _rows_of(
    table: _Table, page: Page, stored: dict[int, tuple[int, int] | None], body: tuple[int, int]
) -> list[Row]:
    lines = table.lines
    known = _known_head(lines, stored, body, page)
    if known is None and table.captioned and len(lines) > 1:
        known = (lines[0].start, lines[0].end)
    groups = _groups(lines, known)
    heads = _head_groups(groups, known)
    groups = groups[:heads] + _labelled(groups[heads:])
    header = (groups[0][0].start, groups[heads - 1][-1].end) if heads else None
    return [
        Row(group[0].start, group[-1].end, header if n >= heads else None, is_head=n < heads)
        for n, group in enumerate(groups)
    ]


def _known_head(
    table: Sequence[_Line], stored: dict[int, tuple[int, int] | None], body: tuple[int, int], page: Page
) -> tuple[int, int] | None:
    """Return the head that ingestion found where it is one: neither a running line nor another table's."""
    for line in table:
        head = stored.get(line.start)
        if head and body[0] <= head[0] and table[0].start <= head[0] < table[-1].end:
            text = page.text[slice(*head)].strip()
            # Years and levels may head columns; a line of figures below another line does not.
            below = table[0].start < head[0]
            is_data = below and bool(_CODE.match(text) or _VALUE.search(_YEAR.sub("", text)))
            return None if is_data or is_caption(text) or _is_sentence(text) else head
    return None


@dataclass(frozen=True, slots=True)
class _Style:
    """How the rows of a table begin."""

    small: bool  # with a small letter
    figures: bool  # with a figure

    def belongs(self, text: str, *, has_values: bool) -> bool:
        """Tell whether a line goes on the row before it, which may have its figures already."""
        if text[0].isdigit():
            return not (has_values and self.figures)
        if text[0].islower():
            return not (self.small and has_values)
        return text[0] in "(€$%" and not (has_values and _VALUE.search(text))


def _groups(table: Sequence[_Line], known: tuple[int, int] | None) -> list[list[_Line]]:
    """Put the lines of one row together."""
    rows = [line for line in table if line.is_row and not (known and line.start < known[1])]
    coded = sum(bool(_CODE.match(line.text)) for line in table)
    is_coded = coded >= max(3, CODED * len(table))
    whole = [line.text for line in rows if _VALUE.search(line.text)]
    small = sum(text[0].islower() for text in whole)
    large = sum(text[0].isupper() for text in whole)
    figures = sum(line.text[0].isdigit() for line in rows)
    style = _Style(small=small > large, figures=small + large < max(3, 0.5 * figures))
    groups: list[list[_Line]] = [[table[0]]]
    has_values = bool(_VALUE.search(table[0].text))
    for before, line in pairwise(table):
        group = groups[-1]
        after_head = known is not None and before.start < known[1] <= line.start
        hangs = bool(_HANGING.search(before.text))
        fits = len(group) < MAX_ROW_LINES and line.end - group[0].start <= MAX_ROW
        if is_coded and (_CODE.match(line.text) or _CODE.match(group[0].text)):
            belongs = not _CODE.match(line.text)
        else:
            belongs = not after_head and (hangs or style.belongs(line.text, has_values=has_values))
        if fits and belongs:
            group.append(line)
            has_values = has_values or (not hangs and bool(_VALUE.search(line.text)))
        else:
            groups.append([line])
            has_values = bool(_VALUE.search(line.text))
    return groups


def _labelled(groups: Sequence[list[_Line]]) -> list[list[_Line]]:
    """Join a first cell that has a line of its own to its row, in a table of figures."""
    figures = sum(map(_has_figures, groups))
    joined: list[list[_Line]] = []
    for group in groups:
        before = joined[-1] if joined else None
        is_label = before is not None and not _has_figures(before) and _is_short(before)
        if before is not None and is_label and _has_figures(group) and 2 * figures >= len(groups):
            before += group
        else:
            joined.append([*group])
    return joined


def _head_groups(groups: Sequence[Sequence[_Line]], known: tuple[int, int] | None) -> int:
    """Count the groups at the top that are column heads.

    Those that ingestion knows, and all before the first row with figures in a table of figures.
    """
    figures = [_has_figures(group) for group in groups]
    count = sum(group[0].start < known[1] for group in groups) if known is not None else 0
    first = next((n for n in range(count, len(groups)) if figures[n]), count)
    share = sum(figures[first:]) / max(1, len(groups) - first)
    if share >= (NEARLY_ALL if count else MOSTLY) and all(_is_short(group) for group in groups[count:first]):
        count = first
    count = min(count, len(groups) - 1)
    lines = sum(len(group) for group in groups[:count])
    too_long = count and groups[count - 1][-1].end - groups[0][0].start > MAX_HEAD
    return 0 if lines > MAX_HEAD_LINES or too_long else count


def _has_figures(group: Sequence[_Line]) -> bool:
    return any(_VALUE.search(line.text) or _CODE.match(line.text) for line in group)


def _is_label(group: Sequence[_Line]) -> bool:
    """Tell a first cell alone from a part's title, which ends in a colon."""
    return not _has_figures(group) and _is_short(group) and not group[-1].text.endswith(":")


def _is_short(group: Sequence[_Line]) -> bool:
    return group[-1].end - group[0].start <= MAX_HEAD_CELL
