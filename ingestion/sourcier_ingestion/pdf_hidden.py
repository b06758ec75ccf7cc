"""Words that a page holds and does not show -> taken out of its text, and reported. In the child.

Hidden is what a person who looks at the page cannot read: text that is not painted, transparent, of its
background's colour, under something opaque, of next to no size, or beside the page. It is how instructions to
a machine are smuggled into a document. Over an image as large as the page it is a scan's OCR layer: kept,
and said.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw_pdfium
from PIL import Image, ImageChops

from sourcier_ingestion import pdfium_calls as calls

MANY = 150  # objects: on a page of more, some tell whether all are looked at
EVERY = 3  # words: of these, one is looked at on such a page
SAMPLE = 100  # of such a page's objects, looked at whatever they are
PAGE_WIDE = 0.8  # of the page's area, covered by images
TINY = 1.5  # points of font size, as shown: nothing that is read is set so small
CLEAR = 10  # of 255: alpha up to this is transparent
SAME = 10  # of 255: colours that differ by no more in red, green and blue look alike
SEEN = 12  # of 255: grey that changes by no more when a text is taken away did not show it
BACKGROUND = 4.0  # points: a filled area that is smaller either way is a rule, no background
MAX_FORMS = 4  # forms within forms
MAX_EXCERPTS = 20  # of a page's hidden texts that are reported
MAX_EXCERPT = 300  # characters
RENDERED_PIXELS = 2_000_000
_UNPAINTED, _CLIPPED = 3, 7  # text render modes (PDF 32000-1, table 106)
_FILLED = (0, 4)
_TEXT, _PATH, _IMAGE, _SHADING, _FORM = 1, 2, 3, 4, 5  # FPDF_PAGEOBJ_*
_PAPER = (255, 255, 255)
_WORD = re.compile(r"\S+")

Colour = tuple[int, int, int, int]  # red, green, blue, alpha


@dataclass(frozen=True, slots=True)
class Shown:
    """A page's text without what is hidden."""

    textpage: pdfium.PdfTextPage
    raw: str  # pdfium's text
    words: list[tuple[int, int]]  # spans of it
    hidden: list[list[str]] = field(default_factory=list)  # [reason, words]
    ocr_layer: bool = False


def open_shown(page: pdfium.PdfPage) -> Shown:
    """Open a page's text, hidden words taken out: as long as the page is open they are not part of it.

    Returns:
        The text page, to be closed by the caller; pdfium's text and the spans of its words; for each hidden
        text its reason ("invisible", "background", "covered", "tiny" or "off_page") and words; whether the
        text
        is a scan's OCR layer.
    """
    textpage = page.get_textpage()
    raw = textpage.get_text_range()
    words = _spans(raw)
    objects = calls.objects_of(page)
    if len(objects) > MANY and not _Objects(page, _telling(objects, textpage, words)).deserve_a_search():
        return Shown(textpage, raw, words)
    known = _Objects(page, objects)
    if not known.deserve_a_search():
        return Shown(textpage, raw, words)
    found, ocr_layer = known.search(textpage)
    if not found:
        return Shown(textpage, raw, words, [], ocr_layer)
    texts = known.report(found, textpage)
    textpage.close()
    for k in found:
        calls.set_active(known.handles[k], active=False)
    textpage = page.get_textpage()
    raw = textpage.get_text_range()
    return Shown(textpage, raw, _spans(raw), texts, ocr_layer)


