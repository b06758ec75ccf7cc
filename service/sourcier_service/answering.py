"""The read path in one class: question -> passages -> enough evidence? -> sentences -> citations."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import TypeVar

from sourcier_core.ports import Embedder
from sourcier_core.settings import AnswerSettings
from sourcier_core.types import (
    Answer,
    AnswerMode,
    AnswerStatus,
    NoAnswerReason,
    Scope,
)
from sourcier_service.calibration import Calibration
from sourcier_service.citing import Citer, sentences_of
from sourcier_service.evidence import weigh
from sourcier_service.extraction import Extractor, choose
from sourcier_service.question import Question, understand
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
        calibration: Calibration,
        settings: AnswerSettings,
    ) -> None:
        self._embedder = embedder
        self._retriever = retriever
        self._extractor = extractor
        self._citer = citer
        self._settings = settings
        self._weights = calibration.evidence
        self._thresholds = {
            language: threshold.confidence
            for language, threshold in calibration.thresholds(settings.max_risk).items()
        }

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
            Verbatim sentences, each cited; or status `no_answer` with the reason, what was searched, and the
            nearest passages.

        Raises:
            QuestionEmpty: It is blank.
            QuestionTooLong: It is over the limit.
            IndexUnavailable: The database does not answer.
        """
        answer = self._while_deleting(
            scope, lambda seen: self._answer(text, seen, language, with_boxes), _documents_of
        )
        return replace(answer, as_of=date.fromordinal(max(scope.day, 1)))

    def search(self, text: str, scope: Scope, *, limit: int) -> Retrieved:
        """Find passages without answering.

        Returns:
            At most `limit` passages; where there are none, its `nothing_found` says why.

        Raises:
            QuestionEmpty: It is blank.
            QuestionTooLong: It is over the limit.
            IndexUnavailable: The database does not answer.
        """
        question = understand(text, self._embedder, max_chars=self._settings.max_question_chars)
        return self._while_deleting(
            scope,
            lambda seen: self._retriever.retrieve(question, seen, limit),
            lambda found: {passage.document.id for passage in found.passages},
        )

    def _while_deleting(
        self, scope: Scope, ask: Callable[[Scope], T], documents: Callable[[T], set[str]]
    ) -> T:
        """Ask again where a document was deleted or closed on the way.

        Args:
            scope: What may be seen.
            ask: Asks within a scope.
            documents: Those of which a reply shows something.
        """
        for _ in range(MAX_DELETED_MEANWHILE):
            try:
                found = ask(scope)
            except FileNotFoundError:  # a page's: its chunks left the index before it did
                continue
            closed = self._retriever.closed_since(scope, documents(found))
            if not closed:
                return found
            scope = replace(scope, without=scope.without | closed)
        return ask(scope)

    def _answer(self, text: str, scope: Scope, language: str | None, with_boxes: bool) -> Answer:
        clock = _Clock()
        with clock.step("understand"):
            question = understand(
                text, self._embedder, max_chars=self._settings.max_question_chars, language=language
            )
        with clock.step("retrieve"):
            found = self._retriever.retrieve(question, scope)
        with clock.step("extract"):
            candidates = self._extractor.candidates(found.question, found.passages, found.chunks)
            evidence = weigh(found.ranking, candidates)
            confidence = evidence.probability(self._weights) if evidence else 0.0
        if not evidence or confidence < self._threshold(question.language):
            reason = found.nothing_found or ("low_support" if evidence else "no_evidence")
            return _no_answer(question, found, confidence, reason, clock.milliseconds)
        with clock.step("cite"):
            chosen = choose(candidates, self._settings.max_sentences)
            citations = self._citer.cite(chosen, with_boxes=with_boxes)
        return Answer(
            question=question.text,
            status=AnswerStatus.ANSWERED,
            mode=AnswerMode.EXTRACTIVE,
            language=question.language,
            sentences=sentences_of(citations),
            citations=citations,
            passages=found.passages,
            confidence=confidence,
            searched=found.searched,
            timings=clock.milliseconds,
        )

    def _threshold(self, language: str) -> float:
        """Return the least confidence that is answered; a fixed one wins over the risk stated."""
        if self._settings.min_confidence is not None:
            return self._settings.min_confidence
        return self._thresholds.get(language, self._thresholds["all"])


def _documents_of(answer: Answer) -> set[str]:
    return {*(p.document.id for p in answer.passages), *(c.document.id for c in answer.citations)}


def _no_answer(
    question: Question,
    found: Retrieved,
    confidence: float,
    reason: NoAnswerReason,
    timings: dict[str, float],
) -> Answer:
    return Answer(
        question=question.text,
        status=AnswerStatus.NO_ANSWER,
        mode=AnswerMode.EXTRACTIVE,
        language=question.language,
        sentences=(),
        citations=(),
        passages=found.passages,
        confidence=confidence,
        reason=reason,
        searched=found.searched,
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
