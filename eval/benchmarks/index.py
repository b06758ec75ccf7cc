"""Benchmark: one hybrid index query against qdrant-client's local mode, by size of the index and clients."""

import warnings
from collections.abc import Callable, Sequence

from qdrant_client import QdrantClient, models

from benchmarks.measuring import interleaved, measure, percentile
from benchmarks.question import CLIENTS, clients_latencies
from benchmarks.reporting import Budget, Measurement, Report
from benchmarks.synthetic import DIMENSION, SyntheticCollection, SyntheticQuestion
from benchmarks.workbench import Workbench
from sourcier_core.edge_index import EdgeIndex
from sourcier_core.index_payload import DENSE, SIGNAL_DEPTH, SPARSE
from sourcier_core.ports import ChunkIndex
from sourcier_core.server_index import ServerIndex
from sourcier_core.settings import RetrievalSettings
from sourcier_core.types import Probe

SIZES = (10_000, 50_000)  # chunks
BUDGET_SIZE = 50_000  # the size that the budgets name
QUERIES = 40  # a repeat
LOCAL_QUERIES = 1  # a repeat: each takes seconds
CLIENT_QUERIES = 25  # of each client
LIMIT = RetrievalSettings().candidates  # what retrieval asks for
STORE = "local"
LEAST_OF_LOCAL = Budget(100.0, at_most=False)
MOST_GROWTH = Budget(10.0)
WORST_TAIL = Budget(4.0)
# As the writing process has it; as the next process does; with its vector graph, which nothing builds yet.
JUST_WRITTEN, REOPENED, GRAPH_BUILT = STATES = ("just written", "reopened", "graph built")


def run(bench: Workbench) -> Report:
    """Query both at each size, the index in each of its states."""
    report = Report("index", f"synthetic chunks, {LIMIT} asked for, {QUERIES} queries a repeat")
    sizes = [*SIZES, *([bench.options.large] if bench.options.large else [])]
    found = {size: _measure_size(bench, report, size) for size in sizes}
    least, largest = min(sizes), max(sizes)
    budget = MOST_GROWTH if largest >= 1_000_000 else None
    for state in STATES:
        growth = found[largest][state].cpu / found[least][state].cpu
        report.ratio(f"CPU of a query, {state}: {largest:,} chunks", growth, f"{least:,} chunks", budget)
    return report


def _measure_size(bench: Workbench, report: Report, size: int) -> dict[str, Measurement]:
    """Measure one size and return what a query cost by how the index stood."""
    collection = SyntheticCollection(size)
    local = _measure_local(bench, report, collection) if size in SIZES else {}
    bench.say(f"building an index of {size:,} synthetic chunks, and querying it")
    found = {}
    with bench.temporary() as folder:
        index = EdgeIndex(folder / "edge", DIMENSION)
        try:
            for document in collection.documents():
                index.upsert(document.chunks)
            index.flush()
            found[JUST_WRITTEN] = _measure_edge(bench, report, index, collection, JUST_WRITTEN)
            index.close()
            index = EdgeIndex(folder / "edge", DIMENSION)
            found[REOPENED] = _measure_edge(bench, report, index, collection, REOPENED)
            built = [measure(index.optimise)]
            report.measured(f"edge: building the graph of {size:,} chunks", built, size, "chunk")
            found[GRAPH_BUILT] = _measure_edge(bench, report, index, collection, GRAPH_BUILT)
        finally:
            index.close()
    for state, edge in found.items():
        for name, reference in local.items():
            budget = LEAST_OF_LOCAL if size == BUDGET_SIZE else None
            saved = f"CPU saved by a query, {state}: {size:,} chunks"
            report.ratio(saved, reference.cpu / edge.cpu, name, budget)
    return found


def _measure_edge(
    bench: Workbench, report: Report, index: EdgeIndex, collection: SyntheticCollection, state: str
) -> Measurement:
    questions = collection.questions(QUERIES)
    ask = _search(index, collection)

    def edge() -> None:
        for question in questions:
            ask(question)

    edge()
    costs = interleaved({"edge": edge}, bench.options.repeats)["edge"]
    where = f"{collection.size:,} chunks, {state}"
    _measure_clients(report, ask, collection.questions(CLIENTS * CLIENT_QUERIES, seed=1), where)
    return report.measured(f"edge: {where}", costs, QUERIES, "query")


def _measure_local(
    bench: Workbench, report: Report, collection: SyntheticCollection
) -> dict[str, Measurement]:
    """Measure the reference and return what a query cost by how much it did."""
    bench.say(f"writing the same {collection.size:,} chunks to local mode, and querying it")
    client = QdrantClient(":memory:")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # payload indexes have no effect there
        index = ServerIndex(client, STORE, DIMENSION, where="local mode")
    for document in collection.documents():
        index.upsert(document.chunks)
    questions = collection.questions(LOCAL_QUERIES)
    ask = _search(index, collection)
    costs = interleaved(
        {
            "local mode, the same query": lambda: [ask(question) for question in questions],
            "local mode, no filter": lambda: [_bare_hybrid(client, question) for question in questions],
        },
        bench.options.repeats,
    )
    client.close()
    where = f"{collection.size:,} chunks"
    return {
        name: report.measured(f"{name}: {where}", found, LOCAL_QUERIES, "query")
        for name, found in costs.items()
    }


def _measure_clients(
    report: Report,
    ask: Callable[[SyntheticQuestion], object],
    questions: Sequence[SyntheticQuestion],
    where: str,
) -> None:
    latencies = clients_latencies(lambda number: ask(questions[number]), CLIENTS, CLIENT_QUERIES)
    half, most = percentile(latencies, 0.5), percentile(latencies, 0.95)
    report.figure(f"{CLIENTS} clients, {where}: p50", 1000 * half, "ms")
    report.ratio(f"{CLIENTS} clients, {where}: p95", most / half, "its own p50", WORST_TAIL)


def _search(index: ChunkIndex, collection: SyntheticCollection) -> Callable[[SyntheticQuestion], object]:
    scope = collection.scope
    return lambda question: index.search([Probe(question.dense, question.sparse)], scope, LIMIT)


def _bare_hybrid(client: QdrantClient, question: SyntheticQuestion) -> object:
    """Ask for less than retrieval needs: whatever collection, no separate scores of the two signals."""
    sparse = models.SparseVector(indices=list(question.sparse.indices), values=list(question.sparse.values))
    depth = LIMIT * SIGNAL_DEPTH
    return client.query_points(
        STORE,
        prefetch=[
            models.Prefetch(query=question.dense.tolist(), using=DENSE, limit=depth),
            models.Prefetch(query=sparse, using=SPARSE, limit=depth),
        ],
        query=models.FusionQuery(fusion=models.Fusion.RRF),
        limit=LIMIT,
    )
