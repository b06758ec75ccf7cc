"""Domain types -> what goes over the wire, with the links that open it."""

from datetime import date
from typing import TypedDict
from urllib.parse import urlencode
from uuid import uuid4

from sourcier_core.passport import passport_values, summarise
from sourcier_core.types import (
    Answer,
    Box,
    Citation,
    Context,
    Document,
    DocumentVersion,
    Effect,
    Job,
    Passage,
    Passport,
)
from sourcier_core.upkeep import utc_today
from sourcier_service.api import schemas as s
from sourcier_service.retrieval import Retrieved
from sourcier_service.version_changes import Change, VersionChanges
from sourcier_service.version_sections import Statement


def present_answer(answer: Answer) -> s.AnswerBody:
    """Return an answer's body, under an id of its own."""
    return s.AnswerBody(
        id=str(uuid4()),
        question=answer.question,
        status=answer.status.value,
        mode=answer.mode.value,
        language=answer.language,
        confidence=round(answer.confidence, 4),
        reason=answer.reason,
        searched=s.SearchedBody(documents=answer.searched.documents, pages=answer.searched.pages),
        sentences=[s.SentenceBody(text=x.text, citations=list(x.citations)) for x in answer.sentences],
        citations=[present_citation(citation) for citation in answer.citations],
        passages=[present_passage(passage) for passage in answer.passages],
        follow_ups=list(answer.follow_ups),
        as_of=answer.as_of or utc_today(),
        timings=answer.timings,
    )


def present_search(found: Retrieved) -> s.SearchBody:
    """Return a search's body."""
    passages = [present_passage(passage) for passage in found.passages]
    return s.SearchBody(passages=passages, reason=found.nothing_found)


def present_citation(citation: Citation) -> s.CitationBody:
    """Return a citation's body."""
    return s.CitationBody(
        n=citation.n,
        page=citation.page,
        page_label=citation.page_label,
        section=list(citation.section),
        quote=citation.quote,
        start=citation.start,
        end=citation.end,
        boxes=[present_box(box) for box in citation.boxes],
        verified=citation.verified,
        context=present_context(citation.context),
        warnings=list(citation.warnings),
        original_url=original_url(citation.document.id, citation.version, citation.page),
        document=present_ref(citation.document),
        version=citation.version,
        **present_effect(citation.effect),
        **_links(citation),
    )


def present_context(context: Context | None) -> s.ContextBody | None:
    """Return a context's body."""
    return s.ContextBody(text=context.text, start=context.start, end=context.end) if context else None


def present_passage(passage: Passage) -> s.PassageBody:
    """Return a passage's body."""
    return s.PassageBody(
        document=present_ref(passage.document),
        version=passage.version,
        page=passage.page,
        page_label=passage.page_label,
        section=list(passage.section),
        text=passage.text,
        start=passage.start,
        end=passage.end,
        score=round(passage.score, 6),
        **present_effect(passage.effect),
        **_links(passage),
    )


def present_ref(document: Document) -> s.DocumentRef:
    """Return which document it is."""
    return s.DocumentRef(
        id=document.id, name=document.name, title=document.title, collection=document.collection
    )


def present_document(
    document: Document, passport: Passport | None, *, with_groups: bool = False
) -> s.DocumentBody:
    """Return a document's body, what was found in it summed up; its groups are for administrators."""
    return s.DocumentBody(
        id=document.id,
        collection=document.collection,
        name=document.name,
        title=document.title,
        status=document.status.value,
        reason=document.reason,
        reason_code=document.reason_code,
        version=document.version,
        media_type=document.media_type.value if document.media_type else None,
        language=document.language,
        pages=document.page_count,
        chunks=document.chunk_count,
        size=document.size,
        findings=summarise(passport) if passport else {},
        updated_at=document.updated_at,
        tags=sorted(document.tags),
        groups=sorted(document.groups) if with_groups else [],
    )


