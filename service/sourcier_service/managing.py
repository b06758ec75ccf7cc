"""Commands on one document -> the API's JSON, from this process or the server that owns the home."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from sourcier_core.catalogue import Catalogue
from sourcier_core.command_context import CommandContext
from sourcier_core.errors import DocumentAmbiguous, NoDocumentOfThatName
from sourcier_core.file_store import FileStore
from sourcier_core.home import Home
from sourcier_core.page_store import PageStore
from sourcier_core.remote import RemoteServer
from sourcier_core.types import Document
from sourcier_core.upkeep import utc_today
from sourcier_core.version_store import VersionStore
from sourcier_core.wiring import open_stores
from sourcier_ingestion.editing import Editing, PeriodChange
from sourcier_ingestion.naming import read_day
from sourcier_ingestion.pipeline import Ingestion
from sourcier_service.api import presenting as present
from sourcier_service.version_changes import choose_versions, compare_versions

T = TypeVar("T")


def delete_document(ready: CommandContext, name: str, collection: str | None) -> None:
    """Delete a document: nothing answers from it when this returns.

    Raises:
        NoDocumentOfThatName: There is none of that name.
        DocumentAmbiguous: Several collections have one.
    """
    if ready.server is not None:
        ready.server.delete(f"/v1/documents/{_find_remote(ready.server, name, collection)}")
        return
    stores = open_stores(ready.settings, owner="sourcier delete")
    try:
        document = _find(stores.catalogue, name, collection)
        Ingestion(stores, ready.settings).delete(document.id)
    finally:
        stores.close()


def set_document(
    ready: CommandContext, name: str, collection: str | None, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Give a document other tags, groups or dates; returns the body of PATCH /v1/documents/{id}.

    Args:
        ready: Where.
        name: Of the document.
        collection: Of the document, where several have one of that name.
        changes: Fields of the PATCH; those left out stay.

    Raises:
        NoDocumentOfThatName: There is none of that name.
        InvalidName: A tag or group cannot be used.
        InvalidPeriod: A date cannot be read, or the period would hold no day.
        VersionNotFound: There is no such version.
    """
    if ready.server is not None:
        return ready.server.patch(
            f"/v1/documents/{_find_remote(ready.server, name, collection)}", dict(changes)
        )
    days = {
        key: read_day(changes[key]) if changes.get(key) else None
        for key in ("effective_from", "effective_to")
    }
    period = PeriodChange(
        changes.get("version"),
        **days,
        from_changes="effective_from" in changes,
        to_changes="effective_to" in changes,
    )
    stores = open_stores(ready.settings, owner="sourcier set")
    try:
        changed, version = Editing(stores).change(
            _find(stores.catalogue, name, collection),
            tags=frozenset(changes["tags"]) if "tags" in changes else None,
            groups=frozenset(changes["groups"]) if "groups" in changes else None,
            period=period,
        )
        today = stores.today()
        sequence = stores.catalogue.sequence()
        shown = present.present_version(version, sequence, today).model_dump(mode="json") if version else None
        passport = stores.passports.get(changed.version or "")
        document = present.present_document(changed, passport, with_groups=True).model_dump(mode="json")
        return {"document": document, "version": shown}
    finally:
        stores.close()


def list_versions(ready: CommandContext, name: str, collection: str | None) -> dict[str, Any]:
    """Return the body of GET /v1/documents/{id}/versions; raises as `delete_document`."""
    if ready.server is not None:
        return ready.server.get(f"/v1/documents/{_find_remote(ready.server, name, collection)}/versions")
    with _catalogue(ready) as catalogue:
        document = _find(catalogue, name, collection)
        sequence, today = catalogue.sequence(), utc_today()
        rows = [
            present.present_version(one, sequence, today).model_dump(mode="json")
            for one in VersionStore(catalogue).versions(document.id)
        ]
        return {"document": present.present_ref(document).model_dump(mode="json"), "versions": rows}


def list_changes(
    ready: CommandContext, name: str, collection: str | None, before: str | None, after: str | None
) -> dict[str, Any]:
    """Return the body of GET /v1/documents/{id}/changes.

    Raises:
        NoDocumentOfThatName: There is none of that name.
        VersionNotFound: There is no such version, or only one.
    """
    if ready.server is not None:
        path = f"/v1/documents/{_find_remote(ready.server, name, collection)}/changes"
        wanted = {key: value for key, value in (("from", before), ("to", after)) if value}
        return ready.server.get(path, **wanted)
    with _catalogue(ready) as catalogue:
        document = _find(catalogue, name, collection)
        versions = VersionStore(catalogue).versions(document.id)
        old, new = choose_versions(name, versions, before, after)
        pages = PageStore(FileStore(Home(ready.settings.home).pages))
        return present.present_changes(document, compare_versions(pages, old, new)).model_dump(mode="json")


@contextmanager
def _catalogue(ready: CommandContext) -> Iterator[Catalogue]:
    # Reading needs no ownership of the home: the catalogue is a database of its own.
    home = Home(ready.settings.home)
    home.create()
    catalogue = Catalogue(home.catalogue_url)
    try:
        yield catalogue
    finally:
        catalogue.close()


def _find(catalogue: Catalogue, name: str, collection: str | None) -> Document:
    known = catalogue.documents([found.name for found in catalogue.collections()])
    return _only(known, name, collection, lambda document: (document.name, document.collection))


def _find_remote(server: RemoteServer, name: str, collection: str | None) -> str:
    rows = server.get("/v1/documents")["documents"]
    found: str = _only(rows, name, collection, lambda row: (row["name"], row["collection"]))["id"]
    return found


def _only(known: list[T], name: str, collection: str | None, place: Callable[[T], tuple[str, str]]) -> T:
    found = [one for one in known if place(one)[0] == name and collection in (None, place(one)[1])]
    if not found:
        raise NoDocumentOfThatName(name)
    if len(found) > 1:
        raise DocumentAmbiguous(name, ", ".join(sorted(place(one)[1] for one in found)))
    return found[0]
