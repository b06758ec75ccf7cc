"""Question -> llama-index nodes: passages as a `BaseRetriever`, from this process or from a running server.

Importing llama-index costs seconds: nothing of the service imports this module, only who builds a chain.
"""

import asyncio
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import (
    NodeRelationship,
    NodeWithScore,
    QueryBundle,
    RelatedNodeInfo,
    TextNode,
)
from pydantic import ValidationError

from sourcier_core.errors import ServerNotFound, ServerRefused
from sourcier_core.types import chunk_id
from sourcier_service.access import Principal
from sourcier_service.api.presenting import present_passage
from sourcier_service.api.schemas import ErrorBody, PassageBody, SearchBody
from sourcier_service.wiring import Services

LIMIT = 10  # passages, each of another page
SECONDS = 60.0  # of one request
THIS_MACHINE = ("127.0.0.1", "localhost", "::1")  # no proxy has business there
MODEL_READS = ("title", "page", "page_label", "section")  # what a language model is shown above the passage
EMBEDDER_READS = ("title", "section")  # as our own index: not the page, which an insertion before it changes


class PassageRetriever(BaseRetriever):
    """Turns passages into nodes; where they come from is a subclass's matter."""

    @abstractmethod
    def _passages(self, question: str) -> list[PassageBody]:
        """Return the passages found, best first."""

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [_node(passage) for passage in self._passages(query_bundle.query_str)]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)  # the loop goes on meanwhile


class SourcierRetriever(PassageRetriever):
    """Searches in this process, which owns the home.

    Raises, when it retrieves:
        QuestionEmpty, QuestionTooLong: The question cannot be asked.
        CollectionNotFound: One of the collections is not there, or not for this principal.
        IndexUnavailable: The database does not answer.
    """

    def __init__(
        self,
        services: Services,
        *,
        principal: Principal,
        collections: Sequence[str] | None = None,
        limit: int = LIMIT,
    ) -> None:
        """Say whose questions they are; what may be seen is decided anew for each.

        Args:
            services: Open; whoever opened them closes them.
            principal: Who is asking: there is no search without.
            collections: Narrows to these; default all that the principal may read.
            limit: Passages at most.
        """
        super().__init__()
        self._services = services
        self._principal = principal
        self._collections = collections
        self._limit = limit

    def _passages(self, question: str) -> list[PassageBody]:
        scope = self._services.access.scope(self._principal, self._collections)
        found = self._services.answering.search(question, scope, limit=self._limit)
        return [present_passage(passage) for passage in found.passages]


class SourcierServerRetriever(PassageRetriever):
    """Searches on a running server, over HTTP; its nodes' `url` opens the page with the passage marked.

    Raises, when it retrieves:
        ServerNotFound: No reply, or one that is not a server's of ours.
        ServerRefused: The server's reply is an error; its words are passed on.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        collections: Sequence[str] | None = None,
        limit: int = LIMIT,
    ) -> None:
        """Say which server, and with whose key; nothing is asked yet.

        Args:
            url: As it is opened in a browser, e.g. `http://127.0.0.1:8000`.
            key: Of the server; without one, public collections are searched.
            collections: Narrows to these; default all that the key may read.
            limit: Passages at most; a server gives up to 50.
        """
        super().__init__()
        self._url = url.rstrip("/")
        self._request = {"collections": None if collections is None else list(collections), "limit": limit}
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._certificates = httpx.create_ssl_context()  # read once; a connection lasts for one question

    def _passages(self, question: str) -> list[PassageBody]:
        response = self._ask({"question": question, **self._request})
        try:
            if response.is_error:
                refusal = ErrorBody.model_validate_json(response.content).error
                raise ServerRefused(refusal.code, refusal.message)
            found = SearchBody.model_validate_json(response.content).passages
        except ValidationError as error:
            detail = f"HTTP {response.status_code}, and not in the words of such a server"
            raise ServerNotFound(self._url, detail) from error
        return [passage.model_copy(update={"url": self._url + passage.url}) for passage in found]

    def _ask(self, body: dict[str, Any]) -> httpx.Response:
        try:
            return httpx.post(
                f"{self._url}/v1/search",
                json=body,
                headers=self._headers,
                timeout=SECONDS,
                verify=self._certificates,
                trust_env=httpx.URL(self._url).host not in THIS_MACHINE,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ServerNotFound(self._url, str(error) or type(error).__name__) from error


def _node(passage: PassageBody) -> NodeWithScore:
    """Return a passage as a node: of the same id for the same words at the same place, for ever."""
    document = passage.document
    place = (document.id, passage.version, passage.page, passage.start, passage.end)
    metadata = {
        "document": document.name,
        "title": document.title,
        "document_id": document.id,
        "collection": document.collection,
        "version": passage.version,
        "page": passage.page,
        "page_label": passage.page_label,
        "section": " > ".join(passage.section),
        "start": passage.start,
        "end": passage.end,
        "url": passage.url,
    }
    node = TextNode(
        id_=chunk_id(*place),
        text=passage.text,
        metadata=metadata,
        excluded_llm_metadata_keys=_all_but(MODEL_READS, metadata),
        excluded_embed_metadata_keys=_all_but(EMBEDDER_READS, metadata),
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=document.id)},
    )
    return NodeWithScore(node=node, score=passage.score)


def _all_but(read: Sequence[str], metadata: Mapping[str, object]) -> list[str]:
    """Return the keys that are left out of a prompt: those not to be read, and those that say nothing."""
    return [key for key, value in metadata.items() if key not in read or value in (None, "")]
