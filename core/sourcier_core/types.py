"""The nouns of the flow, one frozen type per stage: Document, Page, Chunk, Passage, Citation, Answer.

Positions mean the same everywhere: ``page`` is 1-based as a PDF viewer counts (None for Markdown and plain
text, which have one text pane); ``start`` and ``end`` are code points into that page's text, half-open; boxes
are PDF points with the origin at the top left of the page as displayed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, TypeAlias
from uuid import NAMESPACE_URL, UUID, uuid5

import numpy as np
import numpy.typing as npt

Vector: TypeAlias = npt.NDArray[np.float32]  # one text, shape (dimension,), unit length
Vectors: TypeAlias = npt.NDArray[np.float32]  # texts, shape (n, dimension), unit length

NAMESPACE = uuid5(NAMESPACE_URL, "urn:sourcier")
FOREVER = 2**53 - 1  # a catalogue sequence never reached; exact in a JSON double
ALWAYS = 0  # a day before every date, as `date.toordinal` counts: 0001-01-01 is day 1
NEVER = 10_000_000  # a day after every date
NOBODY_IN_PARTICULAR: frozenset[str] = frozenset()  # allowed groups of what the collection alone guards


class DocumentStatus(StrEnum):
    """What an administrator sees of a document."""

    INDEXING = "indexing"
    READY = "ready"
    PARTIAL = "partial"  # answers, but some pages could not be read
    REFUSED = "refused"  # retry is useless: the file itself is the cause
    FAILED = "failed"  # retry may help


class MediaType(StrEnum):
    """What a file's content was recognised as; its extension is not trusted."""

    PDF = "application/pdf"
    MARKDOWN = "text/markdown"
    TEXT = "text/plain"


@dataclass(frozen=True, slots=True)
class Collection:
    """A named set of documents with one rule of access."""

    name: str
    public: bool  # readable without a key


@dataclass(frozen=True, slots=True)
class Document:
    """A named thing that is asked about; its bytes change from version to version."""

    id: str  # UUIDv5 of collection and name, see document_id()
    collection: str
    name: str  # the name given, or the path relative to the folder ingested
    title: str  # from the file's metadata or first heading, else made from the name
    status: DocumentStatus
    reason: str | None  # why partial, refused or failed: thing, cause, remedy
    reason_code: str | None  # stable code of the error, e.g. "document_encrypted"
    version: str | None  # sha256 of the file that answers now, None while there is none
    media_type: MediaType | None
    language: str  # "fr", "en" or "und"
    page_count: int  # 1 for Markdown and plain text
    chunk_count: int
    size: int  # bytes of the original
    updated_at: datetime  # UTC
    tags: frozenset[str] = frozenset()
    groups: frozenset[str] = NOBODY_IN_PARTICULAR  # that may read it; none: whoever may read the collection


@dataclass(frozen=True, slots=True)
class Period:
    """The days on which a version is in effect, the last one left out; as numbers, see ALWAYS and NEVER."""

    first_day: int = ALWAYS
    end_day: int = NEVER

    @property
    def start(self) -> date | None:
        """Its first day; None: since ever."""
        return date.fromordinal(self.first_day) if self.first_day > ALWAYS else None

    @property
    def end(self) -> date | None:
        """The first day after it; None: open."""
        return date.fromordinal(max(self.end_day, 1)) if self.end_day < NEVER else None

    def holds(self, day: int) -> bool:
        """Tell whether a day is in it."""
        return self.first_day <= day < self.end_day


@dataclass(frozen=True, slots=True)
class Effect:
    """When a version is in effect, its successors considered, and whether it was superseded when asked."""

    period: Period = Period()
    superseded: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """What the sender of a file says of it; None leaves what was known, or the default."""

    effective_from: date | None = None  # default the day on which it is committed
    effective_to: date | None = None  # the first day on which it is no longer in effect
    tags: frozenset[str] | None = None
    groups: frozenset[str] | None = None


NOTHING_GIVEN = Given()


VersionState: TypeAlias = Literal["in_effect", "scheduled", "superseded", "ended"]


