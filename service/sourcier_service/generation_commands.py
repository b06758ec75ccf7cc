"""`sourcier reindex` and `sourcier generations`: another index of the same documents, uninterrupted."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from sourcier_core.command import EXIT_FAILED, PROVIDED

if TYPE_CHECKING:
    from sourcier_service.gate import Gate

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, as the API replies.")]
Unchecked = Annotated[
    bool,
    typer.Option("--unchecked", help="Go live without golden questions; needs --reason, and is audited."),
]
Reason = Annotated[str, typer.Option(help="Why, for the audit.")]
Sets = Annotated[
    list[Path] | None,
    typer.Option("--set", help="Golden questions: a folder with questions.jsonl; default [gate] sets."),
]
Number = Annotated[int, typer.Argument(help="Of the generation, as `sourcier generations` lists it.")]


def add_generation_commands(app: typer.Typer) -> None:
    """Add the commands to the root."""
    app.command()(reindex)
    group = typer.Typer(help="Indexes of the same documents: the live one, former ones, new ones.")
    app.add_typer(group, name="generations", invoke_without_command=True)
    group.callback()(generations)
    for command in (show, promote, rollback, cancel, prune):
        group.command()(command)
    group.command(name="list")(list_all)


def provided_gate(context: typer.Context) -> "Gate | None":
    """Return what the command root hands in to judge generations by; None where nothing does."""
    make = context.meta.get(PROVIDED, {}).get("gate")
    return None if make is None else cast("Gate", make())


def reindex(
    context: typer.Context,
    model: Annotated[str | None, typer.Option(help="In the place of the setting embedding.model.")] = None,
    precision: Annotated[str | None, typer.Option(help="fp32 or int8.")] = None,
    tokens: Annotated[int | None, typer.Option(help="In the place of chunking.tokens.")] = None,
    context_tokens: Annotated[
        int | None, typer.Option(help="In the place of chunking.context_tokens.")
    ] = None,
    sets: Sets = None,
    unchecked: Unchecked = False,
    reason: Reason = "",
    no_promote: Annotated[
        bool, typer.Option("--no-promote", help="Build it, and leave going live to `generations promote`.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Also where the live one is made with these settings.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Index all documents anew with the settings, beside what answers, and go live if it is no worse."""
    from sourcier_service.generation_console import follow, open_generations, print_generation

    with open_generations(context, provided_gate(context)) as target:
        settings = target.settings
        chosen = {
            "embedding": {
                "model": model or settings.embedding.model,
                "precision": precision or settings.embedding.precision,
                "pivot": settings.embedding.pivot,
            },
            "chunking": {
                "tokens": tokens or settings.chunking.tokens,
                "context_tokens": settings.chunking.context_tokens
                if context_tokens is None
                else context_tokens,
            },
        }
        asked = {**chosen, **_asked(target.sets(sets), unchecked, reason)}
        begun = target.start({**asked, "promote": not no_promote, "again": again})
        if begun["state"] == "live":
            typer.echo("The live generation is made with these settings already; --again builds another one.")
            return
        _end(follow(target, begun), as_json, print_generation, wanted="ready" if no_promote else "live")


def generations(context: typer.Context) -> None:
    """List the generations."""
    if context.invoked_subcommand is None:
        list_all(context)


def list_all(context: typer.Context, as_json: AsJson = False) -> None:
    """List the generations, what the settings say otherwise, and who promoted what."""
    from sourcier_service.generation_console import open_generations, print_generations

    with open_generations(context, None) as target:
        _show(target.all(), as_json, print_generations)


def show(context: typer.Context, generation: Number, as_json: AsJson = False) -> None:
    """Show what a generation is made with, what it cost, and how it was judged."""
    from sourcier_service.generation_console import open_generations, print_generation

    with open_generations(context, None) as target:
        _show(target.get(generation), as_json, print_generation)


def promote(
    context: typer.Context,
    generation: Number,
    sets: Sets = None,
    unchecked: Unchecked = False,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Judge a generation that waits, and make it live."""
    from sourcier_service.generation_console import follow, open_generations, print_generation

    with open_generations(context, provided_gate(context)) as target:
        begun = target.promote(generation, _asked(target.sets(sets), unchecked, reason))
        _end(follow(target, begun), as_json, print_generation, wanted="live")


def rollback(context: typer.Context, reason: Reason = "", as_json: AsJson = False) -> None:
    """Go back to the generation that was live before; documents answer as they are now."""
    from sourcier_service.generation_console import open_generations, print_generation

    with open_generations(context, None) as target:
        _end(target.rollback(_asked([], False, reason)), as_json, print_generation, wanted="live")


def cancel(context: typer.Context, generation: Number, as_json: AsJson = False) -> None:
    """Cancel a generation that is being built, or remove one that is not live."""
    from sourcier_service.generation_console import open_generations, print_generation

    with open_generations(context, None) as target:
        _show(target.remove(generation), as_json, print_generation)


def prune(context: typer.Context) -> None:
    """Remove former generations beyond those that the settings keep."""
    from sourcier_service.generation_console import open_generations

    with open_generations(context, None) as target:
        removed = target.prune()
    typer.echo(f"Removed: {', '.join(map(str, removed)) or 'none'}")


def _asked(sets: list[str], unchecked: bool, reason: str) -> dict[str, Any]:
    return {"sets": sets, "unchecked": unchecked, "reason": reason}


def _show(body: dict[str, Any], as_json: bool, print_body: Any) -> None:
    if as_json:
        typer.echo(json.dumps(body, ensure_ascii=False, indent=2))
    else:
        print_body(body)


def _end(body: dict[str, Any], as_json: bool, print_body: Any, *, wanted: str) -> None:
    _show(body, as_json, print_body)
    if body["state"] != wanted:
        raise typer.Exit(EXIT_FAILED)
