"""A small set measured on the real model and index: every file that a run leaves, and the runs made of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from pdfs import Title, new_pdf, write_pdf

from sourcier_core.errors import InvalidQuestionSet
from sourcier_core.settings import Settings, load_settings
from sourcier_eval.experiment import run_both
from sourcier_eval.run_files import read_run
from sourcier_eval.runs import run_set

MILEAGE = "What is the mileage rate above 5,000 km?"
REFUND = "Dans quel délai déposer une demande de remboursement ?"
QUESTIONS: list[dict[str, Any]] = [
    {
        "id": "en-1",
        "question": MILEAGE,
        "lang": "en",
        "answer": "0.42 euro",
        "answerable": True,
        "evidence": [{"doc": "guide.pdf", "page": 2}],
    },
    {
        "id": "fr-1",
        "question": REFUND,
        "lang": "fr",
        "answer": "45 jours",
        "answerable": True,
        "evidence": [{"doc": "recueil.md", "page": None}],
        "meta": {"kind": "direct"},
    },
    {
        "id": "en-2",
        "question": "Who won the football world cup in Argentina?",
        "lang": "en",
        "answer": None,
        "answerable": False,
        "evidence": [],
    },
    {
        "id": "fr-2",
        "question": "?",
        "lang": "fr",
        "answer": "",
        "answerable": True,
        "evidence": [{"doc": "recueil.md", "page": None}],
    },
]


@pytest.fixture
def question_set(tmp_path: Path) -> Path:
    docs = tmp_path / "set" / "docs"
    docs.mkdir(parents=True)
    write_pdf(
        docs / "guide.pdf",
        [Title("1 Travel"), "Every mission needs a signed order before the departure of the agent."],
        [Title("2 Claims"), "The mileage rate above 5,000 km is 0.42 euro per kilometre."],
        title="Field guide",
    )
    text = (
        "# Frais\n\nLa demande de remboursement est déposée dans les 45 jours suivant le retour de mission.\n"
    )
    (docs / "recueil.md").write_text(text, encoding="utf-8")
    _write(tmp_path / "set", QUESTIONS)
    return tmp_path / "set"


@pytest.fixture
def settings(exports: Path, tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path / "unused", overrides={"embedding": {"exports": exports}})


def test_a_run_leaves_rows_metrics_and_a_report_and_is_read_again(
    question_set: Path, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"

    metrics = run_set(question_set, out, settings)

    run = read_run(out)
    assert metrics == run.metrics == json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert [row.id for row in run.rows] == ["en-1", "fr-1", "en-2", "fr-2"]
    assert metrics["overall"]["page"]["hit@1"] == pytest.approx(2 / 3)  # what has no word finds nothing
    assert metrics["overall"]["citations"]["verified"] == 1.0
    assert metrics["by_language"]["en"]["risk"]["unsupported"] == 0.0
    answered, _, declined, empty = run.rows
    assert answered.confidence is not None
    assert declined.confidence is not None
    assert answered.confidence > declined.confidence
    assert (answered.reason, declined.reason) == (None, "low_support")
    assert (empty.confidence, empty.reason) == (0.0, "no_words")
    assert (run.manifest.documents, run.manifest.pages, run.manifest.warnings) == (2, 3, ())
    assert "0.42 euro" in (out / "rows.jsonl").read_text(encoding="utf-8")
    assert (out / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    shown = capsys.readouterr().out
    assert "4 questions, 3 answerable, 1 unanswerable" in shown
    assert str(out / "report.html") in shown
    assert not (tmp_path / "unused").exists()


def test_pages_that_a_document_has_not_are_listed_and_nothing_is_asked(
    question_set: Path, settings: Settings, tmp_path: Path
) -> None:
    beyond = [
        QUESTIONS[0] | {"id": "a", "evidence": [{"doc": "guide.pdf", "page": 3}]},
        QUESTIONS[0] | {"id": "b", "evidence": [{"doc": "recueil.md", "page": 1}]},
    ]
    _write(question_set, [*QUESTIONS, *beyond])

    with pytest.raises(InvalidQuestionSet) as caught:
        run_set(question_set, tmp_path / "out", settings)

    assert str(caught.value).split("\n")[1:] == [
        f"  {question_set / 'questions.jsonl'}:5: 'guide.pdf' has 2 page(s), the evidence names page 3",
        f"  {question_set / 'questions.jsonl'}:6: 'recueil.md' has no pages, the evidence names page 1; "
        "write null.",
    ]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["home"]


def test_a_document_that_is_refused_is_a_warning_and_one_that_left_is_forgotten(
    question_set: Path, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_set(question_set, tmp_path / "out", settings)
    (question_set / "docs" / "recueil.md").unlink()
    with new_pdf(question_set / "docs" / "locked.pdf", encrypt="secret") as canvas:
        canvas.drawString(100, 700, "La demande est déposée dans les 45 jours.")
    locked = {"evidence": [{"doc": "locked.pdf", "page": 1}]}
    _write(question_set, [QUESTIONS[0], QUESTIONS[1] | locked])

    metrics = run_set(question_set, tmp_path / "out", settings)

    run = read_run(tmp_path / "out")
    (warning,) = run.manifest.warnings
    assert warning.startswith(
        "'locked.pdf' does not answer, and 1 question needs it: 'locked.pdf' is encrypted"
    )
    assert f"warning: {warning}" in capsys.readouterr().err
    assert metrics["overall"]["page"]["hit@10"] == 0.5
    assert {passage.doc for row in run.rows for passage in row.passages} == {"guide.pdf"}


def test_an_index_of_other_settings_is_left_as_it_is_and_another_made(
    question_set: Path, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shorter = settings.model_copy(update={"chunking": settings.chunking.model_copy(update={"tokens": 100})})
    before = run_set(question_set, tmp_path / "out", settings)

    run_set(question_set, tmp_path / "out", shorter)
    again = run_set(question_set, tmp_path / "out", settings)

    assert sorted(path.name for path in (tmp_path / "out").glob("home*")) == ["home", "home-2"]
    assert again["overall"]["page"] == before["overall"]["page"]
    assert "was made with other settings; it is left as it is" in capsys.readouterr().err


def test_two_settings_that_ingest_alike_share_what_they_ingest(
    question_set: Path, settings: Settings, tmp_path: Path
) -> None:
    silent = settings.model_copy(
        update={"answer": settings.answer.model_copy(update={"min_confidence": 1.0})}
    )

    comparison = run_both(question_set, settings, silent, tmp_path / "out")

    assert (comparison.base, comparison.other) == ("a", "b")
    assert [change.other for change in comparison.answers_lost] == ["no answer", "no answer"]
    assert comparison.pages_lost == ()
    assert len(list((tmp_path / "out").glob("home-*"))) == 1


def test_two_settings_that_ingest_differently_have_a_home_each(
    question_set: Path, settings: Settings, tmp_path: Path
) -> None:
    shorter = settings.model_copy(update={"chunking": settings.chunking.model_copy(update={"tokens": 100})})

    comparison = run_both(question_set, settings, shorter, tmp_path / "out")

    assert comparison.overall.questions == 4
    assert len(list((tmp_path / "out").glob("home-*"))) == 2


def _write(folder: Path, questions: list[dict[str, Any]]) -> None:
    lines = [json.dumps(question, ensure_ascii=False) for question in questions]
    (folder / "questions.jsonl").write_text("\n".join(lines), encoding="utf-8")
