"""A folder -> its readable files, as they stand at one look. Nothing outside of the folder is followed."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from sourcier_core.errors import FolderUnreadable
from sourcier_ingestion.admission import READABLE_SUFFIXES

_UNFINISHED = ("~$", ".")  # office locks; hidden files, as copy programs name what they have not finished


@dataclass(frozen=True, slots=True)
class Seen:
    """A file at one look."""

    size: int  # bytes
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Look:
    """A folder at one look."""

    files: dict[str, Seen]  # by path relative to the folder, with slashes, in order
    unlisted: tuple[str, ...]  # folders below it that could not be listed: nothing is known of their files
    unnameable: tuple[str, ...]  # files whose names are no text

    def knows_of(self, name: str) -> bool:
        """Tell whether a file of that name would have been seen."""
        return not any(name.startswith(f"{folder}/") for folder in self.unlisted)


def look_at(root: Path, *, include: Sequence[str] = (), exclude: Sequence[str] = (), home: Path) -> Look:
    """Look at a folder and all below it.

    Args:
        root: The folder.
        include: Globs on the relative path, of which one must match; `*` also matches slashes. None: all.
        exclude: Globs of which none may match.
        home: A folder that is never entered: the product's own.

    Raises:
        FolderUnreadable: The folder is not there, or cannot be listed, or was replaced meanwhile.
    """
    try:
        before = root.stat()
        found = _Walk(root, home)
        found.enter(root, "")
        after = root.stat()
    except OSError as error:
        raise FolderUnreadable(root, error.strerror or str(error)) from error
    if (before.st_dev, before.st_ino) != (after.st_dev, after.st_ino):
        raise FolderUnreadable(root, "it was mounted or replaced while it was looked at")
    wanted = {name: seen for name, seen in sorted(found.files.items()) if is_wanted(name, include, exclude)}
    return Look(wanted, tuple(found.unlisted), tuple(sorted(found.unnameable)))


def is_wanted(name: str, include: Sequence[str], exclude: Sequence[str]) -> bool:
    """Tell whether globs let a file's relative path pass."""
    return (not include or any(fnmatchcase(name, glob) for glob in include)) and not any(
        fnmatchcase(name, glob) for glob in exclude
    )


def is_gone(path: Path) -> bool:
    """Tell whether a file is certainly not there: an error of the disk or the network is no proof."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


class _Walk:
    def __init__(self, root: Path, home: Path) -> None:
        self._root = os.path.realpath(root)
        self._home = os.path.realpath(home)
        self.files: dict[str, Seen] = {}
        self.unlisted: list[str] = []
        self.unnameable: list[str] = []

    def enter(self, folder: Path, prefix: str) -> None:
        with os.scandir(folder) as entries:
            listed = list(entries)
        for entry in listed:
            name = prefix + entry.name
            if entry.name.startswith(_UNFINISHED):
                continue
            if entry.is_dir(follow_symlinks=False):
                if os.path.realpath(entry.path) != self._home:
                    self._enter_below(Path(entry.path), name)
            elif Path(entry.name).suffix.lower() in READABLE_SUFFIXES:
                self._see(entry, name)

    def _enter_below(self, folder: Path, name: str) -> None:
        try:
            self.enter(folder, f"{name}/")
        except OSError:
            self.unlisted.append(name)

    def _see(self, entry: "os.DirEntry[str]", name: str) -> None:
        if entry.is_symlink() and not self._is_inside(os.path.realpath(entry.path)):
            return
        try:
            found = entry.stat()
        except OSError:  # removed since, or a link to nothing
            return
        if not os.path.isfile(entry.path):  # noqa: PTH113 - a pipe or socket must not be opened
            return
        try:
            name.encode()
        except UnicodeEncodeError:
            self.unnameable.append(name.encode("utf-8", "backslashreplace").decode())
            return
        self.files[name] = Seen(found.st_size, found.st_mtime_ns)

    def _is_inside(self, target: str) -> bool:
        return target.startswith(self._root.rstrip("/") + "/")
