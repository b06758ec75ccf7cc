"""One PDF page -> its text, headings and table rows. Runs in the confined child.

The text is pdfium's, line by line, without what the page does not show (`pdf_hidden`). Headings are known by
their size or weight, table rows by the gaps between
their words: two positions a word and three facts a line are looked up, a tenth of the cost of every
character's box.
"""

import ctypes
import math
import re
from dataclasses import dataclass
from statistics import median
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw_pdfium

from sourcier_ingestion.pdf_hidden import Shown, has_image, open_shown
from sourcier_ingestion.pdfium_calls import character_boxes, unmapped

LINE_BREAK = re.compile(r"\r\n|\r|\n")
HYPHEN = (
    "\ufffe"  # pdfium's for a hyphen at a line's end, whose line break it leaves out; U+0002 in bounded text
)
_PRINTED = {**dict.fromkeys(range(32), " "), 0x02: "-", 0xFFFE: "-", 0xAD: "-", 0x7F: " ", 0xFFFF: " "}
CELL_GAP = 0.9  # of a line's height: a justified line's widest spaces stay below it
HEADING_SIZE = 1.12  # of the page's body size
BOLD = 600  # CSS weight
REGULAR = 400  # the same
MAX_HEADING = 120  # characters
MAX_HEADER_LINES = 4  # lines above a table's first row that may be its header
MAPPED_SAMPLE = 100  # words of a page that are asked whether the file says what their first letter is
# No letters: replacement and private use characters, and controls other than white space and pdfium's hyphen.
_STRANGE = re.compile("[\ufffd\ue000-\uf8ff\U000f0000-\U0010ffff\x00\x01\x03-\x08\x0e-\x1f\x7f-\x9f]")
_WORD = re.compile(r"\S+")
_RUN_IN = re.compile(r"[^\W\d][.;!?]\s+\S")  # a sentence goes on after a bold beginning
_NUMERIC = re.compile(r"^[\s\d.,%$€£()+\-–—/:*]+$")
_LABEL = re.compile(r"^(?:\(?\d{1,3}(?:\.\d{1,3})*[.)]?|\(?[a-zA-Z]{1,4}[.)]|[^\w\s]{1,2})$")
_NUMBERED = re.compile(r"^(\d+(?:\.\d+)*)[.)]?\s+\S")


@dataclass(frozen=True, slots=True)
class Line:
    """A printed line, in the page's text and in pdfium's characters."""

    start: int  # into the page's text
    end: int
    raw_start: int  # into pdfium's text, UTF-16 units as pdfium counts
    height: float  # points; 0.0 when unknown
    weight: int  # CSS weight, -1 when unknown
    cells: tuple[tuple[int, int], ...]  # spans of the page's text, left to right


def printed(text: str) -> str:
    """Return pdfium's text as a reader sees it, one code point for each."""
    return text.translate(_PRINTED)


def read_page(document: pdfium.PdfDocument, number: int) -> dict[str, Any]:
    """Read one page.

    Args:
        document: Open.
        number: 1-based.

    Returns:
        `number`; `text`; `headings` as [start, level, title]; `rows` as [start, end, header span or null];
        `warning`: "image_only" or "blank" where there is no text, else null; `width` and `height` in points
        as displayed; `rotation` in degrees; `garbled` in [0, 1]; `hidden` as [reason, words]; `ocr_layer`.
    """
    page = document[number - 1]
    shown = open_shown(page)
    try:
        lines, text, turned = _lines(shown)
        width, height = page.get_size()
        found: dict[str, Any] = {"number": number, "text": text, "warning": None}
        if not text.strip():
            found["warning"] = "image_only" if has_image(page) else "blank"
        return {
            **found,
            "headings": _headings(lines, text),
            "rows": _rows(lines, text),
            "width": width,
            "height": height,
            "rotation": int(page.get_rotation()) or turned,
            "garbled": _garbled(shown),
            "hidden": shown.hidden,
            "ocr_layer": shown.ocr_layer,
        }
    finally:
        shown.textpage.close()
        page.close()


def lines_of(number: int, text: str) -> dict[str, Any]:
    """Return a page of which only the text is known, as `read_page` does."""
    shown = "\n".join(printed(line) for _, line in split_lines(text))
    return {
        "number": number,
        "text": shown,
        "warning": None if shown.strip() else "blank",
        "headings": [],
        "rows": [],
        "width": 0.0,
        "height": 0.0,
        "rotation": 0,
        "garbled": 0.0,
        "hidden": [],
        "ocr_layer": False,
    }


