"""Two versions of a document -> what changed, section by section: words added, removed, changed."""

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
from rapidfuzz import fuzz, process

from sourcier_core.errors import VersionNotFound
from sourcier_core.page_store import PageStore
from sourcier_core.types import DocumentVersion
from sourcier_service.version_sections import Section, Statement, read_sections

LIKE = 60.0  # of 100, of two statements: from there on one is the other, changed (rapidfuzz's ratio)
SHARED = 0.5  # of two sections' statements: from there on one is the other, moved or renamed
SMALL = 400  # statements of both sides between two anchors that are compared each with each
WINDOW = 40  # in a longer stretch, statements before and after its place that one is compared with
SectionKind: TypeAlias = Literal["added", "removed", "changed", "moved", "renamed"]
_NUMBER = re.compile(r"[+\-−]?\d+(?:[.,'\u00a0\u202f ]\d+)*(?:\s?%)?")
_HEADING_NUMBER = re.compile(
    r"^\s*(?:(?:chapter|chapitre|article|section|annexe|annex|part|partie)\s+)?"
    r"(?:[\dIVXLC]+|[A-Z])(?:[.\-]\d+)*[.):]?\s+",
    re.IGNORECASE,
)
_Pair: TypeAlias = tuple[Section, Section]


@dataclass(frozen=True, slots=True)
class Change:
    """One statement that differs."""

    kind: Literal["added", "removed", "changed"]
    before: Statement | None
    after: Statement | None
    numbers_before: tuple[str, ...] = ()  # that the old words have and the new ones have not
    numbers_after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SectionChange:
    """One section that differs."""

    kind: SectionKind
    before: Section | None
    after: Section | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class VersionChanges:
    """What changed between two versions."""

    version_from: str
    version_to: str
    unchanged: int  # sections
    sections: tuple[SectionChange, ...]  # in the order of the new version, removed ones where they stood


def choose_versions(
    name: str, versions: Sequence[DocumentVersion], before: str | None, after: str | None
) -> tuple[DocumentVersion, DocumentVersion]:
    """Return the two versions to compare.

    Args:
        name: Of the document, for messages.
        versions: All of it, newest first.
        before: sha256 or its first digits; default the one before `after`.
        after: The same; default the newest.

    Raises:
        VersionNotFound: There is none of those digits, or none before.
    """
    new = _named(name, versions, after) if after else next(iter(versions), None)
    if new is None:
        raise VersionNotFound(name, after or "newest")
    if before:
        return _named(name, versions, before), new
    older = (one for one in versions if one.valid_from < new.valid_from and one.version != new.version)
    old = next(older, None)
    if old is None:
        raise VersionNotFound(name, f"before {new.version[:12]}")
    return old, new


def compare_versions(pages: PageStore, old: DocumentVersion, new: DocumentVersion) -> VersionChanges:
    """Say what changed from one version to another.

    Raises:
        FileNotFoundError: The pages of one are not stored.
    """
    before, after = read_sections(pages, old.version), read_sections(pages, new.version)
    found, unchanged = compare_sections(before, after)
    return VersionChanges(old.version, new.version, unchanged, found)


def compare_sections(
    before: Sequence[Section], after: Sequence[Section]
) -> tuple[tuple[SectionChange, ...], int]:
    """Return the sections that differ, in the order of the new version, and how many do not."""
    pairs = _match(before, after)
    out_of_order = _out_of_order(before, after, pairs)
    found: list[tuple[tuple[int, int], SectionChange]] = []
    unchanged = last = 0
    for place, section in enumerate(after):
        if id(section) not in pairs:
            new = tuple(Change("added", None, statement) for statement in section.statements)
            found.append(((place, 1), SectionChange("added", None, section, new)))
            continue
        old = pairs[id(section)][0]
        kind = _kind(old, section, kept_place=id(section) not in out_of_order)
        changes = tuple(compare_statements(old.statements, section.statements))
        if changes or kind != "changed":
            found.append(((place, 1), SectionChange(kind, old, section, changes)))
        else:
            unchanged += 1
    new_places = {id(pairs[id(one)][0]): place for place, one in enumerate(after) if id(one) in pairs}
    for section in before:
        last = new_places.get(id(section), last)
        if id(section) not in new_places:
            gone = tuple(Change("removed", statement, None) for statement in section.statements)
            found.append(((last, 2), SectionChange("removed", section, None, gone)))
    return tuple(change for _, change in sorted(found, key=lambda placed: placed[0])), unchanged


