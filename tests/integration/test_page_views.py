"""Readers of pages: bounded in number, closed when idle, replaced when worn or dead; boxes found once."""

import io
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pdfs import write_pdf
from PIL import Image

from sourcier_core.catalogue import Catalogue
from sourcier_core.errors import DocumentError
from sourcier_core.file_store import FileStore
from sourcier_core.page_store import PageStore
from sourcier_core.quote_boxes import QuoteBoxStore
from sourcier_core.settings import OcrSettings, ReadingSettings
from sourcier_ingestion.admission import admit
from sourcier_ingestion.reading import read_document
from sourcier_service.page_views import MAX_USES, PageViews

PROCESSES = 2
DOCUMENTS = 5
TINY = 0.1  # pixels to the point: drawn in no time
LIMITS = ReadingSettings()
PROC = Path("/proc")

pytestmark = pytest.mark.skipif(not PROC.is_dir(), reason="processes are counted in /proc, which Linux has")


class Shelf:
    """Stored documents, and views of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.originals = FileStore(str(folder / "originals"))
        self.pages = PageStore(FileStore(str(folder / "pages")))
        self.catalogue = Catalogue(f"sqlite:///{folder / 'catalogue.sqlite3'}")
        self.views: list[PageViews] = []

    def add(self, number: int) -> str:
        """Store a document of two pages and return its version."""
        text = f"Document {number} stands on the shelf."
        path = write_pdf(self._folder / f"{number}.pdf", [text], [f"The second page of {number}."])
        admitted = admit(path, path.name, LIMITS.max_bytes)
        read_document(admitted, self.pages, LIMITS, lambda _done, _total: None, OcrSettings(), "default")
        with self.originals.write(admitted.sha256) as file:
            file.write(path.read_bytes())
        return admitted.sha256

    def open_views(self, *, idle_seconds: float = 60.0) -> PageViews:
        made = PageViews(
            originals=self.originals,
            pages=self.pages,
            boxes=QuoteBoxStore(self.catalogue.engine),
            limits=LIMITS,
            processes=PROCESSES,
            idle_seconds=idle_seconds,
        )
        self.views.append(made)
        return made

    def close(self) -> None:
        for views in self.views:
            views.close()
        self.catalogue.close()


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path)
    yield made
    made.close()
    assert readers() == []


def readers() -> list[int]:
    """Return the living PDF readers that this process started."""
    found = []
    for folder in PROC.iterdir():
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_bytes()
        except (OSError, ValueError, IndexError):
            continue  # no process, or one that has just ended
        if parent == os.getpid() and b"sourcier_ingestion.pdf_child" in command:
            found.append(int(folder.name))
    return found


def wait_for_readers(count: int, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while len(readers()) != count:
        assert time.monotonic() < end, readers()
        time.sleep(0.05)


# --- boxes


def test_the_boxes_of_a_quote_are_found_and_proved(shelf: Shelf) -> None:
    version = shelf.add(1)

    found = shelf.open_views().quote_boxes(version, 1, 0, 10)

    (box,) = found.boxes
    assert found.verified
    assert (found.width, found.height) == (595.0, 842.0)
    # "Document 1" begins 72 points from the left on a baseline 770 of 842 points up.
    assert box.x0 == pytest.approx(72, abs=1)
    assert box.y0 < 842 - 770 < box.y1


def test_boxes_are_found_once_and_kept_beyond_the_process(shelf: Shelf) -> None:
    version = shelf.add(1)
    first = shelf.open_views()
    found = first.quote_boxes(version, 1, 0, 10)
    first.close()
    shelf.originals.remove(version)  # so that nothing can be found again

    assert first.quote_boxes(version, 1, 0, 10) == found
    assert shelf.open_views().quote_boxes(version, 1, 0, 10) == found
    with pytest.raises(DocumentError):
        shelf.open_views().quote_boxes(version, 1, 0, 9)


def test_several_threads_find_the_same_boxes_at_once(shelf: Shelf) -> None:
    version = shelf.add(1)
    views = shelf.open_views()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: views.quote_boxes(version, 1, 0, 10), range(16)))

    assert len(set(found)) == 1


# --- readers


def test_a_reader_is_kept_for_the_next_page(shelf: Shelf) -> None:
    version = shelf.add(1)
    views = shelf.open_views()

    views.render(version, 1, TINY, ())
    before = readers()
    views.render(version, 2, TINY, ())

    assert len(before) == 1
    assert readers() == before


def test_no_more_readers_stay_open_than_the_limit(shelf: Shelf) -> None:
    versions = [shelf.add(number) for number in range(DOCUMENTS)]
    views = shelf.open_views()

    for version in versions:
        views.render(version, 1, TINY, ())
        assert len(readers()) <= PROCESSES


def test_no_more_readers_live_than_the_limit_however_many_ask_at_once(shelf: Shelf) -> None:
    versions = [shelf.add(number) for number in range(DOCUMENTS)]
    views = shelf.open_views()
    most, done = 0, threading.Event()

    def count() -> None:
        nonlocal most
        while not done.is_set():
            most = max(most, len(readers()))
            time.sleep(0.005)

    counting = threading.Thread(target=count)
    counting.start()
    try:
        with ThreadPoolExecutor(10) as pool:
            images = list(pool.map(lambda n: views.render(versions[n % DOCUMENTS], 1, TINY, ()), range(40)))
    finally:
        done.set()
        counting.join()

    assert 1 <= most <= PROCESSES
    assert {Image.open(io.BytesIO(image)).size for image in images} == {(60, 85)}


def test_many_who_ask_for_one_document_share_one_reader(shelf: Shelf) -> None:
    version = shelf.add(1)
    views = shelf.open_views()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: views.render(version, 1, TINY, ()), range(24)))

    assert len(readers()) == 1


def test_an_idle_reader_is_closed_without_anybody_asking_again(shelf: Shelf) -> None:
    version = shelf.add(1)
    views = shelf.open_views(idle_seconds=0.3)
    views.render(version, 1, TINY, ())
    assert len(readers()) == 1

    wait_for_readers(0)

    assert views.render(version, 1, TINY, ())


def test_a_reader_is_replaced_after_so_many_uses(shelf: Shelf) -> None:
    version = shelf.add(1)
    views = shelf.open_views()
    views.render(version, 1, TINY, ())
    first = readers()

    for _ in range(MAX_USES - 1):
        views.render(version, 1, TINY, ())
    assert readers() == first
    views.render(version, 1, TINY, ())

    assert len(readers()) == 1
    assert readers() != first


def test_a_page_that_cannot_be_drawn_costs_nobody_else_a_page(shelf: Shelf) -> None:
    version = shelf.add(1)
    views = shelf.open_views()

    def draw(page: int) -> bool:
        try:
            views.render(version, page, TINY, ())
        except DocumentError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        drawn = list(pool.map(draw, [1, 99, 2] * 12))

    assert drawn == [True, False, True] * 12
    assert len(readers()) <= PROCESSES


def test_after_failures_there_is_still_room_for_readers(shelf: Shelf) -> None:
    version = shelf.add(1)
    views = shelf.open_views()
    for _ in range(PROCESSES + 1):
        with pytest.raises(DocumentError):
            views.render("f" * 64, 1, TINY, ())  # of no stored file

    assert views.render(version, 1, TINY, ())
    assert len(readers()) == 1


def test_a_reader_that_died_is_replaced(shelf: Shelf) -> None:
    version = shelf.add(1)
    views = shelf.open_views()
    views.render(version, 1, TINY, ())
    (reader,) = readers()
    os.kill(reader, signal.SIGKILL)

    with pytest.raises(DocumentError):
        views.render(version, 1, TINY, ())

    assert views.render(version, 1, TINY, ())


def test_closing_ends_all_readers(shelf: Shelf) -> None:
    views = shelf.open_views()
    for number in range(PROCESSES):
        views.render(shelf.add(number), 1, TINY, ())
    assert len(readers()) == PROCESSES

    views.close()

    assert readers() == []
