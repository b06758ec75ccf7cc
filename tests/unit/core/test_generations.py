import threading
from pathlib import Path

import pytest
from fakes import HashEmbedder, MemoryIndex

from sourcier_core.errors import IndexUnavailable
from sourcier_core.file_store import FileStore
from sourcier_core.generations import Generations, LiveEmbedder, LiveIndex, OpenGeneration, SwapLock
from sourcier_core.page_store import PageStore
from sourcier_core.types import Scope

WAIT = 5.0


class ClosingIndex(MemoryIndex):
    """Knows whether it was closed."""

    closed = False

    def close(self) -> None:
        self.closed = True


class FailingIndex(MemoryIndex):
    """Cannot be closed."""

    def close(self) -> None:
        raise IndexUnavailable("here", "the disk is gone")


def generation(
    tmp_path: Path, number: int, index: MemoryIndex | None = None, *, dimension: int = 64
) -> OpenGeneration:
    pages = PageStore(FileStore(str(tmp_path / "pages")))
    return OpenGeneration(number, f"f{number}", None, HashEmbedder(dimension), index or ClosingIndex(), pages)


def test_a_replaced_generation_is_closed_at_once_where_nobody_reads_it(tmp_path: Path) -> None:
    first, second = generation(tmp_path, 1), generation(tmp_path, 2)
    generations = Generations(first)

    generations.swap(second)

    assert generations.live is second
    assert (first.index.closed, second.index.closed) == (True, False)  # type: ignore[attr-defined]
    assert generations.in_use() == {2}


def test_a_question_keeps_its_generation_open_to_its_end(tmp_path: Path) -> None:
    first, second = generation(tmp_path, 1), generation(tmp_path, 2)
    generations = Generations(first)

    with generations.reading() as one, generations.reading() as other:
        generations.swap(second)
        with generations.reading() as later:
            assert later is second
        assert one is other is first
        assert generations.in_use() == {1, 2}
        assert not first.index.closed  # type: ignore[attr-defined]

    assert first.index.closed  # type: ignore[attr-defined]
    assert generations.in_use() == {2}


def test_a_question_does_not_fail_because_its_generation_cannot_be_closed(tmp_path: Path) -> None:
    generations = Generations(generation(tmp_path, 1, FailingIndex()))

    with generations.reading() as read:
        generations.swap(generation(tmp_path, 2))

    assert read.id == 1


def test_what_is_written_goes_to_the_generation_that_is_live_then(tmp_path: Path) -> None:
    generations = Generations(generation(tmp_path, 1))
    index, embedder = LiveIndex(generations), LiveEmbedder(generations)
    before = (embedder.dimension, embedder.fingerprint)

    generations.swap(generation(tmp_path, 2, dimension=32))

    assert before == (64, "hash-64-256")
    assert (embedder.dimension, embedder.fingerprint) == (32, "hash-32-256")
    assert embedder.embed_documents(["a"]).shape == (1, 32)
    assert index.count(Scope(frozenset({"hr"}), 1)) == 0


def test_a_swap_waits_for_every_write_and_holds_new_ones_off() -> None:
    lock = SwapLock()
    happened: list[str] = []
    swapping = threading.Event()

    def swap() -> None:
        swapping.set()
        with lock.swapping():
            happened.append("swapped")

    def write() -> None:
        with lock.writing():
            happened.append("wrote")

    with lock.writing(), lock.writing():
        swapper = threading.Thread(target=swap)
        swapper.start()
        assert swapping.wait(WAIT)
        while not lock._waiting:
            pass
        writer = threading.Thread(target=write)
        writer.start()
        writer.join(0.1)
        assert happened == []
    swapper.join(WAIT)
    writer.join(WAIT)

    assert happened == ["swapped", "wrote"]


def test_a_write_that_fails_does_not_hold_a_swap_off() -> None:
    lock = SwapLock()

    with pytest.raises(RuntimeError), lock.writing():
        raise RuntimeError

    with lock.swapping():
        pass
