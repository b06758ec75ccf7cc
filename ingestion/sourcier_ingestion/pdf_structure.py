"""A PDF -> its title, outline, printed page labels (pypdf; pdfium where pypdf refuses). In the child."""

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pypdfium2 as pdfium
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import Destination

PYPDF_SECONDS = 20  # then pdfium's view is taken: pypdf is pure Python and slow on damaged files
MAX_ENTRIES = 20_000  # of an outline
MAX_TITLE = 300  # characters


class _TooSlow(Exception):
    """pypdf took more than its share."""


def read_structure(path: str, document: pdfium.PdfDocument) -> dict[str, Any]:
    """Read the structure.

    Returns:
        `title` or null; `outline` as [level, title, page]; `labels` by page, empty where it has none.
    """
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        with _limited(PYPDF_SECONDS):
            return _by_pypdf(path)
    except (
        PyPdfError,
        _TooSlow,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        OSError,
        RecursionError,
    ):
        return _by_pdfium(document)


def _by_pypdf(path: str) -> dict[str, Any]:
    reader = PdfReader(path, strict=False)
    if reader.is_encrypted:
        reader.decrypt("")
    root = reader.root_object
    title = reader.metadata.title if reader.metadata else None
    labels = list(reader.page_labels) if "/PageLabels" in root else []
    outline = list(_entries(reader, reader.outline, 1)) if "/Outlines" in root else []
    return {"title": _clean(title), "outline": outline[:MAX_ENTRIES], "labels": labels}


def _entries(reader: PdfReader, items: list[Any], level: int) -> Iterator[list[Any]]:
    for item in items:
        if isinstance(item, list):
            yield from _entries(reader, item, level + 1)
        elif isinstance(item, Destination):
            page = reader.get_destination_page_number(item)
            title = _clean(str(item.title))
            if page is not None and page >= 0 and title:
                yield [level, title, page + 1]


def _by_pdfium(document: pdfium.PdfDocument) -> dict[str, Any]:
    outline = []
    for item in document.get_toc(max_depth=6):
        destination = item.get_dest()
        index = destination.get_index() if destination else None
        title = _clean(item.get_title())
        if index is not None and title:
            outline.append([item.level + 1, title, index + 1])
        if len(outline) >= MAX_ENTRIES:
            break
    labels = [document.get_page_label(index) or None for index in range(len(document))]
    title = document.get_metadata_dict().get("Title")
    return {"title": _clean(title), "outline": outline, "labels": labels if any(labels) else []}


def _clean(text: str | None) -> str | None:
    if not text:
        return None
    shown = "".join(c if c.isprintable() else " " for c in str(text))
    return " ".join(shown.split())[:MAX_TITLE] or None


@contextmanager
def _limited(seconds: int) -> Iterator[None]:
    def _stop(_signal: int, _frame: FrameType | None) -> None:
        raise _TooSlow

    before = signal.signal(signal.SIGALRM, _stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
