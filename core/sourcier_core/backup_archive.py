"""Files <-> one backup file: a zip whose manifest has every member's sha256, and whose end has its own.

The last 64 bytes, the zip's comment, are the sha256 in hexadecimal of all bytes before them: a cut, or one
changed byte anywhere, is told before anything is read. Any zip tool opens it.
"""

import hashlib
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sourcier_core import __version__
from sourcier_core.errors import BackupBroken, BackupTooNew
from sourcier_core.sparse_files import end_sparse, write_sparse

FORMAT = 1  # raised when an earlier release could no longer read it
MANIFEST = "manifest.json"
BLOCK = 1 << 20
DIGEST_LENGTH = 64
MAX_MANIFEST = 2**30  # bytes; about 150 a member
_PACKED = re.compile(r"^index/|\.sqlite3$")  # the rest is packed already: PDFs, page sidecars
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    KeyError,
    NotImplementedError,  # a compression that is not ours
    RuntimeError,  # encrypted
    TypeError,
    ValueError,  # also JSON and UTF-8
)


@dataclass(frozen=True, slots=True)
class Described:
    """What a backup is of."""

    created_at: str  # ISO 8601, UTC
    schema: str  # of the catalogue: its newest migration
    generation: int | None  # of the index; None where no document was ever added
    fingerprint: str  # of what made the index
    model: str  # that is needed to ask
    precision: str
    sequence: int  # at which the catalogue was
    documents: int
    chunks: int
    pause_seconds: float  # that writers were kept waiting
    missing: tuple[str, ...]  # files that the catalogue names and the home did not have


@dataclass(frozen=True, slots=True)
class Member:
    """One file."""

    name: str  # relative to the home, with slashes
    size: int  # bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself."""

    made_by: str  # release
    described: Described
    members: tuple[Member, ...]

    @property
    def size(self) -> int:
        """Bytes of all members, unpacked."""
        return sum(member.size for member in self.members)


class _Stream:
    """Takes what a zip writes and gives it on; cannot seek, so that the zip never looks back."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._digest = hashlib.sha256()

    def write(self, block: bytes) -> int:
        self._parts.append(bytes(block))
        return len(block)

    def flush(self) -> None:
        """Nothing waits."""

    def take(self) -> bytes:
        block = b"".join(self._parts)
        self._parts.clear()
        self._digest.update(block)
        return block

    def take_last(self) -> bytes:
        """Return the rest, its end replaced by the digest of all before."""
        last = b"".join(self._parts)[:-DIGEST_LENGTH]
        self._digest.update(last)
        return last + self._digest.hexdigest().encode()


def archive(files: Iterable[tuple[str, Path]], described: Described) -> Iterator[bytes]:
    """Give a backup file's bytes, block by block; what is read is never held whole.

    Args:
        files: Name and path of each member.
        described: For the manifest, which is the last member.
    """
    stream = _Stream()
    members: list[dict[str, Any]] = []
    with zipfile.ZipFile(stream, "w") as packed:  # type: ignore[call-overload] # writes and flushes only
        packed.comment = b"0" * DIGEST_LENGTH
        for name, path in files:
            digest, size = hashlib.sha256(), 0
            with path.open("rb") as source, packed.open(_info(name), "w", force_zip64=True) as target:
                while block := source.read(BLOCK):
                    digest.update(block)
                    size += len(block)
                    target.write(block)
                    yield stream.take()
            members.append({"name": name, "size": size, "sha256": digest.hexdigest()})
        manifest = {"format": FORMAT, "product": "sourcier", "made_by": __version__, **asdict(described)}
        content = json.dumps({**manifest, "members": members}, ensure_ascii=False, indent=1)
        packed.writestr(_info(MANIFEST, packed=True), content)
    yield stream.take_last()


class BackupFile:
    """A backup file that is whole, opened to read."""

    def __init__(self, path: Path, packed: zipfile.ZipFile, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self._packed = packed

    def extract(self, folder: Path) -> None:
        """Write all members into a folder, each checked against its sha256.

        Raises:
            BackupBroken: One is not what the manifest says.
            OSError: No room.
        """
        for member in self.manifest.members:
            target = folder / member.name
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with target.open("xb") as file:
                target.chmod(0o600)
                self._read(member, file)
                end_sparse(file)

    def check(self) -> None:
        """Read all members and compare them with the manifest; raises `BackupBroken` as `extract` does."""
        for member in self.manifest.members:
            self._read(member, None)

    def _read(self, member: Member, target: BinaryIO | None) -> None:
        digest, size = hashlib.sha256(), 0
        with _translated(self.path, member.name), self._packed.open(member.name) as source:
            # One byte more than it should have is enough to know, whatever it would unpack to.
            while block := source.read(min(BLOCK, member.size + 1 - size)):
                digest.update(block)
                size += len(block)
                if target is not None:
                    write_sparse(target, block)
                if size > member.size:
                    break
        if (size, digest.hexdigest()) != (member.size, member.sha256):
            raise BackupBroken(self.path, f"its member {member.name!r} is not what the manifest says")


@contextmanager
def open_backup(path: Path) -> Iterator[BackupFile]:
    """Open a backup file, having checked that all its bytes are as they were written.

    Raises:
        BackupBroken: It is damaged, cut short, or no backup; or names a path outside of a home.
        BackupTooNew: A newer release made it.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise BackupBroken(path, error.strerror or str(error)) from error
    with file:
        _check_digest(path, file)
        with _translated(path, "the archive"):
            packed = zipfile.ZipFile(file)
            manifest = _manifest(path, packed)
        with packed:
            yield BackupFile(path, packed, manifest)


