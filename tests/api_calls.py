"""What tests ask a running server for, in a line each."""

import time
from pathlib import Path
from typing import Any

import httpx

JOB_SECONDS = 60


def answer(client: httpx.Client, question: str, **more: Any) -> dict[str, Any]:
    """Ask, and return the answer's body."""
    response = client.post("/v1/answer", json={"question": question, **more})
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def error_of(response: httpx.Response) -> dict[str, Any]:
    """Return an error's detail, having checked that it has the one shape."""
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert list(body) == ["error"]
    detail: dict[str, Any] = body["error"]
    assert set(detail) == {"type", "code", "message", "param"}
    assert detail["message"].endswith(".")
    return detail


def upload(client: httpx.Client, path: Path, **fields: str) -> dict[str, Any]:
    """Add a document and return its job once it has ended."""
    response = client.post("/v1/documents", files={"file": (path.name, path.read_bytes())}, data=fields)
    assert response.status_code == 202, response.text
    return ended_job(client, response.json()["job"]["id"])


def ended_job(client: httpx.Client, job: str) -> dict[str, Any]:
    """Wait until a job has ended."""
    end = time.monotonic() + JOB_SECONDS
    while time.monotonic() < end:
        body: dict[str, Any] = client.get(f"/v1/jobs/{job}").json()
        if body["state"] in ("done", "failed", "cancelled"):
            return body
        time.sleep(0.05)
    raise AssertionError(f"the job did not end: {body}")


def document_named(client: httpx.Client, name: str) -> dict[str, Any]:
    """Return the listed document of that name."""
    (found,) = (d for d in client.get("/v1/documents").json()["documents"] if d["name"] == name)
    body: dict[str, Any] = found
    return body


def place_of(document: dict[str, Any]) -> str:
    """Return the path under which a document's pages are."""
    return f"/v1/documents/{document['id']}/versions/{document['version']}"
