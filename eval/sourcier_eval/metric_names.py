"""The keys of metrics.json and what they mean: the one place where they are named.

    {"set": name, "overall": GROUP, "by_language": {"fr": GROUP, ...}, "by_kind": {"paraphrase": GROUP, ...},
     "parity": {"french_minus_english": GAPS, "cross_lingual_minus_rest": GAPS}}

`by_language` follows the questions' `lang`, `by_kind` their `meta.kind` where they have one. GAPS are
{name: {"gap", "interval_95": [low, high], "questions": [of the first, of the second]}} for each of PARITY,
null where one side has no question. A GROUP is

    questions, answerable, unanswerable    how many of the set
    missing                                how many of these have no row; they count 0 in page, document,
                                           answer and citations.recall, and are left out of all else
    status                                 {"answered", "partial", "no_answer"}: rows of each
    page, document, answer, citations      means over questions, see MEANS; each in [0, 1], higher is better
    abstention                             see MEANS and OTHERS; precision, recall and f1 in [0, 1], higher is
                                           better; false_rate in [0, 1], lower is better; abstained a count
    risk                                   see MEANS and RISKS, each in [0, 1], lower is better
    latency_ms                             p50 and p95 of the rows, milliseconds, interpolated linearly
    measured                               {block: {key: questions that it is over}} for MEANS and RISKS
    interval_95                            {block: {key: [low, high]}} for MEANS and RISKS: bootstrap

The interval of the calibration error leans upwards: drawing questions adds noise to each bin.
Null stands where nothing was there to measure. Retrieval is measured on answerable questions with evidence,
on what was retrieved, whether or not an answer was given.
"""

CUTOFFS = (1, 3, 5, 10)
NDCG_CUTOFF = 10
LATENCY_PERCENTILES = (50, 95)
UNANSWERABLE_SHARES = (5, 20, 50)  # percent of the questions asked
FRENCH_ENGLISH = "french_minus_english"
CROSS_LINGUAL = "cross_lingual_minus_rest"


def _retrieval(block: str, what: str) -> dict[str, str]:
    hits = {f"{block}.hit@{k}": f"a gold {what} is among the first {k}" for k in CUTOFFS}
    recalls = {f"{block}.recall@{k}": f"share of gold {what}s among the first {k}" for k in CUTOFFS}
    return {
        **hits,
        **recalls,
        f"{block}.mrr": f"1 / rank of the first gold {what}",
        f"{block}.ndcg@{NDCG_CUTOFF}": f"normalised discounted gain of the first {NDCG_CUTOFF}",
    }


# "block.key" -> of what, per question, it is the mean.
MEANS: dict[str, str] = {
    # Passages are pages (files, where they have none); see locations.page_level for evidence without a page.
    **_retrieval("page", "page"),
    # Distinct documents, ranked by their best passage.
    **_retrieval("document", "document"),
    # Over answerable questions whose gold answer has words.
    "answer.containment": "share of the gold answer's content words in the answer and the quotes",
    "answer.containment_strict": "the gold answer stands whole in the answer or in one quote",
    "answer.token_f1": "F1 of the words of answer and gold answer",
    # Over answerable questions with evidence; precision and verified where something is cited.
    "citations.precision": "share of the cited pages that are gold",
    "citations.recall": "share of the gold pages that are cited",
    # Over all questions with a citation.
    "citations.verified": "share of the citations that were verified",
    # Positive is: abstained. Over abstentions, over unanswerable and over answerable questions with a row.
    "abstention.precision": "share of the abstentions that are right",
    "abstention.recall": "share of the unanswerable questions on which it abstained",
    "abstention.false_rate": "share of the answerable questions on which it abstained",
    # Wrong is, see judgements.judge: nothing cited stands on a gold page, or nothing could.
    "risk.unsupported": "share of the answers given that are wrong",
    "risk.full_coverage": "share that would be wrong, had it answered every question",
}

# Not means over questions, but estimated from them, with intervals too: `selective` has the formulas.
RISKS: dict[str, str] = {
    "risk.area": "area under the risk-coverage curve: mean risk of answering the surest first",
    "risk.calibration_error": "expected calibration error of the confidence, 10 bins of equal mass",
    **{
        f"risk.expected@{share}": f"share of answers that would be wrong, were {share} % of the questions "
        "unanswerable"
        for share in UNANSWERABLE_SHARES
    },
}

# Of these the gap between groups of questions is told.
PARITY = ("page.hit@5", "answer.containment", "answer.containment_strict", "answer.token_f1")

# Neither means nor risks, so without interval.
OTHERS: dict[str, str] = {
    "abstention.f1": "harmonic mean of the abstentions' precision and recall",
    "abstention.abstained": "how many abstentions",
    **{f"latency_ms.p{p}": f"{p} % of the questions took at most so long" for p in LATENCY_PERCENTILES},
}

LATENCY_MEAN = "latency_ms.mean"  # of a comparison only: paired by question


def lower_is_better(name: str) -> bool:
    """Tell whether a fall of the metric of that name is an improvement."""
    return name.startswith(("risk.", "latency_ms.")) or name == "abstention.false_rate"
