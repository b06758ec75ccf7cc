"""Scans made on the fly, read by the real tesseract in the confined child; and going without."""

import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from homes import open_home
from pdfs import new_pdf, write_pdf
from PIL import Image, ImageChops
from reportlab.lib.utils import ImageReader
from scans import drawn, needs_tesseract, write_scan

from sourcier_core.errors import DocumentWithoutText, OcrFailed
from sourcier_core.settings import OcrSettings, ReadingSettings, Settings
from sourcier_core.types import Box, DocumentStatus, Page, PageSource
from sourcier_core.wiring import Stores
from sourcier_ingestion.ocr_plan import OcrPlan, plan_ocr
from sourcier_ingestion.pdf_process import PdfProcess
from sourcier_ingestion.pipeline import Ingestion, Outcome
from sourcier_ingestion.recognised_words import recognised_quote
from sourcier_service.page_views import PageViews

ENGLISH = ["Parking rules", "Car park B is reserved for visitors", "until the end of November."]
FRENCH = ["Règlement du parking", "Le parking B est réservé aux visiteurs", "jusqu'à la fin de l'été."]
# Enough letters for tesseract to see which way up they are.
PROSE = [f"Line {n} says which of the visitors may park there, and for how many days." for n in range(3, 13)]
LIMITS = ReadingSettings()


@pytest.fixture
def plan() -> OcrPlan:
    found = plan_ocr(OcrSettings(), "default")
    assert found is not None
    return found


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    with open_home(tmp_path / "home") as opened:
        yield opened


def recognise(path: Path, plan: OcrPlan) -> Page:
    with PdfProcess(path, path.name, LIMITS) as process:
        ((page,),) = list(process.pages())
        return process.recognise(page, plan)


def ingest(stores: Stores, path: Path, name: str = "scan.pdf", **ocr: object) -> Outcome:
    settings = Settings(home=stores.home.root, ocr=OcrSettings.model_validate(ocr))
    return Ingestion(stores, settings).ingest(path, name, "hr", lambda *_: None)


def ink_inside(image: Image.Image, boxes: tuple[Box, ...], width: float) -> float:
    """Return the share of an image's dark pixels that lie inside boxes."""
    scale = image.width / width
    dark = image.point(lambda grey: 255 if grey < 128 else 0)
    inside = Image.new("L", image.size, 0)
    for box in boxes:
        left, top, right, bottom = (box.x0 - 1, box.y0 - 1, box.x1 + 1, box.y1 + 1)
        inside.paste(
            255, (round(left * scale), round(top * scale), round(right * scale), round(bottom * scale))
        )
    return sum(ImageChops.multiply(dark, inside).histogram()[1:]) / sum(dark.histogram()[1:])


@needs_tesseract
@pytest.mark.parametrize("lines", [ENGLISH, FRENCH], ids=["en", "fr"])
def test_a_scan_is_read_line_by_line_with_its_accents(
    tmp_path: Path, plan: OcrPlan, lines: list[str]
) -> None:
    page = recognise(write_scan(tmp_path / "a.pdf", lines), plan)

    assert page.text.replace("’", "'").split("\n") == lines
    assert (page.warning, page.findings.source, page.findings.rotation) == (None, PageSource.OCR, 0)
    assert page.findings.garbled == 0.0
    assert [page.text[word.start : word.end] for word in page.findings.words] == page.text.split()
    assert all(0.5 <= word.confidence <= 1 for word in page.findings.words)


@needs_tesseract
@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_boxes_of_a_quote_lie_on_its_words_however_the_page_was_scanned(
    tmp_path: Path, plan: OcrPlan, turned: int
) -> None:
    path = write_scan(tmp_path / "a.pdf", [*ENGLISH, *PROSE], turned=turned)
    page = recognise(path, plan)
    (whole,) = drawn(tmp_path / "b.pdf", [*ENGLISH, *PROSE])
    start = page.text.index("Car park")
    end = page.text.index("November.") + len("November.")

    quote = recognised_quote(page, start, end)

    assert (quote.verified, len(quote.boxes)) == (True, 2)
    assert page.findings.rotation == turned
    seen = whole.rotate(-turned, expand=True)
    # Letters are about equally dark: as many of them as of the ink.
    letters = len("".join(page.text[start:end].split())) / len("".join(page.text.split()))
    assert ink_inside(seen, quote.boxes, quote.width) == pytest.approx(letters, abs=0.03)


@needs_tesseract
def test_an_image_without_words_stays_a_page_without_text(tmp_path: Path, plan: OcrPlan) -> None:
    path = tmp_path / "a.pdf"
    with new_pdf(path) as canvas:
        canvas.drawImage(ImageReader(Image.linear_gradient("L")), 72, 400, 400, 200)
        canvas.showPage()

    page = recognise(path, plan)

    assert (page.text, page.warning, page.findings.source) == ("", "image_only", PageSource.FILE)


@needs_tesseract
def test_a_language_that_is_not_installed_is_tesseracts_error(tmp_path: Path, plan: OcrPlan) -> None:
    with pytest.raises(OcrFailed, match=r"page 1 of .a\.pdf.*tesseract failed.*xyz"):
        recognise(write_scan(tmp_path / "a.pdf", ENGLISH), replace(plan, languages=("xyz",)))


