"""A folder with questions.jsonl and docs/ -> the questions with their evidence."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sourcier_core.errors import InvalidQuestionSet
from sourcier_core.language import UNDETERMINED
from sourcier_eval.locations import Location

QUESTIONS = "questions.jsonl"
DOCS = "docs"

T = TypeVar("T")
_NAMES: dict[type, str] = {
    str: "a text",
    bool: "true or false",
    list: "a list",
    dict: "an object",
    int: "a number",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """A place that answers a question."""

    doc: str  # name relative to docs/
    page: int | None  # 1-based, as a PDF viewer counts; None where the whole file is the evidence
    text: str  # the words that answer; "" where the set does not say

    @property
    def location(self) -> Location:
        """Where it stands."""
        return self.doc, self.page


@dataclass(frozen=True, slots=True)
class Question:
    """A question whose right outcome is known."""

    id: str
    text: str
    lang: str  # "fr", "en", ...; "und" where the set does not say
    answerable: bool
    answer: str | None  # None exactly if not answerable; "" where only retrieval is measured
    evidence: tuple[Evidence, ...]
    source: str | None = None  # where the question comes from
    meta: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def kind(self) -> str | None:
        """What sort of question it is, where the set says: "paraphrase", "cross_lingual", ..."""
        kind = self.meta.get("kind")
        return kind if isinstance(kind, str) else None

    @property
    def gold(self) -> frozenset[Location]:
        """The places that answer it."""
        return frozenset(evidence.location for evidence in self.evidence)


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions about the documents of one folder."""

    name: str  # of the folder
    docs: Path  # the folder of the documents
    questions: tuple[Question, ...]  # at least one, distinct ids, in the order of the file

    @property
    def missing_documents(self) -> tuple[str, ...]:
        """Documents named as evidence that are not in `docs`: no run can find them. Reads the folder."""
        named = {evidence.doc for question in self.questions for evidence in question.evidence}
        return tuple(sorted(name for name in named if not (self.docs / name).is_file()))


def read_question_set(directory: Path) -> QuestionSet:
    """Read a set in the format {id, question, lang?, answer, answerable, evidence, source?, meta?} by line.

    Keys that the format does not know are passed over; so are blank lines.

    Raises:
        InvalidQuestionSet: A file is missing or a line is not in the format; it names file, line and cause.
    """
    path, docs = directory / QUESTIONS, directory / DOCS
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidQuestionSet(
            repr(str(directory)), f"{QUESTIONS} cannot be read ({error.strerror})"
        ) from error
    if not docs.is_dir():
        raise InvalidQuestionSet(repr(str(directory)), f"the folder {DOCS}/ with its documents is missing")

    lines: dict[str, int] = {}
    questions = []
    # Not str.splitlines: it would also part a line at U+2028 and its like inside a text.
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            question = _question(line)
            if question.id in lines:
                raise _Malformed(f"the id {question.id!r} stands on line {lines[question.id]} already")
        except _Malformed as error:
            raise InvalidQuestionSet(f"{str(path)!r} line {number}", str(error)) from error
        lines[question.id] = number
        questions.append(question)
    if not questions:
        raise InvalidQuestionSet(repr(str(path)), "it has no question")
    return QuestionSet(name=directory.resolve().name, docs=docs, questions=tuple(questions))


class _Malformed(Exception):
    """Why a line is not in the format; becomes InvalidQuestionSet with file and line."""


def _question(line: bytes) -> Question:
    row = _object(line)
    question = Question(
        id=_text(row, "id"),
        text=_text(row, "question"),
        lang=_field(row, "lang", str, optional=True) or UNDETERMINED,
        answerable=_required(row, "answerable", bool),
        answer=_field(row, "answer", str),
        evidence=tuple(_evidence(item) for item in _required(row, "evidence", list)),
        source=_field(row, "source", str, optional=True),
        meta=_field(row, "meta", dict, optional=True) or {},
    )
    if question.answerable and question.answer is None:
        raise _Malformed('answerable is true but answer is null; write "" where only retrieval is measured')
    if not question.answerable and question.answer is not None:
        raise _Malformed("answerable is false but answer is not null")
    return question


def _object(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _Malformed(f"it is not UTF-8 (byte {error.start + 1})") from error
    except json.JSONDecodeError as error:
        raise _Malformed(f"it is not JSON ({error.msg}, column {error.colno})") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, brackets without end
        raise _Malformed("it is not JSON that can be read") from error
    if not isinstance(row, dict):
        raise _Malformed("it is not a JSON object")
    return row


def _evidence(item: object) -> Evidence:
    if not isinstance(item, dict):
        raise _Malformed("a piece of evidence is not an object")
    page = _field(item, "page", int)
    if page is not None and page < 1:
        raise _Malformed(f"a page of evidence is {page}; pages count from 1")
    return Evidence(doc=_text(item, "doc"), page=page, text=_field(item, "text", str, optional=True) or "")


def _text(row: Mapping[str, Any], key: str) -> str:
    text = _required(row, key, str)
    if not text.strip():
        raise _Malformed(f"{key} is empty")
    return text


def _required(row: Mapping[str, Any], key: str, kind: type[T]) -> T:
    value = _field(row, key, kind)
    if value is None:
        raise _Malformed(f"{key} is null, it must be {_NAMES[kind]}")
    return value


def _field(row: Mapping[str, Any], key: str, kind: type[T], *, optional: bool = False) -> T | None:
    """Return the value of that type, or None where it is null or, if optional, absent."""
    if key not in row and not optional:
        raise _Malformed(f"{key} is missing")
    value = row.get(key)
    if value is None:
        return None
    # bool is an int to Python, not to JSON.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise _Malformed(f"{key} is not {_NAMES[kind]}")
    return value
