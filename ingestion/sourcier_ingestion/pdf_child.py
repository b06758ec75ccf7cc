"""The confined process: one PDF, opened here and nowhere else. Answers requests on its standard input.

A request and a reply is a JSON line each; a reply that says `"bytes": n` is followed by n raw bytes, and a
request for pages is answered by a line for each. Nothing is pickled: what comes from a process that a
hostile file may have
taken over is data, checked by the parent.
"""

import json
import os
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

import pypdfium2 as pdfium

from sourcier_ingestion.confinement import leave_the_network, limit_resources
from sourcier_ingestion.pdf_layout import lines_of, read_page
from sourcier_ingestion.pdf_ocr import recognise_page
from sourcier_ingestion.pdf_quotes import locate_quotes
from sourcier_ingestion.pdf_render import render_page
from sourcier_ingestion.pdf_repair import PASSWORD_ERROR, page_text, repaired
from sourcier_ingestion.pdf_structure import read_structure

BROKEN = (pdfium.PdfiumError, ValueError, IndexError, KeyError, OSError, RecursionError)


class Refusal(Exception):
    """The file cannot be served; `code` is one of the parent's document errors."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Session:
    """The one document of this process."""

    def __init__(self, path: str, max_pages: int) -> None:
        self._path = path
        self._content: str | bytes = path  # what pdfium reads: the file, or the file written anew
        self._spare: pdfium.PdfDocument | None = None
        self._spare_made = False
        try:
            self._document = _open(path)
        except Refusal as refusal:
            content = repaired(path) if refusal.code == "broken" else None
            if content is None:
                raise
            self._content = content
            self._document = _open(content)
        if len(self._document) == 0:
            raise Refusal("empty", "no pages")
        if len(self._document) > max_pages:
            raise Refusal("too_many_pages", str(len(self._document)))

    def structure(self) -> dict[str, Any]:
        """Outline, labels, title, page count, and whether the file had to be written anew to be read."""
        return {
            "page_count": len(self._document),
            "repaired": self._content is not self._path,
            **read_structure(self._content, self._document),
        }

    def pages(self, start: int, stop: int) -> Iterator[dict[str, Any]]:
        """Text and layout of pages `start` to `stop - 1`, 1-based."""
        for number in range(start, min(stop, len(self._document) + 1)):
            yield self._page(number)
        # pdfium keeps what it parsed of each page until the document is closed.
        self._document.close()
        self._document = _open(self._content)

    def recognise(
        self, page: int, command: str, languages: list[str], dpi: int, seconds: float
    ) -> dict[str, Any]:
        """Words that are printed in a page's image, by OCR."""
        try:
            return recognise_page(self._readable(page), page, command, languages, dpi, seconds)
        except OSError as error:
            raise Refusal("ocr", str(error)) from error

    def quotes(self, page: int, text: str, spans: list[list[int]]) -> dict[str, Any]:
        """Boxes of spans of a page's text, and whether the text read again inside them is the same."""
        return locate_quotes(self._readable(page), page, text, spans)

    def render(self, page: int, scale: float, boxes: list[list[float]]) -> bytes:
        """The page as a JPEG."""
        return render_page(self._readable(page), page, scale, boxes)

    def _page(self, number: int) -> dict[str, Any]:
        """Read a page; where pdfium cannot, from the file written anew, else by pypdf, else not at all."""
        try:
            return read_page(self._document, number)
        except BROKEN:
            spare = self._repaired()
        try:
            if spare is not None:
                return {**read_page(spare, number), "source": "repaired"}
        except BROKEN:
            pass
        try:
            return {**lines_of(number, page_text(self._path, number)), "source": "second_reader"}
        except BROKEN:
            return {**lines_of(number, ""), "warning": "unreadable", "failure": "document_broken"}

    def _readable(self, number: int) -> pdfium.PdfDocument:
        """Return the document from which pdfium loads a page."""
        try:
            self._document[number - 1].close()
        except pdfium.PdfiumError:
            return self._repaired() or self._document
        return self._document

    def _repaired(self) -> pdfium.PdfDocument | None:
        """Return the file written anew, once; None where that gives other pages, or was done already."""
        if not self._spare_made and self._content is self._path:
            content = repaired(self._path)
            spare = None if content is None else _open(content)
            if spare is not None and len(spare) == len(self._document):
                self._spare = spare
        self._spare_made = True
        return self._spare


def serve(requests: BinaryIO, replies: BinaryIO, network: str) -> None:
    """Answer requests until the parent closes the pipe."""
    session: Session | None = None
    for line in requests:
        request = json.loads(line)
        operation = request.pop("op")
        try:
            if operation == "confinement":
                reply: Any = {"network": network}
            elif operation == "open":
                session = Session(**request)
                reply = session.structure()
            elif session is None:
                raise Refusal("broken", "not open")
            else:
                reply = getattr(session, operation)(**request)
            for part in reply if isinstance(reply, Iterator) else (reply,):
                _send(replies, part)
        except Refusal as refusal:
            _send(replies, {"error": refusal.code, "detail": str(refusal)})
        except MemoryError:
            _send(replies, {"error": "memory", "detail": "out of memory"})
        except BROKEN as error:
            _send(replies, {"error": "broken", "detail": str(error)[:200]})


def main() -> None:
    """Confine this process, then serve: `python -m sourcier_ingestion.pdf_child MEMORY CPU`."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a C library that prints must not break the protocol
    network = leave_the_network()
    limit_resources(int(sys.argv[1]), int(sys.argv[2]))
    serve(sys.stdin.buffer, replies, network)


def _open(content: str | bytes) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        code = "encrypted" if error.err_code == PASSWORD_ERROR else "broken"
        raise Refusal(code, str(error)) from error


def _send(replies: BinaryIO, reply: Any) -> None:
    if isinstance(reply, bytes):
        replies.write(json.dumps({"bytes": len(reply)}).encode() + b"\n" + reply)
    else:
        # surrogates that no encoding holds may come out of a damaged file
        replies.write(json.dumps(reply).encode() + b"\n")
    replies.flush()


if __name__ == "__main__":
    main()
