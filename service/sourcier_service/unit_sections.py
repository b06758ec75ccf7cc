"""A place on a page -> the headings above it there, as ingestion would say it of a chunk that began there."""

import threading
from collections import OrderedDict
from dataclasses import replace

from sourcier_core.page_store import PageStore
from sourcier_core.types import Chunk, Heading, Page
from sourcier_ingestion.sections import SectionStart, SectionTracker, path_at

LOOK_BACK = 24  # pages before a chunk's in which the levels of its headings are looked up
CACHED = 2048  # pages whose sections are kept


class UnitSections:
    """Finds sections inside a chunk, whose own is that of its beginning. Any number of threads may ask."""

    def __init__(self, pages: PageStore) -> None:
        self._pages = pages
        self._lock = threading.Lock()
        self._starts: OrderedDict[tuple[str, int, int], list[SectionStart]] = OrderedDict()

    def at(self, chunk: Chunk, page: Page, offset: int) -> tuple[str, ...]:
        """Return the section path at an offset of the page.

        Args:
            chunk: That holds the offset.
            page: On which it stands.
            offset: Code points into the page's text.

        Raises:
            FileNotFoundError: The version's pages are not stored.
        """
        if not any(chunk.start < heading.start <= offset for heading in page.headings) and (
            offset == chunk.start or not self._has_outline(chunk.version, page)
        ):
            return chunk.section
        key = (chunk.version, page.key, chunk.start)
        with self._lock:
            starts = self._starts.get(key)
        if starts is None:
            starts = self._find(chunk, page)
            with self._lock:
                self._starts[key] = starts
                while len(self._starts) > CACHED:
                    self._starts.popitem(last=False)
        return path_at(starts, offset) or chunk.section

    def _has_outline(self, version: str, page: Page) -> bool:
        return page.number is not None and bool(self._pages.structure(version).outline)

    def _find(self, chunk: Chunk, page: Page) -> list[SectionStart]:
        if page.number is None:
            return SectionTracker(()).see(page)
        outline = self._pages.structure(chunk.version).outline
        if outline:
            tracker = SectionTracker(outline)
            for number in sorted({entry.page for entry in outline if entry.page < page.number}):
                tracker.see(Page(number, ""))
            return tracker.see(page)
        tracker = SectionTracker(())
        known = self._levels(chunk, page)
        above = tuple(Heading(0, level, title) for level, title in zip(known, chunk.section, strict=True))
        tracker.see(Page(page.number, " ", headings=above))
        inside = tuple(heading for heading in page.headings if heading.start > chunk.start)
        return tracker.see(replace(page, headings=inside))

    def _levels(self, chunk: Chunk, page: Page) -> list[int]:
        """Return the levels of a chunk's headings: as found on its page or before, else by their depth."""
        wanted = dict.fromkeys(chunk.section, 0)
        number = page.key
        while number >= max(1, page.key - LOOK_BACK) and not all(wanted.values()):
            seen = page if number == page.key else self._pages.page(chunk.version, number)
            for heading in reversed(seen.headings):
                if number == page.key and heading.start > chunk.start:
                    continue
                title = next((title for title in wanted if _is_title(heading.title, title)), None)
                if title is not None and not wanted[title]:
                    wanted[title] = heading.level
            number -= 1
        levels: list[int] = []
        for title in chunk.section:
            levels.append(wanted[title] or (levels[-1] + 1 if levels else 1))
        return levels


def _is_title(title: str, shown: str) -> bool:
    """Tell whether a section's name is a heading's title, which a long one is the beginning of."""
    return title == shown or (shown.endswith(" …") and title.startswith(shown.removesuffix(" …")))
