import hashlib
from pathlib import Path

import pytest

from sourcier_core.errors import DocumentEmpty, DocumentTooLarge, UnsupportedDocument
from sourcier_core.types import MediaType
from sourcier_ingestion.admission import Admitted, admit

PDF = b"%PDF-1.7\n...\n%%EOF\n"


def write(folder: Path, data: bytes) -> Path:
    path = folder / "upload"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (PDF, "a.pdf", MediaType.PDF),
        (PDF, "a.txt", MediaType.PDF),  # its extension is not trusted
        (PDF, "no suffix", MediaType.PDF),
        (b"\xef\xbb\xbf junk a mailer put before it\n" + PDF, "a.pdf", MediaType.PDF),
        (b"x" * 1019 + PDF, "a.pdf", MediaType.PDF),  # 1019 + 5 bytes of signature are the first 1024
        (b"# Title\n", "a.md", MediaType.MARKDOWN),
        (b"# Title\n", "folder/A.MARKDOWN", MediaType.MARKDOWN),
        (b"# Title\n", "a.txt", MediaType.TEXT),
        ("Été\n".encode(), "notes", MediaType.TEXT),
        (b"a < b and <b>bold</b>", "a.md", MediaType.MARKDOWN),
    ],
)
def test_a_file_is_recognised_by_its_content(
    tmp_path: Path, data: bytes, name: str, expected: MediaType
) -> None:
    assert admit(write(tmp_path, data), name, 10_000).media_type is expected


@pytest.mark.parametrize(
    ("data", "name", "found"),
    [
        (b"PK\x03\x04...", "report.pdf", "ZIP archive"),  # a .docx renamed
        (b"PK\x03\x04...", "report.docx", "office document"),
        (b"\xd0\xcf\x11\xe0....", "report.doc", "old office document"),
        (b"\x89PNG\r\n\x1a\n", "scan.pdf", "PNG image"),
        (b"\xff\xd8\xff\xe0", "scan.jpg", "JPEG image"),
        (b"GIF89a", "a.txt", "GIF image"),
        (b"\x1f\x8b\x08", "a.gz", "gzip"),
        (b"%!PS-Adobe-3.0", "a.ps", "PostScript"),
        (b"{\\rtf1", "a.rtf", "RTF"),
        (b"\x7fELF\x02", "a.txt", "program"),
        (b"MZ\x90\x00", "a.exe", "program"),
        (b"<!DOCTYPE html><html>", "a.pdf", "HTML"),  # a login page saved as a PDF
        (b" \n<HTML><body>", "a.txt", "HTML"),
        (b"<?xml version='1.0'?>", "a.md", "XML"),
        (b"a\x00b\x00c\x00", "a.txt", "binary data"),
        (b"just text", "a.pdf", "no PDF signature"),
        (b"x" * 1020 + PDF, "a.pdf", "no PDF signature"),  # one byte too late
    ],
)
def test_a_file_that_cannot_be_read_is_named_for_what_it_is(
    tmp_path: Path, data: bytes, name: str, found: str
) -> None:
    with pytest.raises(UnsupportedDocument, match=found) as caught:
        admit(write(tmp_path, data), name, 10_000)

    assert repr(name) in str(caught.value)


def test_a_file_without_bytes_is_empty(tmp_path: Path) -> None:
    with pytest.raises(DocumentEmpty, match="no bytes"):
        admit(write(tmp_path, b""), "a.pdf", 10_000)


def test_a_file_at_the_limit_is_admitted_and_one_byte_more_is_too_large(tmp_path: Path) -> None:
    path = write(tmp_path, b"x" * 100)

    assert admit(path, "a.txt", 100).size == 100
    with pytest.raises(DocumentTooLarge, match="99 bytes"):
        admit(path, "a.txt", 99)


def test_size_and_hash_are_those_of_the_bytes(tmp_path: Path) -> None:
    data = PDF + b"x" * 3_000_000
    path = write(tmp_path, data)

    found = admit(path, "a.pdf", 10_000_000)

    assert found == Admitted(path, "a.pdf", MediaType.PDF, len(data), hashlib.sha256(data).hexdigest())
