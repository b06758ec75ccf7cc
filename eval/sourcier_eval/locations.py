"""Where a passage, a citation or a piece of evidence stands, and how two such places are matched.

The set format says: a hit is (document, page), or the document alone where the evidence has no page.
"""

from collections.abc import Collection, Sequence
from typing import TypeAlias

Location: TypeAlias = tuple[str, int | None]  # document name, 1-based page; None is the whole document


def page_level(
    ranked: Sequence[Location], gold: Collection[Location]
) -> tuple[list[Location], set[Location]]:
    """Make ids that are equal exactly when a location hits the evidence.

    A location in a document that is evidence as a whole becomes that document, at its own rank: a second
    page of it takes a place and earns nothing more. Evidence pages of such a document are left out, since
    finding the document finds them.

    Returns:
        The ranked ids, as many as locations and in their order, and the gold ids.
    """
    whole = {doc for doc, page in gold if page is None}
    wanted: set[Location] = {(doc, None if doc in whole else page) for doc, page in gold}
    return [(doc, None if doc in whole else page) for doc, page in ranked], wanted


def document_level(ranked: Sequence[Location], gold: Collection[Location]) -> tuple[list[str], set[str]]:
    """Leave the pages out.

    Returns:
        The distinct documents in the order of their best place, and the gold documents.
    """
    return list(dict.fromkeys(doc for doc, _ in ranked)), {doc for doc, _ in gold}
