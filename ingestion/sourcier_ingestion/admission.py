"""A file -> what it is, by its content: type, size and sha256. Nothing here parses a PDF."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sourcier_core.errors import DocumentEmpty, DocumentTooLarge, UnsupportedDocument
from sourcier_core.types import MediaType

READABLE_SUFFIXES = frozenset({".pdf", ".md", ".markdown", ".txt", ".text"})
PDF_SIGNATURE = b"%PDF-"
SIGNATURE_WITHIN = 1024  # bytes: readers accept what stands before the signature, ISO 32000-2 annex I
_KNOWN = {
    b"PK\x03\x04": "a ZIP archive (perhaps an office document)",
    b"\xd0\xcf\x11\xe0": "an old office document",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"\x1f\x8b": "a gzip archive",
    b"%!PS": "PostScript",
    b"{\\rtf": "RTF",
    b"\x7fELF": "a program",
    b"MZ": "a program",
}
_MARKUP = (b"<!doctype html", b"<html", b"<?xml", b"<svg")


@dataclass(frozen=True, slots=True)
class Admitted:
    """A file that may be read."""

    path: Path
    name: str
    media_type: MediaType
    size: int  # bytes
    sha256: str


def admit(path: Path, name: str, max_bytes: int) -> Admitted:
    """Recognise a file by its content and hash it, without loading it whole.

    Args:
        path: Of the file.
        name: Of the document; its suffix tells Markdown from plain text and nothing else.
        max_bytes: Limit on the bytes read.

    Raises:
        DocumentEmpty: It has no bytes.
        DocumentTooLarge: It is over the limit.
        UnsupportedDocument: It is neither PDF, Markdown nor plain text.
    """
    size = path.stat().st_size
    if size == 0:
        raise DocumentEmpty(name)
    if size > max_bytes:
        raise DocumentTooLarge(name, max_bytes)
    with path.open("rb") as file:
        head = file.read(SIGNATURE_WITHIN)
        media_type = _recognise(head, name)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Admitted(path, name, media_type, size, digest)


def _recognise(head: bytes, name: str) -> MediaType:
    if PDF_SIGNATURE in head:
        return MediaType.PDF
    for signature, what in _KNOWN.items():
        if head.startswith(signature):
            raise UnsupportedDocument(name, what)
    if head.lstrip().lower().startswith(_MARKUP):
        raise UnsupportedDocument(name, "HTML or XML")
    suffix = Path(name).suffix.lower()
    if b"\x00" in head or suffix == ".pdf":
        raise UnsupportedDocument(
            name, "binary data of no known type" if b"\x00" in head else "no PDF signature"
        )
    return MediaType.MARKDOWN if suffix in (".md", ".markdown") else MediaType.TEXT
