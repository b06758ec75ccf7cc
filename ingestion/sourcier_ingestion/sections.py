"""Outline and headings -> the section path at any place of a document read in order."""

import re
from dataclasses import dataclass, field

from sourcier_core.types import Heading, OutlineEntry, Page

MAX_DEPTH = 6
MAX_TITLE = 90  # characters: some outlines hold whole paragraphs


@dataclass(frozen=True, slots=True)
class SectionStart:
    """From this offset of a page on, the text stands in this section."""

    offset: int
    path: tuple[str, ...]  # outermost first


@dataclass(slots=True)
class SectionTracker:
    """Sees the pages once, in order.

    The file's outline decides where it has one; else the headings seen on the pages do.
    """

    outline: tuple[OutlineEntry, ...]
    _stack: list[tuple[int, str]] = field(default_factory=list)

    def see(self, page: Page, body: tuple[int, int] | None = None) -> list[SectionStart]:
        """Return where sections start on this page, in order; the first goes on from the page before."""
        starts = [SectionStart(0, self._path())]
        for heading in self._headings(page, body or (0, len(page.text))):
            while self._stack and self._stack[-1][0] >= heading.level:
                self._stack.pop()
            self._stack.append((heading.level, _shortened(heading.title)))
            if starts[-1].offset == heading.start:
                starts.pop()
            starts.append(SectionStart(heading.start, self._path()))
        return starts

    def _path(self) -> tuple[str, ...]:
        return tuple(title for _, title in self._stack[:MAX_DEPTH])

    def _headings(self, page: Page, body: tuple[int, int]) -> list[Heading]:
        if page.number is None or not self.outline:
            return [h for h in page.headings if body[0] <= h.start < body[1]]  # a running header is none
        found, position = [], 0
        for entry in self.outline:
            if entry.page == page.number:
                position = _find(entry.title, page.text, position)
                found.append(Heading(position, entry.level, entry.title))
        return found


def path_at(starts: list[SectionStart], offset: int) -> tuple[str, ...]:
    """Return the section path at an offset of the page."""
    path: tuple[str, ...] = ()
    for start in starts:
        if start.offset > offset:
            break
        path = start.path
    return path


def _shortened(title: str) -> str:
    if len(title) <= MAX_TITLE:
        return title
    return title[:MAX_TITLE].rsplit(" ", 1)[0].rstrip(" ,;:.") + " …"


def _find(title: str, text: str, position: int) -> int:
    """Return where a title is printed, looking from `position` on; `position` where it is not."""
    pattern = r"\s+".join(re.escape(word) for word in title.split())
    for match in re.compile(pattern, re.IGNORECASE).finditer(text, position):
        if not text[text.rfind("\n", 0, match.start()) + 1 : match.start()].strip(" \t#"):
            return match.start()
    return position
