import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer
from eval_runs import GOLD, OTHER, a_question, a_row, write_run
from typer.testing import CliRunner, Result

from sourcier_core.errors import InvalidQuestionSet, InvalidSettings, TooFewQuestions, UnusableRun
from sourcier_eval.cli import register
from sourcier_eval.rows import Row

QUESTIONS = [a_question("q-1"), a_question("q-2", lang="fr"), a_question("q-3", answerable=False)]
ROWS = [
    a_row("q-1", GOLD, cited=[GOLD]),
    a_row("q-2", OTHER, GOLD, cited=[OTHER]),
    a_row("q-3", OTHER, abstained=True),
]
WORSE = [a_row("q-1", OTHER, cited=[OTHER]), *ROWS[1:]]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return _written(tmp_path / "base", ROWS)


@pytest.fixture
def worse(tmp_path: Path) -> Path:
    return _written(tmp_path / "worse", WORSE)


def test_report_is_written_into_the_run_unless_told_where(tmp_path: Path, base: Path) -> None:
    inside, elsewhere = _run("report", base), _run("report", base, "--out", tmp_path / "elsewhere.html")

    assert (inside.exit_code, elsewhere.exit_code) == (0, 0)
    assert inside.output.strip() == str(base / "report.html")
    assert (base / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (tmp_path / "elsewhere.html").is_file()


def test_compare_shows_both_runs_and_succeeds_whoever_wins(base: Path, worse: Path) -> None:
    result = _run("compare", base, worse)

    assert result.exit_code == 0
    assert "golden, 3 questions: base -> worse" in result.output
    assert "Pages lost: no longer among the first 5 (1)" in result.output


def test_compare_writes_all_of_it_where_told(tmp_path: Path, base: Path, worse: Path) -> None:
    _run("compare", base, worse, "--out", tmp_path / "comparison.json")

    comparison = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    assert [change["id"] for change in comparison["pages_lost"]] == ["q-1"]


def test_check_passes_a_run_on_its_own_baseline(tmp_path: Path, base: Path) -> None:
    written = _run("baseline", base, "--out", tmp_path / "baseline.json")
    checked = _run("check", base, "--baseline", tmp_path / "baseline.json")

    assert (written.exit_code, checked.exit_code) == (0, 0)
    assert "of 'golden' are within 0.02 of the baseline, or better" in checked.output


def test_check_fails_where_a_metric_fell_and_says_which_and_by_how_much(
    tmp_path: Path, base: Path, worse: Path
) -> None:
    _run("baseline", base, "--out", tmp_path / "baseline.json")

    strict = _run("check", worse, "--baseline", tmp_path / "baseline.json")
    lenient = _run("check", worse, "--baseline", tmp_path / "baseline.json", "--tolerance", "1")

    # hit@1 was 1 of 2 and is 0.
    assert strict.exit_code == 1
    assert "page.hit@1 fell by 0.500: 0.500 -> 0.000, allowed 0.480" in strict.output
    assert lenient.exit_code == 0


def test_check_tells_where_the_documents_are_others(tmp_path: Path, base: Path) -> None:
    path = tmp_path / "baseline.json"
    _run("baseline", base, "--out", path)
    held = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(held | {"documents_sha256": "0" * 64}), encoding="utf-8")

    result = _run("check", base, "--baseline", path)

    assert result.exit_code == 0
    assert "note: the documents are not byte for byte those of the baseline" in result.output


@pytest.mark.parametrize("command", ["report", "compare", "check", "baseline"])
def test_what_is_no_run_is_refused(tmp_path: Path, base: Path, command: str) -> None:
    more: dict[str, Sequence[str | Path]] = {
        "compare": [base],
        "check": ["--baseline", tmp_path / "baseline.json"],
        "baseline": ["--out", tmp_path / "baseline.json"],
    }

    result = _run(command, tmp_path / "gone", *more.get(command, []))

    assert isinstance(result.exception, UnusableRun)


def test_a_tolerance_below_zero_is_misuse(tmp_path: Path, base: Path) -> None:
    assert _run("check", base, "--baseline", tmp_path, "--tolerance", "-1").exit_code == 2


