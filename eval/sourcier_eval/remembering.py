"""Texts -> vectors, each text once: for what asks for the same ones again and again."""

from collections.abc import Sequence

import numpy as np

from sourcier_core.ports import Embedder
from sourcier_core.types import Vector, Vectors


class RememberingEmbedder:
    """An `Embedder` that keeps every vector of a document's text: some 2 kB each."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self._known: dict[str, Vector] = {}

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        return self._inner.dimension

    @property
    def fingerprint(self) -> str:
        """What tells the model from another."""
        return self._inner.fingerprint

    @property
    def max_tokens(self) -> int:
        """What the model reads of a text."""
        return self._inner.max_tokens

    def count_tokens(self, text: str) -> int:
        """Count the tokens of a text."""
        return self._inner.count_tokens(text)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return vectors in the order of the texts, shape `(len(texts), dimension)`."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._inner.embed_documents(new), strict=True))
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        return np.stack([self._known[text] for text in texts])

    def embed_question(self, text: str) -> Vector:
        """Return the vector of a question, each time anew."""
        return self._inner.embed_question(text)
