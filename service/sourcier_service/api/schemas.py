"""What goes over the wire. Response fields have no defaults: the OpenAPI file shows them always present."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_QUESTION_CHARS = 100_000  # refused by the schema; the limit that is set gives the better message


class AnswerRequest(BaseModel):
    """A question."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"question": "Quel est le délai pour une note de frais ?"}]},
    )

    question: Annotated[str, Field(max_length=MAX_QUESTION_CHARS)]
    collections: list[str] | None = Field(
        default=None, description="Narrows to these; default all you may read."
    )
    language: Literal["fr", "en"] | None = Field(
        default=None, description="Of the question; default detected."
    )
    tags: list[str] | None = Field(default=None, description="Narrows to documents that bear one of these.")
    as_of: date | None = Field(
        default=None,
        description="Reads the versions in effect on that day, also superseded ones; default today (UTC).",
    )


class SearchRequest(BaseModel):
    """A question whose passages are wanted, without an answer."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"question": "mileage rate above 5,000 km", "limit": 5}]},
    )

    question: Annotated[str, Field(max_length=MAX_QUESTION_CHARS)]
    collections: list[str] | None = None
    tags: list[str] | None = Field(default=None, description="Narrows to documents that bear one of these.")
    as_of: date | None = Field(default=None, description="The day whose versions are wanted; default today.")
    limit: int = Field(default=10, ge=1, le=50)


class DocumentRef(BaseModel):
    """Which document."""

    id: str
    name: str
    title: str
    collection: str


class BoxBody(BaseModel):
    """A rectangle in PDF points, origin top left of the page as displayed."""

    x0: float
    y0: float
    x1: float
    y1: float


class ContextBody(BaseModel):
    """Words without which a quote says little: a table row's column heads, a list's opening sentence."""

    text: str
    start: int = Field(description="code points into the page's text")
    end: int


class CitationBody(BaseModel):
    """The proof of a sentence."""

    n: int
    document: DocumentRef
    version: str = Field(description="sha256 of the file")
    page: int | None = Field(description="1-based, as a viewer counts; null for Markdown and plain text")
    page_label: str | None = Field(description="as printed on the page")
    section: list[str]
    quote: str
    start: int = Field(description="code points into the page's text")
    end: int
    boxes: list[BoxBody]
    verified: bool
    effective_from: date | None = Field(description="first day of effect of the version; null: since ever")
    effective_to: date | None = Field(description="first day on which it is no longer in effect; null: open")
    superseded: bool = Field(description="whether another version is in effect in its place today")
    context: ContextBody | None = Field(description="on the same page, outside the quote")
    warnings: list[str] = Field(
        description="what is doubtful about the page: `ocr` and `ocr_layer` (recognised in an image, by "
        "this service or by whoever made the file), `garbled`, `second_reader` (lines without layout), "
        "`repaired` (the file is damaged), `hidden_text` (the page also holds words that cannot be seen; "
        "they are not searched)"
    )
    url: str = Field(description="opens this page with the highlight in the Ask page")
    page_url: str
    image_url: str | None
    original_url: str


class PassageBody(BaseModel):
    """A page that may answer."""

    document: DocumentRef
    version: str
    page: int | None
    page_label: str | None
    section: list[str]
    text: str
    start: int
    end: int
    score: float = Field(description="higher is better; comparable within one reply only")
    effective_from: date | None = Field(description="first day of effect of the version; null: since ever")
    effective_to: date | None = Field(description="first day on which it is no longer in effect; null: open")
    superseded: bool = Field(description="whether another version is in effect in its place today")
    url: str
    page_url: str
    image_url: str | None


class SentenceBody(BaseModel):
    """One sentence, table row or list item and the citations that prove it; a list's items share theirs."""

    text: str
    citations: list[int]


class SearchedBody(BaseModel):
    """What was searched: of what you may read, all that answers."""

    documents: int
    pages: int


