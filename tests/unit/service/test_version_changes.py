from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sourcier_core.errors import VersionNotFound
from sourcier_core.file_store import FileStore
from sourcier_core.page_store import PageStore
from sourcier_core.types import DocumentVersion, Heading, MediaType, Page, Structure
from sourcier_service.version_changes import (
    SMALL,
    Change,
    SectionChange,
    choose_versions,
    compare_sections,
    compare_statements,
    compare_versions,
)
from sourcier_service.version_sections import Section, Statement, key_of, read_sections


def say(*texts: str, page: int = 1) -> list[Statement]:
    return [Statement(text, key_of(text), page, str(page), 0, len(text)) for text in texts]


def section(*heading: str, says: tuple[str, ...] = (), page: int = 1) -> Section:
    return Section(heading, page, str(page), say(*says, page=page))


def words(change: Change) -> tuple[str, str | None, str | None]:
    return (
        change.kind,
        change.before.text if change.before else None,
        change.after.text if change.after else None,
    )


def differences(before: list[Statement], after: list[Statement]) -> list[tuple[str, str | None, str | None]]:
    return [words(change) for change in compare_statements(before, after)]


# --- statements


def test_equal_statements_give_nothing() -> None:
    assert differences(say("One.", "Two.", "One."), say("One.", "Two.", "One.")) == []


def test_added_removed_and_changed_statements_are_told_apart() -> None:
    before = say("Leave is asked for in writing.", "Notice is one month.", "Bring your badge.")
    after = say("Leave is asked for in writing.", "Notice is two months.", "Lockers are on floor three.")

    assert differences(before, after) == [
        ("changed", "Notice is one month.", "Notice is two months."),
        ("removed", "Bring your badge.", None),
        ("added", None, "Lockers are on floor three."),
    ]


def test_numbers_that_changed_are_called_out() -> None:
    (change,) = compare_statements(
        say("Up to 1 500 € a year, 12.5 % of it in advance, paid within 30 days."),
        say("Up to 1 800 € a year, 12.5 % of it in advance, paid within 45 days."),
    )

    assert change.numbers_before == ("1500", "30")
    assert change.numbers_after == ("1800", "45")


def test_a_minus_is_part_of_a_number_and_no_hyphen() -> None:
    (change,) = compare_statements(say("Store it at -5 degrees."), say("Store it at 5 degrees."))

    assert (change.numbers_before, change.numbers_after) == (("-5",), ("5",))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("The allow-\nance is paid.", "The allowance is paid."),
        ("It’s “paid”.", 'It\'s "paid".'),
        ("Paid  within\nthirty days.", "Paid within thirty days."),
    ],
)
def test_what_the_layout_alone_changed_is_no_change(old: str, new: str) -> None:
    assert key_of(old) == key_of(new)


def test_a_statement_that_stands_in_both_more_often_in_one_is_counted() -> None:
    assert differences(say("A b c.", "A b c."), say("A b c.")) == [("removed", "A b c.", None)]


def test_a_rewritten_stretch_longer_than_is_compared_each_with_each() -> None:
    count = SMALL + 50
    before = say(*(f"Clause number {n} grants {n} days of leave to {n * 7} people." for n in range(count)))
    after = say(*(f"Clause number {n} grants {n} days of leave to {n * 7 + 1} people." for n in range(count)))

    changes = list(compare_statements(before, after))

    assert {change.kind for change in changes} == {"changed"}
    assert len(changes) == count


letters = st.lists(st.sampled_from(["Alpha.", "Beta.", "Gamma.", "Delta.", "Epsilon."]), max_size=12)


@given(letters, letters)
def test_what_is_added_less_what_is_removed_is_the_difference(old: list[str], new: list[str]) -> None:
    changes = differences(say(*old), say(*new))

    made = sorted(old)
    for _, before, after in changes:
        if before is not None:
            made.remove(before)
        if after is not None:
            made.append(after)
    assert sorted(made) == sorted(new)


