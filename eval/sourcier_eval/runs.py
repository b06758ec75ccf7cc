"""A question set -> one row per question, through the same read path that people use, without HTTP."""

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.progress import track

from sourcier_core.errors import RequestError, StorageFull
from sourcier_core.settings import IndexSettings, Settings
from sourcier_core.types import Answer, AnswerStatus
from sourcier_eval.question_sets import Question, QuestionSet, read_question_set
from sourcier_eval.report import render_metrics, write_metrics
from sourcier_eval.rows import Row, RowCitation, RowPassage
from sourcier_eval.summary import RunMetrics, summarise
from sourcier_ingestion.batch import HomeTarget, find_files, ingest_files
from sourcier_service.access import OPERATOR
from sourcier_service.wiring import Services, open_services

COLLECTION = "eval"


def run_set(directory: Path, out: Path, settings: Settings) -> RunMetrics:
    """Measure a set and write `rows.jsonl`, `metrics.json` and `settings.json`.

    The documents go into a home of the run's own, `out/home`, where they stay: a second run asks at once.

    Args:
        directory: Holds `questions.jsonl` and `docs/`.
        out: Made where there is none.
        settings: Of reading, retrieval and answers; their home and index are not used.

    Raises:
        InvalidQuestionSet: The set cannot be read.
        DependencyError: Something outside failed.
    """
    question_set = read_question_set(directory)
    own = _settings_of_run(settings, out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "settings.json").write_text(own.model_dump_json(indent=2) + "\n", encoding="utf-8")
        with HomeTarget(own) as target:
            ingest_files(find_files([question_set.docs]), COLLECTION, target)
        with closing(open_services(own, owner="sourcier eval")) as services:
            rows = _write_rows(
                ask_all(question_set, services), len(question_set.questions), out / "rows.jsonl"
            )
        metrics = summarise(question_set, rows)
        write_metrics(metrics, out / "metrics.json")
    except OSError as error:
        raise StorageFull(str(out)) from error
    Console().print(render_metrics(metrics))
    return metrics


def ask_all(question_set: QuestionSet, services: Services) -> Iterator[Row]:
    """Ask each question, in the order of the set."""
    scope = services.access.scope(OPERATOR)
    for question in question_set.questions:
        start = time.perf_counter()
        try:
            answer = services.answering.answer(question.text, scope)
        except RequestError:
            answer = None  # a question that cannot be asked has no answer
        yield to_row(question, answer, (time.perf_counter() - start) * 1000)


def to_row(question: Question, answer: Answer | None, latency_ms: float) -> Row:
    """Return what is kept of an answer."""
    return Row(
        id=question.id,
        question=question.text,
        lang=question.lang,
        answerable=question.answerable,
        status=answer.status if answer else AnswerStatus.NO_ANSWER,
        answer=answer.text if answer else "",
        passages=tuple(RowPassage(p.document.name, p.page, p.score) for p in answer.passages)
        if answer
        else (),
        citations=tuple(RowCitation(c.document.name, c.page, c.quote, c.verified) for c in answer.citations)
        if answer
        else (),
        latency_ms=round(latency_ms, 2),
    )


def _settings_of_run(settings: Settings, out: Path) -> Settings:
    # Always the embedded index: on a shared server the run's collection could be the live one.
    embedding = settings.embedding.model_copy(update={"exports": settings.exports})
    home = (out / "home").absolute()
    return settings.model_copy(update={"home": home, "index": IndexSettings(), "embedding": embedding})


def _write_rows(rows: Iterable[Row], count: int, path: Path) -> list[Row]:
    kept: list[Row] = []
    console = Console(stderr=True)
    with path.open("w", encoding="utf-8") as file:
        for row in track(rows, description="asking", total=count, console=console, transient=True):
            file.write(json.dumps(row.to_json(), ensure_ascii=False) + "\n")
            kept.append(row)
    return kept
