"""Middle step of the samples flow: numbered blocks -> reportlab flowables (make_pdfs.py lays out the pages).

Everything a reader sees in the body is set here: type sizes, colours, tables, notes and forms. The fonts are
the Bitstream Vera faces that reportlab's own wheel carries, so nothing depends on the system.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER, TA_LEFT, TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    PageBreakIfNotEmpty,
)
from reportlab.platypus import Paragraph as Text
from reportlab.platypus import Table as Grid

from inline_text import BOLD, ITALIC, LED_REFERENCE, WORDS, plain, reference_lead, reference_text, typeset
from markdown_dialect import (
    Block,
    Document,
    Form,
    FormLine,
    Heading,
    ListBlock,
    NewPage,
    Note,
    Paragraph,
    SourceError,
    Table,
    Where,
)

WIDTH, FRAME_HEIGHT = 160 * mm, 248 * mm
FEW_LINES: float = 48
"""What must follow a heading on its page, in points, when it is running text."""
INK, MUTED, ACCENT = HexColor("#1d2a33"), HexColor("#5f6f7a"), HexColor("#0b5068")
RULE, STRONG_RULE, TINT, HEAD_TINT = (
    HexColor("#d5dde2"), HexColor("#8fa5b0"), HexColor("#f2f6f8"), HexColor("#e3edf1")
)  # fmt: skip

REGULAR, STRONG, SLANTED = "Vera", "VeraBd", "VeraIt"
for _name in (REGULAR, STRONG, SLANTED, "VeraBI"):
    pdfmetrics.registerFont(TTFont(_name, f"{_name}.ttf"))
pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=STRONG, italic=SLANTED, boldItalic="VeraBI")
KNOWN_CHARACTERS = frozenset(pdfmetrics.getFont(REGULAR).face.charToGlyph)

CELL_SIZE = 8.4
CELL_PADDING = 6
CELL_EDGES = 2 * CELL_PADDING + 1
COLUMN_APPETITE = 75 * mm
"""A column asks for its longest cell on one line, but never for more than this."""


def _style(name: str, size: float, leading: float, **options: Any) -> ParagraphStyle:
    base: dict[str, Any] = {"fontName": REGULAR, "textColor": INK, "allowWidows": 0, "allowOrphans": 0}
    bullet = {"bulletFontName": REGULAR, "bulletFontSize": size}
    return ParagraphStyle(name, fontSize=size, leading=leading, **(base | bullet | options))


STYLES = {
    "eyebrow": _style("eyebrow", 9.5, 13, textColor=ACCENT, fontName=STRONG, spaceAfter=5),
    "h1": _style("h1", 20, 25, fontName=STRONG, textColor=ACCENT, spaceAfter=20),
    "h2": _style("h2", 13.5, 18, fontName=STRONG, textColor=ACCENT, spaceBefore=16, spaceAfter=7),
    "h3": _style("h3", 11, 15, fontName=STRONG, spaceBefore=11, spaceAfter=5),
    "body": _style("body", 10.5, 15.8, spaceAfter=8.5),
    "item": _style("item", 10.5, 15.5, leftIndent=20, bulletIndent=3, spaceAfter=4.5),
    "subitem": _style("subitem", 10.5, 15.5, leftIndent=38, bulletIndent=24, spaceAfter=4.5),
    "note": _style("note", 10, 15),
    "caption": _style("caption", 9, 12.5, fontName=STRONG, textColor=ACCENT),
    "cell": _style("cell", CELL_SIZE, 11.8),
    "head": _style("head", CELL_SIZE, 11.8, fontName=STRONG, textColor=ACCENT),
    "form title": _style("form title", 10.5, 14, fontName=STRONG, textColor=HexColor("#ffffff")),
    "form": _style("form", 9.2, 13),
    "form hint": _style("form hint", 9.2, 13, textColor=MUTED),
}
ALIGNMENT = {"left": TA_LEFT, "center": TA_CENTER, "right": TA_RIGHT}
CELL_STYLES = {
    (kind, align): ParagraphStyle(f"{kind} {align}", parent=STYLES[kind], alignment=code)
    for kind in ("cell", "head")
    for align, code in ALIGNMENT.items()
}
LAST_ITEM_STYLES = {
    name: ParagraphStyle(f"last {name}", parent=STYLES[name], spaceAfter=10) for name in ("item", "subitem")
}


class Typesetter:
    """Turns the blocks of one document into flowables; `labels`: the printed page of each anchor."""

    def __init__(self, document: Document, labels: dict[str, str]) -> None:
        self.document = document
        self.lang = document.front.lang
        self.words = WORDS[self.lang]
        self.labels = labels
        self._setters: dict[type, Callable[[Any], list[Flowable]]] = {
            Heading: self.heading,
            Paragraph: self.paragraph,
            ListBlock: self.list_block,
            Note: self.note,
            Table: self.table,
            Form: self.form,
            NewPage: lambda _block: [PageBreakIfNotEmpty()],
        }

    def story(self) -> list[tuple[Block, list[Flowable]]]:
        """Every block with its flowables, made from the end: a heading must know what it may not leave."""
        made: list[tuple[Block, list[Flowable]]] = []
        following: Block | None = None
        room = FEW_LINES
        for block in reversed(self.document.blocks):
            flowables = self._setters[type(block)](block)
            if isinstance(block, Paragraph) and isinstance(following, Form):
                flowables.insert(0, CondPageBreak(_height(flowables)))
            if not isinstance(flowables[0], CondPageBreak):
                room = FEW_LINES
            else:
                stays_with_next = isinstance(block, Heading | Paragraph)
                wanted = flowables[0].height + (room if stays_with_next else 0)
                room = wanted if wanted < FRAME_HEIGHT else flowables[0].height + FEW_LINES
                flowables[0].height = room
            made.append((block, flowables))
            following = block
        return made[::-1]

    def markup(self, text: str, where: Where) -> str:
        """Dialect text -> reportlab's paragraph markup, references resolved."""
        text = typeset(text, self.lang)
        check_characters(text, where)
        marked = ITALIC.sub(r"<i>\1</i>", BOLD.sub(r"<b>\1</b>", escape(text, quote=False)))
        return LED_REFERENCE.sub(lambda match: self._link(match["lead"], match["anchor"]), marked)

    def _link(self, lead: str, anchor: str) -> str:
        heading = self.document.headings[anchor]
        text = reference_text(heading.kind, heading.number, self.labels.get(anchor, "00"), self.lang)
        lead = reference_lead(lead, heading.kind, self.lang)
        return f'{lead}<a href="#{anchor}" color="{ACCENT.hexval().replace("0x", "#")}">{text}</a>'

    def text(self, text: str, where: Where, style: str, **options: Any) -> Flowable:
        """Set inline text in one of the styles."""
        return Text(self.markup(text, where), STYLES[style], **options)

    def heading(self, block: Heading) -> list[Flowable]:
        """Set a heading; the page template bookmarks the flowable that carries it."""
        if block.level == 1:
            eyebrow = f"{self.words['annex' if block.annex else 'chapter'].upper()} {block.number}"
            title = self.text(block.title, block.where, "h1")
            title.heading = block
            return [Text(eyebrow, STYLES["eyebrow"]), title]
        text = f"{block.number}&nbsp;&nbsp; {self.markup(block.title, block.where)}"
        title = Text(text, STYLES[f"h{block.level}"])
        title.heading = block
        return [CondPageBreak(_height([title])), title]

    def paragraph(self, block: Paragraph) -> list[Flowable]:
        """Set running text."""
        return [self.text(block.text, block.where, "body")]

    def list_block(self, block: ListBlock) -> list[Flowable]:
        """Set points and steps."""
        made: list[Flowable] = []
        for item in block.items:
            bullet = ("–" if item.level else "•") if item.marker == "-" else item.marker
            styles = LAST_ITEM_STYLES if item is block.items[-1] else STYLES
            style = styles["subitem" if item.level else "item"]
            made.append(Text(self.markup(item.text, item.where), style, bulletText=bullet))
        return made

    def note(self, block: Note) -> list[Flowable]:
        """Set a note: tinted, with a bar at its left."""
        rows = [[self.text(text, block.where, "note")] for text in block.paragraphs]
        commands = [
            ("BACKGROUND", (0, 0), (-1, -1), TINT),
            ("LINEBEFORE", (0, 0), (0, -1), 3, ACCENT),
            *_padding(left=13, right=11, top=4, bottom=4),
            ("TOPPADDING", (0, 0), (-1, 0), 9),
            ("BOTTOMPADDING", (0, -1), (-1, -1), 10),
        ]
        return [Grid(rows, colWidths=[WIDTH], style=commands, spaceBefore=6, spaceAfter=14)]

    def table(self, block: Table) -> list[Flowable]:
        """Set a table; its caption and header return on every page it runs over."""
        caption = f"{self.words['table']} {block.number}"
        if block.caption:
            caption += f" – {self.markup(block.caption, block.where)}"
        columns = len(block.header)
        widths = column_widths(block, self.lang)
        rows = [
            [Text(caption, STYLES["caption"]), *[""] * (columns - 1)],
            self._row(block, block.header, "head"),
            *(self._row(block, row, "cell") for row in block.rows),
        ]
        caption_row = [*table_rules(1), ("SPAN", (0, 0), (-1, 0)), ("LEFTPADDING", (0, 0), (-1, 0), 0)]
        grid = RunningTable(
            rows, colWidths=widths, repeatRows=2, style=caption_row, spaceBefore=8, spaceAfter=17
        )
        grid.continued = Text(f"{caption} ({self.words['continued']})", STYLES["caption"])
        grid.wrap(WIDTH, FRAME_HEIGHT)
        caption_header_and_two_rows = sum(grid._rowHeights[:4])
        return [CondPageBreak(caption_header_and_two_rows + 10), grid]

    def _row(self, block: Table, row: Sequence[str], kind: str) -> list[Flowable]:
        pairs = zip(row, block.aligns, strict=True)
        return [Text(self.markup(cell, block.where), CELL_STYLES[kind, align]) for cell, align in pairs]

    def form(self, block: Form) -> list[Flowable]:
        """Set a form: one ruled box, kept on one page when it fits."""
        title = Grid(
            [[self.text(block.title, block.where, "form title")]],
            colWidths=[WIDTH],
            style=[("BACKGROUND", (0, 0), (-1, -1), ACCENT), *_padding(left=9, right=9, top=6, bottom=8)],
            spaceBefore=8,
        )
        single = [line.blanks[0][0] for line in block.lines if len(line.blanks) == 1]
        label_width = _label_width(single, WIDTH)
        parts = [title, *(self._form_line(line, label_width) for line in block.lines)]
        parts[-1].spaceAfter = 18
        height = _height(parts)
        return [CondPageBreak(height if height < FRAME_HEIGHT else FRAME_HEIGHT / 3), *parts]

    def _form_line(self, line: FormLine, label_width: float) -> Flowable:
        if line.blanks:
            return self._blanks(line, label_width)
        if line.options:
            return self._options(line)
        hint = self.text(line.text, line.where, "form hint")
        return _form_grid([[hint]], [WIDTH], [("BACKGROUND", (0, 0), (-1, -1), TINT)])

    def _blanks(self, line: FormLine, label_width: float) -> Flowable:
        share = WIDTH / len(line.blanks)
        if len(line.blanks) > 1:
            label_width = _label_width([label for label, _ in line.blanks], share)
        cells: list[Flowable] = []
        widths: list[float] = []
        for label, after in line.blanks:
            cells += [self.text(label, line.where, "form"), self.text(after, line.where, "form hint")]
            widths += [label_width, share - label_width]
        labels = [("BACKGROUND", (n, 0), (n, 0), TINT) for n in range(0, len(cells), 2)]
        return _form_grid([cells], widths, labels)

    def _options(self, line: FormLine) -> Flowable:
        cells: list[Any] = []
        widths: list[float] = []
        if line.text:
            cells.append(self.text(line.text, line.where, "form"))
            widths.append(0.3 * WIDTH)
        room = (WIDTH - sum(widths)) / len(line.options)
        for option in line.options:
            cells += [Box(), self.text(option, line.where, "form")]
            widths += [22, room - 22]
        commands = [
            ("LEFTPADDING", (n, 0), (n, 0), 2) for n in range(1, len(cells)) if isinstance(cells[n - 1], Box)
        ]
        return _form_grid([cells], widths, commands, inner=False)


