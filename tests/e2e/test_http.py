"""The API of a real server, asked over HTTP: answers, search, documents and their life."""

from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from api_calls import answer, document_named, ended_job, error_of, place_of, upload
from pdfs import Title, write_pdf

MILEAGE = "What is the mileage rate above 5,000 km?"
MILEAGE_QUOTE = "The mileage rate above 5,000 km is 0.42 euro per kilometre."
REFUND = "Dans quel délai déposer une demande de remboursement ?"
REFUND_QUOTE = "La demande de remboursement est déposée dans les 45 jours suivant le retour."
OFF_TOPIC = "Who won the football world cup in Argentina?"


# --- answers


def test_a_question_is_answered_with_the_words_of_a_page(anonymous: httpx.Client) -> None:
    body = answer(anonymous, MILEAGE)

    assert (body["status"], body["mode"], body["language"]) == ("answered", "extractive", "en")
    assert body["question"] == MILEAGE
    assert MILEAGE_QUOTE in [sentence["text"] for sentence in body["sentences"]]
    assert 0.5 <= body["confidence"] <= 1
    assert body["reason"] is None
    assert set(body["timings"]) == {"understand", "retrieve", "extract", "cite"}
    UUID(body["id"])


def test_each_sentence_is_proved_by_a_citation_that_is_the_pages_text_at_its_span(
    anonymous: httpx.Client,
) -> None:
    body = answer(anonymous, MILEAGE)

    citations = {citation["n"]: citation for citation in body["citations"]}
    assert list(citations) == list(range(1, len(citations) + 1))
    for sentence in body["sentences"]:
        (n,) = sentence["citations"]
        citation = citations[n]
        page = anonymous.get(citation["page_url"]).json()
        assert citation["verified"] is True
        assert page["text"][citation["start"] : citation["end"]] == citation["quote"]
        assert sentence["text"] in " ".join(citation["quote"].split())
        assert page["boxes"] == citation["boxes"]


def test_a_citation_names_its_page_as_counted_and_as_printed(anonymous: httpx.Client) -> None:
    (citation,) = [c for c in answer(anonymous, MILEAGE)["citations"] if c["quote"] == MILEAGE_QUOTE]

    assert (citation["page"], citation["page_label"]) == (2, "1")  # the cover is page i
    assert citation["section"] == ["2 Claims"]
    assert citation["document"]["title"] == "Field guide"
    assert citation["document"]["name"] == "field-guide.pdf"
    assert citation["document"]["collection"] == "open"


def test_every_link_of_a_citation_opens(anonymous: httpx.Client) -> None:
    citation = answer(anonymous, MILEAGE)["citations"][0]

    for link in ("url", "page_url", "image_url", "original_url"):
        assert anonymous.get(citation[link]).status_code == 200, link


def test_a_french_question_is_answered_from_the_french_document(anonymous: httpx.Client) -> None:
    body = answer(anonymous, REFUND)

    assert (body["status"], body["language"]) == ("answered", "fr")
    assert body["sentences"][0]["text"] == REFUND_QUOTE
    assert body["citations"][0]["page"] == 2


def test_the_language_may_be_told(anonymous: httpx.Client) -> None:
    assert answer(anonymous, "mileage rate", language="fr")["language"] == "fr"


def test_a_text_document_is_cited_without_a_page(anonymous: httpx.Client) -> None:
    body = answer(anonymous, "À quelle heure ouvre le magasin des pompes le lundi ?")

    citation = body["citations"][0]
    assert "7 h 30" in citation["quote"]
    assert (citation["page"], citation["page_label"], citation["image_url"]) == (None, None, None)
    assert citation["boxes"] == []
    assert citation["verified"] is True


def test_what_the_documents_do_not_say_is_not_answered(anonymous: httpx.Client) -> None:
    body = answer(anonymous, OFF_TOPIC)

    assert body["status"] == "no_answer"
    assert body["sentences"] == []
    assert body["citations"] == []
    assert body["reason"] == "low_support"
    assert body["confidence"] < 0.5
    assert body["passages"]  # the nearest