@dataclass(frozen=True, slots=True)
class DocumentVersion:
    """The bytes a document had from one catalogue sequence to another."""

    document: str  # Document.id
    version: str  # sha256 of the file, 64 hex digits
    title: str
    media_type: MediaType
    language: str
    page_count: int
    valid_from: int  # catalogue sequence at which it began to answer
    valid_to: int  # sequence at which another one followed; FOREVER while it is the newest
    declared: Period = Period()  # as given, or from the day of its commit
    superseded_day: int = NEVER  # first day of effect of a version that followed, NEVER where none did
    committed_at: datetime | None = None  # UTC; None of versions older than this field
    searchable: bool = True  # its chunks are kept: for questions as of a day on which it was in effect

    @property
    def period(self) -> Period:
        """The days on which it is in effect, those that followed considered."""
        return Period(self.declared.first_day, min(self.superseded_day, self.declared.end_day))

    def superseded(self, sequence: int, day: int) -> bool:
        """Tell whether, at a sequence, another version is in effect in its place on that day."""
        return self.valid_to <= sequence and self.superseded_day <= day

    def state(self, sequence: int, day: int) -> VersionState:
        """Tell how it stands, at a sequence, on a day."""
        if self.superseded(sequence, day):
            return "superseded"
        if day < self.declared.first_day:
            return "scheduled"
        return "in_effect" if day < self.declared.end_day else "ended"

    def answers(self, sequence: int, day: int) -> bool:
        """Tell whether it answers a question that reads at that sequence as of that day."""
        begun = self.valid_from <= sequence and self.declared.holds(day)
        return begun and not self.superseded(sequence, day)


@dataclass(frozen=True, slots=True)
class Marks:
    """What a chunk has from its document and version, beside its text; changed without touching vectors."""

    period: Period = Period()  # as declared
    tags: frozenset[str] = frozenset()
    groups: frozenset[str] = NOBODY_IN_PARTICULAR


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading in a page's text, or an outline entry that points to the page."""

    start: int  # offset into the page's text
    level: int  # 1 is the outermost
    title: str


@dataclass(frozen=True, slots=True)
class TableRow:
    """One printed line of a table."""

    start: int
    end: int
    header: tuple[int, int] | None  # span of the header row on the same page; None on the header itself


class PageSource(StrEnum):
    """Where a page's text is from."""

    FILE = "file"
    REPAIRED = "repaired"  # the file, written anew: as it stands it could not be read
    SECOND_READER = "second_reader"  # pypdf: lines without layout, no boxes
    OCR = "ocr"  # recognised in the page's image


HiddenReason: TypeAlias = Literal[
    "invisible",  # not painted, or transparent
    "background",  # in the colour of what lies under it
    "covered",  # something opaque is painted over it
    "tiny",  # of next to no size
    "off_page",  # beside the page
]


@dataclass(frozen=True, slots=True)
class HiddenText:
    """Words that a page holds and does not show: kept out of its text."""

    reason: HiddenReason
    text: str  # cut short


@dataclass(frozen=True, slots=True)
class RecognisedWord:
    """A word that OCR read in a page's image."""

    start: int
    end: int
    box: "Box"
    confidence: float  # in [0, 1], the recogniser's own


@dataclass(frozen=True, slots=True)
class PageFindings:
    """What was found on a page beside its text."""

    source: PageSource = PageSource.FILE
    width: float = 0.0  # points, as displayed; 0.0 where unknown
    height: float = 0.0
    rotation: int = (
        0  # degrees clockwise: as the file turns the page, else by which most of its lines are turned
    )
    garbled: float = (
        0.0  # share in [0, 1] of its characters that are none; with OCR, of words hardly recognised
    )
    ocr_layer: bool = False  # the text is invisible, over an image as large as the page
    hidden: tuple[HiddenText, ...] = ()
    failure: str | None = None  # code of the error for which the page could not be read
    words: tuple[RecognisedWord, ...] = ()  # with OCR: all words of the text, in order


NOTHING_FOUND = PageFindings()


@dataclass(frozen=True, slots=True)
class Page:
    """The text of one page: what chunks, quotes and citations are spans of."""

    number: int | None  # 1-based; None for a text pane
    text: str
    headings: tuple[Heading, ...] = ()
    rows: tuple[TableRow, ...] = ()
    warning: str | None = None  # why there is no text: "image_only", "blank" or "unreadable"
    findings: PageFindings = NOTHING_FOUND

    @property
    def key(self) -> int:
        """The page's number in storage: 1 for a text pane."""
        return self.number or 1


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """A bookmark of the file."""

    level: int  # 1 is the outermost
    title: str
    page: int  # 1-based