class Box(Flowable):  # type: ignore[misc]
    """An empty box to tick: drawn, so that no glyph for it comes out with the text."""

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        """Tell the size of the box."""
        return 9, 11

    def draw(self) -> None:
        """Draw the box."""
        self.canv.setStrokeColor(INK)
        self.canv.setLineWidth(0.7)
        self.canv.rect(0, 0.5, 8.5, 8.5)


class RunningTable(Grid):  # type: ignore[misc]
    """A table whose caption says '(continued)' on every page but its first."""

    continued: Any = None
    second_part = False

    def onSplit(self, T: Any, byRow: int = 1) -> None:  # noqa: ARG002, N802, N803 - reportlab's own names
        """Called for the first part of a split, then for the second."""
        T.continued = self.continued
        if self.second_part:
            T._cellvalues[0] = [self.continued, *T._cellvalues[0][1:]]
        self.second_part = not self.second_part


def _padding(left: float, right: float, top: float, bottom: float) -> list[tuple[Any, ...]]:
    sides = {"LEFTPADDING": left, "RIGHTPADDING": right, "TOPPADDING": top, "BOTTOMPADDING": bottom}
    font = ("FONT", (0, 0), (-1, -1), REGULAR)
    return [font, *((side, (0, 0), (-1, -1), amount) for side, amount in sides.items())]


