"""A home opened with the real model: what is refused, and that a refusal leaves it as it was."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sourcier_core.errors import IndexMismatch, InvalidSettings
from sourcier_core.settings import Settings, load_settings
from sourcier_core.wiring import fingerprint, open_stores


def settings(
    tmp_path: Path, exports: Path, overrides: Mapping[str, Mapping[str, Any]] | None = None
) -> Settings:
    return load_settings(
        home=tmp_path / "home", overrides={"embedding": {"exports": exports}, **(overrides or {})}
    )


def open_and_close(chosen: Settings) -> int:
    stores = open_stores(chosen, owner="a test")
    dimension = stores.embedder.dimension
    stores.close()
    return dimension


def test_a_new_home_opens_with_the_default_model(tmp_path: Path, exports: Path) -> None:
    assert open_and_close(settings(tmp_path, exports)) == 384
    assert (tmp_path / "home" / "index" / "1").is_dir()


def test_a_home_is_opened_with_what_its_live_generation_was_made_with_and_says_so(
    tmp_path: Path, exports: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own = settings(tmp_path, exports)
    open_and_close(own)
    caplog.clear()

    changed = settings(tmp_path, exports, {"chunking": {"tokens": 100}, "embedding": {"pivot": False}})
    stores = open_stores(changed, owner="a test")

    live = stores.generations.live
    assert live.fingerprint == fingerprint(own, live.embedder)
    assert live.settings(changed).chunking.tokens == 200
    assert live.settings(changed).embedding.pivot is True
    stores.close()
    assert "chunking.tokens is 200 in the live generation and 100 in the settings" in caplog.text
    assert "embedding.pivot is" in caplog.text
    assert "sourcier reindex" in caplog.text


def test_a_home_that_must_be_exactly_of_the_settings_is_refused_else(tmp_path: Path, exports: Path) -> None:
    open_and_close(settings(tmp_path, exports))

    with pytest.raises(IndexMismatch, match=r"200-40.*100-40"):
        open_stores(settings(tmp_path, exports, {"chunking": {"tokens": 100}}), owner="a test", exact=True)

    assert open_and_close(settings(tmp_path, exports)) == 384


def test_chunks_longer_than_the_model_reads_are_refused_and_the_home_left_as_it_was(
    tmp_path: Path, exports: Path
) -> None:
    open_and_close(settings(tmp_path, exports))

    with pytest.raises(InvalidSettings):
        open_stores(settings(tmp_path, exports, {"chunking": {"tokens": 250}}), owner="a test")

    assert open_and_close(settings(tmp_path, exports)) == 384


def test_a_generation_of_a_release_that_noted_its_fingerprint_alone_is_opened_as_it_was_made(
    tmp_path: Path, exports: Path
) -> None:
    open_and_close(settings(tmp_path, exports))
    with closing(sqlite3.connect(tmp_path / "home" / "catalogue.sqlite3")) as database, database:
        noted = database.execute("SELECT recipe FROM generations").fetchall()
        database.execute("UPDATE generations SET recipe = NULL")

    open_and_close(settings(tmp_path, exports, {"chunking": {"tokens": 100}}))

    with closing(sqlite3.connect(tmp_path / "home" / "catalogue.sqlite3")) as database:
        assert database.execute("SELECT recipe FROM generations").fetchall() == noted


def test_a_generation_of_which_nothing_says_how_it_was_made_is_refused(tmp_path: Path, exports: Path) -> None:
    open_and_close(settings(tmp_path, exports))
    with closing(sqlite3.connect(tmp_path / "home" / "catalogue.sqlite3")) as database, database:
        database.execute("UPDATE generations SET recipe = NULL, fingerprint = 'a former one'")

    with pytest.raises(IndexMismatch):
        open_stores(settings(tmp_path, exports), owner="a test")


def test_index_folders_of_no_generation_are_removed_at_the_start(tmp_path: Path, exports: Path) -> None:
    open_and_close(settings(tmp_path, exports))
    for name in ("7", "1.graph"):
        (tmp_path / "home" / "index" / name).mkdir()

    open_and_close(settings(tmp_path, exports))

    assert [path.name for path in (tmp_path / "home" / "index").iterdir()] == ["1"]


def test_an_index_that_was_about_to_get_its_graph_is_put_back(tmp_path: Path, exports: Path) -> None:
    open_and_close(settings(tmp_path, exports))
    index = tmp_path / "home" / "index" / "1"
    kept = sorted(path.name for path in index.iterdir())
    index.rename(index.with_name("1.old"))

    open_and_close(settings(tmp_path, exports))

    assert sorted(path.name for path in index.iterdir()) == kept


def test_whatever_changes_chunks_changes_the_fingerprint(tmp_path: Path, exports: Path) -> None:
    stores = open_stores(settings(tmp_path, exports), owner="a test")
    chosen = [
        settings(tmp_path, exports),
        settings(tmp_path, exports, {"chunking": {"tokens": 100}}),
        settings(tmp_path, exports, {"chunking": {"context_tokens": 20}}),
        settings(tmp_path, exports, {"retrieval": {"passages": 3}}),
    ]

    made = [fingerprint(one, stores.embedder) for one in chosen]

    stores.close()
    assert len(set(made)) == 3
    assert made[3] == made[0]
