"""The folder of all data: its paths, who owns it, and how commands find the server that does."""

import fcntl
import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sourcier_core.errors import CatalogueUnavailable, IndexLocked, StorageFull
from sourcier_core.home_exchange import finish_exchanges

STAGED = ".backup-"  # + an id: a folder of the home while a backup is made of it


@dataclass(frozen=True, slots=True)
class RunningServer:
    """How the commands reach the server that owns a home."""

    address: str  # http://host:port
    token: str  # accepted by that server until it stops
    pid: int


class Home:
    """Paths under one folder. Making the object touches nothing."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock: IO[str] | None = None

    @property
    def catalogue_url(self) -> str:
        """Of the embedded catalogue."""
        return f"sqlite:///{self.root / 'catalogue.sqlite3'}"

    @property
    def originals(self) -> str:
        """Folder of the files as they came, by sha256."""
        return str(self.root / "originals")

    @property
    def pages(self) -> str:
        """Folder of the page sidecars, by sha256."""
        return str(self.root / "pages")

    @property
    def uploads(self) -> Path:
        """Folder of uploads that wait to be read."""
        return self.root / "uploads"

    @property
    def indexes(self) -> Path:
        """Folder of the embedded index generations."""
        return self.root / "index"

    def index(self, generation: int) -> Path:
        """Folder of an embedded index generation."""
        return self.indexes / str(generation)

    @property
    def vectors(self) -> Path:
        """File of the vectors kept by text and model: a cache, which a backup can leave out."""
        return self.root / "cache" / "vectors.sqlite3"

    def create(self) -> None:
        """Make the folder, for its owner alone.

        Raises:
            CatalogueUnavailable: It cannot be made.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise CatalogueUnavailable(str(self.root), error.strerror or str(error)) from error

    def own(self, owner: str) -> None:
        """Take the home for this process; released by `disown`, or when the process ends however it ends.

        Args:
            owner: What to call this process in another's error message.

        Raises:
            IndexLocked: Another process has it.
        """
        self.create()
        lock = (self.root / "owner.lock").open("a+", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            other = lock.read().strip() or "another process"
            lock.close()
            raise IndexLocked(self.root, other) from error
        try:
            lock.seek(0)
            lock.truncate()
            lock.write(f"{owner} (process {os.getpid()})")
            lock.flush()
        except OSError as error:
            raise StorageFull(str(self.root)) from error
        self._lock = lock
        self.withdraw()  # of a server that was killed: nobody must be sent there
        finish_exchanges(self.root)
        for left in self.root.glob(f"{STAGED}*"):
            shutil.rmtree(left, ignore_errors=True)

    def disown(self) -> None:
        """Let another process own the home."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def announce(self, address: str) -> RunningServer:
        """Leave a note, readable by this user alone, of how commands reach this server."""
        server = RunningServer(address, secrets.token_urlsafe(32), os.getpid())
        path = self.root / "server.json"
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"address": server.address, "token": server.token, "pid": server.pid}, file)
        return server

    def withdraw(self) -> None:
        """Remove the note."""
        (self.root / "server.json").unlink(missing_ok=True)

    def running_server(self) -> RunningServer | None:
        """Return the server that owns this home; None where none runs."""
        try:
            values = json.loads((self.root / "server.json").read_text(encoding="utf-8"))
            server = RunningServer(**values)
        except (OSError, ValueError, TypeError):
            return None
        return server if self._is_owned() else None

    def _is_owned(self) -> bool:
        try:
            with (self.root / "owner.lock").open("r", encoding="utf-8") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False
