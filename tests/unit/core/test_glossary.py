from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcier_core.analysis import question_terms
from sourcier_core.glossary import FILES as PLACES
from sourcier_core.glossary import FOLDER, LONGEST, SYNONYMS, Glossary, packaged, read_glossary

FILES = sorted(FOLDER.glob("*.tsv"))
ENTRIES: list[tuple[Sequence[str], Sequence[str]]] = [
    (["note de frais"], ["expense claim", "expense report"]),
    (["note"], ["mark"]),
    (["frais"], ["fees", "costs"]),
    (["rembourser", "remboursement"], ["refund", "reimburse"]),
]
GLOSSARY = Glossary(ENTRIES)


def french(text: str) -> str:
    return GLOSSARY.translate(text, "fr").text


def english(text: str) -> str:
    return GLOSSARY.translate(text, "en").text


def test_the_longest_term_is_translated_first() -> None:
    assert french("la note de frais") == "expense claim"
    assert french("les frais de la note") == "fees mark"


def test_a_term_is_met_in_its_other_forms() -> None:
    # Snowball: remboursements, rembourser and remboursait are all "rembours"; claims and claim are "claim".
    assert french("Remboursements ?") == french("remboursait") == "refund"
    assert english("two expense claims") == "two note de frais"
    assert english("refunding") == "rembourser"


def test_words_of_no_term_stay_as_they_are_and_function_words_go() -> None:
    assert french("Quel est le CERFA 12 156 des notes de frais ?") == "cerfa 12156 expense claim"


def test_a_term_is_put_into_its_commonest_equivalent() -> None:
    assert french("frais") == "fees"
    assert english("costs") == english("fees") == "frais"


def test_both_directions_say_which_language_they_speak() -> None:
    assert GLOSSARY.translate("frais", "fr").language == "en"
    assert GLOSSARY.translate("fees", "en").language == "fr"


def test_each_word_is_looked_for_by_its_own_terms_and_all_of_its_equivalents() -> None:
    found = GLOSSARY.translate("la note de frais du CERFA", "fr").words

    # Own terms under both analyses first; those of "expense claim" and "expense report" for either word.
    assert found == (
        ("not", "note", "expens", "claim", "report"),
        ("frais", "frai", "expens", "claim", "report"),
        ("cerf", "cerfa"),
    )


def test_equivalents_are_looked_for_in_french_when_the_question_is_english() -> None:
    assert GLOSSARY.translate("fees", "en").words == (("fe", "fee", "frais"),)


def test_a_word_asked_twice_is_looked_for_once() -> None:
    assert GLOSSARY.translate("frais et frais", "fr").words == (("frais", "frai", "fee", "cost"),)


def test_only_the_commonest_equivalents_are_looked_for() -> None:
    many = [f"{letter}word" for letter in "abcdefgh"]

    ((*own, _, _, _, _),) = Glossary([(["mot"], many)]).translate("mot", "fr").words

    assert SYNONYMS == 4
    assert own == ["mot"]


def test_of_two_entries_of_a_term_the_first_says_more() -> None:
    entries: list[tuple[Sequence[str], Sequence[str]]] = [(["carte"], ["map"]), (["carte"], ["card", "map"])]

    assert Glossary(entries).translate("carte", "fr").text == "map"
    assert Glossary(entries[::-1]).translate("carte", "fr").text == "card"
    assert Glossary(entries).translate("carte", "fr").words == (("cart", "map", "card"),)


def test_a_word_itself_says_more_than_one_of_its_stem() -> None:
    # Snowball: monter and montant are both "mont".
    glossary = Glossary([(["monter"], ["rise"]), (["montant"], ["amount"])])

    assert glossary.translate("montant", "fr").text == "amount"
    assert glossary.translate("montants", "fr").text == "amount"
    assert glossary.translate("monte", "fr").text == "rise"
    assert glossary.translate("montait", "fr").text == "rise"  # by its stem: the first entry's


def test_terms_are_told_apart_by_so_many_of_their_words() -> None:
    glossary = Glossary([(["conseil supérieur fonction publique territoriale"], ["board"])])

    assert LONGEST == 3
    assert glossary.translate("conseil supérieur fonction", "fr").text == "board"


def test_a_term_of_function_words_alone_means_nothing() -> None:
    glossary = Glossary([(["de la"], ["of the"])])

    assert glossary.translate("de la", "fr").text == ""
    assert glossary.translate("carte de la gare", "fr").text == "carte gare"


@given(st.lists(st.sampled_from(["note", "frais", "rembourser", "gare", "12", "de", "la"])))
def test_no_word_of_the_question_is_lost(words: list[str]) -> None:
    text = " ".join(words)

    kept = {term for alternatives in GLOSSARY.translate(text, "fr").words for term in alternatives}

    assert {term for word in question_terms(text, "fr") for term in word} <= kept


# --- what ships


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_line_of_a_file_is_two_lists_of_terms(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    terms = {line: [side.split("; ") for side in line.split("\t")] for line in lines}

    assert [line for line in lines if line.count("\t") != 1] == []
    assert [line for line in lines if line != line.lower()] == []
    assert [line for line, sides in terms.items() for side in sides if not all(map(_is_term, side))] == []
    assert [line for line, sides in terms.items() for side in sides if len(set(side)) < len(side)] == []
    assert [line for line, count in Counter(lines).items() if count > 1] == []


def test_each_file_has_its_place() -> None:
    assert [path.stem for path in FILES] == sorted(PLACES)


def test_the_sense_that_documents_have_comes_first(tmp_path: Path) -> None:
    for name, line in {
        "workplace": "frais\texpenses",
        "general": "frais\tfresh",
        "another": "frais\tcool",
        "verbs": "gérer\tmanage",
    }.items():
        (tmp_path / f"{name}.tsv").write_text(f"{line}\n", encoding="utf-8")

    assert read_glossary(tmp_path).translate("frais", "fr").words == (
        ("frais", "frai", "expens", "fresh", "cool"),
    )


def test_the_packaged_glossary_speaks_of_offices() -> None:
    assert packaged().translate("La demande de remboursement", "fr").text == "reimbursement request"
    assert packaged().translate("the reimbursement request", "en").text == "demande de remboursement"
    assert packaged().translate("Quel est le montant ?", "fr").text == "amount"
    assert packaged().translate("Quel délai ?", "fr").text == "deadline"


def test_another_content_is_another_version(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("note de frais; frais\texpense claim; fees\n", encoding="utf-8")
    first, again = read_glossary(tmp_path), read_glossary(tmp_path)
    (tmp_path / "a.tsv").write_text("note de frais; frais\texpense claim; costs\n", encoding="utf-8")

    assert first.translate("frais", "fr").text == "expense claim"
    assert first.version == again.version
    assert read_glossary(tmp_path).version != first.version


def _is_term(term: str) -> bool:
    return bool(term) and term == term.strip() and ";" not in term
