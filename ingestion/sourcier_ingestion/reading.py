"""A file -> its pages on disk: what was read, with printed labels, ready to be chunked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sourcier_core.errors import DocumentWithoutText
from sourcier_core.page_store import PageStore
from sourcier_core.settings import ReadingSettings
from sourcier_core.types import DocumentStatus, MediaType, Page, Structure
from sourcier_ingestion.admission import Admitted
from sourcier_ingestion.pdf_process import PdfProcess
from sourcier_ingestion.running_lines import RunningLines
from sourcier_ingestion.text_reader import read_text

PageProgress = Callable[[int, int], None]  # pages done, pages in all


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a file gave; the pages themselves are in the store."""

    structure: Structure
    running_lines: RunningLines
    image_pages: tuple[int, ...]  # 1-based pages that show an image and have no text


def read_document(
    file: Admitted, pages: PageStore, limits: ReadingSettings, progress: PageProgress
) -> Reading:
    """Read a file into the page store, a window of pages at a time.

    Raises:
        DocumentError: It cannot be read; nothing is stored.
        StorageFull: No room is left; nothing is stored.
    """
    running = RunningLines()
    images: list[int] = []
    with _opened(file, limits) as (structure, windows), pages.write(file.sha256) as writer:
        done = with_text = 0
        for window in windows:
            for page in window:
                writer.add(page)
                running.see(page)
                with_text += bool(page.text.strip())
                if page.warning == "image_only":
                    images.append(page.key)
            done += len(window)
            progress(done, structure.page_count)
        if not with_text:
            raise DocumentWithoutText(file.name, structure.page_count)
        if not structure.labels and structure.media_type is MediaType.PDF:
            structure = replace(structure, labels=running.labels(structure.page_count))
        writer.finish(structure)
    return Reading(structure, running, tuple(images))


def stored_reading(pages: PageStore, version: str) -> Reading:
    """Return what reading a version gave, from its stored pages.

    Raises:
        FileNotFoundError: Its pages are not stored.
    """
    structure = pages.structure(version)
    running = RunningLines()
    images: list[int] = []
    for page in pages.in_order(version, structure.page_count):
        running.see(page)
        if page.warning == "image_only":
            images.append(page.key)
    return Reading(structure, running, tuple(images))


def judge_reading(reading: Reading) -> tuple[DocumentStatus, str | None, str | None]:
    """Return a document's status, with reason and code where some of its pages cannot be searched."""
    if not reading.image_pages:
        return DocumentStatus.READY, None, None
    images = reading.image_pages
    listed = ", ".join(map(str, images[:20])) + (", ..." if len(images) > 20 else "")
    reason = (
        f"{len(images)} of {reading.structure.page_count} pages hold an image and no text ({listed}): they "
        "are not searched. Run the file through OCR (for example `ocrmypdf --skip-text`) and add the result."
    )
    return DocumentStatus.PARTIAL, reason, "pages_without_text"


@contextmanager
def _opened(file: Admitted, limits: ReadingSettings) -> Iterator[tuple[Structure, Iterator[list[Page]]]]:
    if file.media_type is MediaType.PDF:
        with PdfProcess(file.path, file.name, limits) as process:
            yield process.structure, process.pages()
    else:
        structure, page = read_text(file.path, file.name, file.media_type)
        yield structure, iter([[page]])
