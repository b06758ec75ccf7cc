"""Pages as people see them: boxes of a quote and page images, from PDF readers kept open for a while."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sourcier_core.errors import DocumentError
from sourcier_core.file_store import FileStore
from sourcier_core.page_store import PageStore
from sourcier_core.quote_boxes import QuoteBoxes, QuoteBoxStore
from sourcier_core.settings import ReadingSettings
from sourcier_core.types import Box, PageSource
from sourcier_ingestion.pdf_process import PdfProcess
from sourcier_ingestion.recognised_words import recognised_quote

T = TypeVar("T")
IDLE_SECONDS = 60.0  # to twice that, then a reader is closed: it holds the file's parsed pages in memory
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
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """Take the stores; readers are opened when they are needed.

        Args:
            originals: Files by version.
            pages: Their texts.
            boxes: Those found before.
            limits: On each reader.
            processes: Readers that live at a time; who needs one more waits.
            idle_seconds: After which an unused reader is closed.
        """
        self._originals = originals
        self._pages = pages
        self._boxes = boxes
        self._limits = limits
        self._processes = processes
        self._idle_seconds = idle_seconds
        self._changed = threading.Condition()
        self._open: OrderedDict[str, _Open] = OrderedDict()  # by version, least recently used first
        self._opening: set[str] = set()
        self._living = 0  # readers open, being opened, or replaced and still at work
        self._watch: threading.Timer | None = None

    def quote_boxes(self, version: str, page: int, start: int, end: int) -> QuoteBoxes:
        """Return where a span of a page's text is printed, computed once and kept.

        Raises:
            DocumentError: The page cannot be read again.
        """
        known = self._boxes.get(version, page, start, end)
        if known is not None:
            return known
        read = self._pages.page(version, page)
        if read.findings.source is PageSource.OCR:
            found = recognised_quote(read, start, end)
        else:
            found = self._with_reader(
                version, lambda reader: reader.quotes(page, read.text, [(start, end)])[0]
            )
        self._boxes.put(version, page, start, end, found)
        return found

    def render(self, version: str, page: int, scale: float, boxes: tuple[Box, ...]) -> bytes:
        """Draw a page as a JPEG.

        Raises:
            DocumentError: The page cannot be drawn.
        """
        return self._with_reader(version, lambda reader: reader.render(page, scale, boxes))

    def forget(self, version: str) -> None:
        """Close the reader of a file that was deleted; one at work ends with its last user."""
        with self._changed:
            reader = self._open.pop(version, None)
            idle = reader is not None and not reader.busy
            self._living -= idle
            self._changed.notify_all()
        if reader is not None and idle:
            reader.process.close()

    def close(self) -> None:
        """End all readers."""
        with self._changed:
            readers = list(self._open.values())
            self._open.clear()
            self._living -= sum(not reader.busy for reader in readers)
            if self._watch is not None:
                self._watch.cancel()
        for reader in readers:
            reader.process.close()

    def _with_reader(self, version: str, use: Callable[[PdfProcess], T]) -> T:
        reader = self._take(version)
        try:
            return use(reader.process)
        except DocumentError:
            self._replace(version, reader)
            raise
        finally:
            self._give_back(version, reader)

    def _take(self, version: str) -> _Open:
        surplus: list[_Open] = []
        with self._changed:
            while True:
                reader = self._open.get(version)
                if reader is not None and reader.uses < MAX_USES:
                    reader.uses += 1
                    reader.busy += 1
                    self._open.move_to_end(version)
                    return reader
                if version not in self._opening and self._has_room(surplus):
                    break
                self._changed.wait()
            self._opening.add(version)
            self._living += 1
        for idle in surplus:
            idle.process.close()
        return self._start(version)

    def _has_room(self, surplus: list[_Open]) -> bool:
        """Tell whether one more reader may live; one that is idle makes room, and is put into `surplus`."""
        if self._living < self._processes:
            return True
        idle = next((version for version, reader in self._open.items() if not reader.busy), None)
        if idle is None:
            return False
        surplus.append(self._open.pop(idle))
        self._living -= 1
        return True

    def _start(self, version: str) -> _Open:
        made = worn = None
        try:
            with self._originals.local_path(version) as path:
                made = _Open(PdfProcess(path, version[:12], self._limits), uses=1, busy=1)
            return made
        finally:
            with self._changed:
                self._opening.discard(version)
                if made is None:
                    self._living -= 1
                else:
                    worn = self._open.get(version)  # its uses are up; at work, it ends with its last user
                    self._open[version] = made
                if worn is not None and worn.busy:
                    worn = None
                self._living -= worn is not None
                self._changed.notify_all()
            if worn is not None:
                worn.process.close()

    def _replace(self, version: str, reader: _Open) -> None:
        """Let nobody else take this reader; those at work with it go on."""
        with self._changed:
            if self._open.get(version) is reader:
                del self._open[version]

    def _give_back(self, version: str, reader: _Open) -> None:
        with self._changed:
            reader.busy -= 1
            reader.last_used = time.monotonic()
            ended = not reader.busy and self._open.get(version) is not reader
            self._living -= ended
            self._watch_idle()
            self._changed.notify_all()
        if ended:
            reader.process.close()

    def _watch_idle(self) -> None:
        if self._watch is None and self._open:
            self._watch = threading.Timer(self._idle_seconds, self._close_idle)
            self._watch.daemon = True
            self._watch.start()

    def _close_idle(self) -> None:
        since = time.monotonic() - self._idle_seconds
        with self._changed:
            old = [v for v, reader in self._open.items() if not reader.busy and reader.last_used <= since]
            closing = [self._open.pop(version) for version in old]
            self._living -= len(closing)
            self._watch = None
            self._watch_idle()
            self._changed.notify_all()
        for reader in closing:
            reader.process.close()
