"""Last step of the golden set: the parts' evidence texts + the built PDFs -> questions with physical pages.

    python samples/locate_evidence.py [--parts eval/golden/parts] [--pdf samples/pdf] [--out ...]

The authors of the questions quote their source; here each quotation is looked up in the PDF made of it. Every
text must stand on one page and on one only: otherwise nothing is written, the faults are listed by question,
and the exit status is 1.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium

ROOT = Path(__file__).resolve().parent.parent
SOURCE = "sourcier golden set"
KEYS = {"id", "question", "lang", "answer", "answerable", "evidence", "meta"}
KINDS = {"direct", "paraphrase", "table", "cross_lingual", "trap", "steps", "unanswerable"}

MARKS = re.compile(r"\*+|_{2,}|\[ \]")
SOFT_HYPHEN, PDFIUM_HYPHEN = "\u00ad", "\ufffe"
QUOTES = str.maketrans({"‘": "'", "’": "'", "ʼ": "'", "“": '"', "”": '"', "\u2011": "-", PDFIUM_HYPHEN: "-"})

Question = dict[str, Any]


class NotLocated(ValueError):
    """Why an evidence text has no page."""


@dataclass(frozen=True)
class Page:
    """The words of one page, and the same without any space: line ends then no longer matter."""

    number: int
    words: tuple[str, ...]
    letters: str


def normalised(text: str) -> str:
    """Compare texts, not typography: spaces, quotes, hyphens and compatibility forms made one."""
    text = unicodedata.normalize("NFKC", text.replace(SOFT_HYPHEN, "")).translate(QUOTES)
    return " ".join(text.split())


def without_spaces(text: str) -> str:
    """Drop the spaces of a normalised text."""
    return text.replace(" ", "")


def make_page(number: int, text: str) -> Page:
    """Make a page from the text that the PDF reader gives."""
    plain = normalised(text)
    return Page(number, tuple(plain.split()), without_spaces(plain))


def read_pages(path: Path) -> list[Page]:
    """Read every page of a PDF, in physical order."""
    document = pdfium.PdfDocument(path)
    try:
        return [
            make_page(index + 1, page.get_textpage().get_text_range()) for index, page in enumerate(document)
        ]
    finally:
        document.close()


def locate(text: str, pages: Sequence[Page]) -> int:
    """The physical page of the text, counted from 1: word for word, or else as a row with wrapped cells."""
    wanted = normalised(MARKS.sub(" ", text))
    if not wanted:
        raise NotLocated("the evidence text is empty")
    letters = without_spaces(wanted)
    found = [page.number for page in pages if letters in page.letters]
    if not found:
        words = wanted.split()
        found = [page.number for page in pages if holds_row(words, page.words)]
    if not found:
        raise NotLocated(f"on no page{_nearest(letters, pages)}")
    if len(found) > 1:
        raise NotLocated(f"on several pages: {', '.join(map(str, found))}")
    return found[0]


def holds_row(row: Sequence[str], page: Sequence[str]) -> bool:
    """All words of the row stand, in whatever order, within a short stretch of the page."""
    need = Counter(row)
    missing = len(row)
    longest = len(row) + max(4, len(row) // 4)
    for index, word in enumerate(page):
        missing -= need[word] > 0
        need[word] -= 1
        if index >= longest:
            gone = page[index - longest]
            need[gone] += 1
            missing += need[gone] > 0
        if missing == 0:
            return True
    return False


def _nearest(letters: str, pages: Sequence[Page]) -> str:
    """A hint for whoever mends the evidence: the page with the longest beginning of the text."""
    size, number = max(((_beginning(letters, page.letters), page.number) for page in pages), default=(0, 0))
    if size < min(12, len(letters)):
        return ""
    return f" (page {number} has it up to {letters[max(0, size - 30) : size]!r})"


def _beginning(letters: str, page: str) -> int:
    low, high = 0, len(letters)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if letters[:middle] in page else (low, middle - 1)
    return low


def read_questions(parts: Path) -> Iterator[tuple[str, Question]]:
    """Every question with its place ('fr-annexes.jsonl:12')."""
    for path in sorted(parts.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.strip():
                yield f"{path.name}:{number}", json.loads(line)


def faults_of_form(question: Question) -> list[str]:
    """Say what is wrong with a question before any page is looked up."""
    missing = KEYS - question.keys()
    if missing:
        return [f"missing: {', '.join(sorted(missing))}"]
    faults = []
    if question["meta"].get("kind") not in KINDS:
        faults.append(f"unknown kind {question['meta'].get('kind')!r}")
    if question["answerable"] != bool(question["evidence"]):
        faults.append("a question has evidence if, and only if, it is answerable")
    if question["answerable"] != (question["answer"] is not None):
        faults.append("a question has an answer if, and only if, it is answerable")
    if question["answerable"] == (question["meta"].get("kind") == "unanswerable"):
        faults.append("the kind 'unanswerable' and the flag 'answerable' contradict each other")
    return faults


def with_pages(question: Question, pages: dict[str, list[Page]]) -> tuple[Question, list[str]]:
    """Give the question its pages and output form, and the evidence that could not be placed."""
    evidence: list[dict[str, Any]] = []
    faults: list[str] = []
    for piece in question["evidence"]:
        doc, text = piece["doc"], piece["text"]
        try:
            if doc not in pages:
                raise NotLocated(f"no such document: {doc}")
            evidence.append({"doc": doc, "page": locate(text, pages[doc]), "text": text})
        except NotLocated as reason:
            faults.append(f"{reason}: {text!r} in {doc}")
    kept = {key: question[key] for key in ("id", "question", "lang", "answer", "answerable")}
    return {**kept, "evidence": evidence, "source": SOURCE, "meta": question["meta"]}, faults


def locate_all(parts: Path, pages: dict[str, list[Page]]) -> tuple[list[Question], list[str]]:
    """Place the evidence of every part; the faults name their question and its line."""
    located: list[Question] = []
    faults: list[str] = []
    seen: dict[str, str] = {}
    for place, question in read_questions(parts):
        name = f"{question.get('id', '(no id)')} ({place})"
        wrong = faults_of_form(question)
        if not wrong:
            if question["id"] in seen:
                wrong.append(f"the id is taken by {seen[question['id']]}")
            seen[question["id"]] = place
            done, lost = with_pages(question, pages)
            located.append(done)
            wrong += lost
        faults += [f"{name}: {fault}" for fault in wrong]
    return located, faults


def main(arguments: Sequence[str] | None = None) -> int:
    """Locate everything, then write all or nothing; the exit status says which."""
    parser = argparse.ArgumentParser(
        description="Write the golden questions with the pages of their evidence."
    )
    parser.add_argument("--parts", type=Path, default=ROOT / "eval" / "golden" / "parts")
    parser.add_argument("--pdf", type=Path, default=ROOT / "samples" / "pdf")
    parser.add_argument("--out", type=Path, default=ROOT / "eval" / "golden" / "questions.jsonl")
    options = parser.parse_args(arguments)
    pages = {path.name: read_pages(path) for path in sorted(options.pdf.glob("*.pdf"))}
    if not pages:
        print(f"no PDF in {options.pdf}: run python samples/make_pdfs.py first", file=sys.stderr)
        return 1
    located, faults = locate_all(options.parts, pages)
    if faults or not located:
        print("\n".join(faults) or f"no question in {options.parts}", file=sys.stderr)
        print(f"{len(faults)} faults; {options.out} is left as it was", file=sys.stderr)
        return 1
    lines = (json.dumps(question, ensure_ascii=False) for question in located)
    options.out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    print(f"{len(located)} questions, {sum(len(q['evidence']) for q in located)} passages -> {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