# --- sections


def kinds(
    found: tuple[SectionChange, ...],
) -> list[tuple[str, tuple[str, ...] | None, tuple[str, ...] | None]]:
    return [
        (c.kind, c.before.heading if c.before else None, c.after.heading if c.after else None) for c in found
    ]


A, B, C = ("Leave is granted.", "Ask in time."), ("Meals are paid.",), ("Cars are shared.", "Fuel is paid.")


def test_a_section_without_changes_is_counted_alone() -> None:
    found, unchanged = compare_sections([section("Leave", says=A)], [section("Leave", says=A, page=3)])

    assert (found, unchanged) == ((), 1)


def test_sections_added_and_removed_stand_where_they_stood() -> None:
    before = [section("Leave", says=A), section("Meals", says=B), section("Cars", says=C)]
    after = [section("Leave", says=A), section("Cars", says=C), section("Bikes", says=("Wear a helmet.",))]

    found, unchanged = compare_sections(before, after)

    assert kinds(found) == [("removed", ("Meals",), None), ("added", None, ("Bikes",))]
    assert unchanged == 2
    assert [words(change) for change in found[1].changes] == [("added", None, "Wear a helmet.")]


def test_a_renamed_section_is_known_by_its_words() -> None:
    found, _ = compare_sections(
        [section("Leave", says=A)], [section("Absence", says=(*A, "Tell your team."))]
    )

    assert kinds(found) == [("renamed", ("Leave",), ("Absence",))]
    assert [words(change) for change in found[0].changes] == [("added", None, "Tell your team.")]


def test_a_moved_section_is_known_by_its_name_and_words() -> None:
    before = [section("People", "Leave", says=A), section("Money", "Meals", says=B)]
    after = [section("Money", "Meals", says=B), section("Money", "Leave", says=A)]

    found, unchanged = compare_sections(before, after)

    assert kinds(found) == [("moved", ("People", "Leave"), ("Money", "Leave"))]
    assert unchanged == 1


def test_a_section_that_comes_elsewhere_in_the_order_has_moved() -> None:
    before = [section("A", says=A), section("B", says=B), section("C", says=C)]
    after = [section("B", says=B), section("C", says=C), section("A", says=A)]

    found, unchanged = compare_sections(before, after)

    assert kinds(found) == [("moved", ("A",), ("A",))]
    assert unchanged == 2


def test_a_section_that_was_renumbered_by_one_put_in_before_is_the_same() -> None:
    before = [section("1 Leave", says=A), section("2 Meals", says=B)]
    after = [section("1 Bikes", says=C), section("2 Leave", says=A), section("3 Meals", says=B)]

    found, _ = compare_sections(before, after)

    assert ("added", None, ("1 Bikes",)) in kinds(found)
    assert {kind for kind, _, _ in kinds(found)} <= {"added", "renamed"}
    assert all(not change.changes for change in found if change.kind == "renamed")


def test_two_sections_of_one_name_are_compared_in_order() -> None:
    before = [section("Example", says=A), section("Example", says=B)]
    after = [section("Example", says=A), section("Example", says=("Meals are not paid.",))]

    found, unchanged = compare_sections(before, after)

    assert [words(change) for change in found[0].changes] == [
        ("changed", "Meals are paid.", "Meals are not paid.")
    ]
    assert unchanged == 1


# --- of stored pages


def stored(folder: Path, version: str, *texts: str, headings: tuple[tuple[int, str], ...] = ()) -> PageStore:
    """Pages of those texts, with headings by page and title."""
    store = PageStore(FileStore(str(folder)))
    with store.write(version) as writer:
        for number, text in enumerate(texts, 1):
            on_page = tuple(
                Heading(text.index(title), 1, title) for page, title in headings if page == number
            )
            writer.add(Page(number, text, on_page))
        labels = tuple(f"p{n}" for n in range(1, len(texts) + 1))
        writer.finish(Structure(MediaType.PDF, len(texts), labels=labels))
    return store


