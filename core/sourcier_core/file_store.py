"""Original files and page sidecars <-> a directory, or any storage that fsspec reaches."""

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast
from uuid import uuid4

import fsspec

from sourcier_core.errors import StorageFull


class FileStore:
    """Files by key. A file appears whole or not at all."""

    def __init__(self, root: str) -> None:
        """Use a folder.

        Args:
            root: A path, or a URL that fsspec understands (`s3://bucket/folder`).
        """
        self._root = root.rstrip("/")
        self._system, self._folder = fsspec.core.url_to_fs(self._root)
        self._system.makedirs(self._folder, exist_ok=True)

    @contextmanager
    def write(self, key: str) -> Iterator[BinaryIO]:
        """Open a new file to write; it takes its name when the block ends without an error.

        Raises:
            StorageFull: No room is left.
        """
        part = self._path(f".{uuid4().hex}.part")
        try:
            with self._system.open(part, "wb") as file:
                yield cast(BinaryIO, file)
            self._system.mv(part, self._path(key))
        except BaseException as error:
            if self._system.exists(part):
                self._system.rm(part)
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise StorageFull(self._root) from error
            raise

    @contextmanager
    def read(self, key: str) -> Iterator[BinaryIO]:
        """Open a file to read.

        Raises:
            FileNotFoundError: There is none of that key.
        """
        with self._system.open(self._path(key), "rb") as file:
            yield cast(BinaryIO, file)

    @contextmanager
    def local_path(self, key: str) -> Iterator[Path]:
        """Give a path that another process can open: the file itself, or a copy while the block lasts."""
        path = self._path(key)
        if self._system.protocol in ("file", ("file", "local")):
            yield Path(path)
            return
        with tempfile.NamedTemporaryFile(prefix="sourcier-") as copy:
            with self.read(key) as file:
                shutil.copyfileobj(file, copy)
            copy.flush()
            yield Path(copy.name)

    def exists(self, key: str) -> bool:
        """Tell whether there is a file of that key."""
        return bool(self._system.exists(self._path(key)))

    def remove(self, key: str) -> None:
        """Remove a file; nothing happens where there is none."""
        if self._system.exists(self._path(key)):
            self._system.rm(self._path(key))

    def list_keys(self) -> list[str]:
        """Return the keys of all files, those being written left out."""
        found = self._system.ls(self._folder, detail=False) if self._system.isdir(self._folder) else []
        names = [str(path).rpartition("/")[2] for path in found]
        return [name for name in names if not name.startswith(".")]

    def remove_parts(self) -> None:
        """Remove what writes of a process that died left behind. Only while nobody else writes."""
        found = self._system.ls(self._folder, detail=False) if self._system.isdir(self._folder) else []
        for path in found:
            name = str(path).rpartition("/")[2]
            if name.startswith(".") and name.endswith(".part"):
                self._system.rm(path)

    def _path(self, key: str) -> str:
        return f"{self._folder}/{key}"
