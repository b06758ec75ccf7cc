"""What the product needs of the outside, as protocols; each has a contract suite that decides on conflict."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from sourcier_core.types import ALWAYS, IndexedChunk, Marks, Probe, Scope, ScoredChunk, Vector, Vectors


class Embedder(Protocol):
    """Text -> unit vectors. Contract: tests/contract/test_embedder.py."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes when the same text would get another vector: model, weights, precision."""
        ...

    @property
    def max_tokens(self) -> int:
        """Tokens of a text that count, special tokens included; the rest is cut."""
        ...

    def count_tokens(self, text: str) -> int:
        """Count the model's tokens in the text, without special tokens and without cutting."""
        ...

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Embed texts to be found.

        Returns:
            Shape `(len(texts), dimension)`, float32, rows of unit length, in the order given.
        """
        ...

    def embed_question(self, text: str) -> Vector:
        """Embed a question.

        Returns:
            Shape `(dimension,)`, float32, unit length.
        """
        ...


class PageReranker(Protocol):
    """Question, texts -> how well each answers. Contract: tests/contract/test_page_reranker.py."""

    @property
    def model(self) -> str:
        """Its name in messages."""
        ...

    def score(self, question: str, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Score texts by how well they answer; what is longer than the model reads is cut.

        Returns:
            Shape `(len(texts),)`, in the order given, higher is better; comparable within one question only.
        """
        ...


class ChunkIndex(Protocol):
    """Chunks and vectors <-> a vector database. Contract: tests/contract/test_chunk_index.py.

    A chunk is visible to a scope of sequence `s` and day `d` when `valid_from <= s`, its period holds `d`,
    and it was not followed (`valid_to <= s`) by a version that is in effect on `d` (`superseded_day <= d`);
    beside that its collection, groups and tags decide. Chunks are written with `valid_to` = FOREVER;
    `retire` ends them at a sequence that the catalogue's commit will make current.
    """

    def upsert(self, chunks: Sequence[IndexedChunk]) -> None:
        """Write chunks; a chunk of the same id is overwritten.

        Raises:
            IndexUnavailable: The database does not answer.
            StorageFull: No room is left on the disk.
        """
        ...

    def search(
        self, probes: Sequence[Probe], scope: Scope, limit: int, compare: Sequence[Vector] = ()
    ) -> list[ScoredChunk]:
        """Find chunks by both vectors of every probe, fused by reciprocal rank inside the database.

        Args:
            probes: Ways to look; the first one says what signals are of.
            scope: What may be seen.
            limit: Chunks at most.
            compare: Further vectors that find nothing, but whose cosine with each chunk found is wanted.

        Returns:
            At most `limit` chunks within the scope, best first, ties by chunk id; none when the scope
            names no collection. Every chunk has its exact signals of the first probe, also those that
            did not find it.

        Raises:
            IndexUnavailable: The database does not answer.
        """
        ...

    def retire(self, document: str, at: int, day: int = ALWAYS) -> None:
        """End a document's chunks that began before sequence `at`, at `at`, as of `day`.

        Those that ended before and were superseded on that day or earlier are left as they are.
        """
        ...

    def restate(self, document: str, valid_from: int, marks: Marks, valid_to: int, superseded: int) -> None:
        """Set what the chunks of one version have beside their text; no vector is read or written.

        Args:
            document: Whose chunks.
            valid_from: The sequence at which they begin: it names the version.
            marks: Their period, tags and groups.
            valid_to: The sequence at which they end.
            superseded: The day as of which they do.
        """
        ...

    def discard(self, document: str, valid_from: int) -> None:
        """Remove the chunks of a document that begin at that sequence."""
        ...

    def remove(self, document: str) -> None:
        """Remove all chunks of a document."""
        ...

    def count(self, scope: Scope) -> int:
        """Count the chunks within the scope."""
        ...

    def flush(self) -> None:
        """Return when all that was written survives a crash of the process."""
        ...

    def close(self) -> None:
        """Flush and release the database; the index is not used afterwards."""
        ...
