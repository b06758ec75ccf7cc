"""Questions, rows and run directories for tests of the evaluation, as small as they can be."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sourcier_core.types import AnswerStatus, Document, DocumentStatus, MediaType, document_id
from sourcier_eval.question_sets import Evidence, Question, QuestionSet, read_question_set
from sourcier_eval.rows import Row, RowCitation, RowPassage
from sourcier_eval.run_files import ROWS, AnsweredBy, begin_run

GOLD = ("a.pdf", 3)
OTHER = ("b.pdf", 1)
Place = tuple[str, int | None]

PACKAGED = AnsweredBy("the packaged one", None)


def a_question(
    name: str, *, answerable: bool = True, lang: str = "en", kind: str | None = None, **more: Any
) -> Question:
    """Return a question that GOLD answers, if anything."""
    values: dict[str, Any] = {
        "id": name,
        "text": "What is the ceiling?",
        "lang": lang,
        "answerable": answerable,
        "answer": "30 euros" if answerable else None,
        "evidence": (Evidence(*GOLD, text="a ceiling of 30 euros"),) if answerable else (),
        "meta": {"kind": kind} if kind else {},
    }
    return Question(**(values | more))


def a_row(
    name: str,
    *pages: Place,
    cited: Sequence[Place] = (),
    abstained: bool = False,
    confidence: float | None = 0.5,
    **more: Any,
) -> Row:
    """Return a row that retrieved these pages and cites those."""
    values: dict[str, Any] = {
        "id": name,
        "question": "What is the ceiling?",
        "lang": "en",
        "answerable": True,
        "status": AnswerStatus.NO_ANSWER if abstained else AnswerStatus.ANSWERED,
        "answer": "" if abstained else "30 euros",
        "passages": tuple(RowPassage(doc, page, 1.0) for doc, page in pages),
        "citations": tuple(RowCitation(doc, page, "30 euros", True) for doc, page in cited),
        "latency_ms": 10.0,
        "confidence": confidence,
        "reason": "low_support" if abstained else None,
    }
    return Row(**(values | more))


def a_document(name: str, **more: Any) -> Document:
    """Return a PDF of ten pages that answers."""
    values: dict[str, Any] = {
        "id": document_id("eval", name),
        "collection": "eval",
        "name": name,
        "title": name,
        "status": DocumentStatus.READY,
        "reason": None,
        "reason_code": None,
        "version": "0" * 64,
        "media_type": MediaType.PDF,
        "language": "en",
        "page_count": 10,
        "chunk_count": 10,
        "size": 1000,
        "updated_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return Document(**(values | more))


def write_set(folder: Path, *questions: Question) -> QuestionSet:
    """Write a set whose documents are empty files."""
    (folder / "docs").mkdir(parents=True)
    for name in ("a.pdf", "b.pdf"):
        (folder / "docs" / name).touch()
    lines = [json.dumps(_line(question), ensure_ascii=False) for question in questions]
    (folder / "questions.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return read_question_set(folder)


def write_run(
    out: Path, questions: Sequence[Question], rows: Sequence[Row], *, warnings: Sequence[str] = ()
) -> Path:
    """Write what a run of these questions leaves behind, without what it is measured to be."""
    question_set = write_set(out.with_name(f"{out.name} set") / "golden", *questions)
    out.mkdir()
    settings = json.dumps({"answer": {"min_confidence": 0.35}, "embedding": {"model": "small"}})
    begin_run(out, question_set, [a_document("a.pdf"), a_document("b.pdf")], settings, PACKAGED, warnings)
    write_rows(out, rows)
    return out


def write_rows(out: Path, rows: Sequence[Row]) -> None:
    """Write the rows of a run."""
    lines = [json.dumps(row.to_json(), ensure_ascii=False) + "\n" for row in rows]
    (out / ROWS).write_text("".join(lines), encoding="utf-8")


def _line(question: Question) -> Mapping[str, Any]:
    values = asdict(question)
    values["question"] = values.pop("text")
    return values
