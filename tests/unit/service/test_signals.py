import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from examples import a_document, a_scored_chunk
from fakes import HashEmbedder, MemoryIndex

from sourcier_core.bm25 import document_vector, term_index, words_vector
from sourcier_core.types import Document, HeldTerms, IndexedChunk, Probe, Scope, ScoredChunk
from sourcier_service.question import Question, understand
from sourcier_service.routing import Route
from sourcier_service.signals import PRIORS, SIGNALS, PageSignals, entropy, page_signals

EMBEDDER = HashEmbedder()
NOWHERE = np.zeros(2, dtype=np.float32)
IDF = {"pump": 2.0, "valve": 1.0, "valv": 1.0, "2024": 1.0}
DOCUMENTS = {
    name: replace(a_document(f"{name}.pdf"), id=name, page_count=pages)
    for name, pages in {"d1": 11, "d2": 40}.items()
}


def a_question(*words: str | tuple[str, ...], text: str = "Which pump?", language: str = "en") -> Question:
    """A question of such words; several of a tuple are one word's terms."""
    terms = tuple((word,) if isinstance(word, str) else word for word in words)
    return Question(text, language, terms, NOWHERE, words_vector(terms))


def a_chunk(
    name: str = "c1",
    page: int | None = 1,
    *,
    holds: Mapping[str, float] | None = None,
    document: str = "d1",
    dense: float = 0.0,
    fused: float = 0.0,
    section: Sequence[str] = (),
) -> ScoredChunk:
    """A chunk that holds terms of such weights, with the BM25 score that follows."""
    holds = holds or {}
    ordered = sorted((term_index(term), weight) for term, weight in holds.items())
    held = HeldTerms.of([i for i, _ in ordered], [w for _, w in ordered])
    sparse = sum(IDF.get(term, 0.0) * weight for term, weight in holds.items())
    found = a_scored_chunk(
        name, page=page, document=document, dense=dense, sparse=sparse, fused=fused, section=section
    )
    return replace(found, terms=held)


def signals_of(
    question: Question,
    chunks: Sequence[ScoredChunk],
    routes: Mapping[str, Route] | None = None,
    documents: Mapping[str, Document] = DOCUMENTS,
) -> PageSignals:
    return page_signals(question, chunks, documents, routes or {})


def column(signals: PageSignals, name: str) -> list[float]:
    """The values of a signal, a page each in the order in which chunks of them were found."""
    values: list[float] = signals.matrix[:, (*SIGNALS, *PRIORS).index(name)].tolist()
    return values


def test_each_signal_has_a_name_of_its_own() -> None:
    signals = signals_of(a_question("pump"), [a_chunk(), a_chunk("c2", 2)])

    assert len({*SIGNALS, *PRIORS}) == len(SIGNALS) + len(PRIORS)
    assert signals.matrix.shape == (2, len(SIGNALS) + len(PRIORS))


def test_nothing_found_has_no_page() -> None:
    signals = signals_of(a_question("pump"), [])

    assert signals.best == ()
    assert signals.matrix.shape == (0, len(SIGNALS) + len(PRIORS))
    assert signals.unknown == 1.0


def test_a_question_without_words_is_told_by_meaning_alone() -> None:
    signals = signals_of(a_question(), [a_chunk(dense=0.5), a_chunk("c2", 2, dense=0.25)])

    assert column(signals, "dense") == [0.5, 0.25]
    for name in ("coverage", "coverage_page", "rarest", "section", "heading", "numbers", "sparse"):
        assert column(signals, name) == [0.0, 0.0]
    assert np.isfinite(signals.matrix).all()


def test_a_text_pane_is_one_page() -> None:
    signals = signals_of(a_question("pump"), [a_chunk("a", None, dense=0.5), a_chunk("b", None, dense=0.6)])

    assert [found.chunk.id for found in signals.best] == ["b"]
    assert column(signals, "dense") == [0.6]
    assert column(signals, "position") == [0.0]


# --- meaning


def test_a_page_has_the_two_highest_cosines_of_its_chunks() -> None:
    signals = signals_of(
        a_question("pump"),
        [
            a_chunk("a", 1, dense=0.5),
            a_chunk("b", 2, dense=0.9),
            a_chunk("c", 1, dense=0.7),
            a_chunk("d", 1, dense=0.1),
        ],
    )

    assert column(signals, "dense") == [0.7, 0.9]
    assert column(signals, "dense_second") == [0.5, 0.1]  # page 2 has no second: the lowest found


