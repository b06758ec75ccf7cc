import json
from datetime import datetime
from pathlib import Path

import pytest
from eval_runs import GOLD, a_document, a_question, a_row, write_rows, write_run, write_set

from sourcier_core import __version__
from sourcier_core.errors import UnusableRun
from sourcier_core.types import DocumentStatus
from sourcier_eval.run_files import METRICS, REPORT, AnsweredBy, begin_run, read_run

QUESTIONS = [a_question("q-1"), a_question("q-2", lang="fr")]
ROWS = [a_row("q-1", GOLD, cited=[GOLD]), a_row("q-2", GOLD)]


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path / "run", QUESTIONS, ROWS, warnings=["one was refused"]))

    assert run.name == "run"
    assert run.question_set.questions == tuple(QUESTIONS)
    assert run.rows == tuple(ROWS)
    assert run.settings["answer"] == {"min_confidence": 0.35}
    assert run.metrics["overall"]["page"]["hit@1"] == 1.0
    assert (run.manifest.set, run.manifest.version) == ("golden", __version__)
    assert (run.manifest.documents, run.manifest.pages) == (2, 20)
    assert run.manifest.warnings == ("one was refused",)
    assert datetime.fromisoformat(run.manifest.started_at).tzinfo is not None


def test_a_run_is_read_where_its_set_is_gone(tmp_path: Path) -> None:
    out = write_run(tmp_path / "run", QUESTIONS, ROWS)
    (tmp_path / "run set" / "golden" / "questions.jsonl").unlink()

    assert len(read_run(out).question_set.questions) == 2


def test_a_run_that_was_broken_off_counts_what_it_has_no_row_for(tmp_path: Path) -> None:
    run = read_run(write_run(tmp_path / "run", QUESTIONS, ROWS[:1]))

    assert run.metrics["overall"]["missing"] == 1


def test_a_second_run_leaves_nothing_of_the_first(tmp_path: Path) -> None:
    out = write_run(tmp_path / "run", QUESTIONS, ROWS)
    for name in (METRICS, REPORT):
        (out / name).touch()

    begin_run(out, write_set(tmp_path / "golden", *QUESTIONS), [], "{}", AnsweredBy("ours", "0f"), [])

    assert sorted(path.name for path in out.iterdir()) == ["questions.jsonl", "run.json", "settings.json"]


def test_documents_are_told_apart_by_their_names_and_bytes(tmp_path: Path) -> None:
    question_set = write_set(tmp_path / "golden", *QUESTIONS)
    first, second = a_document("a.pdf"), a_document("b.pdf")
    refused = a_document("c.pdf", status=DocumentStatus.REFUSED, version=None)

    def told(*documents: object) -> str:
        out = tmp_path / "run"
        out.mkdir(exist_ok=True)
        begin_run(out, question_set, documents, "{}", AnsweredBy("ours", "0f"), [])  # type: ignore[arg-type]
        return str(json.loads((out / "run.json").read_text(encoding="utf-8"))["documents_sha256"])

    assert told(first, second) == told(second, first, refused)
    assert told(first, second) != told(first)
    assert told(first, second) != told(first, a_document("b.pdf", version="1" * 64))


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        ("run.json", None, "run.json' cannot be used: it cannot be read (No such file or directory)"),
        ("run.json", "{}", "its keys are not those of a run"),
        ("run.json", '{"warnings": []}', "its keys are not those of a run"),
        ("run.json", "[1]", "it is not a JSON object"),
        ("settings.json", "?", "settings.json' cannot be used: it is not JSON"),
        ("questions.jsonl", None, "questions.jsonl cannot be read (No such file or directory)"),
        ("rows.jsonl", None, "rows.jsonl' cannot be used: it cannot be read"),
        ("rows.jsonl", '{"id": "q-1"', "line 1 is no row"),
        ("rows.jsonl", '\n{"id": "q-1"}', "line 2 is no row (KeyError('question'))"),
    ],
)
def test_what_is_no_run_is_refused_by_file_and_cause(
    tmp_path: Path, name: str, content: str | None, cause: str
) -> None:
    out = write_run(tmp_path / "run", QUESTIONS, ROWS)
    if content is None:
        (out / name).unlink()
    else:
        (out / name).write_text(content, encoding="utf-8")

    with pytest.raises(UnusableRun) as caught:
        read_run(out)

    assert cause in str(caught.value)


def test_rows_of_other_questions_are_refused(tmp_path: Path) -> None:
    out = write_run(tmp_path / "run", QUESTIONS, ROWS)
    write_rows(out, [a_row("q-9")])

    with pytest.raises(UnusableRun, match="'q-9' belongs to no question of 'golden'"):
        read_run(out)


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnusableRun, match="there is no such directory"):
        read_run(tmp_path / "gone")
