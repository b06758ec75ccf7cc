"""Folders of questions -> a calibration: ingest, search, fit."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.progress import track

from sourcier_core.errors import InvalidQuestionSet, StorageFull
from sourcier_core.settings import Settings
from sourcier_eval.calibrating import PLAIN, PLAIN_EVIDENCE, Calibrated, calibrate, require_answerable
from sourcier_eval.question_sets import read_question_set
from sourcier_eval.samples import Sample, collect
from sourcier_eval.set_homes import OpenSet, open_set
from sourcier_service.calibration import Calibration, default_calibration

NOTHING_FITTED = Calibration("plain", "", None, PLAIN, PLAIN_EVIDENCE, 0.05, ())


def calibrate_sets(
    directories: Sequence[Path], settings: Settings, work: Path, *, risk: float, shipped: bool = False
) -> Calibrated:
    """Calibrate with the questions of one or several sets.

    Args:
        directories: Each holds `questions.jsonl` and `docs/`; distinct names.
        settings: Of reading, retrieval and answers; their home and index are not used.
        work: Where the documents are ingested, a home for each set, and stay.
        risk: Stated: share of the answers given that may be wrong, in (0, 1).
        shipped: Make the calibration that ships: for any index, from nothing, without priors.

    Raises:
        InvalidQuestionSet: A set has faults; all are listed.
        TooFewQuestions: Too few of the questions can be learned from.
        DependencyError: Something outside failed.
    """
    # The set is answered by the packaged weights until it has its own.
    settings = settings.model_copy(
        update={"answer": settings.answer.model_copy(update={"calibration": None})}
    )
    names = [directory.resolve().name for directory in directories]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InvalidQuestionSet(repr(twice[0]), "two folders have that name; each set needs its own")
    asked = [question for directory in directories for question in read_question_set(directory).questions]
    require_answerable(" + ".join(names), asked)
    with ExitStack() as open_sets:
        sets: dict[str, list[Sample]] = {}
        fitted_on: dict[str, str] = {}
        try:
            work.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageFull(str(work)) from error
        for name, directory in zip(names, directories, strict=True):
            opened = open_sets.enter_context(open_set(directory, settings, work / name))
            sets[name] = list(_with_progress(opened))
            fitted_on[name] = opened.questions.sha256
        fingerprint = opened.services.stores.fingerprint
        return calibrate(
            sets,
            before=NOTHING_FITTED if shipped else default_calibration(),
            fingerprint=None if shipped else fingerprint,
            risk=risk,
            name="default" if shipped else " + ".join(sets),
            shipped=shipped,
            fitted_on=fitted_on,
        )


def _with_progress(opened: OpenSet) -> Iterator[Sample]:
    samples: Iterable[Sample] = collect(opened)
    count = len(opened.questions.questions)
    console = Console(stderr=True)
    yield from track(samples, description="searching", total=count, console=console, transient=True)
