import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from examples import a_document
from sqlalchemy import inspect

from sourcier_core.catalogue import ALL_DAYS, Catalogue, Write
from sourcier_core.catalogue_tables import SCHEMA_REVISION, metadata
from sourcier_core.errors import CatalogueUnavailable, DocumentRemoved, InvalidName
from sourcier_core.job_store import JobStore
from sourcier_core.types import (
    FOREVER,
    Collection,
    Document,
    DocumentStatus,
    JobState,
    MediaType,
    Period,
    Structure,
)

OLD, NEW = "a" * 64, "b" * 64


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    opened = Catalogue(f"sqlite:///{tmp_path / 'catalogue.sqlite3'}")
    opened.add_collection("samples", public=True)
    yield opened
    opened.close()


def commit(catalogue: Catalogue, document: Document) -> Write:
    write = catalogue.begin_write(document.id)
    structure = Structure(MediaType.PDF, document.page_count)
    catalogue.commit_version(write, document, structure)
    return write


# --- opening


def test_a_new_catalogue_starts_at_sequence_0_with_nothing_in_it(catalogue: Catalogue) -> None:
    assert catalogue.sequence() == 0
    assert catalogue.documents(["samples"]) == []
    assert catalogue.unfinished_writes() == []
    assert catalogue.live_generation() is None


def test_what_was_committed_is_there_when_opened_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'catalogue.sqlite3'}"
    first = Catalogue(url)
    first.add_collection("samples", public=True)
    commit(first, a_document())
    first.close()

    second = Catalogue(url)

    assert second.sequence() == 1
    assert second.documents(["samples"]) == [a_document()]
    second.close()


def test_the_migrations_make_the_tables_that_the_code_names(catalogue: Catalogue) -> None:
    inspector = inspect(catalogue.engine)

    made = {
        (table, column["name"], str(column["type"]), column["nullable"])
        for table in inspector.get_table_names()
        if table != "alembic_version"
        for column in inspector.get_columns(table)
    }

    assert made == {
        (table.name, column.name, column.type.compile(catalogue.engine.dialect), column.nullable)
        for table in metadata.tables.values()
        for column in table.columns
    }


def test_the_newest_migration_is_the_revision_that_the_code_names(tmp_path: Path) -> None:
    Catalogue(f"sqlite:///{tmp_path / 'catalogue.sqlite3'}").close()

    connection = sqlite3.connect(tmp_path / "catalogue.sqlite3")
    found = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    connection.close()

    assert found == [(SCHEMA_REVISION,)]


def test_a_file_that_is_no_database_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.sqlite3"
    path.write_bytes(b"not a database at all" * 100)

    with pytest.raises(CatalogueUnavailable, match=r"catalogue\.sqlite3"):
        Catalogue(f"sqlite:///{path}")


def test_a_folder_that_does_not_exist_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(CatalogueUnavailable, match="Check the path"):
        Catalogue(f"sqlite:///{tmp_path / 'no' / 'such' / 'catalogue.sqlite3'}")


# --- what answers, and since when


def test_a_commit_advances_the_sequence_by_one(catalogue: Catalogue) -> None:
    write = commit(catalogue, a_document())

    assert (write.sequence, catalogue.sequence()) == (1, 1)


def test_a_write_that_has_begun_changes_nothing_that_is_read(catalogue: Catalogue) -> None:
    write = catalogue.begin_write(a_document().id)

    assert write == Write(a_document().id, 1)
    assert catalogue.sequence() == 0
    assert catalogue.documents(["samples"]) == []
    assert catalogue.unfinished_writes() == [write]


def test_a_committed_write_is_finished(catalogue: Catalogue) -> None:
    commit(catalogue, a_document())

    assert catalogue.unfinished_writes() == []


def test_an_abandoned_write_is_forgotten_and_its_sequence_given_again(catalogue: Catalogue) -> None:
    write = catalogue.begin_write(a_document().id)

    catalogue.abandon_write(write)

    assert catalogue.unfinished_writes() == []
    assert catalogue.sequence() == 0
    assert catalogue.begin_write(a_document().id) == write


def test_an_unfinished_write_is_found_when_opened_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'catalogue.sqlite3'}"
    first = Catalogue(url)
    write = first.begin_write("d" * 36)
    first.close()

    second = Catalogue(url)

    assert second.unfinished_writes() == [write]
    second.close()


def test_a_new_version_ends_the_former_at_the_sequence_it_begins(catalogue: Catalogue) -> None:
    commit(catalogue, a_document(version=OLD))
    commit(catalogue, a_document(version=NEW))

    old = catalogue.document_version(a_document().id, OLD)
    new = catalogue.document_version(a_document().id, NEW)

    assert old is not None
    assert new is not None
    assert (old.valid_from, old.valid_to) == (1, 2)
    assert (new.valid_from, new.valid_to) == (2, FOREVER)


