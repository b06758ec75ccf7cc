import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from sourcier_core.errors import CatalogueUnavailable, IndexLocked
from sourcier_core.home import Home


@pytest.fixture
def any_umask() -> Iterator[None]:
    """A umask that forbids nothing: what is private must be so by its own mode."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_making_the_object_touches_nothing(tmp_path: Path) -> None:
    Home(tmp_path / "home")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("any_umask")
def test_the_folder_is_its_owners_alone(tmp_path: Path) -> None:
    Home(tmp_path / "home").create()

    assert mode(tmp_path / "home") == 0o700


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("kept")

    Home(tmp_path).create()

    assert (tmp_path / "kept.txt").read_text() == "kept"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(CatalogueUnavailable, match="file/home"):
        Home(tmp_path / "file" / "home").create()


# --- who owns it


def test_a_home_that_is_owned_is_refused_and_the_owner_named(tmp_path: Path) -> None:
    first, second = Home(tmp_path), Home(tmp_path)
    first.own("sourcier serve")

    with pytest.raises(IndexLocked, match=rf"sourcier serve \(process {os.getpid()}\)"):
        second.own("sourcier ingest")

    first.disown()


def test_a_home_that_was_let_go_may_be_owned_again(tmp_path: Path) -> None:
    first, second = Home(tmp_path), Home(tmp_path)
    first.own("a very long name of a process that owned it before")
    first.disown()

    second.own("new")

    assert (tmp_path / "owner.lock").read_text() == f"new (process {os.getpid()})"
    second.disown()


def test_a_home_of_a_process_that_died_is_free(tmp_path: Path) -> None:
    (tmp_path / "owner.lock").write_text("sourcier serve (process 4242)")

    home = Home(tmp_path)
    home.own("new")
    home.disown()


def test_letting_go_twice_does_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.own("new")

    home.disown()
    home.disown()


def test_two_homes_are_owned_apart(tmp_path: Path) -> None:
    one, other = Home(tmp_path / "one"), Home(tmp_path / "other")

    one.own("x")
    other.own("y")

    one.disown()
    other.disown()


# --- the running server's note


@pytest.mark.usefixtures("any_umask")
def test_the_servers_note_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)

    home.announce("http://127.0.0.1:8000")

    assert mode(tmp_path / "server.json") == 0o600


def test_a_note_left_readable_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "server.json").write_text("{}")
    (tmp_path / "server.json").chmod(0o666)

    Home(tmp_path).announce("http://127.0.0.1:8000")

    assert mode(tmp_path / "server.json") == 0o600


def test_commands_find_the_server_that_owns_the_home(tmp_path: Path) -> None:
    server = Home(tmp_path)
    server.own("sourcier serve")

    announced = server.announce("http://127.0.0.1:8000")

    assert Home(tmp_path).running_server() == announced
    assert (announced.address, announced.pid) == ("http://127.0.0.1:8000", os.getpid())
    server.disown()


def test_looking_for_the_server_does_not_take_the_home_from_it(tmp_path: Path) -> None:
    server = Home(tmp_path)
    server.own("sourcier serve")
    server.announce("http://127.0.0.1:8000")

    Home(tmp_path).running_server()

    with pytest.raises(IndexLocked):
        Home(tmp_path).own("sourcier ingest")
    server.disown()


def test_each_start_has_another_token(tmp_path: Path) -> None:
    home = Home(tmp_path)

    assert home.announce("http://x").token != home.announce("http://x").token


def test_a_note_of_a_server_that_died_is_not_believed(tmp_path: Path) -> None:
    server = Home(tmp_path)
    server.own("sourcier serve")
    server.announce("http://127.0.0.1:8000")
    server.disown()  # what the system does when a process ends

    assert Home(tmp_path).running_server() is None


def test_a_withdrawn_note_is_gone(tmp_path: Path) -> None:
    server = Home(tmp_path)
    server.own("sourcier serve")
    server.announce("http://127.0.0.1:8000")

    server.withdraw()
    server.withdraw()

    assert Home(tmp_path).running_server() is None
    server.disown()


@pytest.mark.parametrize(
    "note",
    ["", "not json", "[]", "null", "{}", json.dumps({"address": "http://x", "token": "t", "pid": 1, "x": 2})],
)
def test_a_damaged_note_is_no_server(tmp_path: Path, note: str) -> None:
    home = Home(tmp_path)
    home.own("sourcier serve")
    (tmp_path / "server.json").write_text(note)

    assert Home(tmp_path).running_server() is None
    home.disown()
