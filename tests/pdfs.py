"""Small PDFs for tests, made with reportlab: what stands on which page is what the test says."""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = 595.0, 842.0  # A4 in whole points
LEFT = 72.0
TOP = 770.0
LEADING = 15.0


@dataclass(frozen=True, slots=True)
class Title:
    """A line larger than the body, or bold where the size is the body's."""

    text: str
    size: float = 20.0
    bold: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table, its cells far apart."""

    cells: tuple[str, ...]


Line = str | Title | Row


@contextmanager
def new_pdf(path: Path, **options: Any) -> Iterator[Canvas]:
    """Give a canvas whose pages are in the file when the block ends.

    Args:
        path: Of the file.
        options: reportlab's, e.g. `encrypt`, `pagesize`.
    """
    canvas = Canvas(str(path), **{"pagesize": (WIDTH, HEIGHT), "invariant": 1, **options})
    yield canvas
    canvas.save()


def draw_page(canvas: Canvas, lines: Sequence[Line], *, header: str = "", footer: str = "") -> None:
    """Draw lines from the top of the page down, then go to the next page."""
    if header:
        _draw(canvas, LEFT, HEIGHT - 40, header, 9)
    y = TOP
    for line in lines:
        if isinstance(line, Title):
            _draw(canvas, LEFT, y, line.text, line.size, bold=line.bold)
            y -= line.size + LEADING
        elif isinstance(line, Row):
            for column, cell in enumerate(line.cells):
                _draw(canvas, LEFT + 150 * column, y, cell, 11)
            y -= LEADING
        else:
            _draw(canvas, LEFT, y, line, 11)
            y -= LEADING
    if footer:
        _draw(canvas, LEFT, 40, footer, 9)
    canvas.showPage()


def write_pdf(path: Path, *pages: Sequence[Line], title: str | None = None) -> Path:
    """Write a PDF of those pages and return its path."""
    with new_pdf(path) as canvas:
        if title is not None:
            canvas.setTitle(title)
        for lines in pages:
            draw_page(canvas, lines)
    return path


def _draw(canvas: Canvas, x: float, y: float, text: str, size: float, *, bold: bool = False) -> None:
    canvas.setFont("Helvetica-Bold" if bold else "Helvetica", size)
    canvas.drawString(x, y, text)


def write_streams(path: Path, contents: Sequence[bytes], *, rotate: int = 0) -> Path:
    """Write a PDF of pages with these content streams, object by object, and return its path.

    For what a drawing library refuses to make: pages that exhaust a reader. The font is /F1, Helvetica.
    """
    count = len(contents)
    pages = [4 + 2 * index for index in range(count)]
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (count, b" ".join(b"%d 0 R" % page for page in pages)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for page, content in zip(pages, contents, strict=True):
        packed = zlib.compress(content, 1)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Rotate %d /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % (rotate, page + 1)
        )
        objects.append(
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed)
        )
    offsets = []
    with path.open("wb") as file:
        file.write(b"%PDF-1.7\n")
        for number, body in enumerate(objects, 1):
            offsets.append(file.tell())
            file.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        start = file.tell()
        file.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
        file.write(b"".join(b"%010d 00000 n \n" % offset for offset in offsets))
        file.write(
            b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
        )
    return path
