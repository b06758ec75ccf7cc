"""Last step of the samples flow: our Markdown sources -> blocks -> flowables -> the sample PDFs.

    python samples/make_pdfs.py [--out samples/pdf]

Pages, labels, running lines, contents and outline are made here. A document is laid out again until the page
labels that its cross references print are those on which the anchors stand. The same sources give the same
bytes on every run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.platypus import (
    ActionFlowable,
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    NextPageTemplate,
    PageBreakIfNotEmpty,
    PageTemplate,
    Spacer,
)
from reportlab.platypus import Paragraph as Text
from reportlab.platypus import Table as Grid

from inline_text import WORDS, plain
from markdown_dialect import (
    Document,
    FrontMatter,
    Heading,
    NewPage,
    SourceError,
    Where,
    read_document,
)
from pdf_blocks import (
    ACCENT,
    CELL_STYLES,
    FRAME_HEIGHT,
    INK,
    MUTED,
    REGULAR,
    RULE,
    STRONG,
    STYLES,
    WIDTH,
    Typesetter,
    table_rules,
    text_width,
)

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "sources"
DOCUMENTS: dict[str, tuple[str, ...]] = {
    "recueil-des-procedures.pdf": ("recueil-procedures-fr.md", "recueil-procedures-fr-annexes.md"),
    "field-operations-manual.pdf": ("field-operations-manual-en.md",),
}

MAX_PASSES = 6
MARGIN = 25 * mm
PAGE_WIDTH, PAGE_HEIGHT = A4
HEADER_Y, FOOTER_Y = PAGE_HEIGHT - 16 * mm, 14 * mm
CONTENTS_SIZES = {1: 10.5, 2: 9.5, 3: 9}
CONTENTS_INDENTS = {1: (0, 24), 2: (24, 32), 3: (56, 42)}
"""By level: where the number begins, and the room it takes before the title."""
LABEL_STYLES = {"roman": "ROMAN_LOWER", "arabic": "ARABIC"}


@dataclass(frozen=True)
class Numbering:
    """One run of page labels: i, ii, ... or 1, 2, ... or A-1, A-2, ..."""

    style: str
    prefix: str = ""

    def label(self, count: int) -> str:
        """Write the label of the count-th page of the run."""
        return self.prefix + (roman(count) if self.style == "roman" else str(count))


def roman(number: int) -> str:
    """Write a number in small roman letters."""
    values = {100: "c", 90: "xc", 50: "l", 40: "xl", 10: "x", 9: "ix", 5: "v", 4: "iv", 1: "i"}
    text = ""
    for value, letters in values.items():
        count, number = divmod(number, value)
        text += letters * count
    return text


class Manual(BaseDocTemplate):  # type: ignore[misc]
    """One pass over a document: draws the pages and notes the printed label of every anchor."""

    def __init__(self, target: BytesIO, front: FrontMatter) -> None:
        super().__init__(
            target,
            pagesize=A4,
            title=front.title,
            author=front.organisation,
            subject=front.subtitle or front.title,
            keywords=[front.reference] if front.reference else [],
            creator="Sourcier samples/make_pdfs.py",
            lang=front.lang,
            displayDocTitle=True,
            invariant=1,
            pageCompression=1,
            initialFontName=REGULAR,
        )
        self.front = front
        self.numbering = Numbering("roman")
        self.running_title = ""
        self.count = 0
        self.found: dict[str, str] = {}
        self._numbering_of_page = Numbering("none")
        frame = Frame(MARGIN, 24 * mm, WIDTH, FRAME_HEIGHT, 0, 0, 0, 0)
        self.addPageTemplates(
            [
                PageTemplate("title", [frame], onPage=self.open_title_page),
                PageTemplate("page", [frame], onPage=self.open_page, onPageEnd=self.close_page),
            ]
        )

    @property
    def label(self) -> str:
        """The printed label of the page being drawn."""
        return self._numbering_of_page.label(self.count)

    def handle_part(self, numbering: Numbering, running_title: str) -> None:
        """From the next page on: these labels and this title in the header (an ActionFlowable calls it)."""
        self.numbering, self.running_title = numbering, running_title

    def count_page(self, canvas: Any) -> None:
        """Number the page; a new run of labels is told to the PDF catalogue."""
        if self.numbering == self._numbering_of_page:
            self.count += 1
            return
        self._numbering_of_page, self.count = self.numbering, 1
        style, prefix = LABEL_STYLES[self.numbering.style], self.numbering.prefix or None
        canvas.addPageLabel(canvas.getPageNumber() - 1, style=style, start=1, prefix=prefix)

    def open_title_page(self, canvas: Any, _doc: BaseDocTemplate) -> None:
        """Draw the title page's ornament; it carries no running lines."""
        self.count_page(canvas)
        canvas.showOutline()
        draw_waves(canvas)

    def open_page(self, canvas: Any, _doc: BaseDocTemplate) -> None:
        """Draw the running header."""
        self.count_page(canvas)
        canvas.saveState()
        draw_rule(canvas, HEADER_Y - 6)
        canvas.drawString(MARGIN, HEADER_Y, self.front.title)
        room = WIDTH - text_width(self.front.title, REGULAR, 8) - 8 * mm
        canvas.drawRightString(MARGIN + WIDTH, HEADER_Y, shortened(self.running_title, room, 8))
        canvas.restoreState()

    def close_page(self, canvas: Any, _doc: BaseDocTemplate) -> None:
        """Draw the footer, with the printed label."""
        canvas.saveState()
        draw_rule(canvas, FOOTER_Y + 14)
        reference = " · ".join(part for part in (self.front.reference, self.front.date) if part)
        canvas.drawString(MARGIN, FOOTER_Y, reference)
        canvas.setFillColor(ACCENT)
        canvas.setFont(STRONG, 8.5)
        page = WORDS[self.front.lang]["page"].capitalize()
        canvas.drawRightString(MARGIN + WIDTH, FOOTER_Y, f"{page} {self.label}")
        canvas.restoreState()

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 - reportlab's own name
        """Note the page of a heading, and bookmark it."""
        heading = getattr(flowable, "heading", None)
        if heading is not None:
            top = self.frame._y + flowable.height + (30 if heading.level == 1 else 8)
            self.canv.bookmarkPage(heading.anchor, fit="XYZ", left=0, top=top, zoom=0)
            self.canv.addOutlineEntry(
                outline_title(heading, self.front.lang), heading.anchor, heading.level - 1
            )
            self.found[heading.anchor] = self.label


