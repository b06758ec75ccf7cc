"""Benchmark: pages ingested per CPU second, against embedding alone and a plain llama-index pipeline."""

from pathlib import Path

from benchmarks.measuring import interleaved
from benchmarks.reporting import Budget, Report
from benchmarks.workbench import COLLECTION, Precision, Workbench
from sourcier_core.embedding import open_embedder
from sourcier_ingestion.batch import HomeTarget

ALONE = "embedding the same chunks alone"
PLAIN = "plain llama-index pipeline"
PLAIN_ON_ONE_THREAD = "the same, torch on one thread"
MOST_ABOVE_EMBEDDING = Budget(1.15)
LEAST_OF_PLAIN = Budget(1.0, at_most=False)
LEAST_OF_PLAIN_INT8 = Budget(1.5, at_most=False)


def run(bench: Workbench) -> Report:
    """Ingest the PDFs whole, by both precisions, beside the references.

    What is imported and opened first is not counted: each way has ingested once before.
    """
    home = bench.pdf_home
    _ = bench.plain_store
    chunks = sum(map(len, home.texts))
    about = f"{len(bench.files)} PDFs, {home.pages} pages, {chunks} chunks; warm processes"
    report = Report("ingest", about)
    embedders = {
        precision: open_embedder(bench.settings(home.path, precision).embedding, bench.exports)
        for precision in ("fp32", "int8")
    }

    def embed(precision: str) -> None:
        for texts in home.texts:
            embedders[precision].embed_documents(texts)

    def plain() -> None:
        with bench.temporary() as folder:
            bench.plain.ingest([file.path for file in bench.files], folder / "store")

    def plain_on_one_thread() -> None:
        with bench.plain.one_thread():
            plain()

    bench.say(f"ingesting six ways, {bench.options.repeats} times each")
    costs = interleaved(
        {
            "Sourcier, fp32": lambda: _ingest(bench, "fp32"),
            f"{ALONE}, fp32": lambda: embed("fp32"),
            "Sourcier, int8": lambda: _ingest(bench, "int8"),
            f"{ALONE}, int8": lambda: embed("int8"),
            PLAIN: plain,
            PLAIN_ON_ONE_THREAD: plain_on_one_thread,
        },
        bench.options.repeats,
    )
    done = {name: report.measured(name, found, home.pages, "page") for name, found in costs.items()}
    for name, measurement in done.items():
        report.figure(f"pages per CPU second: {name}", 1 / measurement.cpu, "pages")
    for precision, budget in (("fp32", MOST_ABOVE_EMBEDDING), ("int8", None)):
        ratio = done[f"Sourcier, {precision}"].cpu / done[f"{ALONE}, {precision}"].cpu
        report.ratio(f"CPU of ingestion, {precision}", ratio, ALONE, budget)
    for plain_way in (PLAIN, PLAIN_ON_ONE_THREAD):
        for precision, budget in (("fp32", LEAST_OF_PLAIN), ("int8", LEAST_OF_PLAIN_INT8)):
            ratio = done[plain_way].cpu / done[f"Sourcier, {precision}"].cpu
            report.ratio(f"pages per CPU second, {precision}", ratio, plain_way, budget)
    return report


def _ingest(bench: Workbench, precision: Precision) -> None:
    with bench.temporary() as folder, HomeTarget(bench.settings(Path(folder), precision)) as target:
        for file in bench.files:
            outcome = target.ingest(file, COLLECTION, lambda _state, _done, _total: None)
            if outcome.result != "indexed":
                raise RuntimeError(f"{file.name}: {outcome.result}: {outcome.reason}")
