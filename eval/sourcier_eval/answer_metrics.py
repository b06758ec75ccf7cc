"""Answer, gold -> score in [0, 1]; pure functions. Words are compared as `comparable_text` writes them."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sourcier_eval.comparable_text import content_tokens, tokens
from sourcier_eval.locations import Location, page_level

_READINGS = (False, True)  # of `105 310`, one number or two: the reading that both texts share decides


@dataclass(frozen=True, slots=True)
class Containment:
    """How much of the gold answer stands in what was given."""

    share: float  # of the distinct content tokens of the gold answer, in [0, 1]
    strict: bool  # the whole gold answer stands, word after word, in one of the texts given


@dataclass(frozen=True, slots=True)
class Abstention:
    """How well questions without an answer were told from the others; positive = abstained."""

    abstained: int  # questions on which it abstained
    precision: float | None  # share of these that are unanswerable; None if there are none
    recall: float | None  # share of the unanswerable on which it abstained; None if there are none
    f1: float | None  # harmonic mean of both; None if nothing is unanswerable and it never abstained
    false_rate: float | None  # share of the answerable on which it abstained; None if there are none


def containment(gold: str, given: Sequence[str]) -> Containment:
    """Find the gold answer in the texts given: the answer and the quotes of its citations.

    Returns:
        Share 0.0 and strict False where gold or given has no token.
    """
    wanted = set(content_tokens(gold))
    found = {token for text in given for reading in _READINGS for token in tokens(text, table_row=reading)}
    share = len(wanted & found) / len(wanted) if wanted else 0.0
    return Containment(share=share, strict=any(_stands_in(gold, text) for text in given))


def token_f1(gold: str, answer: str) -> float:
    """Return the F1 of the tokens, repeats counted (Rajpurkar et al., SQuAD, EMNLP 2016).

    Function words of both languages are left out where SQuAD drops the English articles.

    Returns:
        1.0 if both have no token, 0.0 if one has none.
    """
    return max(
        _overlap_f1(content_tokens(gold, table_row=reading), content_tokens(answer, table_row=reading))
        for reading in _READINGS
    )


def citation_precision(cited: Sequence[Location], gold: Collection[Location]) -> float:
    """Return the share of the distinct pages cited that hit the evidence; 0.0 if none is cited."""
    distinct = list(dict.fromkeys(cited))
    found, wanted = page_level(distinct, gold)
    return sum(location in wanted for location in found) / len(distinct) if distinct else 0.0


def citation_recall(cited: Sequence[Location], gold: Collection[Location]) -> float:
    """Return the share of the evidence's places that are cited; 0.0 if there is no evidence."""
    found, wanted = page_level(cited, gold)
    return len(wanted.intersection(found)) / len(wanted) if wanted else 0.0


def abstention(decisions: Iterable[tuple[bool, bool]]) -> Abstention:
    """Judge abstentions.

    Args:
        decisions: Per question, whether it abstained and whether the question is answerable.
    """
    cells = Counter(decisions)
    right, wrong = cells[True, False], cells[True, True]
    missed, answered = cells[False, False], cells[False, True]
    return Abstention(
        abstained=right + wrong,
        precision=_ratio(right, right + wrong),
        recall=_ratio(right, right + missed),
        f1=_ratio(2 * right, 2 * right + wrong + missed),
        false_rate=_ratio(wrong, wrong + answered),
    )


def _stands_in(gold: str, text: str) -> bool:
    for reading in _READINGS:
        wanted, found = tokens(gold, table_row=reading), tokens(text, table_row=reading)
        if wanted and f" {' '.join(wanted)} " in f" {' '.join(found)} ":
            return True
    return False


def _overlap_f1(gold: Sequence[str], answer: Sequence[str]) -> float:
    if not gold and not answer:
        return 1.0
    common = (Counter(gold) & Counter(answer)).total()
    return 2 * common / (len(gold) + len(answer))


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
