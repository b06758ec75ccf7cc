"""Runs the benchmarks: `python -m eval.benchmarks [NAME...]` from the repository's root, or `make bench`.

The modules are imported as `benchmarks`: the editable installation has `eval/` on its path, and `eval` itself
is a folder, not a package.
"""

import argparse
import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from rich.console import Console

from benchmarks.reporting import Report, print_report, write_report
from benchmarks.workbench import Options, Workbench

WIDTH = 150  # characters of the tables at least: a wide line folds better than a narrow column
NAMES = (
    "ingest",
    "question",
    "index",
    "start",
    "memory",
    "versions",
)  # a module each, with `run(bench) -> Report`


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmarks named, print their tables and write their JSON."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    warnings.filterwarnings("ignore", message="Local mode is not recommended")
    logging.getLogger("llama_index").setLevel(
        logging.ERROR
    )  # that it would read other formats with more packages
    parser = argparse.ArgumentParser(prog="python -m eval.benchmarks", description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; default all")
    parser.add_argument("--pdfs", type=Path, default=Path("samples/pdf"), help="folder of PDFs to work on")
    parser.add_argument("--out", type=Path, default=Path("build/benchmarks"), help="folder of the results")
    parser.add_argument("--repeats", type=int, default=3, help="of each thing measured; the median counts")
    parser.add_argument(
        "--large",
        type=int,
        nargs="?",
        const=200_000,
        default=0,
        metavar="CHUNKS",
        help="also query an index of so many chunks (200,000 without a number); minutes, without local mode",
    )
    given = parser.parse_args(arguments)
    unknown = sorted(set(given.names) - set(NAMES))
    if unknown:
        parser.error(f"no benchmark of the name {', '.join(unknown)}; there are {', '.join(NAMES)}")
    names = given.names or NAMES
    if {"ingest", "question", "start"} & set(names) and not list(given.pdfs.rglob("*.pdf")):
        parser.error(f"no PDF in {given.pdfs}: `make samples` makes the sample documents")
    _run(names, Options(given.pdfs, given.out, given.repeats, given.large))


def _run(names: Sequence[str], options: Options) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was made is removed also then
    console = Console(highlight=False)
    console.width = max(console.width, WIDTH)
    bench = Workbench(options, lambda doing: console.print(f"[dim]{doing}[/]"))
    try:
        for name in names:
            run: Callable[[Workbench], Report] = import_module(f"benchmarks.{name}").run
            report = run(bench)
            print_report(report, console)
            console.print(f"[dim]written to {write_report(report, options.out)}[/]")
    finally:
        bench.close()


if __name__ == "__main__":
    main()
