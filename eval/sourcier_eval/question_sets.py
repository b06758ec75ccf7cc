"""A folder with questions.jsonl and docs/ -> the questions with their evidence."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from sourcier_core.errors import InvalidQuestionSet
from sourcier_core.language import UNDETERMINED
from sourcier_eval.locations import Location

QUESTIONS = "questions.jsonl"
DOCS = "docs"
SHOWN_FAULTS = 50
LANGUAGES = ("fr", "en")  # those that the service understands

T = TypeVar("T")
_NAMES: dict[type, str] = {
    str: "a text",
    bool: "true or false",
    list: "a list",
    dict: "an object",
    int: "a whole number",
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
    line: int = field(default=0, compare=False)  # 1-based, where it stands in the file; 0 if in none

    @property
    def kind(self) -> str | None:
        """What sort of question it is, where the set says: "paraphrase", "cross_lingual", ..."""
        kind: str | None = self.meta.get("kind")
        return kind

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
    def path(self) -> Path:
        """The file of the questions."""
        return self.docs.parent / QUESTIONS

    @property
    def sha256(self) -> str:
        """What tells this set from another: of questions and gold, whatever their order and layout."""
        rows = [asdict(question) | {"line": 0} for question in sorted(self.questions, key=lambda q: q.id)]
        return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a line cannot be used."""

    line: int  # 1-based
    cause: str


def read_question_set(directory: Path) -> QuestionSet:
    """Read a set in the format {id, question, lang?, answer, answerable, evidence, source?, meta?} by line.

    Keys that the format does not know are passed over; so are blank lines.

    Raises:
        InvalidQuestionSet: A file is missing, a line is not in the format, an id stands twice, or a document
            of the evidence is not under `docs/`; it lists every fault with file, line and cause.
    """
    path, docs = directory / QUESTIONS, directory / DOCS
    if not directory.is_dir():
        raise InvalidQuestionSet(repr(str(directory)), "there is no such folder")
    content = _read(path)
    if not docs.is_dir():
        raise InvalidQuestionSet(repr(str(directory)), f"the folder {DOCS}/ with its documents is missing")
    # As `find_files` names them: what is outside, or differs in case, is no document of the set.
    known = {found.relative_to(docs).as_posix() for found in docs.rglob("*") if found.is_file()}
    return QuestionSet(directory.resolve().name, docs, _read_questions(path, content, known))


def read_questions(path: Path) -> tuple[Question, ...]:
    """Read questions alone, where the documents are not at hand.

    Raises:
        InvalidQuestionSet: As `read_question_set`, but for the documents.
    """
    return _read_questions(path, _read(path), None)


def language_warnings(question_set: QuestionSet) -> list[str]:
    """Say which questions no figure of French or English counts: their language is missing or another."""
    lines: dict[str, list[int]] = {}
    for question in question_set.questions:
        if question.lang not in LANGUAGES:
            lines.setdefault(question.lang, []).append(question.line)
    return [
        f"{len(found)} question{'s have' if len(found) > 1 else ' has'} "
        f'{"no lang" if lang == UNDETERMINED else f"the lang {lang!r}"}, not "fr" or "en" (first on line '
        f"{found[0]}): no figure by language tells about them"
        for lang, found in sorted(lines.items())
    ]


def invalid_question_set(path: Path, faults: Sequence[Fault]) -> InvalidQuestionSet:
    """Return the error that lists faults, at most SHOWN_FAULTS of them.

    Args:
        path: Of the questions.
        faults: In the order of their lines.
    """
    told = [f"{path}:{fault.line}: {fault.cause}" for fault in faults[:SHOWN_FAULTS]]
    if len(faults) > SHOWN_FAULTS:
        told.append(f"and {len(faults) - SHOWN_FAULTS} more")
    count = f"{len(faults)} fault{'s' if len(faults) > 1 else ''}; nothing was asked"
    return InvalidQuestionSet(repr(str(path)), "\n  ".join([count, *told]))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        where = repr(str(path.parent))
        raise InvalidQuestionSet(where, f"{QUESTIONS} cannot be read ({error.strerror})") from error


