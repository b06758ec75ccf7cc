"""A catalogue that an earlier release wrote, opened by this one."""

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from sourcier_core.catalogue import Catalogue
from sourcier_core.index_payload import PAYLOAD_LAYOUT
from sourcier_core.types import FOREVER, NEVER, Period
from sourcier_core.version_store import VersionStore

OLD, NEW, GONE = "a" * 64, "b" * 64, "c" * 64


def written_by_the_first_release(path: Path) -> None:
    """A document that was replaced once, and one that was deleted."""
    config = Config()
    config.set_main_option("script_location", "sourcier_core:migrations")
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    database = sqlite3.connect(path)
    moment = "2026-01-02 03:04:05.000000"
    database.execute("INSERT INTO collections VALUES ('hr', 1, ?)", (moment,))
    database.execute("UPDATE state SET sequence = 4")
    database.execute("INSERT INTO generations VALUES (1, 'reader chunker', 384, 1, ?)", (moment,))
    for identity, version, deleted in (("d1", NEW, 0), ("d2", None, 1)):
        row = identity, "hr", f"{identity}.pdf", "Guide", "ready", version, "application/pdf", "en", 2, 5, 9
        database.execute(
            "INSERT INTO documents (id, collection, name, title, status, version, media_type, language, "
            "page_count, chunk_count, size, updated_at, deleted) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (*row, moment, deleted),
        )
    for identity, version, first, last in (("d1", OLD, 1, 2), ("d1", NEW, 2, FOREVER), ("d2", GONE, 3, 4)):
        values = identity, version, first, last, "Guide", "application/pdf", "en", 2
        database.execute("INSERT INTO versions VALUES (?,?,?,?,?,?,?,?)", values)
    database.commit()
    database.close()


def test_a_catalogue_of_the_first_release_opens_and_answers(tmp_path: Path) -> None:
    written_by_the_first_release(tmp_path / "catalogue.sqlite3")

    catalogue = Catalogue(f"sqlite:///{tmp_path / 'catalogue.sqlite3'}")

    view = catalogue.view()
    ((document, version),) = catalogue.answering(view.sequence, 1)
    assert (view.sequence, document.id, version.version, version.declared) == (4, "d1", NEW, Period())
    assert (document.tags, document.groups) == (frozenset(), frozenset())
    new, old = VersionStore(catalogue).versions("d1")
    assert (new.superseded_day, new.searchable) == (NEVER, True)
    assert old.superseded(4, old.superseded_day)  # its chunks are gone since it was replaced
    assert not old.searchable
    catalogue.close()


def test_chunks_of_the_first_release_are_owed_the_new_fields_and_its_deletes_a_purge(tmp_path: Path) -> None:
    written_by_the_first_release(tmp_path / "catalogue.sqlite3")

    catalogue = Catalogue(f"sqlite:///{tmp_path / 'catalogue.sqlite3'}")

    generation = catalogue.live_generation()
    assert generation is not None
    assert generation.payload < PAYLOAD_LAYOUT
    assert catalogue.removals() == ["d2"]
    VersionStore(catalogue).owe_all()
    assert VersionStore(catalogue).owed() == ["d1"]
    catalogue.close()
