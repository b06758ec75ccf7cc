"""The confined process: one PDF, opened here and nowhere else. Answers requests on its standard input.

A request and a reply is a JSON line each; a reply that says `"bytes": n` is followed by n raw bytes. Nothing
is pickled: what comes from a process that a hostile file may have taken over is data, checked by the parent.
"""

import json
import os
import resource
import sys
from typing import Any, BinaryIO

import pypdfium2 as pdfium

from sourcier_ingestion.pdf_layout import read_page
from sourcier_ingestion.pdf_quotes import locate_quotes
from sourcier_ingestion.pdf_render import render_page
from sourcier_ingestion.pdf_structure import read_structure

PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD


class Refusal(Exception):
    """The file cannot be served; `code` is one of the parent's document errors."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Session:
    """The one document of this process."""

    def __init__(self, path: str, max_pages: int) -> None:
        self._path = path
        self._document = _open(path)
        if len(self._document) == 0:
            raise Refusal("empty", "no pages")
        if len(self._document) > max_pages:
            raise Refusal("too_many_pages", str(len(self._document)))

    def structure(self) -> dict[str, Any]:
        """Outline, labels, title, page count."""
        return {"page_count": len(self._document), **read_structure(self._path, self._document)}

    def pages(self, start: int, stop: int) -> dict[str, Any]:
        """Text and layout of pages `start` to `stop - 1`, 1-based."""
        found = [
            read_page(self._document, number) for number in range(start, min(stop, len(self._document) + 1))
        ]
        # pdfium keeps what it parsed of each page until the document is closed.
        self._document.close()
        self._document = _open(self._path)
        return {"pages": found}

    def quotes(self, page: int, text: str, spans: list[list[int]]) -> dict[str, Any]:
        """Boxes of spans of a page's text, and whether the text read again inside them is the same."""
        return locate_quotes(self._document, page, text, spans)

    def render(self, page: int, scale: float, boxes: list[list[float]]) -> bytes:
        """The page as a JPEG."""
        return render_page(self._document, page, scale, boxes)


def confine(memory_bytes: int, cpu_seconds: int) -> None:
    """Bound what this process may take: address space, processor time; it may write no file."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer requests until the parent closes the pipe."""
    session: Session | None = None
    for line in requests:
        request = json.loads(line)
        operation = request.pop("op")
        try:
            if operation == "open":
                session = Session(**request)
                reply: Any = session.structure()
            elif session is None:
                raise Refusal("broken", "not open")
            else:
                reply = getattr(session, operation)(**request)
        except Refusal as refusal:
            reply = {"error": refusal.code, "detail": str(refusal)}
        except MemoryError:
            reply = {"error": "memory", "detail": "out of memory"}
        except (pdfium.PdfiumError, ValueError, IndexError, KeyError, OSError, RecursionError) as error:
            reply = {"error": "broken", "detail": str(error)[:200]}
        _send(replies, reply)


def main() -> None:
    """Confine this process, then serve: `python -m sourcier_ingestion.pdf_child MEMORY CPU`."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a C library that prints must not break the protocol
    confine(int(sys.argv[1]), int(sys.argv[2]))
    serve(sys.stdin.buffer, replies)


def _open(path: str) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(path)
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
