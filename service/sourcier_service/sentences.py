"""A page's text -> the units an answer is made of: sentences, list items and table rows, as spans."""

import re
from dataclasses import dataclass, replace
from itertools import pairwise

from sourcier_core.types import Heading, Page
from sourcier_service.table_rows import Row, table_rows

MAX_UNIT = 700  # characters: a longer one is no sentence; it is cut at a line's end
MAX_ADDRESS = 80  # characters before a stop that are looked at for a web address
SENTENCE_WORDS = 7  # a heading of so many may be a sentence's first line
_ABBREVIATIONS = re.compile(
    r"(?:\b(?:M|MM|Mme|Mmes|Mlle|Dr|Drs|Pr|Me|St|Ste|art|al|cf|p|pp|chap|ch|ex|env|no|nos|n°|tél|réf|éd|dép|"
    r"c\.-à-d|p\. ex|Mr|Mrs|Ms|Prof|Gov|Gen|Lt|Sgt|Capt|Rev|Hon|Jr|Sr|Inc|Corp|Co|Ltd|vs|fig|sec|vol|approx|"
    r"ext|incl|excl|e\.g|i\.e|U\.S|U\.K|a\.m|p\.m|Jan|Feb|Aug|Sept|Oct|Nov|Dec)|\b[A-Z])\.$"
)
_MAY_END = re.compile(r"\betc\.$", re.IGNORECASE)  # ends a sentence before a capital letter only
_LONGEST_ABBREVIATION = 10  # characters looked at before a full stop
# A French closing quotation mark has a space before it.
_LONE_NUMBER = re.compile(r"(?:^|\n)[ \t]*\(?\d{1,3}(?:\.\d{1,3})*\.$")  # of a list's item or a paragraph
_SENTENCE_END = re.compile(r"[.!?…](?:[\"”')\]]|\s?»)*(?=\s)")
_FOLLOWING = re.compile(r"\s*(\S)")
# No space after the stop, in texts copied from screens: "notre réponse.Vous pouvez". Not "Node.Js", "a.B".
_GLUED_END = re.compile(
    r"(?<=[a-zà-ÿ»\")]{3})[.!?](?=(?:[A-ZÀ-Ý][a-zà-ÿ]{2,20}|[A-ZÀ-Ý]['’][a-zà-ÿ]{2,20}|[ÀA]|(?:Au|Ce|De|Du|"
    r"En|Et|Il|Je|La|Le|Ne|On|Ou|Sa|Se|Si|Un|As|At|Be|By|Do|He|If|In|Is|It|My|No|Or|So|To|We))[ ,])"
)
_ADDRESS = re.compile(r"www\.|://|@")
_ITEM = re.compile(
    r"^[ \t]*(?:[•▪◦‣●○■□–—\-*➢✓]\s|\(?\d{1,2}[.)]\s|\(?[a-z][.)]\s|\[[ xX]\]\s)", re.MULTILINE
)
# A numbered paragraph: "5.1.3 The employee." It begins a unit, and is no item of a list.
_CLAUSE = re.compile(r"^[ \t]*\d{1,2}(?:\.\d{1,2}){1,5}\.?[ \t]+(?=[A-ZÀ-Ý])", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, list item or table row: what can be quoted alone."""

    start: int
    end: int
    header: tuple[int, int] | None = None  # of a table row: its column heads
    heading: bool = False  # also the column heads of a table: no answer
    row: bool = False  # of a table
    lead: tuple[int, int] | None = None  # of a list's item: the sentence that opens the list
    items: tuple[tuple[int, int], ...] = ()  # of a whole list: its items, in order
    fragment: bool = False  # begins in mid-sentence

    @property
    def context(self) -> tuple[int, int] | None:
        """The span of the words without which it says little, outside it: column heads, a list's opening."""
        return self.header or self.lead

    def text(self, page: Page) -> str:
        """Return the words, white space folded: what a reader sees."""
        return " ".join(page.text[self.start : self.end].split())


_SENTENCE = Unit(0, 0)


def split_units(page: Page, start: int, end: int) -> list[Unit]:
    """Split a span of a page.

    Args:
        page: As stored.
        start: Of the span.
        end: Of the span.

    Returns:
        Units in reading order, not overlapping, without white space at their ends; a heading is a unit.
    """
    rows: dict[int, Row] = {row.start: row for row in table_rows(page, start, end)}
    headings = {
        heading.start: heading_end
        for heading in page.headings
        if start <= heading.start < end
        and not _goes_on(page, heading, heading_end := _heading_end(page, heading, end))
    }
    cuts = {start, end, *headings, *headings.values()}
    for row in rows.values():
        cuts.update((row.start, min(row.end, end)))
    units: list[Unit] = []
    for first, last in pairwise(sorted(cuts)):
        if first in rows:
            row = rows[first]
            units += _stripped(page.text, first, last, Unit(0, 0, row.header, heading=row.is_head, row=True))
        elif first in headings:
            units += _stripped(page.text, first, last, Unit(0, 0, heading=True))
        else:
            units += _sentences(page.text, first, last)
    return units


def is_item(page: Page, unit: Unit) -> bool:
    """Tell whether a unit begins with a bullet, number or letter of a list."""
    return item_mark(page, unit) is not None


def is_clause(page: Page, unit: Unit) -> bool:
    """Tell whether a unit begins a numbered paragraph: "5.1.3 The employee"."""
    line = page.text.rfind("\n", 0, unit.start) + 1
    return not page.text[line : unit.start].strip() and bool(_CLAUSE.match(page.text, line))


def item_mark(page: Page, unit: Unit) -> str | None:
    """Return the bullet, number or letter a list's item begins with; None for anything else."""
    line = page.text.rfind("\n", 0, unit.start) + 1
    match = None if page.text[line : unit.start].strip() else _ITEM.match(page.text, line)
    return match.group().strip() if match else None


def _goes_on(page: Page, heading: Heading, end: int) -> bool:
    """Tell a sentence whose first line is set like a heading: its next line begins small."""
    following = _FOLLOWING.match(page.text, end)
    is_long = len(heading.title.split()) >= SENTENCE_WORDS
    return is_long and following is not None and following[1].islower()


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
        if _MAY_END.search(block, max(0, dot - _LONGEST_ABBREVIATION), dot + 1) and not _begins(
            block, match.end()
        ):
            continue
        if _LONE_NUMBER.search(block, max(0, dot - _LONGEST_ABBREVIATION), dot + 1):
            continue
        following = _FOLLOWING.match(block, match.end())
        if following and following[1].islower():
            continue
        ends.add(start + match.end())
    ends.update(start + match.end() for match in _GLUED_END.finditer(block) if not _in_address(block, match))
    for beginning in (_ITEM, _CLAUSE):
        ends.update(start + match.start() for match in beginning.finditer(block))
    ends.update(start + match.start() for match in re.finditer(r"\n[ \t]*\n", block))
    units: list[Unit] = []
    for first, last in pairwise(sorted(ends)):
        for a, b in _bounded(text, first, last):
            units += _stripped(text, a, b)
    return units


def _in_address(text: str, stop: re.Match[str]) -> bool:
    word = text.rfind(" ", max(0, stop.start() - MAX_ADDRESS), stop.start()) + 1
    return bool(_ADDRESS.search(text, word, stop.start()))


def _begins(text: str, position: int) -> bool:
    following = _FOLLOWING.match(text, position)
    return following is None or following[1].isupper()


def _bounded(text: str, start: int, end: int) -> list[tuple[int, int]]:
    parts = []
    while end - start > MAX_UNIT:
        cut = text.rfind("\n", start + 1, start + MAX_UNIT)
        cut = cut if cut > start else start + MAX_UNIT
        parts.append((start, cut))
        start = cut
    return [*parts, (start, end)]


def _stripped(text: str, start: int, end: int, kind: Unit = _SENTENCE) -> list[Unit]:
    """Return the unit of a span without the white space at its ends; none where nothing else is there."""
    part = text[start:end]
    if not part.strip():
        return []
    first = start + len(part) - len(part.lstrip())
    return [replace(kind, start=first, end=end - (len(part) - len(part.rstrip())))]