def test_statements_have_their_page_label_and_section(tmp_path: Path) -> None:
    store = stored(
        tmp_path, "v", "Leave\nAsk early.", "Meals\nThey are paid.", headings=((1, "Leave"), (2, "Meals"))
    )

    leave, meals = read_sections(store, "v")

    assert (leave.heading, [s.text for s in leave.statements]) == (("Leave",), ["Ask early."])
    (paid,) = meals.statements
    assert (paid.text, paid.page, paid.page_label) == ("They are paid.", 2, "p2")
    assert "Meals\nThey are paid."[paid.start : paid.end] == "They are paid."


def test_a_sentence_that_goes_over_a_pages_end_is_one(tmp_path: Path) -> None:
    store = stored(tmp_path, "v", "The allowance is\npaid at the", "end of the month. It is taxed.")

    (only,) = read_sections(store, "v")

    assert [s.text for s in only.statements] == [
        "The allowance is paid at the end of the month.",
        "It is taxed.",
    ]


def test_running_headers_and_page_numbers_are_no_changes(tmp_path: Path) -> None:
    texts = [f"Rule {word} holds." for word in ("one", "two", "three", "four", "five")]
    old = stored(tmp_path, "a" * 64, *(f"Handbook 2025\n{text}\nPage {n}" for n, text in enumerate(texts, 1)))
    stored(tmp_path, "b" * 64, *(f"Handbook 2026\n{text}\nPage {n + 4}" for n, text in enumerate(texts, 1)))

    found = compare_versions(old, version("a" * 64, 1), version("b" * 64, 2))

    assert found.sections == ()
    assert found.unchanged == 1


def test_text_that_moved_to_another_page_is_no_change(tmp_path: Path) -> None:
    store = stored(tmp_path, "a" * 64, "One rule holds. Another rule holds.", "A third one holds.")
    stored(tmp_path, "b" * 64, "One rule holds.", "Another rule holds. A third one holds.")

    assert compare_versions(store, version("a" * 64, 1), version("b" * 64, 2)).sections == ()


def test_an_item_put_in_renumbers_the_others_and_changes_none(tmp_path: Path) -> None:
    store = stored(tmp_path, "a" * 64, "Steps\n1. Open the valve.\n2. Wait a minute.")
    stored(tmp_path, "b" * 64, "Steps\n1. Open the valve.\n2. Read the gauge twice.\n3. Wait a minute.")

    (only,) = compare_versions(store, version("a" * 64, 1), version("b" * 64, 2)).sections

    assert [words(change) for change in only.changes] == [("added", None, "2. Read the gauge twice.")]


# --- which two


def version(sha: str, valid_from: int) -> DocumentVersion:
    return DocumentVersion("d", sha, "Guide", MediaType.PDF, "en", 1, valid_from, valid_from + 1)


OLDEST, MIDDLE, NEWEST = version("aa" * 32, 1), version("ab" * 32, 2), version("c" * 64, 3)
ALL = (NEWEST, MIDDLE, OLDEST)


def test_the_newest_is_compared_with_the_one_before() -> None:
    assert choose_versions("x", ALL, None, None) == (MIDDLE, NEWEST)
    assert choose_versions("x", ALL, None, "ab") == (OLDEST, MIDDLE)
    assert choose_versions("x", ALL, "AA", None) == (OLDEST, NEWEST)


@pytest.mark.parametrize(("before", "after"), [("f", None), (None, "f"), ("a", None), (None, "aa")])
def test_digits_of_none_of_several_or_of_the_first_version_name_no_pair(
    before: str | None, after: str | None
) -> None:
    with pytest.raises(VersionNotFound):
        choose_versions("x", ALL, before, after)


def test_a_document_of_one_version_has_none_to_compare() -> None:
    with pytest.raises(VersionNotFound, match="before cccccccccccc"):
        choose_versions("x", (NEWEST,), None, None)
