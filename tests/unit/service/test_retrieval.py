from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from examples import a_scored_chunk
from fakes import HashEmbedder, WordReranker
from library import Library, open_library

from sourcier_core.types import Chunk, Scope, Searched
from sourcier_service.question import Question, understand
from sourcier_service.ranking import Ranker
from sourcier_service.retrieval import Retrieved, order_chunks

EMBEDDER = HashEmbedder()
NEAR = "pump pressure valve"
FAR = "canteen menu and pump"
BY_CORE = {"dense_core": 1.0}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with open_library(tmp_path / "home") as opened:
        yield opened


def ask(text: str = "pump pressure", language: str | None = None) -> Question:
    return understand(text, EMBEDDER, max_chars=200, language=language)


def pages(found: Retrieved) -> list[tuple[str, int | None]]:
    return [(passage.document.name, passage.page) for passage in found.passages]


# --- the order of chunks


def test_a_chunk_stands_by_its_cosine_and_half_its_share_of_the_best_bm25() -> None:
    found = [
        a_scored_chunk("a", dense=0.6, sparse=4.0),  # 0.6 + 0.5 * 4 / 8 = 0.85
        a_scored_chunk("b", dense=0.5, sparse=8.0),  # 0.5 + 0.5 * 8 / 8 = 1.0
        a_scored_chunk("c", dense=0.86, sparse=0.0),  # 0.86
    ]

    assert [scored.chunk.id for scored in order_chunks(found)] == ["b", "c", "a"]


def test_without_any_common_word_the_cosine_decides() -> None:
    found = [a_scored_chunk("a", dense=0.2), a_scored_chunk("b", dense=0.4)]

    assert [scored.chunk.id for scored in order_chunks(found)] == ["b", "a"]


def test_equal_chunks_stand_by_id() -> None:
    found = [a_scored_chunk(name, dense=0.5) for name in ("b", "c", "a")]

    assert [scored.chunk.id for scored in order_chunks(found)] == ["a", "b", "c"]
    assert order_chunks([]) == []


# --- passages


def test_a_passage_is_the_pages_text_from_start_to_end_with_its_printed_label(library: Library) -> None:
    document = library.add("guide.pdf", [FAR], ["nothing of it", NEAR], section=("Pumps",))

    found = library.retriever().retrieve(ask(), library.scope)

    first, second = found.passages
    assert (first.page, first.page_label, first.text, first.start) == (2, "p2", NEAR, len("nothing of it\n"))
    assert (second.page, second.page_label, second.text) == (1, "p1", FAR)
    assert (first.document, first.version) == (document, document.version)
    assert first.section == ("Pumps",)
    assert found.searched == Searched(1, 2)


def test_passages_stand_by_the_rankers_weights_with_their_probabilities(library: Library) -> None:
    library.add("guide.pdf", [NEAR], [FAR])

    found = library.retriever().retrieve(ask(), library.scope)
    turned = library.retriever(weights={"dense": -10.0}).retrieve(ask(), library.scope)

    assert pages(found) == [("guide.pdf", 1), ("guide.pdf", 2)]
    assert pages(turned) == [("guide.pdf", 2), ("guide.pdf", 1)]
    assert sum(passage.score for passage in found.passages) == pytest.approx(1.0)
    assert [passage.score for passage in found.passages] == found.ranking.probabilities.tolist()


def test_other_weights_order_the_same_candidates_anew(library: Library) -> None:
    library.add("guide.pdf", [NEAR], [FAR])
    retriever, other = library.retriever(), library.retriever(weights={"dense": -10.0})

    found = retriever.candidates(ask(), library.scope)

    assert retriever.rank(found, Ranker({"dense": -10.0}), 5).passages == (
        other.retrieve(ask(), library.scope).passages
    )


def test_the_limit_asked_for_wins_over_the_setting(library: Library) -> None:
    library.add("guide.pdf", [NEAR], [FAR])

    assert pages(library.retriever(passages=5).retrieve(ask(), library.scope, limit=1)) == [("guide.pdf", 1)]
    assert len(library.retriever(passages=1).retrieve(ask(), library.scope, limit=2).passages) == 2