class ContentsLine(Flowable):  # type: ignore[misc]
    """Number, title, dotted leader (drawn, not typed) and page label, the whole line a link."""

    def __init__(self, heading: Heading, label: str) -> None:
        super().__init__()
        self.heading_line, self.label = heading, label
        self.font = STRONG if heading.level == 1 else REGULAR
        self.size = CONTENTS_SIZES[heading.level]
        self.spaceBefore = 11 if heading.level == 1 else 0
        self.leading = self.size + 5.6
        self.left, number_room = CONTENTS_INDENTS[heading.level]
        self.title_left = self.left + number_room
        self.lines: list[str] = simpleSplit(
            plain(heading.title), self.font, self.size, WIDTH - self.title_left - 46
        )

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        """Tell the height of the entry."""
        self.height = self.leading * len(self.lines)
        return WIDTH, self.height

    def draw(self) -> None:
        """Draw the entry."""
        canvas = self.canv
        canvas.setFillColor(ACCENT if self.heading_line.level == 1 else INK)
        canvas.setFont(self.font, self.size)
        y = self.height - self.size
        canvas.drawString(self.left, y, self.heading_line.number)
        for number, line in enumerate(self.lines):
            canvas.drawString(self.title_left, y - number * self.leading, line)
        y -= (len(self.lines) - 1) * self.leading
        canvas.drawRightString(WIDTH, y, self.label)
        start = self.title_left + text_width(self.lines[-1], self.font, self.size) + 6
        end = WIDTH - text_width(self.label, self.font, self.size) - 6
        canvas.setStrokeColor(MUTED)
        canvas.setLineWidth(0.5)
        canvas.setDash(0.5, 3)
        canvas.line(start, y + 0.5, max(start, end), y + 0.5)
        canvas.linkRect("", self.heading_line.anchor, (0, 0, WIDTH, self.height), relative=1)


def outline_title(heading: Heading, lang: str) -> str:
    """Word a heading for the outline, with its number."""
    kind = WORDS[lang]["annex"].capitalize() + " " if heading.annex and heading.level == 1 else ""
    return f"{kind}{heading.number}  {plain(heading.title)}"


def shortened(text: str, room: float, size: float) -> str:
    """Cut a text, with an ellipsis, so that it fits its room."""
    if text_width(text, REGULAR, size) <= room:
        return text
    while text and text_width(text + "…", REGULAR, size) > room:
        text = text[:-1]
    return text.rstrip(" ,;:") + "…"


def draw_rule(canvas: Any, y: float) -> None:
    """A hairline across the page; leaves the canvas set for small grey text."""
    canvas.setStrokeColor(RULE)
    canvas.setLineWidth(0.6)
    canvas.line(MARGIN, y, MARGIN + WIDTH, y)
    canvas.setFillColor(MUTED)
    canvas.setFont(REGULAR, 8)


def draw_waves(canvas: Any) -> None:
    """The title page's ornament: three swells across the foot of the page."""
    canvas.saveState()
    for height, colour in ((92 * mm, "#e6eff3"), (70 * mm, "#a9c8d4"), (46 * mm, "#0b5068")):
        canvas.setFillColor(HexColor(colour))
        path = canvas.beginPath()
        path.moveTo(0, 0)
        path.lineTo(0, height)
        bend, third = 16 * mm, PAGE_WIDTH / 3
        path.curveTo(third * 0.6, height + bend, third * 1.2, height - bend, third * 1.7, height - bend * 0.2)
        path.curveTo(
            third * 2.1, height + bend * 0.5, third * 2.6, height + bend * 0.3, PAGE_WIDTH, height - bend
        )
        path.lineTo(PAGE_WIDTH, 0)
        path.close()
        canvas.drawPath(path, stroke=0, fill=1)
    canvas.restoreState()


