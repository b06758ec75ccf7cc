"""Who may do what, on every route of a real server: nothing of a private document reaches anybody else."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from api_calls import answer, document_named, place_of
from sourcier_process import Server

from sourcier_core.catalogue import Catalogue
from sourcier_core.keys import KeyStore

CANARY = "QUETZALCOATL"  # stands in the title and on the page of a document of the private collection `hr`
SALARY = "98,765"
QUESTION = "What is the yearly salary of the director?"


@dataclass(frozen=True)
class Call:
    """One request, and what it is answered with: without a key, with a reader's, with an administrator's."""

    path: str
    anonymous: int
    reader: int
    admin: int
    parts: dict[str, Any] = field(default_factory=dict)


# Every operation of the API aimed at the private document. One that is not here fails the first test.
CALLS = {
    "POST /v1/answer": Call(
        "/v1/answer", 404, 404, 200, {"json": {"question": QUESTION, "collections": ["hr"]}}
    ),
    "POST /v1/search": Call(
        "/v1/search", 404, 404, 200, {"json": {"question": QUESTION, "collections": ["hr"]}}
    ),
    "GET /v1/collections": Call("/v1/collections", 200, 200, 200),
    "POST /v1/collections": Call("/v1/collections", 401, 403, 201, {"json": {"name": "hr"}}),
    "GET /v1/documents": Call("/v1/documents?collection=hr", 404, 404, 200),
    "POST /v1/documents": Call(
        "/v1/documents", 401, 403, 202, {"files": {"file": ("a.txt", b"Words.")}, "data": {"collection": "x"}}
    ),
    "DELETE /v1/documents/{document}": Call("/v1/documents/nothing", 401, 403, 404),
    "PATCH /v1/documents/{document}": Call("{document}", 401, 403, 200, {"json": {"tags": ["pay"]}}),
    "GET /v1/documents/{document}/versions": Call("{document}/versions", 404, 404, 200),
    "GET /v1/documents/{document}/changes": Call("{document}/changes", 404, 404, 404),  # of one version: none
    "GET /v1/documents/{document}/passport": Call("{document}/passport", 404, 404, 200),
    "GET /v1/generations": Call("/v1/generations", 401, 403, 200),
    "POST /v1/generations": Call(  # the live one is made with the same settings
        "/v1/generations", 401, 403, 409, {"json": {}}
    ),
    "GET /v1/generations/{generation}": Call("/v1/generations/1", 401, 403, 200),
    "POST /v1/generations/{generation}/promote": Call(
        "/v1/generations/99/promote", 401, 403, 404, {"json": {}}
    ),
    "DELETE /v1/generations/{generation}": Call("/v1/generations/99", 401, 403, 404),
    "POST /v1/generations/rollback": Call("/v1/generations/rollback", 401, 403, 409, {"json": {}}),
    "POST /v1/generations/prune": Call("/v1/generations/prune", 401, 403, 200),
    "GET /v1/jobs/{job}": Call("/v1/jobs/nothing", 401, 403, 404),
    "GET /v1/documents/{document}/versions/{version}/pages/{page}.jpg": Call(
        "{place}/pages/1.jpg", 404, 404, 200
    ),
    "GET /v1/documents/{document}/versions/{version}/pages/{page}": Call("{place}/pages/1", 404, 404, 200),
    "GET /v1/documents/{document}/versions/{version}/original": Call("{place}/original", 404, 404, 200),
    "POST /v1/backups": Call("/v1/backups", 401, 403, 200, {"json": {}}),
    "GET /v1/watches": Call("/v1/watches", 401, 403, 200),
    "POST /v1/watches/{watch}/scans": Call("/v1/watches/nothing/scans", 401, 403, 404, {"json": {}}),
    "GET /healthz": Call("/healthz", 200, 200, 200),
    "GET /readyz": Call("/readyz", 200, 200, 200),
}
OPEN_TO_A_WRONG_KEY = {"GET /healthz", "GET /readyz"}


@pytest.fixture(scope="module")
def secret(admin: httpx.Client) -> str:
    """The path of the private document's pages, as an administrator knows it."""
    return place_of(document_named(admin, "salaries.pdf"))


