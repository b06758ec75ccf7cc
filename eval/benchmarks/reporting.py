"""Measurements and ratios -> a table to read and a JSON file to compare. Nothing here passes or fails."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.measuring import Cost, cpu_median, wall_median

PACKAGES = (
    "llama-index-core",
    "onnxruntime",
    "pypdf",
    "pypdfium2",
    "qdrant-client",
    "qdrant-edge-py",
    "sentence-transformers",
    "torch",
)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One thing that was done a few times."""

    name: str
    costs: Sequence[Cost]  # one a repeat
    count: int  # of units done in each repeat
    unit: str  # "page", "question"

    @property
    def cpu(self) -> float:
        """Median processor seconds of one unit."""
        return cpu_median(self.costs) / self.count

    @property
    def wall(self) -> float:
        """Median wall seconds of one unit."""
        return wall_median(self.costs) / self.count


@dataclass(frozen=True, slots=True)
class Budget:
    """What DESIGN allows a ratio or a figure to be."""

    limit: float
    at_most: bool = True

    def __str__(self) -> str:
        return f"{'at most' if self.at_most else 'at least'} {self.limit:g}"

    def holds(self, value: float) -> bool:
        """Tell whether a value is within the budget."""
        return value <= self.limit if self.at_most else value >= self.limit


@dataclass(frozen=True, slots=True)
class Figure:
    """A ratio against a named reference, or a plain figure where the reference is empty."""

    name: str
    value: float
    unit: str  # "x" for a ratio
    reference: str = ""
    budget: Budget | None = None

    @property
    def verdict(self) -> str:
        """Say "met" or "missed" where there is a budget."""
        if self.budget is None:
            return ""
        return "met" if self.budget.holds(self.value) else "missed"


@dataclass(slots=True)
class Report:
    """What one benchmark found."""

    benchmark: str
    about: str  # what was measured on what, in a line
    measurements: list[Measurement] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)

    def measured(self, name: str, costs: Sequence[Cost], count: int, unit: str) -> Measurement:
        """Add a measurement and return it."""
        measurement = Measurement(name, tuple(costs), count, unit)
        self.measurements.append(measurement)
        return measurement

    def figure(
        self, name: str, value: float, unit: str, *, reference: str = "", budget: Budget | None = None
    ) -> None:
        """Add a figure."""
        self.figures.append(Figure(name, value, unit, reference, budget))

    def ratio(self, name: str, value: float, reference: str, budget: Budget | None = None) -> None:
        """Add a ratio against a reference."""
        self.figure(name, value, "x", reference=reference, budget=budget)


def print_report(report: Report, console: Console) -> None:
    """Print one benchmark's tables."""
    console.print(f"\n[bold]{report.benchmark}[/]: {report.about}")
    if report.measurements:
        table = Table("done", "units", "CPU ms each", "wall ms each", "CPU ms, least to most", "repeats")
        for m in report.measurements:
            each = sorted(1000 * cost.cpu / m.count for cost in m.costs)
            spread = f"{each[0]:.2f} to {each[-1]:.2f}"
            units = f"{m.count} {m.unit}"
            row = (m.name, units, f"{1000 * m.cpu:.2f}", f"{1000 * m.wall:.2f}", spread, str(len(each)))
            table.add_row(*row)
        console.print(table)
    table = Table("figure", "value", "against", "budget", "")
    for f in report.figures:
        value = f"{f.value:.2f} {f.unit}" if abs(f.value) < 100 else f"{f.value:,.0f} {f.unit}"
        table.add_row(f.name, value, f.reference, str(f.budget or ""), f.verdict)
    console.print(table)


def write_report(report: Report, folder: Path) -> Path:
    """Write one benchmark's JSON."""
    path = folder / f"{report.benchmark}.json"
    path.write_text(json.dumps(_values(report), indent=2, ensure_ascii=False), encoding="utf-8")
    return path


def _values(report: Report) -> dict[str, Any]:
    return {
        "benchmark": report.benchmark,
        "about": report.about,
        "machine": {
            "cores": os.cpu_count(),
            "load": os.getloadavg(),
            "platform": platform.platform(),
            "python": platform.python_version(),
            "packages": {name: version(name) for name in PACKAGES},
        },
        "measurements": [
            {
                "name": m.name,
                "unit": m.unit,
                "count": m.count,
                "cpu_seconds_each": m.cpu,
                "wall_seconds_each": m.wall,
                "repeats": [asdict(cost) for cost in m.costs],
            }
            for m in report.measurements
        ],
        "figures": [
            {
                "name": f.name,
                "value": f.value,
                "unit": f.unit,
                "reference": f.reference or None,
                "budget": str(f.budget) if f.budget else None,
                "verdict": f.verdict or None,
            }
            for f in report.figures
        ],
    }
