"""What an index is made with: all that decides its chunks and vectors, kept with it to open it again."""

import json
import re
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self, cast

from sourcier_core.settings import Settings


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting in which two recipes differ."""

    name: str  # as in the settings, or "reader", "chunker", "analyser": what a release decides
    live: str  # of the generation that answers
    wanted: str  # by the settings and this release

    def __str__(self) -> str:
        return f"{self.name} is {self.live} in the live generation and {self.wanted} in the settings"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Reader, chunker, analyser, model and pivot of one index. Two indexes of one recipe are the same."""

    reader: str
    chunker: str
    tokens: int
    context_tokens: int
    analyser: str
    pivot: str | None  # version of the term table that French is put into English by; None: it is not
    model: str  # as in the settings
    precision: str
    embedder: str | None  # fingerprint of the exported model; None where it was not exported yet

    @property
    def fingerprint(self) -> str:
        """Return what tells an index from one made otherwise."""
        chunking = f"{self.chunker}-{self.tokens}-{self.context_tokens}"
        pivot = f"pivot-{self.pivot}" if self.pivot else "no-pivot"
        return f"{self.reader} {chunking} {self.analyser} {pivot} {self.embedder}"

    def to_json(self) -> str:
        """Return what `from_json` reads."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str | None) -> Self | None:
        """Read a recipe; None where there is none, or one of a release that wrote other fields."""
        try:
            values = json.loads(text or "null")
            known = {field.name for field in fields(cls)}
            return cls(**values) if isinstance(values, dict) and set(values) == known else None
        except (ValueError, TypeError):
            return None

    @classmethod
    def of_fingerprint(cls, fingerprint: str, model: str, precision: str) -> Self | None:
        """Return the recipe behind a fingerprint that a former release noted alone; None where it says none.

        Args:
            fingerprint: As `fingerprint` returns it; the model is in it by its export's name alone.
            model: As in the settings: whoever opens the index finds out whether it is that one.
            precision: The same.
        """
        found = _FINGERPRINT.fullmatch(fingerprint)
        if found is None:
            return None
        return cls(
            reader=found["reader"],
            chunker=found["chunker"],
            tokens=int(found["tokens"]),
            context_tokens=int(found["context"]),
            analyser=found["analyser"],
            pivot=found["pivot"],
            model=model,
            precision=precision,
            embedder=found["embedder"],
        )

    def applied_to(self, settings: Settings) -> Settings:
        """Return the settings with what this index was made with in the place of what they say."""
        embedding = settings.embedding.model_copy(
            update={
                "model": self.model,
                "precision": cast("Literal['fp32', 'int8']", self.precision),
                "pivot": self.pivot is not None,
            }
        )
        chunking = settings.chunking.model_copy(
            update={"tokens": self.tokens, "context_tokens": self.context_tokens}
        )
        return settings.model_copy(update={"embedding": embedding, "chunking": chunking})

    def differences(self, wanted: "Recipe") -> tuple[Difference, ...]:
        """Return in what another recipe differs, in the order of the settings."""
        found: list[Difference] = []
        for field, name in _NAMES.items():
            live, new = _shown(getattr(self, field)), _shown(getattr(wanted, field))
            if live != new:
                found.append(Difference(name, live, new))
        exported = None not in (self.embedder, wanted.embedder)
        if not found and exported and self.embedder != wanted.embedder:
            found.append(Difference("the model's weights", str(self.embedder), str(wanted.embedder)))
        return tuple(found)


_FINGERPRINT = re.compile(
    r"(?P<reader>\S+) (?P<chunker>\S+)-(?P<tokens>\d+)-(?P<context>\d+) (?P<analyser>\S+) "
    r"(?:pivot-(?P<pivot>\S+)|no-pivot) (?P<embedder>\S+)"
)
_NAMES = {
    "model": "embedding.model",
    "precision": "embedding.precision",
    "pivot": "embedding.pivot",
    "tokens": "chunking.tokens",
    "context_tokens": "chunking.context_tokens",
    "reader": "reader",
    "chunker": "chunker",
    "analyser": "analyser",
}


def _shown(value: Any) -> str:
    return "off" if value is None else str(value)