class _EffectFields(TypedDict):
    effective_from: date | None
    effective_to: date | None
    superseded: bool


def present_effect(effect: Effect) -> _EffectFields:
    """Return the fields that say when a version is in effect."""
    return {
        "effective_from": effect.period.start,
        "effective_to": effect.period.end,
        "superseded": effect.superseded,
    }


def present_version(version: DocumentVersion, sequence: int, today: date) -> s.VersionBody:
    """Return a version's body, as it stands today."""
    return s.VersionBody(
        version=version.version,
        state=version.state(sequence, today.toordinal()),
        effective_from=version.period.start,
        effective_to=version.period.end,
        committed_at=version.committed_at,
        title=version.title,
        media_type=version.media_type.value,
        language=version.language,
        pages=version.page_count,
        searchable=version.searchable,
        original_url=original_url(version.document, version.version, None),
    )


def present_changes(document: Document, changes: VersionChanges) -> s.ChangesBody:
    """Return what changed between two versions."""
    return s.ChangesBody(
        document=present_ref(document),
        version_from=changes.version_from,
        version_to=changes.version_to,
        sections_unchanged=changes.unchanged,
        sections=[
            s.SectionChangeBody(
                kind=section.kind,
                before=None if section.before is None else list(section.before.heading),
                after=None if section.after is None else list(section.after.heading),
                page_before=section.before.page if section.before else None,
                page_label_before=section.before.page_label if section.before else None,
                page_after=section.after.page if section.after else None,
                page_label_after=section.after.page_label if section.after else None,
                changes=[_present_change(change) for change in section.changes],
            )
            for section in changes.sections
        ],
    )


def _present_change(change: Change) -> s.ChangeBody:
    return s.ChangeBody(
        kind=change.kind,
        before=_present_place(change.before),
        after=_present_place(change.after),
        numbers_before=list(change.numbers_before),
        numbers_after=list(change.numbers_after),
    )


def _present_place(place: Statement | None) -> s.PlaceBody | None:
    if place is None:
        return None
    return s.PlaceBody(
        text=place.text, page=place.page, page_label=place.page_label, start=place.start, end=place.end
    )


def present_passport(document: Document, version: str, passport: Passport) -> s.PassportBody:
    """Return a passport's body."""
    return s.PassportBody(document=present_ref(document), version=version, **passport_values(passport))


def present_job(job: Job) -> s.JobBody:
    """Return a job's body."""
    return s.JobBody(
        id=job.id,
        document=job.document,
        collection=job.collection,
        name=job.name,
        state=job.state.value,
        pages_done=job.pages_done,
        pages_total=job.pages_total,
        error_code=job.error_code,
        error=job.error,
        created_at=job.created_at,
        updated_at=job.updated_at,
    )


def present_box(box: Box) -> s.BoxBody:
    """Return a box's body."""
    return s.BoxBody(x0=box.x0, y0=box.y0, x1=box.x1, y1=box.y1)


def page_url(document: str, version: str, page: int | None) -> str:
    """Return where a page's text and boxes are."""
    return f"/v1/documents/{document}/versions/{version}/pages/{page or 1}"


def original_url(document: str, version: str, page: int | None) -> str:
    """Return where the original file is, opened at the page by viewers that can."""
    return f"/v1/documents/{document}/versions/{version}/original" + (f"#page={page}" if page else "")


class _Links(TypedDict):
    url: str
    page_url: str
    image_url: str | None


def _links(found: Citation | Passage) -> _Links:
    span = {"start": found.start, "end": found.end}
    page = page_url(found.document.id, found.version, found.page)
    place = {"document": found.document.id, "version": found.version, "page": found.page or 1, **span}
    return {
        "url": f"/#{urlencode(place)}",
        "page_url": f"{page}?{urlencode(span)}",
        "image_url": f"{page}.jpg?{urlencode(span)}" if found.page else None,
    }