def _telling(objects: list[int], textpage: pdfium.PdfTextPage, words: list[tuple[int, int]]) -> list[int]:
    """Return the objects that tell whether a page of many has to be searched, in the order of painting.

    What is no text, what begins every third word (a sentence has more), and a sample: for text beside the
    page there may be no word.
    """
    kinds = map(calls.object_type, objects)
    keep = set(compress(objects, map(_TEXT.__ne__, kinds)))
    keep.update(calls.text_objects_at(textpage, [start for start, _ in words[::EVERY]]))
    keep.update(objects[:: max(1, len(objects) // SAMPLE)])
    return list(filter(keep.__contains__, objects))


def _spans(raw: str) -> list[tuple[int, int]]:
    return [word.span() for word in _WORD.finditer(raw)]


def has_image(page: pdfium.PdfPage) -> bool:
    """Tell whether a page shows an image."""
    images = page.get_objects(filter=[raw_pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=MAX_FORMS)
    return next(iter(images), None) is not None


class _Objects:
    """What a page paints, in that order: a column for each fact."""

    def __init__(self, page: pdfium.PdfPage, handles: list[int]) -> None:
        self._page = page
        left, bottom, right, top = map(float, page.get_bbox())
        self._paper: calls.Rectangle = left, bottom, right, top
        self.handles: list[int] = []
        self._kinds: list[int] = []
        self._boxes: list[calls.Rectangle] = []  # in page space
        self._fills: list[Colour] = []
        self._scales: dict[int, float] = {}  # of what is in forms
        self._add(handles, calls.IDENTITY, 0)

    def _add(self, handles: list[int], matrix: calls.Matrix, depth: int) -> None:
        kinds = list(map(calls.object_type, handles))
        bounds = calls.bounds_of(handles)
        fills = calls.fills_of(handles)
        boxes = list(zip(bounds[0::4], bounds[1::4], bounds[2::4], bounds[3::4], strict=True))
        colours = list(zip(fills[0::4], fills[1::4], fills[2::4], fills[3::4], strict=True))
        if depth == 0 and _FORM not in kinds:
            self.handles, self._kinds, self._boxes, self._fills = handles, kinds, boxes, colours
            return
        scale = abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]) ** 0.5
        for handle, kind, box, colour in zip(handles, kinds, boxes, colours, strict=True):
            if kind == _FORM:
                if depth < MAX_FORMS:
                    inner = _product(calls.matrix_of(handle), matrix)
                    self._add(calls.objects_in(handle), inner, depth + 1)
                continue
            if depth:
                self._scales[len(self.handles)] = scale
            self.handles.append(handle)
            self._kinds.append(kind)
            self._boxes.append(_moved(box, matrix) if depth else box)
            self._fills.append(colour)

    def deserve_a_search(self) -> bool:
        """Tell, at little cost, whether any text could be hidden."""
        texts = [k for k, kind in enumerate(self._kinds) if kind == _TEXT]
        if not texts:
            return False
        modes = set(map(calls.render_mode, self.handles))
        if modes - {-1, *_FILLED}:
            return True
        colours = {self._fills[k] for k in texts}
        if any(colour[3] <= CLEAR or _alike(colour, _PAPER) for colour in colours):
            return True
        if self._tiny() or (self._some_off_page() and any(map(self._is_off_page, texts))):
            return True
        if len(texts) == len(self._kinds):
            return False
        areas = list(self._areas())
        if any(_alike(colour, self._fills[k]) for k in areas for colour in colours):
            return True
        above = [area for area in areas if area > texts[0]]
        return any(over > k and _covers(self._boxes[over], self._boxes[k]) for over in above for k in texts)

    def search(self, textpage: pdfium.PdfTextPage) -> tuple[dict[int, str], bool]:
        """Return the places of hidden texts with the reason, and whether some are an OCR layer instead."""
        texts = [k for k, kind in enumerate(self._kinds) if kind == _TEXT]
        areas = list(self._areas())
        tiny = set(self._tiny())
        found = {k: reason for k in texts if (reason := self._plainly_hidden(k, areas, tiny))}
        seeming = {
            k: reason for k in texts if k not in found and (reason := self._seemingly_hidden(k, areas))
        }
        found, seeming = self._saying(found, textpage), self._saying(seeming, textpage)
        layer = {k for k, why in {**found, **seeming}.items() if why not in ("background", "off_page")}
        ocr_layer = bool(layer) and self._has_page_wide_image()
        if ocr_layer:
            found = {k: reason for k, reason in found.items() if k not in layer}
            seeming = {k: reason for k, reason in seeming.items() if k not in layer}
        return {**found, **self._unseen(seeming)}, ocr_layer

    def _saying(self, found: dict[int, str], textpage: pdfium.PdfTextPage) -> dict[int, str]:
        """Leave out blanks, and all where there is no letter: ticks, dashes and dots mislead nobody."""
        words = {k: self.words(k, textpage) for k in found}
        # pdfium does not tell the words of what is beside the page.
        if not any(why == "off_page" or any(map(str.isalnum, words[k])) for k, why in found.items()):
            return {}
        return {k: why for k, why in found.items() if words[k] or why == "off_page"}

    def words(self, place: int, textpage: pdfium.PdfTextPage) -> str:
        """Return what a text object prints, white space folded."""
        return " ".join(calls.text_of(self.handles[place], textpage).split())

    def report(self, found: dict[int, str], textpage: pdfium.PdfTextPage) -> list[list[str]]:
        """Return reason and words of hidden texts, those of one reason that follow each other joined."""
        reports: list[list[str]] = []
        beside = self._beside_the_page([k for k, reason in found.items() if reason == "off_page"])
        for k in sorted(found):
            words = beside.get(k, "") if found[k] == "off_page" else self.words(k, textpage)
            if reports and reports[-1][0] == found[k]:
                reports[-1][1] = f"{reports[-1][1]} {words}".strip()[:MAX_EXCERPT]
            elif words:
                reports.append([found[k], words[:MAX_EXCERPT]])
        return reports[:MAX_EXCERPTS]

    def _beside_the_page(self, places: list[int]) -> dict[int, str]:
        """Read texts beside the page, which pdfium leaves out: moved onto it, and then out of its text."""
        left, bottom, _, _ = self._paper
        for k in places:
            calls.move(self.handles[k], left - self._boxes[k][0] + 1, bottom - self._boxes[k][1] + 1)
        textpage = self._page.get_textpage()
        found = {k: self.words(k, textpage) for k in places}
        textpage.close()
        return found

    def _plainly_hidden(self, k: int, areas: list[int], tiny: set[int]) -> str | None:
        """Return why a text cannot be seen, where the object itself tells."""
        if self._is_off_page(k):
            return "off_page"
        mode = calls.render_mode(self.handles[k])
        # Text that clips may show what is painted after it, letters filled with an image.
        if mode == _UNPAINTED or (mode == _CLIPPED and not any(area > k for area in areas)):
            return "invisible"
        if mode in _FILLED and self._fills[k][3] <= CLEAR:
            return "invisible"
        return "tiny" if k in tiny else None

    def _seemingly_hidden(self, k: int, areas: list[int]) -> str | None:
        """Return why a text may not be seen, by what is painted before and after it."""
        if any(over > k and _covers(self._boxes[over], self._boxes[k]) for over in areas):
            return "covered"
        if calls.render_mode(self.handles[k]) not in _FILLED:
            return "background"  # outlined letters are rare: whether they show is drawn
        return "background" if self._is_background(k, areas) else None

    def _is_background(self, k: int, areas: list[int]) -> bool:
        """Tell whether a text has the colour of what lies under it."""
        colour = self._fills[k]
        x = (self._boxes[k][0] + self._boxes[k][2]) / 2
        y = (self._boxes[k][1] + self._boxes[k][3]) / 2
        for under in reversed([area for area in areas if area < k]):
            left, bottom, right, top = self._boxes[under]
            if left <= x <= right and bottom <= y <= top:
                return self._kinds[under] == _PATH and _alike(colour, self._fills[under])
        return _alike(colour, _PAPER)

    def _areas(self) -> Iterator[int]:
        """Give the places of what is large enough to be written on, or to cover writing."""
        for k, kind in enumerate(self._kinds):
            left, bottom, right, top = self._boxes[k]
            if kind == _TEXT or right - left < BACKGROUND or top - bottom < BACKGROUND:
                continue
            if kind != _PATH or (self._fills[k][3] > CLEAR and calls.is_filled(self.handles[k])):
                yield k

    def _is_off_page(self, k: int) -> bool:
        left, bottom, right, top = self._boxes[k]
        paper = self._paper
        beside: bool = right <= paper[0] or top <= paper[1] or left >= paper[2] or bottom >= paper[3]
        return beside and right > left and top > bottom

    def _some_off_page(self) -> bool:
        lefts, bottoms, rights, tops = map(list[float], zip(*self._boxes, strict=True))
        left, bottom, right, top = self._paper
        return min(rights) <= left or min(tops) <= bottom or max(lefts) >= right or max(bottoms) >= top

    def _tiny(self) -> list[int]:
        """Return the places of texts of next to no size; a dot's or a dash's box alone does not tell."""
        low = [
            k
            for k, (left, bottom, right, top) in enumerate(self._boxes)
            if (top - bottom < TINY or right - left < TINY) and self._kinds[k] == _TEXT
        ]
        sizes = calls.font_sizes_of([self.handles[k] for k in low])
        return [k for k, size in zip(low, sizes, strict=True) if 0 < size * self._scales.get(k, 1.0) < TINY]

    def _has_page_wide_image(self) -> bool:
        left, bottom, right, top = self._paper
        area = sum(
            max(0.0, min(right, box[2]) - max(left, box[0]))
            * max(0.0, min(top, box[3]) - max(bottom, box[1]))
            for box, kind in zip(self._boxes, self._kinds, strict=True)
            if kind == _IMAGE
        )
        return area >= PAGE_WIDE * (right - left) * (top - bottom)

    def _unseen(self, seeming: dict[int, str]) -> dict[int, str]:
        """Return those texts without which the page looks the same: it is drawn with them and without."""
        if not seeming:
            return {}
        before = self._drawn()
        for k in seeming:
            calls.set_active(self.handles[k], active=False)
        after = self._drawn()
        for k in seeming:
            calls.set_active(self.handles[k], active=True)
        changed = ImageChops.difference(before, after)
        return {k: why for k, why in seeming.items() if not self._shows(changed, self._boxes[k])}

    def _drawn(self) -> Image.Image:
        width, height = self._page.get_size()
        scale = min(2.0, (RENDERED_PIXELS / max(1.0, width * height)) ** 0.5)
        upright = (360 - self._page.get_rotation()) % 360  # as page space lies
        drawn: Any = self._page.render(scale=scale, grayscale=True, rotation=upright)
        image: Image.Image = drawn.to_pil().convert("L")
        return image

    def _shows(self, changed: Image.Image, box: calls.Rectangle) -> bool:
        left, bottom, right, top = self._paper
        across, up = changed.width / max(1.0, right - left), changed.height / max(1.0, top - bottom)
        pixels = (
            max(0, int((box[0] - left) * across)),
            max(0, int((top - box[3]) * up)),
            min(changed.width, int((box[2] - left) * across) + 1),
            min(changed.height, int((top - box[1]) * up) + 1),
        )
        if pixels[0] >= pixels[2] or pixels[1] >= pixels[3]:
            return True
        grey = changed.crop(pixels).getextrema()
        return any(level > SEEN for level in grey if isinstance(level, (int, float)))


def _alike(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) <= SAME for a, b in zip(one[:3], other[:3], strict=True))


def _covers(over: calls.Rectangle, box: calls.Rectangle) -> bool:
    return over[0] <= box[0] + 1 and over[1] <= box[1] + 1 and over[2] >= box[2] - 1 and over[3] >= box[3] - 1


def _product(inner: calls.Matrix, outer: calls.Matrix) -> calls.Matrix:
    """Return the matrix that maps by the first, then by the second."""
    a, b, c, d, e, f = inner
    g, h, i, j, k, m = outer
    return (
        a * g + b * i,
        a * h + b * j,
        c * g + d * i,
        c * h + d * j,
        e * g + f * i + k,
        e * h + f * j + m,
    )


def _moved(box: calls.Rectangle, matrix: calls.Matrix) -> calls.Rectangle:
    a, b, c, d, e, f = matrix
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in box[0::2] for y in box[1::2]]
    xs, ys = zip(*corners, strict=True)
    return min(xs), min(ys), max(xs), max(ys)
