"""`sourcier backup`, `restore` and `verify-backup`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sourcier_core.backup_archive import Manifest

BackupPath = Annotated[Path, typer.Argument(help="The backup file.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    app.command()(backup)
    app.command()(restore)
    app.command(name="verify-backup")(verify_backup)


def backup(
    context: typer.Context,
    file: BackupPath,
    include_model: Annotated[
        bool, typer.Option("--include-model", help="Save the embedding model's export as well.")
    ] = False,
) -> None:
    """Save all data to one new file, also while a server runs, and check it."""
    from sourcier_core.backup import back_up, new_file, verify
    from sourcier_core.command_context import command_context
    from sourcier_core.wiring import open_stores

    ready = command_context(context)
    if ready.server is not None:
        with new_file(file) as part:
            ready.server.download("/v1/backups", {"include_model": include_model}, part)
            manifest = verify(part)
    else:
        stores = open_stores(ready.settings, owner="sourcier backup")
        try:
            manifest = back_up(stores, ready.settings, file, include_model=include_model)
        finally:
            stores.close()
    typer.echo(f"{file}: {file.stat().st_size / 2**20:,.1f} MiB, checked.")
    _describe(manifest)
    typer.echo(f"Writers were kept waiting for {manifest.described.pause_seconds * 1000:,.0f} ms.")


def verify_backup(file: BackupPath) -> None:
    """Read a backup file whole and compare it with its checksums."""
    from sourcier_core.backup import verify

    manifest = verify(file)
    typer.echo(f"{file} is whole.")
    _describe(manifest)


def restore(
    context: typer.Context,
    file: BackupPath,
    force: Annotated[
        bool, typer.Option("--force", help="Move what the home holds aside; without it, only an empty one.")
    ] = False,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Do not open it first, e.g. where the model comes later.")
    ] = False,
) -> None:
    """Fill an empty home from a backup file, whole or not at all."""
    from sourcier_core.backup import restore as put_back
    from sourcier_core.command_context import command_context

    settings = command_context(context).settings
    done = put_back(file, settings, force=force, unchecked=unchecked)
    state = "its index opened and answered" if done.checked else "not opened yet"
    typer.echo(f"{settings.home} is restored; every checksum is right, {state}.")
    _describe(done.manifest)
    if done.aside is not None:
        typer.echo(f"What was there before is in {done.aside}. Remove it when it is no longer wanted.")


def _describe(manifest: "Manifest") -> None:
    described = manifest.described
    typer.echo(
        f"{described.documents} documents, {described.chunks} chunks, {len(manifest.members)} files; made "
        f"{described.created_at} by release {manifest.made_by}."
    )
    with_it = any(member.name.startswith("models/") for member in manifest.members)
    where = "which is in it" if with_it else "which is not in it"
    typer.echo(f"It needs the model {described.model} ({described.precision}), {where}.")
    for name in described.missing:
        typer.echo(f"warning: the home did not have {name}, which its catalogue names.")
