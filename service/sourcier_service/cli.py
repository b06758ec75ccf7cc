"""`sourcier serve`, `ask`, `search`, `keys` and `doctor`."""

import json
from typing import Annotated

import typer

from sourcier_service import document_cli
from sourcier_service.generation_commands import add_generation_commands, provided_gate

Question = Annotated[str, typer.Argument(help="In French or English.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, as the API replies.")]
Collections = Annotated[list[str] | None, typer.Option("--collection", help="Only these; may be repeated.")]
Tags = Annotated[
    list[str] | None, typer.Option("--tag", help="Only documents that bear one of these; may be repeated.")
]
AsOf = Annotated[
    str | None, typer.Option("--as-of", help="A day, as 2026-03-31: reads the versions in effect on it.")
]


def register(app: typer.Typer) -> None:
    """Add this folder's commands to the root."""
    for command in (serve, ask, search, keys, doctor):
        app.command()(command)
    document_cli.register(app)
    add_generation_commands(app)


def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 for a free one.")
    ] = None,
    first_question: Annotated[
        str | None, typer.Option("--ask", help="Ask this once ready, and print the answer.")
    ] = None,
) -> None:
    """Answer over HTTP, with the Ask page at /."""
    from sourcier_core.settings import load_settings
    from sourcier_service.serving import run_server

    changed = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    settings = load_settings(**context.obj, overrides={"http": changed})
    run_server(settings, first_question, provided_gate(context))


def ask(
    context: typer.Context,
    question: Question,
    as_json: AsJson = False,
    collection: Collections = None,
    tag: Tags = None,
    as_of: AsOf = None,
) -> None:
    """Ask, and get cited sentences or a plain no."""
    from sourcier_core.command_context import command_context
    from sourcier_service.asking import Narrowing, ask_question, print_answer

    narrowed = Narrowing(collection, tag, as_of)
    body = ask_question(command_context(context), question, narrowed)
    if as_json:
        typer.echo(json.dumps(body, ensure_ascii=False, indent=2))
    else:
        print_answer(body)


def search(
    context: typer.Context,
    question: Question,
    as_json: AsJson = False,
    collection: Collections = None,
    limit: Annotated[int, typer.Option(min=1, max=50, help="Pages at most.")] = 10,
    tag: Tags = None,
    as_of: AsOf = None,
) -> None:
    """Find the pages that may answer."""
    from sourcier_core.command_context import command_context
    from sourcier_service.asking import Narrowing, print_search, search_passages

    narrowed = Narrowing(collection, tag, as_of)
    body = search_passages(command_context(context), question, narrowed, limit)
    if as_json:
        typer.echo(json.dumps(body, ensure_ascii=False, indent=2))
    else:
        print_search(body)


def keys(context: typer.Context) -> None:
    """Make an administrator's key and print it, the only time it can be seen."""
    from sourcier_core.command_context import command_context
    from sourcier_service.asking import create_admin_key

    typer.echo(create_admin_key(command_context(context)))


def doctor(
    context: typer.Context,
    export_model: Annotated[
        bool, typer.Option("--export-model", help="Export the embedding model now, and do nothing else.")
    ] = False,
) -> None:
    """Say what is installed, found and missing, and the command that mends it."""
    from sourcier_service.diagnosis import examine, export, print_findings

    if export_model:
        typer.echo(export(context.obj))
        return
    findings = examine(context.obj)
    print_findings(findings)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)
