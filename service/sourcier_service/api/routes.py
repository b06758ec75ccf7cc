"""The routes under /v1: translate in, one domain call, translate out."""

from datetime import date
from pathlib import PurePosixPath
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import FileResponse, Response

from sourcier_core.errors import DocumentNotFound, JobNotFound, PageNotFound, PassportNotFound
from sourcier_core.page_store import label_of
from sourcier_core.types import Document, DocumentVersion, Effect, Given, MediaType, Page
from sourcier_ingestion.editing import PeriodChange
from sourcier_ingestion.passports import find_passport
from sourcier_service.access import Principal
from sourcier_service.api import presenting as present
from sourcier_service.api import schemas as s
from sourcier_service.api.dependencies import PrincipalDep, ServicesDep
from sourcier_service.version_changes import choose_versions, compare_versions
from sourcier_service.wiring import Services

Errors = dict[int | str, dict[str, Any]]


def _errors(*statuses: int) -> Errors:
    return {status: {"model": s.ErrorBody} for status in statuses}


router = APIRouter(prefix="/v1", responses=_errors(401, 422, 503))


@router.post("/answer", tags=["ask"], responses=_errors(404, 413))
def answer(body: s.AnswerRequest, services: ServicesDep, principal: PrincipalDep) -> s.AnswerBody:
    """Answer a question with verbatim, cited sentences, or say that the documents do not."""
    scope = services.access.scope(principal, body.collections, tags=body.tags, as_of=body.as_of)
    return present.present_answer(services.answering.answer(body.question, scope, language=body.language))


@router.post("/search", tags=["ask"], responses=_errors(404, 413))
def search(body: s.SearchRequest, services: ServicesDep, principal: PrincipalDep) -> s.SearchBody:
    """Find the pages that may answer, without answering."""
    scope = services.access.scope(principal, body.collections, tags=body.tags, as_of=body.as_of)
    return present.present_search(services.answering.search(body.question, scope, limit=body.limit))


@router.get("/collections", tags=["documents"])
def list_collections(services: ServicesDep, principal: PrincipalDep) -> s.CollectionsBody:
    """List the collections that you may read."""
    bodies = [
        s.CollectionBody(
            name=known.name,
            public=known.public,
            documents=len(services.access.documents(principal, known.name)),
        )
        for known in services.access.readable(principal)
    ]
    return s.CollectionsBody(collections=bodies)


@router.post("/collections", tags=["documents"], status_code=201, responses=_errors(403, 413))
def put_collection(
    body: s.CollectionRequest, services: ServicesDep, principal: PrincipalDep
) -> s.CollectionBody:
    """Make a collection, or publish or withdraw one. Needs an admin key."""
    services.access.require_admin(principal, "change collections")
    made = services.stores.catalogue.add_collection(body.name, public=body.public)
    count = len(services.stores.catalogue.documents([made.name]))
    return s.CollectionBody(name=made.name, public=made.public, documents=count)


@router.get("/documents", tags=["documents"], responses=_errors(404))
def list_documents(
    services: ServicesDep, principal: PrincipalDep, collection: str | None = None
) -> s.DocumentsBody:
    """List the documents that you may read, also those whose files were refused."""
    admin = services.access.is_admin(principal)
    documents = services.access.documents(principal, collection)
    passports = services.stores.passports.of([d.version for d in documents if d.version])
    return s.DocumentsBody(
        documents=[
            present.present_document(document, passports.get(document.version or ""), with_groups=admin)
            for document in documents
        ]
    )


@router.post("/documents", tags=["documents"], status_code=202, responses=_errors(403, 413, 507))
def upload_document(
    services: ServicesDep,
    principal: PrincipalDep,
    file: Annotated[UploadFile, File(description="PDF, Markdown or plain text")],
    collection: Annotated[str, Form(description="made, not public, where there is none")] = "default",
    name: Annotated[str | None, Form(description="of the document; default the file's name")] = None,
    effective_from: Annotated[date | None, Form(description="of this version; default today")] = None,
    effective_to: Annotated[date | None, Form(description="first day out of effect; default open")] = None,
    tags: Annotated[list[str] | None, Form(description="of the document; may be repeated")] = None,
    groups: Annotated[list[str] | None, Form(description="that may read it; may be repeated")] = None,
) -> s.UploadBody:
    """Add a document, or replace the one of that name, in the background. Needs an admin key."""
    services.access.require_admin(principal, "add documents")
    chosen = name or PurePosixPath((file.filename or "document").replace("\\", "/")).name
    given = Given(
        effective_from=effective_from,
        effective_to=effective_to,
        tags=None if tags is None else frozenset(tags),
        groups=None if groups is None else frozenset(groups),
    )
    job = services.jobs.submit(file.file, chosen, collection, services.settings.reading.max_bytes, given)
    return s.UploadBody(job=present.present_job(job))


