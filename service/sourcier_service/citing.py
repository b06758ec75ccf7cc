"""A chosen sentence -> its citation: the words as they stand on the page, and the proof that they do."""

from collections.abc import Sequence

from sourcier_core.errors import DocumentError
from sourcier_core.page_store import PageStore
from sourcier_core.passport import page_warnings
from sourcier_core.types import AnswerSentence, Box, Citation, Context
from sourcier_service.extraction import Candidate
from sourcier_service.page_views import PageViews
from sourcier_service.sentences import Unit


class Citer:
    """Makes citations and checks each against the stored page and, on a PDF, against the file itself."""

    def __init__(self, *, pages: PageStore, views: PageViews) -> None:
        self._pages = pages
        self._views = views

    def cite(self, chosen: Sequence[Candidate], *, with_boxes: bool = True) -> tuple[Citation, ...]:
        """Cite each unit, numbered from 1.

        Args:
            chosen: In the order of the answer.
            with_boxes: Also find the boxes on a PDF's page and read the text again inside them. Without,
                `verified` says only that the quote stands at its span of the stored page.
        """
        return tuple(self._cite(n, candidate, with_boxes=with_boxes) for n, candidate in enumerate(chosen, 1))

    def _cite(self, n: int, candidate: Candidate, *, with_boxes: bool) -> Citation:
        passage, unit = candidate.passage, candidate.unit
        quote = candidate.page.text[unit.start : unit.end]
        stored = self._pages.page(passage.version, passage.page or 1)
        verified = bool(quote.strip()) and stored.text[unit.start : unit.end] == quote
        boxes: tuple[Box, ...] = ()
        if with_boxes and passage.page is not None:
            try:
                found = self._views.quote_boxes(passage.version, passage.page, unit.start, unit.end)
                boxes, verified = found.boxes, verified and found.verified
            except DocumentError:
                verified = False
        return Citation(
            n=n,
            document=passage.document,
            version=passage.version,
            page=passage.page,
            page_label=passage.page_label,
            section=passage.section if candidate.section is None else candidate.section,
            quote=quote,
            start=unit.start,
            end=unit.end,
            boxes=boxes,
            verified=verified,
            context=_context(candidate),
            warnings=page_warnings(stored, self._pages.structure(passage.version)),
            parts=_parts(candidate.unit),
            effect=passage.effect,
        )


def sentences_of(citations: Sequence[Citation]) -> tuple[AnswerSentence, ...]:
    """Say the quotes: one sentence each, and each item of a list as a sentence of its own.

    Returns:
        Verbatim words, white space folded, in the order of the citations.
    """
    sentences: list[AnswerSentence] = []
    for citation in citations:
        spans = citation.parts or ((citation.start, citation.end),)
        for start, end in spans:
            words = citation.quote[start - citation.start : end - citation.start]
            sentences.append(AnswerSentence(" ".join(words.split()), (citation.n,)))
    return tuple(sentences)


def _context(candidate: Candidate) -> Context | None:
    span = candidate.unit.context
    return Context(candidate.page.text[slice(*span)], *span) if span else None


def _parts(unit: Unit) -> tuple[tuple[int, int], ...]:
    """Return the spans of a list's opening and items: together they hold all its words."""
    if not unit.items:
        return ()
    first = unit.items[0][0]
    return (((unit.start, first),) if unit.start < first else ()) + unit.items
