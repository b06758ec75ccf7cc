"""A span of a page that OCR read -> its boxes, from the words kept when it was read."""

from itertools import groupby

from sourcier_core.quote_boxes import QuoteBoxes
from sourcier_core.types import Box, Page, RecognisedWord


def recognised_quote(page: Page, start: int, end: int) -> QuoteBoxes:
    """Find where a span of a recognised page's text stands in its image.

    Args:
        page: As OCR read it.
        start: Of the span, into the page's text.
        end: After its last character.

    Returns:
        One box for each printed line, in points from the top left. `verified`: the words that lie inside the
        boxes, read again in their order, are those of the span.
    """
    findings = page.findings
    wanted = [word for word in findings.words if word.start < end and start < word.end]
    lines = [list(line) for _, line in groupby(wanted, key=lambda word: page.text.count("\n", 0, word.start))]
    boxes = tuple(_around([_part(word, start, end, findings.rotation) for word in line]) for line in lines)
    parts = [(word, _part(word, start, end, findings.rotation)) for word in findings.words]
    inside = [word for word, part in parts if any(_holds(box, part) for box in boxes)]
    found = "".join(_within(page.text, word, start, end) for word in inside)
    verified = bool(found) and found == "".join(page.text[start:end].split())
    return QuoteBoxes(boxes, verified, findings.width, findings.height)


def _within(text: str, word: RecognisedWord, start: int, end: int) -> str:
    """Return what a word has of a span; the whole word where it has nothing of it."""
    return text[max(word.start, start) : min(word.end, end)] or text[word.start : word.end]


def _part(word: RecognisedWord, start: int, end: int, rotation: int) -> Box:
    """Return a word's box; of one that the span cuts, the part inside (its letters equally wide)."""
    box, length = word.box, word.end - word.start
    if end <= word.start or word.end <= start:
        return box
    first, last = max(0, start - word.start) / length, min(length, end - word.start) / length
    width, height = box.x1 - box.x0, box.y1 - box.y0
    if rotation == 90:
        return Box(box.x0, box.y0 + first * height, box.x1, box.y0 + last * height)
    if rotation == 180:
        return Box(box.x1 - last * width, box.y0, box.x1 - first * width, box.y1)
    if rotation == 270:
        return Box(box.x0, box.y1 - last * height, box.x1, box.y1 - first * height)
    return Box(box.x0 + first * width, box.y0, box.x0 + last * width, box.y1)


def _around(boxes: list[Box]) -> Box:
    return Box(
        min(box.x0 for box in boxes),
        min(box.y0 for box in boxes),
        max(box.x1 for box in boxes),
        max(box.y1 for box in boxes),
    )


def _holds(box: Box, word: Box) -> bool:
    """Tell whether the middle of a word lies in a box."""
    x, y = (word.x0 + word.x1) / 2, (word.y0 + word.y1) / 2
    return box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1
