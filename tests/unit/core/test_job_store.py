from collections.abc import Iterator
from pathlib import Path

import pytest

from sourcier_core.catalogue import Catalogue
from sourcier_core.job_store import JobStore, QueuedUpload
from sourcier_core.types import Job, JobState, document_id

DOCUMENT = document_id("hr", "a.pdf")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[JobStore]:
    catalogue = Catalogue(f"sqlite:///{tmp_path / 'catalogue.sqlite3'}")
    yield JobStore(catalogue.engine)
    catalogue.close()


def queued(store: JobStore, name: str = "a.pdf") -> Job:
    return store.create(DOCUMENT, "hr", name, f"/uploads/{name}")


def test_a_new_job_is_queued_and_found_by_its_id(store: JobStore) -> None:
    job = queued(store)

    assert (job.state, job.pages_done, job.pages_total, job.error) == (JobState.QUEUED, 0, 0, None)
    assert store.get(job.id) == job


def test_an_unknown_job_is_not_found(store: JobStore) -> None:
    assert store.get("no-such-job") is None


def test_progress_is_noted_with_its_time(store: JobStore) -> None:
    job = queued(store)

    store.progress(job.id, JobState.EMBEDDING, 7, 142)

    noted = store.get(job.id)
    assert noted is not None
    assert (noted.state, noted.pages_done, noted.pages_total) == (JobState.EMBEDDING, 7, 142)
    assert noted.updated_at >= noted.created_at == job.created_at


def test_a_failed_job_says_why(store: JobStore) -> None:
    job = queued(store)

    store.fail(job.id, "document_encrypted", "'a.pdf' is encrypted.")

    failed = store.get(job.id)
    assert failed is not None
    assert failed.state is JobState.FAILED
    assert (failed.error_code, failed.error) == ("document_encrypted", "'a.pdf' is encrypted.")


def test_unfinished_jobs_are_those_that_did_not_end_oldest_first(store: JobStore) -> None:
    first, done, failed, last = (queued(store, name) for name in ("1.pdf", "2.pdf", "3.pdf", "4.pdf"))
    store.finish(done.id)
    store.fail(failed.id, "x", "y")
    store.progress(first.id, JobState.WRITING, 1, 1)

    unfinished = store.unfinished()

    assert [waiting.job.id for waiting in unfinished] == [first.id, last.id]
    assert unfinished[1] == QueuedUpload(last, "/uploads/4.pdf")