def test_a_version_that_returns_is_the_one_that_answers_now(catalogue: Catalogue) -> None:
    for version in (OLD, NEW, OLD):
        commit(catalogue, a_document(version=version))

    found = catalogue.document_version(a_document().id, OLD)

    assert found is not None
    assert (found.valid_from, found.valid_to) == (3, FOREVER)


def test_a_commit_ends_no_other_documents_version(catalogue: Catalogue) -> None:
    commit(catalogue, a_document("one.pdf", version=OLD))
    commit(catalogue, a_document("two.pdf", version=NEW))

    found = catalogue.document_version(a_document("one.pdf").id, OLD)

    assert found is not None
    assert found.valid_to == FOREVER


def test_a_version_that_a_document_never_had_is_not_found(catalogue: Catalogue) -> None:
    commit(catalogue, a_document(version=OLD))

    assert catalogue.document_version(a_document().id, NEW) is None


# --- delete


def test_a_deleted_document_vanishes_at_once_and_waits_to_be_purged(catalogue: Catalogue) -> None:
    commit(catalogue, a_document(version=OLD))
    before = catalogue.view()

    catalogue.commit_delete(a_document().id)

    after = catalogue.view()
    assert after.sequence == before.sequence  # a write of another document must not begin to answer
    assert after.revision > before.revision
    assert (before.removed, after.removed) == (frozenset(), frozenset({a_document().id}))
    assert catalogue.document(a_document().id) is None
    assert catalogue.documents(["samples"]) == []
    assert catalogue.document_version(a_document().id, OLD) is None
    assert catalogue.unfinished_writes() == []


def test_every_version_of_a_deleted_document_is_named_for_removal(catalogue: Catalogue) -> None:
    for version in (OLD, NEW, OLD):
        commit(catalogue, a_document(version=version))

    catalogue.commit_delete(a_document().id)

    assert sorted(catalogue.versions_of(a_document().id)) == [OLD, NEW]


def test_bytes_are_in_use_while_any_document_that_is_not_deleted_has_them(catalogue: Catalogue) -> None:
    commit(catalogue, a_document("one.pdf", version=OLD))
    commit(catalogue, a_document("two.pdf", version=OLD))

    catalogue.commit_delete(a_document("one.pdf").id)
    used_by_two = catalogue.version_in_use(OLD)
    catalogue.commit_delete(a_document("two.pdf").id)

    assert (used_by_two, catalogue.version_in_use(OLD)) == (True, False)


def test_a_deleted_document_that_is_added_again_does_not_bring_its_deleted_bytes_back(
    catalogue: Catalogue,
) -> None:
    commit(catalogue, a_document(version=OLD))
    catalogue.commit_delete(a_document().id)
    catalogue.finish_removal(a_document().id)

    commit(catalogue, a_document(version=NEW))

    assert not catalogue.version_in_use(OLD)
    assert catalogue.document_version(a_document().id, OLD) is None
    assert catalogue.versions_of(a_document().id) == [NEW]


def test_a_write_that_began_before_the_delete_cannot_bring_the_document_back(catalogue: Catalogue) -> None:
    commit(catalogue, a_document(version=OLD))
    write = catalogue.begin_write(a_document().id)

    catalogue.commit_delete(a_document().id)

    with pytest.raises(DocumentRemoved, match="was deleted while its file was being read"):
        catalogue.commit_version(write, a_document(version=NEW), Structure(MediaType.PDF, 10))
    with pytest.raises(DocumentRemoved):
        catalogue.put_document(a_document(version=None))
    assert catalogue.document(a_document().id) is None
    assert catalogue.answering(9, 1) == []


def test_a_document_that_was_purged_may_be_added_again(catalogue: Catalogue) -> None:
    commit(catalogue, a_document(version=OLD))
    catalogue.commit_delete(a_document().id)
    catalogue.finish_removal(a_document().id)

    commit(catalogue, a_document(version=NEW))

    assert catalogue.removals() == []
    assert [one.version for _, one in catalogue.answering(2, 1)] == [NEW]


def test_deleting_cancels_the_jobs_that_wait_or_run_for_the_document(catalogue: Catalogue) -> None:
    jobs = JobStore(catalogue.engine)
    mine, other = (jobs.create(one, "samples", "x.pdf", "u") for one in (a_document().id, "another"))
    ended = jobs.create(a_document().id, "samples", "x.pdf", "u")
    jobs.finish(ended.id)

    catalogue.commit_delete(a_document().id)

    states = [found.state for one in (mine, other, ended) if (found := jobs.get(one.id))]
    assert states == [JobState.CANCELLED, JobState.QUEUED, JobState.DONE]
    assert not jobs.progress(mine.id, JobState.READING, 1, 2)
    assert jobs.progress(other.id, JobState.READING, 1, 2)


# --- periods of effect


def on(catalogue: Catalogue, version: str, period: Period = ALL_DAYS) -> None:
    document = a_document(version=version)
    structure = Structure(MediaType.PDF, document.page_count)
    catalogue.commit_version(catalogue.begin_write(document.id), document, structure, period)


