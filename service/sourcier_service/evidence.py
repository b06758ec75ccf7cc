"""Question, evidence -> the probability that the evidence answers: below a threshold, no answer is given."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sourcier_service.extraction import Candidate
from sourcier_service.ranking import Ranking
from sourcier_service.signals import SIGNALS, entropy

FEATURES: tuple[str, ...] = (
    "unit",  # highest cosine of the question and a sentence
    "coverage",  # highest share of the question's words, rare ones weighing more, in one sentence
    "section",  # share of them that the headings above the best sentence hold
    "known",  # share of the question's words that were found anywhere
    "standing_out",  # standard deviations from the mean cosine of the pages found to the highest
    "probability",  # of the best page, beside the others found
    "undecided",  # entropy of the pages' probabilities, in nats: the log of how many look alike
    "agreement",  # 1 if the best sentence stands on the best page
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the decision rests on: a value for each name in FEATURES."""

    values: Mapping[str, float]

    def probability(self, weights: Mapping[str, float]) -> float:
        """Return the probability, in [0, 1], that the evidence answers: a logistic regression.

        Args:
            weights: By the names in FEATURES, and "intercept"; a name left out weighs nothing.
        """
        value = weights.get("intercept", 0.0) + sum(
            weights.get(name, 0.0) * found for name, found in self.values.items()
        )
        return 1 / (1 + math.exp(-max(-500.0, min(500.0, value))))


def weigh(ranking: Ranking, candidates: Sequence[Candidate]) -> Evidence | None:
    """Sum up what was found; None when nothing was.

    Args:
        ranking: The pages found.
        candidates: The sentences of the best of them, best first.
    """
    if not ranking.pages or not candidates:
        return None
    cosines = ranking.signals.matrix[:, SIGNALS.index("dense")]
    spread = float(cosines.std())
    best_page = ranking.pages[0].chunk
    best = candidates[0]
    return Evidence(
        {
            "unit": max(candidate.similarity for candidate in candidates),
            "coverage": min(1.0, max(candidate.coverage for candidate in candidates)),
            "section": best.section_coverage,
            "known": 1.0 - ranking.signals.unknown,
            "standing_out": float(cosines.max() - cosines.mean()) / spread if spread > 0 else 0.0,
            "probability": float(ranking.probabilities[0]),
            "undecided": entropy(ranking.probabilities),
            "agreement": float(
                (best.passage.document.id, best.passage.page) == (best_page.document, best_page.page)
            ),
        }
    )
