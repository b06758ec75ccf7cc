"""A file -> its pages on disk: what was read, with printed labels, ready to be chunked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sourcier_core.errors import DocumentError, DocumentWithoutText
from sourcier_core.page_store import PageStore
from sourcier_core.passport import PassportMaker
from sourcier_core.settings import OcrSettings, ReadingSettings
from sourcier_core.types import MediaType, Page, PageSource, Passport, Structure
from sourcier_ingestion.admission import Admitted
from sourcier_ingestion.ocr_plan import OcrPlan, how_to_read_scans, plan_ocr
from sourcier_ingestion.pdf_process import PdfProcess
from sourcier_ingestion.running_lines import RunningLines
from sourcier_ingestion.text_reader import read_text

PageProgress = Callable[[int, int], None]  # pages done, pages in all
Recognise = Callable[[Page, OcrPlan], Page]


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a file gave; the pages themselves are in the store."""

    structure: Structure
    running_lines: RunningLines
    passport: Passport


def read_document(
    file: Admitted,
    pages: PageStore,
    limits: ReadingSettings,
    progress: PageProgress,
    ocr: OcrSettings,
    collection: str,
) -> Reading:
    """Read a file into the page store, a window of pages at a time.

    Args:
        file: Admitted.
        pages: Where they go.
        limits: On the reader.
        progress: Called after each window.
        ocr: What to do with pages that are images.
        collection: Whose languages OCR looks for.

    Raises:
        DocumentError: It cannot be read; nothing is stored.
        StorageFull: No room is left; nothing is stored.
    """
    running, passport = RunningLines(), PassportMaker()
    plan = plan_ocr(ocr, collection)
    known = _Recognised(pages, file.sha256)
    with _opened(file, limits) as (structure, windows, recognise), pages.write(file.sha256) as writer:
        done = with_text = 0
        for window in windows:
            for read in window:
                page = read
                if read.warning == "image_only":
                    page = known.page(read) or _recognised(read, plan, recognise)
                writer.add(page)
                running.see(page)
                passport.see(page)
                with_text += bool(page.text.strip())
                done += 1
                if plan and read.warning == "image_only":
                    progress(done, structure.page_count)  # OCR takes seconds a page
            progress(done, structure.page_count)
        if not with_text:
            remedy = _remedy(passport.finish(structure), how_to_read_scans(ocr, collection))
            raise DocumentWithoutText(file.name, structure.page_count, remedy)
        if not structure.labels and structure.media_type is MediaType.PDF:
            structure = replace(structure, labels=running.labels(structure.page_count))
        writer.finish(structure)
    return Reading(structure, running, passport.finish(structure))


def _remedy(found: Passport, how_to_read_scans: str) -> str:
    if found.image_only:
        return f"It is probably a scan. {how_to_read_scans} Then add it again."
    if found.hidden:
        reason = found.hidden[0][1].reason
        return f"It holds words that cannot be seen ({reason}): print it anew from its source."
    return "It shows no image either: check that it is the right file."


class _Recognised:
    """Pages of the same bytes that OCR read before, for a document whose text must not change under it."""

    def __init__(self, pages: PageStore, version: str) -> None:
        self._pages = pages if pages.exists(version) else None
        self._version = version

    def page(self, read: Page) -> Page | None:
        """Return the page as OCR read it before."""
        if self._pages is None:
            return None
        before = self._pages.page(self._version, read.key)
        return before if before.findings.source is PageSource.OCR else None


def _recognised(page: Page, plan: OcrPlan | None, recognise: Recognise | None) -> Page:
    """Return the page with the text that OCR finds; as it was where there is none, or OCR fails on it."""
    if plan is None or recognise is None:
        return page
    try:
        return recognise(page, plan)
    except DocumentError as error:
        return replace(page, findings=replace(page.findings, failure=error.code))


def stored_reading(pages: PageStore, version: str) -> Reading:
    """Return what reading a version gave, from its stored pages.

    Raises:
        FileNotFoundError: Its pages are not stored.
    """
    structure = pages.structure(version)
    running, passport = RunningLines(), PassportMaker()
    for page in pages.in_order(version, structure.page_count):
        running.see(page)
        passport.see(page)
    return Reading(structure, running, passport.finish(structure))


@contextmanager
def _opened(
    file: Admitted, limits: ReadingSettings
) -> Iterator[tuple[Structure, Iterator[list[Page]], Recognise | None]]:
    if file.media_type is MediaType.PDF:
        with PdfProcess(file.path, file.name, limits) as process:
            yield process.structure, process.pages(), process.recognise
    else:
        structure, page = read_text(file.path, file.name, file.media_type)
        yield structure, iter([[page]]), None
