"""`sourcier ingest`, `documents`, `passport` and `collections`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from sourcier_ingestion import folder_commands

DEFAULT_COLLECTION = "default"
Paths = Annotated[list[Path], typer.Argument(help="Files or folders: PDF, Markdown, plain text.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add this folder's commands to the root."""
    app.command()(ingest)
    app.command()(documents)
    app.command()(passport)
    app.command()(collections)
    folder_commands.register(app)


def ingest(
    context: typer.Context,
    paths: Paths,
    collection: Annotated[str, typer.Option(help="Where the documents go.")] = DEFAULT_COLLECTION,
    public: Annotated[bool, typer.Option("--public", help="Let anyone ask this collection.")] = False,
    effective_from: Annotated[
        str | None, typer.Option(help="First day of effect, as 2026-03-31; default today.")
    ] = None,
    effective_to: Annotated[
        str | None, typer.Option(help="First day out of effect, as 2026-12-31; default open.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Of the documents; may be repeated.")] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="That may read the documents; may be repeated.")
    ] = None,
) -> None:
    """Make documents answer; those that did not change are skipped."""
    from sourcier_core.command_context import command_context
    from sourcier_ingestion.batch import HomeTarget, ServerTarget, find_files, ingest_files, say_skipped
    from sourcier_ingestion.naming import given_as_text

    ready = command_context(context)
    given = given_as_text(effective_from, effective_to, tag, group)
    files = find_files(paths)
    say_skipped(paths)
    target = ServerTarget(ready.server, given) if ready.server else HomeTarget(ready.settings, given)
    with target:
        if public:
            target.publish(collection)
        summary = ingest_files(files, collection, target)
    if summary.lost:
        raise typer.Exit(1)


def documents(context: typer.Context, as_json: AsJson = False) -> None:
    """List the documents, also those whose files were refused, and why."""
    from sourcier_core.command_context import command_context
    from sourcier_ingestion.listing import list_documents, print_documents

    rows = list_documents(command_context(context))
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        print_documents(rows)


def passport(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Of the document, or its id.")],
    collection: Annotated[str, typer.Option(help="Where it is.")] = DEFAULT_COLLECTION,
    as_json: AsJson = False,
) -> None:
    """Say what reading a document found: pages to doubt, words kept out, languages, tables."""
    from sourcier_core.command_context import command_context
    from sourcier_ingestion.listing import print_passport, read_passport

    found = read_passport(command_context(context), name, collection)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        print_passport(found)


def collections(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="The collection to change; made where there is none.")
    ] = None,
    public: Annotated[bool | None, typer.Option("--public/--private", help="Who may ask it.")] = None,
) -> None:
    """List the collections, or show one; with --public or --private, say who may ask it."""
    from sourcier_core.command_context import command_context
    from sourcier_ingestion.listing import change_collection, list_collections

    ready = command_context(context)
    if name is not None and public is not None:
        change_collection(ready, name, public=public)
    rows = list_collections(ready)
    if name is not None:
        rows = [row for row in rows if row["name"] == name]
        if not rows:
            typer.echo(f"There is no collection {name!r}. Add --public or --private to make it.", err=True)
            raise typer.Exit(1)
    for row in rows:
        typer.echo(
            f"{row['name']}\t{'public' if row['public'] else 'private'}\t{row['documents']} document(s)"
        )
