"""A run -> the tables of its report."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sourcier_eval.baseline import value_of
from sourcier_eval.markup import Markup, element, join
from sourcier_eval.metric_names import MEANS, OTHERS, PARITY, RISKS, lower_is_better
from sourcier_eval.plots import interval_bar
from sourcier_eval.run_files import Run
from sourcier_eval.summary import Gap, GroupMetrics

NOTHING = "–"  # where there was nothing to measure

_HEADLINE = {
    "page.hit@5": "found the right page among the first 5",
    "risk.unsupported": "of the answers given are wrong",
    "abstention.recall": "of the unanswerable questions got no answer",
    "abstention.false_rate": "of the answerable questions got no answer",
}
_BLOCKS = {
    "Answers and citations": ("answer", "citations"),
    "Abstention and risk": ("abstention", "risk"),
}
_GROUP_COLUMNS = {
    "page.hit@1": "Hit@1",
    "page.hit@5": "Hit@5",
    "page.mrr": "MRR",
    "answer.containment": "Answer contained",
    "citations.precision": "Citations right",
    "risk.unsupported": "Answers wrong",
    "abstention.recall": "Rightly silent",
    "abstention.false_rate": "Wrongly silent",
    "latency_ms.p50": "p50 ms",
    "latency_ms.p95": "p95 ms",
}
_PARITY_NAMES = {
    "french_minus_english": "French less English",
    "cross_lingual_minus_rest": "Cross-lingual less the rest",
}


def headline(run: Run) -> Iterator[Markup]:
    """Give the figures that are read first."""
    overall = run.metrics["overall"]
    tiles = [_tile(overall, name, words) for name, words in _HEADLINE.items()]
    median = value_of(overall, "latency_ms.p50")
    tiles.append(
        element(
            "li",
            element("strong", NOTHING if median is None else f"{median:.0f} ms"),
            element("span", "was the median time to an answer"),
        )
    )
    yield element("ul", *tiles, class_="tiles")


def metric_tables(run: Run) -> Iterator[Markup]:
    """Give every metric with its interval, then the groups and the gaps between them."""
    overall = run.metrics["overall"]
    yield _section("Retrieval", _retrieval(overall), _INTERVALS)
    for title, blocks in _BLOCKS.items():
        names = [name for name in (*MEANS, *RISKS, *OTHERS) if name.split(".")[0] in blocks]
        yield _section(title, _measures(title, overall, names))
    if run.metrics["by_kind"] or len(run.metrics["by_language"]) > 1:
        for title, groups in (
            ("By language", run.metrics["by_language"]),
            ("By kind of question", run.metrics["by_kind"]),
        ):
            if groups:
                yield _section(title, _groups(title, groups, overall))
    if any(gap for gaps in run.metrics["parity"].values() for gap in gaps.values()):
        yield _section("Parity", _parity(run), _PARITY)


def settings_table(run: Run) -> Markup:
    """Return the settings of the run, closed until asked for."""
    rows = [[element("code", key), element("code", value)] for key, value in _flat(run.settings)]
    return element(
        "details",
        element("summary", "Settings of this run"),
        table("Settings", ["Setting", "Value"], rows),
        class_="settings",
    )


def table(
    name: str, headings: Sequence[str], rows: Iterable[Sequence[str]], *, style: str | None = None
) -> Markup:
    """Return a table in a frame that scrolls by itself where the page is narrow.

    Args:
        name: What it shows, for those who do not see it.
        headings: Of the columns.
        rows: The first cell of each heads its row.
        style: Of the style sheet: "numbers" where all but the first column are numbers.
    """
    head = element("tr", *(element("th", heading, scope="col") for heading in headings))
    body = [
        element("tr", element("th", first, scope="row"), *(element("td", cell) for cell in rest))
        for first, *rest in rows
    ]
    whole = element("table", element("thead", head), element("tbody", *body), class_=style)
    return element("div", whole, class_="scroll", role="region", aria_label=name, tabindex="0")


_INTERVALS = (
    "Means over questions, with 95 % bootstrap intervals: where another set of questions like these could "
    "have put them."
)
_PARITY = "Above 0 the first group does better. An interval that holds 0 may be chance."


def _section(title: str, content: Markup, words: str | None = None) -> Markup:
    return element(
        "section", element("h2", title), element("p", words, class_="lead") if words else None, content
    )


def _tile(group: GroupMetrics, name: str, words: str) -> Markup:
    value, interval = value_of(group, name), _interval(group, name)
    if value is None or interval is None:
        return element("li", element("strong", NOTHING), element("span", words))
    low, high = interval
    return element(
        "li",
        element("strong", f"{100 * value:.0f} %"),
        element("span", words),
        interval_bar(value, low, high),
        element("small", f"{100 * low:.0f} to {100 * high:.0f} %"),
    )


def _retrieval(overall: GroupMetrics) -> Markup:
    rows = [
        [
            _label(key, MEANS[f"page.{key}"]),
            *_estimate(overall, f"page.{key}"),
            *_estimate(overall, f"document.{key}"),
        ]
        for key in overall["page"]
    ]
    headings = ["Measure", "Pages", "95 % interval", "Documents", "95 % interval"]
    return table("Retrieval", headings, rows, style="numbers paired")


def _measures(title: str, overall: GroupMetrics, names: Iterable[str]) -> Markup:
    meanings = {**MEANS, **RISKS, **OTHERS}
    rows = []
    for name in names:
        block, key = name.split(".", 1)
        count = overall["measured"].get(block, {}).get(key)
        hint = " Lower is better." if lower_is_better(name) else ""
        label = _label(f"{block} {key}".replace("_", " "), meanings[name], hint)
        rows.append([label, *_estimate(overall, name), "" if count is None else str(count)])
    return table(title, ["Measure", "Value", "95 % interval", "Questions"], rows, style="numbers")


def _label(name: str, meaning: str, hint: str = "") -> Markup:
    sentence = f"{meaning[0].upper()}{meaning[1:]}.{hint}".replace(" %", "\N{NO-BREAK SPACE}%")
    return join(element("span", name, class_="name"), element("small", sentence))


def _estimate(group: GroupMetrics, name: str) -> tuple[str, Markup]:
    value, interval = value_of(group, name), _interval(group, name)
    if value is None or interval is None:
        return number(name, value), join("")
    low, high = interval
    return number(name, value), join(interval_bar(value, low, high), f" {low:.2f}–{high:.2f}")


def _groups(title: str, groups: Mapping[str, GroupMetrics], overall: GroupMetrics) -> Markup:
    rows = [
        [
            name,
            str(group["questions"]),
            *(number(column, value_of(group, column)) for column in _GROUP_COLUMNS),
        ]
        for name, group in (*groups.items(), ("all", overall))
    ]
    return table(title, ["Group", "Questions", *_GROUP_COLUMNS.values()], rows, style="numbers")


def _parity(run: Run) -> Markup:
    parity = run.metrics["parity"]
    rows = [[name, *(_gap(gaps[name]) for gaps in parity.values())] for name in PARITY]
    return table("Parity", ["Measure", *(_PARITY_NAMES[name] for name in parity)], rows, style="numbers")


def _gap(gap: Gap | None) -> str:
    if gap is None:
        return NOTHING
    (low, high), (first, second) = gap["interval_95"], gap["questions"]
    numbers = f"{gap['gap']:+.3f} [{low:+.2f}, {high:+.2f}]".replace("-", "\N{MINUS SIGN}")
    return f"{numbers}, {first} and {second} questions"


def _interval(group: GroupMetrics, name: str) -> list[float] | None:
    block, key = name.split(".", 1)
    return group["interval_95"].get(block, {}).get(key)


def number(name: str, value: float | None) -> str:
    """Return a metric's value as it is written in tables."""
    if value is None:
        return NOTHING
    whole = name.startswith("latency_ms.") or name == "abstention.abstained"
    return f"{value:.0f}" if whole else f"{value:.3f}"


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", "" if value is None else str(value)
