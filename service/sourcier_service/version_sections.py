"""A stored version -> its sections in order, each with its statements: sentences, list items, table rows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from sourcier_core.page_store import PageStore, label_of
from sourcier_core.types import MediaType, Page
from sourcier_ingestion.running_lines import RunningLines
from sourcier_ingestion.sections import SectionTracker
from sourcier_service.sentences import Unit, item_mark, split_units

_HYPHEN = re.compile(r"(?<=[^\W\d_])[-‐­]\s*(?=[^\W\d_])")
_ENDED = re.compile(r"[.!?…:;](?:[\"”')\]]|\s?»)*$")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"'})


@dataclass(frozen=True, slots=True)
class Statement:
    """Words that stand alone, and where."""

    text: str  # white space folded
    key: str  # equal where only line breaks, hyphens at them, quotation marks or an item's number differ
    page: int | None
    page_label: str | None
    start: int  # code points into the page's text; of its first page where it goes on over a page's end
    end: int
    row: bool = False  # of a table


@dataclass(slots=True)
class Section:
    """What stands under one path of headings, up to the next heading."""

    heading: tuple[str, ...]  # outermost first; empty before the first heading
    page: int | None  # on which it begins
    page_label: str | None
    statements: list[Statement] = field(default_factory=list)

    @property
    def keys(self) -> tuple[str, ...]:
        """The statements' keys, in order."""
        return tuple(statement.key for statement in self.statements)


def read_sections(pages: PageStore, version: str) -> list[Section]:
    """Read a version's sections, running headers and footers left out.

    Raises:
        FileNotFoundError: The version's pages are not stored.
    """
    structure = pages.structure(version)
    running = RunningLines()
    for page in pages.in_order(version, structure.page_count):
        running.see(page)
    tracker = SectionTracker(structure.outline)
    sections = [Section((), 1 if structure.media_type is MediaType.PDF else None, label_of(structure, 1))]
    for page in pages.in_order(version, structure.page_count):
        body = running.body(page.text)
        label = label_of(structure, page.number)
        starts = tracker.see(page, body)
        offsets = [max(body[0], min(start.offset, body[1])) for start in starts] + [body[1]]
        for start, (first, last) in zip(starts, pairwise(offsets), strict=True):
            if start.path != sections[-1].heading:
                sections.append(Section(start.path, page.number, label))
            for statement in _statements(page, first, last, label):
                _put(sections[-1], statement)
    return [section for section in sections if section.statements or section.heading]


def key_of(text: str) -> str:
    """Return what is compared of words: without white space and line-end hyphens, quotation marks alike."""
    return "".join(_HYPHEN.sub("", text).translate(_QUOTES).split())


def _statements(page: Page, start: int, end: int, label: str | None) -> Iterator[Statement]:
    for unit in split_units(page, start, end):
        if unit.heading and not unit.row:
            continue
        key = key_of(page.text[unit.start + _mark_length(page, unit) : unit.end])
        if key:
            yield Statement(unit.text(page), key, page.number, label, unit.start, unit.end, unit.row)


def _mark_length(page: Page, unit: Unit) -> int:
    """Return the length of an item's number: one that is put in before it renumbers it, and no more."""
    mark = item_mark(page, unit)
    return len(mark) if mark and page.text.startswith(mark, unit.start) else 0


def _put(section: Section, statement: Statement) -> None:
    """Add a statement; one that goes on what a page's end cut is joined to it."""
    before = section.statements[-1] if section.statements else None
    if _is_title(section, statement):
        return
    goes_on = statement.text[:1].islower() and not statement.row
    if (
        before is None
        or before.page == statement.page
        or before.row
        or not goes_on
        or _ENDED.search(before.text)
    ):
        section.statements.append(statement)
    else:
        text = f"{before.text} {statement.text}"
        section.statements[-1] = replace(before, text=text, key=key_of(text))


def _is_title(section: Section, statement: Statement) -> bool:
    """Tell a heading that only the outline knows as one: it is printed as the section's first words."""
    if section.statements or not section.heading:
        return False
    return statement.key.casefold() == key_of(section.heading[-1]).casefold()
