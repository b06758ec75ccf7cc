"""Documents and collections of a home, or of the server that owns it, as rows."""

from typing import Any

from rich.console import Console
from rich.table import Column, Table

from sourcier_core.catalogue import Catalogue
from sourcier_core.command_context import CommandContext
from sourcier_core.home import Home
from sourcier_core.types import Document

_COLOURS = {"ready": "green", "partial": "yellow", "refused": "red", "failed": "red"}


def list_documents(ready: CommandContext) -> list[dict[str, Any]]:
    """Return a row for each document and each refused file."""
    if ready.server is not None:
        found = ready.server.get("/v1/documents")["documents"]
        return [{"file": row.pop("name"), **row} for row in found]
    catalogue = _open(ready)
    try:
        names = [collection.name for collection in catalogue.collections()]
        return [_row(document) for document in catalogue.documents(names)]
    finally:
        catalogue.close()


def print_documents(rows: list[dict[str, Any]]) -> None:
    """Print rows as a table."""
    table = Table(Column("file", overflow="fold"), "collection", "status", "pages", "chunks", "reason")
    for row in rows:
        colour = _COLOURS.get(row["status"], "white")
        status = f"[{colour}]{row['status']}[/]"
        table.add_row(
            row["file"], row["collection"], status, str(row["pages"]), str(row["chunks"]), row["reason"] or ""
        )
    Console().print(table if rows else "No documents yet: sourcier ingest PATH...")


def list_collections(ready: CommandContext) -> list[dict[str, Any]]:
    """Return a row for each collection."""
    if ready.server is not None:
        found: list[dict[str, Any]] = ready.server.get("/v1/collections")["collections"]
        return found
    catalogue = _open(ready)
    try:
        return [
            {"name": c.name, "public": c.public, "documents": len(catalogue.documents([c.name]))}
            for c in catalogue.collections()
        ]
    finally:
        catalogue.close()


def change_collection(ready: CommandContext, name: str, *, public: bool) -> None:
    """Make a collection, or say who may ask it.

    Raises:
        InvalidName: The name cannot be used.
    """
    if ready.server is not None:
        ready.server.post("/v1/collections", {"name": name, "public": public})
        return
    catalogue = _open(ready)
    try:
        catalogue.add_collection(name, public=public)
    finally:
        catalogue.close()


def _open(ready: CommandContext) -> Catalogue:
    # Reading the catalogue needs no ownership of the home: it is a database of its own.
    home = Home(ready.settings.home)
    home.create()
    return Catalogue(home.catalogue_url)


def _row(document: Document) -> dict[str, Any]:
    return {
        "file": document.name,
        "collection": document.collection,
        "status": document.status.value,
        "reason": document.reason,
        "reason_code": document.reason_code,
        "pages": document.page_count,
        "chunks": document.chunk_count,
        "title": document.title,
        "language": document.language,
        "id": document.id,
        "version": document.version,
        "media_type": document.media_type.value if document.media_type else None,
        "size": document.size,
        "updated_at": document.updated_at.isoformat(),
        "tags": sorted(document.tags),
        "groups": sorted(document.groups),
    }
