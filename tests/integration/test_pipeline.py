"""The write path on real stores: a document answers whole or not at all, whatever happens on the way."""

import errno
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from fakes import InterruptedEmbedder, InterruptedIndex
from homes import everything, no_progress, open_home
from pdfs import Line, Row, Title, draw_page, new_pdf, write_pdf
from PIL import Image
from reportlab.lib.utils import ImageReader

from sourcier_core.bm25 import question_vector
from sourcier_core.errors import IndexUnavailable, InvalidName, StorageFull
from sourcier_core.page_store import label_of
from sourcier_core.settings import Settings, load_settings
from sourcier_core.types import Document, DocumentStatus, JobState, MediaType, Probe, ScoredChunk, document_id
from sourcier_core.wiring import Stores
from sourcier_ingestion.indexing import WINDOW_CHUNKS
from sourcier_ingestion.pipeline import Ingestion, Outcome, Result


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home")


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    with open_home(tmp_path / "home") as opened:
        yield opened


def ingest(stores: Stores, settings: Settings, path: Path, name: str = "guide.pdf") -> Outcome:
    return Ingestion(stores, settings).ingest(path, name, "hr", no_progress)


def ask(stores: Stores, question: str, limit: int = 5) -> list[ScoredChunk]:
    dense = stores.embedder.embed_question(question)
    return stores.index.search([Probe(dense, question_vector(question, "en"))], everything(stores), limit)


def texts(stores: Stores, found: list[ScoredChunk]) -> list[str]:
    return [
        stores.pages.page(s.chunk.version, s.chunk.page or 1).text[s.chunk.start : s.chunk.end] for s in found
    ]


def guide(path: Path, days: str, pages: int = 4) -> Path:
    """A guide of which each page is one chunk, the second one telling the delay."""
    content: list[list[Line]] = [
        [Title(f"{word} matters"), f"What {word} is about, the department explains to {word}."]
        for word in islice(words(), pages)
    ]
    content[1].append(f"The delay for a claim is {days} days.")
    return write_pdf(path, *content)


def words() -> Iterator[str]:
    """Words that no two pages share: baba, babe, babi, ..."""
    syllables = [consonant + vowel for consonant in "bcdfglmnprst" for vowel in "aeiou"]
    return (one + other for one in syllables for other in syllables)


def large_guide(path: Path, days: str) -> Path:
    """A guide of more than two windows of chunks."""
    return guide(path, days, pages=2 * WINDOW_CHUNKS + 10)


def raising(error: BaseException) -> Callable[[], None]:
    def interrupt() -> None:
        raise error

    return interrupt


# --- one document


