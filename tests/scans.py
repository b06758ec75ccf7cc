"""Scans for tests, made on the fly: a page drawn with reportlab, then turned into an image on a page."""

import io
import shutil
from collections.abc import Sequence
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from pdfs import Line, new_pdf, write_pdf
from PIL import Image
from reportlab.lib.utils import ImageReader

DPI = 200

needs_tesseract = pytest.mark.skipif(
    shutil.which("tesseract") is None,
    reason="tesseract is not installed: apt-get install tesseract-ocr tesseract-ocr-fra tesseract-ocr-eng",
)


def drawn(path: Path, *pages: Sequence[Line]) -> list[Image.Image]:
    """Draw pages as a scanner would see them; `path` is used on the way."""
    write_pdf(path, *pages)
    with pdfium.PdfDocument(path) as document:
        return [page.render(scale=DPI / 72).to_pil().convert("L") for page in document]


def write_scan(path: Path, *pages: Sequence[Line], turned: int = 0) -> Path:
    """Write a PDF of images of those pages and return its path.

    Args:
        path: Of the file.
        pages: Lines, as `write_pdf` takes them.
        turned: Degrees clockwise by which each page was laid on the glass.
    """
    images = drawn(path.with_suffix(".drawn.pdf"), *pages)
    with new_pdf(path) as canvas:
        for image in images:
            seen = image.rotate(-turned, expand=True)
            size = (seen.width * 72 / DPI, seen.height * 72 / DPI)
            canvas.setPageSize(size)
            canvas.drawImage(ImageReader(io.BytesIO(_png(seen))), 0, 0, *size)
            canvas.showPage()
    return path


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
