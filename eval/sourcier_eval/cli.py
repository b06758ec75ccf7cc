"""`sourcier eval`."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add this folder's commands to the root."""
    group = typer.Typer(help="Measure answers on a set of questions.", no_args_is_help=True)
    app.add_typer(group, name="eval")
    group.command()(run)


def run(
    context: typer.Context,
    question_set: Annotated[Path, typer.Option("--set", help="A folder with questions.jsonl and docs/.")],
    out: Annotated[Path, typer.Option(help="Where rows, metrics and the run's own index go.")],
) -> None:
    """Ingest a set's documents into a home of their own, ask its questions, and measure the answers."""
    from sourcier_core.settings import load_settings
    from sourcier_eval.runs import run_set

    run_set(question_set, out, load_settings(**(context.obj or {})))
