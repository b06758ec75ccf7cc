"""A run -> one HTML file: tables, plots and the questions that went wrong, with nothing to load."""

from datetime import datetime
from importlib.resources import files

from sourcier_eval.failures import find_failures
from sourcier_eval.markup import Markup, element
from sourcier_eval.report_failures import failure_sections
from sourcier_eval.report_plots import plot_figures
from sourcier_eval.report_tables import headline, metric_tables, settings_table
from sourcier_eval.run_files import Run

# A browser that is told so loads nothing and runs nothing, whatever a document of the set says.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render_report(run: Run) -> str:
    """Return the report of a run: a whole HTML document, UTF-8."""
    title = f"{run.question_set.name}: evaluation"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Markup(files("sourcier_eval").joinpath("report.css").read_text("utf-8"))),
    )
    main = element(
        "main",
        *headline(run),
        element("div", *plot_figures(run), class_="plots"),
        *metric_tables(run),
        *failure_sections(find_failures(run.question_set.questions, run.rows)),
        settings_table(run),
    )
    body = element("body", _header(run), main)
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _header(run: Run) -> Markup:
    overall = run.metrics["overall"]
    manifest = run.manifest
    began = datetime.fromisoformat(manifest.started_at)
    facts = (
        f"{overall['questions']} questions, {overall['unanswerable']} of them unanswerable, "
        f"on {manifest.documents} documents with {manifest.pages} pages. "
        f"Run on {began.day} {began:%B %Y at %H:%M} {began.tzname() or ''} by Sourcier {manifest.version}, "
        f"calibration: {manifest.calibration}."
    )
    warnings = list(manifest.warnings)
    if overall["missing"]:
        warnings.insert(0, f"{overall['missing']} question(s) have no result and count as failures.")
    return element(
        "header",
        element("p", "Evaluation", class_="kicker"),
        element("h1", run.question_set.name),
        element("p", facts),
        element("ul", *(element("li", warning) for warning in warnings), class_="warnings")
        if warnings
        else None,
    )
