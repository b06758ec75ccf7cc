"""Golden questions, two generations -> whether the new one may go live: each metric against its floor.

The questions are asked of the home's own documents, through the read path that people use. A metric's floor
is what the live generation reaches, less a tolerance, or what the settings say, whichever is higher.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sourcier_core.errors import InvalidSettings, TooFewQuestions
from sourcier_core.settings import GateSettings
from sourcier_core.types import Document
from sourcier_eval.baseline import EXACT, HELD, OVERALL, groups_of, make_baseline, value_of, within
from sourcier_eval.calibrating import calibrate
from sourcier_eval.metric_names import MEANS, OTHERS, RISKS, lower_is_better
from sourcier_eval.question_sets import DOCS, QUESTIONS, QuestionSet, read_questions
from sourcier_eval.rows import Row
from sourcier_eval.run_files import Manifest, Run
from sourcier_eval.runs import ask_all
from sourcier_eval.samples import Sample, collect
from sourcier_eval.set_homes import OpenSet
from sourcier_eval.summary import summarise
from sourcier_service.calibration import Calibration, default_calibration
from sourcier_service.gate import GateMetric, GateProgress, GateReport
from sourcier_service.wiring import Services, reading_one

MIN_OF_A_LANGUAGE = 30  # questions, below which a language is judged with the others alone


class GoldenGate:
    """Judges by golden questions; see the protocol `Gate`."""

    def judge(
        self, sets: Sequence[Path], live: Services, candidate: Services, progress: GateProgress
    ) -> GateReport:
        """Ask both generations the questions, and hold the candidate to its floors.

        Where the live generation answers with an organisation's own calibration, the candidate gets one
        fitted to it from the same questions, if they are enough; else the packaged one, with a warning.

        Args:
            sets: Folders with questions.jsonl; a docs/ folder is not looked at.
            live: Reads the live generation.
            candidate: Reads the other one.
            progress: Told after each question; may raise to stop.

        Raises:
            InvalidQuestionSet: A set has faults; nothing is asked.
            InvalidSettings: A floor or tolerance is of no metric.
            DependencyError: Something outside failed.
        """
        begun = time.monotonic()
        limits = live.settings.gate
        _check_names(limits)
        warnings: list[str] = []
        golden = [_of_home(directory, live, warnings) for directory in sets]
        golden = [one for one in golden if one.questions]
        total = sum(len(one.questions) for one in golden)
        tell = _counting(progress, 2 * total)
        calibration, source = self._calibration(golden, live, candidate, warnings)
        if calibration is not None:
            generation = candidate.stores.generations.live
            candidate = reading_one(candidate, generation, calibration)
        judged = [self._judge_set(one, live, candidate, limits, tell) for one in golden]
        metrics = tuple(metric for one in judged for metric in one)
        if not total:
            warnings.append("no golden question is about a document of this home")
        return GateReport(
            passed=bool(metrics) and all(metric.passed for metric in metrics),
            questions=total,
            sets=tuple(one.name for one in golden),
            metrics=metrics,
            warnings=tuple(warnings),
            calibration=source,
            seconds=round(time.monotonic() - begun, 2),
            refitted=calibration if source == "refitted" else None,
        )

    def _judge_set(
        self,
        golden: QuestionSet,
        live: Services,
        candidate: Services,
        limits: GateSettings,
        tell: Callable[[], None],
    ) -> list[GateMetric]:
        # Of a page that was read anew, boxes are found once it is live: those kept are by version alone.
        editions = {services.stores.generations.live.edition for services in (live, candidate)}
        before, now = (_run(golden, s, tell, with_boxes=len(editions) == 1) for s in (live, candidate))
        reached = make_baseline(before).metrics
        found = []
        for group, metrics in groups_of(now).items():
            count = metrics["questions"]
            if group != OVERALL and count < MIN_OF_A_LANGUAGE:
                continue
            for name in _judged_names(limits):
                block, key = name.split(".", 1)
                measured = metrics["measured"].get(block, {}).get(key, count)
                held = reached.get(group, {}).get(name)
                floor = floor_of(name, held, measured, limits, overall=group == OVERALL)
                value = value_of(metrics, name)
                if floor is None:
                    continue
                found.append(
                    GateMetric(
                        set=golden.name,
                        group=group,
                        name=name,
                        questions=measured,
                        live=held,
                        candidate=None if value is None else round(value, 6),
                        floor=round(floor, 6),
                        passed=value is not None and within(name, value, floor),
                    )
                )
        return found

    def _calibration(
        self, golden: Sequence[QuestionSet], live: Services, candidate: Services, warnings: list[str]
    ) -> tuple[Calibration | None, str]:
        """Return what the candidate is to answer with, None for what it has, and where that is from."""
        own = live.calibration
        if own.fingerprint is None:  # the packaged one is for any index
            return None, "packaged"
        if candidate.calibration.fingerprint is not None:
            return None, "own"
        sets = {one.name: list(_samples(one, candidate)) for one in golden}
        sets = {name: samples for name, samples in sets.items() if samples}
        try:
            made = calibrate(
                sets,
                before=default_calibration(),
                fingerprint=candidate.stores.fingerprint,
                risk=own.risk,
                name=own.name,
            )
        except TooFewQuestions as error:
            warnings.append(f"it answers with the packaged calibration, not with one of its own: {error}")
            return None, "packaged"
        warnings += made.warnings
        return made.calibration, "refitted"


def floor_of(
    name: str, live: float | None, questions: int, limits: GateSettings, *, overall: bool = True
) -> float | None:
    """Return the worst value of a metric that passes; None where nothing holds it.

    Args:
        name: Of the metric.
        live: What the live generation reaches; None where it has nothing to measure it on.
        questions: That it is over: what a single one of them can change is always tolerated.
        limits: The settings'.
        overall: Whether it is of all questions: what the settings state is not asked of each language.
    """
    stated = (limits.floors or {}).get(name) if overall else None
    tolerance = max((limits.tolerances or {}).get(name, limits.tolerance), 1 / max(1, questions))
    if name in EXACT:
        tolerance = 0.0
    worse = lower_is_better(name)
    if live is None:
        return stated
    relative = live + tolerance if worse else live - tolerance
    if stated is None:
        return relative
    return min(stated, relative) if worse else max(stated, relative)


def _judged_names(limits: GateSettings) -> list[str]:
    return list(dict.fromkeys((*HELD, *(limits.tolerances or {}), *(limits.floors or {}))))


def _check_names(limits: GateSettings) -> None:
    known = {**MEANS, **RISKS, **OTHERS}
    for key, named in (("tolerances", limits.tolerances), ("floors", limits.floors)):
        for name in named or {}:
            if name not in known:
                raise InvalidSettings(f"gate.{key}", f"there is no metric {name!r}")


def _of_home(directory: Path, services: Services, warnings: list[str]) -> QuestionSet:
    """Read a set, and leave out the questions about documents that are not in the home."""
    questions = read_questions(directory / QUESTIONS)
    names = Counter(document.name for document in _documents(services))
    kept = tuple(q for q in questions if all(evidence.doc in names for evidence in q.evidence))
    name = directory.resolve().name
    if left_out := len(questions) - len(kept):
        warnings.append(
            f"{left_out} of the {len(questions)} questions of {name!r} name documents that are not here"
        )
    if all(not question.answerable for question in kept):
        kept = ()  # they are about nothing here
    twice = sorted({e.doc for q in kept for e in q.evidence if names[e.doc] > 1})
    if twice:
        warnings.append(
            f"{twice[0]!r} is the name of documents in several collections: each counts as evidence"
        )
    return QuestionSet(name, directory / DOCS, kept)


def _documents(services: Services) -> Sequence[Document]:
    catalogue = services.stores.catalogue
    return catalogue.documents([collection.name for collection in catalogue.collections()])


def _run(golden: QuestionSet, services: Services, tell: Callable[[], None], *, with_boxes: bool) -> Run:
    rows: list[Row] = []
    for row in ask_all(golden, services, with_boxes=with_boxes):
        rows.append(row)
        tell()
    manifest = Manifest(golden.name, str(golden.docs.parent), golden.sha256, "", 0, 0, (), "", "")
    return Run(golden.docs.parent, manifest, golden, tuple(rows), {}, summarise(golden, rows))


def _samples(golden: QuestionSet, services: Services) -> Iterator[Sample]:
    yield from collect(OpenSet(golden, services, tuple(_documents(services)), ()))


def _counting(progress: GateProgress, total: int) -> Callable[[], None]:
    asked = 0

    def tell() -> None:
        nonlocal asked
        asked += 1
        progress(asked, total)

    return tell
