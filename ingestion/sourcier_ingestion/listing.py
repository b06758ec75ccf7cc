"""Documents and collections of a home, or of the server that owns it, as rows."""

from typing import Any

from rich.console import Console
from rich.table import Column, Table

from sourcier_core.catalogue import Catalogue
from sourcier_core.command_context import CommandContext
from sourcier_core.errors import DocumentNotFound, PassportNotFound
from sourcier_core.file_store import FileStore
from sourcier_core.home import Home
from sourcier_core.page_store import PageStore
from sourcier_core.passport import passport_values, summarise
from sourcier_core.passport_store import PassportStore
from sourcier_core.types import Document, Passport
from sourcier_ingestion.passports import find_passport

_FOUND = {
    "image_only": "an image and no text",
    "unreadable": "could not be read",
    "recognised": "read by OCR",
    "ocr_layer": "a scan with a text recognised by whoever made it",
    "rotated": "turned",
    "garbled": "garbled",
    "invisible_text": "text that cannot be seen, kept out of the index",
    "off_page_text": "text beside the page, kept out of the index",
    "second_reader": "damaged, read by other means",
}
_COLOURS = {"ready": "green", "partial": "yellow", "refused": "red", "failed": "red"}


def list_documents(ready: CommandContext) -> list[dict[str, Any]]:
    """Return a row for each document and each refused file."""
    if ready.server is not None:
        found = ready.server.get("/v1/documents")["documents"]
        return [{"file": row.pop("name"), **row} for row in found]
    catalogue = _open(ready)
    try:
        names = [collection.name for collection in catalogue.collections()]
        documents = catalogue.documents(names)
        passports = PassportStore(catalogue.engine).of([d.version for d in documents if d.version])
        return [_row(document, passports.get(document.version or "")) for document in documents]
    finally:
        catalogue.close()


def print_documents(rows: list[dict[str, Any]]) -> None:
    """Print rows as a table."""
    table = Table(
        Column("file", overflow="fold"), "collection", "status", "pages", "chunks", "found", "reason"
    )
    for row in rows:
        colour = _COLOURS.get(row["status"], "white")
        status = f"[{colour}]{row['status']}[/]"
        table.add_row(
            row["file"],
            row["collection"],
            status,
            str(row["pages"]),
            str(row["chunks"]),
            ", ".join(f"{pages} {finding}" for finding, pages in row["findings"].items()),
            row["reason"] or "",
        )
    Console().print(table if rows else "No documents yet: sourcier ingest PATH...")


def read_passport(ready: CommandContext, name: str, collection: str) -> dict[str, Any]:
    """Return what reading a document found.

    Args:
        ready: Where to ask.
        name: Of the document within its collection, or its id.
        collection: Where it is.

    Raises:
        DocumentNotFound: There is none of that name or id.
        PassportNotFound: No version of it was read.
    """
    rows = [row for row in list_documents(ready) if name == row["id"] or _is(row, name, collection)]
    if not rows:
        raise DocumentNotFound(name)
    row = rows[0]
    if ready.server is not None:
        found: dict[str, Any] = ready.server.get(f"/v1/documents/{row['id']}/passport")
        return found
    if row["version"] is None:
        raise PassportNotFound(row["file"], row["reason"] or "")
    catalogue = _open(ready)
    try:
        pages = PageStore(FileStore(Home(ready.settings.home).pages))
        made = find_passport(row["version"], PassportStore(catalogue.engine), pages)
    finally:
        catalogue.close()
    reference = {
        "id": row["id"],
        "name": row["file"],
        "title": row["title"],
        "collection": row["collection"],
    }
    return {"document": reference, "version": row["version"], **passport_values(made)}


def print_passport(found: dict[str, Any]) -> None:
    """Print a passport, one fact a line; what was not found is not mentioned."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{found['document']['name']}: {found['pages']} page(s)", markup=False)
    languages = ", ".join(f"{language} on {pages}" for language, pages in found["languages"].items())
    console.print(
        f"  {found['tables']} table(s), {found['headings']} heading(s), {found['outline']} outline entries; "
        f"languages: {languages or 'none'}"
    )
    if found["repaired"]:
        console.print("  the file is damaged and was repaired to be read", style="yellow")
    for name, said in _FOUND.items():
        if found[name]:
            console.print(f"  {said}: {_pages(found[name])}", markup=False)
    for page, first in found["duplicates"]:
        console.print(f"  page {page} says the same as page {first}")
    for hidden in found["hidden"]:
        console.print(
            f"  kept out of page {hidden['page']} ({hidden['reason']}): {hidden['text']}", markup=False
        )


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


def _is(row: dict[str, Any], name: str, collection: str) -> bool:
    return bool(row["file"] == name and row["collection"] == collection)


def _pages(numbers: list[int]) -> str:
    """Return page numbers, those that follow each other as a range: "2, 5-7"."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    shown = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)
    return f"page {shown}" if len(numbers) == 1 else f"{len(numbers)} pages ({shown})"


def _row(document: Document, passport: Passport | None) -> dict[str, Any]:
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
        "findings": summarise(passport) if passport else {},
        "updated_at": document.updated_at.isoformat(),
        "tags": sorted(document.tags),
        "groups": sorted(document.groups),
    }
