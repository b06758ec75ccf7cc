"""Benchmark: one hybrid index query against qdrant-client's local mode, by size of the index and clients."""

import warnings
from collections.abc import Sequence

from qdrant_client import QdrantClient, models

from benchmarks.measuring import Cost, cpu_median, interleaved, measure, percentile
from benchmarks.question import CLIENTS, clients_latencies
from benchmarks.reporting import Budget, Report
from benchmarks.synthetic import DIMENSION, SyntheticCollection, SyntheticQuestion
from benchmarks.workbench import Workbench
from sourcier_core.edge_index import SIGNAL_DEPTH, EdgeIndex
from sourcier_core.index_payload import DENSE, SPARSE
from sourcier_core.server_index import ServerIndex
from sourcier_core.settings import RetrievalSettings

SIZES = (10_000, 50_000)  # chunks
QUERIES = 40  # a repeat
LOCAL_QUERIES = 1  # a repeat: each takes seconds
CLIENT_QUERIES = 25  # of each client
LIMIT = RetrievalSettings().candidates  # what retrieval asks for
STORE = "local"
LEAST_OF_LOCAL = Budget(100.0, at_most=False)
MOST_GROWTH = Budget(10.0)
WORST_TAIL = Budget(4.0)


def run(bench: Workbench) -> Report:
    """Query both at each size; the index as ingestion leaves it, then with its vector graph built."""
    about = f"synthetic chunks, {LIMIT} asked for, {QUERIES} queries a repeat"
    report = Report("index", about)
    by_size = {size: _measure_size(bench, report, size, with_local=True) for size in SIZES}
    if bench.options.large:
        by_size[bench.options.large] = _measure_size(bench, report, bench.options.large, with_local=False)
    least, largest = min(by_size), max(by_size)
    for kind in by_size[least]:
        growth = by_size[largest][kind] / by_size[least][kind]
        budget = MOST_GROWTH if largest >= 1_000_000 else None
        report.ratio(f"CPU of a query, {kind}: {largest:,} chunks", growth, f"{least:,} chunks", budget)
    return report


def _measure_size(bench: Workbench, report: Report, size: int, *, with_local: bool) -> dict[str, float]:
    """Measure one size and return the CPU seconds of a query by how the index stands."""
    collection = SyntheticCollection(size)
    questions = collection.questions(QUERIES)
    bench.say(f"building an index of {size:,} synthetic chunks")
    with bench.temporary() as folder:
        index = EdgeIndex(folder / "edge", DIMENSION)
        try:
            built = measure(lambda: _fill(index, collection))
            report.measured(f"edge: write, {size:,} chunks", [built], size, "chunk")
            local = _local(bench, collection) if with_local else None
            as_written = _compare(bench, report, index, local, collection, questions)
            _measure_clients(report, index, collection, "as written")
            bench.say(f"building the vector graph of {size:,} chunks")
            report.measured(
                f"edge: build the graph, {size:,} chunks", [measure(index.optimise)], size, "chunk"
            )
            optimised = _measure_edge(bench, index, collection, questions)
            report.measured(f"edge, graph built: {size:,} chunks", optimised, QUERIES, "query")
            _measure_clients(report, index, collection, "graph built")
        finally:
            index.close()
    return {"as written": as_written, "graph built": cpu_median(optimised) / QUERIES}


def _compare(
    bench: Workbench,
    report: Report,
    index: EdgeIndex,
    local: QdrantClient | None,
    collection: SyntheticCollection,
    questions: Sequence[SyntheticQuestion],
) -> float:
    size = f"{collection.size:,} chunks"
    if local is None:
        costs = _measure_edge(bench, index, collection, questions)
        return report.measured(f"edge, as written: {size}", costs, QUERIES, "query").cpu
    same_query = ServerIndex(local, STORE, DIMENSION, where="local mode")

    def edge() -> None:
        for question in questions:
            index.search(question.dense, question.sparse, collection.scope, LIMIT)

    def same() -> None:
        for question in questions[:LOCAL_QUERIES]:
            same_query.search(question.dense, question.sparse, collection.scope, LIMIT)

    def bare() -> None:
        for question in questions[:LOCAL_QUERIES]:
            _bare_hybrid(local, question)

    bench.say(f"querying {size} on the edge index and in local mode")
    edge()
    found = interleaved({"edge": edge, "same": same, "bare": bare}, bench.options.repeats)
    ours = report.measured(f"edge, as written: {size}", found["edge"], QUERIES, "query")
    theirs = report.measured(f"local mode, the same query: {size}", found["same"], LOCAL_QUERIES, "query")
    bare_query = f"local mode, hybrid without filter or separate scores: {size}"
    least = report.measured(bare_query, found["bare"], LOCAL_QUERIES, "query")
    budget = LEAST_OF_LOCAL if collection.size == max(SIZES) else None
    report.ratio(f"CPU saved by a query: {size}", theirs.cpu / ours.cpu, "local mode, the same query", budget)
    report.ratio(f"CPU saved by a query: {size}", least.cpu / ours.cpu, "local mode, without filter")
    local.close()
    return ours.cpu


def _measure_edge(
    bench: Workbench,
    index: EdgeIndex,
    collection: SyntheticCollection,
    questions: Sequence[SyntheticQuestion],
) -> list[Cost]:
    def edge() -> None:
        for question in questions:
            index.search(question.dense, question.sparse, collection.scope, LIMIT)

    edge()
    return interleaved({"edge": edge}, bench.options.repeats)["edge"]


def _measure_clients(report: Report, index: EdgeIndex, collection: SyntheticCollection, how: str) -> None:
    questions = collection.questions(CLIENTS * CLIENT_QUERIES, seed=1)

    def ask(number: int) -> None:
        index.search(questions[number].dense, questions[number].sparse, collection.scope, LIMIT)

    latencies = clients_latencies(ask, CLIENTS, CLIENT_QUERIES)
    half, most = percentile(latencies, 0.5), percentile(latencies, 0.95)
    name = f"{collection.size:,} chunks, {how}, {CLIENTS} clients"
    report.figure(f"{name}: p50", 1000 * half, "ms")
    report.ratio(f"{name}: p95", most / half, "its own p50", WORST_TAIL)


def _fill(index: EdgeIndex, collection: SyntheticCollection) -> None:
    for document in collection.documents():
        index.upsert(document.chunks)
    index.flush()


def _local(bench: Workbench, collection: SyntheticCollection) -> QdrantClient:
    bench.say(f"writing the same {collection.size:,} chunks to local mode")
    client = QdrantClient(":memory:")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # payload indexes have no effect there
        index = ServerIndex(client, STORE, DIMENSION, where="local mode")
    for document in collection.documents():
        index.upsert(document.chunks)
    return client


def _bare_hybrid(client: QdrantClient, question: SyntheticQuestion) -> None:
    sparse = models.SparseVector(indices=list(question.sparse.indices), values=list(question.sparse.values))
    depth = LIMIT * SIGNAL_DEPTH
    client.query_points(
        STORE,
        prefetch=[
            models.Prefetch(query=question.dense.tolist(), using=DENSE, limit=depth),
            models.Prefetch(query=sparse, using=SPARSE, limit=depth),
        ],
        query=models.FusionQuery(fusion=models.Fusion.RRF),
        limit=LIMIT,
    )
