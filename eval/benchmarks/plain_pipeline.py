"""The reference: what a llama-index user writes first, with pypdf, the same model and local Qdrant."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from llama_index.core import SimpleDirectoryReader
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document, MetadataMode
from pypdf import PdfReader
from qdrant_client import QdrantClient, models

from sourcier_core.embedding_export import find_source, load_original
from sourcier_core.settings import DEFAULT_MODEL
from sourcier_core.types import Vectors

CHUNK_TOKENS, OVERLAP = 1024, 20  # llama-index's defaults
UPSERT_BATCH = 64  # as llama-index's Qdrant store
STORE = "plain"
DIMENSION = 384


class PdfPages(BaseReader):
    """A document for each page, as llama-index's own PDF reader makes them."""

    def load_data(self, file: Path, extra_info: dict[str, Any] | None = None) -> list[Document]:
        """Read a PDF."""
        reader = PdfReader(file)
        return [
            Document(text=page.extract_text(), metadata={**(extra_info or {}), "page_label": label})
            for page, label in zip(reader.pages, reader.page_labels, strict=True)
        ]


class SentenceTransformersEmbedding(BaseEmbedding):
    """The same MiniLM, run by sentence-transformers, in llama-index's default batches of ten."""

    _model: Any = PrivateAttr()

    def __init__(self) -> None:
        super().__init__(model_name=DEFAULT_MODEL)
        self._model = load_original(DEFAULT_MODEL, find_source(DEFAULT_MODEL))

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        vectors = self._model.encode(
            texts, batch_size=self.embed_batch_size, normalize_embeddings=True, show_progress_bar=False
        )
        found: list[list[float]] = vectors.tolist()
        return found

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embeddings([query])[0]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


class PlainPipeline:
    """Ingests and searches without keywords, access, versions or citations."""

    def __init__(self) -> None:
        self._own_threads = torch.get_num_threads()
        self._embedding = SentenceTransformersEmbedding()
        self._splitter = SentenceSplitter(chunk_size=CHUNK_TOKENS, chunk_overlap=OVERLAP)

    def ingest(self, files: Sequence[Path], store: Path) -> int:
        """Ingest PDFs into a new local-mode store and return the number of chunks."""
        reader = SimpleDirectoryReader(
            input_files=list(files), file_extractor={".pdf": PdfPages()}, raise_on_error=True
        )
        nodes = self._splitter.get_nodes_from_documents(reader.load_data())
        texts = [node.get_content(metadata_mode=MetadataMode.EMBED) for node in nodes]
        vectors = self._embedding.get_text_embedding_batch(texts)
        client = QdrantClient(path=str(store))
        _create(client)
        for first in range(0, len(nodes), UPSERT_BATCH):
            points = [
                models.PointStruct(
                    id=node.node_id, vector=vector, payload={"text": node.get_content(), **node.metadata}
                )
                for node, vector in zip(
                    nodes[first : first + UPSERT_BATCH], vectors[first : first + UPSERT_BATCH], strict=True
                )
            ]
            client.upsert(STORE, points)
        client.close()
        return len(nodes)

    @contextmanager
    def one_thread(self) -> Iterator[None]:
        """Run torch on one thread within the block: its others spin, which costs most on a busy machine."""
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(self._own_threads)

    def search(self, client: QdrantClient, question: str, limit: int) -> list[models.ScoredPoint]:
        """Find the nearest chunks."""
        return client.query_points(
            STORE, query=self._embedding.get_query_embedding(question), limit=limit
        ).points


def store_of_vectors(vectors: Vectors) -> QdrantClient:
    """Return a local-mode store in memory of vectors, each with a payload like the plain pipeline's."""
    client = QdrantClient(":memory:")
    _create(client)
    payloads = [{"text": "word " * 700, "page_label": str(number)} for number in range(len(vectors))]
    client.upload_collection(STORE, vectors=vectors, payload=payloads, ids=range(len(vectors)))
    return client


def _create(client: QdrantClient) -> None:
    client.create_collection(
        STORE, vectors_config=models.VectorParams(size=DIMENSION, distance=models.Distance.COSINE)
    )