@router.patch("/documents/{document}", tags=["documents"], responses=_errors(403, 404, 413))
def change_document(
    document: str, body: s.DocumentChangeRequest, services: ServicesDep, principal: PrincipalDep
) -> s.ChangedBody:
    """Give a document other tags, groups or dates: they hold from the next request. Needs an admin key."""
    services.access.require_admin(principal, "change documents")
    known = services.access.document(principal, document)
    period = PeriodChange(
        version=body.version,
        effective_from=body.effective_from,
        effective_to=body.effective_to,
        from_changes="effective_from" in body.model_fields_set,
        to_changes="effective_to" in body.model_fields_set,
    )
    changed, version = services.ingestion.editing.change(
        known,
        tags=None if body.tags is None else frozenset(body.tags),
        groups=None if body.groups is None else frozenset(body.groups),
        period=period,
    )
    return s.ChangedBody(
        document=present.present_document(
            changed, services.stores.passports.get(changed.version or ""), with_groups=True
        ),
        version=_present_version(services, version) if version else None,
    )


@router.delete("/documents/{document}", tags=["documents"], status_code=204, responses=_errors(403, 404))
def delete_document(document: str, services: ServicesDep, principal: PrincipalDep) -> None:
    """Remove a document, also while its file waits or is read: the next answer does not know it.

    Needs an admin key.
    """
    services.access.require_admin(principal, "delete documents")
    if not services.stores.jobs.unfinished_of(document):
        services.access.document(principal, document)
    versions = services.stores.versions.versions(document)
    services.ingestion.delete(document)
    for one in versions:
        services.views.forget(one.version)


@router.get("/documents/{document}/versions", tags=["documents"], responses=_errors(404))
def list_versions(document: str, services: ServicesDep, principal: PrincipalDep) -> s.VersionsBody:
    """List the versions that a document has and had, newest first, and when each is in effect."""
    known = services.access.document(principal, document)
    versions = services.stores.versions.versions(document)
    return s.VersionsBody(
        document=present.present_ref(known), versions=[_present_version(services, one) for one in versions]
    )


@router.get("/documents/{document}/changes", tags=["documents"], responses=_errors(404))
def get_changes(
    document: str,
    services: ServicesDep,
    principal: PrincipalDep,
    before: Annotated[
        str | None, Query(alias="from", description="sha256 or first digits; default the one before `to`")
    ] = None,
    after: Annotated[
        str | None, Query(alias="to", description="sha256 or first digits; default the newest")
    ] = None,
) -> s.ChangesBody:
    """Say what changed between two versions of a document, section by section, with pages."""
    known = services.access.document(principal, document)
    versions = services.stores.versions.versions(document)
    old, new = choose_versions(known.name, versions, before, after)
    try:
        return present.present_changes(known, compare_versions(services.stores.pages, old, new))
    except FileNotFoundError:  # deleted since
        raise DocumentNotFound(document) from None


@router.get("/documents/{document}/passport", tags=["documents"], responses=_errors(404))
def get_passport(document: str, services: ServicesDep, principal: PrincipalDep) -> s.PassportBody:
    """Return what reading a document found: pages to doubt, words kept out, languages, tables."""
    owner = services.access.document(principal, document)
    if owner.version is None:
        raise PassportNotFound(owner.name, owner.reason or "")
    try:
        found = find_passport(owner.version, services.stores.passports, services.stores.pages)
    except FileNotFoundError:  # deleted since
        raise DocumentNotFound(document) from None
    return present.present_passport(owner, owner.version, found)


@router.get("/jobs/{job}", tags=["documents"], responses=_errors(403, 404))
def get_job(job: str, services: ServicesDep, principal: PrincipalDep) -> s.JobBody:
    """Follow an upload. Needs an admin key."""
    services.access.require_admin(principal, "follow jobs")
    found = services.stores.jobs.get(job)
    if found is None:
        raise JobNotFound(job)
    return present.present_job(found)