def test_a_cross_encoder_has_the_last_word(library: Library) -> None:
    library.add("guide.pdf", ["pump pump pump"], ["pressure pump"])
    words_alone = {"sparse_page": 5.0, "position": -9.0}  # the first page first, whatever stands there

    without = library.retriever(weights=words_alone).retrieve(ask(), library.scope)
    with_it = library.retriever(weights=words_alone, reranker=WordReranker()).retrieve(ask(), library.scope)

    assert [passage.page for passage in without.passages] == [1, 2]
    assert [passage.page for passage in with_it.passages] == [2, 1]


# --- how deep it looks: many chunks of page 1 are nearer than the one of page 2


def test_chunks_of_few_pages_are_searched_deeper_until_enough_pages_are_found(library: Library) -> None:
    library.add("guide.pdf", [NEAR] * 15, [FAR])  # more than the ten candidates, fewer than twenty

    found = library.retriever(candidates=10, passages=2).retrieve(ask(), library.scope)

    assert [passage.page for passage in found.passages] == [1, 2]


def test_the_search_goes_at_most_four_times_as_deep(library: Library) -> None:
    library.add("guide.pdf", [NEAR] * 45, [FAR])

    found = library.retriever(candidates=10, passages=2).retrieve(ask(), library.scope)

    assert [passage.page for passage in found.passages] == [1]
    assert len(found.chunks) == 40


# --- documents that the question names


def test_a_document_that_is_named_is_looked_into_on_its_own(library: Library) -> None:
    for number in range(3):
        library.add(f"other-{number}.pdf", ["pump pressure of it"] * 20, title="Pumps")
    library.add("northwind.pdf", ["what weather is to come"], title="Northwind")
    shallow = library.retriever(candidates=10, passages=4)

    unnamed = shallow.retrieve(ask("pump pressure"), library.scope)
    named = shallow.retrieve(ask("pump pressure of Northwind"), library.scope)

    assert "northwind.pdf" not in {name for name, _ in pages(unnamed)}
    assert "northwind.pdf" in {name for name, _ in pages(named)}


def test_what_is_asked_of_a_named_document_is_compared_without_its_name(library: Library) -> None:
    library.add("northwind.pdf", [NEAR], title="Northwind")
    library.add("acme.pdf", [NEAR], title="Acme")

    unnamed = library.retriever(weights=BY_CORE).retrieve(ask("pump pressure"), library.scope)
    named = library.retriever(weights=BY_CORE).retrieve(ask("pump pressure at Northwind"), library.scope)

    core = EMBEDDER.embed_question("pump pressure")
    assert unnamed.question.core is None
    assert named.question.core is not None
    assert np.array_equal(named.question.core, core)
    for scored in named.chunks:
        assert list(scored.compared) == pytest.approx([float(core @ EMBEDDER.embed_question(NEAR))])


def test_what_no_weight_is_given_to_is_computed_only_when_asked_for(library: Library) -> None:
    library.add("northwind.pdf", [NEAR], title="Northwind")
    library.add("acme.pdf", [NEAR], title="Acme")
    question, retriever = ask("pump pressure at Northwind"), library.retriever(weights={"dense": 1.0})

    assert retriever.candidates(question, library.scope).question.core is None
    assert retriever.candidates(question, library.scope, every_signal=True).question.core is not None


def test_a_document_that_was_added_meanwhile_is_known_by_its_name(library: Library) -> None:
    library.add("acme.pdf", [NEAR], title="Acme")
    library.add("beta.pdf", [NEAR], title="Beta")
    retriever = library.retriever(weights=BY_CORE)
    before = retriever.retrieve(ask("pump pressure at Northwind"), library.scope)

    library.add("northwind.pdf", [NEAR], title="Northwind")
    after = retriever.retrieve(ask("pump pressure at Northwind"), library.scope)

    assert before.question.core is None
    assert after.question.core is not None
    assert after.searched == Searched(3, 3)


# --- languages


