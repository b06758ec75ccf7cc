from hypothesis import given
from hypothesis import strategies as st

from sourcier_eval.locations import document_level, page_level

LOCATIONS = st.tuples(st.sampled_from("abc"), st.one_of(st.none(), st.integers(1, 3)))


def test_pages_match_by_document_and_page() -> None:
    ranked, gold = page_level([("a.pdf", 2), ("b.pdf", 1)], [("a.pdf", 1), ("b.pdf", 1)])

    assert ranked == [("a.pdf", 2), ("b.pdf", 1)]
    assert gold == {("a.pdf", 1), ("b.pdf", 1)}


def test_every_page_matches_evidence_without_a_page_and_keeps_its_rank() -> None:
    ranked, gold = page_level([("a.pdf", 7), ("a.pdf", 2), ("b.pdf", 1)], [("a.pdf", None), ("b.pdf", 1)])

    assert ranked == [("a.pdf", None), ("a.pdf", None), ("b.pdf", 1)]
    assert gold == {("a.pdf", None), ("b.pdf", 1)}


def test_a_page_of_a_document_that_is_evidence_as_a_whole_is_found_with_it() -> None:
    ranked, gold = page_level([("a.pdf", 7)], [("a.pdf", None), ("a.pdf", 3)])

    assert gold == {("a.pdf", None)}
    assert ranked == [("a.pdf", None)]


def test_a_passage_without_a_page_does_not_match_a_page() -> None:
    ranked, gold = page_level([("a.md", None)], [("a.md", 1)])

    assert not gold.intersection(ranked)


def test_documents_are_ranked_by_their_best_place() -> None:
    ranked, gold = document_level([("b", 1), ("a", 1), ("b", 2), ("c", None)], [("a", 9), ("a", 8)])

    assert ranked == ["b", "a", "c"]
    assert gold == {"a"}


@given(st.lists(LOCATIONS), st.frozensets(LOCATIONS))
def test_a_location_matches_exactly_when_its_page_or_its_whole_document_is_evidence(
    ranked: list[tuple[str, int | None]], gold: frozenset[tuple[str, int | None]]
) -> None:
    found, wanted = page_level(ranked, gold)

    expected = [(doc, page) in gold or (doc, None) in gold for doc, page in ranked]
    assert [location in wanted for location in found] == expected