def test_meaning_is_the_mean_of_both_languages_where_there_are_two() -> None:
    question = replace(a_question("pump"), pivot=NOWHERE)
    chunks = [replace(a_chunk("a", 1, dense=0.2), pivot=0.8), replace(a_chunk("b", 1, dense=0.6), pivot=0.5)]

    signals = signals_of(question, chunks)

    assert column(signals, "dense") == pytest.approx([0.55])  # (0.2 + 0.8) / 2 = 0.5, (0.6 + 0.5) / 2 = 0.55
    assert column(signals, "pivot") == [0.8]


def test_without_a_pivot_or_a_core_their_signals_are_those_of_the_question() -> None:
    signals = signals_of(a_question("pump"), [a_chunk("a", 1, dense=0.5), a_chunk("b", 2, dense=0.9)])

    assert column(signals, "pivot") == column(signals, "dense_core") == column(signals, "dense")


def test_the_core_is_compared_with_each_chunk_of_a_page() -> None:
    question = replace(a_question("pump"), core=NOWHERE)
    chunks = [
        replace(a_chunk("a", 1, dense=0.5), compared=(0.1,)),
        replace(a_chunk("b", 1, dense=0.4), compared=(0.3,)),
        replace(a_chunk("c", 2, dense=0.3), compared=(0.2,)),
    ]

    assert column(signals_of(question, chunks), "dense_core") == [0.3, 0.2]


def test_a_document_has_the_mean_of_its_three_nearest_pages() -> None:
    chunks = [a_chunk(str(page), page, dense=page / 10) for page in (1, 2, 3, 4)]
    other = a_chunk("other", 1, document="d2", dense=0.7)

    signals = signals_of(a_question("pump"), [*chunks, other])

    # (0.4 + 0.3 + 0.2) / 3 = 0.3; the other document has one page.
    assert column(signals, "dense_document") == pytest.approx([0.3, 0.3, 0.3, 0.3, 0.7])


def test_the_page_before_or_after_speaks_for_a_page() -> None:
    found = [(1, 0.5), (2, 0.2), (3, 0.9), (7, 0.4)]
    chunks = [a_chunk(str(page), page, dense=dense) for page, dense in found]
    elsewhere = a_chunk(
        "elsewhere", 8, document="d2", dense=0.8
    )  # another document's next page is no neighbour

    signals = signals_of(a_question("pump"), [*chunks, elsewhere])

    # Page 2 stands between 0.5 and 0.9; page 7 and the other document's have none: the lowest found.
    assert column(signals, "dense_neighbour") == [0.2, 0.9, 0.2, 0.2, 0.2]


# --- words


def test_bm25_is_told_of_the_best_chunk_and_of_all_chunks_of_a_page() -> None:
    chunks = [
        a_chunk("a", 1, holds={"pump": 1.0}),  # 2
        a_chunk("b", 1, holds={"valve": 1.0}),  # 1
        a_chunk("c", 2, holds={"pump": 2.0}),  # 4
        a_chunk("d", 3),
    ]

    signals = signals_of(a_question("pump", "valve"), chunks)

    assert column(signals, "sparse") == [0.5, 1.0, 0.0]  # 2/4, 4/4
    assert column(signals, "sparse_page") == [0.75, 1.0, 0.0]  # (2 + 1)/4, 4/4


def test_the_fused_rank_is_told_as_a_share_of_the_best() -> None:
    chunks = [a_chunk("a", 1, fused=0.04), a_chunk("b", 2, fused=0.01), a_chunk("c", 2, fused=0.02)]

    assert column(signals_of(a_question("pump"), chunks), "fused") == [1.0, 0.5]


def test_coverage_weighs_the_words_by_their_idf() -> None:
    chunks = [
        a_chunk("a", 1, holds={"pump": 1.0}),
        a_chunk("b", 1, holds={"valve": 1.0}),
        a_chunk("c", 2, holds={"pump": 1.5, "valve": 0.5}),
        a_chunk("d", 3, holds={"valve": 2.0}),
    ]

    signals = signals_of(a_question("pump", "valve"), chunks)

    # Idf 2 and 1: "pump" alone is two thirds of the question, "valve" one third.
    assert column(signals, "coverage") == pytest.approx([2 / 3, 1.0, 1 / 3], abs=1e-3)
    assert column(signals, "coverage_page") == pytest.approx([1.0, 1.0, 1 / 3], abs=1e-3)


