"""`sourcier delete`, `set`, `versions` and `changes`."""

import json
from typing import Annotated, Any

import typer

Name = Annotated[str, typer.Argument(help="Of the document, as `sourcier documents` lists it.")]
Collection = Annotated[
    str | None, typer.Option(help="Its collection, where several have a document of that name.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, as the API replies.")]
OPEN = ("open", "ever", "never")  # in the place of a date: no limit


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    app.command()(delete)
    app.command(name="set")(set_document)
    app.command()(versions)
    app.command()(changes)


def delete(context: typer.Context, name: Name, collection: Collection = None) -> None:
    """Delete a document, all its versions and its files; the next answer does not know it."""
    from sourcier_core.command_context import command_context
    from sourcier_service.managing import delete_document

    delete_document(command_context(context), name, collection)
    typer.echo(f"{name}: deleted")


def set_document(
    context: typer.Context,
    name: Name,
    collection: Collection = None,
    tag: Annotated[list[str] | None, typer.Option(help="All its tags; may be repeated.")] = None,
    no_tags: Annotated[bool, typer.Option("--no-tags", help="Take its tags off.")] = False,
    group: Annotated[
        list[str] | None, typer.Option(help="The groups that may read it; may be repeated.")
    ] = None,
    no_groups: Annotated[
        bool, typer.Option("--no-groups", help="Whoever may read its collection may read it.")
    ] = False,
    effective_from: Annotated[
        str | None, typer.Option(help="First day of effect of a version: 2026-03-31, or `ever`.")
    ] = None,
    effective_to: Annotated[
        str | None, typer.Option(help="First day out of effect: 2026-12-31, or `open`.")
    ] = None,
    version: Annotated[
        str | None, typer.Option(help="The version that the dates are of; default the newest.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give a document other tags, groups or dates; nothing is read or embedded again."""
    from sourcier_core.command_context import command_context
    from sourcier_service import managing

    given: dict[str, Any] = {
        "tags": [] if no_tags else tag,
        "groups": [] if no_groups else group,
        "effective_from": effective_from,
        "effective_to": effective_to,
        "version": version,
    }
    changes = {key: value for key, value in given.items() if value is not None}
    for key in ("effective_from", "effective_to"):
        if changes.get(key) in OPEN:
            changes[key] = None
    if not set(changes) - {"version"}:
        raise typer.BadParameter("say what to set: --tag, --group, --effective-from or --effective-to")
    body = managing.set_document(command_context(context), name, collection, changes)
    if as_json:
        typer.echo(json.dumps(body, ensure_ascii=False, indent=2))
        return
    document = body["document"]
    typer.echo(f"{document['name']}: tags {_listed(document['tags'])}, groups {_listed(document['groups'])}")
    if body["version"]:
        typer.echo(f"  {_version_line(body['version'])}")


def versions(
    context: typer.Context, name: Name, collection: Collection = None, as_json: AsJson = False
) -> None:
    """List the versions that a document has and had, newest first, and when each is in effect."""
    from sourcier_core.command_context import command_context
    from sourcier_service.managing import list_versions

    body = list_versions(command_context(context), name, collection)
    if as_json:
        typer.echo(json.dumps(body, ensure_ascii=False, indent=2))
        return
    for row in body["versions"]:
        typer.echo(_version_line(row))


def changes(
    context: typer.Context,
    name: Name,
    collection: Collection = None,
    before: Annotated[
        str | None, typer.Option("--from", help="A version's first digits; default the one before.")
    ] = None,
    after: Annotated[
        str | None, typer.Option("--to", help="A version's first digits; default the newest.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what changed between two versions, section by section, with pages."""
    from sourcier_core.command_context import command_context
    from sourcier_service.changes_report import print_changes
    from sourcier_service.managing import list_changes

    body = list_changes(command_context(context), name, collection, before, after)
    if as_json:
        typer.echo(json.dumps(body, ensure_ascii=False, indent=2))
    else:
        print_changes(body)


def _version_line(row: dict[str, Any]) -> str:
    period = f"{row['effective_from'] or 'ever'} to {row['effective_to'] or 'open'}"
    kept = "" if row["searchable"] else "  (no longer searched)"
    state = row["state"].replace("_", " ")
    return (
        f"{row['version'][:12]}  {state:<10}  {period:<24}  {row['pages']:>5} page(s)  {row['title']}{kept}"
    )


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"
