"""A page's text -> the units that can be an answer: sentences, table rows, a list's items and whole lists.

Headings, captions, questions, web addresses and scraps are none.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from sourcier_core.types import Page
from sourcier_service.sentences import MAX_UNIT, Unit, is_clause, item_mark, split_units
from sourcier_service.table_rows import is_caption

MIN_WORDS = 3  # a shorter unit is a heading's or a cell's rest
SHORT_WORDS = 5  # a sentence of so few at a line's start is joined to the next: "Yes.", "Travel costs."
WHOLE_LIST = 350  # characters: up to this, a list's items are no units of their own
MAX_LIST = 2400  # characters of a whole list
MAX_ITEMS = 12  # of a whole list
MAX_AFTER_NUMBER, MAX_AFTER_BULLET = 4, 2  # sentences that go on an item before the next one
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+")
_WORD = re.compile(r"[^\W\d_]{2,}")
_FIRST_CHARACTER = re.compile(r"[^\W_]")
_NUMBER = re.compile(r"\d+")
_OPENS_LIST = re.compile(
    r"(?::|\b(?:suivante?s?|ci-dessous|ainsi|following|as follows|below|these steps|in this order)\W{0,2})$",
    re.IGNORECASE,
)

# An opening that begins so speaks of the sentence before it: "Once signed, it is told in this order:".
_SPEAKS_OF_BEFORE = re.compile(
    r"(?:une fois|dans ce cas|elles?|ils?|cela|celles?-ci|celui-ci|ceux-ci|ce dernier|cette|ces|once|"
    r"in (?:this|that) case|"
    r"it|they|this|these|then|to do (?:so|this|that))\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=512)
def answer_units(page: Page, body: tuple[int, int] | None = None) -> tuple[Unit, ...]:
    """Return the units of a page that can answer, in reading order of their starts.

    A list is a unit as a whole, with its opening sentence. Where it is long each item is one too: these
    overlap the whole, and who chooses takes one or the other.

    Args:
        page: As stored.
        body: Span of its text without running lines; default all of it.
    """
    start, end = body or (0, len(page.text))
    units = _joined(page, split_units(page, start, end))
    found: list[Unit] = []
    position = 0
    while position < len(units):
        taken = _list_at(page, units, position)
        if taken:
            found += _list_units(page, units[position], units[position + 1 : position + taken])
        elif not _is_no_answer(page, units[position]):
            found.append(_marked(page, units[position]))
        position += taken or 1
    return tuple(unit for unit in found if unit.items or len(unit.text(page).split()) >= MIN_WORDS)


def item_number(page: Page, unit: Unit) -> int | None:
    """Return the number of a list's item; None for a bullet, a letter or anything else."""
    match = _NUMBER.search(item_mark(page, unit) or "")
    return int(match.group()) if match else None


def _joined(page: Page, units: Sequence[Unit]) -> list[Unit]:
    """Join a short sentence at a line's start to the next, and what follows a colon without being a list."""
    joined: list[Unit] = []
    for unit in units:
        before = joined[-1] if joined else None
        if before is not None and _goes_on(page, before, unit):
            joined[-1] = replace(before, end=unit.end)
        elif len(joined) > 1 and item_mark(page, unit) is not None and _needs_before(page, *joined[-2:]):
            joined[-2:] = [replace(joined[-2], end=joined[-1].end), unit]
        else:
            joined.append(unit)
    return joined


def _goes_on(page: Page, before: Unit, unit: Unit) -> bool:
    if not (_is_sentence(page, before) and _is_sentence(page, unit)) or unit.end - before.start > MAX_UNIT:
        return False
    words = before.text(page)
    if is_clause(page, unit) and not words.endswith(":"):
        return False
    if words.endswith(":"):
        return words.count(":") == 1
    line = page.text.rfind("\n", 0, before.start) + 1
    at_line_start = not page.text[line : before.start].strip()
    gap = page.text[before.end : unit.start]
    is_short = len(words.split()) <= SHORT_WORDS and words.endswith((".", "!"))
    return is_short and at_line_start and gap.count("\n") < 2


def _needs_before(page: Page, before: Unit, opening: Unit) -> bool:
    """Tell whether a list's opening sentence speaks of the sentence before it."""
    if not (_is_sentence(page, before) and _is_sentence(page, opening)):
        return False
    is_parted = "\n\n" in page.text[before.end : opening.start]
    words = opening.text(page)
    return bool(words.endswith(":") and _SPEAKS_OF_BEFORE.match(words)) and not is_parted


def _is_sentence(page: Page, unit: Unit) -> bool:
    """Tell a plain sentence from headings, rows, items, captions and questions."""
    return not (unit.heading or unit.row or _is_no_answer(page, unit)) and item_mark(page, unit) is None


def _is_no_answer(page: Page, unit: Unit) -> bool:
    words = unit.text(page)
    if unit.heading or words.endswith("?") or is_caption(words):
        return True
    rest = _ADDRESS.sub(" ", words)
    return rest != words and len(_WORD.findall(rest)) < MIN_WORDS


def _list_at(page: Page, units: Sequence[Unit], position: int) -> int:
    """Count the units of the list that begins here, its opening sentence included; 0 where none does."""
    first = units[position]
    has_lead = item_mark(page, first) is None
    if has_lead and not (_is_sentence(page, first) and _OPENS_LIST.search(first.text(page))):
        return 0
    end = position + has_lead
    if end == len(units) or item_mark(page, units[end]) is None or units[end].row or units[end].heading:
        return 0
    after, last = 0, end
    numbers = [item_number(page, units[end])]
    for n in range(end + 1, len(units)):
        unit = units[n]
        if item_mark(page, unit) is not None and not (unit.row or unit.heading):
            number = item_number(page, unit)
            if number == 1 and any(known is not None and known > 1 for known in numbers):
                break  # another list
            numbers.append(number)
            after, last = 0, n
        elif not _is_sentence(page, unit) or _OPENS_LIST.search(unit.text(page)):
            break
        else:
            after += 1
            is_parted = "\n\n" in page.text[units[n - 1].end : unit.start]
            if after > (MAX_AFTER_BULLET if numbers[-1] is None or is_parted else MAX_AFTER_NUMBER):
                break
    return last + 1 - position


def _list_units(page: Page, first: Unit, others: Sequence[Unit]) -> list[Unit]:
    """Make the units of a list: the whole, and its items where it is long."""
    lead = None if item_mark(page, first) is not None else first
    items: list[Unit] = []
    for unit in others if lead else [first, *others]:
        if item_mark(page, unit) is None:
            items[-1] = replace(items[-1], end=unit.end)
        else:
            items.append(unit)
    if len(items) == 1 and lead is None:
        return items
    start = lead.start if lead else items[0].start
    whole = [item for item in items[:MAX_ITEMS] if item.end - start <= MAX_LIST]
    opening = (lead.start, lead.end) if lead else None
    alone = [replace(item, lead=opening) for item in items]
    if not whole:
        return alone
    list_unit = Unit(start, whole[-1].end, items=tuple((item.start, item.end) for item in whole))
    if items[-1].end - start <= WHOLE_LIST:
        return [list_unit]
    return [list_unit, *alone]


def _marked(page: Page, unit: Unit) -> Unit:
    """Mark what begins in mid-sentence, and an opening whose list is elsewhere."""
    if unit.row or item_mark(page, unit) is not None:
        return unit
    first = _FIRST_CHARACTER.search(page.text, unit.start, unit.end)
    begins_small = first is not None and first.group().islower()
    return replace(unit, fragment=begins_small or page.text[unit.end - 1] == ":")
