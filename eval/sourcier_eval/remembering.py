"""Texts -> vectors, each text once: for what asks for the same ones again and again."""

from collections.abc import Sequence

import numpy as np

from sourcier_core.ports import Embedder
from sourcier_core.types import Vector, Vectors
from sourcier_core.wrapped_embedder import WrappedEmbedder


class RememberingEmbedder(WrappedEmbedder):
    """An `Embedder` that keeps every vector of a document's text: some 2 kB each."""

    def __init__(self, inner: Embedder) -> None:
        super().__init__(inner)
        self._known: dict[str, Vector] = {}

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return vectors in the order of the texts, shape `(len(texts), dimension)`."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._inner.embed_documents(new), strict=True))
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        return np.stack([self._known[text] for text in texts])
