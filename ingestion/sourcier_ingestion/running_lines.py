"""What repeats at the top and bottom of pages: running headers and footers, printed page numbers."""

import re
from collections import Counter
from dataclasses import dataclass, field

from sourcier_core.types import Page

DEPTH = 3  # lines looked at from the top and from the bottom
SHARE = 0.5  # of the pages: a line that stands on so many, figures aside, is not the text's
MIN_PAGES = 4  # fewer pages show no habit
_DIGITS = re.compile(r"\d+")
_NUMBER = re.compile(r"(?<![\d.,])\d{1,4}(?![\d.,]*\d)")


@dataclass(slots=True)
class RunningLines:
    """Sees each page once, in order, and keeps little of it."""

    _pages: int = 0
    _signatures: Counter[tuple[str, str]] = field(default_factory=Counter)
    _offsets: Counter[tuple[str, int]] = field(default_factory=Counter)

    def see(self, page: Page) -> None:
        """Note a page's outer lines, and by how much the numbers in them differ from the page's index."""
        self._pages += 1
        seen: set[tuple[str, str]] = set()
        offsets: set[tuple[str, int]] = set()
        for edge, _, _, line in edge_lines(page.text):
            seen.add((edge, _signature(line)))
            offsets.update((edge, int(match.group()) - page.key) for match in _NUMBER.finditer(line))
        self._signatures.update(seen)
        self._offsets.update(offsets)

    def body(self, text: str) -> tuple[int, int]:
        """Return the span of a page's text without its running lines."""
        if self._pages < MIN_PAGES:
            return 0, len(text)
        start, end = 0, len(text)
        for edge, first, last, line in edge_lines(text):
            if self._signatures[edge, _signature(line)] < max(3, SHARE * self._pages):
                continue
            if edge == "top" and not text[start:first].strip():
                start = min(len(text), last + 1)
            elif edge == "bottom" and not text[last:end].strip():
                end = first
        return (start, end) if start < end else (0, len(text))

    def labels(self, page_count: int) -> tuple[str | None, ...]:
        """Return the numbers that run consistently through headers or footers, by page; empty if none do."""
        if self._pages < MIN_PAGES or not self._offsets:
            return ()
        (_, offset), pages = max(self._offsets.items(), key=lambda item: (item[1], -abs(item[0][1])))
        if pages < 0.6 * self._pages:
            return ()
        return tuple(str(page + offset) if page + offset > 0 else None for page in range(1, page_count + 1))


def edge_lines(text: str) -> list[tuple[str, int, int, str]]:
    """Return a page's outer lines, outermost first: edge, start, end, line. Blank lines do not count."""
    spans: list[tuple[int, int, str]] = []
    position = 0
    for line in text.split("\n"):
        if line.strip():
            spans.append((position, position + len(line), line))
        position += len(line) + 1
    top = [("top", *span) for span in spans[:DEPTH]]
    bottom = [("bottom", *span) for span in reversed(spans[-DEPTH:])]
    return top + bottom


def _signature(line: str) -> str:
    return _DIGITS.sub("#", " ".join(line.split()).lower())
