"""Ranked ids, gold ids -> score in [0, 1]; pure functions.

Relevance is binary: an id is gold or not. A gold id that is ranked twice counts at its first place; the
second takes a rank and earns nothing. Where nothing is ranked or nothing is gold every score is 0.0, as in
trec_eval; whether a question without gold is counted at all is for the caller to say. The values equal those
of ir_measures (MacAvaney, Macdonald and Ounis, ECIR 2022) on rankings of distinct ids: `hit_at` is Success@k,
`recall_at` R@k, `reciprocal_rank` RR, `ndcg_at` nDCG@k.
"""

from collections.abc import Collection, Hashable, Sequence
from math import log2


def hit_at(ranked: Sequence[Hashable], gold: Collection[Hashable], limit: int) -> float:
    """Return 1.0 if one of the first `limit` ranked ids is gold, else 0.0."""
    return float(bool(_ranks_of_gold(ranked, gold, limit)))


def recall_at(ranked: Sequence[Hashable], gold: Collection[Hashable], limit: int) -> float:
    """Return the share of the distinct gold ids that stand among the first `limit` ranked."""
    found = len(_ranks_of_gold(ranked, gold, limit))
    return found / len(set(gold)) if found else 0.0


def reciprocal_rank(ranked: Sequence[Hashable], gold: Collection[Hashable]) -> float:
    """Return one over the rank of the first gold id, 0.0 if none is ranked.

    Its mean over questions is MRR (Voorhees, TREC-8 question answering track, 1999). The ranking is read to
    its end, so rankings of different lengths do not compare.
    """
    ranks = _ranks_of_gold(ranked, gold, max(1, len(ranked)))
    return 1 / ranks[0] if ranks else 0.0


def ndcg_at(ranked: Sequence[Hashable], gold: Collection[Hashable], limit: int) -> float:
    """Return the normalised discounted cumulated gain of the first `limit` ranked ids.

    Gain 1 for a gold id, discount log2(rank + 1), divided by that of the best ranking of the same length
    (Järvelin and Kekäläinen, ACM TOIS 20(4), 2002; discount of Burges et al., ICML 2005, as in trec_eval).
    """
    ranks = _ranks_of_gold(ranked, gold, limit)
    best = range(1, min(limit, len(set(gold))) + 1)
    return _gain(ranks) / _gain(best) if ranks else 0.0


def _ranks_of_gold(ranked: Sequence[Hashable], gold: Collection[Hashable], limit: int) -> list[int]:
    """Return the 1-based ranks, ascending, at which each gold id stands first."""
    if limit < 1:
        raise ValueError(f"limit is {limit}, it must be at least 1")
    left = set(gold)
    ranks = []
    for rank, found in enumerate(ranked[:limit], start=1):
        if found in left:
            left.remove(found)
            ranks.append(rank)
    return ranks


def _gain(ranks: Collection[int]) -> float:
    return sum(1 / log2(rank + 1) for rank in ranks)
