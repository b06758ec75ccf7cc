"""A generation -> all that reads it: each question takes one, and keeps to it to its end."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sourcier_core.generations import Generations, OpenGeneration
from sourcier_core.types import Answer, Scope
from sourcier_service.answering import Answering
from sourcier_service.calibration import Calibration
from sourcier_service.extraction import Extractor
from sourcier_service.retrieval import Retrieved, Retriever


@dataclass(frozen=True, slots=True)
class ReadPath:
    """What answers from one generation."""

    generation: OpenGeneration
    calibration: Calibration
    retriever: Retriever
    extractor: Extractor
    answering: Answering


OpenReadPath = Callable[[OpenGeneration, Calibration | None], ReadPath]


class LiveReadPath:
    """The read path of whichever generation is live when a question comes."""

    def __init__(self, generations: Generations, open_path: OpenReadPath) -> None:
        """Open the live generation's.

        Args:
            generations: Says which one is live.
            open_path: Makes the read path of a generation, with a calibration or the one that belongs to it.

        Raises:
            InvalidCalibration: The calibration named in the settings cannot be read.
        """
        self._generations = generations
        self.open = open_path
        self._lock = threading.Lock()
        self._paths: dict[int, ReadPath] = {}
        self.prepare(generations.live)

    @property
    def current(self) -> ReadPath:
        """Return the live one, to look at. To read from it, take it with `reading`."""
        return self._paths[self._generations.live.id]

    def prepare(self, generation: OpenGeneration, path: ReadPath | None = None) -> ReadPath:
        """Have a generation's read path at hand before it goes live: a question must not wait for it."""
        made = path or self.open(generation, None)
        with self._lock:
            self._paths[generation.id] = made
        return made

    def forget_others(self) -> None:
        """Let go of the read paths of generations that were replaced; questions under way keep theirs."""
        with self._lock:
            live = self._generations.live.id
            self._paths = {key: path for key, path in self._paths.items() if key == live}

    @contextmanager
    def reading(self) -> Iterator[ReadPath]:
        """Give the live read path, whose index stays open while the block lasts."""
        with self._generations.reading() as generation:
            path = self._paths.get(generation.id) or self.prepare(generation)
            yield replace(path, generation=generation)


class LiveAnswering:
    """Answers from the live generation, wholly from one: that which is live when the question is asked."""

    def __init__(self, live: LiveReadPath) -> None:
        self._live = live

    def answer(
        self, text: str, scope: Scope, *, language: str | None = None, with_boxes: bool = True
    ) -> Answer:
        """Answer a question; see `Answering.answer`."""
        with self._live.reading() as path:
            return path.answering.answer(
                text, self._lifted(scope, path), language=language, with_boxes=with_boxes
            )

    def search(self, text: str, scope: Scope, *, limit: int) -> Retrieved:
        """Find passages without answering; see `Answering.search`."""
        with self._live.reading() as path:
            return path.answering.search(text, self._lifted(scope, path), limit=limit)

    def _lifted(self, scope: Scope, path: ReadPath) -> Scope:
        """Return the scope at a sequence that the generation answers for.

        The scope was made before the generation was taken: where it went live in between, it holds what
        answered at that instant, and nothing of before.
        """
        least = path.generation.complete_at
        return scope if scope.sequence >= least else replace(scope, sequence=least)