def test_a_word_is_held_by_any_of_its_terms_and_weighs_as_the_rarest() -> None:
    chunks = [
        a_chunk("a", 1, holds={"pump": 1.0}),
        a_chunk("b", 2, holds={"valve": 1.0}),
        a_chunk("c", 3, holds={"2024": 1.0}),
    ]

    signals = signals_of(a_question(("pump", "valve"), "2024"), chunks)

    # The first word has idf max(2, 1) = 2, the second 1.
    assert column(signals, "coverage") == pytest.approx([2 / 3, 2 / 3, 1 / 3], abs=1e-3)


def test_a_word_that_no_chunk_holds_is_as_rare_as_the_rarest() -> None:
    chunks = [a_chunk("a", 1, holds={"pump": 1.0}), a_chunk("b", 2, holds={"valve": 1.0})]

    signals = signals_of(a_question("pump", "valve", "gasket", "seal"), chunks)

    # Idf 2, 1, 2 and 2.
    assert column(signals, "coverage") == pytest.approx([2 / 7, 1 / 7], abs=1e-3)
    assert signals.unknown == 0.5


def test_the_rarest_two_words_are_looked_for_on_the_page() -> None:
    chunks = [
        a_chunk("a", 1, holds={"pump": 1.0, "valve": 1.0}),
        a_chunk("b", 2, holds={"valve": 1.0, "oil": 1.0}),
        a_chunk("c", 3, holds={"pump": 1.0}),
        a_chunk("d", 3, holds={"valve": 1.0}),
    ]

    signals = signals_of(a_question("oil", "valve", "pump"), chunks)  # idf 0, 1 and 2

    assert column(signals, "rarest") == [1.0, 0.5, 1.0]


def test_nothing_is_unknown_where_each_word_stands_somewhere() -> None:
    chunks = [a_chunk("a", 1, holds={"pump": 1.0}), a_chunk("b", 2, holds={"valve": 1.0})]

    assert signals_of(a_question("pump", "valve"), chunks).unknown == 0.0


def test_the_idf_recovered_is_the_databases() -> None:
    texts = [
        "pump pump oil",
        "pump valve",
        "valve canteen",
        "valve menu oil oil",
        "menu",
        "canteen",
        "pump seal",
    ]
    index = MemoryIndex()
    for number, text in enumerate(texts):
        chunk = replace(a_scored_chunk(f"c{number}", page=number + 1).chunk, collection="samples")
        index.upsert([IndexedChunk(chunk, EMBEDDER.embed_question(text), document_vector(text, "en"), 1)])
    question = understand("pump, valve, oil and seal", EMBEDDER, max_chars=100)
    found = index.search([Probe(question.dense, question.sparse)], Scope(frozenset({"samples"}), 1), 10)

    signals = signals_of(question, found)

    # Qdrant's IDF is ln(1 + (N - n + 0.5) / (n + 0.5)) with N = 7; n is 3, 3, 2 and 1.
    idf = {n: math.log(1 + (7 - n + 0.5) / (n + 0.5)) for n in (1, 2, 3)}
    total = 2 * idf[3] + idf[2] + idf[1]
    share = dict(zip((f.chunk.id for f in signals.best), column(signals, "coverage"), strict=True))
    assert share["c2"] == pytest.approx(idf[3] / total, rel=1e-3)
    assert share["c1"] == pytest.approx(2 * idf[3] / total, rel=1e-3)
    assert share["c3"] == pytest.approx((idf[3] + idf[2]) / total, rel=1e-3)
    assert share["c6"] == pytest.approx((idf[3] + idf[1]) / total, rel=1e-3)
    assert share["c4"] == share["c5"] == 0.0


def test_headings_count_the_words_that_they_share_with_the_question() -> None:
    chunks = [
        a_chunk("a", 1, holds={"pump": 1.0, "valv": 1.0}, section=("Pumps", "Oiling a valve twice")),
        a_chunk("b", 2, holds={"pump": 1.0}, section=("Canteen",)),
        a_chunk("c", 3, holds={"valv": 1.0}),
    ]

    signals = signals_of(a_question("pump", "valv"), chunks)

    # "Pumps" and "valve" above page 1: the whole question. Its inner heading has the terms oil, valv and
    # twice, one of which is asked for.
    assert column(signals, "section") == pytest.approx([1.0, 0.0, 0.0], abs=1e-9)
    assert column(signals, "heading") == pytest.approx([1 / 3, 0.0, 0.0])


