"""What a calibration is worth -> tables on the terminal."""

from pathlib import Path

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sourcier_eval.calibrating import Calibrated, expected_risks
from sourcier_service.calibration import Calibration, Threshold

HIGHER_RISKS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)  # suggested where the one stated is not shown
SIGNALS_SHOWN = 8  # heaviest first


def render_calibrated(calibrated: Calibrated) -> RenderableType:
    """Return tables for a terminal of 80 columns: held-out change, risk, and what is to be minded."""
    calibration = calibrated.calibration
    parts: list[RenderableType] = [_changes(calibrated), _risks(calibration)]
    parts += [Text(f"! {warning}", style="yellow") for warning in calibrated.warnings]
    return Group(*parts)


def next_step(calibration: Calibration, path: Path) -> str:
    """Say how the calibration is put to use, and first what is to be known where its risk is not shown."""
    use = f"sourcier calibration use {path}"
    threshold, asked = calibration.thresholds()["all"], len(calibration.outcomes)
    if threshold.shown:
        return f"To answer with it: {use}"
    higher = [(risk, calibration.thresholds(risk)["all"]) for risk in HIGHER_RISKS if risk > calibration.risk]
    helps = next(
        (
            f"a higher risk (--risk {risk:g} is shown, with {other.answered} of {asked} answered)"
            for risk, other in higher
            if other.shown
        ),
        "better evidence: the worst questions stand in the report of `sourcier eval run`",
    )
    more = "" if threshold.missing is None else f", or about {threshold.missing} more questions like these"
    stated = f"{100 * calibration.risk:g} %"
    return (
        f"It would answer {threshold.answered} of these {asked} questions, without proof that "
        f"at most {stated} of the answers are wrong. What helps: {helps}{more}. To answer with it all "
        f"the same: {use}"
    )


def render_calibration(calibration: Calibration, risk: float | None = None) -> RenderableType:
    """Return what a calibration file says: where it is from, its thresholds, its heaviest weights."""
    weights = Table(title="Heaviest signals", box=box.SIMPLE, title_justify="left")
    weights.add_column("signal")
    weights.add_column("weight", justify="right")
    for name, weight in sorted(calibration.ranking.items(), key=lambda pair: -abs(pair[1]))[:SIGNALS_SHOWN]:
        weights.add_row(name, f"{weight:.2f}")
    made_for = calibration.fingerprint or "any index"
    outcomes = f"from {len(calibration.outcomes)} outcomes"
    heading = f"{calibration.name}, made {calibration.made_at} {outcomes}, for {made_for}"
    return Group(Text(heading), _risks(calibration, risk), weights)


def _changes(calibrated: Calibrated) -> Table:
    table = Table(title="On questions not fitted on", box=box.SIMPLE, title_justify="left")
    for heading in ("metric", "before", "after", "difference [95 %]"):
        table.add_column(heading, justify="left" if heading == "metric" else "right")
    for change in calibrated.changes:
        low, high = change.difference.low, change.difference.high
        by = change.after - change.before
        table.add_row(
            change.name, f"{change.before:.2f}", f"{change.after:.2f}", f"{by:+.2f} [{low:+.2f}, {high:+.2f}]"
        )
    return table


def _risks(calibration: Calibration, risk: float | None = None) -> Table:
    stated = calibration.risk if risk is None else risk
    table = Table(
        title=f"Answers that may be wrong: at most {stated:.0%} stated", box=box.SIMPLE, title_justify="left"
    )
    table.add_column("language")
    for heading in ("from", "answered", "wrong", "at most", "shown", "at 5/20/50 % unanswerable"):
        table.add_column(heading, justify="right")
    for language, threshold in calibration.thresholds(stated).items():
        table.add_row(language, *_row(calibration, language, threshold))
    return table


def _row(calibration: Calibration, language: str, threshold: Threshold) -> list[str]:
    outcomes = [o for o in calibration.outcomes if language in ("all", o.language)]
    expected = expected_risks(outcomes, threshold.confidence)
    shown = (
        "yes" if threshold.shown else "no" if threshold.missing is None else f"{threshold.missing} missing"
    )
    return [
        f"{threshold.confidence:.2f}",
        f"{threshold.answered} of {len(outcomes)}",
        str(threshold.wrong),
        f"{threshold.bound:.1%}",
        shown,
        " / ".join("-" if value is None else f"{value:.0%}" for value in expected.values()),
    ]
