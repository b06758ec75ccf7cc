"""Signals of the candidate pages -> their order, by a weighted sum: a conditional logit.

The weights are fitted so that, of a question's candidate pages, page i is the one that answers with
probability exp(w x_i) / sum_j exp(w x_j) (McFadden 1974, "Conditional logit analysis of qualitative choice
behavior"). The sum orders; the probabilities tell how decided the order is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sourcier_core.types import ScoredChunk
from sourcier_service.signals import PRIORS, SIGNALS, Floats, PageSignals


@dataclass(frozen=True, slots=True)
class Ranking:
    """Candidate pages, best first."""

    pages: tuple[ScoredChunk, ...]  # each page's best chunk
    probabilities: Floats  # of being the page that answers, if one does; they sum to 1
    signals: PageSignals
    order: tuple[int, ...]  # rows of the signals, best first

    def best(self, limit: int) -> list[tuple[ScoredChunk, float]]:
        """Return the best pages with their probabilities."""
        return list(zip(self.pages[:limit], self.probabilities[:limit].tolist(), strict=True))


class Ranker:
    """Orders pages by one weight per signal."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        """Take weights by the names in SIGNALS and PRIORS; a name left out weighs nothing."""
        self._weights = np.array([weights.get(name, 0.0) for name in (*SIGNALS, *PRIORS)])

    def weighs(self, signal: str) -> bool:
        """Tell whether a signal counts: one that does not need not be computed."""
        return bool(self._weights[(*SIGNALS, *PRIORS).index(signal)])

    def rank(self, signals: PageSignals) -> Ranking:
        """Order the pages, ties by the best chunk's id."""
        if not signals.best:
            return Ranking((), np.zeros(0), signals, ())
        scores = signals.matrix @ self._weights
        names = np.array([found.chunk.id for found in signals.best])
        order = np.lexsort((names, -scores))
        odds = np.exp(scores[order] - scores[order[0]])
        return Ranking(
            tuple(signals.best[row] for row in order.tolist()),
            odds / odds.sum(),
            signals,
            tuple(order.tolist()),
        )