def answering(catalogue: Catalogue, day: int, sequence: int | None = None) -> list[str | None]:
    now = catalogue.sequence() if sequence is None else sequence
    return [one.version for one, _ in catalogue.answering(now, day)]


def test_a_version_answers_on_the_days_of_its_period(catalogue: Catalogue) -> None:
    on(catalogue, OLD, Period(10, 20))

    assert [answering(catalogue, day) for day in (9, 10, 19, 20)] == [[], [OLD], [OLD], []]


def test_the_former_version_answers_until_the_day_before_the_new_ones_first(catalogue: Catalogue) -> None:
    on(catalogue, OLD, Period(10))
    on(catalogue, NEW, Period(15))

    assert [answering(catalogue, day) for day in (9, 10, 14, 15, 99)] == [[], [OLD], [OLD], [NEW], [NEW]]
    # A question that reads at the sequence before the commit knows nothing of it, whatever the day.
    assert [answering(catalogue, day, sequence=1) for day in (10, 15, 99)] == [[OLD], [OLD], [OLD]]


def test_the_last_committed_wins_from_its_first_day_on(catalogue: Catalogue) -> None:
    on(catalogue, OLD, Period(10))
    on(catalogue, NEW, Period(30))  # planned, and never in effect: the next one comes before
    on(catalogue, "c" * 64, Period(20))

    found = [answering(catalogue, day) for day in (10, 19, 20, 30, 99)]

    assert found == [[OLD], [OLD], ["c" * 64], ["c" * 64], ["c" * 64]]


def test_a_version_of_the_same_day_replaces_the_former_at_once(catalogue: Catalogue) -> None:
    on(catalogue, OLD, Period(10))
    on(catalogue, NEW, Period(10))

    assert [answering(catalogue, day) for day in (9, 10, 11)] == [[], [NEW], [NEW]]


# --- collections


def test_collections_are_listed_by_name(catalogue: Catalogue) -> None:
    catalogue.add_collection("Équipe RH", public=False)
    catalogue.add_collection("board", public=False)

    assert catalogue.collections() == [
        Collection("board", False),
        Collection("samples", True),
        Collection("Équipe RH", False),
    ]


def test_a_collection_added_again_gets_the_new_access_and_keeps_its_documents(catalogue: Catalogue) -> None:
    commit(catalogue, a_document())

    catalogue.add_collection("samples", public=False)

    assert catalogue.collections() == [Collection("samples", False)]
    assert catalogue.documents(["samples"]) == [a_document()]


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a\\b", "a\nb", "a\x00b", "x" * 101], ids=ascii)
def test_a_name_that_cannot_stand_in_an_address_is_refused(catalogue: Catalogue, name: str) -> None:
    with pytest.raises(InvalidName, match="collection"):
        catalogue.add_collection(name, public=False)


def test_a_name_of_100_characters_is_accepted(catalogue: Catalogue) -> None:
    assert catalogue.add_collection("x" * 100, public=False).name == "x" * 100


# --- documents


def test_a_document_comes_back_as_it_was_written(catalogue: Catalogue) -> None:
    written = replace(
        a_document("Manuels/Été « 2026 ».pdf", title="Œuvres"),
        status=DocumentStatus.PARTIAL,
        reason="1 of 10 pages holds an image",
        reason_code="pages_without_text",
        language="fr",
    )

    commit(catalogue, written)

    assert catalogue.document(written.id) == written


def test_a_refused_file_is_listed_without_a_version(catalogue: Catalogue) -> None:
    refused = replace(
        a_document(version=None), status=DocumentStatus.REFUSED, media_type=None, reason_code="document_empty"
    )

    catalogue.put_document(refused)

    assert catalogue.documents(["samples"]) == [refused]
    assert catalogue.sequence() == 0


def test_documents_are_listed_by_collection_and_name_of_the_collections_asked_for(
    catalogue: Catalogue,
) -> None:
    catalogue.add_collection("board", public=False)
    catalogue.add_collection("secret", public=False)
    for name, collection in (
        ("b.pdf", "samples"),
        ("a.pdf", "samples"),
        ("z.pdf", "board"),
        ("s.pdf", "secret"),
    ):
        commit(catalogue, a_document(name, collection=collection))

    found = catalogue.documents(["samples", "board"])

    assert [(d.collection, d.name) for d in found] == [
        ("board", "z.pdf"),
        ("samples", "a.pdf"),
        ("samples", "b.pdf"),
    ]
    assert catalogue.documents([]) == []


def test_a_document_of_an_unknown_collection_is_not_written(catalogue: Catalogue) -> None:
    with pytest.raises(CatalogueUnavailable):
        catalogue.put_document(a_document(collection="nowhere"))


# --- several threads


def test_readers_are_not_kept_waiting_by_a_writer(catalogue: Catalogue) -> None:
    commit(catalogue, a_document())
    sequences: list[int] = []

    with catalogue.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE state SET sequence = 99")  # not committed yet
        reader = threading.Thread(target=lambda: sequences.append(catalogue.sequence()))
        reader.start()
        reader.join(timeout=5)
        connection.rollback()

    assert sequences == [1]
