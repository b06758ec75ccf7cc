import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcier_core.analysis import (
    fold,
    normalise_numbers,
    question_terms,
    stem,
    terms,
    unglued,
    unstopped,
    words,
)

NUMBERS = {
    "1577": "1577",
    "1 577": "1577",
    "1\u00a0577": "1577",  # no-break space, what French typography sets
    "1\u202f577": "1577",  # narrow no-break space, the same since Unicode 3
    "1\u2009577": "1577",  # thin space
    "1,577": "1577",
    "1.577": "1577",
    "1'577": "1577",  # Swiss
    "1’577": "1577",
    "1 577 000": "1577000",
    "12,345,678": "12345678",
    "1 577,50": "1577.50",
    "1\u202f577,5": "1577.5",
    "1,577.50": "1577.50",
    "12,50": "12.50",
    "12.50": "12.50",
    "2024": "2024",
    "2024 300": "2024 300",  # four digits are no first group
    "1 577 12": "1577 12",  # a group has three digits
    "192.168.10.1": "192.168.10.1",  # not groups throughout: an address or a section number
    "12345 678": "12345 678",
}


@pytest.mark.parametrize(("written", "normal"), NUMBERS.items(), ids=ascii)
def test_a_number_is_written_one_way(written: str, normal: str) -> None:
    assert normalise_numbers(written) == normal


def test_numbers_are_normalised_inside_their_sentence() -> None:
    sentence = "Au-delà de 5\u202f000 km, 0,38 € ; below, 1,250.75 in 2024."

    assert normalise_numbers(sentence) == "Au-delà de 5000 km, 0.38 € ; below, 1250.75 in 2024."


@given(st.integers(min_value=0, max_value=10**12), st.sampled_from([" ", "\u00a0", "\u202f", ",", "."]))
def test_an_integer_is_one_term_however_it_is_grouped(number: int, separator: str) -> None:
    assert words(f"{number:,}".replace(",", separator)) == [str(number)]


def test_accents_and_case_are_folded_and_ligatures_opened() -> None:
    assert fold("Élève À NAÏVE Œuvre cœur ﬁn ﬂux Straße") == "eleve a naive oeuvre coeur fin flux strasse"


def test_an_accent_written_as_a_combining_mark_is_the_same_accent() -> None:
    assert fold("e\u0301te\u0301") == fold("été") == "ete"


def test_elisions_are_split() -> None:
    # l' d’ qu' jusqu' aujourd' are elided words, dropped with their apostrophe.
    assert words("l'agent d’État qu'il jusqu'à aujourd'hui") == ["agent", "etat", "il", "a", "hui"]


def test_an_apostrophe_inside_a_word_is_no_elision() -> None:
    assert words("O'Brien's presqu'île") == ["o", "brien", "s", "presqu", "ile"]


def test_words_and_numbers_are_kept_in_order_and_marks_dropped() -> None:
    assert words("Form F-07: 2 copies (A4), § 3.1.2 – 50 %") == [
        "form", "f", "07", "2", "copies", "a4", "3.1.2", "50",
    ]  # fmt: skip


def test_function_words_are_dropped_and_repeats_kept() -> None:
    assert terms("the hotel and the train and the hotel", "en") == ["hotel", "train", "hotel"]


def test_stop_words_are_those_of_the_texts_language() -> None:
    # "des" is French, "the" English.
    assert terms("des the", "fr") == ["the"]
    assert terms("des the", "en") == ["des"]


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("fr", "remboursement", "remboursements"),
        ("fr", "délégué", "DÉLÉGUÉS"),
        ("fr", "l'indemnité", "des indemnités"),
        ("en", "reimbursement", "Reimbursements"),
        ("en", "travelling", "travelled"),
        ("fr", "1\u202f577 €", "1577 euros".removesuffix(" euros")),
    ],
)
def test_forms_of_a_word_are_one_term(language: str, one: str, other: str) -> None:
    assert terms(one, language) == terms(other, language) != []


def test_a_language_that_is_not_known_is_analysed_as_english() -> None:
    assert terms("travelling allowances", "und") == terms("travelling allowances", "en")


def test_a_question_has_each_words_terms_under_both_analyses() -> None:
    found = question_terms("Missions réservations", "fr")

    by_word = [{*terms(word, "fr"), *terms(word, "en")} for word in ("missions", "réservations")]
    assert [set(alternatives) for alternatives in found] == by_word
    assert all(len(alternatives) == len(set(alternatives)) for alternatives in found)


def test_a_questions_repeated_words_count_once() -> None:
    assert question_terms("mission Missions, mission", "fr") == [("mission",)]


def test_a_question_drops_only_its_own_languages_function_words() -> None:
    assert question_terms("WHO des", "fr") == [("who",)]
    assert question_terms("who is the", "en") == []


@given(st.text())
def test_any_text_gives_terms_without_accents_spaces_or_capitals(text: str) -> None:
    for language in ("fr", "en"):
        for term in terms(text, language):
            assert term
            assert term == term.lower()
            assert not any(c.isspace() for c in term)


@given(st.text(alphabet="abcé 12.,'’\u202f"))
def test_a_question_finds_every_term_of_the_document_that_it_repeats(text: str) -> None:
    asked = {term for alternatives in question_terms(text, "fr") for term in alternatives}

    assert set(terms(text, "fr")) <= asked


def test_function_words_are_dropped_and_the_others_kept_whole() -> None:
    assert unstopped("Les frais de l'agent", "fr") == ["frais", "agent"]
    assert unstopped("Quel est le délai, en jours ?", "fr") == ["delai", "jours"]
    assert unstopped("the fees of an agent", "en") == ["fees", "agent"]
    assert unstopped("the fees of an agent", "fr") == ["the", "fees", "of", "an", "agent"]


def test_a_term_is_the_words_stem_in_its_language() -> None:
    assert stem("remboursements", "fr") == "rembours"
    assert stem("claims", "en") == stem("claims", "und") == "claim"


@given(st.text(), st.sampled_from(["fr", "en"]))
def test_terms_are_the_stems_of_what_is_no_function_word(text: str, language: str) -> None:
    assert terms(text, language) == [stem(word, language) for word in unstopped(text, language)]


# --- words that extraction glued together


@pytest.mark.parametrize(
    ("glued", "found"),
    {
        "téléphonieChaque": ["telephoniechaque", "telephonie", "chaque"],
        "GitHub": ["github", "git", "hub"],
        "iPhone": ["iphone"],
        "McDonald": ["mcdonald"],
        "USA": ["usa"],
        "Chaque opérateur": ["chaque", "operateur"],
    }.items(),
    ids=ascii,
)
def test_glued_words_are_found_as_one_and_as_their_parts(glued: str, found: list[str]) -> None:
    assert words(glued) == found


def test_a_text_is_parted_where_a_capital_follows_two_small_letters() -> None:
    assert unglued("la téléphonieChaque ligne d'un iPhone") == "la téléphonie Chaque ligne d'un iPhone"
