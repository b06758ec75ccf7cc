"""Benchmark: the most memory that ingesting 1,600 pages takes, in parent and reader, against 160 pages."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.long_pdf import write_long_pdf
from benchmarks.measuring import Cost, command_line, descendants, measure, memory_megabytes
from benchmarks.reporting import Budget, Report
from benchmarks.workbench import EXPORTS_VARIABLE, Workbench

SHORT, LONG = 160, 1600  # pages
POLL_SECONDS = 0.05
MOST_GROWTH = Budget(1.25)
READER = "sourcier_ingestion.pdf_child"


@dataclass(frozen=True, slots=True)
class Peak:
    """The most memory that one ingestion took, and what it cost."""

    parent: float  # MB
    reader: float  # MB, of the confined process
    both: float  # MB, at one moment
    cost: Cost


def run(bench: Workbench) -> Report:
    """Ingest a short and a long generated PDF by the command line, once each."""
    report = Report("memory", f"`sourcier ingest` of {SHORT} and {LONG:,} generated pages, once each")
    peaks = {}
    with bench.temporary() as folder:
        for pages in (SHORT, LONG):
            bench.say(f"ingesting a PDF of {pages:,} pages")
            path = folder / f"{pages}-pages.pdf"
            write_long_pdf(path, pages)
            peaks[pages] = peak = _ingest(path, folder / f"home-{pages}", bench.exports)
            report.measured(f"ingest {pages:,} pages", [peak.cost], pages, "page")
            for part in ("parent", "reader", "both"):
                report.figure(f"most memory, {part}: {pages:,} pages", getattr(peak, part), "MB")
    for part in ("parent", "reader", "both"):
        ratio = getattr(peaks[LONG], part) / getattr(peaks[SHORT], part)
        report.ratio(f"most memory, {part}: {LONG:,} pages", ratio, f"{SHORT} pages", MOST_GROWTH)
    return report


def _ingest(pdf: Path, home: Path, exports: Path) -> Peak:
    most = {"parent": 0.0, "reader": 0.0, "both": 0.0}

    def work() -> None:
        command = Path(sys.executable).parent / "sourcier"
        process = subprocess.Popen(
            [str(command), "--home", str(home), "ingest", str(pdf)],
            stdout=subprocess.DEVNULL,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", EXPORTS_VARIABLE: str(exports)},
        )
        while process.poll() is None:
            _look(process.pid, most)
            time.sleep(POLL_SECONDS)
        if process.returncode:
            raise RuntimeError(f"sourcier ingest {pdf} ended with {process.returncode}")

    return Peak(cost=measure(work), **most)


def _look(process: int, most: dict[str, float]) -> None:
    readers = [child for child in descendants(process) if READER in command_line(child)]
    now = memory_megabytes(process, "VmRSS") + sum(memory_megabytes(child, "VmRSS") for child in readers)
    peaks = [memory_megabytes(child, "VmHWM") for child in readers]
    most["parent"] = max(most["parent"], memory_megabytes(process, "VmHWM"))
    most["reader"] = max(most["reader"], *peaks, 0.0)
    most["both"] = max(most["both"], now)
