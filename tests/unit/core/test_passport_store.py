from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sourcier_core.catalogue import Catalogue
from sourcier_core.passport import PassportMaker
from sourcier_core.passport_store import BATCH, PassportStore
from sourcier_core.types import MediaType, Structure

MADE = PassportMaker().finish(Structure(MediaType.PDF, 3))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PassportStore]:
    catalogue = Catalogue(f"sqlite:///{tmp_path / 'catalogue.sqlite3'}")
    yield PassportStore(catalogue.engine)
    catalogue.close()


def test_a_passport_is_kept_replaced_and_removed(store: PassportStore) -> None:
    assert store.get("a" * 64) is None

    store.put("a" * 64, MADE)
    store.put("a" * 64, replace(MADE, recognised=(2,)))

    assert store.get("a" * 64) == replace(MADE, recognised=(2,))
    store.remove("a" * 64)
    assert store.get("a" * 64) is None


def test_passports_of_many_versions_are_read_at_once(store: PassportStore) -> None:
    versions = [f"{n:064x}" for n in range(BATCH + 3)]
    for version in (versions[0], versions[-1]):
        store.put(version, MADE)

    assert set(store.of(versions)) == {versions[0], versions[-1]}
    assert store.of([]) == {}
