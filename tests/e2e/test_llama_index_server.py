"""Passages as llama-index nodes, from a real server over HTTP."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from coroutines import run_coroutine
from sourcier_process import Server

import llama_index_query_engine
from sourcier_core.errors import ServerNotFound, ServerRefused
from sourcier_service.llama_index_retriever import SourcierServerRetriever

MILEAGE = "What is the mileage rate above 5,000 km?"
SALARY = "What is the yearly salary of the director?"


def test_nodes_are_the_passages_of_the_api_and_open_their_page(
    library_server: Server, anonymous: httpx.Client
) -> None:
    nodes = SourcierServerRetriever(library_server.url + "/", limit=3).retrieve(MILEAGE)

    body = anonymous.post("/v1/search", json={"question": MILEAGE, "limit": 3}).json()
    assert [(n.text, n.score, n.metadata["page"], n.metadata["page_label"]) for n in nodes] == [
        (p["text"], p["score"], p["page"], p["page_label"]) for p in body["passages"]
    ]
    assert [n.metadata["url"] for n in nodes] == [library_server.url + p["url"] for p in body["passages"]]
    assert (nodes[0].metadata["document"], nodes[0].metadata["page"]) == ("field-guide.pdf", 2)


def test_the_key_decides_what_is_found(library_server: Server) -> None:
    without = SourcierServerRetriever(library_server.url)
    with_key = SourcierServerRetriever(
        library_server.url, key=library_server.admin_key, collections=["hr"], limit=1
    )

    assert {node.metadata["collection"] for node in without.retrieve(SALARY)} == {"open"}
    assert [node.metadata["document"] for node in with_key.retrieve(SALARY)] == ["salaries.pdf"]


def test_questions_are_asked_at_once(library_server: Server) -> None:
    retriever = SourcierServerRetriever(library_server.url)

    async def ask() -> list[str]:
        found = await asyncio.gather(*(retriever.aretrieve(MILEAGE) for _ in range(4)))
        return [nodes[0].node_id for nodes in found]

    assert run_coroutine(ask) == [retriever.retrieve(MILEAGE)[0].node_id] * 4


def test_a_refusal_passes_on_the_servers_words(library_server: Server) -> None:
    retriever = SourcierServerRetriever(library_server.url, key="sk_unknown")

    with pytest.raises(ServerRefused, match="not known") as caught:
        retriever.retrieve(MILEAGE)

    assert caught.value.remote_code == "not_authenticated"


@contextmanager
def other_server(status: int, body: bytes) -> Iterator[str]:
    """Run a server that is not ours: it answers everything so."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, template: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "body"), [(502, b"<h1>Bad gateway</h1>"), (200, b'{"passages": [{}]}'), (500, b"{}")]
)
def test_a_reply_that_is_not_ours_is_said_to_be_so(status: int, body: bytes) -> None:
    with (
        other_server(status, body) as url,
        pytest.raises(ServerNotFound, match=f"HTTP {status}") as caught,
    ):
        SourcierServerRetriever(url).retrieve(MILEAGE)

    assert url in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "localhost:8000", "http://[broken"])
def test_an_address_where_nothing_answers_is_named(url: str) -> None:
    with pytest.raises(ServerNotFound) as caught:
        SourcierServerRetriever(url).retrieve(MILEAGE)

    assert url in str(caught.value)


def test_the_example_asks_a_server(library_server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    llama_index_query_engine.main([MILEAGE, "--url", library_server.url, "--limit", "1"])

    printed = capsys.readouterr().out
    assert printed.startswith("1. Field guide, page 1 (PDF 2)  2 Claims\n")
    assert "The mileage rate above 5,000 km is 0.42 euro per kilometre." in " ".join(printed.split())
    assert f"{library_server.url}/#document=" in printed


def test_the_example_says_in_one_line_that_no_server_is_there() -> None:
    with pytest.raises(SystemExit) as ended:
        llama_index_query_engine.main([MILEAGE, "--url", "http://127.0.0.1:9"])

    # Python prints a text on stderr and exits with 1
    assert str(ended.value.code).startswith("No Sourcier server answers at http://127.0.0.1:9 (")
    assert "\n" not in str(ended.value.code)
