"""First step of the samples flow: Markdown source -> numbered blocks (samples/make_pdfs.py: blocks -> PDF).

The dialect is small on purpose and checked strictly: whatever it does not know is an error that names its
file and line, so that a slip in a source never turns into a silent flaw of a sample PDF.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from inline_text import NBSP, REFERENCE, WORDS, Kind

Align = Literal["left", "center", "right"]

ANCHOR = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
HEADING = re.compile(r"(#+)\s+(.+?)(?:\s*\{#(\S+?)((?:\s+\.\w+)*)\s*\})?\s*")
LIST_ITEM = re.compile(r"(\s*)(-|\d+\.)\s+(.+)")
TABLE_RULE = re.compile(r"\|(?:\s*:?-+:?\s*\|)+")
BLANK = re.compile(r"_{2,}")
BOX = re.compile(r"\[ \]")


class SourceError(ValueError):
    """A fault in a source, with its place: 'file.md:12: unknown anchor ...'."""

    def __init__(self, where: Where, message: str) -> None:
        super().__init__(f"{where.name}:{where.line}: {message}")


@dataclass(frozen=True)
class Where:
    """A place in a source."""

    name: str
    line: int


@dataclass(frozen=True)
class Line:
    """One line of a source, with its place."""

    text: str
    where: Where


@dataclass(frozen=True)
class FrontMatter:
    """What the block at the head of a source says of its document."""

    lang: str
    title: str = ""
    subtitle: str = ""
    organisation: str = ""
    reference: str = ""
    date: str = ""
    revisions: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Heading:
    """A chapter, annex, section or subsection."""

    where: Where
    level: int
    title: str
    anchor: str
    annex: bool
    number: str = ""

    @property
    def kind(self) -> Kind:
        """What a reference calls it."""
        if self.level > 1:
            return "section"
        return "annex" if self.annex else "chapter"

    @property
    def annex_letter(self) -> str:
        """The letter of the annex that the heading belongs to, or nothing."""
        return self.number.split(".")[0] if self.annex else ""


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    where: Where
    text: str


@dataclass(frozen=True)
class Item:
    """One point or step; level 1 stands under a level 0."""

    where: Where
    marker: str
    level: int
    text: str


@dataclass(frozen=True)
class ListBlock:
    """Points and steps that follow each other without a blank line."""

    where: Where
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Note:
    """Text in a box."""

    where: Where
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table with its caption, numbered through the document."""

    where: Where
    caption: str
    aligns: tuple[Align, ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    number: int = 0


@dataclass(frozen=True)
class FormLine:
    """One ruled line: blanks to fill (label, what follows the blank), boxes to tick, or an instruction."""

    where: Where
    text: str = ""
    blanks: tuple[tuple[str, str], ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Form:
    """A form to fill in."""

    where: Where
    title: str
    lines: tuple[FormLine, ...]


@dataclass(frozen=True)
class NewPage:
    """A page break asked for by the source."""

    where: Where


Block = Heading | Paragraph | ListBlock | Note | Table | Form | NewPage


@dataclass(frozen=True)
class Document:
    """A whole document: front matter, numbered blocks, headings by anchor."""

    front: FrontMatter
    blocks: tuple[Block, ...]
    headings: dict[str, Heading] = field(default_factory=dict)


def read_document(paths: Sequence[Path]) -> Document:
    """All the sources of one document, numbered across files, their references checked."""
    fronts: list[FrontMatter] = []
    blocks: list[Block] = []
    for path in paths:
        lines = [Line(text.rstrip(), Where(path.name, number)) for number, text in enumerate(_lines(path), 1)]
        front, body = read_front_matter(lines)
        fronts.append(front)
        blocks.extend(read_blocks(body))
    numbered = tuple(number_blocks(blocks))
    headings = _headings(numbered)
    _check_references(numbered, headings)
    return Document(fronts[0], numbered, headings)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").replace("\u202f", NBSP).split("\n")


def read_front_matter(lines: list[Line]) -> tuple[FrontMatter, list[Line]]:
    """Split the lines of a source into its front matter and its body."""
    if not lines or lines[0].text != "---":
        raise SourceError(lines[0].where, "the file does not begin with a front-matter block ('---')")
    end = next((n for n, line in enumerate(lines[1:], 1) if line.text == "---"), None)
    if end is None:
        raise SourceError(lines[0].where, "the front-matter block is not closed ('---')")
    values: dict[str, str] = {}
    revisions: list[tuple[str, ...]] = []
    for line in lines[1:end]:
        if not line.text:
            continue
        key, colon, value = (part.strip() for part in line.text.partition(":"))
        if key == "revision":
            revisions.append(_cells_of_revision(value, line.where))
        elif not colon or key not in FrontMatter.__dataclass_fields__:
            raise SourceError(line.where, f"unknown front-matter line {line.text!r}")
        else:
            values[key] = value
    if values.get("lang") not in WORDS:
        raise SourceError(lines[0].where, f"lang must be one of {', '.join(sorted(WORDS))}")
    return FrontMatter(**values, revisions=tuple(revisions)), lines[end + 1 :]


def _cells_of_revision(value: str, where: Where) -> tuple[str, ...]:
    cells = tuple(cell.strip() for cell in value.split("|"))
    if len(cells) != 3:
        raise SourceError(where, "a revision is written 'revision: version | date | what changed'")
    return cells


def read_blocks(lines: list[Line]) -> Iterator[Block]:
    """Cut the lines of a body into blocks; each reader takes what it knows and returns the next position."""
    position = 0
    while position < len(lines):
        if not lines[position].text:
            position += 1
            continue
        block, position = _reader(lines[position].text)(lines, position)
        yield block


Reader = Callable[[list[Line], int], tuple[Block, int]]


def _reader(text: str) -> Reader:
    if text.startswith("#"):
        return _read_heading
    if text.startswith(":::"):
        return _read_form
    if text.startswith(("|", "Table:")):
        return _read_table
    if text.startswith(">"):
        return _read_note
    if text == r"\newpage":
        return _read_new_page
    return _read_list if LIST_ITEM.fullmatch(text) else _read_paragraph


def _read_new_page(lines: list[Line], start: int) -> tuple[Block, int]:
    return NewPage(lines[start].where), start + 1


def _read_heading(lines: list[Line], start: int) -> tuple[Block, int]:
    line = lines[start]
    match = HEADING.fullmatch(line.text)
    if match is None or len(match[1]) > 3:
        raise SourceError(line.where, "a heading is '#', '##' or '###', a space and a title")
    anchor, classes = match[3] or "", (match[4] or "").split()
    if anchor and not ANCHOR.fullmatch(anchor):
        raise SourceError(line.where, f"anchor {anchor!r}: lower-case letters, digits and hyphens only")
    if set(classes) - {".annex"}:
        raise SourceError(line.where, f"unknown class {' '.join(classes)}")
    return Heading(line.where, len(match[1]), match[2], anchor, ".annex" in classes), start + 1


def _read_list(lines: list[Line], start: int) -> tuple[Block, int]:
    items: list[Item] = []
    position = start
    while position < len(lines) and lines[position].text:
        line = lines[position]
        match = LIST_ITEM.fullmatch(line.text)
        if match is not None:
            items.append(Item(line.where, match[2], 1 if len(match[1]) > 1 else 0, match[3]))
        elif line.text.startswith(" "):
            items[-1] = _continued(items[-1], line.text.strip())
        else:
            break
        position += 1
    return ListBlock(lines[start].where, tuple(_count(items))), position


def _continued(item: Item, text: str) -> Item:
    return Item(item.where, item.marker, item.level, f"{item.text} {text}")


def _count(items: list[Item]) -> Iterator[Item]:
    """Numbered steps count on from the first number written, so '1. 1. 1.' works as in any Markdown."""
    numbers: dict[int, int] = {}
    for item in items:
        numbers = {level: number for level, number in numbers.items() if level <= item.level}
        if item.marker == "-":
            numbers.pop(item.level, None)
            yield item
            continue
        numbers[item.level] = numbers.get(item.level, int(item.marker[:-1]) - 1) + 1
        yield Item(item.where, f"{numbers[item.level]}.", item.level, item.text)


def _read_note(lines: list[Line], start: int) -> tuple[Block, int]:
    quoted = _while(lines, start, lambda text: text.startswith(">"))
    groups: list[list[str]] = [[]]
    for line in quoted:
        text = line.text[1:].strip()
        if text:
            groups[-1].append(text)
        else:
            groups.append([])
    return Note(lines[start].where, tuple(" ".join(group) for group in groups if group)), start + len(quoted)


def _read_paragraph(lines: list[Line], start: int) -> tuple[Block, int]:
    if lines[start].text.startswith(("```", "~~~", "<", "![", "====", "----")):
        raise SourceError(lines[start].where, f"not in the dialect: {lines[start].text[:40]!r}")
    parts = _while(lines, start, lambda text: bool(text) and _reader(text) is _read_paragraph)
    return Paragraph(lines[start].where, " ".join(line.text.strip() for line in parts)), start + len(parts)


def _read_table(lines: list[Line], start: int) -> tuple[Block, int]:
    caption, first = "", start
    if lines[start].text.startswith("Table:"):
        caption = lines[start].text.removeprefix("Table:").strip()
        first = next((n for n in range(start + 1, len(lines)) if lines[n].text), start)
    piped = _while(lines, first, lambda text: text.startswith("|"))
    if len(piped) < 3 or not TABLE_RULE.fullmatch(piped[1].text):
        raise SourceError(lines[start].where, "a table is a header row, a '|---|' row and at least one row")
    header, rule, *rows = (_cells(line) for line in piped)
    for line, row in zip(piped[1:], [rule, *rows], strict=True):
        if len(row) != len(header):
            raise SourceError(line.where, f"{len(row)} cells where the header has {len(header)}")
    aligns = tuple(_align(cell) for cell in rule)
    return Table(lines[start].where, caption, aligns, header, tuple(rows)), first + len(piped)


def _cells(line: Line) -> tuple[str, ...]:
    if not line.text.endswith("|"):
        raise SourceError(line.where, "a table row ends with '|'")
    inner = re.split(r"(?<!\\)\|", line.text[1:-1])
    return tuple(cell.strip().replace(r"\|", "|") for cell in inner)


def _align(rule: str) -> Align:
    if rule.endswith(":"):
        return "center" if rule.startswith(":") else "right"
    return "left"


def _read_form(lines: list[Line], start: int) -> tuple[Block, int]:
    head = lines[start]
    title = head.text.removeprefix(":::form").strip()
    if not head.text.startswith(":::form") or not title:
        raise SourceError(head.where, "a form opens with ':::form' and its title")
    inside = _while(lines, start + 1, lambda text: text != ":::")
    end = start + 1 + len(inside)
    if end == len(lines):
        raise SourceError(head.where, f"form {title!r} is not closed with ':::'")
    form_lines = tuple(_form_line(line) for line in inside if line.text)
    return Form(head.where, title, form_lines), end + 1


def _form_line(line: Line) -> FormLine:
    text = line.text.strip()
    if BOX.search(text):
        lead, *options = (part.strip() for part in BOX.split(text))
        return FormLine(line.where, text=lead.removeprefix("- "), options=tuple(options))
    labels = [part.strip() for part in BLANK.split(text)]
    if len(labels) == 1:
        return FormLine(line.where, text=text)
    blanks = [(label, "") for label in labels[:-1]]
    blanks[-1] = (blanks[-1][0], labels[-1])
    return FormLine(line.where, blanks=tuple(blanks))


def _while(lines: list[Line], start: int, wanted: Callable[[str], bool]) -> list[Line]:
    taken: list[Line] = []
    for line in lines[start:]:
        if not wanted(line.text):
            break
        taken.append(line)
    return taken


def number_blocks(blocks: Iterable[Block]) -> Iterator[Block]:
    """Chapters 1, 2, ...; annexes A, B, ...; sections 1.1, A.1; tables 1, 2, ... through the document."""
    chapters = annexes = tables = 0
    in_annex, parts = False, list[str]()
    for block in blocks:
        if isinstance(block, Table):
            tables += 1
            yield Table(block.where, block.caption, block.aligns, block.header, block.rows, tables)
        elif isinstance(block, Heading):
            if block.level == 1:
                chapters, annexes = chapters + (not block.annex), annexes + block.annex
                in_annex = block.annex
                if in_annex and annexes > len(string.ascii_uppercase):
                    raise SourceError(block.where, "more than 26 annexes")
                parts = [string.ascii_uppercase[annexes - 1] if in_annex else str(chapters)]
            elif len(parts) < block.level - 1:
                raise SourceError(block.where, "a heading skips a level")
            else:
                last = int(parts[block.level - 1]) if len(parts) >= block.level else 0
                parts = [*parts[: block.level - 1], str(last + 1)]
            number = ".".join(parts)
            anchor = block.anchor or "no-anchor-" + number.lower().replace(".", "-")
            yield Heading(block.where, block.level, block.title, anchor, in_annex, number)
        else:
            yield block


def _headings(blocks: Iterable[Block]) -> dict[str, Heading]:
    found: dict[str, Heading] = {}
    for block in blocks:
        if isinstance(block, Heading):
            if block.anchor in found:
                first = found[block.anchor].where
                raise SourceError(block.where, f"anchor {block.anchor!r} is taken: {first.name}:{first.line}")
            found[block.anchor] = block
    return found


def _check_references(blocks: Iterable[Block], headings: dict[str, Heading]) -> None:
    for where, text in texts(blocks):
        for anchor in REFERENCE.findall(text):
            if anchor not in headings:
                raise SourceError(where, f"unknown anchor {anchor!r}")


def texts(blocks: Iterable[Block]) -> Iterator[tuple[Where, str]]:
    """Every piece of inline text with the line it stands on (a table's rows: two lines below its caption)."""
    for block in blocks:
        match block:
            case Heading(where=where, title=text) | Paragraph(where=where, text=text):
                yield where, text
            case ListBlock(items=items):
                yield from ((item.where, item.text) for item in items)
            case Note(where=where, paragraphs=paragraphs):
                yield from ((where, text) for text in paragraphs)
            case Table():
                yield from _table_texts(block)
            case Form(where=where, title=title, lines=lines):
                yield where, title
                for line in lines:
                    pieces = [line.text, *line.options, *(part for blank in line.blanks for part in blank)]
                    yield line.where, " ".join(pieces)


def _table_texts(table: Table) -> Iterator[tuple[Where, str]]:
    yield table.where, table.caption
    first = table.where.line + bool(table.caption)
    for offset, row in enumerate((table.header, *table.rows)):
        line = first if offset == 0 else first + 1 + offset
        yield Where(table.where.name, line), " ".join(row)