def test_a_set_with_faults_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "set" / "docs").mkdir(parents=True)
    (tmp_path / "set" / "questions.jsonl").write_text("1\n2\n", encoding="utf-8")

    result = _run("run", "--set", tmp_path / "set", "--out", tmp_path / "out")

    assert isinstance(result.exception, InvalidQuestionSet)
    assert str(result.exception).count("it is not a JSON object") == 2
    assert not (tmp_path / "out").exists()


def test_a_calibration_that_is_not_there_is_misuse(tmp_path: Path) -> None:
    result = _run("run", "--set", tmp_path, "--out", tmp_path / "out", "--calibration", tmp_path / "gone")

    assert result.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_a_comparison_is_written_as_json_and_under_no_other_name(
    tmp_path: Path, base: Path, worse: Path
) -> None:
    result = _run("compare", base, worse, "--out", tmp_path / "comparison.html")

    assert result.exit_code == 2
    assert ".json" in result.output
    assert not (tmp_path / "comparison.html").exists()


@pytest.mark.parametrize(("risk", "hint"), [("5", "5 % is 0.05"), ("0", "0.001 to 0.999")])
def test_a_risk_that_is_no_share_is_misuse_and_says_what_was_meant(
    tmp_path: Path, risk: str, hint: str
) -> None:
    result = _calibration("calibrate", "--set", tmp_path, "--out", tmp_path / "ours.json", "--risk", risk)

    assert result.exit_code == 2
    assert hint in " ".join(result.output.replace("│", " ").split())


def test_undoing_where_nothing_was_put_to_use_fails_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCIER_HOME", str(tmp_path / "home"))

    result = _calibration("calibration", "undo")

    assert result.exit_code == 1
    assert "nothing to undo" in result.output


def test_a_set_too_small_to_calibrate_with_is_refused_before_documents_are_read(tmp_path: Path) -> None:
    (tmp_path / "set" / "docs").mkdir(parents=True)
    (tmp_path / "set" / "docs" / "a.md").write_text("# A\n", encoding="utf-8")
    question = {"id": "1", "question": "Why?", "lang": "en", "answerable": True, "answer": "so"}
    row = question | {"evidence": [{"doc": "a.md", "page": None}]}
    (tmp_path / "set" / "questions.jsonl").write_text(json.dumps(row), encoding="utf-8")

    result = _calibration("calibrate", "--set", tmp_path / "set", "--out", tmp_path / "ours.json")

    assert isinstance(result.exception, TooFewQuestions)
    assert "answerable questions with evidence: 1; needed at least: 30, so 29 more" in str(result.exception)
    assert not (tmp_path / "ours.json.work").exists()


def test_a_reader_that_stops_reading_does_no_harm(base: Path, worse: Path, tmp_path: Path) -> None:
    out = tmp_path / "comparison.json"
    read, write = os.pipe()
    os.close(read)  # as `| head` after its last line
    script = (
        "import sys, typer; from sourcier_eval.cli import register; app = typer.Typer(); "
        "app.callback()(lambda: None); register(app); app(sys.argv[1:])"
    )
    command = [sys.executable, "-c", script, "eval", "compare", str(base), str(worse), "--out", str(out)]
    with os.fdopen(write, "wb") as broken:
        done = subprocess.run(command, stdout=broken, stderr=subprocess.PIPE, check=False)

    assert (done.returncode, done.stderr) == (0, b"")
    assert out.is_file()


def test_ab_refuses_a_profile_that_is_not_there(tmp_path: Path) -> None:
    result = _run("ab", "--set", tmp_path, "--a", "default", "--b", "no-such", "--out", tmp_path / "out")

    assert isinstance(result.exception, InvalidSettings)
    assert "no-such" in str(result.exception)


def _written(out: Path, rows: list[Row]) -> Path:
    return write_run(out, QUESTIONS, rows)


def _calibration(*arguments: str | Path) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return CliRunner().invoke(app, list(map(str, arguments)))


def _run(*arguments: str | Path) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return CliRunner().invoke(app, ["eval", *map(str, arguments)])
