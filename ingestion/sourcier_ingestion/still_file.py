"""A file that is read while somebody may write it: what was read is one state of it, or an error."""

import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from sourcier_ingestion.folder_look import Seen

BLOCK = 1 << 20


class FileChanged(Exception):
    """The file is no longer as it was seen: the next pass takes it."""


class StillFile:
    """Gives a file's bytes; raises `FileChanged` at their end where it changed since it was seen."""

    def __init__(self, path: Path, seen: Seen) -> None:
        self._path = path
        self._seen = seen

    def __enter__(self) -> Self:
        self._file = self._path.open("rb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    def digest(self) -> str:
        """Return the sha256 of all bytes, and go back to the first."""
        digest = hashlib.sha256()
        while block := self.read(BLOCK):
            digest.update(block)
        self._file.seek(0)
        return digest.hexdigest()

    def read(self, size: int = -1) -> bytes:
        """Read at most so many bytes; none at the end."""
        block = self._file.read(size)
        if size < 0 or len(block) < size:
            self._check()
        return block

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, as a file does."""
        return self._file.seek(place, whence)

    def tell(self) -> int:
        """Return the place, as a file does."""
        return self._file.tell()

    def fileno(self) -> int:
        """Return the descriptor, as a file does."""
        return self._file.fileno()

    def _check(self) -> None:
        found = os.fstat(self._file.fileno())
        if Seen(found.st_size, found.st_mtime_ns) != self._seen:
            raise FileChanged(str(self._path))
