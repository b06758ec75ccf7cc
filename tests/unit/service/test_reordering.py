from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from examples import a_document, a_passage
from fakes import WordReranker

from sourcier_core.errors import ModelUnusable
from sourcier_core.types import Passage
from sourcier_service.reordering import reorder


class ListedReranker:
    """A `PageReranker` that gives the scores it was made with and remembers what it read."""

    model = "listed"

    def __init__(self, *scores: float) -> None:
        self._scores = scores
        self.read: list[str] = []

    def score(self, question: str, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        self.read += texts
        return np.array(self._scores[: len(texts)], dtype=np.float64)


def passages(*scores: float) -> list[Passage]:
    """Passages of pages 1, 2, 3 ... with these scores."""
    return [a_passage(page=page, score=score) for page, score in enumerate(scores, start=1)]


def pages(found: Sequence[Passage]) -> list[int | None]:
    return [passage.page for passage in found]


def test_the_models_order_wins_and_the_scores_stay_in_their_places() -> None:
    moved = reorder("q", passages(0.9, 0.5, 0.4), ListedReranker(-3.0, 8.0, 0.1), 3)

    assert pages(moved) == [2, 3, 1]
    assert [passage.score for passage in moved] == [0.9, 0.5, 0.4]


def test_only_the_first_are_read_and_the_others_stay_behind_them() -> None:
    reranker = ListedReranker(1.0, 2.0)

    moved = reorder("q", passages(0.9, 0.8, 0.7, 0.6), reranker, 2)

    assert pages(moved) == [2, 1, 3, 4]
    assert [passage.score for passage in moved] == [0.9, 0.8, 0.7, 0.6]
    assert len(reranker.read) == 2


def test_passages_of_equal_score_keep_their_order() -> None:
    moved = reorder("q", passages(*(1.0 - n / 100 for n in range(40))), ListedReranker(*[0.5] * 40), 40)

    assert pages(moved) == list(range(1, 41))


def test_a_passage_is_read_beneath_its_title_and_section() -> None:
    reranker = ListedReranker(1.0)
    passage = a_passage(
        document=a_document(title="Guide"), section=("4 Travel", "4.2 Claims"), text="30 days."
    )

    reorder("q", [passage], reranker, 20)

    assert reranker.read == ["Guide > 4 Travel > 4.2 Claims\n30 days."]


def test_what_was_found_stays_the_same_but_for_its_place() -> None:
    near, far = a_passage(page=1, text="Nothing.", score=0.9), a_passage(page=2, text="The delay.", score=0.1)

    first, second = reorder("delay", [near, far], WordReranker(), 2)

    assert (first.text, first.page, second.text, second.page) == ("The delay.", 2, "Nothing.", 1)
    assert (first.start, first.end) == (far.start, far.end)


def test_nothing_found_stays_nothing() -> None:
    assert reorder("q", [], ListedReranker(), 20) == []


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_score_that_is_no_number_is_an_error_that_names_the_model(bad: float) -> None:
    with pytest.raises(ModelUnusable, match=f"'listed' cannot be used: it scored a passage {bad}"):
        reorder("q", passages(0.9, 0.8), ListedReranker(1.0, bad), 2)
