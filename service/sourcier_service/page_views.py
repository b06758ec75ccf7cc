"""Pages as people see them: boxes of a quote and page images, from PDF readers kept open for a while."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from sourcier_core.errors import DocumentError
from sourcier_core.file_store import FileStore
from sourcier_core.page_store import PageStore
from sourcier_core.quote_boxes import QuoteBoxes, QuoteBoxStore
from sourcier_core.settings import ReadingSettings
from sourcier_core.types import Box
from sourcier_ingestion.pdf_process import PdfProcess

T = TypeVar("T")
IDLE_SECONDS = 60.0  # then a reader is closed: it holds the file's parsed pages in memory
MAX_USES = 200  # then it is replaced: its processor time is bounded, and memory grows with pages seen


@dataclass(slots=True)
class _Open:
    process: PdfProcess
    uses: int = 0
    last_used: float = field(default_factory=time.monotonic)
    busy: int = 0


class PageViews:
    """Draws pages and finds quotes on them. Nothing here opens a PDF in this process."""

    def __init__(
        self,
        *,
        originals: FileStore,
        pages: PageStore,
        boxes: QuoteBoxStore,
        limits: ReadingSettings,
        processes: int,
    ) -> None:
        self._originals = originals
        self._pages = pages
        self._boxes = boxes
        self._limits = limits
        self._processes = processes
        self._lock = threading.Lock()
        self._open: OrderedDict[str, _Open] = OrderedDict()

    def quote_boxes(self, version: str, page: int, start: int, end: int) -> QuoteBoxes:
        """Return where a span of a page's text is printed, computed once and kept.

        Raises:
            DocumentError: The page cannot be read again.
        """
        known = self._boxes.get(version, page, start, end)
        if known is not None:
            return known
        text = self._pages.page(version, page).text
        found = self._with_reader(version, lambda reader: reader.quotes(page, text, [(start, end)])[0])
        self._boxes.put(version, page, start, end, found)
        return found

    def render(self, version: str, page: int, scale: float, boxes: tuple[Box, ...]) -> bytes:
        """Draw a page as a JPEG.

        Raises:
            DocumentError: The page cannot be drawn.
        """
        return self._with_reader(version, lambda reader: reader.render(page, scale, boxes))

    def close(self) -> None:
        """End all readers."""
        with self._lock:
            readers = list(self._open.values())
            self._open.clear()
        for reader in readers:
            reader.process.close()

    def _with_reader(self, version: str, use: Callable[[PdfProcess], T]) -> T:
        with self._reader(version) as reader:
            try:
                return use(reader.process)
            except DocumentError:
                self._drop(version, reader)
                raise

    @contextmanager
    def _reader(self, version: str) -> Iterator[_Open]:
        reader = self._take(version)
        try:
            yield reader
        finally:
            with self._lock:
                reader.busy -= 1
                reader.last_used = time.monotonic()
            self._close_idle()

    def _take(self, version: str) -> _Open:
        with self._lock:
            reader = self._open.get(version)
            if reader is not None and reader.uses < MAX_USES:
                reader.uses += 1
                reader.busy += 1
                self._open.move_to_end(version)
                return reader
        with self._originals.local_path(version) as path:
            made = _Open(PdfProcess(path, version[:12], self._limits), uses=1, busy=1)
        with self._lock:
            former = self._open.pop(version, None)
            self._open[version] = made
        if former is not None and not former.busy:
            former.process.close()
        return made

    def _drop(self, version: str, reader: _Open) -> None:
        with self._lock:
            if self._open.get(version) is reader:
                del self._open[version]
        reader.process.close()

    def _close_idle(self) -> None:
        now = time.monotonic()
        with self._lock:
            idle = [v for v, reader in self._open.items() if not reader.busy]
            surplus = idle[: max(0, len(self._open) - self._processes)]
            old = [v for v in idle if now - self._open[v].last_used > IDLE_SECONDS]
            closing = [self._open.pop(version) for version in {*surplus, *old}]
        for reader in closing:
            reader.process.close()
