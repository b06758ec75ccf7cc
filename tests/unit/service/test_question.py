import numpy as np
import pytest
from fakes import HashEmbedder

from sourcier_core.bm25 import term_index
from sourcier_core.errors import QuestionEmpty, QuestionTooLong
from sourcier_service.question import Question, in_both_languages, understand, with_core, with_pivot

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


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u2003"])
def test_a_blank_question_is_empty(text: str) -> None:
    with pytest.raises(QuestionEmpty):
        ask(text)


@pytest.mark.parametrize("text", ["?", "« … »", "\N{SLIGHTLY SMILING FACE}", "What is it?"])
def test_a_question_of_marks_or_function_words_has_no_word(text: str) -> None:
    assert ask(text).words == ()


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


# --- the question in English


def test_a_question_in_english_is_its_own_pivot() -> None:
    question = with_pivot(ask("How much is the allowance?"), EMBEDDER)

    assert question.pivot is question.dense  # the same object: an index then looks once


def test_a_question_in_french_is_put_into_english_word_by_word() -> None:
    question = with_pivot(ask("La note de frais", language="fr"), EMBEDDER)

    assert question.pivot is not None
    assert np.array_equal(question.pivot, EMBEDDER.embed_question("expense claim"))
    assert np.array_equal(question.dense, EMBEDDER.embed_question("La note de frais"))


# --- what it asks of the documents that it names


def test_the_core_is_without_names_and_function_words() -> None:
    question = with_core(ask("What is the revenue of Northwind in 2022?"), {"northwind", "2022"}, EMBEDDER)

    assert question.core is not None
    assert np.array_equal(question.core, EMBEDDER.embed_question("revenue"))


def test_a_question_of_names_alone_has_no_core() -> None:
    question = with_core(ask("What of Northwind in 2022?"), {"northwind", "2022"}, EMBEDDER)

    assert question.core is None


# --- both languages


def test_in_both_languages_each_word_has_its_equivalents_beside_it() -> None:
    before = ask("La note de frais", language="fr")

    question = in_both_languages(before)

    assert before.words == (("not", "note"), ("frais", "frai"))
    for word, own in zip(question.words, before.words, strict=True):
        assert word[: len(own)] == own
        assert {"expens", "claim"} <= set(word)
    looked_for = {term for word in question.words for term in word}
    assert set(question.sparse.indices) == {term_index(term) for term in looked_for}
    assert set(question.sparse.values) == {1.0}
    assert (question.text, question.language) == (before.text, "fr")
    assert np.array_equal(question.dense, before.dense)


# --- figures


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Combien coûte un badge ?", True),
        ("Quel est le taux de la TVA ?", True),
        ("How long may a claim wait?", True),
        ("What is the operating margin?", True),
        ("Who signs the order?", False),
        ("Où est la sortie ?", False),
        ("Is the generator accurate?", False),  # "rate" within a word is no rate
    ],
)
def test_whether_a_figure_is_asked_for(text: str, asks: bool) -> None:
    assert ask(text).asks_figure is asks
