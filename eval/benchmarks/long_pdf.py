"""A number of pages -> a PDF of ordinary prose with an outline, running lines and a table now and then."""

import random
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = A4
MARGIN, LEADING = 60, 13  # points
LINES = 20  # of text on a page
LINE_WORDS = 13
CHAPTER = 10  # pages
_WORDS = """
the of and to in a is for that with by on be as at this from or must may each before after when
under over manager employee request form office period leave travel expense approval budget contract
supplier invoice payment account report safety equipment vehicle training record review policy
procedure department director month week day hour written signed received returned submitted
approved refused cancelled completed required
""".split()  # noqa: SIM905 # seventy lines of one word each otherwise


def write_long_pdf(path: Path, pages: int) -> None:
    """Write a PDF; the same number of pages gives the same text."""
    canvas = Canvas(str(path), pagesize=A4, pageCompression=1, invariant=1)
    canvas.setTitle(f"Operations manual of {pages} pages")
    for number in range(1, pages + 1):
        chosen = random.Random(number)
        chapter = (number - 1) // CHAPTER + 1
        canvas.setFont("Helvetica", 8)
        canvas.drawString(MARGIN, HEIGHT - 30, "Operations manual")
        canvas.drawCentredString(WIDTH / 2, 30, f"Page {number}")
        y = HEIGHT - 80
        if number % CHAPTER == 1:
            title = f"{chapter} {' '.join(chosen.sample(_WORDS[20:], 3)).capitalize()}"
            canvas.bookmarkPage(f"chapter-{chapter}")
            canvas.addOutlineEntry(title, f"chapter-{chapter}", 0)
            canvas.setFont("Helvetica-Bold", 16)
            canvas.drawString(MARGIN, y, title)
            y -= 2 * LEADING
        canvas.setFont("Helvetica", 10.5)
        for line in range(LINES):
            canvas.drawString(MARGIN, y, _line(chosen, line))
            y -= LEADING
        if number % 4 == 0:
            _draw_table(canvas, chosen, y - LEADING)
        canvas.showPage()
    canvas.save()


def _line(chosen: random.Random, line: int) -> str:
    words = chosen.choices(_WORDS, k=LINE_WORDS)
    if line % 2 == 0:
        words[0] = words[0].capitalize()
    return " ".join(words) + ("." if line % 2 else "")


def _draw_table(canvas: Canvas, chosen: random.Random, top: float) -> None:
    for row in range(6):
        name = "Item" if row == 0 else chosen.choice(_WORDS[20:])
        amount = "Amount" if row == 0 else f"{chosen.randrange(10_000)}"
        canvas.drawString(MARGIN, top - row * LEADING, name)
        canvas.drawString(MARGIN + 250, top - row * LEADING, amount)
