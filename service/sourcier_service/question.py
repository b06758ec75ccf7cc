"""A question's text -> what every later step compares: language, terms, vectors."""

from dataclasses import dataclass

from sourcier_core.analysis import question_terms
from sourcier_core.bm25 import question_vector
from sourcier_core.errors import QuestionEmpty, QuestionTooLong
from sourcier_core.language import detect_language
from sourcier_core.ports import Embedder
from sourcier_core.types import SparseVector, Vector


@dataclass(frozen=True, slots=True)
class Question:
    """A question, understood once."""

    text: str
    language: str  # "fr" or "en"
    words: tuple[tuple[str, ...], ...]  # each word's terms under both analyses, see analysis.question_terms
    dense: Vector
    sparse: SparseVector


def understand(text: str, embedder: Embedder, *, max_chars: int, language: str | None = None) -> Question:
    """Check a question and compute what finds its answer.

    Args:
        text: As typed.
        embedder: The model of the index.
        max_chars: Limit on its length.
        language: "fr" or "en" when the caller knows; else it is detected, English where nothing shows.

    Raises:
        QuestionEmpty: It has no letter and no digit.
        QuestionTooLong: It is over the limit.
    """
    if len(text) > max_chars:
        raise QuestionTooLong(len(text), max_chars)
    cleaned = " ".join(text.encode("utf-8", "replace").decode().split())
    if not any(character.isalnum() for character in cleaned):
        raise QuestionEmpty
    spoken = language or detect_language(cleaned, default="en")
    return Question(
        text=cleaned,
        language=spoken,
        words=tuple(question_terms(cleaned, spoken)),
        dense=embedder.embed_question(cleaned),
        sparse=question_vector(cleaned, spoken),
    )