class AnswerBody(BaseModel):
    """The reply to a question."""

    id: str
    question: str
    status: Literal["answered", "partial", "no_answer"]
    mode: Literal["curated", "extractive", "generative"]
    language: str
    confidence: float
    reason: Literal["nothing_searched", "no_words", "no_evidence", "low_support"] | None = Field(
        description="why there is no answer: no document to search, no word to look for, no page found, or "
        "none that answers surely enough"
    )
    searched: SearchedBody
    sentences: list[SentenceBody]
    citations: list[CitationBody]
    passages: list[PassageBody]
    follow_ups: list[str]
    as_of: date = Field(description="the day whose versions were read")
    timings: dict[str, float] = Field(description="milliseconds by step")


class SearchBody(BaseModel):
    """Passages, best first, on distinct pages."""

    passages: list[PassageBody]
    reason: Literal["nothing_searched", "no_words", "no_evidence"] | None = Field(
        description="why there is no passage: no document to search, no word to look for, no page found"
    )


class CollectionBody(BaseModel):
    """A collection that you may read."""

    name: str
    public: bool
    documents: int


class CollectionsBody(BaseModel):
    """The collections that you may read."""

    collections: list[CollectionBody]


class CollectionRequest(BaseModel):
    """A collection to make, or to give another access."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "procedures", "public": True}]}
    )

    name: str
    public: bool = False


class DocumentBody(BaseModel):
    """A document, also one whose file was refused."""

    id: str
    collection: str
    name: str
    title: str
    status: Literal["indexing", "ready", "partial", "refused", "failed"]
    reason: str | None
    reason_code: str | None
    version: str | None
    media_type: str | None
    language: str
    pages: int
    chunks: int
    size: int
    findings: dict[str, int] = Field(
        description="pages by what was found on them, as in the passport; what was not found is left out"
    )
    updated_at: datetime
    tags: list[str]
    groups: list[str] = Field(
        description="that may read it, told to administrators; none: as the collection says"
    )


class HiddenTextBody(BaseModel):
    """Words that a page holds and does not show: kept out of the index."""

    page: int
    reason: Literal["invisible", "background", "covered", "tiny", "off_page"] = Field(
        description="not painted or transparent; in its background's colour; under something opaque; of "
        "next to no size; beside the page"
    )
    text: str = Field(description="cut short")


class PassportBody(BaseModel):
    """What reading a document found; page numbers are 1-based, as a viewer counts."""

    document: DocumentRef
    version: str = Field(description="sha256 of the file")
    pages: int
    without_text: list[int] = Field(description="cannot be searched")
    image_only: list[int] = Field(description="of these, those that show an image: OCR would read them")
    unreadable: list[int] = Field(description="of these, those that no reader could read")
    recognised: list[int] = Field(description="read by OCR")
    ocr_layer: list[int] = Field(description="scans with a text that whoever made the file recognised")
    rotated: list[int]
    garbled: list[int]
    invisible_text: list[int] = Field(description="hold text that cannot be seen: kept out of the index")
    off_page_text: list[int] = Field(description="hold text beside the page: kept out of the index")
    second_reader: list[int] = Field(description="damaged, and read by other means")
    duplicates: list[tuple[int, int]] = Field(description="page, and the earlier page that says the same")
    languages: dict[str, int] = Field(description="pages by language")
    tables: int
    headings: int
    outline: int = Field(description="entries")
    repaired: bool = Field(description="the whole file had to be repaired to be read")
    hidden: list[HiddenTextBody] = Field(description="at most 100")


class DocumentsBody(BaseModel):
    """The documents that you may read."""

    documents: list[DocumentBody]


class DocumentChangeRequest(BaseModel):
    """What is to change; what is not named stays."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"tags": ["travel"], "effective_from": "2026-04-01"}]},
    )

    tags: list[str] | None = Field(default=None, description="All of them; an empty list takes them off.")
    groups: list[str] | None = Field(
        default=None, description="That may read it, of those who may read the collection; none: all of them."
    )
    effective_from: date | None = Field(default=None, description="Of the version; null: since ever.")
    effective_to: date | None = Field(default=None, description="First day out of effect; null: open.")
    version: str | None = Field(
        default=None,
        description="The sha256, or its first digits, that the dates are of; default the newest.",
    )