def table_rules(head: int) -> list[tuple[Any, ...]]:
    """Sober rules for a table whose header stands in row `head`."""
    return [
        *_padding(left=CELL_PADDING, right=CELL_PADDING, top=3.9, bottom=5.1),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("VALIGN", (0, head), (-1, head), "BOTTOM"),
        ("BACKGROUND", (0, head), (-1, head), HEAD_TINT),
        ("LINEABOVE", (0, head), (-1, head), 1, ACCENT),
        ("LINEBELOW", (0, head), (-1, head), 0.6, STRONG_RULE),
        ("LINEBELOW", (0, head + 1), (-1, -1), 0.4, RULE),
        ("LINEBELOW", (0, -1), (-1, -1), 0.8, STRONG_RULE),
    ]


def _form_grid(
    rows: list[list[Any]], widths: list[float], commands: list[tuple[Any, ...]], inner: bool = True
) -> Flowable:
    style = [
        ("BOX", (0, 0), (-1, -1), 0.6, STRONG_RULE),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        *_padding(left=8, right=8, top=6, bottom=8),
        *([("INNERGRID", (0, 0), (-1, -1), 0.4, RULE)] if inner else []),
        *commands,
    ]
    return Grid(rows, colWidths=widths, style=style)


def _height(flowables: Sequence[Any]) -> float:
    gaps = sum(flowable.getSpaceBefore() + flowable.getSpaceAfter() for flowable in flowables)
    return float(gaps + sum(flowable.wrap(WIDTH, FRAME_HEIGHT)[1] for flowable in flowables))


