"""Pages as they were read -> the passport of a version, and what is doubtful about one page.

A passport is the sum of its pages' records: a reader that stops and goes on later makes it from the page
store.
"""

import json
import re
from collections import Counter
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any

from sourcier_core.language import detect_language
from sourcier_core.types import HiddenText, Page, PageSource, Passport, Structure

GARBLED = 0.1  # share of a page's characters that are none, from which on its words cannot be relied on
MAX_HIDDEN = 100  # texts kept out, listed in a passport
SAME_FROM = 60  # characters: a page that says less is no duplicate of another
_DIGITS = re.compile(r"\d+")
_PAGE_LISTS = (
    "without_text",
    "image_only",
    "unreadable",
    "recognised",
    "ocr_layer",
    "rotated",
    "garbled",
    "invisible_text",
    "off_page_text",
    "second_reader",
)


@dataclass(slots=True)
class PassportMaker:
    """Sees each page once, in order, and keeps little of it."""

    _lists: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in _PAGE_LISTS})
    _first: dict[bytes, int] = field(default_factory=dict)  # page that said it first, by what it says
    _duplicates: list[tuple[int, int]] = field(default_factory=list)
    _languages: Counter[str] = field(default_factory=Counter)
    _hidden: list[tuple[int, HiddenText]] = field(default_factory=list)
    _tables: int = 0
    _headings: int = 0

    def see(self, page: Page) -> None:
        """Note what was found on a page."""
        for name in _lists_of(page):
            self._lists[name].append(page.key)
        if page.text.strip():
            self._languages[detect_language(page.text, default=self._language())] += 1
        self._hidden += [(page.key, hidden) for hidden in page.findings.hidden]
        del self._hidden[MAX_HIDDEN:]
        self._tables += count_tables(page)
        self._headings += len(page.headings)
        said = _said(page.text)
        if said is not None:
            first = self._first.setdefault(said, page.key)
            if first != page.key:
                self._duplicates.append((page.key, first))

    def finish(self, structure: Structure) -> Passport:
        """Return the passport of all pages seen."""
        return Passport(
            pages=structure.page_count,
            **{name: tuple(pages) for name, pages in self._lists.items()},
            duplicates=tuple(self._duplicates),
            languages=tuple(self._languages.most_common()),
            tables=self._tables,
            headings=self._headings,
            outline=len(structure.outline),
            repaired="repaired" in structure.warnings,
            hidden=tuple(self._hidden),
        )

    def _language(self) -> str:
        return self._languages.most_common(1)[0][0] if self._languages else "und"


def page_warnings(page: Page, structure: Structure) -> tuple[str, ...]:
    """Return codes of what is doubtful about what a page says.

    Returns:
        Of these, in this order: "ocr" and "ocr_layer" (recognised in an image, here or by whoever made the
        file), "garbled", "second_reader" (lines without layout), "repaired" (the file is damaged) and
        "hidden_text" (the page
        also held words that cannot be seen; they are not part of its text).
    """
    findings = page.findings
    found = {
        "ocr": findings.source is PageSource.OCR,
        "ocr_layer": findings.ocr_layer,
        "garbled": findings.garbled >= GARBLED,
        "second_reader": findings.source is PageSource.SECOND_READER,
        "repaired": findings.source is PageSource.REPAIRED or "repaired" in structure.warnings,
        "hidden_text": bool(findings.hidden),
    }
    return tuple(code for code, doubtful in found.items() if doubtful)


def count_tables(page: Page) -> int:
    """Count a page's tables: rows that name one header, and rows without one that follow each other."""
    heads = {row.header for row in page.rows if row.header is not None}
    tables, inside = len(heads), False
    for row in page.rows:
        headless = row.header is None and (row.start, row.end) not in heads
        tables += headless and not inside
        inside = headless
    return tables


def summarise(passport: Passport) -> dict[str, int]:
    """Return how many pages are to be doubted, by finding; what was not found is left out.

    "repaired" counts all pages: the whole file was.
    """
    counts = {name: len(getattr(passport, name)) for name in _PAGE_LISTS}
    counts |= {"duplicates": len(passport.duplicates), "repaired": passport.pages * passport.repaired}
    return {name: count for name, count in counts.items() if count}


def passport_values(passport: Passport) -> dict[str, Any]:
    """Return a passport as JSON holds it."""
    return {
        **asdict(passport),
        "languages": dict(passport.languages),
        "duplicates": [list(pair) for pair in passport.duplicates],
        "hidden": [
            {"page": page, "reason": hidden.reason, "text": hidden.text} for page, hidden in passport.hidden
        ],
    }


def to_json(passport: Passport) -> str:
    """Write a passport."""
    return json.dumps(passport_values(passport), ensure_ascii=False)


def from_json(written: str) -> Passport:
    """Read a passport that `to_json` wrote."""
    values = json.loads(written)
    values.update({name: tuple(values[name]) for name in _PAGE_LISTS})
    values["languages"] = tuple(values["languages"].items())
    values["duplicates"] = tuple((page, first) for page, first in values["duplicates"])
    values["hidden"] = tuple(
        (row["page"], HiddenText(row["reason"], row["text"])) for row in values["hidden"]
    )
    return Passport(**values)


def _lists_of(page: Page) -> list[str]:
    """Return the names of the passport's page lists that a page belongs to."""
    findings = page.findings
    found = {
        "without_text": not page.text.strip(),
        "image_only": page.warning == "image_only",
        "unreadable": page.warning == "unreadable",
        "recognised": findings.source is PageSource.OCR,
        "ocr_layer": findings.ocr_layer,
        "rotated": findings.rotation != 0,
        "garbled": findings.garbled >= GARBLED,
        "invisible_text": any(hidden.reason != "off_page" for hidden in findings.hidden),
        "off_page_text": any(hidden.reason == "off_page" for hidden in findings.hidden),
        "second_reader": findings.source in (PageSource.SECOND_READER, PageSource.REPAIRED),
    }
    return [name for name, belongs in found.items() if belongs]


def _said(text: str) -> bytes | None:
    """Return what a page says, to compare pages by; white space, case and printed page numbers aside."""
    lines = text.strip().split("\n")
    lines[0], lines[-1] = _DIGITS.sub("", lines[0]), _DIGITS.sub("", lines[-1])
    said = "".join("".join(lines).split()).lower()
    return (
        blake2b(said.encode("utf-8", "replace"), digest_size=16).digest() if len(said) >= SAME_FROM else None
    )
