"""A French question's words <-> English ones, by the term table in glossary/: no model translates here.

Each line of a file there holds terms that mean the same: `french; french<TAB>english; english`, commonest
first. Words meet a term by their stems, so that plurals, verbs and their nouns do.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TypeAlias

from sourcier_core.analysis import question_terms, stem, terms, unstopped

FOLDER = Path(__file__).with_name("glossary")
_Terms: TypeAlias = dict[tuple[str, ...], list[str]]
OTHER = {"fr": "en", "en": "fr"}
RULES = "longest-first-2"  # raised when the same table would translate otherwise
# The sense that documents have comes first: "frais" are expenses before they are fresh.
FILES = ("workplace", "public", "verbs", "general", "informal")
LONGEST = 3  # words of a term that count
SYNONYMS = 4  # of a term looked for by their words


@dataclass(frozen=True, slots=True)
class Translation:
    """A question word by word in the other language: good enough to look with, not to read."""

    language: str  # of the translation: "fr" or "en"
    text: str  # each term by its commonest equivalent, unknown words as they are
    words: tuple[tuple[str, ...], ...]  # for each word of the question its own terms and its equivalents'


class Glossary:
    """Terms of two languages that mean the same."""

    def __init__(self, entries: Sequence[tuple[Sequence[str], Sequence[str]]], version: str = "") -> None:
        """Index French and English terms that mean the same.

        Args:
            entries: French terms and English terms, the commonest first; of two entries of a term, the first
                one's equivalents come first.
            version: Changes when the entries do; part of an index generation's fingerprint.
        """
        self.version = version
        self._exact: dict[str, _Terms] = {"fr": {}, "en": {}}
        self._by_stems: dict[str, _Terms] = {"fr": {}, "en": {}}
        for french, english in entries:
            self._add("fr", french, english)
            self._add("en", english, french)

    def translate(self, text: str, language: str) -> Translation:
        """Translate a question word by word, longest terms first.

        Args:
            text: Any text.
            language: Its language, "fr" or "en"; the other one is translated to.
        """
        other = OTHER[language]
        words = unstopped(text, language)
        said: list[str] = []
        alternatives: list[tuple[str, ...]] = []
        position = 0
        while position < len(words):
            length, equivalents = self._longest(words[position : position + LONGEST], language)
            taken = words[position : position + length]
            said.append(equivalents[0] if equivalents else taken[0])
            translated = chain.from_iterable(terms(e, other) for e in equivalents[:SYNONYMS])
            also = tuple(dict.fromkeys(translated))
            alternatives += [(*own, *also) for word in taken for own in question_terms(word, language)]
            position += length
        return Translation(other, " ".join(said), tuple(dict.fromkeys(map(_distinct, alternatives))))

    def _longest(self, words: Sequence[str], language: str) -> tuple[int, list[str]]:
        """Return how many of the next words are a term, at least 1, and its equivalents."""
        exact, by_stems = self._exact[language], self._by_stems[language]
        for length in range(len(words), 0, -1):
            key = tuple(words[:length])
            if length == 1:
                forms = (key, *((form,) for form in _dictionary_forms(words[0], language)))
                found = next((exact[form] for form in forms if form in exact), None)
            else:
                found = exact.get(key)
            found = found or by_stems.get(tuple(stem(word, language) for word in key))
            if found:
                return length, found
        return 1, []

    def _add(self, language: str, of: Sequence[str], equivalents: Sequence[str]) -> None:
        for term in of:
            key = tuple(unstopped(term, language))[:LONGEST]
            if not key:
                continue
            stems = tuple(stem(word, language) for word in key)
            for known, own in ((self._exact, key), (self._by_stems, stems)):
                have = known[language].setdefault(own, [])
                have += [e for e in equivalents if e not in have]


def _dictionary_forms(word: str, language: str) -> Iterator[str]:
    """Guess under which form a dictionary has an inflected word, the likeliest first."""
    if language == "fr":
        for base in (word, word.removesuffix("s"), word.removesuffix("e"), word.removesuffix("es")):
            yield base
            yield f"{base}r"  # bosse, bosses -> bosser
            yield f"{base}re"  # revend, revends -> revendre
        if word.endswith("aux"):
            yield f"{word[:-3]}al"
    else:
        for ending, instead in (("ies", "y"), ("es", ""), ("s", ""), ("ing", ""), ("ed", ""), ("d", "")):
            if word.endswith(ending):
                yield f"{word.removesuffix(ending)}{instead}"
                yield f"{word.removesuffix(ending)}e"


@lru_cache(maxsize=1)
def packaged() -> Glossary:
    """Return the glossary that ships with the product."""
    return read_glossary(FOLDER)


def read_glossary(folder: Path) -> Glossary:
    """Read the term tables of a folder: FILES in their order, then others by name."""
    entries = []
    digest = hashlib.sha256(RULES.encode())
    place = {name: number for number, name in enumerate(FILES)}
    for path in sorted(folder.glob("*.tsv"), key=lambda path: (place.get(path.stem, len(FILES)), path.stem)):
        content = path.read_bytes()
        digest.update(content)
        for line in content.decode().splitlines():
            french, _, english = line.partition("\t")
            entries.append((french.split("; "), english.split("; ")))
    return Glossary(entries, digest.hexdigest()[:8])


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
