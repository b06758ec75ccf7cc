"""Pages -> chunks, with llama-index's sentence splitter. No chunk crosses a page, no table row is cut.

What is embedded is contextual: the document's title and the section path stand before the span, and a table's
header row before rows that lost sight of it. The page number does not: an inserted page must not cost all
vectors.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sourcier_core.analysis import unglued
from sourcier_core.settings import ChunkingSettings
from sourcier_core.types import Page, TableRow
from sourcier_ingestion.sections import SectionStart, path_at

SMALL = 0.25  # of a chunk's tokens: a piece below it joins the next one, also across a heading


@dataclass(frozen=True, slots=True)
class Span:
    """A chunk to be, on its page."""

    start: int
    end: int
    section: tuple[str, ...]
    header: tuple[int, int] | None  # of the table whose rows it holds, where the header is outside the span


class Chunker:
    """Splits pages into spans of about as many tokens as the model reads."""

    def __init__(self, settings: ChunkingSettings, count_tokens: Callable[[str], int]) -> None:
        """Prepare the splitter.

        Args:
            settings: Sizes.
            count_tokens: The embedding model's count, so that nothing of a chunk is cut off unread.
        """
        from llama_index.core.node_parser import (
            SentenceSplitter,
        )  # four CPU seconds, that no question must wait for

        self._settings = settings
        self._count = count_tokens
        self._context = lru_cache(maxsize=256)(self._fitting)  # chunks of a section share theirs
        self._splitter = SentenceSplitter(
            chunk_size=settings.tokens,
            chunk_overlap=0,
            tokenizer=lambda text: range(count_tokens(text)),  # only its length is used
            paragraph_separator="\n\n",
        )

    def split(self, page: Page, body: tuple[int, int], starts: Sequence[SectionStart]) -> list[Span]:
        """Split one page.

        Args:
            page: As read.
            body: Span of its text without running headers and footers.
            starts: Where sections start on it.

        Returns:
            Spans in reading order; each is the page's text from start to end, no white space at its ends.
        """
        merged: list[Span] = []
        sizes: list[int] = []
        for piece in self._pieces(page, body, list(starts)):
            size = self._count(page.text[piece.start : piece.end])
            if merged and self._may_join(merged[-1], piece, sizes[-1], size):
                merged[-1] = Span(merged[-1].start, piece.end, merged[-1].section, merged[-1].header)
                sizes[-1] += size
            else:
                merged.append(piece)
                sizes.append(size)
        return merged

    def contextual_text(self, title: str, page: Page, span: Span) -> str:
        """Return what is embedded and indexed for a span."""
        context = self._context(" > ".join([title, *span.section]))
        header = page.text[slice(*span.header)] if span.header else ""
        parts = (context, header, page.text[span.start : span.end])
        return unglued("\n".join(" ".join(part.split()) for part in parts if part.strip()))

    def _fitting(self, context: str) -> str:
        while self._count(context) > self._settings.context_tokens and " " in context:
            # The innermost heading says most: cut from the left, the title first.
            context = context.split(" ", 1)[1]
        return context

    def _may_join(self, before: Span, piece: Span, before_size: int, size: int) -> bool:
        if before_size + size > self._settings.tokens:
            return False
        return before.section == piece.section or before_size < SMALL * self._settings.tokens

    def _pieces(self, page: Page, body: tuple[int, int], starts: list[SectionStart]) -> Iterator[Span]:
        for start, end in _blocks(page, body, starts):
            rows = [row for row in page.rows if row.start < end and start < row.end]
            section = path_at(starts, start)
            if not rows:
                for first, last in self._sentences(page.text, start, end):
                    yield Span(first, last, section, None)
            else:
                for packed in self._packed_rows(page.text, rows):
                    for first, last in _stripped(page.text, packed[0].start, packed[-1].end):
                        yield Span(first, last, section, packed[0].header)

    def _sentences(self, text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
        block = text[start:end]
        position = 0
        for part in self._splitter.split_text(block):
            found = block.find(part, position)
            if found < 0:  # the splitter may join what it cut with other white space
                found, part = position, block[position : position + len(part)]
            position = found + len(part)
            yield from _stripped(text, start + found, start + position)

    def _packed_rows(self, text: str, rows: list[TableRow]) -> Iterator[list[TableRow]]:
        packed: list[TableRow] = []
        size = 0
        for row in rows:
            count = self._count(text[row.start : row.end])
            if packed and size + count > self._settings.tokens:
                yield packed
                packed, size = [], 0
            packed.append(row)
            size += count
        yield packed


def _blocks(page: Page, body: tuple[int, int], starts: list[SectionStart]) -> Iterator[tuple[int, int]]:
    """Cut the body where sections start and where tables begin and end."""
    cuts = {body[0], body[1]}
    cuts.update(_not_inside_a_row(start.offset, page) for start in starts)
    previous_end = None
    for row in page.rows:
        if previous_end is None or page.text[previous_end : row.start].strip():
            cuts.add(row.start)
            if previous_end is not None:
                cuts.add(previous_end)
        previous_end = row.end
    if previous_end is not None:
        cuts.add(previous_end)
    inside = sorted(cut for cut in cuts if body[0] <= cut <= body[1])
    for start, end in itertools.pairwise(inside):
        yield from _stripped(page.text, start, end)


def _not_inside_a_row(cut: int, page: Page) -> int:
    """A section may start behind a row's indent: the row is not cut there."""
    return next((row.start for row in page.rows if row.start < cut < row.end), cut)


def _stripped(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    part = text[start:end]
    if part.strip():
        yield start + len(part) - len(part.lstrip()), end - (len(part) - len(part.rstrip()))
