"""The read path in one class: question -> passages -> enough evidence? -> sentences -> citations."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sourcier_core.ports import Embedder
from sourcier_core.settings import AnswerSettings
from sourcier_core.types import Answer, AnswerMode, AnswerSentence, AnswerStatus, Passage, Scope
from sourcier_service.citing import Citer
from sourcier_service.evidence import weigh
from sourcier_service.extraction import Extractor, choose
from sourcier_service.question import understand
from sourcier_service.retrieval import Retrieved, Retriever

T = TypeVar("T")
MAX_DELETED_MEANWHILE = 20


class Answering:
    """Answers a question from what its scope may see. Any number of threads may ask at once."""

    def __init__(
        self,
        *,
        embedder: Embedder,
        retriever: Retriever,
        extractor: Extractor,
        citer: Citer,
        settings: AnswerSettings,
    ) -> None:
        self._embedder = embedder
        self._retriever = retriever
        self._extractor = extractor
        self._citer = citer
        self._settings = settings

    def answer(
        self, text: str, scope: Scope, *, language: str | None = None, with_boxes: bool = True
    ) -> Answer:
        """Answer a question.

        Args:
            text: As typed.
            scope: What may be seen.
            language: "fr" or "en" when the caller knows.
            with_boxes: Find the boxes of each quote on its page.

        Returns:
            Verbatim sentences, each cited; or status `no_answer` with the nearest passages.

        Raises:
            QuestionEmpty: It has no letter and no digit.
            QuestionTooLong: It is over the limit.
            IndexUnavailable: The database does not answer.
        """
        return _while_deleting(lambda: self._answer(text, scope, language, with_boxes))

    def search(self, text: str, scope: Scope, *, limit: int) -> tuple[Passage, ...]:
        """Find passages without answering.

        Raises:
            QuestionEmpty: It has no letter and no digit.
            QuestionTooLong: It is over the limit.
            IndexUnavailable: The database does not answer.
        """
        question = understand(text, self._embedder, max_chars=self._settings.max_question_chars)
        return _while_deleting(lambda: self._retriever.retrieve(question, scope, limit).passages)

    def _answer(self, text: str, scope: Scope, language: str | None, with_boxes: bool) -> Answer:
        clock = _Clock()
        with clock.step("understand"):
            question = understand(
                text, self._embedder, max_chars=self._settings.max_question_chars, language=language
            )
        with clock.step("retrieve"):
            found = self._retriever.retrieve(question, scope)
        with clock.step("extract"):
            candidates = self._extractor.candidates(question, found.passages, found.chunks)
            evidence = weigh(found.passages, found.chunks, candidates)
            confidence = evidence.probability() if evidence else 0.0
        if confidence < self._settings.min_confidence:
            reason = "low_support" if evidence else "no_evidence"
            return _no_answer(question.text, question.language, found, confidence, reason, clock.milliseconds)
        with clock.step("cite"):
            chosen = choose(candidates, self._settings.max_sentences)
            citations = self._citer.cite(chosen, with_boxes=with_boxes)
        return Answer(
            question=question.text,
            status=AnswerStatus.ANSWERED,
            mode=AnswerMode.EXTRACTIVE,
            language=question.language,
            sentences=tuple(AnswerSentence(" ".join(c.quote.split()), (c.n,)) for c in citations),
            citations=citations,
            passages=found.passages,
            confidence=confidence,
            timings=clock.milliseconds,
        )


def _while_deleting(ask: Callable[[], T]) -> T:
    """Ask again where a page was deleted on the way: its chunks left the index before it did."""
    for _ in range(MAX_DELETED_MEANWHILE):
        try:
            return ask()
        except FileNotFoundError:
            continue
    return ask()


def _no_answer(
    text: str, language: str, found: Retrieved, confidence: float, reason: str, timings: dict[str, float]
) -> Answer:
    return Answer(
        question=text,
        status=AnswerStatus.NO_ANSWER,
        mode=AnswerMode.EXTRACTIVE,
        language=language,
        sentences=(),
        citations=(),
        passages=found.passages,
        confidence=confidence,
        reason=reason,
        timings=timings,
    )


class _Clock:
    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.milliseconds[name] = round((time.perf_counter() - start) * 1000, 2)