def title_page(front: FrontMatter) -> list[Flowable]:
    """Set the organisation, the title and the reference."""
    strong = ParagraphStyle(
        "title", fontName=STRONG, fontSize=29, leading=36, textColor=ACCENT, spaceAfter=12
    )
    light = ParagraphStyle("subtitle", fontName=REGULAR, fontSize=13.5, leading=20, textColor=MUTED)
    owner = ParagraphStyle("owner", fontName=STRONG, fontSize=11, leading=15, textColor=INK)
    reference = ParagraphStyle("reference", fontName=REGULAR, fontSize=10.5, leading=17, textColor=INK)
    return [
        Spacer(1, 6 * mm),
        Text(front.organisation, owner),
        Spacer(1, 38 * mm),
        Text(front.title, strong),
        Text(front.subtitle, light),
        Spacer(1, 14 * mm),
        Text(front.reference, reference),
        Text(front.date, reference),
    ]


def front_page(title: str, content: Sequence[Flowable]) -> list[Flowable]:
    """Open a page of the front matter, unless it has nothing to show."""
    if not content:
        return []
    part = ActionFlowable(("part", Numbering("roman"), title))
    return [part, PageBreakIfNotEmpty(), Text(title, STYLES["h1"]), *content]


def revision_table(front: FrontMatter) -> list[Flowable]:
    """Set the revisions of the front matter."""
    if not front.revisions:
        return []
    words = WORDS[front.lang]
    columns = words["revision columns"].split("|")
    rows = [[Text(cell, CELL_STYLES["head", "left"]) for cell in columns]]
    rows += [[Text(cell, CELL_STYLES["cell", "left"]) for cell in row] for row in front.revisions]
    widths = [22 * mm, 42 * mm, WIDTH - 64 * mm]
    return [Grid(rows, colWidths=widths, repeatRows=1, style=table_rules(0))]


def contents(document: Document, labels: dict[str, str]) -> list[Flowable]:
    """Set the table of contents; no chapter is left alone at the foot of a page."""
    lines: list[Flowable] = []
    for heading in document.headings.values():
        if heading.level == 1:
            lines.append(CondPageBreak(55))
        lines.append(ContentsLine(heading, labels.get(heading.anchor, "00")))
    return lines


def body(document: Document, labels: dict[str, str]) -> Iterator[Flowable]:
    """Set chapters and annexes, each on a new page."""
    break_due = False
    for block, flowables in Typesetter(document, labels).story():
        if isinstance(block, NewPage):
            break_due = True
            continue
        if isinstance(block, Heading) and block.level == 1:
            yield chapter_part(block, document.front.lang)
            break_due = True
        if break_due:
            yield PageBreakIfNotEmpty()
        yield from flowables
        break_due = False


def chapter_part(heading: Heading, lang: str) -> Flowable:
    """Announce a chapter: its running title, and the labels of its pages."""
    numbering = Numbering("arabic", f"{heading.annex_letter}-" if heading.annex else "")
    kind = WORDS[lang]["annex"].capitalize() + " " if heading.annex else ""
    return ActionFlowable(("part", numbering, f"{kind}{heading.number} – {plain(heading.title)}"))


def story(document: Document, labels: dict[str, str]) -> list[Flowable]:
    """Put the whole document in order."""
    words = WORDS[document.front.lang]
    return [
        *title_page(document.front),
        NextPageTemplate("page"),
        *front_page(words["revisions"], revision_table(document.front)),
        *front_page(words["contents"], contents(document, labels)),
        *body(document, labels),
    ]


def make_pdf(document: Document) -> bytes:
    """Lay the document out until its references hold; the contents and {@anchor} need the labels first."""
    labels: dict[str, str] = {}
    for _ in range(MAX_PASSES):
        target = BytesIO()
        manual = Manual(target, document.front)
        manual.build(story(document, labels))
        if manual.found == labels:
            return target.getvalue()
        labels = manual.found
    where = Where(document.front.title, 0)
    raise SourceError(where, f"the page numbers of the references do not settle in {MAX_PASSES} passes")


def main(arguments: Sequence[str] | None = None) -> int:
    """Make every document; a fault in a source is told with its line."""
    parser = argparse.ArgumentParser(description="Make the sample PDFs from their Markdown sources.")
    parser.add_argument("--out", type=Path, default=HERE / "pdf", help="folder for the PDFs (samples/pdf)")
    out: Path = parser.parse_args(arguments).out
    out.mkdir(parents=True, exist_ok=True)
    try:
        for name, sources in DOCUMENTS.items():
            (out / name).write_bytes(make_pdf(read_document([SOURCES / source for source in sources])))
            print(out / name)
    except (SourceError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