@router.get(
    "/documents/{document}/versions/{version}/pages/{page}.jpg",
    tags=["pages"],
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, **_errors(404)},
)
def get_page_image(
    request: Request,
    document: str,
    version: str,
    page: int,
    services: ServicesDep,
    principal: PrincipalDep,
    scale: Annotated[float, Query(gt=0, le=4, description="pixels to the point")] = 1.5,
    start: Annotated[int | None, Query(ge=0, description="marks the span from start ...")] = None,
    end: Annotated[int | None, Query(ge=0, description="... to end")] = None,
) -> Response:
    """Draw a page as a JPEG, the words of a span marked on request."""
    _, known, text = _page(services, principal, document, version, page)
    if known.media_type is not MediaType.PDF:
        raise PageNotFound(document, page, 0)
    span = _span(text, start, end)
    # A browser may keep it and must ask: the document may be deleted or closed meanwhile.
    headers = {"Cache-Control": "private, no-cache", "ETag": f'"{version[:32]}-{page}-{scale:g}-{span}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    boxes = services.views.quote_boxes(version, page, *span).boxes if span else ()
    image = services.views.render(version, page, scale, boxes)
    return Response(image, media_type="image/jpeg", headers=headers)


@router.get("/documents/{document}/versions/{version}/pages/{page}", tags=["pages"], responses=_errors(404))
def get_page(
    document: str,
    version: str,
    page: int,
    services: ServicesDep,
    principal: PrincipalDep,
    start: Annotated[int | None, Query(ge=0, description="boxes of the span from start ...")] = None,
    end: Annotated[int | None, Query(ge=0, description="... to end")] = None,
) -> s.PageBody:
    """Return a page's text, its size, and on request the boxes of a span of its text."""
    owner, known, text = _page(services, principal, document, version, page)
    is_pdf = known.media_type is MediaType.PDF
    span = _span(text, start, end)
    # The size stands with the boxes: those of an empty span are none, and as cheap.
    found = services.views.quote_boxes(version, page, *(span or (0, 0))) if is_pdf else None
    return s.PageBody(
        document=present.present_ref(owner),
        version=version,
        page=text.number,
        page_label=label_of(services.stores.pages.structure(version), text.number),
        **present.present_effect(_effect(services, known)),
        page_count=known.page_count,
        width=found.width if found else None,
        height=found.height if found else None,
        text=text.text,
        headings=[heading.title for heading in text.headings],
        boxes=[present.present_box(box) for box in found.boxes] if found else [],
        verified=found.verified if found and span else None,
    )


@router.get(
    "/documents/{document}/versions/{version}/original",
    tags=["pages"],
    response_class=FileResponse,
    responses={200: {"content": {"application/pdf": {}, "text/plain": {}}}, **_errors(404)},
)
def get_original(document: str, version: str, services: ServicesDep, principal: PrincipalDep) -> Response:
    """Return the original file; a browser opens a PDF at `#page=n`."""
    owner, known = _version(services, principal, document, version)
    filename = PurePosixPath(owner.name).name
    # Text is never shown as a page of this site: a document cannot bring scripts along.
    media_type = known.media_type.value if known.media_type is MediaType.PDF else "text/plain; charset=utf-8"
    with services.stores.originals.local_path(version) as path:
        if not path.is_file():  # deleted since
            raise DocumentNotFound(document)
        return FileResponse(
            path,
            media_type=media_type,
            filename=filename,
            content_disposition_type="inline",
            headers={"Cache-Control": "private, no-cache"},
        )


def _present_version(services: Services, version: DocumentVersion) -> s.VersionBody:
    return present.present_version(version, services.stores.catalogue.sequence(), services.stores.today())


def _version(
    services: Services, principal: Principal, document: str, version: str
) -> tuple[Document, DocumentVersion]:
    owner = services.access.document(principal, document)
    known = services.stores.catalogue.document_version(document, version)
    if known is None:
        raise DocumentNotFound(f"{document} version {version}")
    return owner, known


def _effect(services: Services, version: DocumentVersion) -> Effect:
    today = services.stores.today().toordinal()
    return Effect(version.period, version.superseded(services.stores.catalogue.sequence(), today))


def _page(
    services: Services, principal: Principal, document: str, version: str, page: int
) -> tuple[Document, DocumentVersion, Page]:
    owner, known = _version(services, principal, document, version)
    if not 1 <= page <= known.page_count:
        raise PageNotFound(owner.name, page, known.page_count)
    try:
        return owner, known, services.stores.pages.page(version, page)
    except FileNotFoundError:  # deleted since
        raise DocumentNotFound(document) from None


def _span(page: Page, start: int | None, end: int | None) -> tuple[int, int] | None:
    if start is None or end is None or not start < end <= len(page.text):
        return None
    return start, end
