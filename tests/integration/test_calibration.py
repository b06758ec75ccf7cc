"""`sourcier calibrate` and `sourcier eval run --calibration` on a small set, the real model and index."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pdfs import Line, Title, write_pdf
from typer.testing import CliRunner, Result

from sourcier_core.command import build
from sourcier_core.errors import InvalidCalibration, TooFewQuestions
from sourcier_eval.question_sets import read_question_set
from sourcier_eval.run_files import read_run
from sourcier_service.calibration import Calibration
from sourcier_service.calibration_files import calibration_files
from sourcier_service.signals import PRIORS, SIGNALS

# Of each service: what it lends, for how many days, at what price in euros, and who signs for it.
SERVICES = {
    "library": ("an atlas", 21, 2, "archivist"),
    "garage": ("a bicycle", 4, 15, "mechanic"),
    "workshop": ("a ladder", 9, 6, "foreman"),
    "studio": ("a microphone", 3, 18, "producer"),
    "laboratory": ("a microscope", 5, 40, "chemist"),
    "kitchen": ("a thermos flask", 2, 1, "steward"),
    "greenhouse": ("a watering can", 12, 3, "gardener"),
    "gymnasium": ("a stopwatch", 8, 5, "coach"),
    "print room": ("a binding machine", 6, 11, "typesetter"),
}
UNKNOWN = ("canoe", "telescope", "tent", "parachute", "piano", "drone", "kayak", "violin")
DOCUMENTS = 3  # of three pages each


@pytest.fixture(scope="module")
def question_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calibration") / "lending"
    (folder / "docs").mkdir(parents=True)
    questions: list[dict[str, Any]] = []
    names = list(SERVICES)
    for number in range(DOCUMENTS):
        own = names[number::DOCUMENTS]
        write_pdf(folder / "docs" / f"part-{number}.pdf", *map(_page, own), title=f"Part {number}")
        for page, name in enumerate(own, 1):
            questions += _questions(name, f"part-{number}.pdf", page)
    for thing in UNKNOWN:
        questions.append(_question(f"none-{thing}", f"Which ministry taxes a {thing}?", None, []))
    lines = [json.dumps(question) for question in questions]
    (folder / "questions.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def calibrated(question_set: Path, exports: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a calibration `ours.json` and what was shown of it, `shown.txt`."""
    folder = tmp_path_factory.mktemp("calibrated")
    result = _run(
        folder, exports, "calibrate", "--set", question_set, "--out", folder / "ours.json", "--risk", 0.2
    )
    assert result.exception is None
    (folder / "shown.txt").write_text(result.output, encoding="utf-8")
    return folder


def test_a_calibration_is_made_from_a_sets_questions(calibrated: Path, question_set: Path) -> None:
    made = Calibration.read(calibrated / "ours.json")

    assert made.fitted_on == {"lending": read_question_set(question_set).sha256}
    assert (made.name, made.risk) == ("lending", 0.2)
    assert made.fingerprint is not None
    assert set(made.ranking) <= {*SIGNALS, *PRIORS}
    assert len(made.outcomes) == 4 * len(SERVICES) + len(UNKNOWN)
    assert sum(not outcome.answerable for outcome in made.outcomes) == len(UNKNOWN)
    right = [outcome.confidence for outcome in made.outcomes if not outcome.wrong]
    wrong = [outcome.confidence for outcome in made.outcomes if outcome.wrong]
    assert sum(right) / len(right) > sum(wrong) / len(wrong)


def test_what_it_gains_and_risks_is_shown(calibrated: Path) -> None:
    shown = (calibrated / "shown.txt").read_text(encoding="utf-8")

    for part in ("On questions not fitted on", "page.hit@1", "at most 20% stated", "Written: "):
        assert part in shown
    assert (calibrated / "ours.json.work" / "lending").is_dir()  # the documents, for the next time


def test_a_run_answers_with_the_calibration_that_it_is_given(
    calibrated: Path, question_set: Path, exports: Path, tmp_path: Path
) -> None:
    chosen = calibrated / "ours.json"
    made = Calibration.read(chosen)

    with_it = _run(
        tmp_path,
        exports,
        "eval",
        "run",
        "--set",
        question_set,
        "--out",
        tmp_path / "b",
        "--calibration",
        chosen,
    )
    without = _run(tmp_path, exports, "eval", "run", "--set", question_set, "--out", tmp_path / "a")

    assert (with_it.exception, without.exception) == (None, None)
    assert json.loads((tmp_path / "b" / "settings.json").read_text())["answer"]["calibration"] == str(chosen)
    ours, packaged = read_run(tmp_path / "b").rows, read_run(tmp_path / "a").rows
    assert [row.id for row in ours] == [row.id for row in packaged]
    assert [row.confidence for row in ours] != [row.confidence for row in packaged]
    threshold = made.thresholds()["all"].confidence
    for row in ours:
        assert row.confidence is not None
        assert (row.status.value == "answered") == (row.confidence >= threshold)


