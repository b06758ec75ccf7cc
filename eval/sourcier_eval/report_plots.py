"""A run -> the plots of its report, each with its numbers as a table."""

from collections.abc import Iterator, Sequence

import numpy as np

from sourcier_eval.judgements import Judgement, judge_all
from sourcier_eval.locations import document_level, page_level
from sourcier_eval.markup import Markup, element
from sourcier_eval.metric_names import CUTOFFS
from sourcier_eval.plots import SHARES, Axis, Plot, round_ticks
from sourcier_eval.report_tables import table
from sourcier_eval.retrieval_metrics import recall_at
from sourcier_eval.risks import confidences
from sourcier_eval.run_files import Run
from sourcier_eval.selective import Floats, reliability, risk_coverage

_BARS = 20  # of the histogram, about
_TABLE_ROWS = 12  # of the risk-coverage curve's table, about


def plot_figures(run: Run) -> Iterator[Markup]:
    """Give the plots for which the run has numbers."""
    by_id = {row.id: row for row in run.rows}
    pairs = [
        (question, by_id[question.id]) for question in run.question_set.questions if question.id in by_id
    ]
    judged = judge_all(pairs)
    confidence, wrong = confidences(judged)
    if any(question.answerable and question.gold for question in run.question_set.questions):
        yield _recall(run)
    if len(confidence):
        yield _risk(confidence, wrong, judged)
        yield _reliability(confidence, wrong)
    if run.rows:
        yield _latency([row.latency_ms for row in run.rows])


def _recall(run: Run) -> Markup:
    """Plot the share of gold found among the first k, for each k up to what was retrieved."""
    by_id = {row.id: row for row in run.rows}
    last = max(CUTOFFS[-1], *(len(row.passages) for row in run.rows), 0) if run.rows else CUTOFFS[-1]
    cutoffs = range(1, last + 1)
    pages: list[list[float]] = []
    documents: list[list[float]] = []
    for question in run.question_set.questions:
        if question.answerable and question.gold:
            row = by_id.get(question.id)
            ranked = [passage.location for passage in row.passages] if row else []
            by_page, by_document = page_level(ranked, question.gold), document_level(ranked, question.gold)
            pages.append([recall_at(*by_page, k) for k in cutoffs])
            documents.append([recall_at(*by_document, k) for k in cutoffs])
    page_means, document_means = np.mean(pages, axis=0).tolist(), np.mean(documents, axis=0).tolist()
    plot = Plot(
        "recall",
        "Recall by number of pages looked at",
        f"Pages: {page_means[0]:.2f} among the first, {page_means[4]:.2f} among 5, {page_means[-1]:.2f} "
        f"among {last}. Documents: {document_means[0]:.2f} among the first, {document_means[-1]:.2f} "
        f"among {last}.",
        Axis("pages looked at", [1, *range(2, last + 1, 2)], 1, last, digits=0),
        Axis("share found", SHARES),
    )
    for means, style, name in ((document_means, "b", "documents"), (page_means, "a", "pages")):
        points = list(zip(cutoffs, means, strict=True))
        plot.line(points, style)
        plot.dots(points, style)
        plot.label(last, means[-1], name, anchor="end", dy=-10 if style == "b" and means[-1] < 0.9 else 18)
    rows = [[str(k), f"{page_means[k - 1]:.3f}", f"{document_means[k - 1]:.3f}"] for k in cutoffs]
    return _figure(
        plot,
        "How much is found",
        "Of the pages, and of the documents, that answer a question: the share among the first k retrieved.",
        ["k", "Pages", "Documents"],
        rows,
    )


