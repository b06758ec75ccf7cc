"""A home opened with the real model: what is refused, and that a refusal leaves it as it was."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sourcier_core.errors import IndexMismatch, InvalidSettings, SourcierError
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


@pytest.mark.parametrize(
    ("overrides", "refused"),
    [
        ({"chunking": {"tokens": 100}}, IndexMismatch),
        ({"chunking": {"tokens": 250}}, InvalidSettings),
    ],
    ids=["another chunking", "chunks longer than the model reads"],
)
def test_a_home_that_is_refused_can_be_opened_with_its_own_settings(
    tmp_path: Path, exports: Path, overrides: dict[str, dict[str, int]], refused: type[SourcierError]
) -> None:
    open_and_close(settings(tmp_path, exports))

    with pytest.raises(refused):
        open_stores(settings(tmp_path, exports, overrides), owner="a test")

    assert open_and_close(settings(tmp_path, exports)) == 384


def test_whatever_changes_chunks_changes_the_fingerprint(tmp_path: Path, exports: Path) -> None:
    stores = open_stores(settings(tmp_path, exports), owner="a test")
    chosen = [
        settings(tmp_path, exports),
        settings(tmp_path, exports, {"chunking": {"tokens": 100}}),
        settings(tmp_path, exports, {"chunking": {"context_tokens": 20}}),
        settings(tmp_path, exports, {"retrieval": {"passages": 3}}),
    ]

    made = [fingerprint(one, stores.embedder) for one in chosen]  # type: ignore[arg-type] # it is the real one

    stores.close()
    assert len(set(made)) == 3
    assert made[3] == made[0]
