"""Every store with tables in the catalogue's database reports its failures as the catalogue's."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import OperationalError

from sourcier_core.database import transaction
from sourcier_core.errors import CatalogueUnavailable, StorageFull
from sourcier_core.job_store import JobStore
from sourcier_core.keys import KeyStore
from sourcier_core.quote_boxes import QuoteBoxes, QuoteBoxStore
from sourcier_core.types import JobState

BOXES = QuoteBoxes((), False, 1.0, 1.0)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Engine]:
    """A database without a table."""
    engine = create_engine(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    "use",
    [
        lambda engine: KeyStore(engine).any(),
        lambda engine: KeyStore(engine).create(frozenset({"ask"})),
        lambda engine: KeyStore(engine).recognise("sk_x"),
        lambda engine: JobStore(engine).create("d", "c", "n", "u"),
        lambda engine: JobStore(engine).get("j"),
        lambda engine: JobStore(engine).unfinished(),
        lambda engine: JobStore(engine).unfinished_of("d"),
        lambda engine: JobStore(engine).progress("j", JobState.READING, 0, 0),
        lambda engine: QuoteBoxStore(engine).get("v", 1, 0, 1),
        lambda engine: QuoteBoxStore(engine).put("v", 1, 0, 1, BOXES),
        lambda engine: QuoteBoxStore(engine).remove("v"),
    ],
)
def test_a_database_that_cannot_be_used_is_the_catalogue_that_cannot(
    empty: Engine, use: Callable[[Engine], object]
) -> None:
    with pytest.raises(CatalogueUnavailable, match="no such table"):
        use(empty)


def test_a_full_disk_is_a_full_storage(empty: Engine) -> None:
    with pytest.raises(StorageFull), transaction(empty):
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))


def test_what_is_no_failure_of_the_database_passes_as_it_is(empty: Engine) -> None:
    with pytest.raises(ZeroDivisionError), transaction(empty):
        _ = 1 / 0