class VersionBody(BaseModel):
    """The bytes a document has or had."""

    version: str = Field(description="sha256 of the file")
    state: Literal["in_effect", "scheduled", "superseded", "ended"] = Field(description="today")
    effective_from: date | None
    effective_to: date | None = Field(description="the first day on which it is no longer in effect")
    committed_at: datetime | None = Field(description="null of versions older than this field")
    title: str
    media_type: str
    language: str
    pages: int
    searchable: bool = Field(description="whether questions as of a day of its period find it")
    original_url: str


class VersionsBody(BaseModel):
    """A document's versions, newest first."""

    document: DocumentRef
    versions: list[VersionBody]


class ChangedBody(BaseModel):
    """A document after a change, and the version whose period changed."""

    document: DocumentBody
    version: VersionBody | None


class PlaceBody(BaseModel):
    """Where words stand."""

    text: str
    page: int | None
    page_label: str | None
    start: int = Field(description="code points into the page's text")
    end: int


class ChangeBody(BaseModel):
    """A sentence, list item or table row that was added, removed or changed."""

    kind: Literal["added", "removed", "changed"]
    before: PlaceBody | None
    after: PlaceBody | None
    numbers_before: list[str] = Field(description="numbers that are in the old words alone")
    numbers_after: list[str] = Field(description="numbers that are in the new words alone")


class SectionChangeBody(BaseModel):
    """A section that differs."""

    kind: Literal["added", "removed", "changed", "moved", "renamed"]
    before: list[str] | None = Field(description="its headings, outermost first; null where it was added")
    after: list[str] | None
    page_before: int | None
    page_label_before: str | None
    page_after: int | None
    page_label_after: str | None
    changes: list[ChangeBody]


class ChangesBody(BaseModel):
    """What changed between two versions."""

    document: DocumentRef
    version_from: str
    version_to: str
    sections_unchanged: int
    sections: list[SectionChangeBody]


class JobBody(BaseModel):
    """An upload's ingestion."""

    id: str
    document: str
    collection: str
    name: str
    state: Literal[
        "queued", "reading", "chunking", "embedding", "writing", "verifying", "done", "failed", "cancelled"
    ]
    pages_done: int
    pages_total: int
    error_code: str | None
    error: str | None
    created_at: datetime
    updated_at: datetime


class UploadBody(BaseModel):
    """An upload that was accepted."""

    job: JobBody


class PageBody(BaseModel):
    """A page's text, and where a span of it is printed."""

    document: DocumentRef
    version: str
    page: int | None
    page_label: str | None
    effective_from: date | None = Field(description="first day of effect of the version; null: since ever")
    effective_to: date | None = Field(description="first day on which it is no longer in effect; null: open")
    superseded: bool = Field(description="whether another version is in effect in its place today")
    page_count: int
    width: float | None = Field(description="in points; null for a text pane")
    height: float | None
    text: str
    headings: list[str]
    boxes: list[BoxBody] = Field(description="of the span from start to end, when asked for")
    verified: bool | None = Field(
        description="whether the boxes were proved; null when no span was asked for"
    )


class HealthBody(BaseModel):
    """Whether the process lives."""

    status: Literal["ok"]


class ReadyBody(BaseModel):
    """Whether questions can be answered now."""

    status: Literal["ready"]
    documents: int
    chunks: int
    warnings: list[str] = Field(
        description="codes of what an administrator should look at; none stops answers"
    )


class ErrorDetail(BaseModel):
    """What went wrong."""

    type: str
    code: str
    message: str
    param: str | None


class ErrorBody(BaseModel):
    """The one shape of every error."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": {
                        "type": "not_found_error",
                        "code": "collection_not_found",
                        "message": "No collection 'hr' here. Check the name, or send a key that may read it.",
                        "param": None,
                    }
                }
            ]
        }
    )

    error: ErrorDetail
