import pytest

from sourcier_ingestion.titles import choose_title, context_title, name_in_words


@pytest.mark.parametrize(
    ("metadata", "title"),
    [
        ("Recueil des procédures", "Recueil des procédures"),
        ("  Travel guide ", "Travel guide"),
        (None, "travel guide 2026"),
        ("", "travel guide 2026"),
        ("abc", "travel guide 2026"),  # too short to be one
        ("Untitled", "travel guide 2026"),
        ("Document1", "travel guide 2026"),
        ("Microsoft Word - guide.doc", "travel guide 2026"),
        ("guide_final_v3.docx", "travel guide 2026"),
        ("SANS TITRE", "travel guide 2026"),
        ("Documentation of the API", "Documentation of the API"),
    ],
)
def test_the_metadatas_title_is_chosen_where_it_is_one(metadata: str | None, title: str) -> None:
    assert choose_title(metadata, "hr/travel_guide-2026.pdf") == title


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hr/Travel_guide-2026.pdf", "Travel guide 2026"),
        ("notes", "notes"),
        (".pdf", "pdf"),
        ("---.pdf", "---.pdf"),
        ("v1.2-draft.md", "v1.2 draft"),
        ("Été  2026.txt", "Été 2026"),
    ],
)
def test_a_files_name_is_put_in_words(name: str, words: str) -> None:
    assert name_in_words(name).lstrip(".") == words.lstrip(".")


def test_what_only_the_name_tells_is_added_to_the_title() -> None:
    assert context_title("Annual report", "ACME_2023_10K.pdf") == "Annual report (ACME 2023 10K)"


def test_a_name_that_says_no_more_than_the_title_is_not_added() -> None:
    assert context_title("ACME annual Report 2023", "acme-report_2023.pdf") == "ACME annual Report 2023"