def _risk(confidence: Floats, wrong: Floats, judged: Sequence[Judgement]) -> Markup:
    curve = risk_coverage(confidence, wrong)
    # Of the answers given, not read off the curve: a threshold per language answers others than the surest.
    given = [float(one.wrong) for one in judged if one.confidence is not None and one.answered]
    answered, mistaken = len(given) / len(confidence), sum(given) / max(1, len(given))
    plot = Plot(
        "risk",
        "Risk by coverage",
        f"Of all questions {answered:.2f} were answered, {mistaken:.2f} of these wrongly; had all been "
        f"answered, {curve[-1].risk:.2f} would have been wrong.",
        Axis("share of questions answered, surest first", SHARES),
        Axis("share of these wrong", SHARES),
    )
    plot.line([(point.coverage, point.risk) for point in curve], "a")
    if given:
        plot.dot(answered, mistaken, "now", radius=6)
    shown = sorted({int(i) for i in np.linspace(0, len(curve) - 1, _TABLE_ROWS)})
    rows = [[f"{curve[i].coverage:.2f}", f"{curve[i].risk:.3f}", f"{curve[i].threshold:.2f}"] for i in shown]
    return _figure(
        plot,
        "What answering less would save",
        "Answer only where the confidence is highest: how many answers are then wrong. Where nothing was "
        "answered, the first page offered is judged instead."
        + (" The large dot: this run." if given else ""),
        ["Answered", "Wrong", "Confidence at least"],
        rows,
    )


def _reliability(confidence: Floats, wrong: Floats) -> Markup:
    bins = reliability(confidence, wrong)
    widest = max(bins, key=lambda one: abs(one.confidence - one.right))
    plot = Plot(
        "reliability",
        "Share of right answers by confidence",
        f"{len(bins)} groups of like confidence. Furthest from the diagonal: confidence "
        f"{widest.confidence:.2f}, right {widest.right:.2f}.",
        Axis("confidence", SHARES),
        Axis("share right", SHARES),
    )
    plot.line([(0, 0), (1, 1)], "ideal")
    points = [(one.confidence, one.right) for one in bins]
    plot.line(points, "a")
    plot.dots(points, "a", radius=4.5)
    rows = [[f"{one.confidence:.2f}", f"{one.right:.2f}", str(one.count)] for one in bins]
    return _figure(
        plot,
        "Whether the confidence can be trusted",
        "Each dot a tenth of the questions. On the dotted diagonal it is as sure as right; below, "
        "it was surer than it was right.",
        ["Confidence", "Right", "Questions"],
        rows,
    )


def _latency(milliseconds: Sequence[float]) -> Markup:
    ticks = round_ticks(max(milliseconds))
    step = ticks[1] / max(1, round(_BARS / (len(ticks) - 1)))
    edges = np.arange(0, ticks[-1] + step / 2, step)
    counts, _ = np.histogram(milliseconds, edges)
    p50, p95 = np.percentile(milliseconds, (50, 95))
    plot = Plot(
        "latency",
        "Questions by time to answer",
        f"Half took at most {p50:.0f} ms, 95 % at most {p95:.0f} ms; the longest {max(milliseconds):.0f} ms.",
        Axis("milliseconds", ticks, digits=0),
        Axis("questions", round_ticks(float(counts.max())), digits=0),
    )
    for start, end, count in zip(edges, edges[1:], counts, strict=False):
        if count:
            plot.bar(float(start), float(end), float(count), "a")
    top = round_ticks(float(counts.max()))[-1]
    for value, name, drop in ((p50, "p50", 10), (p95, "p95", 24)):
        plot.upright(float(value), "percentile")
        plot.label(float(value), top, f"{name} {value:.0f}", dx=5, dy=drop)
    rows = [
        [f"{start:.0f}–{end:.0f}", str(count)]
        for start, end, count in zip(edges, edges[1:], counts, strict=False)
        if count
    ]
    words = "Time from question to answer, on the machine and beside the work of that moment."
    return _figure(plot, "How long it took", words, ["Milliseconds", "Questions"], rows)


def _figure(
    plot: Plot, title: str, words: str, headings: Sequence[str], rows: Sequence[Sequence[str]]
) -> Markup:
    return element(
        "figure",
        element("figcaption", element("h2", title), element("p", words)),
        plot.svg(),
        element("details", element("summary", "As a table"), table(title, headings, rows, style="numbers")),
    )
