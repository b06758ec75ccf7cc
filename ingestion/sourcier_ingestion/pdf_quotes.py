"""A span of a page's text -> its boxes, proved by reading the text again inside them. In the child."""

import ctypes
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw_pdfium

from sourcier_ingestion.pdf_hidden import open_shown
from sourcier_ingestion.pdf_layout import HYPHEN, printed, split_lines

DEVICE_UNITS = 100  # to the point: FPDF_PageToDevice rounds to whole units


def locate_quotes(
    document: pdfium.PdfDocument, number: int, text: str, spans: list[list[int]]
) -> dict[str, Any]:
    """Find where spans of a page's text are printed.

    Args:
        document: Open.
        number: 1-based page.
        text: The page's text as stored; it must equal what the page says now.
        spans: Offsets into it, half-open.

    Returns:
        `width` and `height` of the page in points; `quotes`, one for each span: `boxes` as [x0, y0, x1, y1],
        origin top left of the page as displayed, one to a printed line, and `verified`. Boxes that read
        differently are left out.
    """
    page = document[number - 1]
    textpage = open_shown(page).textpage  # the text as stored has no hidden words
    try:
        characters = _characters(textpage, text)
        width, height = page.get_size()
        quotes = [_quote(page, textpage, text, characters, start, end) for start, end in spans]
        return {"width": width, "height": height, "quotes": quotes}
    finally:
        textpage.close()
        page.close()


@dataclass(frozen=True, slots=True)
class _Characters:
    """Where each code point of the page's text is among pdfium's characters."""

    index: list[int]  # -1 for line breaks
    line_ends: set[
        int
    ]  # offsets after a hyphen at a printed line's end, whose line break the text leaves out


def _characters(textpage: pdfium.PdfTextPage, text: str) -> _Characters | None:
    """Match the text with what the page says now; None when they differ."""
    raw = textpage.get_text_range()
    lines = split_lines(raw)
    if "\n".join(printed(line) for _, line in lines) != text:
        return None
    positions: list[int] = []
    line_ends: set[int] = set()
    for start, line in lines:
        line_ends.update(len(positions) + k + 1 for k, c in enumerate(line) if c == HYPHEN)
        positions += range(start, start + len(line))
        positions.append(-1)
    count = textpage.count_chars()
    return _Characters(positions if len(raw) == count else _align(textpage, raw, positions, count), line_ends)


def _align(textpage: pdfium.PdfTextPage, raw: str, positions: list[int], count: int) -> list[int]:
    """Map positions in pdfium's text to its characters, of which the text leaves some out or joins two."""
    units = [raw_pdfium.FPDFText_GetUnicode(textpage.raw, index) for index in range(count)]
    index_of: list[int] = []
    unit = 0
    for character in raw:
        encoded = character.encode("utf-16-le", "surrogatepass")
        wanted = {ord(character), int.from_bytes(encoded[:2], "little")}
        ahead = next((k for k in range(unit, min(count, unit + 64)) if units[k] in wanted), None)
        index_of.append(-1 if ahead is None else ahead)
        if ahead is not None:
            unit = ahead + (2 if len(encoded) == 4 and units[ahead] != ord(character) else 1)
    return [index_of[position] if position >= 0 else -1 for position in positions]


def _quote(
    page: pdfium.PdfPage,
    textpage: pdfium.PdfTextPage,
    text: str,
    characters: _Characters | None,
    start: int,
    end: int,
) -> dict[str, Any]:
    if characters is None:
        return {"boxes": [], "verified": False}
    boxes, verified = [], True
    for first, last in _printed_lines(text, characters, start, end):
        wanted = "".join(text[first:last].split())
        if not wanted:
            continue
        indices = [characters.index[k] for k in range(first, last) if not text[k].isspace()]
        proved = _prove(textpage, indices, wanted)
        if proved is None:
            verified = False
        else:
            boxes.append(_displayed(page, proved))
    return {"boxes": boxes, "verified": verified}


def _printed_lines(text: str, characters: _Characters, start: int, end: int) -> list[tuple[int, int]]:
    cuts = [k for k in range(start + 1, end) if text[k - 1] == "\n" or k in characters.line_ends]
    return list(pairwise([start, *cuts, end]))


def _prove(
    textpage: pdfium.PdfTextPage, indices: list[int], wanted: str
) -> tuple[float, float, float, float] | None:
    """Return the box (left, bottom, right, top in page space) in which just the wanted characters stand."""
    for loose in (True, False):
        box = _union(textpage, [index for index in indices if index >= 0], loose=loose)
        if box is not None:
            found = "".join(printed(textpage.get_text_bounded(*box)).split())
            if found == wanted:
                return box
    return None


def _union(
    textpage: pdfium.PdfTextPage, indices: list[int], *, loose: bool
) -> tuple[float, float, float, float] | None:
    boxes = [textpage.get_charbox(index, loose=loose) for index in indices]
    if not boxes:
        return None
    left, bottom, right, top = zip(*boxes, strict=True)
    return min(left), min(bottom), max(right), max(top)


def _displayed(page: pdfium.PdfPage, box: tuple[float, float, float, float]) -> list[float]:
    left, bottom, right, top = box
    width, height = page.get_size()
    corners = []
    for x, y in ((left, top), (right, bottom)):
        device_x, device_y = ctypes.c_int(), ctypes.c_int()
        raw_pdfium.FPDF_PageToDevice(
            page.raw,
            0,
            0,
            round(width * DEVICE_UNITS),
            round(height * DEVICE_UNITS),
            0,
            x,
            y,
            ctypes.byref(device_x),
            ctypes.byref(device_y),
        )
        corners.append((device_x.value / DEVICE_UNITS, device_y.value / DEVICE_UNITS))
    (xa, ya), (xb, yb) = corners
    return [min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb)]
