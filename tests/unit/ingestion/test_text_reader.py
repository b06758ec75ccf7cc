from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcier_core.errors import DocumentWithoutText, UnsupportedDocument
from sourcier_core.types import Heading, MediaType, OutlineEntry, Page, Structure
from sourcier_ingestion.text_reader import read_text


def read(
    folder: Path, text: str | bytes, media_type: MediaType = MediaType.MARKDOWN
) -> tuple[Structure, Page]:
    path = folder / "upload"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_text(path, "notes.md", media_type)


def test_a_text_is_one_pane_without_a_page_number(tmp_path: Path) -> None:
    structure, page = read(tmp_path, "Le délai est de trente jours.\n", MediaType.TEXT)

    assert (page.number, page.key, page.text) == (None, 1, "Le délai est de trente jours.\n")
    assert structure == Structure(MediaType.TEXT, 1)


def test_line_breaks_become_newlines_and_the_byte_order_mark_goes(tmp_path: Path) -> None:
    _, page = read(tmp_path, b"\xef\xbb\xbfone\r\ntwo\rthree\n", MediaType.TEXT)

    assert page.text == "one\ntwo\nthree\n"


def test_markdown_headings_are_headings_outline_and_title(tmp_path: Path) -> None:
    structure, page = read(
        tmp_path, "# Guide #\n\ntext\n\n## 1.1\tClaims ##\n#no heading\n####### nor this\n"
    )

    assert page.headings == (Heading(0, 1, "Guide"), Heading(17, 2, "1.1\tClaims"))
    assert structure.title == "Guide"
    assert structure.outline == (OutlineEntry(1, "Guide", 1), OutlineEntry(2, "1.1\tClaims", 1))


def test_a_first_heading_of_a_lower_level_is_no_title(tmp_path: Path) -> None:
    structure, _ = read(tmp_path, "## Part\n\n# Guide\n")

    assert structure.title is None


def test_a_comment_in_fenced_code_is_no_heading(tmp_path: Path) -> None:
    _, page = read(tmp_path, "# A\n```sh\n# comment\n```\n~~~\n# other\n~~~\n# B\n")

    assert [heading.title for heading in page.headings] == ["A", "B"]


def test_a_fence_that_is_never_closed_runs_to_the_end(tmp_path: Path) -> None:
    _, page = read(tmp_path, "# A\n```sh\n# comment\n")

    assert [heading.title for heading in page.headings] == ["A"]


def test_a_fence_inside_a_longer_one_does_not_close_it(tmp_path: Path) -> None:
    _, page = read(tmp_path, "# A\n````\n```\n# comment\n```\n````\n# B\n")

    assert [heading.title for heading in page.headings] == ["A", "B"]


def test_code_within_a_line_opens_no_fence(tmp_path: Path) -> None:
    _, page = read(tmp_path, "```x``` is code.\n# A\n")

    assert [heading.title for heading in page.headings] == ["A"]


def test_rows_of_a_markdown_table_know_their_header(tmp_path: Path) -> None:
    text = "Rates:\n\n| Km | Rate |\n|---:|:----|\n| 5 000 | 0,38 |\n| above | 0,25 |\n\nEnd.\n"

    _, page = read(tmp_path, text)

    assert [text[row.start : row.end] for row in page.rows] == [
        "| Km | Rate |",
        "| 5 000 | 0,38 |",
        "| above | 0,25 |",
    ]
    header = (8, 21)
    assert [row.header for row in page.rows] == [None, header, header]


def test_two_tables_have_a_header_each(tmp_path: Path) -> None:
    text = "| A |\n|---|\n| 1 |\n\n| B |\n|---|\n| 2 |\n"

    _, page = read(tmp_path, text)

    headers = [text[slice(*row.header)] for row in page.rows if row.header]
    assert headers == ["| A |", "| B |"]


def test_plain_text_has_neither_headings_nor_rows(tmp_path: Path) -> None:
    structure, page = read(tmp_path, "# not a heading\n| not | a table |\n", MediaType.TEXT)

    assert (page.headings, page.rows, structure.outline, structure.title) == ((), (), (), None)


def test_bytes_that_are_not_utf_8_are_refused_with_their_place(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedDocument, match="byte 1"):
        read(tmp_path, "d\u00e9lai".encode("latin-1"))


@pytest.mark.parametrize("text", [" \n\t\n", "\ufeff"])
def test_a_text_of_white_space_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DocumentWithoutText):
        read(tmp_path, text)


@given(st.text(alphabet="#|-` \nab", min_size=1).filter(lambda text: text.strip() != ""))
def test_headings_and_rows_stand_where_they_say(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    _, page = read(tmp_path_factory.getbasetemp(), text)

    for heading in page.headings:
        assert heading.title in page.text[heading.start :].split("\n")[0]
    for row in page.rows:
        line = page.text[row.start : row.end]
        assert line.lstrip().startswith("|")
        assert "\n" not in line
