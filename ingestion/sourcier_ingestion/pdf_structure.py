"""A PDF -> its title, outline, printed page labels (pypdf; pdfium where pypdf refuses). In the child."""

import io
from collections.abc import Iterator
from typing import Any

import pypdfium2 as pdfium
from pypdf import PdfReader
from pypdf.generic import Destination

from sourcier_ingestion.pdf_repair import PYPDF_ERRORS, PYPDF_SECONDS, time_limit

MAX_ENTRIES = 20_000  # of an outline
MAX_TITLE = 300  # characters


def read_structure(content: str | bytes, document: pdfium.PdfDocument) -> dict[str, Any]:
    """Read the structure.

    Args:
        content: The file's path, or what it is once written anew.
        document: The same, open.

    Returns:
        `title` or null; `outline` as [level, title, page]; `labels` by page, empty where it has none.
    """
    try:
        with time_limit(PYPDF_SECONDS):
            return _by_pypdf(content)
    except PYPDF_ERRORS:
        return _by_pdfium(document)


def _by_pypdf(content: str | bytes) -> dict[str, Any]:
    reader = PdfReader(io.BytesIO(content) if isinstance(content, bytes) else content, strict=False)
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
