from pathlib import Path

import pytest

from sourcier_core.settings import OcrSettings
from sourcier_ingestion.ocr_plan import how_to_read_scans, plan_ocr


@pytest.fixture
def tesseract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of that name, first on the path."""
    found = tmp_path / "tesseract"
    found.write_text("#!/bin/sh\n")
    found.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return found


def test_a_collection_has_its_own_languages_or_those_of_all(tesseract: Path) -> None:
    settings = OcrSettings(collections={"hr": ("fra",), "photos": ()})

    plans = {name: plan_ocr(settings, name) for name in ("hr", "photos", "default")}

    assert plans["photos"] is None
    assert [(p.command, p.languages) for p in (plans["hr"], plans["default"]) if p] == [
        (str(tesseract), ("fra",)),
        (str(tesseract), ("fra", "eng")),
    ]


def test_ocr_that_is_off_is_off_everywhere(tesseract: Path) -> None:
    settings = OcrSettings(enabled=False, collections={"hr": ("fra",)})

    assert plan_ocr(settings, "hr") is None
    assert "switch it on" in how_to_read_scans(settings, "hr")


def test_without_tesseract_the_command_that_installs_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    settings = OcrSettings(languages=("fra", "chi_sim"))

    assert plan_ocr(settings, "default") is None
    assert "`apt-get install tesseract-ocr tesseract-ocr-fra tesseract-ocr-chi-sim`" in how_to_read_scans(
        settings, "default"
    )


@pytest.mark.parametrize("language", ["", "-psm", "fra+eng", "../fra", "fra eng"])
def test_a_language_that_tesseract_could_misread_is_refused(language: str) -> None:
    with pytest.raises(ValueError, match="languages"):
        OcrSettings(languages=(language,))
