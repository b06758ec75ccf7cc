from collections.abc import Iterator
from pathlib import Path

import pytest

from sourcier_core.catalogue import Catalogue
from sourcier_core.quote_boxes import QuoteBoxes, QuoteBoxStore
from sourcier_core.types import Box

VERSION = "a" * 64
FOUND = QuoteBoxes((Box(72.0, 100.25, 300.5, 112.125), Box(72.0, 115.0, 90.0, 127.0)), True, 595.28, 841.89)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[QuoteBoxStore]:
    catalogue = Catalogue(f"sqlite:///{tmp_path / 'catalogue.sqlite3'}")
    yield QuoteBoxStore(catalogue.engine)
    catalogue.close()


def test_boxes_come_back_as_they_were_kept(store: QuoteBoxStore) -> None:
    store.put(VERSION, 3, 10, 40, FOUND)

    assert store.get(VERSION, 3, 10, 40) == FOUND


def test_another_span_page_or_version_was_never_cited(store: QuoteBoxStore) -> None:
    store.put(VERSION, 3, 10, 40, FOUND)

    others = [(VERSION, 3, 10, 41), (VERSION, 3, 11, 40), (VERSION, 4, 10, 40), ("b" * 64, 3, 10, 40)]
    assert [store.get(*other) for other in others] == [None] * 4


def test_a_quote_without_boxes_is_kept_as_not_verified(store: QuoteBoxStore) -> None:
    store.put(VERSION, 3, 10, 40, QuoteBoxes((), False, 595.0, 842.0))

    assert store.get(VERSION, 3, 10, 40) == QuoteBoxes((), False, 595.0, 842.0)


def test_the_first_of_two_writers_wins(store: QuoteBoxStore) -> None:
    store.put(VERSION, 3, 10, 40, FOUND)
    store.put(VERSION, 3, 10, 40, QuoteBoxes((), False, 1.0, 1.0))

    assert store.get(VERSION, 3, 10, 40) == FOUND


def test_the_boxes_of_a_removed_version_are_forgotten_and_no_others(store: QuoteBoxStore) -> None:
    for version in (VERSION, "b" * 64):
        store.put(version, 3, 10, 40, FOUND)

    store.remove(VERSION)

    assert store.get(VERSION, 3, 10, 40) is None
    assert store.get("b" * 64, 3, 10, 40) == FOUND
