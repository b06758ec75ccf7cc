"""A small source with every construct -> PDF, read back with pypdfium2 and pypdf; then evidence pages."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pypdf
import pypdfium2 as pdfium
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "samples"))

import locate_evidence
import make_pdfs
from markdown_dialect import SourceError, read_document

ROWS = "\n".join(
    f"| P-{n:02d} | Poste de relevage numéro {n} | {n * 1000 + 250:,} |".replace(",", " ") for n in range(70)
)
SOURCE = f"""---
title: Recueil d'essai
subtitle: Toutes les constructions
organisation: Office des eaux
reference: REC-0
date: 1er mai 2026
lang: fr
revision: 1.0 | 1er mai 2026 | première version
---
# Missions et frais {{#missions}}
L'agent « part » avec **un ordre** signé ; le cœur coûte 12,50 € – ≥ 10 % et ≤ 15 °C. Voir {{@postes}}.

## Avant le départ {{#avant}}
- un point
1. un pas

> Attention : lire {{@retour}} et {{@missions}}.

### Avance {{#avance}}
Texte de l'avance.

:::form F-07 Demande d'avance
Nom et prénom : ____
Du ____ au ____ inclus
Trajet : [ ] train [ ] bateau
:::
\\newpage
## Au retour {{#retour}}
La dépense sans reçu est attestée.
\\newpage
# Achats {{#achats}}
Court.

# Postes de relevage {{#postes .annex}}
## Liste {{#liste}}
Table: Postes
| Code | Poste | Débit |
|---|---|---:|
{ROWS}

# Annuaire {{#annuaire .annex}}
Voir {{@avance}} et {{@liste}}.
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    (folder / "essai.md").write_text(SOURCE, encoding="utf-8")
    (folder / "essai.pdf").write_bytes(make_pdfs.make_pdf(read_document([folder / "essai.md"])))
    return folder


@pytest.fixture(scope="module")
def reader(folder: Path) -> pypdf.PdfReader:
    return pypdf.PdfReader(folder / "essai.pdf")


@pytest.fixture(scope="module")
def texts(folder: Path) -> list[str]:
    """The text of each page, lines joined: a reference may break over two lines."""
    with pdfium.PdfDocument(folder / "essai.pdf") as document:
        return [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in document]


def flat(text: str) -> str:
    return " ".join(text.split())


def test_labels_are_roman_then_arabic_then_prefixed(reader: pypdf.PdfReader) -> None:
    labels = ["i", "ii", "iii", "1", "2", "3", "A-1", "A-2", "A-3", "B-1"]
    assert reader.page_labels == labels


def test_each_footer_prints_the_label(reader: pypdf.PdfReader, texts: list[str]) -> None:
    for label, text in list(zip(reader.page_labels, texts, strict=True))[1:]:
        assert text.rstrip().endswith(f"REC-0 · 1er mai 2026 Page {label}")


def test_each_header_names_the_document_and_the_chapter(texts: list[str]) -> None:
    assert texts[3].startswith("Recueil d'essai 1 – Missions et frais\n")
    assert texts[7].startswith("Recueil d'essai Annexe A – Postes de relevage\n")


def test_metadata_and_language(reader: pypdf.PdfReader) -> None:
    assert reader.metadata is not None
    assert (reader.metadata.title, reader.metadata.author) == ("Recueil d'essai", "Office des eaux")
    assert str(reader.root_object["/Lang"]) == "fr"


def test_the_outline_has_three_numbered_levels(reader: pypdf.PdfReader) -> None:
    def walk(entries: list[Any], depth: int = 0) -> list[tuple[int, str, str]]:
        found: list[tuple[int, str, str]] = []
        for entry in entries:
            if isinstance(entry, list):
                found += walk(entry, depth + 1)
            else:
                number = reader.get_destination_page_number(entry)
                assert number is not None
                found.append((depth, str(entry.title), reader.page_labels[number]))
        return found

    assert walk(reader.outline) == [
        (0, "1  Missions et frais", "1"),
        (1, "1.1  Avant le départ", "1"),
        (2, "1.1.1  Avance", "1"),
        (1, "1.2  Au retour", "2"),
        (0, "2  Achats", "3"),
        (0, "Annexe A  Postes de relevage", "A-1"),
        (1, "A.1  Liste", "A-1"),
        (0, "Annexe B  Annuaire", "B-1"),
    ]


def test_the_contents_give_number_title_and_label(texts: list[str]) -> None:
    lines = texts[2].split("\n")
    assert "1.2 Au retour 2" in lines
    assert "A Postes de relevage A-1" in lines


def test_references_name_number_and_printed_page(texts: list[str]) -> None:
    assert "Voir annexe A, page A-1." in flat(texts[3])
    assert "lire la section 1.2, page 2 et chapitre 1, page 1." in flat(texts[3])
    assert "Voir section 1.1.1, page 1 et section A.1, page A-1." in flat(texts[-1])


