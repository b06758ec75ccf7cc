"""Versions, dates, tags and deletes over HTTP, questions running: what is changed holds at once."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from api_calls import answer, document_named, ended_job, error_of, upload
from pdfs import Title, write_pdf
from sourcier_process import Server

QUESTION = "How many kilns has the pottery of Quimiac?"
ASKERS = 4


def today(shift: int = 0) -> str:
    return (datetime.now(UTC).date() + timedelta(days=shift)).isoformat()


def shown(body: dict[str, Any]) -> str:
    """What an answer shows of documents; the question itself is in it too."""
    return str([body["passages"], body["citations"]])


def pottery(path: Path, kilns: str, *more: str) -> Path:
    return write_pdf(path, [Title("Pottery"), f"The pottery of Quimiac has {kilns} kilns.", *more])


@pytest.fixture
def two_versions(admin: httpx.Client, tmp_path: Path) -> Iterator[str]:
    """A document that said nine until ten days ago and says eleven since; its id."""
    path = tmp_path / "pottery.pdf"
    upload(admin, pottery(path, "nine"), collection="crafts", effective_from=today(-40))
    upload(admin, pottery(path, "eleven"), collection="crafts", effective_from=today(-10))
    document: str = document_named(admin, "pottery.pdf")["id"]
    yield document
    admin.delete(f"/v1/documents/{document}")


def test_a_question_as_of_a_day_reads_the_version_in_effect_on_it(
    admin: httpx.Client, two_versions: str
) -> None:
    (now,) = answer(admin, QUESTION)["citations"]
    body = answer(admin, QUESTION, as_of=today(-20))
    before = answer(admin, QUESTION, as_of=today(-41))

    (then,) = body["citations"]
    assert ("eleven" in now["quote"], "nine" in then["quote"]) == (True, True)
    assert (now["effective_from"], now["effective_to"], now["superseded"]) == (today(-10), None, False)
    assert (then["effective_from"], then["effective_to"], then["superseded"]) == (
        today(-40),
        today(-10),
        True,
    )
    assert body["as_of"] == today(-20)
    assert "nine" not in str(answer(admin, QUESTION)["passages"])
    assert "Quimiac" not in str(before["passages"])
    found = admin.post("/v1/search", json={"question": QUESTION, "as_of": today(-20)}).json()["passages"]
    assert [passage["superseded"] for passage in found if "Quimiac" in passage["text"]] == [True]


def test_a_superseded_citation_opens_and_says_so(admin: httpx.Client, two_versions: str) -> None:
    (then,) = answer(admin, QUESTION, as_of=today(-20))["citations"]

    page = admin.get(then["page_url"]).json()

    assert then["quote"] in page["text"]
    assert (page["superseded"], page["effective_to"], page["verified"]) == (True, today(-10), True)
    for link in ("image_url", "original_url"):
        assert admin.get(then[link]).status_code == 200


def test_versions_are_listed_newest_first(admin: httpx.Client, two_versions: str) -> None:
    body = admin.get(f"/v1/documents/{two_versions}/versions").json()

    assert [(v["state"], v["effective_from"], v["effective_to"]) for v in body["versions"]] == [
        ("in_effect", today(-10), None),
        ("superseded", today(-40), today(-10)),
    ]
    assert all(admin.get(version["original_url"]).status_code == 200 for version in body["versions"])


def test_what_changed_is_told_by_section_with_pages_and_numbers(admin: httpx.Client, tmp_path: Path) -> None:
    path = tmp_path / "rules.pdf"
    rules = "Claims are filed within {} days.", "Meals cost up to {} euros."
    upload(
        admin,
        write_pdf(path, [Title("Claims"), rules[0].format(30), rules[1].format(20)]),
        collection="crafts",
    )
    upload(
        admin,
        write_pdf(
            path,
            [Title("News"), "Lockers are new."],
            [Title("Claims"), rules[0].format(45), rules[1].format(20)],
        ),
        collection="crafts",
    )
    document = document_named(admin, "rules.pdf")

    body = admin.get(f"/v1/documents/{document['id']}/changes").json()

    kinds = {section["kind"]: section for section in body["sections"]}
    assert set(kinds) == {"added", "changed"}
    assert kinds["added"]["after"] == ["News"]
    (change,) = kinds["changed"]["changes"]
    assert (change["before"]["text"], change["before"]["page"]) == ("Claims are filed within 30 days.", 1)
    assert (change["after"]["text"], change["after"]["page"]) == ("Claims are filed within 45 days.", 2)
    assert (change["numbers_before"], change["numbers_after"]) == (["30"], ["45"])
    named = admin.get(f"/v1/documents/{document['id']}/changes", params={"from": "f" * 9})
    assert error_of(named)["code"] == "version_not_found"
    admin.delete(f"/v1/documents/{document['id']}")


def test_a_planned_version_waits_for_its_day(admin: httpx.Client, tmp_path: Path) -> None:
    path = tmp_path / "pottery.pdf"
    upload(admin, pottery(path, "nine"), collection="crafts")
    upload(admin, pottery(path, "twelve"), collection="crafts", effective_from=today(30))
    document = document_named(admin, "pottery.pdf")["id"]

    assert "nine" in answer(admin, QUESTION)["citations"][0]["quote"]
    assert "twelve" in answer(admin, QUESTION, as_of=today(30))["citations"][0]["quote"]
    moved = admin.patch(f"/v1/documents/{document}", json={"effective_from": today(-1)})

    assert moved.json()["version"]["state"] == "in_effect"
    assert "twelve" in answer(admin, QUESTION)["citations"][0]["quote"]
    admin.delete(f"/v1/documents/{document}")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"effective_from": "2026-02-01", "effective_to": "2026-02-01"}, "invalid_period"),
        ({"effective_from": "yesterday"}, "invalid_request"),
        ({"version": "ff", "effective_to": "2099-01-01"}, "version_not_found"),
        ({"tags": ["a\nb"]}, "invalid_name"),
        ({"groups": ["*"]}, "invalid_name"),
        ({"colour": "red"}, "invalid_request"),
    ],
)
def test_a_change_that_cannot_be_made_changes_nothing(
    admin: httpx.Client, two_versions: str, change: dict[str, Any], code: str
) -> None:
    before = admin.get(f"/v1/documents/{two_versions}/versions").json()

    refused = admin.patch(f"/v1/documents/{two_versions}", json=change)

    assert error_of(refused)["code"] == code
    assert admin.get(f"/v1/documents/{two_versions}/versions").json() == before


def test_tags_narrow_and_groups_close_from_the_next_request_on(
    admin: httpx.Client, anonymous: httpx.Client, tmp_path: Path
) -> None:
    admin.post("/v1/collections", json={"name": "open-crafts", "public": True})
    upload(admin, pottery(tmp_path / "pottery.pdf", "nine"), collection="open-crafts")
    document = document_named(admin, "pottery.pdf")["id"]
    (citation,) = answer(anonymous, QUESTION)["citations"]

    tagged = admin.patch(f"/v1/documents/{document}", json={"tags": ["clay", "2026"]}).json()["document"]
    narrowed = [
        bool(answer(anonymous, QUESTION, tags=tags)["citations"]) for tags in (["clay"], ["wood"], [])
    ]
    closed = admin.patch(f"/v1/documents/{document}", json={"groups": ["potters"]}).json()["document"]

    assert (tagged["tags"], closed["groups"]) == (["2026", "clay"], ["potters"])
    assert narrowed == [True, False, False]
    assert "Quimiac" not in shown(answer(anonymous, QUESTION))
    for link in ("page_url", "image_url", "original_url"):
        assert anonymous.get(citation[link]).status_code == 404, link
    assert document not in str(anonymous.get("/v1/documents").json())
    assert "Quimiac" in shown(answer(admin, QUESTION))
    admin.patch(f"/v1/documents/{document}", json={"groups": []})
    assert answer(anonymous, QUESTION)["citations"]
    assert document_named(anonymous, "pottery.pdf")["groups"] == []
    admin.delete(f"/v1/documents/{document}")
    admin.post("/v1/collections", json={"name": "open-crafts", "public": False})


def test_a_browser_may_keep_a_page_image_and_must_ask_before_it_shows_it(
    admin: httpx.Client, two_versions: str
) -> None:
    (citation,) = answer(admin, QUESTION)["citations"]
    first = admin.get(citation["image_url"])
    known = {"If-None-Match": first.headers["etag"]}

    again = admin.get(citation["image_url"], headers=known)
    other = admin.get(citation["image_url"].partition("?")[0], headers=known)
    admin.delete(f"/v1/documents/{two_versions}")
    gone = admin.get(citation["image_url"], headers=known)

    assert (again.status_code, again.content, other.status_code, gone.status_code) == (304, b"", 200, 404)
    for link in ("image_url", "page_url", "original_url"):
        assert "max-age" not in admin.get(citation[link]).headers.get("cache-control", "")
    assert first.headers["cache-control"] == "private, no-cache"


# --- deletes while questions run


class Askers:
    """Clients that ask without end, and note what came back to questions asked after a moment."""

    def __init__(self, server: Server, citation: dict[str, Any]) -> None:
        self._server = server
        self._citation = citation
        self._stop = threading.Event()
        self.deleted = threading.Event()
        self.asked_after = 0
        self.seen_before = 0
        self.leaks: list[str] = []
        self.failures: list[str] = []

    def run(self) -> None:
        """Ask until told to stop."""
        with httpx.Client(
            base_url=self._server.url, headers=self._server.authorization, timeout=60, trust_env=False
        ) as client:
            while not self._stop.is_set():
                for path, body in (
                    ("/v1/answer", {"question": QUESTION}),
                    ("/v1/search", {"question": QUESTION}),
                    ("/v1/answer", {"question": QUESTION, "as_of": today()}),
                    (self._citation["page_url"], None),
                    (self._citation["original_url"], None),
                    ("/v1/documents", None),
                ):
                    self._ask(client, path, body)

    def _ask(self, client: httpx.Client, path: str, body: dict[str, Any] | None) -> None:
        after = self.deleted.is_set()
        reply = client.post(path, json=body) if body else client.get(path)
        if reply.status_code >= 500:
            self.failures.append(f"{path}: {reply.status_code} {reply.text[:200]}")
        shown = reply.status_code == 200 and (
            b"Quimiac has" in reply.content or b"pottery.pdf" in reply.content or b"%PDF" in reply.content
        )
        self.asked_after += after
        self.seen_before += shown and not after
        if shown and after:
            self.leaks.append(f"{urlsplit(path).path}: {reply.text[:200]}")

    def stop(self) -> None:
        self._stop.set()


@contextmanager
def asking(server: Server, citation: dict[str, Any]) -> Iterator[Askers]:
    askers = Askers(server, citation)
    with ThreadPoolExecutor(ASKERS) as pool:
        running = [pool.submit(askers.run) for _ in range(ASKERS)]
        try:
            yield askers
        finally:
            askers.stop()
    for one in running:
        one.result()


def test_no_question_asked_after_a_delete_sees_the_document(
    library_server: Server, admin: httpx.Client, tmp_path: Path
) -> None:
    path = tmp_path / "pottery.pdf"
    for kilns in ("nine", "ten", "eleven"):
        upload(admin, pottery(path, kilns), collection="crafts")
        (citation,) = answer(admin, QUESTION)["citations"]

        with asking(library_server, citation) as askers:
            while askers.seen_before < 2 * ASKERS:
                threading.Event().wait(0.01)
            assert admin.delete(f"/v1/documents/{citation['document']['id']}").status_code == 204
            askers.deleted.set()
            while askers.asked_after < 30:
                threading.Event().wait(0.01)

        assert askers.leaks == []
        assert askers.failures == []


def test_a_delete_wins_over_the_uploads_sent_before_it(admin: httpx.Client, tmp_path: Path) -> None:
    path = tmp_path / "pottery.pdf"
    upload(admin, pottery(path, "nine"), collection="crafts")
    document = document_named(admin, "pottery.pdf")["id"]
    jobs = []
    for kilns in ("ten", "eleven", "twelve"):
        files = {"file": ("pottery.pdf", pottery(path, kilns).read_bytes())}
        jobs.append(
            admin.post("/v1/documents", files=files, data={"collection": "crafts"}).json()["job"]["id"]
        )

    assert admin.delete(f"/v1/documents/{document}").status_code == 204

    ends = [ended_job(admin, job)["state"] for job in jobs]
    assert ends[-1] == "cancelled"
    assert "Quimiac" not in shown(answer(admin, QUESTION))
    assert document not in str(admin.get("/v1/documents").json())
    assert admin.delete(f"/v1/documents/{document}").status_code == 404


def test_a_document_that_waits_to_be_read_for_the_first_time_can_be_deleted(
    admin: httpx.Client, tmp_path: Path
) -> None:
    ahead = [
        admin.post(
            "/v1/documents",
            files={"file": (f"{n}.pdf", pottery(tmp_path / f"{n}.pdf", "nine", f"Note {n}.").read_bytes())},
            data={"collection": "queue"},
        ).json()["job"]
        for n in range(6)
    ]
    last = ahead[-1]

    deleted = admin.delete(f"/v1/documents/{last['document']}")

    assert deleted.status_code == 204
    for job in ahead[:-1]:
        assert ended_job(admin, job["id"])["state"] == "done"
        admin.delete(f"/v1/documents/{job['document']}")
    assert ended_job(admin, last["id"])["state"] == "cancelled"
    assert last["document"] not in str(admin.get("/v1/documents").json())