def _read_questions(path: Path, content: bytes, known: Collection[str] | None) -> tuple[Question, ...]:
    lines: dict[str, int] = {}
    questions: list[Question] = []
    faults: list[Fault] = []
    # Not str.splitlines: it would also part a line at U+2028 and its like inside a text.
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        causes: list[str] = []
        question = _question(line, number, causes)
        if question.id:
            first = lines.setdefault(question.id, number)
            if first != number:
                causes.append(f"the id {question.id!r} stands on line {first} already")
        if known is not None:
            unknown = sorted({e.doc for e in question.evidence if e.doc and e.doc not in known})
            causes += [f"there is no document {name!r} under {DOCS}/" for name in unknown]
        faults += [Fault(number, cause) for cause in causes]
        questions.append(question)
    if faults:
        raise invalid_question_set(path, faults)
    if not questions:
        raise InvalidQuestionSet(repr(str(path)), "it has no question")
    return tuple(questions)


def _question(line: bytes, number: int, causes: list[str]) -> Question:
    """Read a line and add to the causes why it cannot be used; a question with a cause is not to be asked."""
    row = _object(line, causes)
    fields = _Fields({}, []) if row is None else _Fields(row, causes)
    before = len(causes)
    answerable = fields.required("answerable", bool, otherwise=False)
    answer = fields.value("answer", str)
    if row is not None and len(causes) == before:
        causes += _contradiction(answerable, answer)
    evidence = fields.required("evidence", list, otherwise=[])
    meta = fields.value("meta", dict, optional=True) or {}
    _Fields(meta, causes, "meta: ").value("kind", str, optional=True)
    return Question(
        id=fields.text("id"),
        text=fields.text("question"),
        lang=fields.value("lang", str, optional=True) or UNDETERMINED,
        answerable=answerable,
        answer=answer,
        evidence=tuple(_evidence(i, item, causes) for i, item in enumerate(evidence, start=1)),
        source=fields.value("source", str, optional=True),
        meta=meta,
        line=number,
    )


def _contradiction(answerable: bool, answer: str | None) -> list[str]:
    if answerable and answer is None:
        return ['answerable is true but answer is null; write "" where only retrieval is measured']
    if not answerable and answer is not None:
        return ["answerable is false but answer is not null"]
    return []


def _object(line: bytes, causes: list[str]) -> dict[str, Any] | None:
    try:
        row = json.loads(line.decode("utf-8"))
        json.dumps(row, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        causes.append(f"it is not UTF-8 (byte {error.start + 1})")
    except UnicodeEncodeError:
        causes.append("a text holds half of a character (a lone \\ud800 to \\udfff)")
    except json.JSONDecodeError as error:
        causes.append(f"it is not JSON ({error.msg}, column {error.colno})")
    except (ValueError, RecursionError):  # a number of thousands of digits, brackets without end
        causes.append("it is not JSON that can be read")
    else:
        if isinstance(row, dict):
            return row
        causes.append("it is not a JSON object")
    return None


def _evidence(number: int, item: object, causes: list[str]) -> Evidence:
    if not isinstance(item, dict):
        causes.append(f"evidence {number} is not an object")
        return Evidence("", None, "")
    fields = _Fields(item, causes, f"evidence {number}: ")
    page = fields.value("page", int)
    if page is not None and page < 1:
        causes.append(f"evidence {number}: page is {page}; pages count from 1")
    return Evidence(fields.text("doc"), page, fields.value("text", str, optional=True) or "")


@dataclass(frozen=True, slots=True)
class _Fields:
    """Reads the values of an object and notes what is wrong with them."""

    row: Mapping[str, Any]
    causes: list[str]
    where: str = ""

    def value(self, key: str, kind: type[T], *, optional: bool = False) -> T | None:
        """Return the value of that type, or None where it is null, wrong or, if optional, absent."""
        if key not in self.row and not optional:
            self._note(f"{key} is missing")
        value = self.row.get(key)
        if value is None:
            return None
        # bool is an int to Python, not to JSON.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self._note(f"{key} is not {_NAMES[kind]}")
            return None
        return value

    def required(self, key: str, kind: type[T], *, otherwise: T) -> T:
        """Return the value of that type, or the other one where it is null, wrong or absent."""
        value = self.value(key, kind)
        if key in self.row and self.row[key] is None:
            self._note(f"{key} is null, it must be {_NAMES[kind]}")
        return otherwise if value is None else value

    def text(self, key: str) -> str:
        """Return a text that is not blank, "" where there is none."""
        before = len(self.causes)
        text = self.required(key, str, otherwise="")
        if len(self.causes) == before and not text.strip():
            self._note(f"{key} is empty")
        return text

    def _note(self, cause: str) -> None:
        self.causes.append(self.where + cause)
