from itertools import product

import pytest
from examples import a_passage, a_scored_chunk

from sourcier_core.settings import AnswerSettings
from sourcier_core.types import Page
from sourcier_service.evidence import Evidence, weigh
from sourcier_service.extraction import Candidate
from sourcier_service.sentences import Unit


def a_candidate(similarity: float, coverage: float) -> Candidate:
    return Candidate(a_passage(), Page(1, "One two three."), Unit(0, 14), 1.0, similarity, coverage)


def test_evidence_is_the_best_of_each_signal() -> None:
    found = weigh(
        [a_passage()],
        [a_scored_chunk("a", dense=0.3), a_scored_chunk("b", dense=0.7)],
        [a_candidate(0.8, 0.2), a_candidate(0.4, 0.9)],
    )

    assert found == Evidence(chunk_similarity=0.7, unit_similarity=0.8, coverage=0.9)


def test_coverage_is_at_most_one() -> None:
    found = weigh([a_passage()], [a_scored_chunk()], [a_candidate(0.1, 1.0000001)])

    assert found is not None
    assert found.coverage == 1.0


def test_nothing_found_is_no_evidence() -> None:
    assert weigh([], [], []) is None
    assert weigh([a_passage()], [a_scored_chunk()], []) is None


def test_more_of_any_signal_is_more_probable() -> None:
    levels = (-1.0, 0.0, 0.5, 1.0)
    for chunk, unit, coverage in product(levels[:-1], levels[:-1], (0.0, 0.5)):
        here = Evidence(chunk, unit, coverage).probability()
        assert 0.0 < here < 1.0
        assert Evidence(chunk + 0.5, unit, coverage).probability() > here
        assert Evidence(chunk, unit + 0.5, coverage).probability() > here
        assert Evidence(chunk, unit, coverage + 0.5).probability() > here


def test_the_default_threshold_parts_all_from_nothing() -> None:
    threshold = AnswerSettings().min_confidence

    assert Evidence(1.0, 1.0, 1.0).probability() > threshold
    assert Evidence(0.0, 0.0, 0.0).probability() < threshold


@pytest.mark.parametrize("chunk", [-1.0, 1.0])
def test_extremes_stay_probabilities(chunk: float) -> None:
    assert 0.0 <= Evidence(chunk, -1.0, 0.0).probability() <= 1.0
