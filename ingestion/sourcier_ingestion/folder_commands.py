"""`sourcier sync`, `watch` and `watches`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sourcier_core.settings import WatchSettings
    from sourcier_ingestion.folder_sync import FolderSync, SyncReport

Folder = Annotated[Path, typer.Argument(help="The folder to follow, with all below it.")]
Collection = Annotated[str, typer.Option(help="Where the documents go.")]
Include = Annotated[list[str] | None, typer.Option(help="Glob on the relative path; may be repeated.")]
Exclude = Annotated[list[str] | None, typer.Option(help="Glob of what is left out; may be repeated.")]
Settle = Annotated[float, typer.Option(min=0, help="Seconds that a file must stand still before it is read.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    for command in (sync, watch, watches):
        app.command()(command)


def sync(
    context: typer.Context,
    folder: Folder,
    collection: Collection,
    delete: Annotated[
        bool,
        typer.Option("--delete", help="Remove documents that came from the folder and whose file is gone."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    force: Annotated[bool, typer.Option("--force", help="However many files are gone.")] = False,
    include: Include = None,
    exclude: Exclude = None,
    settle_seconds: Settle = 2.0,
    as_json: AsJson = False,
) -> None:
    """Make a collection's documents those of a folder, once."""
    from sourcier_core.errors import PathNotFound
    from sourcier_ingestion.folder_watching import as_watch

    globs = {"include": include or (), "exclude": exclude or ()}
    wanted = as_watch(folder, collection, delete=delete, settle_seconds=settle_seconds, **globs)
    if not wanted.path.is_dir() and not dry_run and not _is_known(context, wanted):
        raise PathNotFound(folder)
    with _opened(context, wanted) as ready:
        report = ready.run(force=force, dry_run=dry_run)
    _print(report, as_json=as_json, dry_run=dry_run)
    if report.is_bad:
        raise typer.Exit(1)


def watch(
    context: typer.Context,
    folder: Folder,
    collection: Collection,
    delete: Annotated[
        bool, typer.Option("--delete/--keep", help="Whether a document goes with its file.")
    ] = True,
    interval: Annotated[
        float, typer.Option(min=1, help="Seconds between two scans, notified or not.")
    ] = 300.0,
    include: Include = None,
    exclude: Exclude = None,
    settle_seconds: Settle = 2.0,
) -> None:
    """Follow a folder until stopped with Ctrl-C; `[[watch]]` in the settings lets the server do so."""
    import threading

    from sourcier_ingestion.folder_watching import as_watch, follow_until_stopped

    more = {"include": include or (), "exclude": exclude or (), "settle_seconds": settle_seconds}
    wanted = as_watch(folder, collection, delete=delete, interval_seconds=interval, **more)
    stopping = threading.Event()
    with _opened(context, wanted, stopping) as ready:

        def report(found: "SyncReport") -> None:
            _print(found, as_json=False, dry_run=False)

        following = threading.Thread(target=follow_until_stopped, args=(ready, stopping, report))
        following.start()
        try:
            while following.is_alive():
                following.join(0.5)
        except KeyboardInterrupt:
            typer.echo("Stopping after the step under way.", err=True)
        finally:
            stopping.set()
            following.join()


def watches(context: typer.Context, as_json: AsJson = False) -> None:
    """List the folders that are or were followed, and what their last scans found."""
    rows = _watches(context)
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    if not rows:
        typer.echo(
            "No folder is followed: sourcier sync FOLDER --collection NAME, or [[watch]] in the settings."
        )
    for row in rows:
        files = ", ".join(f"{count} {state}" for state, count in row["files"].items()) or "no files"
        typer.echo(
            f"{row['path']} -> {row['collection']}\t{row['state']}\t{files}\t{row['scanned_at'] or 'never'}"
        )
        if row["message"]:
            typer.echo(f"  {row['message']}")
        for problem in row["last_scan"].get("problems", []):
            typer.echo(f"  {problem['name']}: {problem['reason']}")