def test_numbers_asked_for_are_looked_for_on_the_page() -> None:
    chunks = [
        a_chunk("a", 1, holds={"2024": 1.0, "pump": 1.0}),
        a_chunk("b", 2, holds={"2024": 1.0}),
        a_chunk("c", 2, holds={"30": 1.0}),
    ]

    assert column(signals_of(a_question("pump", "2024", "30"), chunks), "numbers") == [0.5, 1.0]
    assert column(signals_of(a_question("pump"), chunks), "numbers") == [0.0, 0.0]


# --- the document and the page


def test_the_route_and_the_year_are_the_documents() -> None:
    chunks = [a_chunk("a", 1), a_chunk("b", 1, document="d2")]

    signals = signals_of(a_question("pump"), chunks, {"d2": Route(0.75, -1.0)})

    assert column(signals, "route") == [0.0, 0.75]
    assert column(signals, "year") == [0.0, -1.0]


def test_a_document_has_its_share_of_the_best_chunks() -> None:
    chunks = [a_chunk(str(n), n, document="d2" if n > 40 else "d1") for n in range(1, 61)]

    signals = signals_of(a_question("pump"), chunks)

    # Of the first 50, 40 are d1's.
    assert set(column(signals, "document")) == {0.8, 0.2}


def test_a_page_in_the_questions_language_is_told() -> None:
    french = a_chunk("b", 2)
    chunks = [a_chunk("a", 1), replace(french, chunk=replace(french.chunk, language="fr"))]

    assert column(signals_of(a_question("pump"), chunks), "language") == [1.0, 0.0]
    assert column(signals_of(a_question("pump", language="fr"), chunks), "language") == [0.0, 1.0]


def test_digits_count_where_a_figure_is_asked_for() -> None:
    plain = a_chunk("a", 1)
    chunks = [replace(plain, chunk=replace(plain.chunk, page_digits=0.25, page_chars=99)), a_chunk("b", 2)]

    asked = signals_of(a_question("pump", text="How much is the pump?"), chunks)
    other = signals_of(a_question("pump", text="Who oils the pump?"), chunks)

    assert column(asked, "figures") == [0.25, 0.0]
    assert column(other, "figures") == [0.0, 0.0]
    assert column(asked, "digits") == column(other, "digits") == [0.25, 0.0]
    assert column(asked, "length") == pytest.approx([math.log(100), 0.0])


def test_the_place_of_a_page_in_its_document_is_told() -> None:
    chunks = [
        a_chunk("a", 1),
        a_chunk("b", 6),
        a_chunk("c", 11),  # the last of d1
        a_chunk("d", 2, document="d2"),
        a_chunk("e", 3, document="d2"),
    ]

    signals = signals_of(a_question("pump"), chunks)

    assert column(signals, "position") == pytest.approx([0.0, 0.5, 1.0, 1 / 39, 2 / 39])
    # Of d2's 40 pages the first two are its beginning; d1 has too few pages for one.
    assert column(signals, "beginning") == [0.0, 0.0, 0.0, 1.0, 0.0]


def test_the_only_page_of_a_document_stands_at_its_beginning() -> None:
    documents = {"d1": replace(DOCUMENTS["d1"], page_count=1)}

    assert column(signals_of(a_question("pump"), [a_chunk()], documents=documents), "position") == [0.0]


# --- the best chunk


def test_a_pages_best_chunk_is_the_best_by_meaning_and_words() -> None:
    chunks = [
        a_chunk("a", 1, dense=0.6),  # 0.6
        a_chunk("b", 1, dense=0.3, holds={"pump": 1.0}),  # 0.3 + 0.5 * 2/2 = 0.8
        a_chunk("c", 2, dense=0.9),
    ]

    assert [found.chunk.id for found in signals_of(a_question("pump"), chunks).best] == ["b", "c"]


def test_of_equal_chunks_the_one_found_first_is_the_best() -> None:
    chunks = [a_chunk("b", 1, dense=0.6), a_chunk("a", 1, dense=0.6)]

    assert [found.chunk.id for found in signals_of(a_question("pump"), chunks).best] == ["b"]


# --- how decided a ranking is


def test_entropy_is_the_log_of_how_many_pages_look_alike() -> None:
    assert entropy(np.array([1.0, 0.0, 0.0])) == 0.0
    assert entropy(np.array([0.5, 0.5, 0.0, 0.0])) == pytest.approx(math.log(2))
    assert entropy(np.full(4, 0.25)) == pytest.approx(math.log(4))
    assert entropy(np.zeros(0)) == 0.0
