"""A question's text -> what every later step compares: language, terms, vectors."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from sourcier_core.analysis import question_terms, unstopped
from sourcier_core.bm25 import question_vector, words_vector
from sourcier_core.errors import QuestionEmpty, QuestionTooLong
from sourcier_core.glossary import packaged
from sourcier_core.language import detect_language
from sourcier_core.ports import Embedder
from sourcier_core.types import SparseVector, Vector

_ASKS_FIGURE = re.compile(
    r"\b(?:combien|d[ée]lai|quand|jusqu|montant|taux|dur[ée]e|prix|plafond|seuil|nombre|pourcentage|tarif|"
    r"co[uû]t|ratio|when|how (?:much|many|long|far|often|soon|late|fast|high|deep|old)|rate|deadline|amount|"
    r"maximum|minimum|price|fee|cost|number|percentage|margin|total|average|growth)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question, understood once."""

    text: str
    language: str  # "fr" or "en"
    words: tuple[tuple[str, ...], ...]  # each word's terms under both analyses, see analysis.question_terms
    dense: Vector
    sparse: SparseVector
    pivot: Vector | None = None  # its meaning in English, where texts were put into English too
    core: Vector | None = None  # its meaning without the names of documents and the function words

    @property
    def asks_figure(self) -> bool:
        """Whether it asks for a number, an amount, a date or a duration."""
        return bool(_ASKS_FIGURE.search(self.text))


def understand(text: str, embedder: Embedder, *, max_chars: int, language: str | None = None) -> Question:
    """Check a question and compute what finds its answer.

    Args:
        text: As typed.
        embedder: The model of the index.
        max_chars: Limit on its length.
        language: "fr" or "en" when the caller knows; else it is detected, English where nothing shows.

    Raises:
        QuestionEmpty: It is blank.
        QuestionTooLong: It is over the limit.
    """
    if len(text) > max_chars:
        raise QuestionTooLong(len(text), max_chars)
    cleaned = " ".join(text.encode("utf-8", "replace").decode().split())
    if not cleaned:
        raise QuestionEmpty
    spoken = language or detect_language(cleaned, default="en")
    return Question(
        text=cleaned,
        language=spoken,
        words=tuple(question_terms(cleaned, spoken)),
        dense=embedder.embed_question(cleaned),
        sparse=question_vector(cleaned, spoken),
    )


def with_core(question: Question, named: Collection[str], embedder: Embedder) -> Question:
    """Return the question with the meaning of what it asks of the documents that it names.

    Args:
        question: Understood.
        named: Folded words that name documents.
        embedder: The model of the index.
    """
    kept = [word for word in unstopped(question.text, question.language) if word not in named]
    return replace(question, core=embedder.embed_question(" ".join(kept))) if kept else question


def with_pivot(question: Question, embedder: Embedder) -> Question:
    """Return the question with its meaning in English: its own, or that of its words put into English."""
    if question.language == "en":
        return replace(question, pivot=question.dense)
    text = packaged().translate(question.text, question.language).text
    return replace(question, pivot=embedder.embed_question(text))


def in_both_languages(question: Question) -> Question:
    """Return the question with its words' equivalents in the other language beside them."""
    words = packaged().translate(question.text, question.language).words
    return replace(question, words=words, sparse=words_vector(words))
