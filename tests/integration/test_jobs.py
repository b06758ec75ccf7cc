"""Uploads become documents one after another, and what a stop interrupts is done at the next start."""

import io
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from fakes import InterruptedEmbedder
from homes import everything, open_home
from pdfs import write_pdf

from sourcier_core.errors import DocumentTooLarge, InvalidName
from sourcier_core.settings import Settings, load_settings
from sourcier_core.types import Given, Job, JobState
from sourcier_core.wiring import Stores
from sourcier_ingestion.jobs import IngestionJobs
from sourcier_ingestion.pipeline import Ingestion

LIMIT = 10_000_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "home")


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    with open_home(tmp_path / "home") as opened:
        yield opened


def queue_of(stores: Stores, settings: Settings) -> IngestionJobs:
    return IngestionJobs(Ingestion(stores, settings), stores.jobs, stores.home.uploads)


def submit(jobs: IngestionJobs, data: bytes, name: str = "guide.pdf") -> Job:
    return jobs.submit(io.BytesIO(data), name, "hr", LIMIT)


def a_pdf(folder: Path, text: str = "The delay for a claim is thirty days.", pages: int = 3) -> bytes:
    return write_pdf(folder / "made.pdf", *([f"{text} {n:b}"] for n in range(pages))).read_bytes()


def ended(stores: Stores, job: Job, within: float = 60.0) -> Job:
    """Wait for a job's end."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        found = stores.jobs.get(job.id)
        if found is not None and found.state in (JobState.DONE, JobState.FAILED):
            return found
        time.sleep(0.02)
    raise AssertionError(f"the job did not end: {stores.jobs.get(job.id)}")


def uploads(stores: Stores) -> list[Path]:
    return list(stores.home.uploads.iterdir())


def test_an_upload_becomes_a_document_that_answers(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    jobs = queue_of(stores, settings)
    jobs.start()

    job = submit(jobs, a_pdf(tmp_path))

    done = ended(stores, job)
    jobs.stop()
    assert (done.state, done.pages_done, done.pages_total, done.error) == (JobState.DONE, 3, 3, None)
    assert [document.id for document in stores.catalogue.documents(["hr"])] == [job.document]
    assert stores.index.count(everything(stores)) == 3
    assert uploads(stores) == []


def test_a_refused_upload_says_why_and_stops_no_other(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    jobs = queue_of(stores, settings)
    jobs.start()

    refused = submit(jobs, b"%PDF-1.7\nnothing more", "broken.pdf")
    good = submit(jobs, a_pdf(tmp_path))

    assert ended(stores, good).state is JobState.DONE
    assert ended(stores, refused).error_code == "document_broken"
    jobs.stop()
    assert "broken.pdf" in (ended(stores, refused).error or "")
    assert uploads(stores) == []


def test_an_upload_of_a_name_that_cannot_be_used_is_no_job(stores: Stores, settings: Settings) -> None:
    jobs = queue_of(stores, settings)

    for name, collection in (("a\nb.txt", "hr"), ("a.txt", "a/b")):
        with pytest.raises(InvalidName):
            jobs.submit(io.BytesIO(b"text"), name, collection, LIMIT)

    assert stores.jobs.unfinished() == []
    assert not stores.home.uploads.exists()


def test_what_was_said_of_an_upload_is_kept_until_its_job_is_done(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    said = Given(date(2020, 1, 1), date(2099, 1, 1), frozenset({"pay"}), frozenset({"legal"}))
    waiting = queue_of(stores, settings)  # never started: its process died
    waiting.submit(io.BytesIO(a_pdf(tmp_path)), "guide.pdf", "hr", LIMIT, said)
    assert [one.given for one in stores.jobs.unfinished()] == [said]

    jobs = queue_of(stores, settings)
    jobs.start()
    job = stores.jobs.unfinished()[0].job
    ended(stores, job)
    jobs.stop()

    (document,) = stores.catalogue.documents(["hr"])
    (version,) = stores.versions.versions(document.id)
    assert (document.tags, document.groups) == (said.tags, said.groups)
    assert (version.period.start, version.period.end) == (said.effective_from, said.effective_to)


def test_an_upload_over_the_limit_is_refused_while_it_arrives(stores: Stores, settings: Settings) -> None:
    jobs = queue_of(stores, settings)

    class Endless(io.RawIOBase):
        """A sender that never stops, whatever it said its length was."""

        def read(self, size: int = -1) -> bytes:
            return b"x" * size

    with pytest.raises(DocumentTooLarge, match="10,000,000 bytes"):
        jobs.submit(Endless(), "endless.pdf", "hr", LIMIT)  # type: ignore[arg-type] # it reads, no more

    assert uploads(stores) == []
    assert stores.jobs.unfinished() == []


def test_an_upload_is_kept_under_a_name_of_our_own(stores: Stores, settings: Settings) -> None:
    jobs = queue_of(stores, settings)

    submit(jobs, b"text", "../../escape.txt")

    (kept,) = uploads(stores)
    assert kept.parent == stores.home.uploads
    assert "escape" not in kept.name


def test_what_was_queued_when_the_process_ended_is_done_at_the_next_start(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    job = submit(queue_of(stores, settings), a_pdf(tmp_path))  # never started: its process died

    jobs = queue_of(stores, settings)
    jobs.start()

    assert ended(stores, job).state is JobState.DONE
    jobs.stop()
    assert stores.index.count(everything(stores)) == 3


def test_an_upload_that_broke_off_with_the_process_is_removed_at_the_next_start(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    waiting = submit(queue_of(stores, settings), a_pdf(tmp_path))
    (stores.home.uploads / "0123456789abcdef").write_bytes(b"half")

    jobs = queue_of(stores, settings)
    jobs.start()

    assert ended(stores, waiting).state is JobState.DONE
    jobs.stop()
    assert uploads(stores) == []


def test_a_stop_leaves_the_current_job_to_the_next_start_and_nothing_half_indexed(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    embedding, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        embedding.set()
        go_on.wait(30)

    slow = replace(stores, embedder=InterruptedEmbedder(stores.embedder, 1, wait))
    jobs = queue_of(slow, settings)
    jobs.start()
    job = submit(jobs, a_pdf(tmp_path))
    assert embedding.wait(30)

    stopping = threading.Thread(target=jobs.stop)
    stopping.start()
    time.sleep(0.2)  # stop() has nothing to do before it waits for the job
    go_on.set()
    stopping.join(30)

    interrupted = stores.jobs.get(job.id)
    assert interrupted is not None
    assert interrupted.state not in (JobState.DONE, JobState.FAILED)
    assert len(uploads(stores)) == 1
    assert stores.catalogue.unfinished_writes() == []
    assert stores.index.count(replace(everything(stores), sequence=1)) == 0
    again = queue_of(stores, settings)
    again.start()
    assert ended(stores, job).state is JobState.DONE
    again.stop()
    assert uploads(stores) == []


def test_a_job_that_fails_unexpectedly_ends_and_the_next_one_is_done(
    stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    broken = replace(stores, embedder=InterruptedEmbedder(stores.embedder, 1, _fail))
    jobs = queue_of(broken, settings)
    jobs.start()

    first = submit(jobs, a_pdf(tmp_path), "first.pdf")
    second = submit(jobs, a_pdf(tmp_path), "second.pdf")

    failed, done = ended(stores, first), ended(stores, second)
    jobs.stop()
    assert (failed.error_code, done.state) == ("internal_error", JobState.DONE)
    assert "first.pdf" in (failed.error or "")
    assert "secret" not in (failed.error or "")


def _fail() -> None:
    raise RuntimeError("a secret path of this machine")