def test_where_one_language_is_spoken_the_question_stays_in_it(library: Library) -> None:
    library.add("guide.pdf", [NEAR])

    question = ask()

    assert library.retriever(pivot=True).retrieve(question, library.scope).question is question


def test_where_both_are_spoken_words_are_looked_for_in_both(library: Library) -> None:
    library.add("notice.pdf", ["la demande de remboursement se fait par courrier"], language="fr")
    library.add("guide.pdf", ["a reimbursement request is made by letter"], ["what the canteen cooks"])
    question = ask("Comment faire la demande de remboursement ?", language="fr")

    found = library.retriever(weights={"sparse": 1.0}).retrieve(question, library.scope)

    assert {"reimburs", "request"} <= {term for word in found.question.words for term in word}
    assert {scored.chunk.page for scored in found.chunks if scored.sparse > 0} == {1}
    assert set(pages(found)[:2]) == {("notice.pdf", 1), ("guide.pdf", 1)}
    assert found.question.pivot is None


def test_with_a_pivot_a_french_question_is_also_asked_in_english(library: Library) -> None:
    library.add("guide.pdf", ["reimbursement request"], ["what the canteen cooks"])
    question = ask("La demande de remboursement ?", language="fr")

    found = library.retriever(pivot=True, weights={"pivot": 1.0}).retrieve(question, library.scope)

    best = found.chunks[0]
    assert found.question.pivot is not None
    assert np.array_equal(found.question.pivot, EMBEDDER.embed_question("reimbursement request"))
    assert best.chunk.page == 1
    assert best.pivot == pytest.approx(1.0)


def test_with_a_pivot_an_english_question_meets_french_pages_put_into_english(library: Library) -> None:
    library.add("notice.pdf", ["la demande de remboursement"], ["la cantine"], language="fr", pivot=True)

    found = library.retriever(pivot=True, weights={"pivot": 1.0}).retrieve(
        ask("reimbursement request"), library.scope
    )

    assert pages(found)[0] == ("notice.pdf", 1)
    assert found.chunks[0].pivot == pytest.approx(1.0)


# --- what may be seen


def test_chunks_of_a_document_that_the_catalogue_no_longer_knows_are_left_out(library: Library) -> None:
    document = library.add("guide.pdf", [NEAR])
    gone = "00000000-0000-5000-8000-000000000000"
    library.put(Chunk("999", gone, "samples", "f" * 64, 1, 0, len(NEAR), (), "en"), NEAR)

    found = library.retriever().retrieve(ask(), library.scope)

    assert {passage.document.id for passage in found.passages} == {document.id}
    assert {scored.chunk.document for scored in found.chunks} == {document.id}


def test_a_scope_without_a_collection_sees_nothing(library: Library) -> None:
    library.add("guide.pdf", [NEAR])

    found = library.retriever().retrieve(ask(), Scope(frozenset(), 1))

    assert (found.passages, found.chunks, found.ranking.pages) == ((), (), ())
    assert found.searched == Searched(0, 0)


def test_a_scope_of_documents_counts_what_is_searched(library: Library) -> None:
    document = library.add("guide.pdf", [NEAR], [FAR])
    library.add("other.pdf", [NEAR])

    found = library.retriever().retrieve(ask(), replace(library.scope, documents=frozenset({document.id})))

    assert {name for name, _ in pages(found)} == {"guide.pdf"}
    assert found.searched == Searched(1, 2)


def test_a_document_replaced_since_the_search_is_shown_as_it_was(library: Library) -> None:
    library.add("guide.pdf", [NEAR], title="First edition")
    before = library.scope
    library.add("guide.pdf", [FAR], [FAR], title="Second edition")

    old = library.retriever().retrieve(ask(), before).passages[0]
    new = library.retriever().retrieve(ask(), library.scope).passages[0]

    assert (old.document.title, old.document.page_count, old.text) == ("First edition", 1, NEAR)
    assert old.document.version == old.version
    assert (new.document.title, new.document.page_count, new.text) == ("Second edition", 2, FAR)
