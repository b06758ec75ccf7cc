"""The routes under /v1: translate in, one domain call, translate out."""

from pathlib import PurePosixPath
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, UploadFile
from fastapi.responses import FileResponse, Response

from sourcier_core.errors import DocumentNotFound, JobNotFound, PageNotFound, PassportNotFound
from sourcier_core.page_store import label_of
from sourcier_core.types import Document, DocumentVersion, MediaType, Page
from sourcier_ingestion.passports import find_passport
from sourcier_service.access import Principal
from sourcier_service.api import presenting as present
from sourcier_service.api import schemas as s
from sourcier_service.api.dependencies import PrincipalDep, ServicesDep
from sourcier_service.wiring import Services

Errors = dict[int | str, dict[str, Any]]


def _errors(*statuses: int) -> Errors:
    return {status: {"model": s.ErrorBody} for status in statuses}


router = APIRouter(prefix="/v1", responses=_errors(401, 422, 503))


@router.post("/answer", tags=["ask"], responses=_errors(404, 413))
def answer(body: s.AnswerRequest, services: ServicesDep, principal: PrincipalDep) -> s.AnswerBody:
    """Answer a question with verbatim, cited sentences, or say that the documents do not."""
    scope = services.access.scope(principal, body.collections)
    return present.present_answer(services.answering.answer(body.question, scope, language=body.language))


@router.post("/search", tags=["ask"], responses=_errors(404, 413))
def search(body: s.SearchRequest, services: ServicesDep, principal: PrincipalDep) -> s.SearchBody:
    """Find the pages that may answer, without answering."""
    scope = services.access.scope(principal, body.collections)
    return present.present_search(services.answering.search(body.question, scope, limit=body.limit))


@router.get("/collections", tags=["documents"])
def list_collections(services: ServicesDep, principal: PrincipalDep) -> s.CollectionsBody:
    """List the collections that you may read."""
    bodies = [
        s.CollectionBody(
            name=known.name,
            public=known.public,
            documents=len(services.stores.catalogue.documents([known.name])),
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
    scope = services.access.scope(principal, None if collection is None else [collection])
    documents = services.stores.catalogue.documents(sorted(scope.collections))
    passports = services.stores.passports.of([d.version for d in documents if d.version])
    bodies = [present.present_document(d, passports.get(d.version or "")) for d in documents]
    return s.DocumentsBody(documents=bodies)


@router.post("/documents", tags=["documents"], status_code=202, responses=_errors(403, 413, 507))
def upload_document(
    services: ServicesDep,
    principal: PrincipalDep,
    file: Annotated[UploadFile, File(description="PDF, Markdown or plain text")],
    collection: Annotated[str, Form(description="made, not public, where there is none")] = "default",
    name: Annotated[str | None, Form(description="of the document; default the file's name")] = None,
) -> s.UploadBody:
    """Add a document, or replace the one of that name, in the background. Needs an admin key."""
    services.access.require_admin(principal, "add documents")
    chosen = name or PurePosixPath((file.filename or "document").replace("\\", "/")).name
    job = services.jobs.submit(file.file, chosen, collection, services.settings.reading.max_bytes)
    return s.UploadBody(job=present.present_job(job))


@router.delete("/documents/{document}", tags=["documents"], status_code=204, responses=_errors(403, 404))
def delete_document(document: str, services: ServicesDep, principal: PrincipalDep) -> None:
    """Remove a document: the next answer does not know it. Needs an admin key."""
    services.access.require_admin(principal, "delete documents")
    services.ingestion.delete(services.access.document(principal, document))


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
    boxes = services.views.quote_boxes(version, page, *span).boxes if span else ()
    image = services.views.render(version, page, scale, boxes)
    return Response(image, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})


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
        return FileResponse(path, media_type=media_type, filename=filename, content_disposition_type="inline")


def _version(
    services: Services, principal: Principal, document: str, version: str
) -> tuple[Document, DocumentVersion]:
    owner = services.access.document(principal, document)
    known = services.stores.catalogue.document_version(document, version)
    if known is None:
        raise DocumentNotFound(f"{document} version {version}")
    return owner, known


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
