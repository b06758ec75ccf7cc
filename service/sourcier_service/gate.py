"""What judges a generation before it goes live: the questions whose answers are known, asked of both.

The measuring is eval's, which this folder does not import: the command root hands it in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sourcier_service.calibration import Calibration
from sourcier_service.wiring import Services

GateProgress = Callable[[int, int], None]  # questions asked, in all; may raise to stop


@dataclass(frozen=True, slots=True)
class GateMetric:
    """One metric of one set on both generations."""

    set: str
    group: str  # "all" or a language
    name: str  # as eval names it
    questions: int  # that it is over, in the candidate's run
    live: float | None  # None where nothing was there to measure
    candidate: float | None
    floor: float  # the worst value that passes
    passed: bool


@dataclass(frozen=True, slots=True)
class GateReport:
    """How a generation was judged."""

    passed: bool  # no metric is below its floor; false where nothing was measured
    questions: int  # asked of each generation
    sets: tuple[str, ...]
    metrics: tuple[GateMetric, ...]
    warnings: tuple[str, ...]
    calibration: str  # where the candidate's is from: "refitted", "own", "packaged"
    seconds: float
    refitted: Calibration | None = field(default=None, compare=False)  # to be put to use when it goes live

    def to_json(self) -> dict[str, Any]:
        """Return what is stored with the generation."""
        return {
            "passed": self.passed,
            "questions": self.questions,
            "sets": list(self.sets),
            "metrics": [
                {
                    "set": m.set,
                    "group": m.group,
                    "name": m.name,
                    "questions": m.questions,
                    "live": m.live,
                    "candidate": m.candidate,
                    "floor": m.floor,
                    "passed": m.passed,
                }
                for m in self.metrics
            ],
            "warnings": list(self.warnings),
            "calibration": self.calibration,
            "seconds": self.seconds,
        }

    def fallen(self) -> list[GateMetric]:
        """Return the metrics below their floor."""
        return [metric for metric in self.metrics if not metric.passed]


class Gate(Protocol):
    """Judges a candidate against the live generation. Its implementation is `sourcier_eval.gate`."""

    def judge(
        self, sets: Sequence[Path], live: Services, candidate: Services, progress: GateProgress
    ) -> GateReport:
        """Ask both generations the questions of the sets, through the read path that people use.

        Args:
            sets: Folders with questions.jsonl; their documents are those of the home.
            live: Reads the live generation.
            candidate: Reads the other one.
            progress: Told after each question.

        Raises:
            InvalidQuestionSet: A set has faults; nothing is asked.
            DependencyError: Something outside failed.
        """
        ...
