"""The parent's side of the confined process: one PDF's pages, boxes and images, within stated limits."""

import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from sourcier_core.errors import (
    DocumentBroken,
    DocumentEmpty,
    DocumentEncrypted,
    DocumentError,
    DocumentHasTooManyPages,
    ReaderCrashed,
    ReadingOutOfMemory,
    ReadingTimedOut,
)
from sourcier_core.quote_boxes import QuoteBoxes
from sourcier_core.settings import ReadingSettings
from sourcier_core.types import Box, Heading, MediaType, OutlineEntry, Page, Structure, TableRow

Made = TypeVar("Made")
MAX_REPLY = 256 * 2**20  # bytes; a window of pages is far below, and a taken-over child may send anything


class PdfProcess:
    """One document, open in a process of its own. Threads take turns."""

    def __init__(self, path: Path, name: str, limits: ReadingSettings) -> None:
        """Start the process and open the document.

        Args:
            path: Of the file.
            name: Of the document, for messages.
            limits: On pages, memory and time.

        Raises:
            DocumentError: It cannot be opened within the limits.
        """
        self._name = name
        self._limits = limits
        self._turn = threading.Lock()
        self._received = b""
        self._deadline = 0.0
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "sourcier_ingestion.pdf_child",
                str(limits.memory_bytes),
                str(limits.cpu_seconds),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # The child needs nothing of our environment: no keys, no proxies, no home.
            env={
                "PATH": os.defpath,
                "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)),
                "LC_ALL": "C.UTF-8",
            },
            cwd="/",
        )
        try:
            reply = self._ask(op="open", path=str(path.absolute()), max_pages=limits.max_pages)
            self.structure = self._checked(_structure, reply)
        except BaseException:
            self.close()
            raise

    def pages(self) -> Iterator[list[Page]]:
        """Read all pages, a window at a time.

        Raises:
            DocumentError: A window cannot be read within the limits.
        """
        step = self._limits.window_pages
        for start in range(1, self.structure.page_count + 1, step):
            reply = self._ask(op="pages", start=start, stop=start + step)
            yield self._checked(_pages, reply)

    def quotes(self, page: int, text: str, spans: list[tuple[int, int]]) -> list[QuoteBoxes]:
        """Find where spans of a page's text are printed.

        Args:
            page: 1-based.
            text: The page's text as stored.
            spans: Offsets into it.

        Raises:
            DocumentError: The page cannot be read within the limits.
        """
        reply = self._ask(op="quotes", page=page, text=text, spans=[list(span) for span in spans])
        return self._checked(_quotes, reply)

    def render(self, page: int, scale: float, boxes: tuple[Box, ...]) -> bytes:
        """Draw a page as a JPEG, the boxes marked.

        Args:
            page: 1-based.
            scale: Pixels to the point.
            boxes: In points from the top left.

        Raises:
            DocumentError: The page cannot be drawn within the limits.
        """
        marked = [[box.x0, box.y0, box.x1, box.y1] for box in boxes]
        with self._turn:
            self._send({"op": "render", "page": page, "scale": scale, "boxes": marked})
            size = self._checked(lambda reply: int(reply["bytes"]), self._receive_line())
            return self._receive_bytes(size)

    def close(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, **request: Any) -> dict[str, Any]:
        with self._turn:
            self._send(request)
            return self._receive_line()

    def _send(self, request: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._deadline = time.monotonic() + self._limits.step_seconds
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError) as error:
            raise self._why_it_ended() from error

    def _receive_line(self) -> dict[str, Any]:
        while b"\n" not in self._received:
            self._receive_some()
        line, self._received = self._received.split(b"\n", 1)
        reply = self._checked(json.loads, line)
        if not isinstance(reply, dict) or "error" in reply:
            raise self._refusal(reply)
        return reply

    def _receive_bytes(self, size: int) -> bytes:
        while len(self._received) < size:
            self._receive_some()
        data, self._received = self._received[:size], self._received[size:]
        return data

    def _receive_some(self) -> None:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            ready = selector.select(max(0.0, self._deadline - time.monotonic()))
        if not ready:
            self.close()
            raise ReadingTimedOut(self._name, self._limits.step_seconds)
        data = os.read(self._process.stdout.fileno(), 1 << 20)
        if not data:
            raise self._why_it_ended()
        self._received += data
        if len(self._received) > MAX_REPLY:
            self.close()
            raise ReadingOutOfMemory(self._name, MAX_REPLY)

    def _why_it_ended(self) -> DocumentError:
        status = self._process.wait()
        if -status == signal.SIGXCPU:
            return ReadingTimedOut(self._name, self._limits.cpu_seconds, "reading.cpu_seconds")
        if -status in (signal.SIGABRT, signal.SIGTRAP):  # pdfium aborts, or traps, when an allocation fails
            return ReadingOutOfMemory(self._name, self._limits.memory_bytes)
        return ReaderCrashed(self._name, f"exit status {status}")

    def _checked(self, make: Callable[[Any], Made], values: Any) -> Made:
        """Make something of a reply: a child that a hostile file has taken over may send anything."""
        try:
            return make(values)
        except (KeyError, IndexError, TypeError, ValueError, RecursionError) as error:
            self.close()
            raise ReaderCrashed(self._name, "its reply makes no sense") from error

    def _refusal(self, reply: Any) -> DocumentError:
        code = reply.get("error") if isinstance(reply, dict) else None
        detail = str(reply.get("detail", ""))[:200] if isinstance(reply, dict) else ""
        if code == "encrypted":
            return DocumentEncrypted(self._name)
        if code == "empty":
            return DocumentEmpty(self._name, "no page")
        if code == "too_many_pages":
            return DocumentHasTooManyPages(self._name, self._checked(int, detail), self._limits.max_pages)
        if code == "memory":
            return ReadingOutOfMemory(self._name, self._limits.memory_bytes)
        return DocumentBroken(self._name, detail or "unreadable")


def _structure(reply: dict[str, Any]) -> Structure:
    count = int(reply["page_count"])
    outline = tuple(
        OutlineEntry(int(level), _text(title), int(page)) for level, title, page in reply["outline"]
    )
    labels = tuple(None if label is None else _text(label)[:40] for label in reply["labels"])
    return Structure(
        media_type=MediaType.PDF,
        page_count=count,
        title=None if reply["title"] is None else _text(reply["title"]),
        outline=tuple(entry for entry in outline if 1 <= entry.page <= count),
        labels=labels if len(labels) == count else (),
    )


def _pages(reply: dict[str, Any]) -> list[Page]:
    return [_page(values) for values in reply["pages"]]


def _page(values: dict[str, Any]) -> Page:
    return Page(
        number=int(values["number"]),
        text=_text(values["text"]),
        headings=tuple(
            Heading(int(start), int(level), _text(title)) for start, level, title in values["headings"]
        ),
        rows=tuple(
            TableRow(int(start), int(end), (int(head[0]), int(head[1])) if head else None)
            for start, end, head in values["rows"]
        ),
        warning=None if values["warning"] is None else str(values["warning"]),
    )


def _quotes(reply: dict[str, Any]) -> list[QuoteBoxes]:
    size = {"width": float(reply["width"]), "height": float(reply["height"])}
    return [
        QuoteBoxes(tuple(Box(*map(float, box)) for box in quote["boxes"]), bool(quote["verified"]), **size)
        for quote in reply["quotes"]
    ]


def _text(value: Any) -> str:
    """Replace lone surrogates, which a damaged file may yield and no encoding holds."""
    return str(value).encode("utf-8", "replace").decode()
