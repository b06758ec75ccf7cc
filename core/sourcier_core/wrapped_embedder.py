"""What all embedders that stand before another one pass on to it."""

from collections.abc import Sequence

from sourcier_core.ports import Embedder
from sourcier_core.types import Vector, Vectors


class WrappedEmbedder:
    """An `Embedder` that does as another one does; whoever wraps one overrides what it does otherwise."""

    def __init__(self, inner: Embedder) -> None:
        self._wrapped = inner

    @property
    def _inner(self) -> Embedder:
        """The one that is asked."""
        return self._wrapped

    @property
    def dimension(self) -> int:
        """Length of a vector."""
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
        return self._inner.embed_documents(texts)

    def embed_question(self, text: str) -> Vector:
        """Return the vector of a question, each time anew."""
        return self._inner.embed_question(text)
