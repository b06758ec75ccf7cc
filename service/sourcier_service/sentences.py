"""A page's text -> the units an answer is made of: sentences, list items and table rows, as spans."""

import re
from dataclasses import dataclass
from itertools import pairwise

from sourcier_core.types import Heading, Page

MAX_UNIT = 700  # characters: a longer one is no sentence; it is cut at a line's end
_ABBREVIATIONS = re.compile(
    r"(?:\b(?:M|MM|Mme|Mlle|Dr|Pr|St|art|al|cf|p|pp|chap|ch|ex|env|etc|no|nos|n°|tél|Mr|Mrs|Ms|Inc|Corp|Co|Ltd|vs|fig|"
    r"sec|vol|approx|e\.g|i\.e|U\.S|U\.K|a\.m|p\.m|Jan|Feb|Aug|Sept|Oct|Nov|Dec)|\b[A-Z])\.$"
)
_LONGEST_ABBREVIATION = 8  # characters looked at before a full stop
# A French closing quotation mark has a space before it.
_LONE_NUMBER = re.compile(r"(?:^|\n)[ \t]*\(?\d{1,3}(?:\.\d{1,3})*\.$")  # of a list's item or a paragraph
_SENTENCE_END = re.compile(r"[.!?…](?:[\"”')\]]|\s?»)*(?=\s)")
_FOLLOWING = re.compile(r"\s*(\S)")
_ITEM = re.compile(
    r"^[ \t]*(?:[•▪◦‣●○■□–—\-*➢✓]\s|\(?\d{1,2}[.)]\s|\(?[a-z][.)]\s|\[[ xX]\]\s)", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, list item or table row: what can be quoted alone."""

    start: int
    end: int
    header: tuple[int, int] | None = None  # of a table row: its header row
    heading: bool = False

    def text(self, page: Page) -> str:
        """Return the words, white space folded: what a reader sees."""
        return " ".join(page.text[self.start : self.end].split())


def split_units(page: Page, start: int, end: int) -> list[Unit]:
    """Split a span of a page.

    Args:
        page: As stored.
        start: Of the span.
        end: Of the span.

    Returns:
        Units in reading order, not overlapping, without white space at their ends; a heading is a unit.
    """
    rows = {row.start: row for row in page.rows if start <= row.start < end}
    headings = {h.start: _heading_end(page, h, end) for h in page.headings if start <= h.start < end}
    cuts = {start, end, *headings, *headings.values()}
    for row in rows.values():
        cuts.update((row.start, min(row.end, end)))
    units: list[Unit] = []
    for first, last in pairwise(sorted(cuts)):
        if first in rows:
            units += _stripped(page.text, first, last, header=rows[first].header)
        elif first in headings:
            units += _stripped(page.text, first, last, heading=True)
        else:
            units += _sentences(page.text, first, last)
    return units


def is_item(page: Page, unit: Unit) -> bool:
    """Tell whether a unit begins with a bullet, number or letter of a list."""
    line = page.text.rfind("\n", 0, unit.start) + 1
    return not page.text[line : unit.start].strip() and bool(_ITEM.match(page.text, line))


def _heading_end(page: Page, heading: Heading, end: int) -> int:
    """Return where the line ends on which the heading's last words stand."""
    wanted = len("".join(heading.title.split()))
    position = heading.start
    while position < end:
        line_end = page.text.find("\n", position, end)
        position = line_end if line_end >= 0 else end
        if len("".join(page.text[heading.start : position].split())) >= wanted:
            break
        position += 1
    return min(position, end)


def _sentences(text: str, start: int, end: int) -> list[Unit]:
    ends = {start, end}
    block = text[start:end]
    for match in _SENTENCE_END.finditer(block):
        dot = match.start()
        # Within bounds, not of slices: a text pane is one page, however long.
        if _ABBREVIATIONS.search(block, max(0, dot - _LONGEST_ABBREVIATION), dot + 1):
            continue
        if _LONE_NUMBER.search(block, max(0, dot - _LONGEST_ABBREVIATION), dot + 1):
            continue
        following = _FOLLOWING.match(block, match.end())
        if following and following[1].islower():
            continue
        ends.add(start + match.end())
    ends.update(start + match.start() for match in _ITEM.finditer(block))
    ends.update(start + match.start() for match in re.finditer(r"\n[ \t]*\n", block))
    units: list[Unit] = []
    for first, last in pairwise(sorted(ends)):
        for a, b in _bounded(text, first, last):
            units += _stripped(text, a, b)
    return units


def _bounded(text: str, start: int, end: int) -> list[tuple[int, int]]:
    parts = []
    while end - start > MAX_UNIT:
        cut = text.rfind("\n", start + 1, start + MAX_UNIT)
        cut = cut if cut > start else start + MAX_UNIT
        parts.append((start, cut))
        start = cut
    return [*parts, (start, end)]


def _stripped(
    text: str, start: int, end: int, *, header: tuple[int, int] | None = None, heading: bool = False
) -> list[Unit]:
    part = text[start:end]
    if not part.strip():
        return []
    return [
        Unit(start + len(part) - len(part.lstrip()), end - (len(part) - len(part.rstrip())), header, heading)
    ]
