"""Settings and machine -> how pages without text are recognised, and what to do where they cannot be."""

import shutil
from dataclasses import dataclass

from sourcier_core.settings import OcrSettings

# Debian's names of packages; elsewhere `brew install tesseract tesseract-lang` and the like.
INSTALL = "apt-get install tesseract-ocr {languages}"


@dataclass(frozen=True, slots=True)
class OcrPlan:
    """How pages without text are recognised."""

    command: str  # path of tesseract
    languages: tuple[str, ...]
    dpi: int
    page_seconds: float


def plan_ocr(settings: OcrSettings, collection: str) -> OcrPlan | None:
    """Return how a collection's scans are read; None where OCR is off or not installed."""
    languages = settings.languages_of(collection)
    command = shutil.which("tesseract")
    if not languages or command is None:
        return None
    return OcrPlan(command, languages, settings.dpi, settings.page_seconds)


def how_to_read_scans(settings: OcrSettings, collection: str) -> str:
    """Return what to do so that a collection's scans are read, as sentences."""
    languages = settings.languages_of(collection)
    if not languages:
        return f"OCR is off for collection {collection!r}: switch it on in the settings, section [ocr]."
    if shutil.which("tesseract") is None:
        return f"Install OCR: `{install_command(languages)}`."
    return (
        "OCR found no words on them: scan them anew, or check the languages in section [ocr] of the settings."
    )


def install_command(languages: tuple[str, ...]) -> str:
    """Return the command that installs tesseract with its languages."""
    packages = [
        f"tesseract-ocr-{name.removeprefix('script/').lower().replace('_', '-')}" for name in languages
    ]
    return INSTALL.format(languages=" ".join(packages))