@contextmanager
def _opened(context: typer.Context, wanted: "WatchSettings", stopping: Any = None) -> "Iterator[FolderSync]":
    """Give what follows a folder: through the server that owns the home, else in this process."""
    from sourcier_core.catalogue import Catalogue
    from sourcier_core.command_context import command_context
    from sourcier_core.home import Home
    from sourcier_core.watch_store import WatchStore
    from sourcier_core.wiring import open_stores
    from sourcier_ingestion.folder_sync import FolderSync
    from sourcier_ingestion.folder_targets import FolderTarget, HomeFolderTarget, ServerFolderTarget
    from sourcier_ingestion.pipeline import Ingestion

    ready = command_context(context)
    home = ready.settings.home
    if ready.server is not None:
        # Which file a document came from is a matter of the catalogue, which any process may write.
        catalogue = Catalogue(Home(home).catalogue_url)
        target: FolderTarget = ServerFolderTarget(ready.server)
        try:
            store = WatchStore(catalogue.engine)
            yield FolderSync(wanted, target=target, store=store, home=home, stopping=stopping)
        finally:
            catalogue.close()
        return
    stores = open_stores(ready.settings, owner="sourcier sync")
    try:
        target = HomeFolderTarget(stores, Ingestion(stores, ready.settings))
        store = WatchStore(stores.catalogue.engine)
        yield FolderSync(wanted, target=target, store=store, home=home, stopping=stopping)
    finally:
        stores.close()


def _is_known(context: typer.Context, wanted: "WatchSettings") -> bool:
    """Tell whether a folder was followed before: one that vanished is a state, not a slip of the keys."""
    return any(
        row["path"] == str(wanted.path) and row["collection"] == wanted.collection
        for row in _watches(context)
    )


def _watches(context: typer.Context) -> list[dict[str, Any]]:
    from sourcier_core.catalogue import Catalogue
    from sourcier_core.command_context import command_context
    from sourcier_core.home import Home
    from sourcier_core.watch_store import WatchStore

    ready = command_context(context)
    if ready.server is not None:
        found: list[dict[str, Any]] = ready.server.get("/v1/watches")["watches"]
        return found
    home = Home(ready.settings.home)
    home.create()
    catalogue = Catalogue(home.catalogue_url)
    try:
        store = WatchStore(catalogue.engine)
        return [
            {
                "id": known.id,
                "path": str(known.path),
                "collection": known.collection,
                "state": known.state.value,
                "message": known.message,
                "scanned_at": known.scanned_at.isoformat() if known.scanned_at else None,
                "files": store.counts(known.id),
                "last_scan": dict(known.report),
            }
            for known in store.all()
        ]
    finally:
        catalogue.close()


def _print(report: "SyncReport", *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        values = {"state": report.state.value, "message": report.message, **report.values()}
        typer.echo(json.dumps(values, ensure_ascii=False, indent=2))
        return
    would = "would be " if dry_run else ""
    typer.echo(
        f"{len(report.added)} {would}added, {len(report.changed)} changed, {len(report.removed)} removed, "
        f"{len(report.renamed)} renamed, {report.unchanged} unchanged, "
        f"{len(report.waiting)} still being written, {len(report.refused)} refused, "
        f"{len(report.failed)} failed."
    )
    if report.message:
        typer.echo(report.message, err=True)
    for name, reason in {**report.refused, **report.failed}.items():
        typer.echo(f"  {name}: {reason}", err=True)
    for folder in report.unlisted:
        typer.echo(f"  {folder}/ could not be listed: its documents answer as before.", err=True)
    if report.gone and report.message is None:
        typer.echo(f"  {len(report.gone)} file(s) are gone; --delete removes their documents.", err=True)
    if report.not_ours:
        typer.echo(f"  {len(report.not_ours)} gone, kept: what answers came from elsewhere.", err=True)
