"""A llama-index query engine over Sourcier: the pages that may answer, and their words. No language model.

python examples/llama_index_query_engine.py "What is the mileage rate?"
python examples/llama_index_query_engine.py "What is the mileage rate?" --url http://127.0.0.1:8000
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from textwrap import fill

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.response_synthesizers.no_text import NoText
from llama_index.core.schema import NodeWithScore

from sourcier_core.errors import IndexLocked, SourcierError
from sourcier_core.settings import load_settings
from sourcier_service.access import ANONYMOUS
from sourcier_service.llama_index_retriever import SourcierRetriever, SourcierServerRetriever
from sourcier_service.wiring import open_services


@contextmanager
def open_retriever(url: str | None, key: str | None, limit: int) -> Iterator[BaseRetriever]:
    """Give a retriever on a server, or on the home of this user: SOURCIER_HOME, else ~/.sourcier."""
    if url:
        yield SourcierServerRetriever(url, key=key, limit=limit)
        return
    services = open_services(load_settings(), owner="a llama-index query engine")
    try:
        # Whose questions these are decides what is found: anybody's, so the public collections.
        yield SourcierRetriever(services, principal=ANONYMOUS, limit=limit)
    finally:
        services.close()


def query_engine(retriever: BaseRetriever) -> RetrieverQueryEngine:
    """Return an engine that gives the sources and writes nothing.

    To have an answer written, give it your LLM: `RetrieverQueryEngine.from_args(retriever, llm=...)`.
    """
    # Without a model named, llama-index looks for OpenAI's. This one is never asked.
    return RetrieverQueryEngine(retriever, response_synthesizer=NoText(llm=MockLLM()))


def place(source: NodeWithScore) -> str:
    """Return where a passage stands, as a reader would look it up."""
    found = source.metadata
    if found["page"] is None:
        return f"{found['title']}  {found['section']}"
    label = found["page_label"]
    printed = f"page {label} (PDF {found['page']})" if label else f"page {found['page']}"
    return f"{found['title']}, {printed}  {found['section']}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Ask, and print the passages found, best first."""
    parser = argparse.ArgumentParser(description="Ask Sourcier through llama-index.")
    parser.add_argument("question")
    parser.add_argument("--url", help="of a running server; without it, this process opens the home")
    parser.add_argument("--key", help="of that server; without it, public collections")
    parser.add_argument("--limit", type=int, default=3, help="pages")
    chosen = parser.parse_args(arguments)
    try:
        with open_retriever(chosen.url, chosen.key, chosen.limit) as retriever:
            response = query_engine(retriever).query(chosen.question)
    except IndexLocked as error:
        raise SystemExit(f"{error} Here: give that server's address with --url.") from None
    except SourcierError as error:
        raise SystemExit(str(error)) from None  # on stderr, with status 1
    for number, source in enumerate(response.source_nodes, start=1):
        print(f"{number}. {place(source)}")
        print(fill(" ".join(source.text.split()), 100, initial_indent="   ", subsequent_indent="   "))
        print(f"   {source.metadata['url']}\n" if chosen.url else "")  # opens the page, these words marked


if __name__ == "__main__":
    main()