@dataclass(frozen=True, slots=True)
class Structure:
    """What a file says of itself beside its text."""

    media_type: MediaType
    page_count: int
    title: str | None = None
    outline: tuple[OutlineEntry, ...] = ()
    labels: tuple[str | None, ...] = ()  # as printed, by page - 1; empty when the file has none
    warnings: tuple[str, ...] = ()  # "repaired": the file had to be written anew to be read


@dataclass(frozen=True, slots=True)
class Passport:
    """What reading a version found: each page list ascends, 1-based."""

    pages: int
    without_text: tuple[int, ...]  # nothing on them can be searched; image_only and unreadable are among them
    image_only: tuple[int, ...]  # they show an image: OCR would read them
    unreadable: tuple[int, ...]  # no reader could
    recognised: tuple[int, ...]  # read by OCR
    ocr_layer: tuple[int, ...]  # a scan whose text somebody else recognised: kept
    rotated: tuple[int, ...]
    garbled: tuple[int, ...]
    invisible_text: tuple[int, ...]  # text on the page that cannot be seen: kept out of the index
    off_page_text: tuple[int, ...]  # text beside the page: kept out of the index
    second_reader: tuple[int, ...]  # read by the second reader, or from the file written anew
    duplicates: tuple[tuple[int, int], ...]  # page, and the earlier page that says the same
    languages: tuple[tuple[str, int], ...]  # language and pages, most pages first
    tables: int
    headings: int
    outline: int  # entries
    repaired: bool
    hidden: tuple[tuple[int, HiddenText], ...]  # page and words kept out, at most 100


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the page as displayed, in PDF points, origin top left, y downwards."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Chunk:
    """A span of one page that is indexed as a whole."""

    id: str  # UUIDv5 of document, version, page and span
    document: str  # Document.id
    collection: str
    version: str
    page: int | None
    start: int
    end: int
    section: tuple[str, ...]  # headings above it, outermost first
    language: str
    page_chars: int = 0  # characters of its page that are no white space, running lines left out
    page_digits: float = 0.0  # share of these that are digits, in [0, 1]


@dataclass(frozen=True, slots=True)
class SparseVector:
    """Terms and their weights; indices ascend and are unique."""

    indices: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class HeldTerms:
    """A stored chunk's terms, as numbers that are computed with; indices ascend and are unique."""

    indices: npt.NDArray[np.uint32]  # shape (terms,)
    weights: npt.NDArray[np.float32]  # shape (terms,), as `bm25.document_vector` weighs them

    @classmethod
    def of(cls, indices: Sequence[int] = (), weights: Sequence[float] = ()) -> "HeldTerms":
        """Take both as sequences of one length."""
        return cls(np.array(indices, dtype=np.uint32), np.array(weights, dtype=np.float32))


