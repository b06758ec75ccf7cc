"""Benchmark: from `sourcier serve` to its first ready reply, against importing sentence-transformers."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.measuring import Cost, measure, memory_megabytes, process_cpu_seconds
from benchmarks.reporting import Budget, Report
from benchmarks.workbench import EXPORTS_VARIABLE, Workbench
from sourcier_core.home import Home, RunningServer

POLL_SECONDS = 0.01
GIVE_UP_SECONDS = 120.0
LEAST_FASTER = Budget(5.0, at_most=False)
MOST_MEMORY = Budget(400.0)  # MB
REFERENCE = "python -c 'import sentence_transformers'"
_IMPORT = "import sentence_transformers; print(open('/proc/self/status').read())"


@dataclass(frozen=True, slots=True)
class Start:
    """One start of the server."""

    cost: Cost  # until it was ready
    ready_megabytes: float  # resident when it was ready
    anonymous_megabytes: float  # of them, those that no file backs: not given back under pressure
    asked_megabytes: float  # the most, once it had answered a question


def run(bench: Workbench) -> Report:
    """Start the server on the PDFs' home and on 50,000 chunks, and import the reference, in turn."""
    homes = {
        f"the PDFs' index ({sum(map(len, bench.pdf_home.texts)):,} chunks)": bench.pdf_home.path,
        f"an index of {bench.synthetic_home.collection.size:,} chunks": bench.synthetic_home.path,
    }
    report = Report("start", "command until GET /readyz says 200; a new process each time, files cached")
    starts: dict[str, list[Start]] = {name: [] for name in homes}
    imports: list[tuple[Cost, float]] = []
    bench.say(f"starting the server {len(homes) * bench.options.repeats} times")
    for _ in range(bench.options.repeats):
        for name, home in homes.items():
            starts[name].append(_start(home, bench.exports))
        imports.append(_import_reference())
    reference = report.measured(REFERENCE, [cost for cost, _ in imports], 1, "process")
    report.figure(f"memory: {REFERENCE}", median(megabytes for _, megabytes in imports), "MB")
    for name, found in starts.items():
        ready = report.measured(f"sourcier serve, {name}", [start.cost for start in found], 1, "process")
        report.ratio(f"wall time saved: {name}", reference.wall / ready.wall, REFERENCE, LEAST_FASTER)
        report.ratio(f"CPU saved: {name}", reference.cpu / ready.cpu, REFERENCE, LEAST_FASTER)
        at_start = median(start.ready_megabytes for start in found)
        report.figure(f"memory when ready: {name}", at_start, "MB", budget=MOST_MEMORY)
        anonymous = median(start.anonymous_megabytes for start in found)
        report.figure(f"of it not backed by files: {name}", anonymous, "MB")
        most = median(start.asked_megabytes for start in found)
        report.figure(f"most memory after a question: {name}", most, "MB", budget=MOST_MEMORY)
    return report


def _start(home: Path, exports: Path) -> Start:
    start = time.perf_counter()
    with _served(home, exports) as process:
        server = _wait_until_ready(home, process, start)
        cost = Cost(process_cpu_seconds(process.pid), time.perf_counter() - start)
        ready = memory_megabytes(process.pid, "VmRSS")
        anonymous = memory_megabytes(process.pid, "RssAnon")
        _ask(server, "What is the deadline and who decides?")
        return Start(cost, ready, anonymous, memory_megabytes(process.pid, "VmHWM"))


@contextmanager
def _served(home: Path, exports: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = Path(sys.executable).parent / "sourcier"
    process = subprocess.Popen(
        [str(command), "--home", str(home), "serve", "--port", "0"],
        stdout=subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", EXPORTS_VARIABLE: str(exports)},
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _wait_until_ready(home: Path, process: subprocess.Popen[bytes], start: float) -> RunningServer:
    while time.perf_counter() - start < GIVE_UP_SECONDS and process.poll() is None:
        server = Home(home).running_server()
        if server is not None and server.pid == process.pid and _is_ready(server):
            return server
        time.sleep(POLL_SECONDS)
    raise RuntimeError(f"the server of {home} did not become ready")


def _is_ready(server: RunningServer) -> bool:
    try:
        with urllib.request.urlopen(f"{server.address}/readyz", timeout=GIVE_UP_SECONDS) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _ask(server: RunningServer, question: str) -> None:
    request = urllib.request.Request(
        f"{server.address}/v1/answer",
        data=json.dumps({"question": question}).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {server.token}"},
    )
    with urllib.request.urlopen(request, timeout=GIVE_UP_SECONDS) as reply:
        reply.read()


def _import_reference() -> tuple[Cost, float]:
    printed = ""

    def work() -> None:
        nonlocal printed
        printed = subprocess.run(
            [sys.executable, "-c", _IMPORT], check=True, capture_output=True, text=True
        ).stdout

    cost = measure(work)
    line = next(line for line in printed.splitlines() if line.startswith("VmHWM:"))
    return cost, int(line.split()[1]) / 1024
