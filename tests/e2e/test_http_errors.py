"""What a real server replies when something is wrong: one shape, a stable code, a status."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_calls import document_named, ended_job, error_of, upload
from pdfs import new_pdf, write_pdf
from sourcier_process import ingest, start_server

MAX_UPLOAD = 50_000  # as in conftest
MAX_BODY = 1 << 20
MEBIBYTE = b"a" * (1 << 20)


# --- questions


@pytest.mark.parametrize("path", ["/v1/answer", "/v1/search"])
@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("", "question_empty"),
        ("   \n", "question_empty"),
        ("a" * 2_001, "question_too_long"),
        ("a" * 20_000, "question_too_long"),
        ("a" * 100_001, "invalid_request"),
    ],
    ids=["none", "blank", "2001", "20000", "100001"],
)
def test_a_question_that_cannot_be_asked(
    anonymous: httpx.Client, path: str, question: str, code: str
) -> None:
    response = anonymous.post(path, json={"question": question})

    assert response.status_code == 422
    assert error_of(response)["code"] == code


def test_the_longest_question_is_asked(anonymous: httpx.Client) -> None:
    response = anonymous.post("/v1/answer", json={"question": ("mileage rate " * 200)[:2_000]})

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "question"),
        ({"question": None}, "question"),
        ({"question": 7}, "question"),
        ({"question": "Rate?", "language": "de"}, "language"),
        ({"question": "Rate?", "limit": 3}, "limit"),  # of a search
        ({"question": "Rate?", "collections": "open"}, "collections"),
        ({"question": "Rate?", "collections": [1]}, "collections.0"),
        ([], None),
    ],
)
def test_a_body_that_is_no_question_names_the_field(
    anonymous: httpx.Client, body: Any, param: str | None
) -> None:
    response = anonymous.post("/v1/answer", json=body)

    assert response.status_code == 422
    error = error_of(response)
    assert (error["type"], error["code"], error["param"]) == ("request_error", "invalid_request", param)


@pytest.mark.parametrize("limit", [0, 51, "many"])
def test_a_search_limit_out_of_range_is_named(anonymous: httpx.Client, limit: object) -> None:
    response = anonymous.post("/v1/search", json={"question": "Rate?", "limit": limit})

    assert (response.status_code, error_of(response)["param"]) == (422, "limit")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"question", b'{"question": "\xff"}', b'{"question": "\\ud83d rate"}', b"[" * 100_000],
    ids=["nothing", "cut", "word", "not utf-8", "half a character", "nested"],
)
def test_a_body_that_is_no_json_is_refused_in_the_one_shape(anonymous: httpx.Client, content: bytes) -> None:
    response = anonymous.post("/v1/answer", content=content, headers={"content-type": "application/json"})

    assert response.status_code in (400, 422)
    assert error_of(response)["type"] == "request_error"


# --- things that are not there


def test_an_unknown_collection(anonymous: httpx.Client) -> None:
    for response in (
        anonymous.post("/v1/answer", json={"question": "Rate?", "collections": ["open", "nowhere"]}),
        anonymous.post("/v1/search", json={"question": "Rate?", "collections": ["nowhere"]}),
        anonymous.get("/v1/documents", params={"collection": "nowhere"}),
    ):
        assert response.status_code == 404
        error = error_of(response)
        assert (error["type"], error["code"]) == ("not_found_error", "collection_not_found")
        assert "'nowhere'" in error["message"]


@pytest.mark.parametrize(
    "document", ["00000000-0000-5000-8000-000000000000", "x", "..%2f..", "%00", "é" * 400]
)
def test_an_unknown_document(admin: httpx.Client, document: str) -> None:
    version = "0" * 64
    for response in (
        admin.get(f"/v1/documents/{document}/versions/{version}/pages/1"),
        admin.get(f"/v1/documents/{document}/versions/{version}/pages/1.jpg"),
        admin.get(f"/v1/documents/{document}/versions/{version}/original"),
        admin.delete(f"/v1/documents/{document}"),
    ):
        assert response.status_code == 404
        assert error_of(response)["code"] in ("document_not_found", "not_found")


def test_an_unknown_job(admin: httpx.Client) -> None:
    response = admin.get("/v1/jobs/00000000-0000-4000-8000-000000000000")

    assert (response.status_code, error_of(response)["code"]) == (404, "job_not_found")


def test_an_unknown_route_and_an_unknown_method(anonymous: httpx.Client) -> None:
    unknown = anonymous.get("/v1/nothing")
    assert (unknown.status_code, error_of(unknown)["code"]) == (404, "not_found")

    refused = anonymous.put("/v1/answer", json={})
    error = error_of(refused)
    assert (refused.status_code, error["code"]) == (405, "method_not_allowed")
    assert error["message"] == "Method Not Allowed (PUT /v1/answer)."
    assert refused.headers["allow"] == "POST"


# --- keys


@pytest.mark.parametrize(
    "header",
    ["Bearer sk_wrong", "Bearer", "Basic YTpi", "sk_wrong", "Bearer \u00e9\u00e8", "Bearer a b c"],
)
def test_a_wrong_key_is_refused_even_where_none_is_needed(anonymous: httpx.Client, header: str) -> None:
    headers = {"Authorization": header.encode("latin-1")}
    for response in (
        anonymous.get("/v1/collections", headers=headers),  # type: ignore[arg-type] # bytes are allowed
        anonymous.post("/v1/answer", json={"question": "Rate?"}, headers=headers),  # type: ignore[arg-type]
    ):
        assert response.status_code == 401
        error = error_of(response)
        assert (error["type"], error["code"]) == ("authentication_error", "not_authenticated")
        assert response.headers["www-authenticate"] == "Bearer"


def test_a_key_that_differs_in_its_last_character_is_refused(admin: httpx.Client) -> None:
    header = admin.headers["authorization"]
    other = header[:-1] + ("a" if header[-1] != "a" else "b")

    assert admin.get("/v1/collections", headers={"Authorization": other}).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/documents"),
        ("POST", "/v1/collections"),
        ("DELETE", "/v1/documents/00000000-0000-5000-8000-000000000000"),
        ("GET", "/v1/jobs/00000000-0000-4000-8000-000000000000"),
    ],
)
def test_what_administrators_do_needs_a_key(anonymous: httpx.Client, method: str, path: str) -> None:
    parts: dict[str, Any] = (
        {"files": {"file": ("a.txt", b"Some words.")}}
        if path == "/v1/documents"
        else {"json": {"name": "new"}}
    )
    response = anonymous.request(method, path, **(parts if method == "POST" else {}))

    assert response.status_code == 401
    assert error_of(response)["code"] == "not_authenticated"


def test_an_anonymous_deletion_deletes_nothing(anonymous: httpx.Client) -> None:
    document = document_named(anonymous, "field-guide.pdf")

    assert anonymous.delete(f"/v1/documents/{document['id']}").status_code == 401

    assert document_named(anonymous, "field-guide.pdf") == document


# --- sizes


def in_pieces(size: int) -> Iterator[bytes]:
    """A body whose length is not told before."""
    for _ in range(size // len(MEBIBYTE) + 1):
        yield MEBIBYTE


def test_a_body_over_the_limit_is_refused_before_it_is_read(anonymous: httpx.Client) -> None:
    response = anonymous.post("/v1/answer", content=b" " * (MAX_BODY + 1))

    assert response.status_code == 413
    error = error_of(response)
    assert error["code"] == "request_too_large"
    assert error["message"] == "The request has 1,048,577 bytes; the limit is 1,048,576."


def test_a_body_over_the_limit_that_does_not_tell_its_length_is_refused(anonymous: httpx.Client) -> None:
    response = anonymous.post(
        "/v1/answer", content=in_pieces(2 * MAX_BODY), headers={"content-type": "application/json"}
    )

    assert response.status_code == 413
    assert error_of(response)["code"] == "request_too_large"


def test_a_body_of_just_the_limit_is_read(anonymous: httpx.Client) -> None:
    question = b'{"question": "mileage rate"}'

    response = anonymous.post(
        "/v1/answer",
        content=question + b" " * (MAX_BODY - len(question)),
        headers={"content-type": "application/json"},
    )

    assert response.status_code == 200


def test_a_file_over_the_limit_by_one_byte_is_refused(admin: httpx.Client) -> None:
    files = {"file": ("large.txt", b"a" * (MAX_UPLOAD + 1))}

    response = admin.post("/v1/documents", files=files)

    assert response.status_code == 413
    error = error_of(response)
    assert error["code"] == "document_too_large"
    assert error["message"].startswith("'large.txt' is larger than 50,000 bytes.")


def test_a_file_of_just_the_limit_is_taken(admin: httpx.Client, tmp_path: Path) -> None:
    path = tmp_path / "just.txt"
    path.write_bytes((b"Some words. " * MAX_UPLOAD)[:MAX_UPLOAD])

    response = admin.post("/v1/documents", files={"file": ("just.txt", path.read_bytes())})

    assert response.status_code == 202
    job = response.json()["job"]
    ended_job(admin, job["id"])
    admin.delete(f"/v1/documents/{job['document']}")


@pytest.mark.parametrize("told", [True, False], ids=["length told", "length not told"])
def test_an_upload_far_over_the_limit_is_refused(admin: httpx.Client, told: bool) -> None:
    head = (
        b'--edge\r\nContent-Disposition: form-data; name="file"; filename="large.txt"\r\n'
        b"Content-Type: text/plain\r\n\r\n"
    )
    form = {"content-type": "multipart/form-data; boundary=edge"}

    def pieces() -> Iterator[bytes]:
        yield head
        yield from in_pieces(1 << 20)
        yield b"\r\n--edge--\r\n"

    content = b"".join(pieces()) if told else pieces()
    response = admin.post("/v1/documents", content=content, headers=form)

    assert response.status_code == 413
    assert error_of(response)["code"] == "request_too_large"


def test_an_upload_without_a_file_names_the_field(admin: httpx.Client) -> None:
    response = admin.post("/v1/documents", data={"collection": "open"})

    assert (response.status_code, error_of(response)["param"]) == (422, "file")


# --- what nobody foresaw


def test_an_unforeseen_failure_is_said_without_its_details_and_logged_with_them(
    exports: Path, library: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    ingest(home, exports, library / "open" / "recueil.pdf", "--collection", "open", "--public")
    for pages in (home / "pages").iterdir():
        pages.unlink()  # behind the product's back

    with start_server(home, exports) as server:
        response = httpx.post(f"{server.url}/v1/answer", json={"question": "remboursement"}, trust_env=False)
        alive = httpx.get(f"{server.url}/healthz", trust_env=False)

    assert response.status_code == 500
    error = error_of(response)
    assert (error["type"], error["code"]) == ("server_error", "internal_error")
    assert error["message"] == "Something unexpected failed; the server's log says what."
    assert alive.status_code == 200
    logged = server.log.read_text(encoding="utf-8")
    assert "FileNotFoundError" in logged
    assert "remboursement" not in logged


# --- files that cannot be read: the upload is taken, the job says why it failed


def a_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.pdf", b"", "document_empty"),
        ("blank.txt", b" \n ", "document_without_text"),
        ("report.docx", a_zip(), "document_unsupported"),
        ("report.pdf", a_zip(), "document_unsupported"),
        ("page.txt", b"<!DOCTYPE html><p>Words</p>", "document_unsupported"),
        ("latin.txt", "été".encode("latin-1"), "document_unsupported"),
        ("cut.pdf", b"%PDF-1.7\n1 0 obj\n<<", "document_broken"),
    ],
)
def test_a_file_that_cannot_be_read_ends_as_a_failed_job_with_its_code(
    admin: httpx.Client, tmp_path: Path, name: str, content: bytes, code: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    job = upload(admin, path, collection="refused")

    assert (job["state"], job["error_code"]) == ("failed", code)
    assert f"'{name}'" in job["error"]
    document = document_named(admin, name)
    assert (document["status"], document["reason_code"]) == ("refused", code)
    assert document["reason"] == job["error"]
    assert (document["version"], document["chunks"]) == (None, 0)
    assert admin.delete(f"/v1/documents/{document['id']}").status_code == 204


def test_an_encrypted_file_ends_as_a_failed_job_and_keeps_the_former_version_answering(
    admin: httpx.Client, tmp_path: Path
) -> None:
    path = write_pdf(tmp_path / "sealed.pdf", ["The seal of Belle-Ile weighs nine grams."])
    assert upload(admin, path, collection="refused")["state"] == "done"
    ready = document_named(admin, "sealed.pdf")
    with new_pdf(path, encrypt="secret") as canvas:
        canvas.drawString(72, 700, "Sealed words.")

    job = upload(admin, path, collection="refused")

    assert (job["state"], job["error_code"]) == ("failed", "document_encrypted")
    assert "password" in job["error"]
    assert document_named(admin, "sealed.pdf") == ready
    admin.delete(f"/v1/documents/{ready['id']}")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "line\nbreak.pdf"),
        ("collection", "a/b"),
        ("name", "n" * 1001),
        ("tags", " "),
        ("groups", "*"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused_at_once(admin: httpx.Client, field: str, value: str) -> None:
    files = {"file": ("a.txt", b"Some words.")}

    refused = admin.post("/v1/documents", files=files, data={field: value})

    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_name")