def test_a_run_says_which_calibration_answered_and_that_it_knew_the_questions(
    calibrated: Path, question_set: Path, exports: Path, tmp_path: Path
) -> None:
    result = _run(
        tmp_path,
        exports,
        *("eval", "run", "--set", question_set, "--out", tmp_path / "a"),
        *("--calibration", calibrated / "ours.json"),
    )

    assert result.exception is None
    manifest = read_run(tmp_path / "a").manifest
    assert manifest.calibration == f"lending ({calibrated / 'ours.json'})"
    assert manifest.calibration_sha256 == sha256((calibrated / "ours.json").read_bytes()).hexdigest()
    assert ["fitted on these very questions" in warning for warning in manifest.warnings] == [True]
    assert "fitted on these very questions" in (tmp_path / "a" / "report.html").read_text(encoding="utf-8")


def test_a_run_answers_as_the_home_does(
    calibrated: Path, question_set: Path, exports: Path, tmp_path: Path
) -> None:
    calibration_files(tmp_path / "unused").use(calibrated / "ours.json", None)

    ways = {"people": (), "packaged": ("--calibration", "packaged")}
    for name, options in ways.items():
        result = _run(
            tmp_path, exports, *("eval", "run", "--set", question_set, "--out", tmp_path / name), *options
        )
        assert result.exception is None

    assert read_run(tmp_path / "people").manifest.calibration.startswith("lending (")
    assert read_run(tmp_path / "packaged").manifest.calibration == "the packaged one"
    people, packaged = (read_run(tmp_path / name).rows for name in ways)
    assert [row.confidence for row in people] != [row.confidence for row in packaged]


def test_one_made_for_another_index_stops_a_run_that_names_it(
    calibrated: Path, question_set: Path, exports: Path, tmp_path: Path
) -> None:
    values = json.loads((calibrated / "ours.json").read_text(encoding="utf-8"))
    (tmp_path / "other.json").write_text(json.dumps(values | {"fingerprint": "another"}), encoding="utf-8")

    result = _run(
        tmp_path,
        exports,
        *("eval", "run", "--set", question_set, "--out", tmp_path / "a"),
        *("--calibration", tmp_path / "other.json"),
    )

    assert isinstance(result.exception, InvalidCalibration)
    assert "made for another index (another; this one is " in str(result.exception)
    assert not (tmp_path / "a" / "rows.jsonl").exists()


def test_a_file_that_is_no_calibration_stops_a_run(question_set: Path, exports: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{}", encoding="utf-8")

    result = _run(
        tmp_path,
        exports,
        *("eval", "run", "--set", question_set, "--out", tmp_path / "a"),
        *("--calibration", tmp_path / "broken.json"),
    )

    assert isinstance(result.exception, InvalidCalibration)
    assert str(tmp_path / "broken.json") in str(result.exception)


def test_too_small_a_set_is_refused_and_nothing_written(
    question_set: Path, exports: Path, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    (small / "docs").symlink_to(question_set / "docs")
    lines = (question_set / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    (small / "questions.jsonl").write_text("\n".join(lines[:10]), encoding="utf-8")

    result = _run(tmp_path, exports, "calibrate", "--set", small, "--out", tmp_path / "ours.json")

    assert isinstance(result.exception, TooFewQuestions)
    assert "answerable questions with evidence: 10; needed at least: 30, so 20 more" in str(result.exception)
    assert not (tmp_path / "ours.json.work").exists()  # said before any document was read
    assert not (tmp_path / "ours.json").exists()


def _page(name: str) -> list[Line]:
    thing, days, price, who = SERVICES[name]
    return [
        Title(f"The {name}"),
        f"The {name} lends {thing} to every member of the staff.",
        f"What the {name} has lent is brought back within {days} days.",
        f"A loan of the {name} costs {price} euros, paid in advance.",
        f"The {who} signs each loan of the {name}.",
    ]


def _questions(name: str, document: str, page: int) -> list[dict[str, Any]]:
    thing, days, price, who = SERVICES[name]
    gold = [{"doc": document, "page": page}]
    return [
        _question(f"{name}-1", f"Where can I borrow {thing}?", f"at the {name}", gold),
        _question(f"{name}-2", f"When must a loan of the {name} be brought back?", f"{days} days", gold),
        _question(f"{name}-3", f"How much does a loan of the {name} cost?", f"{price} euros", gold),
        _question(f"{name}-4", f"Whose signature does the {name} need?", f"the {who}", gold),
    ]


def _question(name: str, text: str, answer: str | None, gold: list[dict[str, Any]]) -> dict[str, Any]:
    answerable = answer is not None
    return {
        "id": name,
        "question": text,
        "lang": "en",
        "answer": answer,
        "answerable": answerable,
        "evidence": gold,
    }


def _run(home: Path, exports: Path, *arguments: object) -> Result:
    return CliRunner().invoke(
        build(),
        ["--home", str(home / "unused"), *map(str, arguments)],
        env={"SOURCIER_EMBEDDING__EXPORTS": str(exports), "COLUMNS": "120"},
    )
