import errno
from pathlib import Path
from uuid import uuid4

import pytest

from sourcier_core.errors import StorageFull
from sourcier_core.file_store import FileStore


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    """In a folder, and in another storage that fsspec reaches."""
    return FileStore(str(tmp_path / "store") if request.param == "folder" else f"memory://{uuid4().hex}")


def put(store: FileStore, key: str, data: bytes) -> None:
    with store.write(key) as file:
        file.write(data)


def get(store: FileStore, key: str) -> bytes:
    with store.read(key) as file:
        return file.read()


def break_off(store: FileStore, error: BaseException) -> None:
    """Write half a file, then raise."""
    with store.write("a.bin") as file:
        file.write(b"half")
        raise error


def test_a_file_comes_back_as_it_was_written(store: FileStore) -> None:
    put(store, "a.bin", b"\x00\xff" * 100_000)

    assert store.exists("a.bin")
    assert get(store, "a.bin") == b"\x00\xff" * 100_000


def test_a_key_that_was_never_written_is_not_there(store: FileStore) -> None:
    assert not store.exists("a.bin")
    with pytest.raises(FileNotFoundError), store.read("a.bin"):
        pass


def test_a_file_is_not_there_before_it_is_whole(store: FileStore) -> None:
    with store.write("a.bin") as file:
        file.write(b"half")
        seen = store.exists("a.bin")

    assert (seen, store.exists("a.bin")) == (False, True)


def test_a_write_that_fails_leaves_the_former_file(store: FileStore) -> None:
    put(store, "a.bin", b"former")

    with pytest.raises(ValueError, match="broken off"):
        break_off(store, ValueError("broken off"))

    assert get(store, "a.bin") == b"former"


def test_a_file_that_is_written_again_is_replaced(store: FileStore) -> None:
    put(store, "a.bin", b"a longer former one")
    put(store, "a.bin", b"new")

    assert get(store, "a.bin") == b"new"


def test_a_removed_file_is_gone_and_may_be_removed_again(store: FileStore) -> None:
    put(store, "a.bin", b"x")

    store.remove("a.bin")
    store.remove("a.bin")

    assert not store.exists("a.bin")


def test_another_process_can_open_a_file_by_its_local_path(store: FileStore) -> None:
    put(store, "a.bin", b"content")

    with store.local_path("a.bin") as path:
        assert path.read_bytes() == b"content"


def test_no_room_left_is_said_so_and_nothing_is_kept(tmp_path: Path) -> None:
    store = FileStore(str(tmp_path))

    with pytest.raises(StorageFull, match=str(tmp_path)):
        break_off(store, OSError(errno.ENOSPC, "No space left on device"))

    assert list(tmp_path.iterdir()) == []


def test_another_error_of_the_disk_is_not_called_a_full_one(tmp_path: Path) -> None:
    store = FileStore(str(tmp_path))

    with pytest.raises(OSError, match="Input/output"):
        break_off(store, OSError(errno.EIO, "Input/output error"))

    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_write_leaves_no_part_behind(tmp_path: Path) -> None:
    store = FileStore(str(tmp_path))

    with pytest.raises(KeyboardInterrupt):
        break_off(store, KeyboardInterrupt())

    assert list(tmp_path.iterdir()) == []


def test_parts_that_a_process_left_when_it_died_are_removed_and_nothing_else(tmp_path: Path) -> None:
    store = FileStore(str(tmp_path))
    put(store, "a.bin", b"whole")
    put(store, "b.part", b"a key that only looks so")
    (tmp_path / ".0123456789abcdef.part").write_bytes(b"half")

    store.remove_parts()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.bin", "b.part"]


def test_two_writes_of_one_key_at_once_do_not_mix(tmp_path: Path) -> None:
    store = FileStore(str(tmp_path))

    with store.write("a.bin") as one, store.write("a.bin") as other:
        one.write(b"one")
        other.write(b"other")

    # The outer block ends last.
    assert get(store, "a.bin") == b"one"
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_the_keys_of_whole_files_are_listed(store: FileStore) -> None:
    assert store.list_keys() == []
    put(store, "a.bin", b"a")
    put(store, "b.bin", b"b")

    with store.write("c.bin") as file:
        file.write(b"half")
        seen = store.list_keys()

    assert sorted(seen) == ["a.bin", "b.bin"]
    assert sorted(store.list_keys()) == ["a.bin", "b.bin", "c.bin"]
