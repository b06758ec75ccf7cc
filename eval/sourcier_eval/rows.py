"""One question's outcome <-> one line of rows.jsonl."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from sourcier_core.types import AnswerStatus
from sourcier_eval.locations import Location


@dataclass(frozen=True, slots=True)
class RowPassage:
    """A page that was retrieved."""

    doc: str  # the file's name, as in the question set
    page: int | None  # 1-based; None for a file without pages
    score: float  # higher is better; comparable within one question only

    @property
    def location(self) -> Location:
        """Where it stands."""
        return self.doc, self.page


@dataclass(frozen=True, slots=True)
class RowCitation:
    """A page that was cited, with the words quoted."""

    doc: str  # the file's name, as in the question set
    page: int | None  # 1-based; None for a file without pages
    quote: str  # verbatim
    verified: bool  # the quote was read again at its place

    @property
    def location(self) -> Location:
        """Where it stands."""
        return self.doc, self.page


@dataclass(frozen=True, slots=True)
class Row:
    """What the service made of one question. The keys of rows.jsonl are these names, in this order."""

    id: str  # Question.id
    question: str
    lang: str  # of the question: "fr", "en" or "und"
    answerable: bool  # what the set says, not what the service thought
    status: AnswerStatus
    answer: str  # "" where it abstained
    passages: tuple[RowPassage, ...]  # best first, distinct pages, also where it abstained
    citations: tuple[RowCitation, ...]
    latency_ms: float  # from question to answer, milliseconds
    confidence: float | None = None  # in [0, 1], that the evidence answers; None in rows of old
    reason: str | None = None  # why there is no answer, e.g. "low_support"

    @property
    def abstained(self) -> bool:
        """Whether it said that the documents do not answer."""
        return self.status is AnswerStatus.NO_ANSWER

    def to_json(self) -> dict[str, Any]:
        """Return what `json.dumps` takes."""
        return asdict(self) | {"status": self.status.value}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Read what `to_json` made, after `json.loads`; also what it made before there was a confidence.

        Raises:
            KeyError: A key is missing.
            TypeError: A passage or citation has other keys.
            ValueError: The status is none of AnswerStatus.
        """
        return cls(
            id=row["id"],
            question=row["question"],
            lang=row["lang"],
            answerable=row["answerable"],
            status=AnswerStatus(row["status"]),
            answer=row["answer"] or "",
            passages=tuple(RowPassage(**passage) for passage in row["passages"]),
            citations=tuple(RowCitation(**citation) for citation in row["citations"]),
            latency_ms=row["latency_ms"],
            confidence=row.get("confidence"),
            reason=row.get("reason"),
        )
