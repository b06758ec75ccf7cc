"""A unit at a page's edge -> its pieces on both pages: a list's next steps, a sentence's other half."""

import re
from dataclasses import replace

from sourcier_core.page_store import PageStore
from sourcier_core.types import Page
from sourcier_service.page_body import body_of
from sourcier_service.page_units import MAX_ITEMS, answer_units, item_number
from sourcier_service.sentences import Unit, item_mark

_ENDED = re.compile(r"[.!?…](?:[\"”')\]]|\s?»)*$")


class PagePieces:
    """Reads on where a page ends in the middle of something. Any number of threads may ask."""

    def __init__(self, pages: PageStore) -> None:
        self._pages = pages

    def of(self, version: str, page: Page, unit: Unit) -> list[tuple[Page, Unit]]:
        """Return a unit's pieces in reading order, the unit among them; itself alone where nothing is cut.

        Only what is certain is put together: the next number of a list, the same bullet, a sentence without
        an end before words that begin small.

        Raises:
            FileNotFoundError: The version's pages are not stored.
        """
        pieces = [(page, unit)]
        before = self._neighbour(version, page, -1) if self._begins_page(version, page, unit) else None
        if before is not None:
            last = self._last(version, before)
            if last is not None and _goes_on(before, last, page, unit):
                pieces.insert(0, (before, last))
        after = self._neighbour(version, page, 1) if self._ends_page(version, page, unit) else None
        if after is not None:
            first = self._first(version, after)
            if first is not None and _goes_on(page, unit, after, first):
                pieces.append((after, _shortened(first, MAX_ITEMS - len(unit.items))))
        return pieces

    def _neighbour(self, version: str, page: Page, step: int) -> Page | None:
        number = (page.number or 0) + step
        if page.number is None or not 1 <= number <= self._pages.structure(version).page_count:
            return None
        return self._pages.page(version, number)

    def _begins_page(self, version: str, page: Page, unit: Unit) -> bool:
        start, _ = body_of(self._pages, version, page)
        return not page.text[start : unit.start].strip()

    def _ends_page(self, version: str, page: Page, unit: Unit) -> bool:
        _, end = body_of(self._pages, version, page)
        return not page.text[unit.end : end].strip()

    def _first(self, version: str, page: Page) -> Unit | None:
        """Return the longest unit that begins a page: a list rather than its first item."""
        units = answer_units(page, body_of(self._pages, version, page))
        begin = [unit for unit in units if self._begins_page(version, page, unit)]
        return max(begin, key=lambda unit: unit.end, default=None)

    def _last(self, version: str, page: Page) -> Unit | None:
        units = answer_units(page, body_of(self._pages, version, page))
        end = [unit for unit in units if self._ends_page(version, page, unit)]
        return min(end, key=lambda unit: unit.start, default=None)


def _goes_on(page: Page, unit: Unit, next_page: Page, following: Unit) -> bool:
    """Tell whether the first unit of the next page goes on the last of this one."""
    if unit.row or following.row:
        return False
    mark = _mark(next_page, following)
    if mark is None:
        unfinished = not _ENDED.search(page.text[unit.start : unit.end])
        return unfinished and following.fragment
    if page.text[unit.end - 1] == ":" and not unit.items:
        return True
    if not unit.items:
        return False
    last = Unit(*unit.items[-1])
    number = item_number(next_page, _head(following))
    if number is not None:
        return number == (item_number(page, last) or 0) + 1
    return mark == _mark(page, last)


def _head(unit: Unit) -> Unit:
    return Unit(*unit.items[0]) if unit.items else unit


def _mark(page: Page, unit: Unit) -> str | None:
    return item_mark(page, _head(unit)) if not unit.items or unit.start == unit.items[0][0] else None


def _shortened(unit: Unit, items: int) -> Unit:
    """Cut a list after so many items, one at least."""
    if len(unit.items) <= max(1, items):
        return unit
    kept = unit.items[: max(1, items)]
    return replace(unit, end=kept[-1][1], items=kept)
