import numpy as np
import pytest
from fakes import HashEmbedder

from sourcier_core.errors import QuestionEmpty, QuestionTooLong
from sourcier_service.question import Question, understand

EMBEDDER = HashEmbedder()


def ask(text: str, *, max_chars: int = 200, language: str | None = None) -> Question:
    return understand(text, EMBEDDER, max_chars=max_chars, language=language)


def test_white_space_is_folded() -> None:
    question = ask("  Quel   est\nle\tdélai ?  ")

    assert question.text == "Quel est le délai ?"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Quel est le délai pour une note de frais ?", "fr"),
        ("How long may a claim for expenses wait?", "en"),
        ("CERFA 12156", "en"),  # nothing shows: English
    ],
)
def test_the_language_is_detected(text: str, language: str) -> None:
    assert ask(text).language == language


def test_the_callers_language_wins() -> None:
    assert ask("How long may a claim wait?", language="fr").language == "fr"


def test_each_content_word_is_there_once_under_both_analyses() -> None:
    question = ask("Le délai, les délais de l'agent ?")

    # Snowball: French drops the -ai of "delai" and the -ais of "delais"; English drops the -s alone.
    assert question.words == (("del", "delai"), ("agent",))


def test_numbers_are_one_word_however_they_are_grouped() -> None:
    for written in ("1 577", "1,577", "1577"):
        assert ask(f"{written} km").words == (("1577",), ("km",))


def test_the_vectors_are_those_of_the_folded_text() -> None:
    question = ask("mileage  rate")

    assert np.array_equal(question.dense, EMBEDDER.embed_question("mileage rate"))
    terms = {term for word in question.words for term in word}
    assert len(question.sparse.indices) == len(terms)
    assert set(question.sparse.values) == {1.0}


@pytest.mark.parametrize("text", ["", "   ", "?", "« … »", "\n\t", "\N{SLIGHTLY SMILING FACE}"])
def test_a_question_without_a_letter_or_digit_is_empty(text: str) -> None:
    with pytest.raises(QuestionEmpty):
        ask(text)


def test_one_digit_is_a_question() -> None:
    assert ask("7?").text == "7?"


def test_the_limit_counts_the_characters_typed() -> None:
    assert ask("a" * 200).text == "a" * 200

    with pytest.raises(QuestionTooLong, match="201 characters; the limit is 200"):
        ask("a" * 201)
    with pytest.raises(QuestionTooLong):
        ask(" " * 201)


def test_half_a_character_is_replaced() -> None:
    question = ask("rate \ud83d above")  # half of a surrogate pair, which no encoding holds

    assert question.text == "rate ? above"
