"""A comparison -> tables on the terminal."""

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sourcier_eval.comparison import (
    FOUND_WITHIN,
    AnswerChange,
    Comparison,
    GroupDifference,
    MetricDifference,
    PageChange,
)
from sourcier_eval.locations import Location
from sourcier_eval.metric_names import lower_is_better

NOTHING = "-"  # where there was nothing to measure
SIGNIFICANT = 0.05
SHOWN = 50  # questions listed of each sort; the file written with --out has all

# Heading by metric, in the order of the columns of the table of groups.
_GROUP_COLUMNS = {
    "page.hit@5": "hit@5",
    "answer.containment": "answer",
    "risk.unsupported": "unsupp.",
    "abstention.recall": "absR",
    "abstention.false_rate": "falseR",
}


def render_comparison(comparison: Comparison) -> RenderableType:
    """Return tables for a terminal of 80 columns or more."""
    heading = Text.assemble(
        (comparison.set, "bold"),
        f", {comparison.overall.questions} questions: ",
        (comparison.base, "bold"),
        " -> ",
        (comparison.other, "bold"),
    )
    parts: list[RenderableType] = [heading, _metric_table(comparison.overall)]
    groups = (*comparison.by_language, *comparison.by_kind)
    if len(groups) > 1:
        parts.append(_group_table((comparison.overall, *groups)))
    parts += [
        _pages(f"Pages won: among the first {FOUND_WITHIN} now", comparison.pages_won),
        _pages(f"Pages lost: no longer among the first {FOUND_WITHIN}", comparison.pages_lost),
        _answers("Answers won: right now", comparison.answers_won),
        _answers("Answers lost: no longer right", comparison.answers_lost),
    ]
    return Group(*parts)


def _metric_table(group: GroupDifference) -> Table:
    table = _table(f"Means, difference [95 % interval], p; * where p < {SIGNIFICANT}")
    for heading in ("measure", "base", "other", "difference", "p"):
        table.add_column(heading, justify="left" if heading == "measure" else "right")
    for metric in group.metrics:
        table.add_row(
            metric.name,
            _number(metric.name, metric.base),
            _number(metric.name, metric.other),
            _with_interval(metric),
            Text(f"{metric.difference.p_value:.3f}" if metric.difference else NOTHING),
        )
    return table


def _group_table(groups: Iterable[GroupDifference]) -> Table:
    table = _table("By language and kind: other, and its difference from base")
    table.add_column("group", overflow="fold", min_width=13)
    table.add_column("n", justify="right")
    for heading in _GROUP_COLUMNS.values():
        table.add_column(heading, justify="right")
    for group in groups:
        by_name = {metric.name: metric for metric in group.metrics}
        # Text: a kind is the set author's word and may look like markup.
        table.add_row(Text(group.name), str(group.questions), *(_cell(by_name[n]) for n in _GROUP_COLUMNS))
    return table


def _pages(title: str, changes: Sequence[PageChange]) -> RenderableType:
    if not changes:
        return Text(f"{title}: none\n")
    table = _table()
    for heading in ("question", "page", "rank"):
        table.add_column(heading, overflow="fold")
    for change in changes[:SHOWN]:
        ranks = f"{change.base_rank or NOTHING} -> {change.other_rank or NOTHING}"
        table.add_row(Text(change.id), Text(place(change.page)), ranks)
    return _listed(title, table, len(changes))


def _answers(title: str, changes: Sequence[AnswerChange]) -> RenderableType:
    if not changes:
        return Text(f"{title}: none\n")
    table = _table()
    for heading in ("question", "was", "is"):
        table.add_column(heading, overflow="fold")
    for change in changes[:SHOWN]:
        table.add_row(Text(change.id), change.base, change.other)
    return _listed(title, table, len(changes))


def place(location: Location) -> str:
    """Return a place as people name it."""
    document, page = location
    return document if page is None else f"{document} p. {page}"


def _listed(title: str, table: Table, count: int) -> RenderableType:
    # Not the table's own title, which would be broken to the width of a narrow table.
    parts: list[RenderableType] = [Text(f"{title} ({count})", style="italic"), table]
    if count > SHOWN:
        parts.append(Text(f"and {count - SHOWN} more\n"))
    return Group(*parts)


def _table(title: str | None = None) -> Table:
    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)


def _with_interval(metric: MetricDifference) -> Text:
    found = metric.difference
    if found is None:
        return Text(NOTHING)
    low, high = (_signed(metric.name, bound) for bound in (found.low, found.high))
    return Text(f"{_signed(metric.name, found.mean)} [{low}, {high}]{_mark(metric)}", style=_style(metric))


def _cell(metric: MetricDifference) -> Text:
    if metric.difference is None or metric.other is None:
        return Text(NOTHING)
    return Text(f"{metric.other:.2f} {metric.difference.mean:+.2f}{_mark(metric)}", style=_style(metric))


def _mark(metric: MetricDifference) -> str:
    return "*" if metric.difference and metric.difference.p_value < SIGNIFICANT else ""


def _style(metric: MetricDifference) -> str:
    if not _mark(metric) or metric.difference is None:
        return ""
    return "green" if (metric.difference.mean < 0) == lower_is_better(metric.name) else "red"


def _number(name: str, value: float | None) -> str:
    if value is None:
        return NOTHING
    return f"{value:.0f}" if name.startswith("latency_ms.") else f"{value:.3f}"


def _signed(name: str, value: float) -> str:
    return f"{value:+.0f}" if name.startswith("latency_ms.") else f"{value:+.3f}"
