from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcier_core.bm25 import document_vector, question_vector, term_index, words_vector
from sourcier_core.types import SparseVector


def by_term(vector: SparseVector) -> dict[int, float]:
    return dict(zip(vector.indices, vector.values, strict=True))


def test_weights_are_bm25_worked_by_hand() -> None:
    found = by_term(document_vector("the hotel, the train, the hotel and the boat", "en"))

    # Terms: hotel 2, train 1, boat 1: length 4. k = 1.2, b = 0.75, average 100:
    # k (1 - b + b 4/100) = 1.2 * (0.25 + 0.03) = 0.336.
    # tf 2: 2 * 2.2 / (2 + 0.336) = 1.883562; tf 1: 2.2 / (1 + 0.336) = 1.646707.
    expected = {crc32(b"hotel"): 1.883562, crc32(b"train"): 1.646707, crc32(b"boat"): 1.646707}
    assert found == pytest.approx(expected, abs=1e-6)


def test_a_longer_text_weighs_its_terms_less() -> None:
    short = by_term(document_vector("hotel", "en"))
    long = by_term(document_vector("hotel " + " ".join(f"w{n}x" for n in range(199)), "en"))

    # Length 1: 1.2 * (0.25 + 0.0075) = 0.309, 2.2 / 1.309 = 1.680672.
    # "w0x" is two terms, "w0" and "x": length 1 + 2 * 199 = 399, 1.2 * (0.25 + 0.75 * 3.99) = 3.891,
    # 2.2 / 4.891 = 0.449806.
    assert short[crc32(b"hotel")] == pytest.approx(1.680672, abs=1e-6)
    assert long[crc32(b"hotel")] == pytest.approx(0.449806, abs=1e-6)


def test_each_of_a_questions_terms_weighs_one() -> None:
    found = by_term(question_vector("hotel hotel train", "en"))

    assert found == {crc32(b"hotel"): 1.0, crc32(b"train"): 1.0}


def test_each_alternative_of_a_word_weighs_one_and_a_term_of_two_words_counts_once() -> None:
    found = by_term(words_vector([("frais", "fee"), ("note", "fee")]))

    assert found == {term_index("frais"): 1.0, term_index("fee"): 1.0, term_index("note"): 1.0}


def test_a_terms_dimension_is_its_checksum() -> None:
    assert term_index("hotel") == crc32(b"hotel")


@pytest.mark.parametrize("text", ["", "  ", "the of and", "?!"])
def test_a_text_without_terms_has_an_empty_vector(text: str) -> None:
    assert document_vector(text, "en") == SparseVector((), ())
    assert question_vector(text, "en") == SparseVector((), ())


@given(st.text(), st.sampled_from(["fr", "en", "und"]))
def test_indices_ascend_and_are_unique_and_weights_are_positive(text: str, language: str) -> None:
    for vector in (document_vector(text, language), question_vector(text, language)):
        assert list(vector.indices) == sorted(set(vector.indices))
        assert len(vector.indices) == len(vector.values)
        assert all(0 <= index < 2**32 for index in vector.indices)
        assert all(0 < value < 2.2 for value in vector.values)
