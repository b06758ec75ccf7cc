"""Real PDFs in the real confined child: what is read, where it stands, and what is refused."""

import io
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pypdf.constants
import pypdfium2 as pdfium
import pytest
from pdfs import LEFT, Line, Row, Title, draw_page, new_pdf, write_pdf, write_streams
from PIL import Image, ImageDraw
from pypdf.generic import NameObject, RectangleObject, StreamObject
from reportlab.lib.utils import ImageReader

from sourcier_core.errors import (
    DocumentBroken,
    DocumentEmpty,
    DocumentEncrypted,
    DocumentHasTooManyPages,
    ReaderCrashed,
    ReadingOutOfMemory,
    ReadingTimedOut,
)
from sourcier_core.settings import ReadingSettings
from sourcier_core.types import Box, OutlineEntry, Page
from sourcier_ingestion.child_process import confinement
from sourcier_ingestion.pdf_process import PdfProcess

LIMITS = ReadingSettings()
WORDS = b"BT /F1 11 Tf 72 770 Td (Plain words.) Tj ET"


def read(path: Path, limits: ReadingSettings = LIMITS) -> list[Page]:
    with PdfProcess(path, path.name, limits) as process:
        return [page for window in process.pages() for page in window]


def children() -> set[int]:
    """The processes that this one has started and not buried."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found


def flat(text: str) -> str:
    return "".join(text.split())


# --- what is read


def test_text_is_read_line_by_line(tmp_path: Path) -> None:
    path = write_pdf(
        tmp_path / "a.pdf", ["L'agent dépose sa demande.", "Délai : 30 jours, 12,50 € – « œuvre »."]
    )

    (page,) = read(path)

    assert page.number == 1
    assert page.text == "L'agent dépose sa demande.\nDélai : 30 jours, 12,50 € – « œuvre »."
    assert (page.headings, page.rows, page.warning) == ((), (), None)


def test_pages_come_in_order_and_in_windows(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", *([f"This is page {n}."] for n in range(1, 11)))

    with PdfProcess(path, "a.pdf", ReadingSettings(window_pages=4)) as process:
        windows = list(process.pages())

    assert [[page.number for page in window] for window in windows] == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]
    assert windows[2][1].text == "This is page 10."


def test_headings_are_larger_or_bolder_lines(tmp_path: Path) -> None:
    path = write_pdf(
        tmp_path / "a.pdf",
        [
            Title("Travel guide", 24),
            Title("2 Before departure", 15),
            "The traveller obtains a signed order before departure.",
            "Without one, no expense is refunded.",
            Title("2.3 Advances", 11),
            "An advance covers four fifths of the expected cost.",
            Title("Exceptions", 11),
            "There are none that this guide knows of.",
        ],
    )

    (page,) = read(path)

    # Larger than 1.6 times the body: level 1. Numbered ones by their numbers. Bold in the body's size: 5.
    assert [(heading.level, heading.title) for heading in page.headings] == [
        (1, "Travel guide"),
        (1, "2 Before departure"),
        (2, "2.3 Advances"),
        (5, "Exceptions"),
    ]
    for heading in page.headings:
        assert page.text[heading.start :].startswith(heading.title)


def test_rows_of_a_table_are_found_with_their_header(tmp_path: Path) -> None:
    path = write_pdf(
        tmp_path / "a.pdf",
        [
            "The pumps of the district are these:",
            Row(("Code", "Station", "Flow")),
            Row(("P-01", "North", "7 250")),
            Row(("P-02", "South", "1 000")),
            "They are inspected every year by the department.",
        ],
    )

    (page,) = read(path)

    assert [page.text[row.start : row.end] for row in page.rows] == [
        "Code Station Flow",
        "P-01 North 7 250",
        "P-02 South 1 000",
    ]
    header = (page.rows[0].start, page.rows[0].end)
    assert [row.header for row in page.rows] == [None, header, header]


def test_title_outline_and_printed_labels_are_the_files(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    with new_pdf(path) as canvas:
        canvas.setTitle("Recueil d'essai")
        canvas.addPageLabel(0, "ROMAN_LOWER", 1)
        canvas.addPageLabel(2, "ARABIC", 1)
        canvas.addPageLabel(4, "ARABIC", 1, "A-")
        for number in range(1, 6):
            canvas.bookmarkPage(f"p{number}")
            if number >= 3:
                canvas.addOutlineEntry(f"{number - 2}  Part", f"p{number}", level=0 if number != 4 else 1)
            draw_page(canvas, [f"Page {number}"])

    with PdfProcess(path, "a.pdf", LIMITS) as process:
        structure = process.structure

    assert (structure.title, structure.page_count) == ("Recueil d'essai", 5)
    assert structure.labels == ("i", "ii", "1", "2", "A-1")
    # Runs of white space become one space.
    assert structure.outline == (
        OutlineEntry(1, "1 Part", 3),
        OutlineEntry(2, "2 Part", 4),
        OutlineEntry(1, "3 Part", 5),
    )


def test_a_file_without_labels_has_none_invented(tmp_path: Path) -> None:
    with PdfProcess(write_pdf(tmp_path / "a.pdf", ["x"], ["y"]), "a.pdf", LIMITS) as process:
        assert (process.structure.labels, process.structure.outline) == ((), ())


def test_a_page_of_an_image_and_a_blank_one_are_told_apart(tmp_path: Path) -> None:
    image = Image.new("RGB", (400, 200), "white")
    ImageDraw.Draw(image).text((20, 20), "scanned words", fill="black")
    path = tmp_path / "a.pdf"
    with new_pdf(path) as canvas:
        canvas.drawImage(ImageReader(image), 72, 400, 400, 200)
        canvas.showPage()
        canvas.showPage()
        draw_page(canvas, ["Words."])

    assert [(page.text, page.warning) for page in read(path)] == [
        ("", "image_only"),
        ("", "blank"),
        ("Words.", None),
    ]


# --- boxes


def displayed_to_page(box: Box, rotation: int, crop: tuple[float, float, float, float]) -> list[float]:
    """Turn a box on the displayed page (origin top left) into left, bottom, right, top in page space.

    A page is displayed by turning it clockwise. Unturned, x runs right from the crop box's left and y down
    from its top. After one quarter, the page's bottom left corner is at the top left: x runs up the page, y
    right. After two, its bottom right corner is: x runs left, y up. After three, its top right one: x runs
    down, y left.
    """
    left, bottom, right, top = crop
    corners = [(box.x0, box.y0), (box.x1, box.y1)]
    turned = {
        0: [(left + x, top - y) for x, y in corners],
        90: [(left + y, bottom + x) for x, y in corners],
        180: [(right - x, bottom + y) for x, y in corners],
        270: [(right - y, top - x) for x, y in corners],
    }[rotation]
    (xa, ya), (xb, yb) = turned
    return [min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb)]


def text_in_boxes(path: Path, number: int, boxes: tuple[Box, ...]) -> str:
    """Read the text inside boxes again, with no code of ours."""
    with pdfium.PdfDocument(path) as document:
        page = document[number - 1]
        textpage = page.get_textpage()
        crop = page.get_cropbox()
        found = [
            textpage.get_text_bounded(*displayed_to_page(box, page.get_rotation(), crop)) for box in boxes
        ]
        textpage.close()
        page.close()
    return " ".join(found)


def every_span_of_lines(page: Page) -> list[tuple[int, int]]:
    """Spans of whole lines, of single words, and of a stretch over each line break."""
    spans, position = [], 0
    for line in page.text.split("\n"):
        spans.append((position, position + len(line)))
        first_word = len(line.split(" ")[0])
        spans.append((position, position + first_word))
        spans.append((position + len(line) - 3, min(len(page.text), position + len(line) + 4)))
        position += len(line) + 1
    return [(start, end) for start, end in spans if page.text[start:end].strip()]


LETTER: list[Line] = [
    Title("2 Before departure", 16),
    "L'agent dépose sa demande dans les trente jours qui suivent la fin.",
    "AVA To fi fl ffi – kerning pairs and ligatures; 12,50 € (hors taxes).",
    Row(("Code", "Station", "Flow")),
    Row(("P-01", "North", "7 250")),
    "The last line, with « quotes » and an ellipsis…",
]


def test_text_read_again_inside_the_boxes_of_a_quote_is_the_quote(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", ["Another page."], LETTER)
    with PdfProcess(path, "a.pdf", LIMITS) as process:
        page = [page for window in process.pages() for page in window][1]
        spans = every_span_of_lines(page)

        quotes = process.quotes(2, page.text, spans)

    assert len(spans) >= 15
    for (start, end), quote in zip(spans, quotes, strict=True):
        assert quote.verified
        assert flat(text_in_boxes(path, 2, quote.boxes)) == flat(page.text[start:end])


def test_a_quote_has_one_box_for_each_printed_line(tmp_path: Path) -> None:
    path = write_pdf(
        tmp_path / "a.pdf", ["The first line of it,", "the second line of it,", "and the third."]
    )
    with PdfProcess(path, "a.pdf", LIMITS) as process:
        (page,) = next(process.pages())
        start, end = page.text.index("line of it,"), page.text.index("third")

        (quote,) = process.quotes(1, page.text, [(start, end)])

    assert len(quote.boxes) == 3
    assert [box.y0 for box in quote.boxes] == sorted(box.y0 for box in quote.boxes)
    # The quote begins within its first line, and at the left margin in the others.
    assert quote.boxes[0].x0 > LEFT + 20
    assert [box.x0 for box in quote.boxes[1:]] == pytest.approx([LEFT, LEFT], abs=1)


def test_boxes_are_points_from_the_top_left(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    with new_pdf(path, pagesize=(400, 300)) as canvas:
        canvas.setFont("Helvetica", 10)
        canvas.drawString(100, 280, "Hello")
        canvas.showPage()
    with PdfProcess(path, "a.pdf", LIMITS) as process:
        (quote,) = process.quotes(1, "Hello", [(0, 5)])

    # The baseline is 300 - 280 = 20 points below the top; the letters of 10 points stand around it.
    # "Hello" in Helvetica is 722 + 556 + 222 + 222 + 556 = 2278 thousandths of 10 points wide: 22.78.
    (box,) = quote.boxes
    assert (quote.width, quote.height) == (400, 300)
    assert [box.x0, box.x1] == pytest.approx([100, 122.78], abs=0.5)
    assert 8 < box.y0 < 14
    assert 20 <= box.y1 < 25


def test_a_word_divided_at_a_lines_end_is_one_word_in_two_boxes(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", ["The quick demon-", "stration of it.", "A well-known thing."])
    with PdfProcess(path, "a.pdf", LIMITS) as process:
        (page,) = next(process.pages())
        start = page.text.index("demon-stration")

        (quote,) = process.quotes(1, page.text, [(start, start + 14)])

    assert page.text == "The quick demon-stration of it.\nA well-known thing."
    assert (quote.verified, len(quote.boxes)) == (True, 2)
    assert quote.boxes[0].y1 <= quote.boxes[1].y0 + 1


def test_glyphs_of_several_letters_and_of_none_in_unicodes_first_plane_have_true_boxes(
    tmp_path: Path,
) -> None:
    # The font says that X is "fi", Z "ffl" and Y an emoji, of two units in pdfium's own text.
    content = b"BT /F1 12 Tf 72 700 Td (The ofXce is open Y today Z end.) Tj 0 -20 Td (Second line.) Tj ET"
    writer = pypdf.PdfWriter(clone_from=write_streams(tmp_path / "plain.pdf", [content]))
    meaning = StreamObject()
    meaning.set_data(
        b"begincmap 1 begincodespacerange <00> <FF> endcodespacerange\n"
        b"3 beginbfchar <58> <00660069> <59> <D83DDE00> <5A> <00660066006C> endbfchar\n"
        b"2 beginbfrange <20> <57> <0020> <61> <7A> <0061> endbfrange endcmap"
    )
    font = writer.pages[0]["/Resources"]["/Font"]["/F1"].get_object()  # type: ignore[index] # a dictionary
    font[NameObject("/ToUnicode")] = writer._add_object(meaning)
    path = tmp_path / "a.pdf"
    writer.write(path)
    with PdfProcess(path, "a.pdf", LIMITS) as process:
        (page,) = next(process.pages())
        quoted = ["office", "open 😀 today", "ffl end.", "Second line."]
        spans = [(page.text.index(words), page.text.index(words) + len(words)) for words in quoted]

        quotes = process.quotes(1, page.text, spans)

    assert page.text == "The office is open 😀 today ffl end.\nSecond line."
    assert [quote.verified for quote in quotes] == [True] * 4
    for words, quote in zip(quoted, quotes, strict=True):
        assert flat(text_in_boxes(path, 1, quote.boxes)) == flat(words)
    # In Helvetica "The " is 611 + 556 + 556 + 278 = 2001 thousandths of 12 points wide: 24.01.
    assert quotes[0].boxes[0].x0 == pytest.approx(72 + 24.01, abs=0.5)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_boxes_of_a_rotated_and_cropped_page_are_where_it_is_displayed(tmp_path: Path, rotation: int) -> None:
    writer = pypdf.PdfWriter(clone_from=write_pdf(tmp_path / "plain.pdf", LETTER))
    writer.pages[0].rotate(rotation)
    writer.pages[0].cropbox = RectangleObject((20, 30, 560, 820))
    path = tmp_path / "turned.pdf"
    writer.write(path)
    with PdfProcess(path, "a.pdf", LIMITS) as process:
        (page,) = next(process.pages())
        spans = every_span_of_lines(page)

        quotes = process.quotes(1, page.text, spans)

    # The crop box is 540 by 790; a quarter turn swaps them.
    size = (540, 790) if rotation % 180 == 0 else (790, 540)
    for (start, end), quote in zip(spans, quotes, strict=True):
        assert (quote.width, quote.height) == size
        assert all(0 <= box.x0 < box.x1 <= size[0] and 0 <= box.y0 < box.y1 <= size[1] for box in quote.boxes)
        assert flat(text_in_boxes(path, 1, quote.boxes)) == flat(page.text[start:end])
        assert quote.verified


LANDSCAPE = (
    ("Inventory of the district",),
    ("Code", "Station", "Flow"),
    ("Pompe A", "North", "7 250"),
    ("Vanne B", "South", "1 000"),
    ("immer weiter: more text of the paragraph that stands below it",),
    ("Making more text of the paragraph that stands below it",),
)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_page_shown_rotated_reads_as_an_upright_one(tmp_path: Path, rotation: int) -> None:
    # What a word processor makes of a landscape page in a portrait document.
    where: dict[int, Callable[[float, float], tuple[float, float]]] = {
        0: lambda x, y: (x, 842 - y),
        90: lambda x, y: (y, x),
        180: lambda x, y: (595 - x, y),
        270: lambda x, y: (595 - y, 842 - x),
    }
    path = tmp_path / "upright.pdf"
    with new_pdf(path) as canvas:
        for number, cells in enumerate(LANDSCAPE):
            for column, cell in enumerate(cells):
                canvas.saveState()
                canvas.setFont("Helvetica", 11)
                canvas.translate(*where[rotation](72 + 150 * column, 72 + 15 * number))
                canvas.rotate(rotation)
                canvas.drawString(0, 0, cell)
                canvas.restoreState()
        canvas.showPage()
    writer = pypdf.PdfWriter(clone_from=path)
    writer.pages[0].rotate(rotation)
    writer.write(tmp_path / "turned.pdf")

    (page,) = read(tmp_path / "turned.pdf")

    assert page.text == "\n".join(" ".join(cells) for cells in LANDSCAPE)
    assert page.headings == ()
    assert [page.text[row.start : row.end] for row in page.rows] == [
        "Code Station Flow",
        "Pompe A North 7 250",
        "Vanne B South 1 000",
    ]


def test_a_text_that_is_not_the_pages_is_not_verified(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", ["The delay is thirty days."])
    with PdfProcess(path, "a.pdf", LIMITS) as process:
        (quote,) = process.quotes(1, "The delay is ninety days.", [(0, 9)])

    assert (quote.verified, quote.boxes) == (False, ())


def test_a_word_printed_over_another_is_not_verified(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    with new_pdf(path) as canvas:
        canvas.setFont("Helvetica", 12)
        canvas.drawString(72, 700, "thirty days")
        canvas.drawString(74, 702, "NINETY")
        canvas.showPage()
    with PdfProcess(path, "a.pdf", LIMITS) as process:
        (page,) = next(process.pages())
        start = page.text.index("thirty")

        (quote,) = process.quotes(1, page.text, [(start, start + 6)])

    assert (quote.verified, quote.boxes) == (False, ())


def test_two_columns_side_by_side_have_boxes_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    with new_pdf(path) as canvas:
        canvas.setFont("Helvetica", 11)
        for line in range(3):
            canvas.drawString(72, 700 - 15 * line, f"left column line {line}")
        for line in range(3):
            canvas.drawString(320, 700 - 15 * line, f"right column line {line}")
        canvas.showPage()
    with PdfProcess(path, "a.pdf", LIMITS) as process:
        (page,) = next(process.pages())
        start = page.text.index("right column line 1")

        (quote,) = process.quotes(1, page.text, [(start, start + 19)])

    assert quote.verified
    assert quote.boxes[0].x0 == pytest.approx(320, abs=1)
    assert flat(text_in_boxes(path, 1, quote.boxes)) == "rightcolumnline1"


# --- images


def test_a_page_is_drawn_at_its_scale_with_the_boxes_marked(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", ["Words."])
    with PdfProcess(path, "a.pdf", LIMITS) as process:
        plain = process.render(1, 0.5, ())
        marked = process.render(1, 0.5, (Box(200, 400, 300, 440),))

    # 595 x 842 points at half a pixel each, rounded up. The box's middle (250, 420) is at pixel (125, 210).
    images = [Image.open(io.BytesIO(data)) for data in (plain, marked)]
    assert [image.format for image in images] == ["JPEG", "JPEG"]
    assert images[0].size == images[1].size == (298, 421)
    pixels = [image.getpixel((125, 210)) for image in images]
    red, green, blue = pixels[1] if isinstance(pixels[1], tuple) else (0, 0, 0)
    assert pixels[0] == (255, 255, 255)
    assert (red > 230, green > 190, blue < 60) == (True, True, True)


def test_a_poster_is_drawn_smaller_rather_than_without_bound(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    with new_pdf(path, pagesize=(5000, 5000)) as canvas:
        canvas.showPage()
    with PdfProcess(path, "a.pdf", LIMITS) as process:
        image = Image.open(io.BytesIO(process.render(1, 4.0, ())))

    # 20,000 x 20,000 pixels would be 400 million; 12 million are 3,464 squared.
    assert list(image.size) == pytest.approx([3465, 3465], abs=2)


# --- what is refused


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_a_file_that_asks_for_a_password_is_encrypted(tmp_path: Path, algorithm: str) -> None:
    writer = pypdf.PdfWriter(clone_from=write_pdf(tmp_path / "plain.pdf", ["Words."]))
    writer.encrypt("secret", "owner", algorithm=algorithm)
    path = tmp_path / "a.pdf"
    writer.write(path)

    with pytest.raises(DocumentEncrypted, match=r"a\.pdf"):
        read(path)


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128", "AES-128", "AES-256"])
def test_a_file_that_opens_without_a_password_is_read_whatever_it_forbids(
    tmp_path: Path, algorithm: str
) -> None:
    writer = pypdf.PdfWriter(clone_from=write_pdf(tmp_path / "plain.pdf", ["Words."], title="Guide"))
    nothing = pypdf.constants.UserAccessPermissions(0)
    writer.encrypt("", "owner", algorithm=algorithm, permissions_flag=nothing)
    path = tmp_path / "a.pdf"
    writer.write(path)

    with PdfProcess(path, "a.pdf", LIMITS) as process:
        assert process.structure.title == "Guide"
        assert [page.text for window in process.pages() for page in window] == ["Words."]


def test_a_file_cut_short_is_broken(tmp_path: Path) -> None:
    whole = write_pdf(
        tmp_path / "whole.pdf", *([f"Page {n} with some words."] for n in range(20))
    ).read_bytes()
    path = tmp_path / "cut.pdf"
    path.write_bytes(whole[:400])

    with pytest.raises(DocumentBroken, match="damaged or cut short"):
        read(path)


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7\n", b"%PDF-1.7\n" + os.urandom(4096)], ids=["no bytes", "head only", "noise"]
)
def test_what_only_looks_like_a_pdf_is_broken(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(content)

    with pytest.raises(DocumentBroken):
        read(path)


def test_an_image_named_as_a_pdf_is_broken(tmp_path: Path) -> None:
    Image.new("RGB", (10, 10)).save(tmp_path / "a.pdf", format="PNG")

    with pytest.raises(DocumentBroken):
        read(tmp_path / "a.pdf")


def test_a_file_without_pages_is_empty(tmp_path: Path) -> None:
    with pytest.raises((DocumentEmpty, DocumentBroken)):
        read(write_streams(tmp_path / "a.pdf", []))


def test_a_file_of_as_many_pages_as_the_limit_is_read_and_one_more_is_refused(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", *[["x"]] * 6)

    assert len(read(path, ReadingSettings(max_pages=6))) == 6
    with pytest.raises(DocumentHasTooManyPages, match="6 pages; the limit is 5"):
        read(path, ReadingSettings(max_pages=5))


def slow_page(count: int = 1_000_000) -> bytes:
    """A page of so many words at odd places: seconds of a reader's time in a file of a few MB."""
    words = (b"1 0 0 1 %d %d Tm (w%d) Tj " % (n * 7 % 500, 800 - n * 3 % 750, n) for n in range(count))
    return b"BT /F1 11 Tf " + b"".join(words) + b"ET"