def test_the_text_comes_out_clean(texts: list[str]) -> None:
    assert "L'agent « part » avec un ordre signé ; le cœur coûte 12,50 € – ≥ 10 % et ≤ 15 °C." in flat(
        texts[3]
    )
    for line in ("F-07 Demande d'avance", "Nom et prénom :", "Du au inclus", "Trajet : train bateau"):
        assert line in texts[3].split("\n")


def test_a_table_runs_on_with_its_caption_and_header(texts: list[str]) -> None:
    assert "Tableau 1 – Postes\nCode Poste Débit\n" in texts[6]
    for text in texts[7:9]:
        assert "Tableau 1 – Postes (suite)\nCode Poste Débit\n" in text
    for number in range(70):
        row = f"P-{number:02d} Poste de relevage numéro {number} {number * 1000 + 250:,}".replace(",", " ")
        assert sum(row in text.split("\n") for text in texts[6:9]) == 1


def test_two_runs_give_the_same_bytes(folder: Path) -> None:
    again = make_pdfs.make_pdf(read_document([folder / "essai.md"]))
    assert again == (folder / "essai.pdf").read_bytes()


def test_a_character_without_a_glyph_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\nlang: en\n---\n# One\nA \u4e2d here\n", encoding="utf-8")
    with pytest.raises(SourceError, match=r"a\.md:5: the font has no '\u4e2d' \(U\+4E2D\)"):
        make_pdfs.make_pdf(read_document([tmp_path / "a.md"]))


def test_the_command_reports_an_unknown_anchor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.md").write_text("---\nlang: en\n---\n# One\nSee {@two}.\n", encoding="utf-8")
    monkeypatch.setattr(make_pdfs, "SOURCES", tmp_path)
    monkeypatch.setattr(make_pdfs, "DOCUMENTS", {"a.pdf": ("a.md",)})
    assert make_pdfs.main(["--out", str(tmp_path / "pdf")]) == 1
    assert "a.md:5: unknown anchor 'two'" in capsys.readouterr().err


def question(key: str, *evidence: str, kind: str = "direct", doc: str = "essai.pdf") -> str:
    value = {
        "id": key,
        "question": "?",
        "lang": "fr",
        "answer": "oui" if evidence else None,
        "answerable": bool(evidence),
        "evidence": [{"doc": doc, "text": text} for text in evidence],
        "meta": {"kind": kind if evidence else "unanswerable"},
    }
    return json.dumps(value, ensure_ascii=False)


def run_locator(folder: Path, tmp_path: Path, lines: list[str]) -> int:
    (tmp_path / "part.jsonl").write_text("\n".join(lines), encoding="utf-8")
    arguments = ["--parts", str(tmp_path), "--pdf", str(folder), "--out", str(tmp_path / "out" / "q.jsonl")]
    (tmp_path / "out").mkdir()
    return locate_evidence.main(arguments)


def test_evidence_gets_its_physical_page(folder: Path, tmp_path: Path) -> None:
    lines = [
        question("prose", "La dépense sans reçu est attestée."),
        question("two", "le cœur coûte", "P-07 Poste de relevage numéro 7 7 250"),
        question("form", "Nom et prénom : ____"),
        question("none"),
    ]
    assert run_locator(folder, tmp_path, lines) == 0
    written = [
        json.loads(line) for line in (tmp_path / "out" / "q.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    pages = {value["id"]: [piece["page"] for piece in value["evidence"]] for value in written}
    assert pages == {"prose": [5], "two": [4, 7], "form": [4], "none": []}
    assert list(written[0]) == [
        "id",
        "question",
        "lang",
        "answer",
        "answerable",
        "evidence",
        "source",
        "meta",
    ]
    assert written[0]["source"] == "sourcier golden set"


def test_faulty_evidence_is_listed_and_nothing_written(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        question("good", "La dépense sans reçu est attestée."),
        question("twice", "Code Poste Débit"),
        question("lost", "La dépense sans reçu est refusée."),
        question("good", "Texte de l'avance."),
        question("where", "Texte de l'avance.", doc="autre.pdf"),
    ]
    assert run_locator(folder, tmp_path, lines) == 1
    faults = capsys.readouterr().err.splitlines()
    assert faults[0].startswith("twice (part.jsonl:2): on several pages: 7, 8, 9")
    assert faults[1].startswith("lost (part.jsonl:3): on no page (page 5 has it up to")
    assert faults[2].startswith("good (part.jsonl:4): the id is taken")
    assert faults[3].startswith("where (part.jsonl:5): no such document: autre.pdf")
    assert not (tmp_path / "out" / "q.jsonl").exists()


def test_a_row_with_wrapped_cells_is_found_by_its_words() -> None:
    page = locate_evidence.make_page(
        3, "P-07\nPoste de Débit\nrelevage 7 250\nsuite du texte\n" + "autre mot " * 40
    )
    assert locate_evidence.locate("P-07 Poste de relevage Débit 7 250", [page]) == 3
    with pytest.raises(locate_evidence.NotLocated):
        locate_evidence.locate("P-07 Poste de relevage Débit 8 250", [page])
