"""A home that another release wrote: an older one opens, answers, takes documents; a newer one is left alone.

`tests/data/home-VERSION.tar.xz` was written by that release's code, see `tests/data/README.md`. Promised is:

- the catalogue is migrated, and its documents, versions, collections and keys are those that were written;
- the stored index opens, and gives its chunks for their words and their vectors;
- it answers the same and takes documents, with the index that it has, also where this release would make
  other chunks: then `sourcier reindex` makes those.
"""

import hashlib
import json
import sqlite3
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from homes import no_progress
from pdfs import write_pdf

from sourcier_core.bm25 import question_vector
from sourcier_core.catalogue import Catalogue
from sourcier_core.catalogue_tables import SCHEMA_REVISION
from sourcier_core.edge_index import EdgeIndex
from sourcier_core.embedding import open_embedder
from sourcier_core.errors import CatalogueTooNew
from sourcier_core.file_store import FileStore
from sourcier_core.home import Home
from sourcier_core.keys import KeyStore
from sourcier_core.page_store import PageStore
from sourcier_core.settings import Settings, load_settings
from sourcier_core.sparse_files import end_sparse, write_sparse
from sourcier_core.types import Probe, Scope
from sourcier_core.upkeep import restate_document
from sourcier_core.wiring import open_stores
from sourcier_service.access import OPERATOR
from sourcier_service.api.presenting import present_answer
from sourcier_service.wiring import open_services

DATA = Path(__file__).parents[1] / "data"
STORED = sorted(DATA.glob("home-*.tar.xz"))
NEWER = "9999"
MILEAGE = "What is the mileage rate above 5,000 km?"


@pytest.fixture(params=STORED, ids=lambda path: path.name.removesuffix(".tar.xz"))
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """A stored home, unpacked, and what was written down of it."""
    archive: Path = request.param
    with tarfile.open(archive) as tar:
        for member in tar:
            target = tmp_path / member.name
            if member.isdir():
                target.mkdir()
            elif (source := tar.extractfile(member)) is not None:
                with target.open("xb") as file:
                    write_sparse(file, source.read())
                    end_sparse(file)
    described = json.loads(
        (DATA / f"{archive.name.removesuffix('.tar.xz')}.json").read_text(encoding="utf-8")
    )
    return tmp_path / "home", described


@pytest.fixture
def settings(stored: tuple[Path, dict[str, Any]], exports: Path) -> Settings:
    return load_settings(home=stored[0], overrides={"embedding": {"exports": exports}})


@pytest.fixture
def catalogue(stored: tuple[Path, dict[str, Any]]) -> Iterator[Catalogue]:
    opened = Catalogue(Home(stored[0]).catalogue_url)
    yield opened
    opened.close()


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "owner.lock"  # which says who owned it last
    }


def test_there_is_a_stored_home_of_an_earlier_release() -> None:
    assert [path.name for path in STORED][:1] == ["home-0.1.0.tar.xz"]


def test_its_catalogue_is_migrated_and_all_that_it_said_is_kept(
    stored: tuple[Path, dict[str, Any]], catalogue: Catalogue
) -> None:
    home, described = stored

    found = {
        (document.name, document.collection, document.status.value)
        for document in catalogue.documents(["open", "private"])
    }

    assert found == {
        ("guide.pdf", "open", "ready"),
        ("notes.md", "private", "ready"),
        ("broken.pdf", "private", "refused"),
    }
    assert {(c.name, c.public) for c in catalogue.collections()} == {("open", True), ("private", False)}
    assert catalogue.sequence() == described["sequence"]
    assert KeyStore(catalogue.engine).any()
    connection = sqlite3.connect(home / "catalogue.sqlite3")
    assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(SCHEMA_REVISION,)]
    connection.close()


def test_every_version_that_answered_has_its_pages_also_the_replaced_one(
    stored: tuple[Path, dict[str, Any]], catalogue: Catalogue
) -> None:
    home = Home(stored[0])
    pages = PageStore(FileStore(home.pages))
    (guide,) = (d for d in catalogue.documents(["open"]) if d.name == "guide.pdf")

    texts = {pages.page(version, 2).text for version in catalogue.versions_of(guide.id)}

    assert {next(line for line in text.split("\n") if "rate above" in line) for text in texts} == {
        "The mileage rate above 5,000 km is 0.37 euro per kilometre.",
        "The mileage rate above 5,000 km is 0.42 euro per kilometre.",
    }


def test_its_index_opens_and_gives_its_chunks(
    stored: tuple[Path, dict[str, Any]], catalogue: Catalogue, settings: Settings
) -> None:
    home, described = stored
    generation = catalogue.live_generation()
    assert generation is not None
    index = EdgeIndex(Home(home).index(generation.id), generation.dimension)
    for document in catalogue.documents(["open", "private"]):  # as whoever opens the home does
        restate_document(catalogue, index, document.id)
    scope = Scope(frozenset({"open", "private"}), catalogue.sequence())
    embedder = open_embedder(settings.embedding, settings.exports)
    probe = Probe(embedder.embed_question(MILEAGE), question_vector(MILEAGE, "en"))

    best = index.search([probe], scope, 1)[0].chunk
    count = index.count(scope)
    index.close()

    text = PageStore(FileStore(Home(home).pages)).page(best.version, best.page or 1).text
    assert "0.42 euro per kilometre" in text[best.start : best.end]
    assert count == described["chunks"]


def test_it_answers_as_it_did_and_takes_documents(
    stored: tuple[Path, dict[str, Any]], settings: Settings, tmp_path: Path
) -> None:
    _, described = stored
    services = open_services(settings, owner="a test")
    try:
        scope = services.access.scope(OPERATOR)
        answers = {
            question: present_answer(services.answering.answer(question, scope)).model_dump(mode="json")
            for question in described["answers"]
        }
        more = write_pdf(tmp_path / "more.pdf", ["The football match was won by the Depot Rovers."])
        services.ingestion.ingest(more, "more.pdf", "open", no_progress)
        question = "Who won the football match?"
        added = services.answering.answer(question, services.access.scope(OPERATOR))
    finally:
        services.close()

    for question, then in described["answers"].items():
        # What later releases add to an answer is theirs; each quote and where it stands is what was promised.
        for field in ("status", "sentences", "language"):
            assert answers[question][field] == then[field], question
        for now, former in zip(answers[question]["citations"], then["citations"], strict=True):
            for field in ("document", "version", "page", "quote", "start", "end", "boxes", "verified"):
                assert now[field] == former[field], question
    assert added.citations[0].document.name == "more.pdf"


def test_a_home_of_a_newer_release_is_refused_and_not_touched(
    stored: tuple[Path, dict[str, Any]], settings: Settings
) -> None:
    home, _ = stored
    connection = sqlite3.connect(home / "catalogue.sqlite3")
    connection.execute("UPDATE alembic_version SET version_num = ?", (NEWER,))
    connection.commit()
    connection.close()
    before = contents(home)

    with pytest.raises(CatalogueTooNew, match=rf"newer release \(schema {NEWER}; .* {SCHEMA_REVISION}\)"):
        open_stores(settings, owner="a test")

    assert contents(home) == before
