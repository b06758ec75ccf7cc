"""Work -> what it cost: processor and wall seconds, of this process and its children; memory of others.

Linux only where it looks at other processes: /proc is read.
"""

import os
import resource
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")  # of the processor time in /proc, a second


@dataclass(frozen=True, slots=True)
class Cost:
    """What a piece of work took."""

    cpu: float  # seconds, of this process and its children
    wall: float  # seconds


def cpu_seconds() -> float:
    """Return the processor time taken so far by this process and all its children, ended or not."""
    ended = sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )
    return ended + sum(process_cpu_seconds(process) for process in descendants(os.getpid()))


def measure(work: Callable[[], object]) -> Cost:
    """Do a piece of work once."""
    cpu, wall = cpu_seconds(), time.perf_counter()
    work()
    return Cost(cpu_seconds() - cpu, time.perf_counter() - wall)


def interleaved(works: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[Cost]]:
    """Do several pieces of work in turn, again and again: a busy spell of the machine meets all of them."""
    costs: dict[str, list[Cost]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            costs[name].append(measure(work))
    return costs


def cpu_median(costs: Sequence[Cost]) -> float:
    """Return the median of the processor seconds."""
    return statistics.median(cost.cpu for cost in costs)


def wall_median(costs: Sequence[Cost]) -> float:
    """Return the median of the wall seconds."""
    return statistics.median(cost.wall for cost in costs)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of the values lies, by nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def descendants(process: int) -> list[int]:
    """Return the ids of the running children of a process, and of their children."""
    found: list[int] = []
    for file in PROC.glob(f"{process}/task/*/children"):
        for child in map(int, _read(file).split()):
            found += [child, *descendants(child)]
    return found


def process_cpu_seconds(process: int) -> float:
    """Return the processor time of a process, without its children; 0.0 when it is gone."""
    fields = _read(PROC / str(process) / "stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS if fields else 0.0


def memory_megabytes(process: int, field: str) -> float:
    """Return a figure of a process's memory; 0.0 when it is gone.

    Args:
        process: Its id.
        field: "VmRSS", resident now; "RssAnon", of it what no file backs; or "VmHWM", the most resident so
            far. Not `ru_maxrss`, which starts at what the process that started it had.
    """
    for line in _read(PROC / str(process) / "status").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def command_line(process: int) -> str:
    """Return the command that a process runs; empty when it is gone."""
    return _read(PROC / str(process) / "cmdline").replace("\0", " ")


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:  # the process ended meanwhile, or this is not Linux
        return ""
