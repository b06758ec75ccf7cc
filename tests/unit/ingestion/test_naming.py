from datetime import date

import pytest

from sourcier_core.errors import InvalidName, InvalidPeriod
from sourcier_core.types import ALWAYS, NEVER, Given, Period
from sourcier_ingestion.naming import (
    MAX_LABELS,
    check_given,
    check_labels,
    check_name,
    given_as_text,
    period_of,
    read_day,
)

TODAY = date(2026, 3, 10)
NUMBER = TODAY.toordinal()


@pytest.mark.parametrize("name", ["", "  ", "a\nb.pdf", "n" * 1001, "\ud800.pdf"])
def test_a_name_that_cannot_be_shown_is_refused(name: str) -> None:
    with pytest.raises(InvalidName, match="cannot be the name of a document"):
        check_name(name)


@pytest.mark.parametrize("label", ["", " ", "*", "a\tb", "x" * 101])
def test_a_tag_that_cannot_be_used_is_refused(label: str) -> None:
    with pytest.raises(InvalidName, match="cannot be the name of a tag"):
        check_labels("tag", [label])


def test_labels_lose_the_space_around_them_and_their_doubles() -> None:
    assert check_labels("group", [" legal ", "legal", "Élus"]) == frozenset({"legal", "Élus"})


def test_there_are_at_most_so_many_labels() -> None:
    assert len(check_labels("tag", map(str, range(MAX_LABELS)))) == MAX_LABELS
    with pytest.raises(InvalidName, match="at most 100"):
        check_labels("tag", map(str, range(MAX_LABELS + 1)))


@pytest.mark.parametrize(
    ("given", "period"),
    [
        (Given(), Period(NUMBER, NEVER)),
        (Given(effective_from=date(2020, 1, 1)), Period(date(2020, 1, 1).toordinal(), NEVER)),
        (Given(effective_to=date(2026, 3, 11)), Period(NUMBER, NUMBER + 1)),
        (Given(effective_to=date(2025, 1, 1)), Period(ALWAYS, date(2025, 1, 1).toordinal())),
    ],
)
def test_a_version_is_in_effect_from_today_where_nothing_else_is_said(given: Given, period: Period) -> None:
    assert period_of(given, TODAY) == period


@pytest.mark.parametrize("end", [date(2026, 3, 10), date(2026, 3, 9)])
def test_a_period_that_ends_before_it_begins_is_refused(end: date) -> None:
    with pytest.raises(InvalidPeriod, match="From 2026-03-10 to 2026-03-"):
        check_given(Given(effective_from=TODAY, effective_to=end), TODAY)


@pytest.mark.parametrize("text", ["10/03/2026", "2026-02-30", "today", ""])
def test_a_date_that_is_none_is_refused_with_how_it_is_written(text: str) -> None:
    with pytest.raises(InvalidPeriod, match="2026-03-31"):
        read_day(text)


def test_what_is_typed_is_read() -> None:
    given = given_as_text("2026-01-01", "2099-01-01", ["a", "b"], None)

    assert given == Given(date(2026, 1, 1), date(2099, 1, 1), frozenset({"a", "b"}), None)
