"""The pages that a set's evidence names, against those that the documents have once they are ingested."""

from collections import Counter
from collections.abc import Sequence

from sourcier_core.types import Document, DocumentStatus, MediaType
from sourcier_eval.question_sets import Fault, QuestionSet, invalid_question_set


def check_evidence_pages(question_set: QuestionSet, documents: Sequence[Document]) -> list[str]:
    """Look for evidence that no answer could cite.

    Args:
        question_set: Its documents are all under `docs/`.
        documents: Those ingested.

    Returns:
        A warning for each document of the evidence that does not answer, e.g. because it was refused: its
        questions are asked, and lost.

    Raises:
        InvalidQuestionSet: A page is not in its document; every such place is listed.
    """
    answering = {d.name: d for d in documents if d.status in (DocumentStatus.READY, DocumentStatus.PARTIAL)}
    reasons = {document.name: document.reason for document in documents}
    faults: list[Fault] = []
    lost: Counter[str] = Counter()
    for question in question_set.questions:
        for evidence in question.evidence:
            document = answering.get(evidence.doc)
            if document is not None and (cause := _fault(evidence.page, document)):
                faults.append(Fault(question.line, cause))
        lost.update({evidence.doc for evidence in question.evidence} - set(answering))
    if faults:
        raise invalid_question_set(question_set.path, faults)
    return [
        f"{name!r} does not answer, and {count} question{'s need' if count > 1 else ' needs'} it: "
        f"{reasons.get(name) or 'it is of no type that can be read'}"
        for name, count in sorted(lost.items())
    ]


def _fault(page: int | None, document: Document) -> str | None:
    if page is None:
        return None
    if document.media_type is not MediaType.PDF:
        return f"{document.name!r} has no pages, the evidence names page {page}; write null"
    if page > document.page_count:
        return f"{document.name!r} has {document.page_count} page(s), the evidence names page {page}"
    return None
