"""Files that one reader refuses: read by another, in whole or page by page, and marked."""

import io
from pathlib import Path

import pikepdf
import pypdf
import pytest
from pdfs import draw_page, new_pdf, write_pdf
from pypdf.generic import NumberObject

from sourcier_core.errors import DocumentBroken
from sourcier_core.settings import ReadingSettings
from sourcier_core.types import Page, PageSource, Structure
from sourcier_ingestion.pdf_process import PdfProcess
from sourcier_ingestion.pdf_repair import page_text, repaired


def read(path: Path) -> tuple[Structure, list[Page]]:
    with PdfProcess(path, path.name, ReadingSettings()) as process:
        return process.structure, [page for window in process.pages() for page in window]


def write_headless(path: Path) -> Path:
    """Write a PDF without its trailer and table of objects: pdfium refuses it."""
    whole = io.BytesIO()
    write_pdf(path, ["First words."], ["Second words."])
    with pikepdf.open(path) as document:
        document.save(whole, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    content = whole.getvalue()
    path.write_bytes(content[: content.rindex(b"xref\n0 ")])
    return path


def write_with_a_lost_page(path: Path) -> Path:
    """Write a PDF of three pages of which the last is a number."""
    write_pdf(path, ["First words."], ["Second words."], ["Third words."])
    writer = pypdf.PdfWriter(clone_from=path)
    kids = writer.root_object["/Pages"]["/Kids"]  # type: ignore[index]
    lost = kids[2].idnum
    writer._objects[lost - 1] = NumberObject(42)
    writer.write(path)
    return path


def test_a_page_that_is_lost_costs_no_other(tmp_path: Path) -> None:
    structure, pages = read(write_with_a_lost_page(tmp_path / "a.pdf"))

    assert structure.page_count == 3
    assert [page.text for page in pages] == ["First words.", "Second words.", ""]
    assert pages[2].warning == "unreadable"
    assert pages[2].findings.failure == "document_broken"


def test_a_file_that_pdfium_refuses_is_repaired_and_says_so(tmp_path: Path) -> None:
    structure, pages = read(write_headless(tmp_path / "a.pdf"))

    assert structure.warnings == ("repaired",)
    assert [page.text for page in pages] == ["First words.", "Second words."]


def test_quotes_and_images_of_a_repaired_file_are_there(tmp_path: Path) -> None:
    path = write_headless(tmp_path / "a.pdf")
    with PdfProcess(path, "a.pdf", ReadingSettings()) as process:
        (quote,) = process.quotes(2, "Second words.", [(0, 6)])
        image = process.render(2, 0.5, ())

    assert (quote.verified, len(quote.boxes)) == (True, 1)
    assert image.startswith(b"\xff\xd8")


def test_what_nobody_can_repair_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7\nnothing follows\n")

    with pytest.raises(DocumentBroken):
        read(path)


def test_repairing_writes_no_file(tmp_path: Path) -> None:
    path = write_headless(tmp_path / "a.pdf")

    content = repaired(str(path))

    assert content is not None
    assert content.startswith(b"%PDF")
    assert sorted(found.name for found in tmp_path.iterdir()) == ["a.pdf"]


def test_the_second_reader_gives_a_pages_lines(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", ["One line.", "Another line."], ["Page two."])

    assert page_text(str(path), 1).split("\n") == ["One line.", "Another line."]
    with pytest.raises(ValueError, match="pypdf"):
        page_text(str(path), 3)


def test_a_sound_file_is_read_from_the_file(tmp_path: Path) -> None:
    structure, (page,) = read(write_pdf(tmp_path / "a.pdf", ["Sound words."]))

    assert (structure.warnings, page.findings.source) == ((), PageSource.FILE)
    assert (page.findings.width, page.findings.height) == (595.0, 842.0)


def test_a_page_whose_letters_the_file_does_not_know_is_garbled(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    with new_pdf(path) as canvas:
        draw_page(canvas, ["Letters of a font that names none of them."])
    with pikepdf.open(path, allow_overwriting_input=True) as document:
        for _, font in document.pages[0].Resources.Font.items():
            font.Encoding = pikepdf.Dictionary(
                Type=pikepdf.Name.Encoding,
                Differences=pikepdf.Array([0, *(pikepdf.Name(f"/g{code}") for code in range(256))]),
            )
        document.save(path)

    _, (page,) = read(path)

    assert page.findings.garbled > 0.5


def test_a_sound_page_is_not_garbled(tmp_path: Path) -> None:
    _, (page,) = read(write_pdf(tmp_path / "a.pdf", ["Été, œuvre, 12,50 €, naïf."]))

    assert page.findings.garbled == 0.0
