from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest
from pdfs import draw_page, new_pdf

from sourcier_ingestion.pdf_structure import MAX_TITLE, read_structure


@pytest.fixture
def manual(tmp_path: Path) -> Path:
    path = tmp_path / "manual.pdf"
    with new_pdf(path) as canvas:
        canvas.setTitle("  Recueil\td'essai ")
        canvas.addPageLabel(0, "ROMAN_LOWER", 1)
        canvas.addPageLabel(1, "ARABIC", 7, "A-")
        for number, (level, title) in enumerate([(0, "1  Été"), (1, "1.1 Scope"), (0, "x" * 400)], 1):
            canvas.bookmarkPage(f"p{number}")
            canvas.addOutlineEntry(title, f"p{number}", level=level)
            draw_page(canvas, [title[:40]])
    return path


def structure(path: str, opened: Path) -> dict[str, Any]:
    with pdfium.PdfDocument(opened) as document:
        return read_structure(path, document)


EXPECTED = {
    "title": "Recueil d'essai",
    "outline": [[1, "1 Été", 1], [2, "1.1 Scope", 2], [1, "x" * MAX_TITLE, 3]],
    "labels": ["i", "A-7", "A-8"],
}


def test_title_outline_and_labels_are_read(manual: Path) -> None:
    assert structure(str(manual), manual) == EXPECTED


def test_where_one_library_fails_the_other_reads_the_same(manual: Path) -> None:
    # The first cannot open a file that is not there; the second has it open.
    assert structure("/no/such/file.pdf", manual) == EXPECTED


@pytest.mark.parametrize("path", ["", "/no/such/file.pdf"], ids=["pypdf", "pdfium"])
def test_a_file_that_says_nothing_of_itself_has_no_structure(tmp_path: Path, path: str) -> None:
    plain = tmp_path / "plain.pdf"
    with new_pdf(plain) as canvas:
        canvas.setTitle("\x00\x01")
        draw_page(canvas, ["x"])

    assert structure(path or str(plain), plain) == {"title": None, "outline": [], "labels": []}
