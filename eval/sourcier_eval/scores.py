"""A question and its row -> its scores, by the names in `metric_names.MEANS`."""

from collections.abc import Collection, Hashable, Sequence

from sourcier_eval.answer_metrics import citation_precision, citation_recall, containment, token_f1
from sourcier_eval.comparable_text import tokens
from sourcier_eval.judgements import judge
from sourcier_eval.locations import Location, document_level, page_level
from sourcier_eval.metric_names import CUTOFFS, NDCG_CUTOFF
from sourcier_eval.question_sets import Question
from sourcier_eval.retrieval_metrics import hit_at, ndcg_at, recall_at, reciprocal_rank
from sourcier_eval.rows import Row


def score_question(question: Question, row: Row | None) -> dict[str, float]:
    """Measure what can be measured on one question; what cannot has no key.

    Args:
        question: With its gold.
        row: None if the run did not reach the question: it then found, answered and cited nothing, and
            decided nothing.

    Returns:
        Values in [0, 1], by name.
    """
    scores: dict[str, float] = {}
    if question.answerable:
        if question.gold:
            ranked = [passage.location for passage in row.passages] if row else []
            scores |= _retrieval_scores(ranked, question.gold)
            cited = [citation.location for citation in row.citations] if row else []
            scores |= _citation_scores(cited, question.gold)
        if question.answer and tokens(question.answer):
            scores |= _answer_scores(question.answer, row)
    if row is not None:
        scores |= _decision_scores(question, row)
    return scores


def _retrieval_scores(ranked: Sequence[Location], gold: Collection[Location]) -> dict[str, float]:
    return _ranking_scores("page", *page_level(ranked, gold)) | _ranking_scores(
        "document", *document_level(ranked, gold)
    )


def _ranking_scores(block: str, ranked: Sequence[Hashable], gold: Collection[Hashable]) -> dict[str, float]:
    return {
        **{f"{block}.hit@{k}": hit_at(ranked, gold, k) for k in CUTOFFS},
        **{f"{block}.recall@{k}": recall_at(ranked, gold, k) for k in CUTOFFS},
        f"{block}.mrr": reciprocal_rank(ranked, gold),
        f"{block}.ndcg@{NDCG_CUTOFF}": ndcg_at(ranked, gold, NDCG_CUTOFF),
    }


def _citation_scores(cited: Sequence[Location], gold: Collection[Location]) -> dict[str, float]:
    scores = {"citations.recall": citation_recall(cited, gold)}
    if cited:
        scores["citations.precision"] = citation_precision(cited, gold)
    return scores


def _answer_scores(gold: str, row: Row | None) -> dict[str, float]:
    answer = row.answer if row else ""
    quotes = [citation.quote for citation in row.citations] if row else []
    contained = containment(gold, [answer, *quotes])
    return {
        "answer.containment": contained.share,
        "answer.containment_strict": float(contained.strict),
        "answer.token_f1": token_f1(gold, answer),
    }


def _decision_scores(question: Question, row: Row) -> dict[str, float]:
    scores = {}
    if row.citations:
        verified = sum(citation.verified for citation in row.citations)
        scores["citations.verified"] = verified / len(row.citations)
    if row.abstained:
        scores["abstention.precision"] = float(not question.answerable)
    rate = "abstention.false_rate" if question.answerable else "abstention.recall"
    scores[rate] = float(row.abstained)
    if judged := judge(question, row):
        scores["risk.full_coverage"] = float(judged.wrong)
        if judged.answered:
            scores["risk.unsupported"] = float(judged.wrong)
    return scores
