"""A PDF that pdfium refuses, whole or in part -> the same by another reader. Runs in the confined child."""

import io
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pypdfium2 as pdfium
from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError

PYPDF_SECONDS = 20  # pypdf is pure Python, and slow on damaged files
PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD
PYPDF_ERRORS = (
    PyPdfError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OSError,
    RecursionError,
    TimeoutError,
)

logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def repaired(path: str) -> bytes | None:
    """Write a file anew, in memory: by pikepdf, else by pypdf. None where neither gives what pdfium opens."""
    for rewrite in (_by_pikepdf, _by_pypdf):
        content = rewrite(path)
        if content is not None and _opens(content):
            return content
    return None


def page_text(path: str, number: int) -> str:
    """Read one page by pypdf: lines without layout.

    Raises:
        ValueError: pypdf cannot read it either.
    """
    try:
        with time_limit(PYPDF_SECONDS):
            reader = PdfReader(path, strict=False)
            if reader.is_encrypted:
                reader.decrypt("")
            return reader.pages[number - 1].extract_text().rstrip("\n")
    except PYPDF_ERRORS as error:
        raise ValueError(f"pypdf: {error}") from error


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Stop what takes longer, where Python code runs.

    Raises:
        TimeoutError: It took longer.
    """

    def _stop(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"more than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, _stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _by_pikepdf(path: str) -> bytes | None:
    import pikepdf  # of few files; importing it costs as much as reading ten pages

    logging.getLogger("pikepdf").setLevel(logging.CRITICAL)
    out = io.BytesIO()
    try:
        with pikepdf.open(path) as document:
            if not len(document.pages):
                return None
            document.save(out)
    except (pikepdf.PdfError, pikepdf.PasswordError, RuntimeError, ValueError, TypeError, OSError):
        return None
    return out.getvalue()


def _by_pypdf(path: str) -> bytes | None:
    out = io.BytesIO()
    try:
        with time_limit(PYPDF_SECONDS):
            reader = PdfReader(path, strict=False)
            writer = PdfWriter()
            for page in reader.pages:
                writer.add_page(page)
            writer.write(out)
    except PYPDF_ERRORS:
        return None
    return out.getvalue()


def _opens(content: bytes) -> bool:
    try:
        with pdfium.PdfDocument(content) as document:
            return len(document) > 0
    except pdfium.PdfiumError:
        return False
