"""The generation that answers, and the swap: a question reads one generation to its end.

A write goes to the live one, which stays live until it is committed. A generation that was replaced is closed
when the last question that reads it has ended.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sourcier_core.errors import DependencyError
from sourcier_core.page_store import PageStore
from sourcier_core.ports import ChunkIndex, Embedder
from sourcier_core.recipe import Recipe
from sourcier_core.settings import Settings
from sourcier_core.types import ALWAYS, IndexedChunk, Marks, Probe, Scope, ScoredChunk, Vector
from sourcier_core.wrapped_embedder import WrappedEmbedder

logger = logging.getLogger("sourcier.generations")


@dataclass(frozen=True, slots=True)
class OpenGeneration:
    """A generation whose index and model are open."""

    id: int
    fingerprint: str
    recipe: Recipe | None  # None where the settings alone say it
    embedder: Embedder
    index: ChunkIndex
    pages: PageStore  # of the edition that its chunks are spans of
    edition: str = ""
    complete_at: int = 0  # least sequence that it answers for

    def settings(self, settings: Settings) -> Settings:
        """Return the settings with what this generation was made with in place of what they say."""
        return settings if self.recipe is None else self.recipe.applied_to(settings)


@dataclass(slots=True)
class _InUse:
    generation: OpenGeneration
    readers: int = 0
    replaced: bool = False


class SwapLock:
    """Any number of writes at a time, or one swap; a swap that waits goes first."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._own = threading.local()
        self._writing = 0
        self._waiting = 0
        self._swapping = False

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the live generation where it is, from a write's beginning to its commit."""
        if getattr(self._own, "depth", 0):  # this thread holds it already: a swap that waits must not stop it
            self._own.depth += 1
            try:
                yield
            finally:
                self._own.depth -= 1
            return
        with self._changed:
            self._changed.wait_for(lambda: not self._swapping and not self._waiting)
            self._writing += 1
        self._own.depth = 1
        try:
            yield
        finally:
            self._own.depth = 0
            with self._changed:
                self._writing -= 1
                self._changed.notify_all()

    @contextmanager
    def swapping(self) -> Iterator[None]:
        """Wait until nothing is being written, and hold writes off."""
        with self._changed:
            self._waiting += 1
            try:
                self._changed.wait_for(lambda: not self._swapping and not self._writing)
            finally:
                self._waiting -= 1
            self._swapping = True
        try:
            yield
        finally:
            with self._changed:
                self._swapping = False
                self._changed.notify_all()


class Generations:
    """Which generation answers in this process."""

    def __init__(self, live: OpenGeneration) -> None:
        self._lock = threading.Lock()
        self._live = _InUse(live)
        self._replaced: set[int] = set()  # still read
        self._lock_of_writes = SwapLock()

    @property
    def live(self) -> OpenGeneration:
        """Return the one that answers now. To read from it, take it with `reading`."""
        return self._live.generation

    @property
    def writes(self) -> SwapLock:
        """What a write holds while it writes, and a swap takes."""
        return self._lock_of_writes

    @contextmanager
    def reading(self) -> Iterator[OpenGeneration]:
        """Give the live generation, which stays open while the block lasts."""
        with self._lock:
            used = self._live
            used.readers += 1
        try:
            yield used.generation
        finally:
            with self._lock:
                used.readers -= 1
                last = used.replaced and not used.readers
            if last:
                self._close(used.generation)

    def in_use(self) -> frozenset[int]:
        """Return the generations that are live, or were when a question began that has not ended."""
        with self._lock:
            return frozenset({self._live.generation.id, *self._replaced})

    def swap(self, new: OpenGeneration) -> None:
        """Let another generation answer, open and whole; the former one is closed when nobody reads it."""
        with self._lock:
            old, self._live = self._live, _InUse(new)
            old.replaced = True
            self._replaced.add(old.generation.id)
            idle = not old.readers
        if idle:
            self._close(old.generation)

    def close(self) -> None:
        """Close the live generation's index."""
        self._live.generation.index.close()

    def _close(self, generation: OpenGeneration) -> None:
        try:
            generation.index.close()
        except DependencyError:  # a question that was answered must not fail for it
            logger.exception("generation %s was not closed in order", generation.id)
        with self._lock:
            self._replaced.discard(generation.id)


class LiveIndex:
    """The `ChunkIndex` of the generation that is live when it is called."""

    def __init__(self, generations: Generations) -> None:
        self._generations = generations

    def upsert(self, chunks: Sequence[IndexedChunk]) -> None:
        """Write chunks."""
        with self._generations.reading() as live:
            live.index.upsert(chunks)

    def search(
        self, probes: Sequence[Probe], scope: Scope, limit: int, compare: Sequence[Vector] = ()
    ) -> list[ScoredChunk]:
        """Find chunks."""
        with self._generations.reading() as live:
            return live.index.search(probes, scope, limit, compare)

    def retire(self, document: str, at: int, day: int = ALWAYS) -> None:
        """End a document's chunks."""
        with self._generations.reading() as live:
            live.index.retire(document, at, day)

    def restate(self, document: str, valid_from: int, marks: Marks, valid_to: int, superseded: int) -> None:
        """Set what the chunks of one version have beside their text."""
        with self._generations.reading() as live:
            live.index.restate(document, valid_from, marks, valid_to, superseded)

    def discard(self, document: str, valid_from: int) -> None:
        """Remove a document's chunks of one sequence."""
        with self._generations.reading() as live:
            live.index.discard(document, valid_from)

    def remove(self, document: str) -> None:
        """Remove a document's chunks."""
        with self._generations.reading() as live:
            live.index.remove(document)

    def count(self, scope: Scope) -> int:
        """Count chunks."""
        with self._generations.reading() as live:
            return live.index.count(scope)

    def flush(self) -> None:
        """Return when all that was written is safe."""
        with self._generations.reading() as live:
            live.index.flush()

    def close(self) -> None:
        """Close the live generation's index."""
        self._generations.close()


class LiveEmbedder(WrappedEmbedder):
    """The `Embedder` of the generation that is live when it is called."""

    def __init__(self, generations: Generations) -> None:
        self._generations = generations

    @property
    def _inner(self) -> Embedder:
        return self._generations.live.embedder
