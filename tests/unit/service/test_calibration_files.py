import logging
from pathlib import Path

import pytest

from sourcier_core.errors import InvalidCalibration
from sourcier_core.settings import AnswerSettings, Settings
from sourcier_service.calibration import DEFAULT, Calibration, Outcome, default_calibration
from sourcier_service.calibration_files import calibration_files, find_calibration

HERE = "hash-64"


def write(path: Path, name: str, fingerprint: str | None = HERE) -> Path:
    outcome = Outcome(0.5, wrong=False, answerable=True, language="en")
    Calibration(name, "2026-03-01", fingerprint, {"dense": 1.0}, {"unit": 1.0}, 0.05, (outcome,)).write(path)
    return path


def settings(home: Path, calibration: Path | None = None) -> Settings:
    return Settings(home=home, answer=AnswerSettings(calibration=calibration))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


# --- putting one to use, and back


def test_a_new_home_uses_the_packaged_one(home: Path) -> None:
    assert calibration_files(home).in_use() is None
    assert find_calibration(settings(home), HERE) is default_calibration()
    assert not home.exists()


def test_one_put_to_use_is_kept_in_the_home(tmp_path: Path, home: Path) -> None:
    made = write(tmp_path / "ours.json", "ours")

    kept = calibration_files(home).use(made, HERE)
    made.unlink()

    assert kept.is_relative_to(home)
    assert calibration_files(home).in_use() == kept
    assert find_calibration(settings(home), HERE).name == "ours"


def test_one_made_for_another_index_is_not_put_to_use(tmp_path: Path, home: Path) -> None:
    files = calibration_files(home)

    with pytest.raises(InvalidCalibration, match=r"made for another index .*sourcier calibrate"):
        files.use(write(tmp_path / "theirs.json", "theirs", "other"), HERE)

    assert files.in_use() is None
    assert files.use(
        write(tmp_path / "early.json", "early", "other"), None
    ).is_file()  # no index yet to differ


def test_undoing_goes_back_one_at_a_time_to_the_packaged_one(tmp_path: Path, home: Path) -> None:
    files = calibration_files(home)
    first = files.use(write(tmp_path / "a.json", "first"), HERE)
    files.use(write(tmp_path / "b.json", "second"), HERE)

    assert files.undo() == files.in_use() == first
    assert find_calibration(settings(home), HERE).name == "first"
    assert files.undo() is files.in_use() is None
    assert find_calibration(settings(home), HERE) is default_calibration()
    assert files.undo() is None


def test_one_put_to_use_after_an_undo_overwrites_nothing(tmp_path: Path, home: Path) -> None:
    files = calibration_files(home)
    second = [files.use(write(tmp_path / f"{name}.json", name), HERE) for name in ("first", "second")][1]
    files.undo()

    third = files.use(write(tmp_path / "third.json", "third"), HERE)

    assert files.in_use() == third
    assert Calibration.read(second).name == "second"
    assert find_calibration(settings(home), HERE).name == "third"


def test_what_is_no_calibration_is_not_put_to_use(tmp_path: Path, home: Path) -> None:
    files = calibration_files(home)
    first = files.use(write(tmp_path / "a.json", "first"), HERE)
    (tmp_path / "broken.json").write_text("{}", encoding="utf-8")

    with pytest.raises(InvalidCalibration, match=r"broken\.json"):
        files.use(tmp_path / "broken.json", HERE)

    assert files.in_use() == first


# --- what a process answers with


def test_the_settings_file_wins_over_the_homes(tmp_path: Path, home: Path) -> None:
    calibration_files(home).use(write(tmp_path / "a.json", "the home's"), HERE)

    found = find_calibration(settings(home, write(tmp_path / "b.json", "the settings'")), HERE)

    assert found.name == "the settings'"


def test_one_for_any_index_is_used(tmp_path: Path, home: Path) -> None:
    assert find_calibration(settings(home, write(tmp_path / "any.json", "any", None)), HERE).name == "any"


def test_one_for_another_index_is_left_with_a_warning(
    tmp_path: Path, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path / "other.json", "other", "hash-128")

    with caplog.at_level(logging.WARNING, "sourcier.calibration"):
        found = find_calibration(settings(home, path), HERE)

    assert found is default_calibration()
    (record,) = caplog.records
    for part in (str(path), "hash-128", HERE, "sourcier calibrate --set DIR --out FILE"):
        assert part in record.getMessage()


def test_a_file_that_the_settings_name_and_is_missing_stops_the_start(tmp_path: Path, home: Path) -> None:
    with pytest.raises(InvalidCalibration, match=r"gone\.json"):
        find_calibration(settings(home, tmp_path / "gone.json"), HERE)


def test_a_file_said_to_be_in_use_and_missing_stops_the_start(tmp_path: Path, home: Path) -> None:
    calibration_files(home).use(write(tmp_path / "a.json", "first"), HERE).unlink()

    with pytest.raises(InvalidCalibration, match=r"0001\.json.*is missing"):
        find_calibration(settings(home), HERE)


def test_undo_goes_back_to_what_was_in_use_not_to_what_was_undone(tmp_path: Path) -> None:
    files = calibration_files(tmp_path)
    first = files.use(DEFAULT, HERE)
    files.use(DEFAULT, HERE)
    files.undo()

    third = files.use(DEFAULT, HERE)

    assert files.in_use() == third
    assert files.undo() == first
    assert files.undo() is None


def test_where_the_one_in_use_is_missing_undo_is_named_and_cures(tmp_path: Path, home: Path) -> None:
    files = calibration_files(home)
    assert not files.any_in_use()
    files.use(write(tmp_path / "ours.json", "ours"), HERE).unlink()

    with pytest.raises(InvalidCalibration, match="`sourcier calibration undo`"):
        files.in_use()

    assert files.any_in_use()
    assert files.undo() is None
    assert not files.any_in_use()
