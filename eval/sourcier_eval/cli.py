"""`sourcier eval`, `calibrate` and `calibration`: measure, fit, and put to use what was fitted."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sourcier_core.command import EXIT_FAILED

if TYPE_CHECKING:
    from sourcier_core.settings import Settings
    from sourcier_eval.comparison import Comparison
    from sourcier_service.gate import Gate

QuestionSetOption = Annotated[Path, typer.Option("--set", help="A folder with questions.jsonl and docs/.")]
PACKAGED = "packaged"  # names the calibration that ships with the product
RunArgument = Annotated[Path, typer.Argument(help="The --out of an earlier `sourcier eval run`.")]


def _share(risk: float | None) -> float | None:
    """Check a stated risk."""
    if risk is not None and not 0.001 <= risk <= 0.999:
        meant = f"; {risk:g} % is {risk / 100:g}" if 0.1 <= risk <= 99.9 else ""
        raise typer.BadParameter(f"{risk:g} is not a share from 0.001 to 0.999{meant}")
    return risk


def register(app: typer.Typer) -> dict[str, Callable[[], "Gate"]]:
    """Add this folder's commands to the root, and hand it the gate that generations are judged by."""
    group = typer.Typer(help="Measure answers on a set of questions.", no_args_is_help=True)
    app.add_typer(group, name="eval")
    for command in (run, report, compare, ab, baseline, check):
        group.command()(command)
    app.command()(calibrate)
    in_use = typer.Typer(help="Put a calibration to use, go back, or look at one.", no_args_is_help=True)
    app.add_typer(in_use, name="calibration")
    for step in (show, use, undo):
        in_use.command()(step)
    return {"gate": _gate}


def _gate() -> "Gate":
    from sourcier_eval.gate import GoldenGate

    return GoldenGate()


def run(
    context: typer.Context,
    question_set: QuestionSetOption,
    out: Annotated[Path, typer.Option(help="Where rows, metrics, report and the run's own index go.")],
    calibration: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|packaged",
            help="The calibration to answer with; default the home's, as people get.",
        ),
    ] = None,
) -> None:
    """Ingest a set's documents into a home of their own, ask its questions, and measure the answers."""
    from sourcier_core.settings import load_settings
    from sourcier_eval.runs import run_set

    root = context.obj or {}
    run_set(question_set, out, load_settings(**root, overrides=_overrides(calibration)))


def report(
    run: RunArgument,
    out: Annotated[Path | None, typer.Option(help="Where it goes; default report.html in the run.")] = None,
) -> None:
    """Write the report of a run: one HTML file that needs nothing else."""
    from sourcier_eval.html_report import render_report
    from sourcier_eval.run_files import REPORT, read_run

    path = out or run / REPORT
    path.write_text(render_report(read_run(run)), encoding="utf-8")
    typer.echo(path)


def compare(
    base: Annotated[Path, typer.Argument(help="The run to compare with.")],
    other: Annotated[Path, typer.Argument(help="The run that is compared.")],
    out: Annotated[Path | None, typer.Option(help="A .json file: all of it is written here too.")] = None,
) -> None:
    """Show what differs between two runs of one set, and whether chance explains it."""
    if out is not None and out.suffix != ".json":
        raise typer.BadParameter(
            f"a comparison is written as JSON, so its name must end in .json, not {out.name!r}",
            param_hint="--out",
        )
    from sourcier_eval.comparison import compare_runs
    from sourcier_eval.run_files import read_run

    _show(compare_runs(read_run(base), read_run(other)), out)


def ab(
    context: typer.Context,
    question_set: QuestionSetOption,
    a: Annotated[str, typer.Option("--a", help="The baseline: a profile's name, or a settings file.")],
    b: Annotated[str, typer.Option("--b", help="What is compared with it.")],
    out: Annotated[Path, typer.Option(help="Where both runs and comparison.json go.")],
) -> None:
    """Run a set with two configurations and compare them."""
    from sourcier_core.settings import load_settings
    from sourcier_eval.experiment import run_both

    home = (context.obj or {}).get("home")  # its exported models serve both
    first, second = (load_settings(profile=profile, home=home) for profile in (a, b))
    _show(run_both(question_set, first, second, out), out / "comparison.json")


def baseline(
    run: RunArgument,
    out: Annotated[Path, typer.Option(help="The file to write.")],
) -> None:
    """Write what a run reached, for `check`."""
    from sourcier_eval.baseline import make_baseline, write_baseline
    from sourcier_eval.run_files import read_run

    write_baseline(make_baseline(read_run(run)), out)


def check(
    run: RunArgument,
    baseline: Annotated[Path, typer.Option(help="A file that `sourcier eval baseline` wrote.")],
    tolerance: Annotated[float, typer.Option(min=0, help="How much worse a metric may be.")] = 0.02,
) -> None:
    """Hold a run to a baseline; exit with 1 where a metric is worse by more than the tolerance."""
    from sourcier_eval.baseline import find_regressions, read_baseline
    from sourcier_eval.run_files import read_run

    found, held = read_run(run), read_baseline(baseline)
    regressions = find_regressions(found, held, tolerance=tolerance)
    if found.manifest.documents_sha256 != held.documents_sha256:
        typer.echo("note: the documents are not byte for byte those of the baseline", err=True)
    count = sum(map(len, held.metrics.values()))
    if not regressions:
        typer.echo(f"{count} metrics of {held.set!r} are within {tolerance:g} of the baseline, or better.")
        return
    typer.echo(
        f"{len(regressions)} of {count} metrics of {held.set!r} are worse than the baseline:", err=True
    )
    for regression in regressions:
        typer.echo(f"  {regression}", err=True)
    raise typer.Exit(EXIT_FAILED)


