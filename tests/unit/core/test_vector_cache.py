import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from fakes import HashEmbedder

from sourcier_core.types import Vectors
from sourcier_core.vector_cache import CachingEmbedder, VectorCache

TEXTS = ["the annual leave", "the notice period", "the mileage rate"]


class CountingEmbedder(HashEmbedder):
    """Notes each text that it embeds."""

    def __init__(self, dimension: int = 64) -> None:
        super().__init__(dimension)
        self.seen: list[str] = []

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        self.seen += texts
        return super().embed_documents(texts)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "vectors.sqlite3"


@pytest.fixture
def cache(path: Path) -> Iterator[VectorCache]:
    opened = VectorCache(path, 2**20)
    yield opened
    opened.close()


def test_a_text_is_embedded_once(cache: VectorCache) -> None:
    inner = CountingEmbedder()
    embedder = CachingEmbedder(inner, cache)

    first = embedder.embed_documents(TEXTS)
    second = embedder.embed_documents([*TEXTS[::-1], "something new"])

    assert inner.seen == [*TEXTS, "something new"]
    assert np.array_equal(first, HashEmbedder().embed_documents(TEXTS))
    assert np.array_equal(second[:3], first[::-1])
    assert (embedder.reused, embedder.made) == (3, 4)


def test_a_text_that_stands_twice_in_a_batch_is_embedded_once(cache: VectorCache) -> None:
    inner = CountingEmbedder()

    vectors = CachingEmbedder(inner, cache).embed_documents(["same", "other", "same"])

    assert inner.seen == ["same", "other"]
    assert np.array_equal(vectors[0], vectors[2])


def test_another_model_gets_none_of_its_vectors(cache: VectorCache) -> None:
    CachingEmbedder(CountingEmbedder(64), cache).embed_documents(TEXTS)
    other = CountingEmbedder(32)

    vectors = CachingEmbedder(other, cache).embed_documents(TEXTS)

    assert other.seen == TEXTS
    assert vectors.shape == (3, 32)


def test_what_was_kept_is_there_when_opened_again(path: Path) -> None:
    first = VectorCache(path, 2**20)
    CachingEmbedder(HashEmbedder(), first).embed_documents(TEXTS)
    first.close()
    inner = CountingEmbedder()

    second = VectorCache(path, 2**20)
    CachingEmbedder(inner, second).embed_documents(TEXTS)

    assert inner.seen == []
    assert second.size()[0] == 3
    second.close()


def test_beyond_its_bound_those_used_longest_ago_are_dropped(path: Path) -> None:
    cache = VectorCache(path, 2**20)
    embedder = CachingEmbedder(HashEmbedder(384), cache)
    embedder.embed_documents([f"old {n}" for n in range(300)])
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE vectors SET day = day - 1")
    connection.close()

    embedder.embed_documents([f"new {n}" for n in range(400)])  # 700 of 1,536 bytes are more than 2**20

    count, length = cache.size()
    assert length <= 2**20
    assert 400 <= count < 700
    inner = CountingEmbedder(384)
    CachingEmbedder(inner, cache).embed_documents([f"new {n}" for n in range(400)])
    assert inner.seen == []
    cache.close()


def test_a_bound_of_nothing_keeps_nothing(path: Path) -> None:
    cache = VectorCache(path, 0)
    inner = CountingEmbedder()

    for _ in range(2):
        CachingEmbedder(inner, cache).embed_documents(TEXTS)

    assert inner.seen == [*TEXTS, *TEXTS]
    assert not path.exists()


def test_a_damaged_file_is_made_anew(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 1000)

    cache = VectorCache(path, 2**20)
    embedder = CachingEmbedder(HashEmbedder(), cache)
    embedder.embed_documents(TEXTS)
    embedder.embed_documents(TEXTS)

    assert embedder.reused == 3
    cache.close()


def test_a_file_that_cannot_be_made_costs_nothing_but_the_vectors(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    cache = VectorCache(tmp_path / "cache" / "vectors.sqlite3", 2**20)

    vectors = CachingEmbedder(HashEmbedder(), cache).embed_documents(TEXTS)

    assert np.array_equal(vectors, HashEmbedder().embed_documents(TEXTS))


def test_pruning_to_nothing_empties_it(cache: VectorCache) -> None:
    CachingEmbedder(HashEmbedder(), cache).embed_documents(TEXTS)

    cache.prune(0)

    assert cache.size()[0] == 0
