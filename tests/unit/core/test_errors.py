import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sourcier_core import errors
from sourcier_core.errors import (
    DependencyError,
    DocumentError,
    DocumentHasTooManyPages,
    ReadingOutOfMemory,
    RequestError,
    ServerRefused,
    SourcierError,
)

NAME = "Été « 2026 »'s {plan}%s.pdf"  # what breaks a message that is put together carelessly
VALUES: dict[type, Any] = {str: NAME, int: 1_234_567, float: 2.5, Path: Path("/tmp") / NAME}


def leaves(of: type[SourcierError] = SourcierError) -> Iterator[type[SourcierError]]:
    for child in of.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from leaves(child) if child.__subclasses__() else [child]


LEAVES = sorted(leaves(), key=lambda leaf: leaf.__name__)
each_leaf = pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.__name__)


def make(leaf: type[SourcierError]) -> SourcierError:
    """Make an error from a value of each argument's type."""
    parameters = list(inspect.signature(leaf.__init__).parameters.values())[1:]
    return leaf(*(VALUES[parameter.annotation] for parameter in parameters))


def test_each_leaf_has_a_code_of_its_own() -> None:
    codes = [leaf.code for leaf in LEAVES]

    assert len(set(codes)) == len(LEAVES) > 20
    assert [code for code in codes if not re.fullmatch(r"[a-z]+(_[a-z]+)*", code)] == []


@each_leaf
def test_a_leaf_is_of_one_branch(leaf: type[SourcierError]) -> None:
    branches = [
        branch for branch in (DocumentError, DependencyError, RequestError) if issubclass(leaf, branch)
    ]

    assert len(branches) == 1


@each_leaf
def test_the_message_is_the_only_argument_of_the_exception(leaf: type[SourcierError]) -> None:
    error = make(leaf)

    assert error.args == (str(error),)


@pytest.mark.parametrize(
    "leaf",
    [leaf for leaf in LEAVES if leaf is not ServerRefused],  # it passes on the server's words as they are
    ids=lambda leaf: leaf.__name__,
)
def test_a_message_is_a_sentence_or_more(leaf: type[SourcierError]) -> None:
    message = str(make(leaf))

    assert message == message.strip()
    assert message[0].isupper() or message[0] in "'\"«É"
    assert re.search(r"[.)0-9\w]$", message)
    assert "\n" not in message
    assert "  " not in message


@each_leaf
def test_a_message_names_each_thing_that_it_was_given(leaf: type[SourcierError]) -> None:
    parameters = list(inspect.signature(leaf.__init__).parameters.values())[1:]
    texts = [p for p in parameters if p.annotation in (str, Path)]
    if leaf is ServerRefused:
        texts = texts[1:]  # its code is kept apart

    assert str(make(leaf)).count("{plan}%s") == len(texts)


def test_the_modules_drawing_names_every_class() -> None:
    drawing = errors.__doc__ or ""

    defined = [
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, SourcierError)
    ]

    assert [name for name in defined if not re.search(rf"\b{name}\b", drawing)] == []


def test_numbers_are_written_for_people() -> None:
    assert "12,000 pages; the limit is 10,000" in str(DocumentHasTooManyPages("a.pdf", 12_000, 10_000))
    # 2 GiB is 2,048 MiB.
    assert "2,048 MiB" in str(ReadingOutOfMemory("a.pdf", 2 * 2**30))


def test_a_servers_refusal_keeps_its_code_beside_ours() -> None:
    error = ServerRefused("document_too_large", "'a.pdf' is larger than 10 bytes.")

    assert (error.code, error.remote_code) == ("server_refused", "document_too_large")
    assert str(error) == "'a.pdf' is larger than 10 bytes."
