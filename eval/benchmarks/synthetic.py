"""A seed -> made-up documents with vectors: as many chunks as a benchmark wants, without embedding any.

Dense vectors lie in clusters; words are drawn by rank: a few are common and most are rare, as in text.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import numpy as np

from sourcier_core.analysis import terms
from sourcier_core.bm25 import document_vector, question_vector
from sourcier_core.types import (
    Chunk,
    Document,
    DocumentStatus,
    IndexedChunk,
    MediaType,
    Page,
    Scope,
    SparseVector,
    Structure,
    Vector,
    Vectors,
    document_id,
)
from sourcier_core.wiring import Stores

COLLECTION = "synthetic"
DIMENSION = 384
CLUSTERS = 200
SCATTER = 0.8  # of a vector around its cluster's centre, whose own coordinates have deviation 1
VOCABULARY = 30_000
COMMON = (
    50  # added to a word's rank to give 1 / its frequency: the commonest stands in a quarter of the chunks
)
WORDS = 95  # of a chunk, of which about 90 are different
QUESTION_WORDS = 8
CHUNKS_A_PAGE = 4
PAGES_A_DOCUMENT = 200
K = 1.2  # of BM25, as in sourcier_core.bm25


@dataclass(frozen=True, slots=True)
class SyntheticDocument:
    """One made-up document."""

    id: str
    name: str
    version: str
    pages: tuple[Page, ...]
    chunks: tuple[IndexedChunk, ...]


@dataclass(frozen=True, slots=True)
class SyntheticQuestion:
    """A made-up question."""

    text: str
    dense: Vector
    sparse: SparseVector


class SyntheticCollection:
    """The same documents and questions for the same size and seed."""

    def __init__(self, size: int, seed: int = 7) -> None:
        """Plan a collection.

        Args:
            size: Of the collection, in chunks.
            seed: Of the random numbers.
        """
        self.size = size
        self._seed = seed
        random = np.random.default_rng(seed)
        self._centres = random.normal(size=(CLUSTERS, DIMENSION)).astype(np.float32)
        self._words = _made_words(random)
        self._indices = np.array([document_vector(word, "en").indices[0] for word in self._words])

    @property
    def scope(self) -> Scope:
        """All of the collection, once its documents are written in order."""
        per_document = CHUNKS_A_PAGE * PAGES_A_DOCUMENT
        return Scope(frozenset({COLLECTION}), -(-self.size // per_document))

    def documents(self) -> Iterator[SyntheticDocument]:
        """Make the documents in order; the n-th is valid from sequence n, counted from 1."""
        random = np.random.default_rng([self._seed, 1])
        left = self.size
        number = 0
        while left > 0:
            number += 1
            count = min(left, CHUNKS_A_PAGE * PAGES_A_DOCUMENT)
            yield self._document(number, count, random)
            left -= count

    def questions(self, count: int, seed: int = 0) -> list[SyntheticQuestion]:
        """Make questions."""
        random = np.random.default_rng([self._seed, 2, seed])
        questions = []
        for vector in self._vectors(count, random):
            text = " ".join(self._words[rank] for rank in _ranks(QUESTION_WORDS, random))
            questions.append(SyntheticQuestion(f"{text}?", vector, question_vector(text, "en")))
        return questions

    def write_to(self, stores: Stores) -> None:
        """Write the documents into a new home's stores, as ingestion would."""
        stores.catalogue.add_collection(COLLECTION, public=True)
        for made in self.documents():
            structure = Structure(MediaType.PDF, len(made.pages))
            write = stores.catalogue.begin_write(made.id)
            with stores.pages.write(made.version) as writer:
                for page in made.pages:
                    writer.add(page)
                writer.finish(structure)
            stores.index.upsert(made.chunks)
            stores.catalogue.commit_version(write, _catalogued(made), structure)
        stores.index.flush()

    def _document(self, number: int, count: int, random: np.random.Generator) -> SyntheticDocument:
        name = f"manual-{number:05d}.pdf"
        identity = document_id(COLLECTION, name)
        version = sha256(name.encode()).hexdigest()
        vectors = self._vectors(count, random)
        pages: list[Page] = []
        chunks: list[IndexedChunk] = []
        for first in range(0, count, CHUNKS_A_PAGE):
            texts = []
            start = 0
            for nth in range(first, min(count, first + CHUNKS_A_PAGE)):
                ranks = _ranks(WORDS, random)
                texts.append(f"{' '.join(self._words[rank] for rank in ranks)}.")
                chunk = Chunk(
                    id=str(UUID(int=number << 64 | nth)),
                    document=identity,
                    collection=COLLECTION,
                    version=version,
                    page=len(pages) + 1,
                    start=start,
                    end=start + len(texts[-1]),
                    section=("Operations", f"Procedure {nth // 20}"),
                    language="en",
                )
                chunks.append(IndexedChunk(chunk, vectors[nth], self._sparse(ranks), number))
                start += len(texts[-1]) + 1
            pages.append(Page(len(pages) + 1, "\n".join(texts)))
        return SyntheticDocument(identity, name, version, tuple(pages), tuple(chunks))

    def _vectors(self, count: int, random: np.random.Generator) -> Vectors:
        noise = random.normal(size=(count, DIMENSION), scale=SCATTER).astype(np.float32)
        vectors = self._centres[random.integers(CLUSTERS, size=count)] + noise
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def _sparse(self, ranks: list[int]) -> SparseVector:
        weights: dict[int, float] = {}
        for rank, times in Counter(ranks).items():
            weights[int(self._indices[rank])] = times * (K + 1) / (times + K)
        ordered = sorted(weights.items())
        return SparseVector(tuple(index for index, _ in ordered), tuple(weight for _, weight in ordered))


def _ranks(count: int, random: np.random.Generator) -> list[int]:
    """Draw words' ranks, the commoner the smaller: P(rank) is near 1 / (rank + COMMON)."""
    drawn = COMMON * ((VOCABULARY + COMMON) / COMMON) ** random.random(count) - COMMON
    ranks: list[int] = np.minimum(drawn.astype(np.int64), VOCABULARY - 1).tolist()
    return ranks


def _made_words(random: np.random.Generator) -> list[str]:
    """Make words that differ also once they are stemmed."""
    syllables = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aiou"]
    words: dict[str, str] = {}
    while len(words) < VOCABULARY:
        word = "".join(random.choice(syllables, size=random.integers(2, 5))) + "k"
        words.setdefault(terms(word, "en")[0], word)
    return list(words.values())


def _catalogued(made: SyntheticDocument) -> Document:
    return Document(
        id=made.id,
        collection=COLLECTION,
        name=made.name,
        title=made.name.removesuffix(".pdf"),
        status=DocumentStatus.READY,
        reason=None,
        reason_code=None,
        version=made.version,
        media_type=MediaType.PDF,
        language="en",
        page_count=len(made.pages),
        chunk_count=len(made.chunks),
        size=0,
        updated_at=datetime.now(UTC),
    )
