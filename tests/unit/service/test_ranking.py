import math

import numpy as np
import pytest
from examples import a_scored_chunk

from sourcier_service.ranking import Ranker
from sourcier_service.signals import PRIORS, SIGNALS, PageSignals

NAMES = (*SIGNALS, *PRIORS)


def pages(*rows: tuple[str, dict[str, float]]) -> PageSignals:
    """Pages whose best chunk has such an id, with such signals; the others are 0."""
    matrix = np.array([[values.get(name, 0.0) for name in NAMES] for _, values in rows])
    best = tuple(a_scored_chunk(name, page=number) for number, (name, _) in enumerate(rows, 1))
    return PageSignals(best, matrix.reshape(len(rows), len(NAMES)))


def test_pages_stand_by_their_weighted_sum() -> None:
    signals = pages(
        ("a", {"dense": 0.5, "sparse": 1.0}),  # 2 * 0.5 + 1.0 = 2.0
        ("b", {"dense": 0.9, "sparse": 0.0}),  # 1.8
        ("c", {"dense": 0.8, "sparse": 0.9}),  # 2.5
    )

    ranking = Ranker({"dense": 2.0, "sparse": 1.0}).rank(signals)

    assert [found.chunk.id for found in ranking.pages] == ["c", "a", "b"]
    assert ranking.order == (2, 0, 1)
    assert ranking.signals is signals


def test_probabilities_are_a_conditional_logits() -> None:
    signals = pages(("a", {"dense": 0.0}), ("b", {"dense": math.log(3.0)}))

    ranking = Ranker({"dense": 1.0}).rank(signals)

    # exp(0) = 1 and exp(ln 3) = 3.
    assert ranking.probabilities.tolist() == pytest.approx([0.75, 0.25])
    assert ranking.best(1) == [(signals.best[1], ranking.probabilities[0])]


def test_probabilities_sum_to_one_however_far_apart_the_sums_are() -> None:
    signals = pages(("a", {"dense": 5_000.0}), ("b", {"dense": -5_000.0}), ("c", {"dense": 4_999.0}))

    ranking = Ranker({"dense": 1.0}).rank(signals)

    assert ranking.probabilities.sum() == pytest.approx(1.0)
    assert ranking.probabilities.tolist() == sorted(ranking.probabilities, reverse=True)
    assert np.isfinite(ranking.probabilities).all()


def test_equal_pages_stand_by_the_id_of_their_best_chunk() -> None:
    ranking = Ranker({"dense": 1.0}).rank(pages(("b", {}), ("c", {}), ("a", {})))

    assert [found.chunk.id for found in ranking.pages] == ["a", "b", "c"]
    assert ranking.probabilities.tolist() == pytest.approx([1 / 3] * 3)


def test_a_weight_of_no_signal_is_passed_over_and_one_left_out_is_nothing() -> None:
    signals = pages(("a", {"dense": 0.1, "sparse": 9.0}), ("b", {"dense": 0.2}))

    ranking = Ranker({"dense": 1.0, "of another version": 100.0}).rank(signals)

    assert [found.chunk.id for found in ranking.pages] == ["b", "a"]


def test_a_habit_of_the_collection_counts_where_it_has_a_weight() -> None:
    signals = pages(("a", {"digits": 0.0}), ("b", {"digits": 0.5}))

    assert Ranker({"digits": -1.0}).rank(signals).order == (0, 1)
    assert Ranker({"digits": 1.0}).rank(signals).order == (1, 0)


def test_no_page_is_an_empty_ranking() -> None:
    ranking = Ranker({"dense": 1.0}).rank(pages())

    assert (ranking.pages, ranking.order, ranking.best(3)) == ((), (), [])
    assert ranking.probabilities.shape == (0,)


def test_a_signal_counts_where_it_has_a_weight() -> None:
    ranker = Ranker({"dense": 1.0, "sparse": 0.0, "digits": -1.0})

    assert [name for name in NAMES if ranker.weighs(name)] == ["dense", "digits"]
