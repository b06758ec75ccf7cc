"""Question, evidence -> the probability that the evidence answers: below a threshold, no answer is given."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sourcier_core.types import Passage, ScoredChunk
from sourcier_service.extraction import Candidate

# Logistic regression; the fit is described in docs/decisions/0009-a-first-abstention-threshold.md.
INTERCEPT = -5.9
WEIGHTS = {"chunk_similarity": 5.3, "unit_similarity": 2.9, "coverage": 2.7}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the decision rests on."""

    chunk_similarity: float  # highest cosine of the question and a chunk, in [-1, 1]
    unit_similarity: float  # highest cosine of the question and a sentence, in [-1, 1]
    coverage: float  # highest share of the question's terms in one sentence, in [0, 1]

    def probability(self) -> float:
        """Return the probability, in [0, 1], that the evidence answers."""
        value = INTERCEPT + sum(weight * getattr(self, name) for name, weight in WEIGHTS.items())
        return 1 / (1 + math.exp(-value))


def weigh(
    passages: Sequence[Passage], chunks: Sequence[ScoredChunk], candidates: Sequence[Candidate]
) -> Evidence | None:
    """Sum up what was found; None when nothing was."""
    if not passages or not candidates:
        return None
    return Evidence(
        chunk_similarity=max(chunk.dense for chunk in chunks),
        unit_similarity=max(candidate.similarity for candidate in candidates),
        coverage=min(1.0, max(candidate.coverage for candidate in candidates)),
    )