def _label_width(labels: Sequence[str], room: float) -> float:
    """One width for all these labels, within reason: the rest of the room is there to be written on."""
    longest = max((text_width(plain(label), REGULAR, 9.2) for label in labels), default=0) + 2 * 8 + 1
    return min(max(longest, 0.3 * room), 0.62 * room)


def check_characters(text: str, where: Where) -> None:
    """Refuse a character that the font would print as an empty box."""
    for character in text:
        if ord(character) not in KNOWN_CHARACTERS:
            raise SourceError(where, f"the font has no {character!r} (U+{ord(character):04X})")


def text_width(text: str, font: str, size: float) -> float:
    """Measure a text, in points."""
    return float(pdfmetrics.stringWidth(text, font, size))


def column_widths(table: Table, lang: str) -> list[float]:
    """Like a browser: no column under its longest word, the rest shared by what each column would like.

    A column of short cells is not made to wrap them, as long as that leaves room to the others.
    """
    columns = [[row[number] for row in table.rows] for number in range(len(table.header))]
    words = [
        max(word_width(head, STRONG, lang), *(word_width(cell, REGULAR, lang) for cell in cells)) + CELL_EDGES
        for head, cells in zip(table.header, columns, strict=True)
    ]
    lines = [max(text_width(plain(cell), REGULAR, CELL_SIZE) for cell in cells) for cells in columns]
    wish = [max(low, min(line + CELL_EDGES, COLUMN_APPETITE)) for low, line in zip(words, lines, strict=True)]
    if sum(words) > WIDTH:
        raise SourceError(table.where, "the table is too wide for the page: its longest words do not fit")
    if sum(wish) <= WIDTH:
        return [width * WIDTH / sum(wish) for width in wish]
    least = next(low for low in _narrowest(words, wish) if low is words or sum(low) <= 0.8 * WIDTH)
    spare, extra = WIDTH - sum(least), sum(wish) - sum(least)
    return [low + spare * (high - low) / extra for low, high in zip(least, wish, strict=True)]


def _narrowest(words: list[float], wish: list[float]) -> Iterator[list[float]]:
    """The widths below which no column goes, from the kindest to the longest words alone."""
    for short in (32 * mm, 26 * mm, 20 * mm):
        yield [whole if whole <= short else word for word, whole in zip(words, wish, strict=True)]
    yield words


def word_width(cell: str, font: str, lang: str) -> float:
    """Measure the longest word of a cell: what no line may break."""
    words = typeset(plain(cell), lang).split(" ")
    return max(text_width(word, STRONG if BOLD.search(cell) else font, CELL_SIZE) for word in words)
