"""kill -9 in the middle of a write: the home opened again shows the former version whole, nothing else."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import HashEmbedder
from homes import everything, no_progress
from pdfs import Line, write_pdf
from stalled_ingestion import DIMENSION, STAGES

from sourcier_core.bm25 import question_vector
from sourcier_core.errors import IndexLocked
from sourcier_core.settings import Settings, load_settings
from sourcier_core.types import Probe
from sourcier_core.wiring import Stores, open_stores
from sourcier_ingestion.indexing import WINDOW_CHUNKS
from sourcier_ingestion.pipeline import Ingestion, Result

TESTS = Path(__file__).parents[1]
PAGES = 2 * WINDOW_CHUNKS + 10  # three windows of chunks, one chunk a page


@pytest.fixture
def settings(tmp_path: Path, exports: Path) -> Settings:
    return load_settings(home=tmp_path / "home", overrides={"embedding": {"exports": exports}})


@contextmanager
def stalled(settings: Settings, file: Path, stage: str) -> Iterator["subprocess.Popen[str]"]:
    """A process that ingests a file and has stopped dead at a stage; killed when the block ends."""
    arguments = [str(settings.home), str(settings.exports), str(file), stage]
    process = subprocess.Popen(
        [sys.executable, str(TESTS / "stalled_ingestion.py"), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{TESTS}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"},
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "STALLED\n"
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def kill_at(settings: Settings, file: Path, stage: str) -> None:
    with stalled(settings, file, stage):
        pass


@contextmanager
def reopened(settings: Settings) -> Iterator[Stores]:
    stores = open_stores(settings, owner="a test")
    try:
        yield replace(stores, embedder=HashEmbedder(DIMENSION))
    finally:
        stores.close()


def guide(path: Path, days: str, pages: int) -> Path:
    content: list[list[Line]] = [[f"What is {n:b} about, asks {n:o}."] for n in range(pages)]
    content[1].append(f"The delay for a claim is {days} days.")
    return write_pdf(path, *content)


def answers(stores: Stores) -> set[str]:
    """The words of every chunk that a question sees now."""
    question = "What is the delay for a claim?"
    dense = stores.embedder.embed_question(question)
    scope = everything(stores)
    found = stores.index.search([Probe(dense, question_vector(question, "en"))], scope, 1000)
    assert len(found) == stores.index.count(scope)
    return {
        stores.pages.page(s.chunk.version, s.chunk.page or 1).text[s.chunk.start : s.chunk.end] for s in found
    }


@pytest.mark.parametrize("stage", STAGES[:-1])
def test_of_a_new_document_whose_writer_was_killed_nothing_is_seen(
    settings: Settings, tmp_path: Path, stage: str
) -> None:
    file = guide(tmp_path / "upload", "thirty", PAGES)
    kill_at(settings, file, stage)

    with reopened(settings) as stores:
        assert stores.catalogue.documents(["hr"]) == []
        assert answers(stores) == set()
        assert stores.catalogue.unfinished_writes() == []
        assert list(settings.home.rglob("*.part")) == []
        # Nor at the next sequence, which the write would have committed.
        assert stores.index.count(replace(everything(stores), sequence=1)) == 0

        again = Ingestion(stores, settings).ingest(file, "guide.pdf", "hr", no_progress)

        assert (again.result, again.document.chunk_count) == (Result.INDEXED, PAGES)
        assert len(answers(stores)) == PAGES


@pytest.mark.parametrize("stage", STAGES[:-1])
def test_a_document_whose_replacement_was_killed_answers_as_before(
    settings: Settings, tmp_path: Path, stage: str
) -> None:
    kill_at(settings, guide(tmp_path / "old", "thirty", 20), "done")
    new = guide(tmp_path / "new", "sixty", PAGES)
    kill_at(settings, new, stage)

    with reopened(settings) as stores:
        (document,) = stores.catalogue.documents(["hr"])
        seen = answers(stores)
        assert (document.page_count, document.chunk_count) == (20, 20)
        assert len(seen) == 20
        assert [text for text in seen if "sixty" in text] == []
        assert len([text for text in seen if "thirty" in text]) == 1
        # Another document's commit reaches the sequence that the killed write had.
        other = write_pdf(tmp_path / "other", ["Soup is served on Fridays."])
        Ingestion(stores, settings).ingest(other, "other.pdf", "hr", no_progress)
        assert answers(stores) == {*seen, "Soup is served on Fridays."}

        Ingestion(stores, settings).ingest(new, "guide.pdf", "hr", no_progress)

        assert len(answers(stores)) == PAGES + 1
        assert [text for text in answers(stores) if "thirty" in text] == []


def test_what_was_committed_before_the_kill_answers(settings: Settings, tmp_path: Path) -> None:
    kill_at(settings, guide(tmp_path / "upload", "thirty", 20), "done")

    with reopened(settings) as stores:
        assert len(answers(stores)) == 20
        assert [document.name for document in stores.catalogue.documents(["hr"])] == ["guide.pdf"]


def test_a_home_that_another_process_owns_is_refused_until_that_one_ends(
    settings: Settings, tmp_path: Path
) -> None:
    with (
        stalled(settings, guide(tmp_path / "upload", "thirty", 5), "done") as process,
        pytest.raises(IndexLocked, match=rf"stalled_ingestion \(process {process.pid}\)"),
    ):
        open_stores(settings, owner="a test")

    with reopened(settings) as stores:
        assert len(answers(stores)) == 5
