"""A question set -> one row per question, through the same read path that people use, without HTTP."""

import json
import time
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from rich.console import Console
from rich.progress import track

from sourcier_core.errors import RequestError, StorageFull
from sourcier_core.settings import Settings
from sourcier_core.types import Answer, AnswerStatus
from sourcier_eval.html_report import render_report
from sourcier_eval.question_sets import Question, QuestionSet
from sourcier_eval.report import render_metrics
from sourcier_eval.rows import Row, RowCitation, RowPassage
from sourcier_eval.run_files import METRICS, REPORT, ROWS, AnsweredBy, begin_run, read_run, write_json
from sourcier_eval.set_homes import OpenSet, open_set
from sourcier_eval.summary import RunMetrics
from sourcier_eval.terminal import SummaryConsole
from sourcier_service.access import OPERATOR
from sourcier_service.calibration import DEFAULT, default_calibration
from sourcier_service.calibration_files import calibration_files, read_fitting
from sourcier_service.wiring import Services

COLLECTION = "eval"


def run_set(directory: Path, out: Path, settings: Settings, *, home: Path | None = None) -> RunMetrics:
    """Measure a set; write rows, metrics, settings, the report, and what `run_files.read_run` needs.

    What people get is measured: the calibration is that of the settings, else the one in use in their home,
    else the packaged one.

    The documents go into a home of the run's own, where they stay: a second run asks at once. Where its index
    was made with other settings, or by a version that makes other ones, another home is made beside it.

    Args:
        directory: Holds `questions.jsonl` and `docs/`.
        out: Made where there is none.
        settings: Of reading, retrieval and answers; their home and index are not used.
        home: Of the run; default `out/home`.

    Raises:
        InvalidQuestionSet: The set has faults; all are listed, and no question is asked.
        InvalidCalibration: The one that the settings name cannot be read, or was made for another index.
        DependencyError: Something outside failed.
    """
    in_use = settings.answer.calibration or calibration_files(settings.home).in_use()
    try:
        with open_set(directory, _answering_with(settings, in_use), home or out / "home") as opened:
            out.mkdir(parents=True, exist_ok=True)
            services = opened.services
            if settings.answer.calibration is not None:  # asked for: to fall back on another would mislead
                read_fitting(settings.answer.calibration, services.stores.fingerprint)
            warnings = [*opened.warnings, *_warnings(in_use, opened)]
            settings_json = services.settings.model_dump_json(indent=2)
            answered_by = _answered_by(in_use, services)
            begin_run(out, opened.questions, opened.documents, settings_json, answered_by, warnings)
            _write_rows(ask_all(opened.questions, services), len(opened.questions.questions), out / ROWS)
        run = read_run(out)
        write_json(run.metrics, out / METRICS)
        (out / REPORT).write_text(render_report(run), encoding="utf-8")
    except OSError as error:
        raise StorageFull(str(out)) from error
    console = SummaryConsole()
    console.print(render_metrics(run.metrics))
    console.print(f"Report: {out / REPORT}", markup=False, soft_wrap=True)
    return run.metrics


def ask_all(question_set: QuestionSet, services: Services, *, with_boxes: bool = True) -> Iterator[Row]:
    """Ask each question, in the order of the set.

    Args:
        question_set: What to ask.
        services: Of the home that is asked.
        with_boxes: Also read each quote again on its page; without, it is verified in the stored text alone.
    """
    scope = services.access.scope(OPERATOR)
    for question in question_set.questions:
        start = time.perf_counter()
        answer: Answer | RequestError
        try:
            answer = services.answering.answer(question.text, scope, with_boxes=with_boxes)
        except RequestError as error:
            answer = error  # a question that cannot be asked has no answer
        yield to_row(question, answer, (time.perf_counter() - start) * 1000)


def to_row(question: Question, answer: Answer | RequestError, latency_ms: float) -> Row:
    """Return what is kept of an answer, or of why the question could not be asked."""
    if isinstance(answer, RequestError):
        return Row(
            id=question.id,
            question=question.text,
            lang=question.lang,
            answerable=question.answerable,
            status=AnswerStatus.NO_ANSWER,
            answer="",
            passages=(),
            citations=(),
            latency_ms=round(latency_ms, 2),
            confidence=0.0,
            reason=answer.code,
        )
    return Row(
        id=question.id,
        question=question.text,
        lang=question.lang,
        answerable=question.answerable,
        status=answer.status,
        answer=answer.text,
        passages=tuple(RowPassage(p.document.name, p.page, p.score) for p in answer.passages),
        citations=tuple(RowCitation(c.document.name, c.page, c.quote, c.verified) for c in answer.citations),
        latency_ms=round(latency_ms, 2),
        confidence=answer.confidence,
        reason=answer.reason,
    )


def _answering_with(settings: Settings, calibration: Path | None) -> Settings:
    answer = settings.answer.model_copy(update={"calibration": calibration})
    return settings.model_copy(update={"answer": answer})


def _answered_by(in_use: Path | None, services: Services) -> AnsweredBy:
    used = services.calibration
    if in_use in (None, DEFAULT) or used is default_calibration():
        return AnsweredBy("the packaged one", None)
    return AnsweredBy(f"{used.name} ({in_use})", sha256(in_use.read_bytes()).hexdigest())


def _warnings(in_use: Path | None, opened: OpenSet) -> list[str]:
    """Say where the figures are not what they seem."""
    used = opened.services.calibration
    found = []
    if in_use is not None and used is default_calibration():
        found.append(f"{in_use} was made for another index: the packaged calibration answered")
    if opened.questions.sha256 in used.fitted_on.values():
        found.append(
            "the calibration was fitted on these very questions: the figures are optimistic; what it gains "
            "on questions not fitted on is what `sourcier calibrate` prints"
        )
    return found


def _write_rows(rows: Iterable[Row], count: int, path: Path) -> None:
    console = Console(stderr=True)
    with path.open("w", encoding="utf-8") as file:
        for row in track(rows, description="asking", total=count, console=console, transient=True):
            file.write(json.dumps(row.to_json(), ensure_ascii=False) + "\n")