NO_TERMS = HeldTerms.of()


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A chunk with what finds it, and the catalogue sequence from which it answers."""

    chunk: Chunk
    dense: Vector
    sparse: SparseVector
    valid_from: int
    pivot: Vector | None = None  # of its text put into English word by word; None for a text that is not
    marks: Marks = Marks()


@dataclass(frozen=True, slots=True)
class Probe:
    """One way to look for a question: its meaning and its words, everywhere or in a part of what is seen."""

    dense: Vector
    sparse: SparseVector
    pivot: Vector | None = (
        None  # the question in English; looks among chunks that were written, or put, in it
    )
    documents: frozenset[str] | None = None  # looks only here when given; never widens a scope


@dataclass(frozen=True, slots=True)
class Scope:
    """What a search may see: decided by the access rule, never by a client alone."""

    collections: frozenset[str]
    sequence: int  # the catalogue sequence at which the question reads
    documents: frozenset[str] | None = None  # narrows further when given
    day: int = ALWAYS  # as of which the question reads, see Period
    groups: frozenset[str] | None = (
        NOBODY_IN_PARTICULAR  # of who asks; None: an administrator, who needs none
    )
    tags: frozenset[str] | None = None  # narrows further when given: to documents that bear one of them
    without: frozenset[str] = frozenset()  # documents that were deleted and are not purged yet
    today: int = ALWAYS  # the day on which it is asked
    revision: int = 0  # of the catalogue: tells apart two scopes that are equal in all else


@dataclass(frozen=True, slots=True)
class ScoredChunk:
    """A chunk that a search found, with its signals."""

    chunk: Chunk
    fused: float  # reciprocal rank fusion, higher is better
    dense: float  # cosine similarity in [-1, 1], of the question and the text as they are
    sparse: float  # BM25 score, at least 0
    pivot: float = 0.0  # cosine similarity in [-1, 1], of both in English; 0.0 where no probe has a pivot
    terms: HeldTerms = NO_TERMS
    compared: tuple[float, ...] = ()  # cosines with the further vectors that the search was given, in order


@dataclass(frozen=True, slots=True)
class Passage:
    """A page that may answer, with its best chunk."""

    document: Document
    version: str
    page: int | None
    page_label: str | None
    section: tuple[str, ...]
    start: int
    end: int
    text: str  # the page's text from start to end
    score: float  # higher is better; comparable within one question only
    effect: Effect = Effect()


@dataclass(frozen=True, slots=True)
class Context:
    """Words without which a quote says little: a table row's column heads, a list's opening sentence."""

    text: str  # equals the page's text from start to end
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Citation:
    """The proof of one sentence: words that stand on a page, and where."""

    n: int  # 1-based, as printed in the answer
    document: Document
    version: str
    page: int | None
    page_label: str | None
    section: tuple[str, ...]
    quote: str  # equals the page's text from start to end
    start: int
    end: int
    boxes: tuple[Box, ...]  # one per printed line; empty for text panes and where no box proved right
    verified: bool  # the quote stands at its span and, on a PDF, reads the same inside its boxes
    context: Context | None = None  # on the same page, outside the quote
    warnings: tuple[str, ...] = ()  # codes of what is doubtful about the page, see passport.page_warnings()
    parts: tuple[tuple[int, int], ...] = ()  # of a list: spans of its opening and its items, in order
    effect: Effect = Effect()


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """One sentence of an answer and the citations that prove it."""

    text: str
    citations: tuple[int, ...]  # numbers of Citation.n


class AnswerStatus(StrEnum):
    """Whether the documents answer."""

    ANSWERED = "answered"
    PARTIAL = "partial"
    NO_ANSWER = "no_answer"


class AnswerMode(StrEnum):
    """Who wrote the sentences."""

    CURATED = "curated"
    EXTRACTIVE = "extractive"
    GENERATIVE = "generative"


NoAnswerReason: TypeAlias = Literal[
    "nothing_searched",  # there is no document that may be seen
    "no_words",  # nothing in the question can be looked for
    "no_evidence",  # no page was found
    "low_support",  # none of the pages found answers surely enough
]


@dataclass(frozen=True, slots=True)
class Searched:
    """What a question was looked for in."""

    documents: int  # that may be seen and answer
    pages: int  # of these


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to a question: proved sentences, or the nearest passages and no answer."""

    question: str
    status: AnswerStatus
    mode: AnswerMode
    language: str  # of the question: "fr" or "en"
    sentences: tuple[AnswerSentence, ...]
    citations: tuple[Citation, ...]
    passages: tuple[Passage, ...]  # best first, distinct pages, also when there is no answer
    confidence: float  # in [0, 1], that the evidence answers
    reason: NoAnswerReason | None = None
    searched: Searched = Searched(0, 0)
    follow_ups: tuple[str, ...] = ()
    as_of: date | None = None  # the day as of which it reads
    timings: dict[str, float] = field(default_factory=dict)  # milliseconds by step

    @property
    def text(self) -> str:
        """The sentences joined, without marks."""
        return "\n".join(sentence.text for sentence in self.sentences)


class JobState(StrEnum):
    """Where an ingestion job stands."""

    QUEUED = "queued"
    READING = "reading"
    CHUNKING = "chunking"
    EMBEDDING = "embedding"
    WRITING = "writing"
    VERIFYING = "verifying"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Tell whether nothing comes after it."""
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Job:
    """The ingestion of one uploaded file, as its owner follows it."""

    id: str
    document: str  # Document.id
    collection: str
    name: str
    state: JobState
    pages_done: int
    pages_total: int  # 0 until known
    error_code: str | None
    error: str | None
    created_at: datetime  # UTC
    updated_at: datetime  # UTC


def document_id(collection: str, name: str) -> str:
    """Return the id of the document of that name in that collection: the same for ever, on any machine."""
    return str(uuid5(NAMESPACE, f"document\n{collection}\n{name}"))


def chunk_id(document: str, version: str, page: int | None, start: int, end: int) -> str:
    """Return the id of a chunk: content-derived, so that ingesting twice changes nothing."""
    return str(uuid5(UUID(document), f"{version}\n{page}\n{start}\n{end}"))