def compare_statements(before: Sequence[Statement], after: Sequence[Statement]) -> Iterator[Change]:
    """Give what differs, in reading order; the time taken grows with the length, not its square."""
    for old, new in _stretches(before, after):
        yield from _changes(old, new)


def _named(name: str, versions: Sequence[DocumentVersion], digits: str) -> DocumentVersion:
    named = [one for one in versions if one.version.startswith(digits.lower())]
    if not named or len({one.version for one in named}) > 1:
        raise VersionNotFound(name, digits)
    return named[0]


# --- sections


def _match(before: Sequence[Section], after: Sequence[Section]) -> dict[int, _Pair]:
    """Return pairs of sections that are one, by the id() of the new one."""
    pairs: dict[int, _Pair] = {}
    left, right = list(before), list(after)
    by_name: Sequence[Callable[[Section], Hashable]] = (
        lambda one: one.heading,
        _bare_path,
        lambda one: one.keys or None,
    )
    for alike in by_name:
        left, right = _pair(left, right, alike, pairs)
    left, right = _pair_by_words(left, right, pairs)
    _pair(left, right, lambda one: _bare(one.heading[-1]) if one.heading else None, pairs, only_single=True)
    return pairs


def _pair(
    left: list[Section],
    right: list[Section],
    alike: Callable[[Section], Hashable],
    pairs: dict[int, _Pair],
    *,
    only_single: bool = False,
) -> tuple[list[Section], list[Section]]:
    """Pair sections of which something is the same, the first with the first; return those left over."""
    waiting: dict[Hashable, list[Section]] = defaultdict(list)
    for section in left:
        waiting[alike(section)].append(section)
    counts = Counter(alike(section) for section in right)
    rest = []
    for section in right:
        name = alike(section)
        single = len(waiting[name]) == 1 and counts[name] == 1
        if name is not None and waiting[name] and (single or not only_single):
            pairs[id(section)] = waiting[name].pop(0), section
        else:
            rest.append(section)
    paired = {id(old) for old, _ in pairs.values()}
    return [section for section in left if id(section) not in paired], rest


def _pair_by_words(
    left: list[Section], right: list[Section], pairs: dict[int, _Pair]
) -> tuple[list[Section], list[Section]]:
    """Pair the sections that share most of their statements, the most alike first."""
    holders: dict[str, list[int]] = defaultdict(list)
    for nth, section in enumerate(left):
        for key in set(section.keys):
            holders[key].append(nth)
    scores: list[tuple[float, int, int]] = []
    for mth, section in enumerate(right):
        shared: Counter[int] = Counter()
        for key in set(section.keys):
            if len(holders.get(key, ())) <= WINDOW:  # what stands everywhere tells nothing
                shared.update(holders.get(key, ()))
        for nth, count in shared.items():
            score = 2 * count / (len(set(left[nth].keys)) + len(set(section.keys)))
            if score >= SHARED:
                scores.append((-score, nth, mth))
    taken_left: set[int] = set()
    taken_right: set[int] = set()
    for _, nth, mth in sorted(scores):
        if nth not in taken_left and mth not in taken_right:
            pairs[id(right[mth])] = left[nth], right[mth]
            taken_left.add(nth)
            taken_right.add(mth)
    return _without(left, taken_left), _without(right, taken_right)


def _out_of_order(
    before: Sequence[Section], after: Sequence[Section], pairs: Mapping[int, _Pair]
) -> set[int]:
    """Return the id() of each new section of the same name that comes elsewhere in the order of those."""
    places = {id(section): place for place, section in enumerate(before)}
    same = [one for one in after if id(one) in pairs and _bare_path(pairs[id(one)][0]) == _bare_path(one)]
    kept = set(_rising([places[id(pairs[id(one)][0])] for one in same]))
    return {id(one) for nth, one in enumerate(same) if nth not in kept}


def _without(sections: Sequence[Section], taken: set[int]) -> list[Section]:
    return [section for nth, section in enumerate(sections) if nth not in taken]


def _kind(old: Section, new: Section, *, kept_place: bool) -> SectionKind:
    if _bare_path(old) == _bare_path(new):
        if not kept_place:
            return "moved"
        return "changed" if old.heading == new.heading or old.keys != new.keys else "renamed"
    if not old.heading or not new.heading or _bare(old.heading[-1]) != _bare(new.heading[-1]):
        return "renamed"
    return "moved"


def _bare_path(section: Section) -> tuple[str, ...]:
    return tuple(_bare(title) for title in section.heading)


