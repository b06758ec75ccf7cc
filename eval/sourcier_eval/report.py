"""Metrics -> tables on the terminal."""

from collections.abc import Iterator
from typing import cast

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sourcier_eval.metric_names import MEANS, OTHERS, PARITY, RISKS
from sourcier_eval.summary import Block, Gap, GroupMetrics, RunMetrics

NOTHING = "-"  # where there was nothing to measure

# "block.key" -> heading, in the order of the columns of the table of groups.
_GROUP_COLUMNS = {
    "page.hit@1": "hit@1",
    "page.hit@5": "hit@5",
    "page.mrr": "MRR",
    "answer.containment": "answer",
    "abstention.recall": "absR",
    "risk.unsupported": "wrong",
    "latency_ms.p50": "p50ms",
    "latency_ms.p95": "p95ms",
}


def render_metrics(metrics: RunMetrics) -> RenderableType:
    """Return tables for a terminal of 80 columns or more: retrieval, the rest, groups where there are any."""
    overall = metrics["overall"]
    parts: list[RenderableType] = [
        _heading(metrics["set"], overall),
        _retrieval_table(overall),
        _other_table(overall),
    ]
    if len(metrics["by_language"]) > 1 or metrics["by_kind"]:
        parts.append(_group_table(metrics))
    if any(gap for gaps in metrics["parity"].values() for gap in gaps.values()):
        parts.append(_parity_table(metrics))
    return Group(*parts)


def _heading(name: str, overall: GroupMetrics) -> Text:
    counts = (
        f"{overall['questions']} questions, {overall['answerable']} answerable, "
        f"{overall['unanswerable']} unanswerable"
    )
    heading = Text.assemble((name, "bold"), f": {counts}")
    if overall["missing"]:
        heading.append(f"; {overall['missing']} without a result, counted as failures", style="bold red")
    return heading


def _retrieval_table(overall: GroupMetrics) -> Table:
    table = _table("Retrieval: mean [95 % interval]")
    table.add_column("measure")
    table.add_column("page", justify="right")
    table.add_column("document", justify="right")
    for key in overall["page"]:
        table.add_row(key, _with_interval(overall, f"page.{key}"), _with_interval(overall, f"document.{key}"))
    return table


def _other_table(overall: GroupMetrics) -> Table:
    table = _table("Answers, abstention, risk, latency: value [95 % interval]")
    table.add_column("measure")
    table.add_column("value", justify="right")
    table.add_column("questions", justify="right")
    for name in (*MEANS, *RISKS, *OTHERS):
        block, key = name.split(".", 1)
        if block not in {"page", "document"}:
            measured = overall["measured"].get(block, {}).get(key)
            of = "" if measured is None else str(measured)
            table.add_row(_label(block, key), _with_interval(overall, name), of)
    return table


def _group_table(metrics: RunMetrics) -> Table:
    table = _table(
        "By language and kind: pages found, answer containment, abstention, wrong answers, latency"
    )
    table.add_column("group", overflow="fold")
    table.add_column("n", justify="right")
    for heading in _GROUP_COLUMNS.values():
        table.add_column(heading, justify="right")
    for name, group in _named_groups(metrics):
        values = (_value(group, column) for column in _GROUP_COLUMNS)
        # Text: a kind is the set author's word and may look like markup.
        table.add_row(Text(name), str(group["questions"]), *values)
    return table


def _parity_table(metrics: RunMetrics) -> Table:
    table = _table("Parity: gap [95 % interval]")
    table.add_column("measure")
    for name in metrics["parity"]:
        table.add_column(name.replace("_", " "), justify="right")
    for name in PARITY:
        table.add_row(name, *(_gap(gaps[name]) for gaps in metrics["parity"].values()))
    return table


def _gap(gap: Gap | None) -> str:
    if gap is None:
        return NOTHING
    low, high = gap["interval_95"]
    return rf"{gap['gap']:+.3f} \[{low:+.2f}, {high:+.2f}]"


def _table(title: str) -> Table:
    return Table(
        title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False
    )


def _label(block: str, key: str) -> str:
    words = f"{block} {key}".replace("_", " ")
    return words if block != "latency_ms" else f"latency {key}, ms"


def _named_groups(metrics: RunMetrics) -> Iterator[tuple[str, GroupMetrics]]:
    yield "all", metrics["overall"]
    yield from metrics["by_language"].items()
    yield from metrics["by_kind"].items()


def _with_interval(group: GroupMetrics, name: str) -> str:
    block, key = name.split(".", 1)
    interval = group["interval_95"].get(block, {}).get(key)
    value = _value(group, name)
    return value if interval is None else rf"{value} \[{interval[0]:.2f}, {interval[1]:.2f}]"


def _value(group: GroupMetrics, name: str) -> str:
    block, key = name.split(".", 1)
    value = cast("dict[str, Block]", group)[block][key]
    if value is None:
        return NOTHING
    return f"{value:.0f}" if block == "latency_ms" or key == "abstained" else f"{value:.3f}"
