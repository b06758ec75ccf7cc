"""Benchmark: CPU time of a question: against the plain pipeline, and beyond embedding by the index's size."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from qdrant_client import QdrantClient

from benchmarks.measuring import interleaved, measure, percentile
from benchmarks.plain_pipeline import store_of_vectors
from benchmarks.reporting import Budget, Measurement, Report
from benchmarks.synthetic import CHUNKS_A_PAGE, PAGES_A_DOCUMENT, SyntheticCollection
from benchmarks.workbench import Workbench
from sourcier_core.edge_index import EdgeIndex
from sourcier_core.types import AnswerStatus
from sourcier_core.wiring import open_stores
from sourcier_service.access import OPERATOR
from sourcier_service.question import Question, understand
from sourcier_service.wiring import Services, open_services

QUESTIONS = 30  # a repeat
ANSWERS = 15  # a repeat, each question asked once in all
CLIENTS = 16
CLIENT_QUESTIONS = 12  # of each client
RETRIEVAL = "Sourcier's retrieval"
PLAIN = "plain pipeline: embed and search"
PLAIN_ON_ONE_THREAD = "the same, torch on one thread"
LEAST_OF_PLAIN = Budget(5.0, at_most=False)
WORST_TAIL = Budget(4.0)
MANY_PAGES = 10_000
MOST_BEYOND_EMBEDDING = Budget(15.0)  # CPU ms of a question's retrieval and ranking among MANY_PAGES
EMBEDDING = "the embedding of the same questions"
FEWER_CHUNKS = 3.2  # Sourcier's chunks for one of the plain pipeline, measured on six filings of 434 pages


def run(bench: Workbench) -> Report:
    """Ask the PDFs, then a synthetic collection of the size that the budgets name."""
    pages = bench.pdf_home.pages
    about = f"{QUESTIONS} questions a repeat; the PDFs ({pages} pages), then synthetic collections"
    report = Report("question", about)
    _ask_the_pdfs(bench, report)
    _ask_many_pages(bench, report)
    _ask_many_chunks(bench, report)
    return report


def clients_latencies(ask: Callable[[int], object], clients: int, each: int) -> list[float]:
    """Let several threads ask at once.

    Args:
        ask: Asks the question of that number.
        clients: How many threads.
        each: Questions of one thread, one after the other.

    Returns:
        Wall seconds of each question.
    """

    def one(client: int) -> list[float]:
        taken = []
        for number in range(client * each, (client + 1) * each):
            start = time.perf_counter()
            ask(number)
            taken.append(time.perf_counter() - start)
        return taken

    with ThreadPoolExecutor(clients) as pool:
        return [latency for found in pool.map(one, range(clients)) for latency in found]


def _ask_the_pdfs(bench: Workbench, report: Report) -> None:
    services = open_services(bench.settings(bench.pdf_home.path), owner="benchmarks")
    client = QdrantClient(path=str(bench.plain_store))
    try:
        repeats = bench.options.repeats
        questions = _questions_of(bench.pdf_home.texts, QUESTIONS + ANSWERS * (repeats + 1))
        retrieval, answers = questions[:QUESTIONS], questions[QUESTIONS:]
        _compare(bench, report, services, client, retrieval, "the PDFs", budget=None)
        _measure_answers(report, services, answers, repeats)
    finally:
        client.close()
        services.close()


def _measure_answers(report: Report, services: Services, questions: Sequence[str], repeats: int) -> None:
    scope = services.access.scope(OPERATOR)
    answered = 0

    def ask(batch: Sequence[str]) -> None:
        nonlocal answered
        for question in batch:
            answer = services.answering.answer(question, scope)
            answered += answer.status is AnswerStatus.ANSWERED

    ask(questions[:ANSWERS])
    answered = 0
    batches = [questions[ANSWERS * n : ANSWERS * (n + 1)] for n in range(1, repeats + 1)]
    first = [measure(partial(ask, batch)) for batch in batches]
    report.figure("share answered with citations", answered / sum(map(len, batches)), "")
    again = [measure(partial(ask, batch)) for batch in batches]
    of_first = report.measured("whole answer, asked for the first time", first, ANSWERS, "question")
    of_again = report.measured("whole answer, asked again (boxes known)", again, ANSWERS, "question")
    retrieval = report.measurements[0].cpu
    report.ratio("CPU of a whole answer, first time", of_first.cpu / retrieval, "Sourcier's retrieval alone")
    report.ratio("CPU of a whole answer, asked again", of_again.cpu / retrieval, "Sourcier's retrieval alone")


def _ask_many_pages(bench: Workbench, report: Report) -> None:
    """Measure retrieval and ranking without the question's embedding, each question asked once."""
    collection = SyntheticCollection(MANY_PAGES * CHUNKS_A_PAGE)
    bench.say(f"building a home of {MANY_PAGES:,} synthetic pages")
    with bench.temporary() as folder:
        settings = bench.settings(folder / "home")
        stores = open_stores(settings, owner="benchmarks")
        try:
            collection.write_to(stores)
        finally:
            stores.close()
        services = open_services(settings, owner="benchmarks")
        try:
            asked = [
                question.text for question in collection.questions(QUESTIONS * (bench.options.repeats + 2))
            ]
            documents = max(1, MANY_PAGES // PAGES_A_DOCUMENT)
            naming = [f"{text} manual {1 + n % documents:05d}" for n, text in enumerate(asked)]
            _measure_beyond_embedding(bench, report, services, asked, f"{MANY_PAGES:,} pages")
            _measure_beyond_embedding(
                bench, report, services, naming, f"{MANY_PAGES:,} pages, a document named"
            )
        finally:
            services.close()


def _measure_beyond_embedding(
    bench: Workbench, report: Report, services: Services, texts: Sequence[str], where: str
) -> None:
    scope = services.access.scope(OPERATOR)
    embedder, most = services.stores.embedder, services.settings.answer.max_question_chars
    bench.say(f"asking {len(texts)} questions once, understood beforehand ({where})")
    questions = [understand(text, embedder, max_chars=most) for text in texts]
    batches = [questions[first : first + QUESTIONS] for first in range(0, len(questions), QUESTIONS)]
    to_retrieve, to_embed = iter(batches), iter(batches)

    def retrieve(left: Iterator[Sequence[Question]]) -> None:
        for question in next(left):
            services.retriever.retrieve(question, scope)

    def embed(left: Iterator[Sequence[Question]]) -> None:
        for question in next(left):
            embedder.embed_question(question.text)

    ways = {
        f"{RETRIEVAL} of questions understood": partial(retrieve, to_retrieve),
        "embedding them": partial(embed, to_embed),
    }
    for warm in ways.values():
        warm()
    costs = interleaved(ways, bench.options.repeats)
    beyond, embedding = (
        report.measured(f"{name}: {where}", found, QUESTIONS, "question") for name, found in costs.items()
    )
    name = f"retrieval and ranking beyond the embedding: {where}"
    report.ratio(f"CPU of {name}", beyond.cpu / embedding.cpu, EMBEDDING)
    report.figure(name, 1000 * beyond.cpu, "CPU ms", budget=MOST_BEYOND_EMBEDDING)


def _ask_many_chunks(bench: Workbench, report: Report) -> None:
    home = bench.synthetic_home
    size = home.collection.size
    questions = [question.text for question in home.collection.questions(QUESTIONS)]
    made = home.collection.documents()
    vectors = np.stack([indexed.dense for document in made for indexed in document.chunks])
    services = open_services(bench.settings(home.path), owner="benchmarks")
    try:
        for count, budget in ((round(size / FEWER_CHUNKS), None), (size, LEAST_OF_PLAIN)):
            client = store_of_vectors(vectors[:count])
            where = f"{size:,} chunks, plain {count:,}"
            plain = _compare(bench, report, services, client, questions, where, budget=budget)
            client.close()
        _measure_clients(report, services, questions)
        index = services.stores.generations.live.index
        if isinstance(index, EdgeIndex):
            _measure_with_graph(bench, report, services, index, questions, plain)
    finally:
        services.close()


def _measure_with_graph(
    bench: Workbench,
    report: Report,
    services: Services,
    index: EdgeIndex,
    questions: Sequence[str],
    plain: Measurement,
) -> None:
    """Ask the same of the index with its vector graph built, which ingestion does not do."""
    bench.say("building the vector graph, and asking again")
    index.optimise()
    retrieve = _retrieve(services)

    def ask() -> None:
        for question in questions:
            retrieve(question)

    ask()
    costs = interleaved({"ask": ask}, bench.options.repeats)["ask"]
    where = f"{plain.name.partition(': ')[2]}, graph built"
    ours = report.measured(f"{RETRIEVAL}: {where}", costs, len(questions), "question")
    report.ratio(f"CPU saved by retrieval: {where}", plain.cpu / ours.cpu, PLAIN_ON_ONE_THREAD)


def _compare(
    bench: Workbench,
    report: Report,
    services: Services,
    client: QdrantClient,
    questions: Sequence[str],
    where: str,
    *,
    budget: Budget | None,
) -> Measurement:
    """Measure retrieval and the plain pipeline's, and return the latter at its cheapest."""
    passages = services.settings.retrieval.passages
    retrieve = _retrieve(services)

    def sourcier() -> None:
        for question in questions:
            retrieve(question)

    def plain() -> None:
        for question in questions:
            bench.plain.search(client, question, passages)

    def plain_on_one_thread() -> None:
        with bench.plain.one_thread():
            plain()

    bench.say(f"asking {len(questions)} questions three ways ({where})")
    sourcier()
    plain()
    ways = {RETRIEVAL: sourcier, PLAIN: plain, PLAIN_ON_ONE_THREAD: plain_on_one_thread}
    done = {
        name: report.measured(f"{name}: {where}", costs, len(questions), "question")
        for name, costs in interleaved(ways, bench.options.repeats).items()
    }
    for reference in (PLAIN, PLAIN_ON_ONE_THREAD):
        saved = done[reference].cpu / done[RETRIEVAL].cpu
        report.ratio(f"CPU saved by retrieval: {where}", saved, reference, budget)
    return done[PLAIN_ON_ONE_THREAD]


def _measure_clients(report: Report, services: Services, questions: Sequence[str]) -> None:
    retrieve = _retrieve(services)
    latencies = clients_latencies(
        lambda number: retrieve(questions[number % len(questions)]), CLIENTS, CLIENT_QUESTIONS
    )
    half, most = percentile(latencies, 0.5), percentile(latencies, 0.95)
    report.figure(f"retrieval, {CLIENTS} clients: p50", 1000 * half, "ms")
    report.figure(f"retrieval, {CLIENTS} clients: p95", 1000 * most, "ms")
    report.ratio(f"retrieval, {CLIENTS} clients: p95", most / half, "its own p50", WORST_TAIL)


def _retrieve(services: Services) -> Callable[[str], object]:
    embedder, retriever = services.stores.embedder, services.retriever
    scope = services.access.scope(OPERATOR)
    most = services.settings.answer.max_question_chars
    return lambda text: retriever.retrieve(understand(text, embedder, max_chars=most), scope)


def _questions_of(texts: Sequence[Sequence[str]], count: int) -> list[str]:
    """Make questions of what the documents say: a dozen words from within a chunk."""
    chosen = random.Random(1)
    long_enough = [text.split() for chunks in texts for text in chunks if len(text.split()) >= 40]
    questions = []
    for _ in range(count):
        words = chosen.choice(long_enough)
        first = chosen.randrange(12, len(words) - 12)
        questions.append(f"{' '.join(words[first : first + 12])} ?")
    return questions