def test_a_page_that_takes_too_long_is_stopped_by_the_clock(tmp_path: Path) -> None:
    path = write_streams(tmp_path / "a.pdf", [slow_page()])  # takes seconds on any machine

    with pytest.raises(ReadingTimedOut, match=r"0\.8 seconds.*reading\.step_seconds"):
        read(path, ReadingSettings(step_seconds=0.8))


def test_a_page_that_takes_too_much_processor_time_is_stopped(tmp_path: Path) -> None:
    path = write_streams(tmp_path / "a.pdf", [slow_page()])

    with pytest.raises(ReadingTimedOut, match=r"1 seconds.*reading\.cpu_seconds"):
        read(path, ReadingSettings(cpu_seconds=1))


def test_a_page_that_takes_too_much_memory_is_stopped(tmp_path: Path) -> None:
    # 300 MB of blanks, packed into 1.4 MB.
    path = write_streams(tmp_path / "a.pdf", [b" " * 300_000_000 + WORDS])

    with pytest.raises(ReadingOutOfMemory, match="256 MiB"):
        read(path, ReadingSettings(memory_bytes=2**28))


BOMB = b" " * 300_000_000 + WORDS  # more than a reader of 256 MiB can unpack


@pytest.mark.parametrize("window", [1, 16])
def test_a_page_that_cannot_be_read_costs_that_page_only(tmp_path: Path, window: int) -> None:
    path = write_streams(tmp_path / "a.pdf", [WORDS, BOMB, WORDS, WORDS])

    pages = read(path, ReadingSettings(memory_bytes=2**28, window_pages=window))

    assert [(page.number, page.text, page.warning) for page in pages] == [
        (1, "Plain words.", None),
        (2, "", "unreadable"),
        (3, "Plain words.", None),
        (4, "Plain words.", None),
    ]
    assert [page.findings.failure for page in pages] == [None, "reading_out_of_memory", None, None]