def _garbled(shown: Shown) -> float:
    """Return the share of characters that are none: replaced, private, or unknown to the file itself."""
    characters = sum(end - start for start, end in shown.words)
    if not characters:
        return 0.0
    strange = len(_STRANGE.findall(shown.raw)) / characters
    sample = [start for start, _ in shown.words[:: max(1, len(shown.words) // MAPPED_SAMPLE)]]
    unknown = unmapped(shown.textpage, sample) / len(sample)
    return round(min(1.0, max(strange, unknown)), 3)


def split_lines(raw: str) -> list[tuple[int, str]]:
    """Return pdfium's lines with the offset of each in its text."""
    lines, position = [], 0
    for match in LINE_BREAK.finditer(raw):
        lines.append((position, raw[position : match.start()]))
        position = match.end()
    lines.append((position, raw[position:]))
    return lines


def _lines(shown: Shown) -> tuple[list[Line], str, int]:
    """Return the lines, the text, and by how many degrees most of it is turned."""
    raw = shown.raw
    # Only where each code point is one of pdfium's characters can positions be looked up cheaply.
    aligned = len(raw) == shown.textpage.count_chars()
    measure = _Measure(shown.textpage, shown.words) if aligned else None
    lines, parts, start = [], [], 0
    for raw_start, raw_line in split_lines(raw):
        shown_line = printed(raw_line)
        height, weight, cells = (
            measure.line(raw_start, raw_line) if measure else (0.0, -1, [(0, len(shown_line))])
        )
        spans = tuple((start + first, start + last) for first, last in cells)
        lines.append(Line(start, start + len(shown_line), raw_start, height, weight, spans))
        parts.append(shown_line)
        start += len(shown_line) + 1
    return lines, "\n".join(parts), measure.turned() if measure else 0


class _Measure:
    """Looks up positions of characters: those that begin and end a word at once, others when asked."""

    def __init__(self, textpage: pdfium.PdfTextPage, words: list[tuple[int, int]]) -> None:
        self._page = textpage.raw
        self._rectangle = raw_pdfium.FS_RECTF()
        self._name = ctypes.create_string_buffer(128)
        self._place = {start: place for place, (start, _) in enumerate(words)}
        self._edges = character_boxes(textpage, [k for start, end in words for k in (start, end - 1)])
        self._turns = [0, 0, 0, 0]  # characters of lines by quarter turns

    def line(self, start: int, text: str) -> tuple[float, int, list[tuple[int, int]]]:
        """Height in points and weight of a line's first printed character, and the line's cells."""
        first = len(text) - len(text.lstrip())
        if first == len(text):
            return 0.0, -1, [(0, len(text))]
        turn = self._turn(start + first)
        self._turns[turn] += len(text)
        reading = _READINGS[turn]
        found = raw_pdfium.FPDFText_GetLooseCharBox(self._page, start + first, ctypes.byref(self._rectangle))
        box = self._rectangle
        height = 0.0
        if found:
            height = abs(box.right - box.left) if reading.vertical else abs(box.top - box.bottom)
        weight = self._weight(start + first)
        cells = self._cells(start, text, height, reading) if height else [(0, len(text))]
        return height, weight, cells

    def turned(self) -> int:
        """Degrees clockwise by which most of the lines seen are turned on the page."""
        return 90 * self._turns.index(max(self._turns))

    def _weight(self, index: int) -> int:
        weight = int(raw_pdfium.FPDFText_GetFontWeight(self._page, index))
        if weight > 0:
            return weight
        # The fonts that every reader has are embedded by no file: only their name tells, "Helvetica-Bold".
        raw_pdfium.FPDFText_GetFontInfo(self._page, index, self._name, len(self._name), None)
        return BOLD if b"bold" in self._name.value.lower() else REGULAR

    def _turn(self, index: int) -> int:
        angle: float = raw_pdfium.FPDFText_GetCharAngle(
            self._page, index
        )  # clockwise, in radians; -1 when unknown
        return round(max(0.0, angle) / (math.pi / 2)) % 4

    def _cells(self, start: int, text: str, height: float, reading: "_Reading") -> list[tuple[int, int]]:
        """Spans of a line that wide gaps part."""
        cells: list[tuple[int, int]] = []
        right = None
        sign, begin, end = reading.sign, reading.begin, reading.end
        for word in _WORD.finditer(text):
            edges = 8 * self._place[start + word.start()]  # of its first character, then of its last
            left = sign * self._edges[edges + begin]
            if right is None or left - right > CELL_GAP * height:
                cells.append(word.span())
            else:
                cells[-1] = (cells[-1][0], word.end())
            right = sign * self._edges[edges + 4 + end]
        if len(cells) > 1 and _LABEL.match(text[slice(*cells[0])]):
            cells[:2] = [(cells[0][0], cells[1][1])]  # a paragraph's number or a bullet is no cell
        return cells


@dataclass(frozen=True, slots=True)
class _Reading:
    """The way a line runs over the page: which edges of its characters' boxes come first and last."""

    begin: int  # 0 left, 1 right, 2 bottom, 3 top: pdfium's order
    end: int
    sign: int  # -1 where coordinates fall as one reads on

    @property
    def vertical(self) -> bool:
        """Whether the line runs up or down the page, as on a landscape page that is shown rotated."""
        return self.begin > 1


# By quarter turns clockwise: rightwards, downwards, leftwards, upwards.
_READINGS = (_Reading(0, 1, 1), _Reading(3, 2, -1), _Reading(1, 0, -1), _Reading(2, 3, 1))


def _headings(lines: list[Line], text: str) -> list[list[Any]]:
    # Prose alone tells the body's size: a table is often set smaller, which makes no paragraph a heading.
    prose = [line for line in lines if len(line.cells) == 1] or lines
    sizes = [line.height for line in prose for _ in range(line.end - line.start) if line.height]
    if not sizes:
        return []
    body = median(sizes)
    weights = [line.weight for line in lines for _ in range(line.end - line.start)]
    body_is_bold = median(weights) >= BOLD
    found: list[list[Any]] = []
    previous: Line | None = None
    for line in lines:
        title = text[line.start : line.end].strip()
        level = _heading_level(line, title, body, body_is_bold)
        if level is None:
            previous = None if title else previous
            continue
        if previous is not None and abs(previous.height - line.height) < 0.5 and not _NUMBERED.match(title):
            found[-1][2] = f"{found[-1][2]} {title}"[:MAX_HEADING]  # a title that runs over two lines
        else:
            found.append([line.start, level, title])
        previous = line
    return found


def _heading_level(line: Line, title: str, body: float, body_is_bold: bool) -> int | None:
    if not 3 <= len(title) <= MAX_HEADING or len(line.cells) > 1 or not any(c.isalpha() for c in title):
        return None
    if _RUN_IN.search(title):
        return None
    larger = line.height >= HEADING_SIZE * body
    bolder = line.weight >= BOLD and not body_is_bold
    if not larger and (not bolder or title[-1] in ".,;" or title[0].islower()):
        return None
    numbered = _NUMBERED.match(title)
    if numbered:
        return min(6, numbered.group(1).count(".") + 1)
    if not larger:
        return 5
    ratio = line.height / body
    return 1 if ratio >= 1.6 else 2 if ratio >= 1.3 else 3


def _rows(lines: list[Line], text: str) -> list[list[Any]]:
    rows: list[list[Any]] = []
    first = 0
    while first < len(lines):
        last = _table_end(lines, first)
        if last - first < 2:
            first += 1
            continue
        rows += _table(lines[max(0, first - MAX_HEADER_LINES) : first], lines[first:last], text)
        first = last
    return rows


def _table_end(lines: list[Line], first: int) -> int:
    """Return the line after the table that begins at `first`; `first` where none does."""
    end = first
    for position in range(first, len(lines)):
        if len(lines[position].cells) > 1:
            end = position + 1
        elif position - end >= 2 or end == first:  # at most two lines of one cell between rows: wrapped words
            break
    return end if sum(len(line.cells) > 1 for line in lines[first:end]) >= 2 else first


def _table(above: list[Line], table: list[Line], text: str) -> list[list[Any]]:
    head: tuple[int, int] | None = (table[0].start, table[0].end)
    body = table[1:]
    rows: list[list[Any]] = []
    cells = [text[start:end] for start, end in table[0].cells]
    if sum(bool(_NUMERIC.match(cell)) for cell in cells) * 2 >= len(cells):
        # The first row holds figures: its header, if any, stands in short lines above it.
        short = [line for line in above if 0 < line.end - line.start < 60]
        head = (short[0].start, short[-1].end) if short else None
        body = table
    else:
        rows.append([table[0].start, table[0].end, None])
    rows += [[line.start, line.end, head] for line in body if line.end > line.start]
    return rows
