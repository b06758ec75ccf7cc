import numpy as np
from fakes import HashEmbedder, InterruptedEmbedder

from sourcier_eval.remembering import RememberingEmbedder


def fail() -> None:
    raise AssertionError("a text was embedded twice")


def test_no_text_is_embedded_twice() -> None:
    inner = HashEmbedder()
    embedder = RememberingEmbedder(InterruptedEmbedder(inner, 3, fail))

    embedder.embed_documents(["one", "two", "one"])
    embedder.embed_documents(["two", "three"])
    found = embedder.embed_documents(["three", "one", "two"])

    assert np.array_equal(found, inner.embed_documents(["three", "one", "two"]))


def test_of_some_known_texts_only_the_new_ones_are_embedded() -> None:
    seen: list[int] = []
    inner = HashEmbedder()

    class Counting(HashEmbedder):
        def embed_documents(self, texts):  # type: ignore[no-untyped-def]
            seen.append(len(texts))
            return super().embed_documents(texts)

    embedder = RememberingEmbedder(Counting())
    embedder.embed_documents(["one", "two"])
    found = embedder.embed_documents(["two", "three", "three"])

    assert seen == [2, 1]
    assert np.array_equal(found, inner.embed_documents(["two", "three", "three"]))
