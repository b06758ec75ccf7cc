"""Boxes of quotes that were cited before <-> the catalogue."""

import json
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.exc import IntegrityError

from sourcier_core.catalogue_tables import quote_boxes as table
from sourcier_core.database import transaction
from sourcier_core.types import Box


@dataclass(frozen=True, slots=True)
class QuoteBoxes:
    """Where a quote stands on its page."""

    boxes: tuple[Box, ...]  # one per printed line
    verified: bool  # the text read again inside them equals the quote
    width: float  # of the page, in points
    height: float


class QuoteBoxStore:
    """A cache that outlives the process: a version's pages never change."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, version: str, page: int, start: int, end: int) -> QuoteBoxes | None:
        """Return the boxes of a span; None when it was never cited."""
        query = select(table).where(
            table.c.version == version, table.c.page == page, table.c.start == start, table.c.end == end
        )
        with transaction(self._engine) as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        boxes = tuple(Box(*values) for values in json.loads(row.boxes))
        return QuoteBoxes(boxes, row.verified, row.width, row.height)

    def put(self, version: str, page: int, start: int, end: int, found: QuoteBoxes) -> None:
        """Keep the boxes of a span; the first of two writers wins, both having found the same."""
        rows = json.dumps([[box.x0, box.y0, box.x1, box.y1] for box in found.boxes])
        key = {"version": version, "page": page, "start": start, "end": end}
        values = {"verified": found.verified, "boxes": rows, "width": found.width, "height": found.height}
        with transaction(self._engine) as connection, suppress(IntegrityError):
            connection.execute(insert(table).values(**key, **values))

    def remove(self, version: str) -> None:
        """Forget the boxes of a version whose pages are removed."""
        with transaction(self._engine) as connection:
            connection.execute(delete(table).where(table.c.version == version))
