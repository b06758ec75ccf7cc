from dataclasses import replace

from sourcier_core.passport import PassportMaker
from sourcier_core.types import DocumentStatus, MediaType, Structure
from sourcier_ingestion.judging import judge

WHOLE = PassportMaker().finish(Structure(MediaType.PDF, 30))
INSTALL = "Install OCR."


def test_a_document_without_gaps_is_ready() -> None:
    rotated = replace(WHOLE, rotated=(1,), recognised=(2,), ocr_layer=(3,))

    assert judge(rotated, INSTALL) == (DocumentStatus.READY, None, None)


def test_pages_of_images_are_named_with_what_reads_them() -> None:
    status, reason, code = judge(replace(WHOLE, image_only=tuple(range(2, 25))), INSTALL)

    assert (status, code) == (DocumentStatus.PARTIAL, "pages_without_text")
    assert "23 of 30 pages" in (reason or "")
    assert "20, 21, ...)" in (reason or "")
    assert INSTALL in (reason or "")


def test_every_cause_is_said_and_the_first_gives_the_code() -> None:
    status, reason, code = judge(replace(WHOLE, unreadable=(7,), second_reader=(8, 9)), INSTALL)

    assert (status, code) == (DocumentStatus.PARTIAL, "pages_unreadable")
    assert "(7)" in (reason or "")
    assert "(8, 9)" in (reason or "")


def test_a_repaired_file_is_partial() -> None:
    status, _, code = judge(replace(WHOLE, repaired=True), INSTALL)

    assert (status, code) == (DocumentStatus.PARTIAL, "document_repaired")