def test_an_ingested_document_answers_with_its_page(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    outcome = ingest(stores, settings, guide(tmp_path / "upload", "thirty"))

    best = ask(stores, "What is the delay for a claim?")[0]

    assert outcome.result is Result.INDEXED
    assert (best.chunk.page, best.chunk.section, best.chunk.collection) == (2, ("babe matters",), "hr")
    assert "thirty days" in texts(stores, [best])[0]


def test_a_chunk_knows_how_much_its_page_says_and_how_much_of_it_in_digits(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    path = write_pdf(
        tmp_path / "upload", ["The rate is 42 euros a day"], ["Who claims it asks within 30 days"]
    )
    ingest(stores, settings, path)

    known = {found.chunk.page: found.chunk for found in ask(stores, "What is the rate?")}

    # "Therateis42eurosaday" is 20 characters, 2 of them digits; "Whoclaimsitaskswithin30days" is 27.
    assert (known[1].page_chars, known[1].page_digits) == (20, 0.1)
    assert (known[2].page_chars, known[2].page_digits) == (27, round(2 / 27, 3))


@pytest.mark.parametrize("pivot", [True, False])
def test_a_french_text_is_found_by_its_meaning_in_english_where_that_is_asked_for(
    stores: Stores, settings: Settings, tmp_path: Path, pivot: bool
) -> None:
    settings = settings.model_copy(
        update={"embedding": settings.embedding.model_copy(update={"pivot": pivot})}
    )
    french = ["La demande de remboursement est faite par l'agent dans les jours qui suivent."]
    english = ["The reimbursement request is made by the agent within the days that follow."]
    ingest(stores, settings, write_pdf(tmp_path / "upload", french, english))
    nothing = stores.embedder.embed_question("nothing at all")
    asked = stores.embedder.embed_question("reimbursement request agent")

    probe = Probe(nothing, question_vector("", "en"), pivot=asked)
    found = {s.chunk.language: s for s in stores.index.search([probe], everything(stores), 5)}

    own = stores.index.search([Probe(asked, question_vector("", "en"))], everything(stores), 5)
    of_texts = {s.chunk.language: s.dense for s in own}
    assert found["en"].pivot == pytest.approx(of_texts["en"], abs=1e-5)  # it is in English already
    if pivot:
        assert found["fr"].pivot > of_texts["fr"] + 0.2
    else:
        assert found["fr"].pivot == pytest.approx(of_texts["fr"], abs=1e-5)


def test_a_document_is_listed_with_what_is_known_of_it(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    path = guide(tmp_path / "upload", "thirty")

    document = ingest(stores, settings, path, "hr/travel_guide.pdf").document

    assert stores.catalogue.documents(["hr"]) == [document]
    assert (document.status, document.reason, document.media_type) == (
        DocumentStatus.READY,
        None,
        MediaType.PDF,
    )
    assert (document.page_count, document.chunk_count, document.language) == (4, 4, "en")
    assert (document.title, document.size) == ("travel guide", path.stat().st_size)
    assert document.id == document_id("hr", "hr/travel_guide.pdf")
    assert stores.index.count(everything(stores)) == 4


def test_a_collection_that_is_made_on_the_way_is_not_public(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    ingest(stores, settings, guide(tmp_path / "upload", "thirty"))

    assert [(c.name, c.public) for c in stores.catalogue.collections()] == [("hr", False)]


def test_the_original_is_kept_byte_for_byte(stores: Stores, settings: Settings, tmp_path: Path) -> None:
    path = guide(tmp_path / "upload", "thirty")

    version = ingest(stores, settings, path).document.version

    assert version is not None
    with stores.originals.read(version) as kept:
        assert kept.read() == path.read_bytes()


def test_every_chunk_is_the_page_text_at_its_offsets(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    path = write_pdf(
        tmp_path / "upload",
        [Title("1 Délais"), *("L'agent dépose sa demande « complète » au bureau nº 5." for _ in range(40))],
        [Row(("Code", "Station", "Flow")), *(Row((f"P-{n}", "North", f"{n} 250")) for n in range(40))],
    )
    ingest(stores, settings, path)

    found = ask(stores, "demande bureau code station", limit=100)

    pages: dict[int, str] = {}
    for scored, text in zip(found, texts(stores, found), strict=True):
        assert text == text.strip() != ""
        pages[scored.chunk.page or 0] = pages.get(scored.chunk.page or 0, "") + text
    # The chunks of a page, put together, are the page.
    lengths = {n: len("".join(stores.pages.page(found[0].chunk.version, n).text.split())) for n in (1, 2)}
    assert {n: len("".join(text.split())) for n, text in pages.items()} == lengths


def test_a_markdown_file_answers_without_a_page_number(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "upload"
    path.write_text("# Guide\n\n## Delays\n\nThe delay for a claim is thirty days.\n", encoding="utf-8")

    outcome = ingest(stores, settings, path, "guide.md")

    (best,) = ask(stores, "delay for a claim")
    assert (outcome.document.title, outcome.document.page_count) == ("Guide", 1)
    assert best.chunk.page is None
    assert "thirty days" in texts(stores, [best])[0]


def test_printed_page_numbers_in_the_footers_are_the_labels(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    with new_pdf(tmp_path / "upload") as canvas:
        draw_page(canvas, ["The cover of the guide."])
        for number in range(1, 9):
            draw_page(canvas, [f"Subject number {number} is treated here."], footer=f"REF-0 Page {number}")

    version = ingest(stores, settings, tmp_path / "upload").document.version

    assert version is not None
    structure = stores.pages.structure(version)
    assert [label_of(structure, page) for page in (1, 2, 9)] == [None, "1", "8"]


def test_running_headers_are_in_no_chunk(stores: Stores, settings: Settings, tmp_path: Path) -> None:
    with new_pdf(tmp_path / "upload") as canvas:
        for number in range(1, 9):
            draw_page(
                canvas,
                [
                    f"Subject {'x' * number} is treated here.",
                    f"And then {'y' * number}.",
                    f"So {'z' * number}.",
                ],
                header="Confidential travel guide",
                footer=f"Page {number}",
            )
    ingest(stores, settings, tmp_path / "upload")

    found = texts(stores, ask(stores, "confidential travel guide", limit=50))

    assert len(found) == 8
    assert [text for text in found if "Confidential" in text or "Page" in text] == []


def test_the_same_bytes_in_two_collections_are_two_documents(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    path = guide(tmp_path / "upload", "thirty")
    ingestion = Ingestion(stores, settings)

    one = ingestion.ingest(path, "guide.pdf", "hr", no_progress)
    other = ingestion.ingest(path, "guide.pdf", "board", no_progress)

    assert (one.result, other.result) == (Result.INDEXED, Result.INDEXED)
    assert one.document.id != other.document.id
    assert one.document.version == other.document.version
    assert stores.index.count(everything(stores)) == 8


def test_progress_goes_from_reading_to_writing_and_counts_pages(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    seen: list[tuple[JobState, int, int]] = []
    path = guide(tmp_path / "upload", "thirty", pages=20)

    Ingestion(stores, settings).ingest(path, "guide.pdf", "hr", lambda *step: seen.append(step))

    # Windows of 16 pages are read; 20 chunks are embedded at once.
    assert seen == [
        (JobState.READING, 0, 0),
        (JobState.READING, 16, 20),
        (JobState.READING, 20, 20),
        (JobState.EMBEDDING, 20, 20),
        (JobState.WRITING, 20, 20),
    ]


@pytest.mark.parametrize("name", ["", " ", "a\nb.pdf", "a\x00.pdf", "x" * 1001, "\ud800.pdf"], ids=ascii)
def test_a_name_that_cannot_be_shown_is_refused(
    stores: Stores, settings: Settings, tmp_path: Path, name: str
) -> None:
    with pytest.raises(InvalidName):
        ingest(stores, settings, guide(tmp_path / "upload", "thirty"), name)

    assert stores.catalogue.sequence() == 0


# --- twice, and replaced


def test_a_document_that_did_not_change_is_no_work(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    path = guide(tmp_path / "upload", "thirty")
    first = ingest(stores, settings, path)

    second = ingest(stores, settings, path)

    assert second == Outcome("guide.pdf", Result.UNCHANGED, first.document)
    assert stores.catalogue.sequence() == 1
    assert stores.index.count(everything(stores)) == 4


def test_a_replaced_document_answers_from_its_new_version_alone(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    ingest(stores, settings, guide(tmp_path / "old", "thirty"))
    before = everything(stores)

    ingest(stores, settings, guide(tmp_path / "new", "sixty", pages=6))

    found = texts(stores, ask(stores, "What is the delay for a claim?", limit=50))
    assert [text for text in found if "thirty" in text] == []
    assert len([text for text in found if "sixty" in text]) == 1
    assert len(found) == 6
    # In one step of the sequence: before it, all of the old one; from it on, all of the new one.
    assert stores.catalogue.sequence() == before.sequence + 1
    assert [stores.index.count(scope) for scope in (before, everything(stores))] == [4, 6]


def test_a_version_that_returns_answers_again(stores: Stores, settings: Settings, tmp_path: Path) -> None:
    old, new = guide(tmp_path / "old", "thirty"), guide(tmp_path / "new", "sixty")
    for path in (old, new, old):
        ingest(stores, settings, path)

    found = texts(stores, ask(stores, "What is the delay for a claim?", limit=50))

    assert "thirty" in found[0]
    assert len(found) == 4
    assert stores.catalogue.sequence() == 3


def test_questions_asked_during_replacements_see_exactly_one_whole_version(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    paths = [guide(tmp_path / f"v{n}", f"number {n}", pages=20) for n in range(6)]
    ingest(stores, settings, paths[0])
    done = threading.Event()
    seen: list[tuple[int, int]] = []
    errors: list[BaseException] = []

    def keep_asking() -> None:
        try:
            while not done.is_set():
                found = ask(stores, "What is the delay for a claim?", limit=100)
                seen.append((len({s.chunk.version for s in found}), len(found)))
        except BaseException as error:  # noqa: BLE001 - a thread's failure must reach the test
            errors.append(error)

    readers = [threading.Thread(target=keep_asking) for _ in range(2)]
    for reader in readers:
        reader.start()
    for path in paths[1:]:
        ingest(stores, settings, path)
    done.set()
    for reader in readers:
        reader.join()

    assert errors == []
    assert len(seen) > 20
    assert set(seen) == {(1, 20)}


# --- failures on the way


@pytest.mark.parametrize(
    "error",
    [RuntimeError("the model failed"), StorageFull("/data"), KeyboardInterrupt(), OSError(errno.EIO, "I/O")],
    ids=lambda error: type(error).__name__,
)
def test_a_failure_in_the_middle_leaves_nothing_of_a_new_document(
    stores: Stores, settings: Settings, tmp_path: Path, error: BaseException
) -> None:
    failing = replace(stores, embedder=InterruptedEmbedder(stores.embedder, 2, raising(error)))

    with pytest.raises(type(error)):
        ingest(failing, settings, large_guide(tmp_path / "upload", "thirty"))

    assert ask(stores, "What is the delay for a claim?") == []
    assert stores.catalogue.sequence() == 0
    assert stores.catalogue.unfinished_writes() == []
    assert stores.index.count(replace(everything(stores), sequence=1)) == 0


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_a_failure_in_the_middle_leaves_the_former_version_answering(
    stores: Stores, settings: Settings, tmp_path: Path, batch: int
) -> None:
    before = ingest(stores, settings, guide(tmp_path / "old", "thirty")).document
    failing = replace(
        stores,
        embedder=InterruptedEmbedder(stores.embedder, batch, raising(RuntimeError("the model failed"))),
    )

    with pytest.raises(RuntimeError):
        ingest(failing, settings, large_guide(tmp_path / "new", "sixty"))

    _only_the_former_answers(stores, before)


@pytest.mark.parametrize("operation", ["upsert", "retire", "flush"])
def test_a_failing_index_leaves_the_former_version_answering(
    stores: Stores, settings: Settings, tmp_path: Path, operation: str
) -> None:
    before = ingest(stores, settings, guide(tmp_path / "old", "thirty")).document
    broken = {operation: raising(IndexUnavailable("the test", "gone"))}
    for index in (
        InterruptedIndex(stores.index, before=broken),
        InterruptedIndex(stores.index, after=broken),
    ):
        with pytest.raises(IndexUnavailable):
            ingest(replace(stores, index=index), settings, guide(tmp_path / "new", "sixty"))

        _only_the_former_answers(stores, before)


def test_a_write_that_cannot_be_undone_at_once_never_answers(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    # A full disk: neither the new chunks nor their removal can be written, until somebody makes room.
    before = ingest(stores, settings, guide(tmp_path / "old", "thirty")).document
    full = raising(StorageFull("the disk"))
    index = InterruptedIndex(stores.index, after={"retire": full}, before={"discard": full, "restate": full})
    with pytest.raises(StorageFull):
        ingest(replace(stores, index=index), settings, guide(tmp_path / "new", "sixty"))
    after_failure = texts(stores, ask(stores, "What is the delay for a claim?", limit=50))

    # There is room again: another document's commit reaches the sequence of the failed write.
    ingest(stores, settings, write_pdf(tmp_path / "other", ["Soup is served on Fridays."]), "other.pdf")

    found = texts(stores, ask(stores, "What is the delay for a claim?", limit=50))
    assert len(after_failure) == 4
    assert len([text for text in found if "thirty" in text]) == 1
    assert [text for text in found if "sixty" in text] == []
    assert stores.catalogue.document(before.id) == before
    assert stores.catalogue.unfinished_writes() == []


def test_while_a_write_cannot_be_undone_no_other_is_committed(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    ingest(stores, settings, guide(tmp_path / "old", "thirty"))
    full = raising(StorageFull("the disk"))
    index = InterruptedIndex(stores.index, after={"retire": full}, before={"discard": full})
    broken = replace(stores, index=index)
    for name in ("guide.pdf", "guide.pdf", "other.pdf"):
        with pytest.raises(StorageFull):
            ingest(broken, settings, guide(tmp_path / "new", "sixty"), name)

    assert stores.catalogue.sequence() == 1
    assert ["sixty" in text for text in texts(stores, ask(stores, "delay for a claim", limit=50))] == [
        False
    ] * 4


def test_after_a_failure_the_document_can_be_ingested(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    path = large_guide(tmp_path / "upload", "thirty")
    failing = replace(
        stores, embedder=InterruptedEmbedder(stores.embedder, 2, raising(StorageFull("the disk")))
    )
    with pytest.raises(StorageFull):
        ingest(failing, settings, path)
    noted = stores.catalogue.document(document_id("hr", "guide.pdf"))

    outcome = ingest(stores, settings, path)

    assert noted is not None
    assert (noted.status, noted.reason_code, noted.version) == (DocumentStatus.FAILED, "storage_full", None)
    assert outcome.result is Result.INDEXED
    assert outcome.document.status is DocumentStatus.READY
    assert stores.index.count(everything(stores)) == outcome.document.chunk_count == 2 * WINDOW_CHUNKS + 10


def _only_the_former_answers(stores: Stores, before: Document) -> None:
    found = ask(stores, "What is the delay for a claim?", limit=1000)
    assert {s.chunk.version for s in found} == {before.version}
    assert len(found) == before.chunk_count
    assert "thirty days" in " ".join(texts(stores, found[:1]))
    assert stores.catalogue.document(before.id) == before
    assert stores.catalogue.unfinished_writes() == []
    # Nor will anything else answer once the next write commits the sequence that the failed one had.
    next_sequence = replace(everything(stores), sequence=stores.catalogue.sequence() + 1)
    assert stores.index.count(next_sequence) == before.chunk_count


# --- refused files


def test_a_refused_file_is_listed_with_its_reason_and_stops_no_other(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "zip").write_bytes(b"PK\x03\x04")
    (tmp_path / "broken").write_bytes(b"%PDF-1.7\nnothing more")
    (tmp_path / "latin").write_bytes("Délai".encode("latin-1"))
    with new_pdf(tmp_path / "scan") as canvas:
        canvas.drawImage(ImageReader(Image.new("RGB", (40, 40), "gray")), 72, 400, 400, 200)
        canvas.showPage()
    outcomes = [
        ingest(stores, settings, tmp_path / file, name)
        for file, name in [
            ("empty", "a empty.pdf"),
            ("zip", "b zip.docx"),
            ("broken", "c broken.pdf"),
            ("latin", "d latin.txt"),
            ("scan", "e scan.pdf"),
        ]
    ]

    good = ingest(stores, settings, guide(tmp_path / "good", "thirty"), "z good.pdf")

    assert {outcome.result for outcome in outcomes} == {Result.REFUSED}
    assert good.result is Result.INDEXED
    listed = stores.catalogue.documents(["hr"])
    assert [(document.name, document.reason_code) for document in listed] == [
        ("a empty.pdf", "document_empty"),
        ("b zip.docx", "document_unsupported"),
        ("c broken.pdf", "document_broken"),
        ("d latin.txt", "document_unsupported"),
        ("e scan.pdf", "document_without_text"),
        ("z good.pdf", None),
    ]
    for document, outcome in zip(listed, outcomes, strict=False):
        assert document == outcome.document
        assert (document.status, document.version) == (DocumentStatus.REFUSED, None)
        assert document.reason == str(outcome.error)
        assert document.name in (document.reason or "")
    assert stores.index.count(everything(stores)) == good.document.chunk_count


def test_a_refused_file_leaves_no_bytes_behind(stores: Stores, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "broken").write_bytes(b"%PDF-1.7\nnothing more")

    ingest(stores, settings, tmp_path / "broken")

    assert list(Path(stores.home.originals).iterdir()) == []
    assert list(Path(stores.home.pages).iterdir()) == []


def test_a_refused_new_version_leaves_the_former_one_answering(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    before = ingest(stores, settings, guide(tmp_path / "old", "thirty")).document
    (tmp_path / "new").write_bytes(b"%PDF-1.7\nnothing more")

    outcome = ingest(stores, settings, tmp_path / "new")

    assert (outcome.result, outcome.document) == (Result.REFUSED, before)
    _only_the_former_answers(stores, before)


def test_a_file_that_was_refused_answers_once_it_is_mended(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "empty").touch()
    ingest(stores, settings, tmp_path / "empty")

    outcome = ingest(stores, settings, guide(tmp_path / "mended", "thirty"))

    assert outcome.result is Result.INDEXED
    assert stores.catalogue.documents(["hr"]) == [outcome.document]
    assert (outcome.document.reason, outcome.document.reason_code) == (None, None)


def test_a_document_with_some_pages_of_images_answers_and_says_which_are_missing(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    with new_pdf(tmp_path / "upload") as canvas:
        for number in range(1, 5):
            if number in (2, 3):
                canvas.drawImage(ImageReader(Image.new("RGB", (40, 40), "gray")), 72, 400, 400, 200)
                canvas.showPage()
            else:
                draw_page(canvas, [f"Page {number} speaks of subject number {number}."])

    document = ingest(stores, settings, tmp_path / "upload").document

    assert (document.status, document.reason_code) == (DocumentStatus.PARTIAL, "pages_without_text")
    assert "2 of 4 pages" in (document.reason or "")
    assert "(2, 3)" in (document.reason or "")
    assert sorted(s.chunk.page or 0 for s in ask(stores, "subject")) == [1, 4]


# --- no room left


def test_no_room_for_the_index_is_a_full_storage_and_nothing_is_seen(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    before = ingest(stores, settings, guide(tmp_path / "old", "thirty")).document
    full = InterruptedIndex(stores.index, before={"upsert": raising(StorageFull("the index"))})

    with pytest.raises(StorageFull, match="the index"):
        ingest(replace(stores, index=full), settings, guide(tmp_path / "new", "sixty"))

    _only_the_former_answers(stores, before)


# --- delete


def test_a_deleted_document_answers_no_more_and_its_files_are_gone(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    document = ingest(stores, settings, guide(tmp_path / "upload", "thirty")).document
    ingest(stores, settings, write_pdf(tmp_path / "other", ["Soup is served on Fridays."]), "other.pdf")

    Ingestion(stores, settings).delete(document.id)

    assert [text for text in texts(stores, ask(stores, "delay for a claim")) if "thirty" in text] == []
    assert [d.name for d in stores.catalogue.documents(["hr"])] == ["other.pdf"]
    assert document.version is not None
    assert not stores.originals.exists(document.version)
    assert not stores.pages.exists(document.version)
    # Not only hidden: there is nothing left at the sequences at which it answered.
    assert stores.index.count(replace(everything(stores), sequence=1)) == 0


def test_files_that_another_document_has_too_outlive_a_delete(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    path = guide(tmp_path / "upload", "thirty")
    one = ingest(stores, settings, path, "one.pdf").document
    other = ingest(stores, settings, path, "other.pdf").document
    ingestion = Ingestion(stores, settings)

    ingestion.delete(one.id)
    assert one.version is not None
    kept = stores.originals.exists(one.version), stores.pages.exists(one.version)
    found = texts(stores, ask(stores, "delay for a claim"))
    ingestion.delete(other.id)

    assert kept == (True, True)
    assert "thirty days" in found[0]
    assert not stores.originals.exists(one.version)


def test_a_deleted_document_may_be_added_again_and_deleted_again(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    old, new = guide(tmp_path / "old", "thirty"), guide(tmp_path / "new", "sixty")
    ingestion = Ingestion(stores, settings)
    for path in (old, new, old):
        document = ingest(stores, settings, path).document
        assert len(ask(stores, "delay for a claim", limit=50)) == 4

        ingestion.delete(document.id)

    assert ask(stores, "delay for a claim") == []
    assert list(Path(stores.home.originals).iterdir()) == []
    assert list(Path(stores.home.pages).iterdir()) == []


def test_a_refused_file_can_be_deleted_from_the_list(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "empty").touch()
    document = ingest(stores, settings, tmp_path / "empty").document

    Ingestion(stores, settings).delete(document.id)

    assert stores.catalogue.documents(["hr"]) == []


def test_a_document_whose_chunks_cannot_be_purged_yet_answers_no_more(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    before = ingest(stores, settings, guide(tmp_path / "upload", "thirty")).document
    broken = InterruptedIndex(stores.index, before={"remove": raising(IndexUnavailable("the test", "gone"))})

    Ingestion(replace(stores, index=broken), settings).delete(before.id)

    assert ask(stores, "delay for a claim") == []
    assert stores.catalogue.document(before.id) is None
    assert stores.index.count(replace(everything(stores), without=frozenset())) == 4
    ingest(stores, settings, write_pdf(tmp_path / "other", ["Soup is served on Fridays."]), "other.pdf")
    assert stores.index.count(replace(everything(stores), without=frozenset())) == 1


# --- opened again


def test_what_was_ingested_answers_when_the_home_is_opened_again(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path / "home")
    with open_home(tmp_path / "home") as stores:
        document = ingest(stores, settings, guide(tmp_path / "upload", "thirty")).document

    with open_home(tmp_path / "home") as again:
        assert again.catalogue.documents(["hr"]) == [document]
        assert "thirty days" in texts(again, ask(again, "What is the delay for a claim?"))[0]
        assert ingest(again, settings, tmp_path / "upload").result is Result.UNCHANGED
