"""What a sender says of a document -> checked: its name, its tags and groups, its period of effect."""

from collections.abc import Iterable
from datetime import date

from sourcier_core.errors import InvalidName, InvalidPeriod
from sourcier_core.index_payload import EVERYONE
from sourcier_core.types import NEVER, Given, Period
from sourcier_core.upkeep import utc_today
from sourcier_core.version_store import checked_period

MAX_NAME = 1000  # characters
MAX_LABEL = 100  # characters of a tag or group
MAX_LABELS = 100  # tags, and groups, of one document


def check_name(name: str) -> None:
    """Refuse a document's name that cannot be shown.

    Raises:
        InvalidName: It is blank, too long, or has control characters.
    """
    if not name.strip() or len(name) > MAX_NAME or _unprintable(name):
        raise InvalidName("document", name[:80], f"1 to {MAX_NAME} characters, no control character")


def check_labels(what: str, names: Iterable[str]) -> frozenset[str]:
    """Return tags or groups without the white space around them.

    Args:
        what: "tag" or "group", for messages.
        names: As given.

    Raises:
        InvalidName: One is blank, too long, or has control characters; or there are too many.
    """
    found = frozenset(name.strip() for name in names)
    for name in found:
        if not name or len(name) > MAX_LABEL or _unprintable(name) or name == EVERYONE:
            rule = f"1 to {MAX_LABEL} characters, no control character, not {EVERYONE!r}"
            raise InvalidName(what, name[:80], rule)
    if len(found) > MAX_LABELS:
        raise InvalidName(what, min(found), f"a document has at most {MAX_LABELS} of them")
    return found


def check_given(given: Given, today: date) -> Given:
    """Return what was said of a file, its tags and groups without white space around them.

    Raises:
        InvalidName: A tag or group cannot be used.
        InvalidPeriod: The period would hold no day.
    """
    period_of(given, today)
    return Given(
        effective_from=given.effective_from,
        effective_to=given.effective_to,
        tags=None if given.tags is None else check_labels("tag", given.tags),
        groups=None if given.groups is None else check_labels("group", given.groups),
    )


def given_as_text(
    effective_from: str | None,
    effective_to: str | None,
    tags: Iterable[str] | None,
    groups: Iterable[str] | None,
) -> Given:
    """Return what was said of a file in words, checked.

    Raises:
        InvalidName: A tag or group cannot be used.
        InvalidPeriod: A date cannot be read, or the period would hold no day.
    """
    given = Given(
        effective_from=read_day(effective_from) if effective_from else None,
        effective_to=read_day(effective_to) if effective_to else None,
        tags=frozenset(tags) if tags else None,
        groups=frozenset(groups) if groups else None,
    )
    return check_given(given, utc_today())


def period_of(given: Given, today: date) -> Period:
    """Return the period of a version: by default from today on, or since ever where it has ended by then.

    Raises:
        InvalidPeriod: It would hold no day.
    """
    end = given.effective_to.toordinal() if given.effective_to else NEVER
    if given.effective_from is not None:
        return checked_period(Period(given.effective_from.toordinal(), end))
    return checked_period(Period(today.toordinal() if today.toordinal() < end else 0, end))


def read_day(text: str) -> date:
    """Return the date written in a text.

    Raises:
        InvalidPeriod: It is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidPeriod(f"{text!r} is no date") from None


def _unprintable(name: str) -> bool:
    return any(ord(c) < 32 or 0xD800 <= ord(c) < 0xE000 for c in name)
