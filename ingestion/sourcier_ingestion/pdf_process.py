"""One PDF's pages, boxes and images, read in a confined process within stated limits."""

import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from sourcier_core.errors import DocumentBroken, DocumentError, OcrFailed, ReadingTimedOut
from sourcier_core.quote_boxes import QuoteBoxes
from sourcier_core.settings import ReadingSettings
from sourcier_core.types import Box, Page, PageFindings
from sourcier_ingestion import pdf_replies
from sourcier_ingestion.child_process import ChildProcess, DocumentClock
from sourcier_ingestion.ocr_plan import OcrPlan

MAX_LOST = 20  # pages of a document that may each cost a child its life; then the document is given up


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
        self._path = path.absolute()
        self._name = name
        self._limits = limits
        self._turn = threading.Lock()
        self._clock = DocumentClock(limits.document_seconds)
        self._lost = 0
        self._read = 0  # pages that the child of now has read
        self._open()

    def pages(self, first: int = 1) -> Iterator[list[Page]]:
        """Read pages to the last one, a window at a time.

        A page that cannot be read is there without text, with warning "unreadable" and the code of the
        error: it costs no other page.

        Args:
            first: 1-based.

        Raises:
            DocumentError: No page could be read, too many took the reader down, or the document took too
            long.
        """
        step, count = self._limits.window_pages, self.structure.page_count
        readable = False
        failure: DocumentError = DocumentBroken(self._name, "no page can be read")
        for start in range(first, count + 1, step):
            window: list[Page] = []
            stop = min(start + step, count + 1)
            while len(window) < stop - start:
                failure = self._fill(window, start, stop) or failure
            readable = readable or any(page.warning != "unreadable" for page in window)
            if stop > count and not readable:
                raise failure
            yield window

    def recognise(self, page: Page, ocr: OcrPlan) -> Page:
        """Read the image of a page that has no text, by OCR.

        Args:
            page: As it was read.
            ocr: How.

        Returns:
            The page with the text and words found; as it was where none are.

        Raises:
            DocumentError: OCR fails on this page, or is over its limits.
        """
        request = {"page": page.key, "command": ocr.command, "languages": list(ocr.languages), "dpi": ocr.dpi}
        # One step to draw the page; tesseract may be run twice, with and without looking for the orientation.
        seconds = self._limits.step_seconds + 2 * ocr.page_seconds
        with self._turn:
            try:
                reply = self._child.ask(
                    {"op": "recognise", **request, "seconds": ocr.page_seconds}, seconds=seconds
                )
                return self._child.checked(partial(pdf_replies.recognised_page, read=page), reply)
            except OcrFailed:
                raise  # told by a child that lives
            except DocumentError as error:
                self._replace_child(error)
                raise

    def quotes(self, page: int, text: str, spans: list[tuple[int, int]]) -> list[QuoteBoxes]:
        """Find where spans of a page's text are printed.

        Args:
            page: 1-based.
            text: The page's text as stored.
            spans: Offsets into it.

        Raises:
            DocumentError: The page cannot be read within the limits.
        """
        request = {"op": "quotes", "page": page, "text": text, "spans": [list(span) for span in spans]}
        with self._turn:
            return self._child.checked(pdf_replies.quotes, self._child.ask(request))

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
            return self._child.ask_bytes({"op": "render", "page": page, "scale": scale, "boxes": marked})

    def close(self) -> None:
        """End the process, whatever it does."""
        self._child.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> None:
        self._child = ChildProcess(self._name, self._limits, self._clock)
        self._read = 0
        try:
            request = {"op": "open", "path": str(self._path), "max_pages": self._limits.max_pages}
            self.structure = self._child.checked(pdf_replies.structure, self._child.ask(request))
        except BaseException:
            self._child.close()
            raise

    def _fill(self, window: list[Page], start: int, stop: int) -> DocumentError | None:
        """Read on to the end of a window; return why the last page added could not be read."""
        number = start + len(window)
        request = {"op": "pages", "start": number, "stop": stop}
        try:
            with self._turn:
                for reply in self._child.stream(request, stop - number):
                    number = start + len(window)
                    window.append(self._child.checked(partial(pdf_replies.page, number=number), reply))
                    self._read += 1
        except DocumentError as error:
            # In a child that has read other pages, these may have taken the memory and the processor's time.
            guilty = self._read == 0 or _by_the_clock(error)
            self._replace_child(error)
            if not guilty:
                return None
            self._lost += 1
            if self._lost > MAX_LOST:
                raise
            findings = PageFindings(failure=error.code)
            window.append(Page(number=start + len(window), text="", warning="unreadable", findings=findings))
            return error
        return None

    def _replace_child(self, error: DocumentError) -> None:
        """Start a fresh child after one that failed on a page.

        Raises:
            DocumentError: The document's time is up, or the child cannot be believed.
        """
        self._child.close()
        if not self._child.believed or self._clock.spent >= self._clock.seconds:
            raise error
        self._open()


def _by_the_clock(error: DocumentError) -> bool:
    return isinstance(error, ReadingTimedOut) and "step_seconds" in str(error)