def test_a_list_of_collections_narrows_the_question(admin: httpx.Client) -> None:
    body = answer(admin, MILEAGE, collections=["hr"])

    assert body["status"] == "no_answer"
    assert {passage["document"]["collection"] for passage in body["passages"]} == {"hr"}


def test_an_empty_list_of_collections_finds_nothing(admin: httpx.Client) -> None:
    body = answer(admin, MILEAGE, collections=[])

    assert (body["status"], body["reason"], body["passages"]) == ("no_answer", "nothing_searched", [])


def test_the_same_question_gets_the_same_answer_under_another_id(anonymous: httpx.Client) -> None:
    first, second = answer(anonymous, MILEAGE), answer(anonymous, MILEAGE)

    assert first.pop("id") != second.pop("id")
    first.pop("timings"), second.pop("timings")
    assert first == second


# --- search


@pytest.mark.parametrize("question", ["🎉🎉🎉", "le la les de", "?!"])
def test_a_question_without_words_finds_nothing_asked_or_searched(
    anonymous: httpx.Client, question: str
) -> None:
    asked = answer(anonymous, question)
    found = anonymous.post("/v1/search", json={"question": question}).json()

    assert (asked["status"], asked["reason"], asked["passages"]) == ("no_answer", "no_words", [])
    assert found == {"passages": [], "reason": "no_words"}


def test_search_finds_distinct_pages_best_first(anonymous: httpx.Client) -> None:
    response = anonymous.post("/v1/search", json={"question": "mileage rate above 5,000 km"})

    passages = response.json()["passages"]
    assert (passages[0]["document"]["name"], passages[0]["page"]) == ("field-guide.pdf", 2)
    places = [(passage["document"]["id"], passage["page"]) for passage in passages]
    assert len(set(places)) == len(places)
    scores = [passage["score"] for passage in passages]
    assert scores == sorted(scores, reverse=True)


def test_search_gives_no_more_than_the_limit(anonymous: httpx.Client) -> None:
    response = anonymous.post("/v1/search", json={"question": "pump", "limit": 2})

    assert len(response.json()["passages"]) == 2


def test_a_passage_is_the_pages_text_at_its_span(anonymous: httpx.Client) -> None:
    passages = anonymous.post("/v1/search", json={"question": "pump"}).json()["passages"]

    for passage in passages:
        page = anonymous.get(passage["page_url"]).json()
        assert page["text"][passage["start"] : passage["end"]] == passage["text"]


# --- collections


def test_collections_are_those_one_may_read(anonymous: httpx.Client, admin: httpx.Client) -> None:
    assert anonymous.get("/v1/collections").json() == {
        "collections": [{"name": "open", "public": True, "documents": 3}]
    }
    names = {known["name"]: known["public"] for known in admin.get("/v1/collections").json()["collections"]}
    assert names.items() >= {"open": True, "hr": False}.items()


def test_a_collection_is_made_published_and_withdrawn(
    anonymous: httpx.Client, admin: httpx.Client, tmp_path: Path
) -> None:
    made = admin.post("/v1/collections", json={"name": "spring"})
    assert made.status_code == 201
    assert made.json() == {"name": "spring", "public": False, "documents": 0}
    path = write_pdf(tmp_path / "spring.pdf", ["The spring festival of the brass band begins on 4 May."])
    assert upload(admin, path, collection="spring")["state"] == "done"
    question = "When does the spring festival of the brass band begin?"
    assert answer(anonymous, question)["status"] == "no_answer"

    admin.post("/v1/collections", json={"name": "spring", "public": True})
    assert answer(anonymous, question)["status"] == "answered"

    withdrawn = admin.post("/v1/collections", json={"name": "spring", "public": False})
    assert withdrawn.json() == {"name": "spring", "public": False, "documents": 1}
    assert answer(anonymous, question)["status"] == "no_answer"
    assert answer(admin, question)["status"] == "answered"
    admin.delete(f"/v1/documents/{document_named(admin, 'spring.pdf')['id']}")


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a\\b", "x" * 101, "line\nbreak"])
def test_a_collection_needs_a_usable_name(admin: httpx.Client, name: str) -> None:
    response = admin.post("/v1/collections", json={"name": name})

    assert response.status_code == 422
    assert error_of(response)["code"] == "invalid_name"