def _info(name: str, *, packed: bool = False) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)  # of 1980: the same home gives the same bytes
    info.external_attr = 0o600 << 16
    if packed or _PACKED.search(name):
        info.compress_type = zipfile.ZIP_DEFLATED
        info._compresslevel = 1  # type: ignore[attr-defined] # public from Python 3.13 on; holes need no more
    return info


def _check_digest(path: Path, file: BinaryIO) -> None:
    size = path.stat().st_size
    digest = hashlib.sha256()
    left = size - DIGEST_LENGTH
    while left > 0 and (block := file.read(min(BLOCK, left))):
        digest.update(block)
        left -= len(block)
    if digest.hexdigest().encode() != file.read(DIGEST_LENGTH):
        raise BackupBroken(path, "it is cut short or its bytes have changed (its sha256 does not match)")
    file.seek(0)


def _manifest(path: Path, packed: zipfile.ZipFile) -> Manifest:
    if packed.getinfo(MANIFEST).file_size > MAX_MANIFEST:
        raise ValueError("a manifest out of all proportion")
    values = json.loads(packed.read(MANIFEST))
    if values.pop("product") != "sourcier":
        raise ValueError("a manifest of something else")
    made_by, found = values.pop("made_by"), values.pop("format")
    if found > FORMAT:
        raise BackupTooNew(path, made_by, __version__)
    members = tuple(Member(**member) for member in values.pop("members"))
    _check_names(path, packed, members)
    described = Described(**{**values, "missing": tuple(values["missing"])})
    return Manifest(made_by, described, members)


def _check_names(path: Path, packed: zipfile.ZipFile, members: tuple[Member, ...]) -> None:
    names = [member.name for member in members]
    for name in names:
        parts = name.split("/")
        if "\\" in name or "\0" in name or any(part in ("", ".", "..") for part in parts):
            raise BackupBroken(path, f"its member {name!r} leads out of a home")
    stored = sorted(packed.namelist())
    if stored != sorted([*names, MANIFEST]):
        different = sorted(set(stored) ^ {*names, MANIFEST})
        detail = f"manifest and members differ ({', '.join(map(repr, different[:3])) or 'a name twice'})"
        raise BackupBroken(path, detail)


@contextmanager
def _translated(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise BackupBroken(path, f"{what} cannot be read ({type(error).__name__})") from error
