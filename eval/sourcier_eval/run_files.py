"""The directory of a run <-> its questions, its rows, and what was run: enough to judge it again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from sourcier_core import __version__
from sourcier_core.errors import InvalidQuestionSet, UnusableRun
from sourcier_core.types import Document
from sourcier_eval.question_sets import DOCS, QUESTIONS, QuestionSet, read_questions
from sourcier_eval.rows import Row
from sourcier_eval.summary import RunMetrics, summarise

ROWS = "rows.jsonl"
METRICS = "metrics.json"
SETTINGS = "settings.json"
MANIFEST = "run.json"
REPORT = "report.html"


@dataclass(frozen=True, slots=True)
class AnsweredBy:
    """The calibration of a run."""

    name: str
    sha256: str | None  # of its file; None for the packaged one


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was run. The keys of run.json are these names."""

    set: str  # name of the question set
    directory: str  # where it was
    questions_sha256: str  # QuestionSet.sha256
    documents_sha256: str  # of the names and bytes of the documents that answered
    documents: int  # that answered
    pages: int  # of these
    warnings: tuple[str, ...]  # why some questions could not be answered
    version: str  # of Sourcier
    started_at: str  # ISO 8601, UTC
    calibration: str = "not noted"  # which one answered: its name, and its file unless it is the packaged one
    calibration_sha256: str | None = None  # of that file; None for the packaged one


@dataclass(frozen=True, slots=True)
class Run:
    """A run, read again; its metrics are those that this version computes of its rows."""

    directory: Path
    manifest: Manifest
    question_set: QuestionSet
    rows: tuple[Row, ...]
    settings: Mapping[str, Any]
    metrics: RunMetrics

    @property
    def name(self) -> str:
        """What to call it beside another."""
        return self.directory.resolve().name


def begin_run(
    out: Path,
    question_set: QuestionSet,
    documents: Sequence[Document],
    settings: str,
    answered_by: AnsweredBy,
    warnings: Sequence[str],
) -> None:
    """Write what is run, and remove what an earlier run left.

    Args:
        out: A directory that exists.
        question_set: What is going to be asked; its file is copied.
        documents: Those ingested.
        settings: In force, as JSON.
        answered_by: The calibration.
        warnings: Of documents that do not answer.
    """
    for name in (ROWS, METRICS, REPORT):
        (out / name).unlink(missing_ok=True)
    answering = sorted((d.name, d.version, d.page_count) for d in documents if d.version)
    manifest = Manifest(
        set=question_set.name,
        directory=str(question_set.path.parent.absolute()),
        questions_sha256=question_set.sha256,
        documents_sha256=sha256(json.dumps([pair[:2] for pair in answering]).encode()).hexdigest(),
        documents=len(answering),
        pages=sum(pages for _, _, pages in answering),
        warnings=tuple(warnings),
        version=__version__,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        calibration=answered_by.name,
        calibration_sha256=answered_by.sha256,
    )
    write_json(asdict(manifest), out / MANIFEST)
    (out / SETTINGS).write_text(settings + "\n", encoding="utf-8")
    (out / QUESTIONS).write_bytes(question_set.path.read_bytes())


def read_run(directory: Path) -> Run:
    """Read a run, also one that was broken off: questions without a row count as failures.

    Raises:
        UnusableRun: A file is missing or not what `begin_run` and `run_set` write.
    """
    manifest = _manifest(directory)
    try:
        questions = read_questions(directory / QUESTIONS)
    except InvalidQuestionSet as error:
        raise UnusableRun(directory, str(error).removesuffix(".")) from error
    question_set = QuestionSet(manifest.set, Path(manifest.directory) / DOCS, questions)
    rows = _rows(directory / ROWS)
    try:
        metrics = summarise(question_set, rows)
    except ValueError as error:
        raise UnusableRun(directory / ROWS, str(error)) from error
    settings = read_json(directory / SETTINGS)
    return Run(directory, manifest, question_set, rows, settings, metrics)


def write_json(value: Mapping[str, Any], path: Path) -> None:
    """Write a file of JSON: UTF-8, indented, replaced whole if it exists."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2)
    path.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path, writer: str = "sourcier eval run") -> dict[str, Any]:
    """Read an object.

    Args:
        path: Of the file.
        writer: The command that makes such a file, for the error's remedy.

    Raises:
        UnusableRun: It is missing or no JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        detail = f"it cannot be read ({error.strerror}); `{writer}` writes it"
        raise UnusableRun(path, detail) from error
    except ValueError as error:
        raise UnusableRun(path, f"it is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise UnusableRun(path, "it is not a JSON object")
    return value


def _manifest(directory: Path) -> Manifest:
    if not directory.is_dir():
        raise UnusableRun(directory, "there is no such directory")
    values = read_json(directory / MANIFEST)
    try:
        return Manifest(**values | {"warnings": tuple(values["warnings"])})
    except (TypeError, KeyError) as error:
        raise UnusableRun(directory / MANIFEST, f"its keys are not those of a run ({error})") from error


def _rows(path: Path) -> tuple[Row, ...]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise UnusableRun(path, f"it cannot be read ({error.strerror}); run the set again") from error
    rows = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                rows.append(Row.from_json(json.loads(line)))
            except (ValueError, KeyError, TypeError) as error:
                raise UnusableRun(path, f"line {number} is no row ({error!r})") from error
    return tuple(rows)
