from pathlib import Path

import pytest

from sourcier_core.errors import PathNotFound
from sourcier_ingestion.batch import FileOutcome, FileToIngest, PageProgress, find_files, ingest_files


class ListedTarget:
    """A `Target` that gives outcomes by name, and knows what it was asked for."""

    def __init__(self, outcomes: dict[str, FileOutcome]) -> None:
        self._outcomes = outcomes
        self.asked: list[tuple[str, str]] = []

    def publish(self, collection: str) -> None:
        self.asked.append(("publish", collection))

    def ingest(self, file: FileToIngest, collection: str, progress: PageProgress) -> FileOutcome:
        self.asked.append((file.name, collection))
        progress("reading", 0, 0)
        progress("reading", 1, 2)
        progress("embedding", 2, 2)
        return self._outcomes[file.name]


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_a_folders_readable_files_are_named_by_their_relative_path(tmp_path: Path) -> None:
    touch(
        tmp_path, "b.pdf", "a.md", "sub/c.TXT", "sub/deeper/d.markdown", "image.png", ".hidden.pdf", "noext"
    )

    found = find_files([tmp_path])

    assert [file.name for file in found] == ["a.md", "b.pdf", "sub/c.TXT", "sub/deeper/d.markdown"]
    assert [file.path for file in found] == [tmp_path / file.name for file in found]


def test_a_file_is_named_by_its_name_whatever_its_suffix(tmp_path: Path) -> None:
    touch(tmp_path, "sub/report.docx")

    assert find_files([tmp_path / "sub" / "report.docx"]) == [
        FileToIngest(tmp_path / "sub" / "report.docx", "report.docx")
    ]


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(PathNotFound, match="reprot"):
        find_files([tmp_path, tmp_path / "reprot.pdf"])


def test_a_refused_file_does_not_stop_the_others_and_is_listed_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes = {
        "1.pdf": FileOutcome("1.pdf", "indexed", None, 10),
        "2.pdf": FileOutcome("2.pdf", "refused", "'2.pdf' is [encrypted].", 0),
        "3.pdf": FileOutcome("3.pdf", "failed", "No space is left.", 0),
        "4.pdf": FileOutcome("4.pdf", "indexed", "1 of 3 pages hold an image", 3),
        "5.pdf": FileOutcome("5.pdf", "unchanged", None, 7),
    }
    target = ListedTarget(outcomes)

    summary = ingest_files([FileToIngest(tmp_path / name, name) for name in outcomes], "hr", target)

    assert target.asked == [(name, "hr") for name in outcomes]
    assert [outcome.name for outcome in summary.lost] == ["2.pdf", "3.pdf"]
    said = " ".join(capsys.readouterr().err.split())
    assert "2 indexed (13 pages), 1 unchanged, 1 refused, 1 failed." in said
    assert "refused: '2.pdf' is [encrypted]." in said  # brackets are no markup
    assert "partial: 4.pdf: 1 of 3 pages hold an image" in said


def test_no_files_give_an_empty_summary() -> None:
    assert ingest_files([], "hr", ListedTarget({})).outcomes == []
