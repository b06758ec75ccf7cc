"""`sourcier versions`, `changes`, `set`, `delete`, `ask --as-of`: on a home, and through its server."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from pdfs import Title, write_pdf
from sourcier_process import run_sourcier, serving

Run = Callable[..., CompletedProcess[str]]
QUESTION = "How many days is the delay for a claim?"


def today(shift: int = 0) -> str:
    return (datetime.now(UTC).date() + timedelta(days=shift)).isoformat()


@pytest.fixture(params=["home", "server"])
def sourcier(request: pytest.FixtureRequest, exports: Path, tmp_path: Path) -> Iterator[Run]:
    """The command, on a home of its own that a server owns or nobody does; it must succeed unless told."""
    home = tmp_path / "home"

    def run(*arguments: str | Path, fails: bool = False) -> CompletedProcess[str]:
        done = run_sourcier(home, exports, *arguments)
        assert (done.returncode != 0) == fails, done.stderr
        return done

    if request.param == "home":
        yield run
        return
    with serving(home, exports):
        yield run


def claims(path: Path, days: int) -> Path:
    return write_pdf(path, [Title("Claims"), f"The delay for a claim is {days} days.", "Bring the receipts."])


def test_a_document_from_its_first_version_to_its_deletion(sourcier: Run, tmp_path: Path) -> None:
    path = tmp_path / "claims.pdf"
    sourcier("ingest", claims(path, 30), "--effective-from", today(-40), "--tag", "hr")
    sourcier("ingest", claims(path, 45), "--effective-from", today(-10))

    listed = sourcier("versions", "claims.pdf").stdout.splitlines()
    assert ("in effect" in listed[0], f"{today(-10)} to open" in listed[0]) == (True, True)
    assert ("superseded" in listed[1], f"{today(-40)} to {today(-10)}" in listed[1]) == (True, True)

    assert "45 days" in sourcier("ask", QUESTION, "--tag", "hr").stdout
    then = sourcier("ask", QUESTION, "--as-of", today(-20)).stdout
    assert "30 days" in then
    assert f"(superseded: in effect {today(-40)} to {today(-10)})" in then
    assert "45 days" not in sourcier("ask", QUESTION, "--tag", "finance").stdout

    changes = sourcier("changes", "claims.pdf").stdout
    assert "~ changed Claims" in changes
    assert "- The delay for a claim is 30 days. (page 1)" in changes
    assert "+ The delay for a claim is 45 days. (page 1)" in changes
    assert "numbers: 30 -> 45" in changes
    assert "Bring the receipts" not in changes
    body = json.loads(sourcier("changes", "claims.pdf", "--json").stdout)
    assert [section["kind"] for section in body["sections"]] == ["changed"]

    said = sourcier("set", "claims.pdf", "--tag", "pay", "--tag", "2026", "--effective-from", today(5)).stdout
    assert "tags 2026, pay, groups none" in said
    assert "scheduled" in said
    assert "30 days" in sourcier("ask", QUESTION).stdout  # the former one goes on until then

    assert sourcier("delete", "claims.pdf").stdout == "claims.pdf: deleted\n"
    assert "claims.pdf" not in sourcier("documents").stdout
    assert "30 days" not in sourcier("ask", QUESTION, "--as-of", today(-20)).stdout
    assert "No document is named 'claims.pdf'" in sourcier("delete", "claims.pdf", fails=True).stderr


def test_files_of_other_types_are_named_when_a_folder_is_ingested(sourcier: Run, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.md").write_text("# Depot\n\nThe gate of the depot closes at nine.\n")
    for name in ("b.docx", "c.xlsx"):
        (folder / name).write_bytes(b"PK")

    said = sourcier("ingest", folder).stderr

    assert "2 file(s) skipped" in said
    assert "b.docx, c.xlsx" in said
    assert "1 indexed" in said


def test_a_collection_that_is_named_alone_is_shown(sourcier: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("The gate of the depot closes at nine.")
    sourcier("ingest", tmp_path / "a.txt", "--collection", "depot")
    sourcier("ingest", tmp_path / "a.txt", "--collection", "other")

    assert sourcier("collections", "depot").stdout == "depot\tprivate\t1 document(s)\n"
    assert "There is no collection 'nowhere'" in sourcier("collections", "nowhere", fails=True).stderr
    ambiguous = sourcier("delete", "a.txt", fails=True).stderr
    assert "in several collections: depot, other. Add --collection" in ambiguous
    sourcier("delete", "a.txt", "--collection", "other")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ask", "Why?", "--as-of", "yesterday"), "date"),
        (("ingest", "{file}", "--effective-from", "31/12/2026"), "'31/12/2026' is no date"),
        (("ingest", "{file}", "--effective-from", "2026-02-02", "--effective-to", "2026-02-01"), "is no day"),
        (("versions", "nothing.pdf"), "No document is named 'nothing.pdf'"),
    ],
)
def test_what_cannot_be_done_is_said(
    exports: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "a.txt").write_text("Words.")
    typed = [argument.format(file=tmp_path / "a.txt") for argument in arguments]

    done = run_sourcier(tmp_path / "home", exports, *typed)

    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_set_without_a_change_says_what_can_be_set(exports: Path, tmp_path: Path) -> None:
    done = run_sourcier(tmp_path / "home", exports, "set", "a.pdf")

    assert done.returncode == 2
    assert "--effective-from" in done.stderr
