import math

import numpy as np
import pytest
from examples import a_document, a_passage, a_scored_chunk

from sourcier_core.types import Page, Passage
from sourcier_service.calibration import default_calibration
from sourcier_service.evidence import FEATURES, Evidence, weigh
from sourcier_service.extraction import Candidate
from sourcier_service.ranking import Ranker, Ranking
from sourcier_service.sentences import Unit
from sourcier_service.signals import PRIORS, SIGNALS, PageSignals

DOCUMENT = a_document()


def a_candidate(
    similarity: float = 0.5,
    coverage: float = 0.5,
    *,
    section_coverage: float = 0.0,
    passage: Passage | None = None,
) -> Candidate:
    return Candidate(
        passage=passage or a_passage(document=DOCUMENT, page=1),
        page=Page(1, "One two three."),
        unit=Unit(0, 14),
        score=1.0,
        similarity=similarity,
        coverage=coverage,
        section_coverage=section_coverage,
    )


def a_ranking(*cosines: float, unknown: float = 0.0, weight: float = 1.0) -> Ranking:
    """Pages 1, 2, ... of the document, of such cosines, ranked by them."""
    best = tuple(
        a_scored_chunk(f"c{n}", page=n, document=DOCUMENT.id, dense=cosine)
        for n, cosine in enumerate(cosines, 1)
    )
    matrix = np.zeros((len(cosines), len(SIGNALS) + len(PRIORS)))
    matrix[:, SIGNALS.index("dense")] = cosines
    return Ranker({"dense": weight}).rank(PageSignals(best, matrix, unknown))


def values(ranking: Ranking, *candidates: Candidate) -> dict[str, float]:
    found = weigh(ranking, candidates)
    assert found is not None
    return dict(found.values)


# --- what is summed up


def test_nothing_found_is_no_evidence() -> None:
    assert weigh(a_ranking(), []) is None
    assert weigh(a_ranking(), [a_candidate()]) is None
    assert weigh(a_ranking(0.5), []) is None


def test_there_is_a_value_of_each_name() -> None:
    assert set(values(a_ranking(0.5), a_candidate())) == set(FEATURES)


def test_sentences_tell_the_best_of_each_of_their_signals() -> None:
    found = values(
        a_ranking(0.5),
        a_candidate(0.8, 0.2, section_coverage=0.25),
        a_candidate(0.4, 0.9, section_coverage=0.75),
    )

    assert (found["unit"], found["coverage"]) == (0.8, 0.9)
    assert found["section"] == 0.25  # the best sentence's own


def test_coverage_is_at_most_one() -> None:
    assert values(a_ranking(0.5), a_candidate(0.1, 1.0000001))["coverage"] == 1.0


def test_what_no_chunk_holds_is_not_known() -> None:
    assert values(a_ranking(0.5, unknown=0.25), a_candidate())["known"] == 0.75


def test_the_best_page_stands_out_by_so_many_standard_deviations() -> None:
    # Mean 0.3, standard deviation sqrt((0.3^2 + 0.1^2 + 0.1^2 + 0.1^2) / 4) = sqrt(0.03) = 0.173205.
    assert values(a_ranking(0.6, 0.2, 0.2, 0.2), a_candidate())["standing_out"] == pytest.approx(
        0.3 / math.sqrt(0.03)
    )


@pytest.mark.parametrize("cosines", [(0.6,), (0.6, 0.6)])
def test_a_page_among_its_like_does_not_stand_out(cosines: tuple[float, ...]) -> None:
    assert values(a_ranking(*cosines), a_candidate())["standing_out"] == 0.0


def test_the_ranking_tells_how_decided_it_is() -> None:
    found = values(a_ranking(math.log(3), 0.0), a_candidate())

    # The odds are 3 to 1.
    assert found["probability"] == pytest.approx(0.75)
    assert found["undecided"] == pytest.approx(-0.75 * math.log(0.75) - 0.25 * math.log(0.25))


def test_the_best_sentence_may_stand_on_the_best_page() -> None:
    ranking = a_ranking(0.9, 0.1)
    elsewhere = a_passage(document=DOCUMENT, page=2)
    other = a_passage(document=a_document("other.pdf"), page=1)

    assert values(ranking, a_candidate(), a_candidate(passage=elsewhere))["agreement"] == 1.0
    assert values(ranking, a_candidate(passage=elsewhere), a_candidate())["agreement"] == 0.0
    assert values(ranking, a_candidate(passage=other))["agreement"] == 0.0


# --- how probable it is


def test_the_probability_is_a_logistic_regressions() -> None:
    evidence = Evidence({"unit": 0.5, "coverage": 1.0})

    # -2 + 4 * 0.5 + ln 3 = ln 3: odds of 3 to 1.
    assert evidence.probability({"intercept": -2.0, "unit": 4.0, "coverage": math.log(3)}) == pytest.approx(
        0.75
    )
    assert evidence.probability({}) == 0.5


def test_weights_of_other_names_are_passed_over() -> None:
    assert Evidence({"unit": 0.5}).probability({"of another version": 9.0, "unit": 0.0}) == 0.5


@pytest.mark.parametrize(("weight", "probability"), [(1e9, 1.0), (-1e9, 0.0)])
def test_extremes_stay_probabilities(weight: float, probability: float) -> None:
    assert Evidence({"unit": 1.0}).probability({"unit": weight}) == pytest.approx(probability)


def test_the_packaged_weights_are_of_what_is_known() -> None:
    packaged = default_calibration()

    assert set(packaged.ranking) <= set(SIGNALS)  # no habit of one collection
    assert set(packaged.evidence) <= {*FEATURES, "intercept"}


def test_by_the_packaged_weights_all_is_more_probable_than_nothing() -> None:
    weights = default_calibration().evidence
    ranking = a_ranking(0.9, 0.1, 0.1)

    best = weigh(ranking, [a_candidate(0.9, 1.0)])
    worst = weigh(a_ranking(0.1, 0.1, 0.1, unknown=1.0), [a_candidate(0.0, 0.0)])

    assert best is not None
    assert worst is not None
    assert best.probability(weights) > worst.probability(weights)