@pytest.fixture(scope="module")
def reader(library_server: Server) -> Iterator[httpx.Client]:
    """Somebody with a key that may not do what administrators do."""
    catalogue = Catalogue(f"sqlite:///{library_server.home / 'catalogue.sqlite3'}")
    key = KeyStore(catalogue.engine).create(frozenset({"ask", "search", "read"}))
    catalogue.close()
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=library_server.url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


def send(client: httpx.Client, operation: str, secret: str, **more: Any) -> httpx.Response:
    call = CALLS[operation]
    path = call.path.format(place=secret, document=secret.partition("/versions/")[0])
    return client.request(operation.partition(" ")[0], path, **call.parts, **more)


def test_every_operation_is_in_the_matrix(anonymous: httpx.Client) -> None:
    paths = anonymous.get("/openapi.json").json()["paths"]

    assert {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods} == set(CALLS)


@pytest.mark.parametrize("operation", CALLS)
def test_each_principal_gets_what_it_may(
    anonymous: httpx.Client, reader: httpx.Client, admin: httpx.Client, secret: str, operation: str
) -> None:
    call = CALLS[operation]

    for client, expected in ((anonymous, call.anonymous), (reader, call.reader), (admin, call.admin)):
        response = send(client, operation, secret)
        assert response.status_code == expected, response.text
        if client is not admin:
            said = response.content + str(response.headers).encode()
            assert CANARY.encode() not in said
            assert SALARY.encode() not in said


@pytest.mark.parametrize("operation", sorted(set(CALLS) - OPEN_TO_A_WRONG_KEY))
def test_a_wrong_key_opens_nothing(anonymous: httpx.Client, secret: str, operation: str) -> None:
    response = send(anonymous, operation, secret, headers={"Authorization": f"Bearer sk_{'x' * 43}"})

    assert response.status_code == 401
    assert CANARY not in response.text


def test_an_administrator_reads_the_private_document(admin: httpx.Client, secret: str) -> None:
    body = answer(admin, QUESTION)

    assert CANARY in body["sentences"][0]["text"]
    assert SALARY in admin.get(f"{secret}/pages/1").json()["text"]


@pytest.mark.parametrize("question", [QUESTION, f"Who is {CANARY.title()}?", "director salary euros yearly"])
def test_without_a_key_no_question_brings_a_private_word_back(
    anonymous: httpx.Client, reader: httpx.Client, question: str
) -> None:
    for client in (anonymous, reader):
        for path in ("/v1/answer", "/v1/search"):
            response = client.post(path, json={"question": question})
            assert response.status_code == 200
            assert CANARY not in response.text
            assert SALARY not in response.text
            assert '"hr"' not in response.text


def test_without_a_key_the_private_collection_is_not_even_named(
    anonymous: httpx.Client, reader: httpx.Client
) -> None:
    for client in (anonymous, reader):
        assert "hr" not in [c["name"] for c in client.get("/v1/collections").json()["collections"]]
        assert "hr" not in {d["collection"] for d in client.get("/v1/documents").json()["documents"]}


def test_a_private_document_and_none_at_all_are_told_in_the_same_words(
    anonymous: httpx.Client, secret: str
) -> None:
    document = secret.split("/")[3]
    other = "00000000-0000-5000-8000-000000000000"
    for suffix in ("/pages/1", "/pages/1.jpg", "/pages/99", "/original"):
        private = anonymous.get(secret + suffix)
        absent = anonymous.get(secret.replace(document, other) + suffix)
        assert private.status_code == absent.status_code == 404
        assert private.text.replace(document, other) == absent.text


def test_a_private_version_is_not_read_under_a_public_document(anonymous: httpx.Client, secret: str) -> None:
    guide = document_named(anonymous, "field-guide.pdf")["id"]
    version = secret.rsplit("/", 1)[1]

    for suffix in ("/pages/1", "/pages/1.jpg", "/original"):
        assert anonymous.get(f"/v1/documents/{guide}/versions/{version}{suffix}").status_code == 404


def test_the_commands_token_is_for_this_user_alone(library_server: Server) -> None:
    note = library_server.home / "server.json"

    assert note.stat().st_mode & 0o777 == 0o600
    assert library_server.home.stat().st_mode & 0o777 == 0o700


def test_neither_words_of_documents_nor_keys_are_logged(library_server: Server) -> None:
    said = library_server.output.read_text(encoding="utf-8") + library_server.log.read_text(encoding="utf-8")

    assert CANARY not in said
    assert said.count("sk_") == 1  # the greeting's, shown once
