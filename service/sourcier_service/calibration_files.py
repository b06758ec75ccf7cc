"""Which calibration a process uses: the settings' file, else the home's latest, else the packaged one.

A home keeps every calibration that was put to use, numbered, and in which order: undoing is one step back.
"""

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sourcier_core.errors import InvalidCalibration
from sourcier_core.settings import Settings
from sourcier_service.calibration import Calibration, default_calibration

logger = logging.getLogger("sourcier.calibration")
FOLDER = "calibrations"
MISSING = "it is said to be in use and is missing; `sourcier calibration undo` goes back to the one before"
IN_USE = "in_use"  # holds the numbers put to use, the one in use last; empty or missing: the packaged one


@dataclass(frozen=True, slots=True)
class CalibrationFiles:
    """The calibrations of one home."""

    folder: Path

    def in_use(self) -> Path | None:
        """Return the file in use; None for the packaged one.

        Raises:
            InvalidCalibration: The folder says one that is not there.
        """
        numbers = self._history()
        if not numbers:
            return None
        found = self._file(numbers[-1])
        if not found.is_file():
            raise InvalidCalibration(str(found), MISSING)
        return found

    def any_in_use(self) -> bool:
        """Tell whether there is one to go back from, also where its file is missing."""
        return bool(self._history())

    def fitting(self, fingerprint: str) -> Path | None:
        """Return the latest of those in use, or used before, that was made for an index; None where none was.

        After another generation was promoted or rolled back, that is the one that goes with it.
        """
        for number in reversed(self._history()):
            found = self._file(number)
            if found.is_file() and Calibration.read(found).fits(fingerprint):
                return found
        return None

    def use(self, path: Path, fingerprint: str | None) -> Path:
        """Keep a copy of a calibration and put it to use; what was in use stays kept.

        Args:
            path: Of the file.
            fingerprint: Of the home's index; None where there is none yet.

        Raises:
            InvalidCalibration: The file is none, or was made for another index.
            OSError: It cannot be kept.
        """
        if fingerprint is None:
            Calibration.read(path)
        else:
            read_fitting(path, fingerprint)
        self.folder.mkdir(parents=True, exist_ok=True)
        number = max((int(known.stem) for known in self.folder.glob("[0-9]*.json")), default=0) + 1
        kept = self._file(number)
        shutil.copyfile(path, kept)
        self._say([*self._history(), number])
        return kept

    def undo(self) -> Path | None:
        """Go back to what was in use before; None for the packaged one.

        Raises:
            InvalidCalibration: What was in use before is missing.
        """
        self._say(self._history()[:-1])
        return self.in_use()

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:04d}.json"

    def _history(self) -> list[int]:
        """Return the numbers put to use and not undone, the one in use last."""
        try:
            return [int(line) for line in (self.folder / IN_USE).read_text(encoding="utf-8").split()]
        except (OSError, ValueError):
            return []

    def _say(self, numbers: Sequence[int]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / f"{IN_USE}.part"
        part.write_text("".join(f"{number}\n" for number in numbers), encoding="utf-8")
        part.replace(self.folder / IN_USE)


def calibration_files(home: Path) -> CalibrationFiles:
    """Return the calibrations of a home."""
    return CalibrationFiles(home / FOLDER)


def read_fitting(path: Path, fingerprint: str) -> Calibration:
    """Read a calibration that is to be used with an index.

    Raises:
        InvalidCalibration: It cannot be read, or was made for another index.
    """
    found = Calibration.read(path)
    if not found.fits(fingerprint):
        detail = (
            f"it was made for another index ({found.fingerprint}; this one is {fingerprint}). Make it anew "
            "with `sourcier calibrate --set DIR --out FILE`"
        )
        raise InvalidCalibration(str(path), detail)
    return found


def find_calibration(settings: Settings, fingerprint: str) -> Calibration:
    """Return the calibration to answer with.

    One that was made for another index is not used: the home's latest that was made for this one is, else the
    packaged one, with a warning that says how to make it anew.

    Args:
        settings: Of this process.
        fingerprint: Of the index that answers.

    Raises:
        InvalidCalibration: The file named in the settings, or in use, cannot be read.
    """
    path = settings.answer.calibration or calibration_files(settings.home).in_use()
    if path is None:
        return default_calibration()
    found = Calibration.read(path)
    if not found.fits(fingerprint):
        if earlier := calibration_files(settings.home).fitting(fingerprint):
            return Calibration.read(earlier)
        logger.warning(
            "the calibration %s was made for another index (%s; this one is %s): the packaged one is used. "
            "Make it anew with `sourcier calibrate --set DIR --out FILE`",
            path,
            found.fingerprint,
            fingerprint,
        )
        return default_calibration()
    return found
