"""A run -> the file that later runs are held to, and what of it they fall short of."""

import json
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import cast

from sourcier_core.errors import UnusableRun
from sourcier_eval.metric_names import MEANS, OTHERS, RISKS, lower_is_better
from sourcier_eval.run_files import Run, read_json, write_json
from sourcier_eval.summary import Block, GroupMetrics

# What a change of the product may not make worse. No latency: it is the machine's as much as ours.
HELD = (
    "page.hit@1",
    "page.hit@5",
    "page.recall@5",
    "page.mrr",
    "page.ndcg@10",
    "answer.containment",
    "citations.precision",
    "citations.recall",
    "citations.verified",
    "abstention.recall",
    "abstention.false_rate",
    "risk.unsupported",
    "risk.area",
    "risk.expected@20",
)
EXACT = frozenset({"citations.verified"})  # a quote that is not on its page is within no tolerance
OVERALL = "all"
_ROUNDING = 1e-6  # the file has six digits: what is lost by rounding is no regression


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a run reached. The keys of the file are these names."""

    set: str
    questions_sha256: str  # QuestionSet.sha256
    documents_sha256: str  # Manifest.documents_sha256
    questions: int
    version: str  # of Sourcier
    metrics: dict[str, dict[str, float]]  # by group, OVERALL or a language, and by name


@dataclass(frozen=True, slots=True)
class Regression:
    """A metric that is worse than its baseline by more than the tolerance."""

    group: str  # OVERALL or a language
    name: str
    baseline: float
    now: float | None  # None where the run has nothing to measure it on
    allowed: float  # the worst value that would have passed

    def __str__(self) -> str:
        where = "" if self.group == OVERALL else f" ({self.group})"
        if self.now is None:
            return f"{self.name}{where}: {self.baseline:.3f}, now not measured"
        verb = "rose" if self.now > self.baseline else "fell"
        change = abs(self.now - self.baseline)
        return (
            f"{self.name}{where} {verb} by {change:.3f}: {self.baseline:.3f} -> {self.now:.3f}, "
            f"allowed {self.allowed:.3f}"
        )


def make_baseline(run: Run) -> Baseline:
    """Return what a run reached, overall and per language; what it has nothing to measure on is left out."""
    return Baseline(
        set=run.question_set.name,
        questions_sha256=run.question_set.sha256,
        documents_sha256=run.manifest.documents_sha256,
        questions=len(run.question_set.questions),
        version=run.manifest.version,
        metrics={
            group: {name: round(value, 6) for name in HELD if (value := value_of(metrics, name)) is not None}
            for group, metrics in groups_of(run).items()
        },
    )


def write_baseline(baseline: Baseline, path: Path) -> None:
    """Write a baseline; an earlier one is replaced."""
    write_json(asdict(baseline), path)


def read_baseline(path: Path) -> Baseline:
    """Read what `write_baseline` wrote, edited by hand or not.

    Raises:
        UnusableRun: It is missing, no baseline, names an unknown metric or holds what is no number.
    """
    values = read_json(path, "sourcier eval baseline")
    try:
        baseline = Baseline(**values)
        held: list[tuple[str, object]] = [
            (name, value) for group in baseline.metrics.values() for name, value in group.items()
        ]
    except (TypeError, AttributeError) as error:
        raise UnusableRun(path, f"its keys are not those of a baseline ({error})") from error
    for name, value in held:
        if name not in {**MEANS, **RISKS, **OTHERS}:
            raise UnusableRun(path, f"there is no metric {name!r}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            raise UnusableRun(path, f"{name} is {json.dumps(value)}, it must be a number")
    return baseline


def find_regressions(run: Run, baseline: Baseline, *, tolerance: float) -> list[Regression]:
    """Hold a run to a baseline.

    Args:
        run: Of the set that the baseline is of.
        baseline: What it is held to: each metric and group in it.
        tolerance: How much worse a metric may be, in its own unit; nothing for those in EXACT.

    Returns:
        In the order of the baseline; empty where it passes.

    Raises:
        UnusableRun: The run is of other questions.
    """
    if run.question_set.sha256 != baseline.questions_sha256:
        raise UnusableRun(
            run.directory,
            f"its {len(run.question_set.questions)} questions are not the {baseline.questions} of the "
            f"baseline of {baseline.set!r}; after a change of the set, run it and write a new one with "
            "`sourcier eval baseline`",
        )
    groups = groups_of(run)
    regressions = []
    for group, metrics in baseline.metrics.items():
        for name, reached in metrics.items():
            slack = 0.0 if name in EXACT else tolerance
            allowed = reached + slack if lower_is_better(name) else reached - slack
            now = value_of(groups[group], name) if group in groups else None
            if now is None or not within(name, now, allowed):
                regressions.append(Regression(group, name, reached, now, allowed))
    return regressions


def value_of(metrics: GroupMetrics, name: str) -> float | None:
    """Return the metric of that name; None where there was nothing to measure."""
    block, key = name.split(".", 1)
    return cast("dict[str, Block]", metrics)[block][key]


def within(name: str, now: float, allowed: float) -> bool:
    """Tell whether a metric is as good as the worst value allowed."""
    return now <= allowed + _ROUNDING if lower_is_better(name) else now >= allowed - _ROUNDING


def groups_of(run: Run) -> dict[str, GroupMetrics]:
    """Return the metrics of a run, of all its questions under OVERALL and by language."""
    return {OVERALL: run.metrics["overall"], **run.metrics["by_language"]}
