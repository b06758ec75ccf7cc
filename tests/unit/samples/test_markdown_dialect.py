"""The samples' Markdown dialect: source -> numbered blocks, and errors that name the line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "samples"))

from inline_text import plain, reference_lead, reference_text, typeset
from markdown_dialect import (
    Document,
    Form,
    Heading,
    ListBlock,
    NewPage,
    Note,
    Paragraph,
    SourceError,
    Table,
    read_document,
)

FRONT = "---\nlang: fr\n---\n"


def read(tmp_path: Path, *bodies: str, front: str = FRONT) -> Document:
    paths = []
    for number, body in enumerate(bodies):
        path = tmp_path / f"source-{number}.md"
        path.write_text(front + body, encoding="utf-8")
        paths.append(path)
    return read_document(paths)


def test_front_matter_carries_the_title_page_and_the_revisions(tmp_path: Path) -> None:
    front = "title: Titre : suite\nlang: fr\nrevision: 2.0 | 1er mai | tout\nrevision: 1.0 | 2 mars | rien\n"
    document = read(tmp_path, "# Un\n", front=f"---\n{front}---\n")
    assert document.front.title == "Titre : suite"
    assert document.front.revisions == (("2.0", "1er mai", "tout"), ("1.0", "2 mars", "rien"))


def test_chapters_sections_and_annexes_are_numbered_across_files(tmp_path: Path) -> None:
    first = "# Un {#un}\n## Deux\n### Trois {#trois}\n## Quatre\n# Cinq\n## Six\n"
    second = "# Annexe {#a .annex}\n## Lire {#lire}\n# Autre {#b .annex}\n"
    document = read(tmp_path, first, second)
    numbers = [heading.number for heading in document.headings.values()]
    assert numbers == ["1", "1.1", "1.1.1", "1.2", "2", "2.1", "A", "A.1", "B"]
    assert document.headings["lire"].annex_letter == "A"
    assert document.headings["trois"].annex_letter == ""


def test_every_construct_becomes_its_block(tmp_path: Path) -> None:
    body = """# Titre {#t}
Une ligne
et sa suite.

- un point
  - un sous-point
1. premier pas
2. second pas

> Note.
>
> Second alinéa.

Table: Légende
| A | B | C |
|---|---:|:---:|
| x | 1 | a \\| b |

:::form F-07 Titre
Nom : ____
Du ____ au ____ inclus
[ ] oui [ ] non
Cadre réservé
:::
\\newpage
"""
    blocks = read(tmp_path, body).blocks
    kinds = [type(block) for block in blocks]
    assert kinds == [Heading, Paragraph, ListBlock, Note, Table, Form, NewPage]
    _, paragraph, points, note, table, form, _ = blocks
    assert isinstance(paragraph, Paragraph)
    assert paragraph.text == "Une ligne et sa suite."
    assert isinstance(points, ListBlock)
    assert [(item.marker, item.level) for item in points.items] == [("-", 0), ("-", 1), ("1.", 0), ("2.", 0)]
    assert isinstance(note, Note)
    assert note.paragraphs == ("Note.", "Second alinéa.")
    assert isinstance(table, Table)
    assert table.rows == (("x", "1", "a | b"),)
    assert (table.caption, table.number, table.aligns) == ("Légende", 1, ("left", "right", "center"))
    assert isinstance(form, Form)
    assert form.lines[0].blanks == (("Nom :", ""),)
    assert form.lines[1].blanks == (("Du", ""), ("au", "inclus"))
    assert form.lines[2].options == ("oui", "non")
    assert form.lines[3].text == "Cadre réservé"


def test_steps_count_on_from_the_first_number(tmp_path: Path) -> None:
    (steps,) = read(tmp_path, "4. quatre\n1. cinq\n1. six\n").blocks
    assert isinstance(steps, ListBlock)
    assert [item.marker for item in steps.items] == ["4.", "5.", "6."]


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        ("# Un {#un}\n\nVoir {@deux}.\n", 6, "unknown anchor 'deux'"),
        ("# Un {#un}\n| A |\n|---|\n| x |\n| {@non} |\n", 8, "unknown anchor 'non'"),
        ("# Un {#un}\n# Deux {#un}\n", 5, "anchor 'un' is taken: source-0.md:4"),
        ("# Un {#Un}\n", 4, "lower-case letters"),
        ("# Un\n### Trois\n", 5, "skips a level"),
        ("#### Quatre\n", 4, "a heading is"),
        ("| A | B |\n|---|---|\n| x |\n", 6, "1 cells where the header has 2"),
        ("Table: sans table\n\nTexte\n", 4, "a table is"),
        (":::form F-1 Titre\nNom: ____\n", 4, "is not closed"),
        ("```\ncode\n```\n", 4, "not in the dialect"),
    ],
)
def test_a_fault_names_its_file_and_line(tmp_path: Path, body: str, line: int, message: str) -> None:
    with pytest.raises(SourceError) as error:
        read(tmp_path, body)
    assert str(error.value).startswith(f"source-0.md:{line}: ")
    assert message in str(error.value)


@pytest.mark.parametrize(
    "front", ["Texte\n", "---\nlang: fr\n", "---\nlang: de\n---\n", "---\nlang: fr\ncolour: x\n---\n"]
)
def test_a_faulty_front_matter_is_refused(tmp_path: Path, front: str) -> None:
    with pytest.raises(SourceError, match=r"source-0\.md:\d+: "):
        read(tmp_path, "# Un\n", front=front)


def test_references_are_worded_in_the_language_of_the_document(tmp_path: Path) -> None:
    headings = read(tmp_path, "# Un {#un}\n## Deux {#deux}\n# A {#a .annex}\n## B {#b}\n").headings
    said = [
        reference_text(headings[key].kind, headings[key].number, label, "fr")
        for key, label in zip(headings, ["3", "4", "A-1", "A-2"], strict=True)
    ]
    assert [text.replace("\u00a0", " ") for text in said] == [
        "chapitre 1, page 3",
        "section 1.1, page 4",
        "annexe A, page A-1",
        "section A.1, page A-2",
    ]
    assert reference_text("annex", "A", "A-1", "en").startswith("annex\u00a0A")


@pytest.mark.parametrize(
    ("lead", "said"),
    [
        ("de ", ["du ", "de la ", "de l'"]),
        ("à ", ["au ", "à la ", "à l'"]),
        ("indique ", ["indique le ", "indique la ", "indique l'"]),
        ("en ", ["en ", "en ", "en "]),
        ("", ["", "", ""]),
    ],
)
def test_a_french_reference_takes_its_article(tmp_path: Path, lead: str, said: list[str]) -> None:
    headings = read(tmp_path, "# Un\n## Deux\n# A {#a .annex}\n").headings.values()
    assert [reference_lead(lead, heading.kind, "fr") for heading in headings] == said
    assert [reference_lead(lead, heading.kind, "en") for heading in headings] == [lead] * 3


def test_no_break_spaces_keep_figures_and_french_punctuation_together() -> None:
    assert typeset("Qui ? « Moi » : 40 000 m3, 12 %", "fr") == (
        "Qui\u00a0? «\u00a0Moi\u00a0»\u00a0: 40\u00a0000\u00a0m3, 12\u00a0%"
    )
    assert typeset("Nom:", "fr") == "Nom\u00a0:"
    assert typeset("Name:", "en") == "Name:"
    assert typeset("Who ? in 2026 we paid 5 people", "en") == "Who ? in 2026 we paid 5 people"


def test_plain_drops_the_marks_only() -> None:
    assert plain("**gras** et *italique*, 3 * 4 * 5") == "gras et italique, 3 * 4 * 5"