def _bare(title: str) -> str:
    """Return a heading without its number, which changes when one is put in before it."""
    return " ".join(_HEADING_NUMBER.sub("", title).casefold().split()) or title.casefold()


# --- statements


def _stretches(
    before: Sequence[Statement], after: Sequence[Statement]
) -> Iterator[tuple[list[Statement], list[Statement]]]:
    """Give the stretches that differ between statements that are the same ("patience" difference)."""
    old, new = [one.key for one in before], [one.key for one in after]
    anchors = [(-1, -1), *_anchors(old, new), (len(old), len(new))]
    for (a, b), (c, d) in pairwise(anchors):
        if c - a == 1 and d - b == 1:
            continue
        if max(c - a, d - b) > SMALL:
            yield list(before[a + 1 : c]), list(after[b + 1 : d])
            continue
        matcher = SequenceMatcher(None, old[a + 1 : c], new[b + 1 : d], autojunk=False)
        for tag, i, j, k, m in matcher.get_opcodes():
            if tag != "equal":
                yield list(before[a + 1 + i : a + 1 + j]), list(after[b + 1 + k : b + 1 + m])


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places of statements that stand once in both, in the order of both."""
    once_old, once_new = Counter(old), Counter(new)
    places = {key: place for place, key in enumerate(old) if once_old[key] == 1}
    common = [(places[key], place) for place, key in enumerate(new) if once_new[key] == 1 and key in places]
    return [common[nth] for nth in _rising([place for place, _ in common])]


def _rising(values: Sequence[int]) -> list[int]:
    """Return the indices of a longest strictly rising subsequence (Fredman 1975)."""
    tails: list[int] = []
    tail_values: list[int] = []
    came_from: list[int] = []
    for nth, value in enumerate(values):
        at = bisect_left(tail_values, value)
        came_from.append(tails[at - 1] if at else -1)
        if at == len(tails):
            tails.append(nth)
            tail_values.append(value)
        else:
            tails[at], tail_values[at] = nth, value
    found = []
    nth = tails[-1] if tails else -1
    while nth >= 0:
        found.append(nth)
        nth = came_from[nth]
    return found[::-1]


def _changes(old: Sequence[Statement], new: Sequence[Statement]) -> Iterator[Change]:
    """Give a stretch's changes: what is alike is one statement changed, the rest removed or added."""
    common = Counter(one.key for one in old) & Counter(one.key for one in new)
    old, new = _less(old, common), _less(new, common)
    partner = _alike(old, new)
    paired = set(partner.values())
    for nth, statement in enumerate(new):
        if nth not in partner:
            continue
        before = old[partner[nth]]
        numbers = _number_changes(before.text, statement.text)
        yield Change("changed", before, statement, *numbers)
    for nth, statement in enumerate(old):
        if nth not in paired:
            yield Change("removed", statement, None)
    for nth, statement in enumerate(new):
        if nth not in partner:
            yield Change("added", None, statement)


def _less(statements: Sequence[Statement], common: Counter[str]) -> list[Statement]:
    left = Counter(common)
    rest = []
    for statement in statements:
        if left[statement.key] > 0:
            left[statement.key] -= 1
        else:
            rest.append(statement)
    return rest


def _alike(old: Sequence[Statement], new: Sequence[Statement]) -> dict[int, int]:
    """Return which new statement is which old one, changed: the most alike first."""
    found: list[tuple[float, int, int]] = []
    for first, window in _windows(len(old), len(new)):
        scores = process.cdist(
            [old[first].text], [new[nth].text for nth in window], scorer=fuzz.ratio, score_cutoff=LIKE
        )[0]
        found += [(-float(scores[i]), first, window[i]) for i in np.flatnonzero(scores)]
    partner: dict[int, int] = {}
    taken: set[int] = set()
    for _, nth, mth in sorted(found):
        if nth not in taken and mth not in partner:
            partner[mth] = nth
            taken.add(nth)
    return partner


def _windows(old: int, new: int) -> Iterator[tuple[int, range]]:
    """Give each old place with the new places that are compared with it: all, or those about as far on."""
    for nth in range(old if new else 0):
        if new <= SMALL and old <= SMALL:
            yield nth, range(new)
        else:
            centre = nth * new // old
            yield nth, range(max(0, centre - WINDOW), min(new, centre + WINDOW + 1))


def _number_changes(old: str, new: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    before, after = Counter(_numbers(old)), Counter(_numbers(new))
    return tuple((before - after).elements()), tuple((after - before).elements())


def _numbers(text: str) -> Iterable[str]:
    return ("".join(match.group().split()) for match in _NUMBER.finditer(text))
