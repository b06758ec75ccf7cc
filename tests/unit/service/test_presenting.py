from dataclasses import replace
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from examples import MOMENT, VERSION, a_citation, a_document, a_passage

from sourcier_core.types import (
    Answer,
    AnswerMode,
    AnswerSentence,
    AnswerStatus,
    Context,
    DocumentStatus,
    Job,
    JobState,
    MediaType,
)
from sourcier_service.api.presenting import (
    present_answer,
    present_citation,
    present_document,
    present_job,
    present_passage,
)

DOCUMENT = a_document()
PLACE = f"/v1/documents/{DOCUMENT.id}/versions/{VERSION}"


def test_a_citation_links_to_the_page_its_image_the_file_and_the_ask_page() -> None:
    body = present_citation(a_citation(page=3, quote="30 days", start=40))

    assert body.page_url == f"{PLACE}/pages/3?start=40&end=47"
    assert body.image_url == f"{PLACE}/pages/3.jpg?start=40&end=47"
    assert body.original_url == f"{PLACE}/original#page=3"
    link = urlsplit(body.url)
    assert link.path == "/"
    assert parse_qs(link.fragment) == {
        "document": [DOCUMENT.id],
        "version": [VERSION],
        "page": ["3"],
        "start": ["40"],
        "end": ["47"],
    }


def test_a_citation_of_a_text_pane_has_no_image_and_no_page() -> None:
    body = present_citation(a_citation(page=None, start=0, quote="30 days", boxes=()))

    assert body.page is None
    assert body.image_url is None
    assert body.page_url == f"{PLACE}/pages/1?start=0&end=7"
    assert body.original_url == f"{PLACE}/original"
    assert body.boxes == []


def test_a_citation_keeps_the_words_and_boxes_as_they_are() -> None:
    body = present_citation(a_citation(quote="due\nin 30\u00a0days"))

    assert body.quote == "due\nin 30\u00a0days"
    assert [box.model_dump() for box in body.boxes] == [{"x0": 72.0, "y0": 100.5, "x1": 300.25, "y1": 114.0}]
    assert body.section == ["4 Travel", "4.2 Claims"]
    assert body.document.model_dump() == {
        "id": DOCUMENT.id,
        "name": "guide.pdf",
        "title": "Guide",
        "collection": "samples",
    }


def test_a_citation_shows_the_words_that_its_quote_needs() -> None:
    heads = Context("Vehicle Rate", 12, 24)

    with_heads = present_citation(replace(a_citation(quote="car 0.50"), context=heads))

    assert with_heads.quote == "car 0.50"
    assert with_heads.context is not None
    assert with_heads.context.model_dump() == {"text": "Vehicle Rate", "start": 12, "end": 24}
    assert present_citation(a_citation()).context is None


def test_a_passages_links_are_those_of_its_own_version() -> None:
    body = present_passage(a_passage(document=DOCUMENT, version="f" * 64, page=9, start=0, text="Words"))

    assert body.page_url == f"/v1/documents/{DOCUMENT.id}/versions/{'f' * 64}/pages/9?start=0&end=5"
    assert body.version == "f" * 64


def test_scores_and_confidence_are_rounded_to_what_they_mean() -> None:
    answer = Answer(
        question="Due when?",
        status=AnswerStatus.NO_ANSWER,
        mode=AnswerMode.EXTRACTIVE,
        language="en",
        sentences=(),
        citations=(),
        passages=(a_passage(score=0.123456789),),
        confidence=0.123456,
        reason="low_support",
        timings={"retrieve": 1.5},
    )

    body = present_answer(answer)

    assert body.confidence == 0.1235
    assert body.passages[0].score == 0.123457
    assert (body.status, body.reason, body.mode) == ("no_answer", "low_support", "extractive")
    assert body.timings == {"retrieve": 1.5}


def test_each_answer_has_an_id_of_its_own() -> None:
    citation = a_citation()
    answer = Answer(
        question="Due when?",
        status=AnswerStatus.ANSWERED,
        mode=AnswerMode.EXTRACTIVE,
        language="en",
        sentences=(AnswerSentence(citation.quote, (1,)),),
        citations=(citation,),
        passages=(),
        confidence=0.9,
    )

    first, second = present_answer(answer), present_answer(answer)

    assert UUID(first.id) != UUID(second.id)
    assert [(s.text, s.citations) for s in first.sentences] == [("Claims are filed within 30 days.", [1])]
    assert [c.n for c in first.citations] == [1]


def test_a_refused_document_says_why() -> None:
    refused = replace(
        DOCUMENT,
        status=DocumentStatus.REFUSED,
        version=None,
        media_type=None,
        reason="'guide.pdf' is encrypted.",
        reason_code="document_encrypted",
    )

    body = present_document(refused, None)

    assert (body.status, body.reason_code, body.version, body.media_type) == (
        "refused",
        "document_encrypted",
        None,
        None,
    )


def test_a_document_says_its_type_and_when_it_changed_in_utc() -> None:
    body = present_document(replace(DOCUMENT, media_type=MediaType.MARKDOWN), None).model_dump(mode="json")

    assert body["media_type"] == "text/markdown"
    assert body["updated_at"] == "2026-03-01T12:30:00Z"
    assert body["pages"] == 10


def test_a_job_says_how_far_it_is_and_what_went_wrong() -> None:
    job = Job(
        id="j1",
        document=DOCUMENT.id,
        collection="samples",
        name="guide.pdf",
        state=JobState.FAILED,
        pages_done=3,
        pages_total=10,
        error_code="reader_crashed",
        error="It stopped.",
        created_at=MOMENT,
        updated_at=MOMENT,
    )

    body = present_job(job).model_dump(mode="json")

    assert body == {
        "id": "j1",
        "document": DOCUMENT.id,
        "collection": "samples",
        "name": "guide.pdf",
        "state": "failed",
        "pages_done": 3,
        "pages_total": 10,
        "error_code": "reader_crashed",
        "error": "It stopped.",
        "created_at": "2026-03-01T12:30:00Z",
        "updated_at": "2026-03-01T12:30:00Z",
    }