def calibrate(
    context: typer.Context,
    question_sets: Annotated[
        list[Path], typer.Option("--set", help="A folder with questions.jsonl and docs/; may be repeated.")
    ],
    out: Annotated[Path, typer.Option(help="The calibration file to write.")],
    risk: Annotated[
        float,
        typer.Option(callback=_share, help="Share of the answers given that may be wrong; 5 % is 0.05."),
    ] = 0.05,
    work: Annotated[
        Path | None, typer.Option(help="Where the documents are ingested, and stay; default OUT.work.")
    ] = None,
    shipped: Annotated[
        bool, typer.Option("--shipped", help="Make the file that ships with the product.", hidden=True)
    ] = False,
) -> None:
    """Fit ranking and silence to an organisation's own questions, and show what it gains on unseen ones."""
    from sourcier_core.settings import load_settings
    from sourcier_eval.calibration_report import next_step, render_calibrated
    from sourcier_eval.calibration_runs import calibrate_sets
    from sourcier_eval.terminal import SummaryConsole

    settings = load_settings(**(context.obj or {}))
    homes = work or out.with_name(out.name + ".work")
    calibrated = calibrate_sets(question_sets, settings, homes, risk=risk, shipped=shipped)
    calibrated.calibration.write(out)
    SummaryConsole().print(render_calibrated(calibrated))
    typer.echo(f"Written: {out}. {next_step(calibrated.calibration, out)}")


def show(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="Default: the one in use.")] = None,
    risk: Annotated[
        float | None,
        typer.Option(callback=_share, help="Show what another stated risk gives; 5 % is 0.05."),
    ] = None,
) -> None:
    """Show a calibration: where it is from, from which confidence it answers, what that risks."""
    from sourcier_core.settings import load_settings
    from sourcier_eval.calibration_report import render_calibration
    from sourcier_eval.terminal import SummaryConsole
    from sourcier_service.calibration import Calibration, default_calibration
    from sourcier_service.calibration_files import calibration_files

    settings = load_settings(**(context.obj or {}))
    path = file or settings.answer.calibration or calibration_files(settings.home).in_use()
    calibration = Calibration.read(path) if path else default_calibration()
    fingerprint = _index_fingerprint(settings)
    typer.echo(path or "the packaged calibration")
    if fingerprint is not None and not calibration.fits(fingerprint):
        typer.echo(f"! made for another index than this home's ({fingerprint}): not used here", err=True)
    SummaryConsole().print(render_calibration(calibration, risk or settings.answer.max_risk))


def use(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Made by `sourcier calibrate`.")],
) -> None:
    """Answer with a calibration from the next start on; what was in use is kept."""
    from sourcier_core.settings import load_settings
    from sourcier_service.calibration_files import calibration_files

    settings = load_settings(**(context.obj or {}))
    kept = calibration_files(settings.home).use(file, _index_fingerprint(settings))
    typer.echo(f"In use: {kept}. A running server takes it at its next start; `calibration undo` goes back.")


def undo(context: typer.Context) -> None:
    """Go back to the calibration before the one in use, at last to the packaged one."""
    from sourcier_core.settings import load_settings
    from sourcier_service.calibration_files import calibration_files

    files = calibration_files(load_settings(**(context.obj or {})).home)
    if not files.any_in_use():
        typer.echo("There is nothing to undo: no calibration was put to use in this home.", err=True)
        raise typer.Exit(EXIT_FAILED)
    before = files.undo()
    typer.echo(f"In use: {before or 'the packaged calibration'}, at the next start of a running server.")


def _overrides(calibration: str | None) -> dict[str, dict[str, Any]]:
    """Return the settings that the options stand for; nothing where none is given."""
    from sourcier_service.calibration import DEFAULT

    if calibration is None:
        return {}
    path = DEFAULT if calibration == PACKAGED else Path(calibration).absolute()
    if not path.is_file():
        raise typer.BadParameter(f"there is no file {calibration!r}", param_hint="--calibration")
    return {"answer": {"calibration": path}}


def _index_fingerprint(settings: "Settings") -> str | None:
    """Return what made the index of a home; None where it has none yet."""
    from sourcier_core.catalogue import Catalogue
    from sourcier_core.generation_store import GenerationStore
    from sourcier_core.home import Home

    if not (settings.home / "catalogue.sqlite3").is_file():
        return None
    catalogue = Catalogue(Home(settings.home).catalogue_url)
    try:
        live = GenerationStore(catalogue).live()
    finally:
        catalogue.close()
    return None if live is None else live.fingerprint


def _show(comparison: "Comparison", out: Path | None) -> None:
    from sourcier_eval.comparison_tables import render_comparison
    from sourcier_eval.run_files import write_json
    from sourcier_eval.terminal import SummaryConsole

    if out is not None:
        write_json(comparison.to_json(), out)
    SummaryConsole().print(render_comparison(comparison))