def test_a_page_that_takes_too_long_costs_that_page_only(tmp_path: Path) -> None:
    path = write_streams(tmp_path / "a.pdf", [WORDS, slow_page(), WORDS])

    pages = read(path, ReadingSettings(step_seconds=2.0))

    assert [page.text for page in pages] == ["Plain words.", "", "Plain words."]
    assert pages[1].findings.failure == "reading_timed_out"


def test_a_document_that_takes_too_long_as_a_whole_is_stopped(tmp_path: Path) -> None:
    path = write_streams(tmp_path / "a.pdf", [WORDS, slow_page(), WORDS])

    with pytest.raises(ReadingTimedOut, match=r"1\.5 seconds.*reading\.document_seconds"):
        read(path, ReadingSettings(document_seconds=1.5))


# --- the child


def test_a_child_that_is_killed_is_replaced_and_no_page_is_lost(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", ["x"], ["y"])
    before = children()
    with PdfProcess(path, "killed.pdf", ReadingSettings(window_pages=1)) as process:
        (pid,) = children() - before
        windows = process.pages()
        next(windows)
        os.kill(pid, signal.SIGKILL)
        (second,) = next(windows)

    assert second.text == "y"
    assert children() == before


def test_a_child_that_is_killed_while_it_draws_is_reported(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", ["x"])
    before = children()
    with PdfProcess(path, "killed.pdf", LIMITS) as process:
        (pid,) = children() - before
        os.kill(pid, signal.SIGKILL)

        with pytest.raises(ReaderCrashed, match=r"killed\.pdf"):
            process.render(1, 1.0, ())


def test_a_closed_process_leaves_no_child_behind(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", ["x"])
    before = children()

    read(path)
    with pytest.raises(DocumentHasTooManyPages):
        read(write_pdf(tmp_path / "b.pdf", ["x"], ["y"]), ReadingSettings(max_pages=1))

    assert children() == before


def test_the_child_knows_nothing_of_our_environment_and_may_write_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCIER_INDEX__API_KEY", "correct-horse")
    path = write_pdf(tmp_path / "a.pdf", ["x"])
    before = children()
    with PdfProcess(path, "a.pdf", ReadingSettings(memory_bytes=2**30, cpu_seconds=77)):
        (pid,) = children() - before
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
        folder = Path(f"/proc/{pid}/cwd").readlink()

    found = {line[:26].strip(): line[26:47].strip() for line in limits}
    assert b"correct-horse" not in environment
    assert b"HOME=" not in environment
    assert found["Max address space"] == str(2**30)
    assert found["Max cpu time"] == "77"
    assert found["Max file size"] == "0"
    assert found["Max core file size"] == "0"
    assert folder == Path("/")


def test_threads_take_turns(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", *([f"Number {n} of the pages."] for n in range(1, 9)))
    found: dict[int, bool] = {}
    with PdfProcess(path, "a.pdf", LIMITS) as process:

        def ask(number: int) -> None:
            for _ in range(5):
                (quote,) = process.quotes(number, f"Number {number} of the pages.", [(0, 8)])
                process.render(number, 0.2, ())
                found[number] = found.get(number, True) and quote.verified

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert found == dict.fromkeys(range(1, 9), True)


@pytest.mark.parametrize(
    "reply",
    [
        "not json",
        "[]",
        "{}",
        '{"page_count": "many", "outline": [], "labels": [], "title": null}',
        '{"page_count": 1, "outline": [[1]], "labels": [], "title": null}',
        '{"error": "too_many_pages", "detail": "many"}',
        "[" * 100_000,
    ],
    ids=lambda reply: reply[:20],
)
def test_a_child_that_was_taken_over_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reply: str
) -> None:
    (tmp_path / "reply").write_text(reply + "\n")
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nread request\ncat {tmp_path / 'reply'}\nread more\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    before = children()

    with pytest.raises((ReaderCrashed, DocumentBroken)):
        PdfProcess(tmp_path / "a.pdf", "a.pdf", LIMITS)

    assert children() == before


# --- the network


def test_the_child_has_no_network_or_says_so() -> None:
    assert confinement(LIMITS) in {"namespace", "landlock", "open"}


@pytest.mark.parametrize("how", ["namespace", "landlock"])
def test_what_is_confined_reaches_nobody(how: str) -> None:
    # In a process of its own: a listener outside, then the network left by one way, then a call.
    script = (
        "import ctypes, socket, sys\n"
        "from sourcier_ingestion import confinement as c\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "left = c._no_tcp(libc) if sys.argv[2] == 'landlock' else c.leave_the_network() == 'namespace'\n"
        "if not left: sys.exit(7)\n"
        "try: socket.create_connection(('127.0.0.1', int(sys.argv[1])), 2)\n"
        "except OSError: print('unreachable')\n"
        "else: print('reached')\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-c", script, str(port), how], capture_output=True, text=True, check=False
        )

    if done.returncode == 7:
        pytest.skip(f"this kernel or container allows no {how}")
    assert done.stdout == "unreachable\n", done.stderr
