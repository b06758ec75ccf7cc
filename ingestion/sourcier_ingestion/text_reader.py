"""A Markdown or plain text file -> one text pane with its headings and table rows."""

import re
from pathlib import Path

from sourcier_core.errors import DocumentWithoutText, UnsupportedDocument
from sourcier_core.types import Heading, MediaType, OutlineEntry, Page, Structure, TableRow

_HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
# CommonMark 0.31, 4.5: closed by at least as many of the same marks, else by the end of the file.
_FENCE = re.compile(
    r"^ {0,3}(`{3,}(?![^\n]*`)|~{3,}).*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
_RULE = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$")


def read_text(path: Path, name: str, media_type: MediaType) -> tuple[Structure, Page]:
    """Read a text file whole; its line breaks become newlines, nothing else changes.

    Raises:
        UnsupportedDocument: It is not UTF-8.
        DocumentWithoutText: It has only white space.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnsupportedDocument(name, f"bytes that are not UTF-8 text (at byte {error.start})") from error
    if not text.strip():
        raise DocumentWithoutText(name, 1)
    markdown = media_type is MediaType.MARKDOWN
    headings = _headings(text) if markdown else ()
    page = Page(number=None, text=text, headings=headings, rows=_rows(text) if markdown else ())
    title = headings[0].title if headings and headings[0].level == 1 else None
    outline = tuple(OutlineEntry(heading.level, heading.title, 1) for heading in headings)
    return Structure(media_type=media_type, page_count=1, title=title, outline=outline), page


def _headings(text: str) -> tuple[Heading, ...]:
    fences = [match.span() for match in _FENCE.finditer(text)]
    return tuple(
        Heading(match.start(), len(match.group(1)), match.group(2).strip())
        for match in _HEADING.finditer(text)
        if not any(start <= match.start() < end for start, end in fences)
    )


def _rows(text: str) -> tuple[TableRow, ...]:
    rows: list[TableRow] = []
    head: tuple[int, int] | None = None
    inside = False
    position = 0
    for line in text.split("\n"):
        span = (position, position + len(line))
        position += len(line) + 1
        if not line.lstrip().startswith("|"):
            inside, head = False, None
        elif _RULE.match(line):
            continue
        elif not inside:
            rows.append(TableRow(*span, None))
            inside, head = True, span
        else:
            rows.append(TableRow(*span, head))
    return tuple(rows)