def test_a_recogniser_that_hangs_is_stopped_and_the_reader_goes_on(tmp_path: Path) -> None:
    hanging = tmp_path / "tesseract"
    hanging.write_text("#!/bin/sh\nexec sleep 600\n")
    hanging.chmod(hanging.stat().st_mode | stat.S_IXUSR)
    slow = OcrPlan(str(hanging), ("eng",), 150, 0.5)
    path = write_scan(tmp_path / "a.pdf", ENGLISH)

    with PdfProcess(path, "a.pdf", LIMITS) as process:
        ((page,),) = list(process.pages())
        with pytest.raises(OcrFailed, match=r"0\.5 seconds"):
            process.recognise(page, slow)
        assert process.render(1, 0.2, ()).startswith(b"\xff\xd8")


def test_a_recogniser_inherits_the_limits_of_the_reader(tmp_path: Path) -> None:
    # It tells its limits, and whether it can write a file, in place of words.
    spy = tmp_path / "tesseract"
    spy.write_text(
        "#!/bin/sh\ncat > /dev/null\n"
        f"(echo x > {tmp_path / 'written'}) 2> /dev/null\n"
        "printf 'level\\tpage_num\\n'\n"
        "printf '5\\t1\\t1\\t1\\t1\\t1\\t0\\t0\\t9\\t9\\t99\\t%s\\n' \"$(ulimit -v)-$(ulimit -t)\"\n"
    )
    spy.chmod(spy.stat().st_mode | stat.S_IXUSR)
    path = write_scan(tmp_path / "a.pdf", ENGLISH)
    limits = ReadingSettings(memory_bytes=2**30, cpu_seconds=77)

    with PdfProcess(path, "a.pdf", limits) as process:
        ((page,),) = list(process.pages())
        read = process.recognise(page, OcrPlan(str(spy), ("eng",), 150, 20.0))

    assert read.text == f"{2**20}-77"  # KiB, seconds
    assert not (tmp_path / "written").exists() or (tmp_path / "written").stat().st_size == 0


@needs_tesseract
def test_only_pages_without_text_are_recognised_and_the_document_answers_from_both(
    stores: Stores, tmp_path: Path
) -> None:
    (image,) = drawn(tmp_path / "drawn.pdf", FRENCH)
    path = tmp_path / "upload"
    with new_pdf(path) as canvas:
        canvas.drawString(72, 700, "Typed words of the first page, over a small picture.")
        canvas.drawImage(ImageReader(Image.new("L", (20, 20), 90)), 72, 500, 40, 40)
        canvas.showPage()
        canvas.drawImage(ImageReader(image), 0, 0, 595, 842)
        canvas.showPage()

    document = ingest(stores, path).document

    assert document.version is not None
    passport = stores.passports.get(document.version)
    pages = stores.pages.pages(document.version, [1, 2])
    assert (document.status, passport and passport.recognised) == (DocumentStatus.READY, (2,))
    assert [pages[n].findings.source for n in (1, 2)] == [PageSource.FILE, PageSource.OCR]
    assert "réservé aux visiteurs" in pages[2].text


@needs_tesseract
def test_boxes_of_a_recognised_page_are_found_without_opening_the_file(
    stores: Stores, tmp_path: Path
) -> None:
    document = ingest(stores, write_scan(tmp_path / "upload", ENGLISH)).document
    assert document.version is not None
    text = stores.pages.page(document.version, 1).text
    views = PageViews(
        originals=stores.originals,
        pages=stores.pages,
        boxes=stores.quote_boxes,
        limits=ReadingSettings(memory_bytes=2**28, cpu_seconds=1, step_seconds=0.001),  # no reader can start
        processes=1,
    )

    found = views.quote_boxes(document.version, 1, 0, len(text))

    assert (found.verified, len(found.boxes)) == (True, 3)


def test_with_ocr_off_a_scan_is_refused_with_what_to_do(stores: Stores, tmp_path: Path) -> None:
    outcome = ingest(stores, write_scan(tmp_path / "upload", ENGLISH), enabled=False)

    assert isinstance(outcome.error, DocumentWithoutText)
    assert "OCR is off for collection 'hr': switch it on in the settings, section [ocr]" in str(outcome.error)


def test_without_tesseract_the_command_that_installs_it_is_said(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = write_scan(tmp_path / "upload", ENGLISH)
    monkeypatch.setenv("PATH", str(tmp_path))

    outcome = ingest(stores, scan)

    assert "`apt-get install tesseract-ocr tesseract-ocr-fra tesseract-ocr-eng`" in str(outcome.error)


@needs_tesseract
def test_the_same_scan_elsewhere_without_ocr_takes_no_words_from_the_first(
    stores: Stores, tmp_path: Path
) -> None:
    path = write_scan(tmp_path / "upload", ENGLISH)
    first = ingest(stores, path).document
    assert first.version is not None
    before = stores.pages.page(first.version, 1)

    second = ingest(stores, path, "other.pdf", enabled=False)

    assert second.document.status is DocumentStatus.READY
    assert stores.pages.page(first.version, 1) == before


def test_a_typed_document_starts_no_recogniser(stores: Stores, tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "upload", ["Typed words."])

    document = ingest(stores, path, languages=("xyz",)).document  # it would fail

    assert document.status is DocumentStatus.READY
