"""Passages as llama-index nodes, from the services of this process; and the example that prints them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from coroutines import run_coroutine
from llama_index.core.schema import MetadataMode, NodeWithScore
from pdfs import Title, draw_page, new_pdf, write_pdf

import llama_index_query_engine
from sourcier_core.errors import CollectionNotFound, QuestionEmpty
from sourcier_core.home import Home
from sourcier_core.settings import EmbeddingSettings, Settings
from sourcier_core.types import JobState, document_id
from sourcier_service.access import ANONYMOUS, OPERATOR
from sourcier_service.llama_index_retriever import SourcierRetriever
from sourcier_service.wiring import Services, open_services

MILEAGE = "What is the mileage rate above 5,000 km?"
STORE = "When does the store of the pumps open?"


def silent(_state: JobState, _done: int, _total: int) -> None:
    pass


def add(services: Services, path: Path, collection: str = "open") -> None:
    assert services.ingestion.ingest(path, path.name, collection, silent).error is None


def write_guide(path: Path, rate: str) -> Path:
    """A guide of two pages, printed i and 1."""
    with new_pdf(path) as canvas:
        canvas.setTitle("Field guide")
        canvas.addPageLabel(0, style="ROMAN_LOWER")
        canvas.addPageLabel(1, style="ARABIC", start=1)
        draw_page(canvas, [Title("1 Travel"), "Every mission needs a signed order before the departure."])
        draw_page(canvas, [Title("2 Claims"), f"The mileage rate above 5,000 km is {rate} per kilometre."])
    return path


def fill(home: Path, exports: Path, folder: Path) -> Services:
    """Make a home with a PDF and a text that all may see, and a PDF that only administrators may."""
    services = open_services(
        Settings(home=home, embedding=EmbeddingSettings(exports=exports)), owner="a test"
    )
    services.stores.catalogue.add_collection("open", public=True)
    add(services, write_guide(folder / "guide.pdf", "0.42 euro"))
    notes = folder / "notes.md"
    notes.write_text("# Notes\n\nThe store of the pumps opens at 7:30 on Mondays.\n", encoding="utf-8")
    add(services, notes)
    add(services, write_pdf(folder / "pay.pdf", ["The director earns 98,765 euros."]), collection="hr")
    return services


@pytest.fixture(scope="module")
def services(exports: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("retriever")
    opened = fill(folder / "home", exports, folder)
    yield opened
    opened.close()


def best(services: Services, question: str) -> NodeWithScore:
    return SourcierRetriever(services, principal=ANONYMOUS).retrieve(question)[0]


def test_nodes_are_the_passages_that_a_search_finds_in_its_order(services: Services) -> None:
    nodes = SourcierRetriever(services, principal=ANONYMOUS, limit=2).retrieve(MILEAGE)

    found = services.answering.search(MILEAGE, services.access.scope(ANONYMOUS), limit=2).passages
    assert [(n.text, n.metadata["page"]) for n in nodes] == [(p.text, p.page) for p in found]
    assert [n.score for n in nodes] == pytest.approx([p.score for p in found], abs=1e-6)
    assert len(nodes) == 2


def test_a_question_without_words_has_no_nodes(services: Services) -> None:
    assert SourcierRetriever(services, principal=ANONYMOUS).retrieve("🎉🎉🎉") == []


def test_a_node_says_where_its_words_stand(services: Services) -> None:
    node = best(services, MILEAGE)

    document = document_id("open", "guide.pdf")
    version = node.metadata["version"]
    start, end = node.metadata["start"], node.metadata["end"]
    assert node.metadata == {
        "document": "guide.pdf",
        "title": "Field guide",
        "document_id": document,
        "collection": "open",
        "version": version,
        "page": 2,
        "page_label": "1",
        "section": "2 Claims",
        "start": start,
        "end": end,
        "url": f"/#document={document}&version={version}&page=2&start={start}&end={end}",
    }
    assert services.stores.pages.page(version, 2).text[start:end] == node.text
    assert "0.42 euro" in node.text
    assert node.node.ref_doc_id == document


def test_a_model_reads_title_page_and_section_and_an_embedder_no_page(services: Services) -> None:
    node = best(services, MILEAGE).node

    assert node.get_content(MetadataMode.LLM) == (
        f"title: Field guide\npage: 2\npage_label: 1\nsection: 2 Claims\n\n{node.get_content()}"
    )
    assert node.get_content(MetadataMode.EMBED) == (
        f"title: Field guide\nsection: 2 Claims\n\n{node.get_content()}"
    )


def test_of_a_text_which_has_no_pages_a_model_reads_none(services: Services) -> None:
    node = best(services, STORE)

    assert (node.metadata["document"], node.metadata["page"]) == ("notes.md", None)
    assert "page" not in node.node.get_content(MetadataMode.LLM)


def test_the_same_words_at_the_same_place_are_the_same_node(services: Services) -> None:
    first, second = best(services, MILEAGE), best(services, MILEAGE + " Please.")

    assert first.node_id == second.node_id
    assert first.node_id != best(services, STORE).node_id


def test_who_asks_decides_what_is_found(services: Services) -> None:
    question = "How much does the director earn?"

    anybody = SourcierRetriever(services, principal=ANONYMOUS).retrieve(question)
    operator = SourcierRetriever(services, principal=OPERATOR, collections=["hr"]).retrieve(question)

    assert {node.metadata["collection"] for node in anybody} == {"open"}
    assert [node.metadata["document"] for node in operator] == ["pay.pdf"]
    with pytest.raises(CollectionNotFound):
        SourcierRetriever(services, principal=ANONYMOUS, collections=["hr"]).retrieve(question)


def test_several_questions_at_once_get_what_each_gets_alone(services: Services) -> None:
    retriever = SourcierRetriever(services, principal=ANONYMOUS)
    questions = [MILEAGE, STORE] * 4

    async def ask() -> list[list[NodeWithScore]]:
        return await asyncio.gather(*(retriever.aretrieve(question) for question in questions))

    together = run_coroutine(ask)

    alone = {question: retriever.retrieve(question) for question in (MILEAGE, STORE)}
    assert [[n.node_id for n in nodes] for nodes in together] == [
        [n.node_id for n in alone[question]] for question in questions
    ]


def test_a_question_that_cannot_be_asked_is_an_error(services: Services) -> None:
    with pytest.raises(QuestionEmpty):
        SourcierRetriever(services, principal=ANONYMOUS).retrieve(" ")


def test_a_retriever_made_before_a_document_is_replaced_finds_the_new_version(
    exports: Path, tmp_path: Path
) -> None:
    opened = fill(tmp_path / "home", exports, tmp_path)
    try:
        retriever = SourcierRetriever(opened, principal=ANONYMOUS)
        before = retriever.retrieve(MILEAGE)[0]
        add(opened, write_guide(tmp_path / "guide.pdf", "0.55 euro"))
        after = retriever.retrieve(MILEAGE)[0]
    finally:
        opened.close()

    assert "0.42 euro" in before.text
    assert "0.55 euro" in after.text
    assert before.node_id != after.node_id


def test_the_example_prints_the_pages_that_answer(
    exports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path / "home", exports, tmp_path).close()
    monkeypatch.setenv("SOURCIER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SOURCIER_EMBEDDING__EXPORTS", str(exports))

    llama_index_query_engine.main([MILEAGE, "--limit", "1"])
    llama_index_query_engine.main([STORE, "--limit", "1"])

    mileage, rate, _, store, opening = capsys.readouterr().out.splitlines()[:5]
    assert mileage == "1. Field guide, page 1 (PDF 2)  2 Claims"
    assert rate.endswith("The mileage rate above 5,000 km is 0.42 euro per kilometre.")
    assert store.startswith("1. Notes")
    assert opening.endswith("The store of the pumps opens at 7:30 on Mondays.")


def test_the_example_says_in_one_line_that_a_server_owns_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home")
    home.own("sourcier serve")
    monkeypatch.setenv("SOURCIER_HOME", str(tmp_path / "home"))

    with pytest.raises(SystemExit) as ended:
        llama_index_query_engine.main([MILEAGE])
    home.disown()

    assert "is in use by sourcier serve" in str(ended.value.code)
    assert str(ended.value.code).endswith("--url.")
