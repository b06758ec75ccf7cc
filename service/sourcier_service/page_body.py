"""A stored page -> the part of its text that is neither running header nor footer."""

import re
from collections import Counter

from sourcier_core.page_store import PageStore
from sourcier_core.types import Page
from sourcier_ingestion.running_lines import edge_lines

REACH = 2  # pages before and after that are compared: left and right pages may have headers of their own
ON_PAGES = 3  # of these five: a line that begins their edges alike is no text of theirs
BEGINNING = 24  # characters: "Handbook 7 - Leave" and "Handbook 8 - Pay" begin alike
_DIGITS = re.compile(r"\d+")


def body_of(pages: PageStore, version: str, page: Page) -> tuple[int, int]:
    """Return the span of a page's text without its running lines; a text pane has none.

    Ingestion knows the lines that run through a whole document. These here also know a chapter's.

    Raises:
        FileNotFoundError: The version's pages are not stored.
    """
    whole = (0, len(page.text))
    if page.number is None:
        return whole
    count = pages.structure(version).page_count
    around = range(max(1, page.number - REACH), min(count, page.number + REACH) + 1)
    others = pages.pages(version, [number for number in around if number != page.number])
    if len(others) + 1 < ON_PAGES:
        return whole
    seen: Counter[tuple[str, str]] = Counter()
    for other in others.values():
        seen.update({(edge, _beginning(line)) for edge, _, _, line in edge_lines(other.text)})
    start, end = whole
    for edge, first, last, line in edge_lines(page.text):
        if seen[edge, _beginning(line)] + 1 < ON_PAGES:
            continue
        if edge == "top" and not page.text[start:first].strip():
            start = min(len(page.text), last + 1)
        elif edge == "bottom" and not page.text[last:end].strip():
            end = first
    return (start, end) if start < end else whole


def _beginning(line: str) -> str:
    return _DIGITS.sub("#", " ".join(line.split()).lower())[:BEGINNING]
