from collections.abc import Callable
from math import log2

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ir_measures import RR, R, Success, nDCG

from sourcier_eval.locations import document_level, page_level
from sourcier_eval.retrieval_metrics import hit_at, ndcg_at, recall_at, reciprocal_rank

CUTOFFS = (1, 3, 5, 10)
LOCATIONS = st.tuples(st.sampled_from("abcd"), st.integers(1, 6))


def test_hit_looks_no_further_than_the_limit() -> None:
    assert hit_at("xay", {"a"}, 1) == 0.0
    assert hit_at("xay", {"a"}, 2) == 1.0
    assert hit_at("xay", {"a"}, 9) == 1.0


def test_recall_is_the_share_of_gold_found() -> None:
    # 1 of {a, b, c} among the first 2, 2 of 3 among the first 4.
    assert recall_at("xaybz", {"a", "b", "c"}, 2) == pytest.approx(1 / 3)
    assert recall_at("xaybz", {"a", "b", "c"}, 4) == pytest.approx(2 / 3)


def test_reciprocal_rank_is_that_of_the_first_gold() -> None:
    # The first gold stands third: 1/3.
    assert reciprocal_rank("xyab", {"a", "b"}) == pytest.approx(1 / 3)
    assert reciprocal_rank("xy", {"a"}) == 0.0


def test_ndcg_divides_by_the_best_ranking_of_that_length() -> None:
    # Gold at ranks 2 and 4: 1/log2(3) + 1/log2(5) = 0.63093 + 0.43068 = 1.06161.
    # Best: ranks 1, 2 and 3: 1 + 0.63093 + 0.5 = 2.13093. Quotient 0.49819.
    assert ndcg_at("xayb", {"a", "b", "c"}, 10) == pytest.approx(0.49819, abs=1e-5)
    # Cut at 2: 0.63093 / (1 + 0.63093) = 0.38685.
    assert ndcg_at("xayb", {"a", "b", "c"}, 2) == pytest.approx(0.38685, abs=1e-5)


def test_gold_ranked_twice_counts_at_its_first_place() -> None:
    # a at 1, again at 2 (nothing), b at 3: (1 + 1/log2(4)) / (1 + 1/log2(3)) = 1.5 / 1.63093.
    assert ndcg_at("aab", {"a", "b"}, 3) == pytest.approx(1.5 / (1 + 1 / log2(3)))
    assert recall_at("aab", {"a", "b"}, 2) == 0.5


@pytest.mark.parametrize(("ranked", "gold"), [("", {"a"}), ("ab", set()), ("", set())])
def test_nothing_ranked_or_nothing_gold_scores_zero(ranked: str, gold: set[str]) -> None:
    assert hit_at(ranked, gold, 5) == 0.0
    assert recall_at(ranked, gold, 5) == 0.0
    assert reciprocal_rank(ranked, gold) == 0.0
    assert ndcg_at(ranked, gold, 5) == 0.0


@pytest.mark.parametrize("metric", [hit_at, recall_at, ndcg_at])
def test_limit_below_one_is_a_mistake(metric: Callable[[str, set[str], int], float]) -> None:
    for gold in ({"a"}, set()):
        with pytest.raises(ValueError, match="at least 1"):
            metric("ab", gold, 0)


@given(st.lists(st.integers(0, 9)), st.frozensets(st.integers(0, 9)), st.integers(1, 12))
def test_every_score_is_between_zero_and_one_and_grows_with_the_limit_where_it_must(
    ranked: list[int], gold: frozenset[int], limit: int
) -> None:
    assert 0 <= ndcg_at(ranked, gold, limit) <= 1 + 1e-12
    assert 0 <= reciprocal_rank(ranked, gold) <= 1
    assert hit_at(ranked, gold, limit) <= hit_at(ranked, gold, limit + 1)
    assert 0 <= recall_at(ranked, gold, limit) <= recall_at(ranked, gold, limit + 1) <= 1


@given(
    st.lists(LOCATIONS, min_size=1, max_size=15, unique=True),
    st.frozensets(LOCATIONS, min_size=1, max_size=6),
)
def test_page_and_document_scores_equal_those_of_ir_measures(
    ranked: list[tuple[str, int]], gold: frozenset[tuple[str, int]]
) -> None:
    pages, gold_pages = page_level(ranked, gold)
    documents, gold_documents = document_level(ranked, gold)

    ours_for_pages = _ours([f"{doc}:{page}" for doc, page in pages], {f"{d}:{p}" for d, p in gold_pages})
    ours_for_documents = _ours(documents, gold_documents)

    assert ours_for_pages == pytest.approx(
        _theirs([f"{doc}:{page}" for doc, page in ranked], {f"{doc}:{page}" for doc, page in gold})
    )
    best_first = sorted({doc for doc, _ in ranked}, key=[doc for doc, _ in ranked].index)
    assert ours_for_documents == pytest.approx(_theirs(best_first, {doc for doc, _ in gold}))


def _ours(ranked: list[str], gold: set[str]) -> list[float]:
    at_cutoffs = [f(ranked, gold, k) for k in CUTOFFS for f in (hit_at, recall_at, ndcg_at)]
    return [*at_cutoffs, reciprocal_rank(ranked, gold)]


def _theirs(ranked: list[str], gold: set[str]) -> list[float]:
    measures = [*(measure @ k for k in CUTOFFS for measure in (Success, R, nDCG)), RR]
    judged = [ir_measures.Qrel("q", found, 1) for found in gold]
    run = [ir_measures.ScoredDoc("q", found, 1 / rank) for rank, found in enumerate(ranked, start=1)]
    results = ir_measures.providers.registry["pytrec_eval"].calc_aggregate(measures, judged, run)
    return [results[measure] for measure in measures]
