"""Transactions on the catalogue's database, for every store with tables in it; errors are ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from sourcier_core.errors import CatalogueUnavailable, StorageFull


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Give a connection whose changes are committed when the block ends without an error.

    Raises:
        CatalogueUnavailable: The database does not answer or refuses.
        StorageFull: No room is left for it.
    """
    with translated(engine), engine.begin() as connection:
        yield connection


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Raise ours in the place of the driver's errors."""
    try:
        yield
    except OperationalError as error:
        if "disk is full" in str(error) or "No space" in str(error):
            raise StorageFull(engine.url.database or "the catalogue") from error
        raise CatalogueUnavailable(engine.url.render_as_string(), str(error.orig)) from error
    except SQLAlchemyError as error:
        raise CatalogueUnavailable(engine.url.render_as_string(), type(error).__name__) from error
