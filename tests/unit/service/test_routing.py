import math
from dataclasses import replace

import pytest
from examples import a_document
from fakes import HashEmbedder

from sourcier_core.types import Document, Searched
from sourcier_service.question import Question, understand
from sourcier_service.routing import MANY_ROUTED, DocumentNames, Route, best_routed, years

EMBEDDER = HashEmbedder()
FILINGS = [
    a_document("3M_2018_10K.pdf", title="3M_2018_10K"),
    a_document("3M_2022_10K.pdf", title="3M_2022_10K"),
    a_document("ADOBE_2022_10K.pdf", title="ADOBE_2022_10K"),
    a_document("northwind.pdf", title="Northwind handbook"),
]
MMM_2018, MMM_2022, ADOBE_2022, NORTHWIND = (document.id for document in FILINGS)


def ask(text: str, language: str | None = None) -> Question:
    return understand(text, EMBEDDER, max_chars=200, language=language)


def route(text: str, documents: list[Document] | None = None) -> dict[str, Route]:
    return DocumentNames(documents or FILINGS).route(ask(text))


# --- names


def test_a_word_that_one_document_bears_names_it() -> None:
    assert route("What is the margin of Adobe?") == {ADOBE_2022: Route(1.0, 0.0)}


def test_a_rarer_word_names_more() -> None:
    found = route("Did 3M buy Adobe?")

    # Of 4 documents one bears "adobe", two bear "3": rarities ln 4 and ln 2. Most of "10K" and "m" alike:
    # the question's "3M" is two words, "3" and "m", so the whole is ln 4 + 2 ln 2 = 2 ln 4.
    assert found[ADOBE_2022].name == pytest.approx(math.log(4) / (math.log(4) + 2 * math.log(2)))
    assert found[MMM_2018].name == found[MMM_2022].name == pytest.approx(0.5)
    assert NORTHWIND not in found


def test_a_word_that_most_documents_bear_tells_none_apart() -> None:
    assert route("Where is the 10K?") == {}


@pytest.mark.parametrize(
    "text", ["the Nortwind handbook", "the NORTHWINDS handbook", "the northwnid handbok"]
)
def test_a_misspelt_name_still_routes(text: str) -> None:
    assert route(text) == {NORTHWIND: Route(1.0, 0.0)}


def test_a_short_or_too_different_word_is_not_taken_for_a_misspelt_name() -> None:
    documents = [a_document("rolls.pdf", title="Roll"), a_document("northwind.pdf", title="Northwind")]

    assert route("the role", documents) == {}
    assert route("the north window", documents) == {}


@pytest.mark.parametrize("text", ["the 3M_2018_10K", "3M 2018 10-K", "3m's 10k of 2018", "3M.2018.10K"])
def test_a_code_is_met_however_it_is_parted(text: str) -> None:
    found = route(text)

    assert found[MMM_2018].name == 1.0
    assert found[MMM_2018].year == 1.0
    assert found[MMM_2018].name > found[MMM_2022].name


def test_a_name_is_met_in_another_language_and_form() -> None:
    documents = [a_document("a.pdf", title="Guide des déplacements"), a_document("b.pdf", title="Menus")]

    assert route("Quel déplacement ?", documents) == {documents[0].id: Route(1.0, 0.0)}


def test_one_document_is_never_routed_to() -> None:
    names = DocumentNames(FILINGS[:1])

    assert names.route(ask("the 3M_2018_10K")) == {}
    assert names.naming_words(ask("the 3M_2018_10K")) == frozenset()


def test_no_document_is_no_route() -> None:
    assert DocumentNames([]).route(ask("the 3M_2018_10K")) == {}


# --- years


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("in 2018 and 2022", {"2018", "2022"}),
        ("FY18", {"2018"}),
        ("FY 2018", {"2018"}),
        ("fy'18", {"2018"}),
        ("Q3'22", {"2022"}),
        ("Q3’22", {"2022"}),
        ("CY 21", {"2021"}),
        ("the 1998-1999 season", {"1998", "1999"}),
        ("3M_2018_10K", {"2018"}),
        ("12018 or 20181", set()),
        ("1850, 2150", set()),
        ("Q5'22", set()),
        ("room 18", set()),
    ],
)
def test_years_are_told_in_many_forms(text: str, found: set[str]) -> None:
    assert years(text) == found


def test_a_year_asked_for_tells_documents_of_it_from_those_of_others() -> None:
    assert route("What was the margin in FY22?") == {
        MMM_2018: Route(0.0, -1.0),
        MMM_2022: Route(0.0, 1.0),
        ADOBE_2022: Route(0.0, 1.0),
    }


def test_a_name_bears_a_year_however_it_is_written() -> None:
    documents = [a_document("acme_FY18final.pdf", title=""), a_document("acme_Q3'22.pdf", title="")]

    assert route("in 2018", documents)[documents[0].id].year == 1.0
    assert route("in 2022", documents)[documents[1].id].year == 1.0


def test_no_year_asked_for_favours_none() -> None:
    assert {found.year for found in route("the 10K of Adobe").values()} == {0.0}


# --- which words name


def test_naming_words_are_the_questions_own() -> None:
    names = DocumentNames(FILINGS)

    assert names.naming_words(ask("What is the operating margin of Adobe in 2019?")) == {"adobe", "2019"}
    assert names.naming_words(ask("the nortwind handbook's margin")) == {"nortwind", "handbook"}


# --- where to look


def test_the_documents_named_best_are_looked_into() -> None:
    assert best_routed({"a": Route(1.0, 0.0), "b": Route(0.5, 0.0), "c": Route(0.4, 0.0)}) == {"a", "b"}


def test_a_year_weighs_half_a_name() -> None:
    found = best_routed({"a": Route(0.8, 1.0), "b": Route(0.8, 0.0), "c": Route(0.8, -1.0)})

    # 1.3, 0.8 and 0.3, of which half the best, 0.65, is needed.
    assert found == {"a", "b"}


def test_a_year_alone_names_no_document() -> None:
    assert best_routed({"a": Route(0.0, 1.0)}) == frozenset()
    assert best_routed({}) == frozenset()


def test_no_more_than_some_are_looked_into() -> None:
    routes = {f"d{number}": Route(1.0 - number / 100, 0.0) for number in range(12)}

    assert best_routed(routes) == {f"d{number}" for number in range(MANY_ROUTED)}


# --- how much is searched


def test_documents_that_answer_are_counted_with_their_pages() -> None:
    refused = replace(a_document("locked.pdf", version=None), language="und", page_count=0)
    names = DocumentNames([*FILINGS, refused])

    assert names.searched() == Searched(4, 40)
    assert names.searched(frozenset({ADOBE_2022, refused.id})) == Searched(1, 10)
    assert names.languages == {"en"}


def test_a_document_that_does_not_answer_is_not_routed_to() -> None:
    refused = a_document("adobe.pdf", title="Adobe", version=None)

    assert DocumentNames([*FILINGS[:2], FILINGS[3], refused]).route(ask("Adobe's margin")) == {}