# --- documents


def test_documents_are_listed_with_what_is_known_of_them(anonymous: httpx.Client) -> None:
    documents = anonymous.get("/v1/documents", params={"collection": "open"}).json()["documents"]

    assert [document["name"] for document in documents] == ["field-guide.pdf", "notes.md", "recueil.pdf"]
    guide, notes, recueil = documents
    assert (guide["title"], guide["pages"], guide["language"]) == ("Field guide", 3, "en")
    assert (guide["status"], guide["reason"], guide["reason_code"]) == ("ready", None, None)
    assert guide["media_type"] == "application/pdf"
    assert guide["chunks"] >= 3
    assert (notes["title"], notes["pages"], notes["media_type"]) == ("Notes du magasin", 1, "text/markdown")
    assert recueil["language"] == "fr"


def test_a_document_lives_from_upload_to_deletion(admin: httpx.Client, tmp_path: Path) -> None:
    question = "How many lamps does the lighthouse of Kerdonis have?"
    path = write_pdf(
        tmp_path / "lighthouse.pdf", [Title("Lamps"), "The lighthouse of Kerdonis has seven lamps."]
    )
    assert answer(admin, question)["status"] == "no_answer"

    accepted = admin.post(
        "/v1/documents",
        files={"file": ("ignored.pdf", path.read_bytes())},
        data={"collection": "coast", "name": "2026/lighthouse.pdf"},
    )
    assert accepted.status_code == 202
    job = accepted.json()["job"]
    assert (job["name"], job["collection"]) == ("2026/lighthouse.pdf", "coast")
    done = ended_job(admin, job["id"])
    assert (done["state"], done["pages_done"], done["pages_total"]) == ("done", 1, 1)
    assert (done["error_code"], done["error"]) == (None, None)

    body = answer(admin, question)
    (citation,) = body["citations"]
    assert citation["quote"] == "The lighthouse of Kerdonis has seven lamps."
    assert citation["document"]["id"] == job["document"]
    document = document_named(admin, "2026/lighthouse.pdf")
    assert (document["status"], document["version"]) == ("ready", citation["version"])

    deleted = admin.delete(f"/v1/documents/{job['document']}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    gone = answer(admin, question)
    assert gone["status"] == "no_answer"
    assert "Kerdonis" not in str(gone["passages"])
    for link in ("page_url", "image_url", "original_url"):
        assert admin.get(citation[link]).status_code == 404, link
    assert admin.delete(f"/v1/documents/{job['document']}").status_code == 404


def test_a_new_version_replaces_the_old_one_whole(admin: httpx.Client, tmp_path: Path) -> None:
    question = "How many boats has the harbour of Sauzon?"
    path = tmp_path / "harbour.pdf"
    upload(admin, write_pdf(path, ["The harbour of Sauzon has forty boats."]), collection="coast")
    former = answer(admin, question)["citations"][0]

    upload(
        admin, write_pdf(path, ["A note."], ["The harbour of Sauzon has fifty boats."]), collection="coast"
    )

    (citation,) = answer(admin, question)["citations"]
    assert (citation["page"], citation["quote"]) == (2, "The harbour of Sauzon has fifty boats.")
    assert citation["document"]["id"] == former["document"]["id"]
    assert citation["version"] != former["version"]
    # A link that somebody kept still shows what it showed.
    assert "forty" in admin.get(former["page_url"]).json()["text"]
    admin.delete(f"/v1/documents/{citation['document']['id']}")


def test_the_versions_of_a_deleted_document_stay_gone_when_its_name_comes_back(
    admin: httpx.Client, tmp_path: Path
) -> None:
    path = tmp_path / "tides.pdf"
    upload(admin, write_pdf(path, ["The tide of Locmaria rises four metres."]), collection="coast")
    former = place_of(document_named(admin, "tides.pdf"))
    admin.delete(f"/v1/documents/{document_named(admin, 'tides.pdf')['id']}")

    upload(admin, write_pdf(path, ["The tide of Locmaria rises five metres."]), collection="coast")

    for path_of_version in (f"{former}/pages/1", f"{former}/pages/1.jpg", f"{former}/original"):
        assert admin.get(path_of_version).status_code == 404
    assert admin.get(f"{place_of(document_named(admin, 'tides.pdf'))}/pages/1").status_code == 200
    admin.delete(f"/v1/documents/{document_named(admin, 'tides.pdf')['id']}")


def test_the_same_bytes_again_are_done_at_once(admin: httpx.Client, tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "again.pdf", ["The buoy of Houat is green and blinks."])
    upload(admin, path, collection="coast")
    first = document_named(admin, "again.pdf")

    job = upload(admin, path, collection="coast")

    assert job["state"] == "done"
    assert document_named(admin, "again.pdf") == first
    admin.delete(f"/v1/documents/{first['id']}")


def test_a_document_without_a_name_of_its_own_takes_the_files(admin: httpx.Client) -> None:
    files = {"file": ("C:\\Users\\me\\quay.txt", b"The quay of Sauzon is 120 metres long.")}

    job = ended_job(admin, admin.post("/v1/documents", files=files).json()["job"]["id"])

    assert (job["state"], job["name"], job["collection"]) == ("done", "quay.txt", "default")
    admin.delete(f"/v1/documents/{job['document']}")


# --- health and description


def test_the_process_says_that_it_lives_and_is_ready(anonymous: httpx.Client) -> None:
    assert anonymous.get("/healthz").json() == {"status": "ok"}
    ready = anonymous.get("/readyz").json()
    assert ready["status"] == "ready"
    assert ready["documents"] >= 4
    assert ready["chunks"] >= ready["documents"]


def test_every_reply_has_its_own_id_and_the_headers_that_protect(anonymous: httpx.Client) -> None:
    replies = [anonymous.get(path) for path in ("/", "/healthz", "/v1/nothing", "/ui/style.css")]

    assert len({reply.headers["x-request-id"] for reply in replies}) == len(replies)
    for reply in replies:
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["x-frame-options"] == "DENY"
        assert "default-src 'self'" in reply.headers["content-security-policy"]
        assert "server" not in reply.headers


def operations(description: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_description_gives_an_example_of_each_json_request(anonymous: httpx.Client) -> None:
    description = anonymous.get("/openapi.json").json()

    models = description["components"]["schemas"]
    asked = []
    for _, path, operation in operations(description):
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" in content:
            name = content["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
            assert models[name]["examples"], name
            asked.append(path)
    assert {"/v1/answer", "/v1/search", "/v1/collections", "/v1/generations", "/v1/backups"} <= set(asked)


def test_the_description_gives_every_error_the_one_shape(anonymous: httpx.Client) -> None:
    description = anonymous.get("/openapi.json").json()

    assert "HTTPValidationError" not in description["components"]["schemas"]
    for method, path, operation in operations(description):
        errors = {status: found for status, found in operation["responses"].items() if status >= "400"}
        for status, found in errors.items():
            schema = found["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/ErrorBody"}, (method, path, status)
        if path.startswith("/v1/"):
            assert errors.keys() >= {"401", "422", "503"}, (method, path)


def test_the_example_question_of_the_description_can_be_asked(anonymous: httpx.Client) -> None:
    models = anonymous.get("/openapi.json").json()["components"]["schemas"]

    for path, model in (("/v1/answer", "AnswerRequest"), ("/v1/search", "SearchRequest")):
        assert anonymous.post(path, json=models[model]["examples"][0]).status_code == 200


def test_no_interactive_page_is_served_from_elsewhere(anonymous: httpx.Client) -> None:
    assert anonymous.get("/docs").status_code == 404
    assert anonymous.get("/redoc").status_code == 404


def test_the_ask_page_and_its_files_are_served(anonymous: httpx.Client) -> None:
    page = anonymous.get("/")

    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-cache"
    assert anonymous.get("/ui/ask.js").headers["content-type"].startswith("text/javascript")
    assert anonymous.get("/ui/../cli.py").status_code == 404
    assert anonymous.get("/ui/%2e%2e/cli.py").status_code == 404
