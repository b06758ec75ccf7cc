import pytest

from sourcier_core.language import ENGLISH, FRENCH, detect_language


@pytest.mark.parametrize(
    "text",
    [
        "Le délai est de trente jours.",
        "Quel est le délai pour déposer une demande de remboursement de frais ?",
        "l'agent peut-il partir sans ordre de mission",
        "QUI SIGNE LES ORDRES DE MISSION ?",
        "Délibération réglementée, évaluée",  # no function word, but accents
    ],
)
def test_french_is_told(text: str) -> None:
    assert detect_language(text) == "fr"


@pytest.mark.parametrize(
    "text",
    [
        "The claim must be filed within thirty days.",
        "What is the mileage rate above 5,000 km?",
        "WHO SIGNS THE ORDER?",
        "How does the café refund the naïve traveller?",  # two accents outweigh nothing
    ],
)
def test_english_is_told(text: str) -> None:
    assert detect_language(text) == "en"


@pytest.mark.parametrize("text", ["", "12 345", "F-07 / P-12", "Passeport Bateau"])
def test_a_text_that_shows_no_language_is_undetermined(text: str) -> None:
    assert detect_language(text) == "und"


def test_a_text_that_shows_no_language_is_taken_to_be_the_default() -> None:
    assert detect_language("12 345", default="fr") == "fr"


def test_a_text_with_as_many_words_of_both_is_undetermined() -> None:
    # One function word each: "le" and "the".
    assert detect_language("le the") == "und"


def test_only_the_beginning_is_looked_at() -> None:
    assert detect_language("the " * 1000 + "le la les " * 5000) == "en"


def test_function_words_are_written_as_they_are_compared() -> None:
    assert all(word == word.lower() for word in FRENCH | ENGLISH)


def test_every_function_word_can_be_met() -> None:
    # Each is looked up among runs of letters: one that holds anything else would never be found.
    assert [word for word in FRENCH | ENGLISH if not word.isalpha()] == []
