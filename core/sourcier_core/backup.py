"""A home <-> one backup file: consistent while it is asked and written, put back whole or not at all."""

import errno
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, runtime_checkable
from uuid import uuid4

from sourcier_core.backup_archive import BackupFile, Described, Manifest, archive, open_backup
from sourcier_core.catalogue import Catalogue
from sourcier_core.catalogue_tables import SCHEMA_REVISION
from sourcier_core.embedding_export import export_directory
from sourcier_core.errors import BackupBroken, BackupImpossible, HomeNotEmpty, PathTaken, StorageFull
from sourcier_core.file_store import FileStore
from sourcier_core.home import STAGED, Home
from sourcier_core.home_exchange import PREPARED, content_of, discard_prepared, exchange
from sourcier_core.job_store import JobStore
from sourcier_core.page_store import PageStore
from sourcier_core.ports import ChunkIndex
from sourcier_core.settings import Settings
from sourcier_core.sparse_files import copy_sparse
from sourcier_core.types import Scope
from sourcier_core.upkeep import utc_today
from sourcier_core.wiring import Stores, open_stores

NEVER_CHANGED = ("originals", "pages", "uploads")  # files that are replaced or removed, and not written again
LEFT_OUT = ("index", "cache")  # the live index is copied by itself; vectors kept by their text are made again
DATABASE = "*.sqlite3"


@runtime_checkable
class HeldIndex(Protocol):
    """An index in a directory that can keep its writers waiting."""

    def held(self) -> AbstractContextManager[Path]:
        """Give its directory, flushed; nobody writes while the block lasts, and questions go on."""
        ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A home as it was at one instant."""

    folder: Path
    described: Described

    def files(self) -> Iterator[tuple[str, Path]]:
        """Give each file's name and path, by name."""
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                yield path.relative_to(self.folder).as_posix(), path


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    manifest: Manifest
    aside: Path | None  # where the home's former content is
    checked: bool  # whether it was opened and asked before it was put in place


@contextmanager
def snapshot(stores: Stores, settings: Settings, *, include_model: bool = False) -> Iterator[Snapshot]:
    """Give a consistent copy of a home while the block lasts. Writers wait while the index is copied.

    Args:
        stores: Of the home, opened.
        settings: Those it was opened with.
        include_model: Whether the model's export goes with it: it is 90 MB, and can be made again.

    Raises:
        BackupImpossible: The index is not in the home.
        StorageFull: No room for the copy.
    """
    with stores.generations.writes.writing():  # no other index goes live meanwhile
        index = stores.generations.live.index
        with _snapshot(stores, settings, index, include_model=include_model) as copied:
            yield copied


@contextmanager
def _snapshot(
    stores: Stores, settings: Settings, index: ChunkIndex, *, include_model: bool
) -> Iterator[Snapshot]:
    if not isinstance(index, HeldIndex):
        what = "the vectors of this home are in a Qdrant server, and are worth nothing of another moment"
        remedy = "Stop the service, then copy the home and take the server's own snapshot: docs/backup.md."
        raise BackupImpossible(what, remedy)
    root = stores.home.root
    staged = root / f"{STAGED}{uuid4().hex}"
    with _room(root):
        try:
            staged.mkdir(mode=0o700)
            _link_all(root, staged)  # most of the work, before anybody is kept waiting
            began = time.perf_counter()
            with index.held() as directory:
                _link_all(root, staged)
                _copy_databases(root, staged)
                _copy_folder(directory, staged / directory.relative_to(root))
                _copy_others(root, staged)
                described = _describe(stores, settings, staged)
                pause = time.perf_counter() - began
            if include_model:
                _link_model(settings, staged)
            yield Snapshot(staged, replace(described, pause_seconds=round(pause, 4)))
        finally:
            shutil.rmtree(staged, ignore_errors=True)


def backup_blocks(
    stores: Stores, settings: Settings, *, include_model: bool = False
) -> tuple[Described, Iterator[bytes]]:
    """Return what is saved, and a backup file's bytes; the copy is made now and removed when they end.

    Raises:
        BackupImpossible: The index is not in the home.
        StorageFull: No room for the copy.
    """
    held = ExitStack()
    copied = held.enter_context(snapshot(stores, settings, include_model=include_model))

    def blocks() -> Iterator[bytes]:
        with held:
            yield from archive(copied.files(), copied.described)

    return copied.described, blocks()


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Give a path beside it to write to, for its owner alone; it takes its name when the block ends well.

    Raises:
        PathTaken: There is such a file.
        StorageFull: No room.
    """
    if path.exists():
        raise PathTaken(path)
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    with _room(path.parent):
        try:
            os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            yield part
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            try:
                os.link(part, path)  # unlike a rename, never over a file that came meanwhile
            except FileExistsError as error:
                raise PathTaken(path) from error
        finally:
            part.unlink(missing_ok=True)


def back_up(stores: Stores, settings: Settings, file: Path, *, include_model: bool = False) -> Manifest:
    """Save a home that this process has opened to one file, read again and checked.

    Raises:
        PathTaken: There is such a file.
        BackupImpossible: The index is not in the home.
        StorageFull: No room.
    """
    with new_file(file) as part:
        _, blocks = backup_blocks(stores, settings, include_model=include_model)
        with part.open("wb") as target:
            for block in blocks:
                target.write(block)
        return verify(part)


def verify(file: Path) -> Manifest:
    """Read a backup file whole and compare it with its checksums.

    Raises:
        BackupBroken: It is damaged, cut short, or no backup.
        BackupTooNew: A newer release made it.
    """
    with open_backup(file) as backup:
        backup.check()
        return backup.manifest


def restore(file: Path, settings: Settings, *, force: bool = False, unchecked: bool = False) -> Restored:
    """Put a backup in place as a home, once it is proved whole and answers.

    Args:
        file: The backup.
        settings: Whose home is filled; model and chunking must be those of the backup.
        force: Whether a home that holds data is moved aside.
        unchecked: Whether to go without opening it first, e.g. where the model is installed later.

    Raises:
        BackupBroken: It is damaged, cut short, or no backup.
        BackupTooNew: A newer release made it.
        HomeNotEmpty: The home holds data, and `force` is not said.
        IndexLocked: A process uses the home.
        DependencyError: The copy does not open here, e.g. for want of the model. The home is as it was.
    """
    home = Home(settings.home)
    with open_backup(file) as backup:
        home.own("sourcier restore")
        try:
            taken = content_of(home.root)
            if taken and not force:
                raise HomeNotEmpty(home.root, ", ".join(taken[:5]) + (", ..." if len(taken) > 5 else ""))
            discard_prepared(home.root)
            prepared = home.root / f"{PREPARED}{uuid4().hex}"
            try:
                _prepare(backup, settings, prepared, unchecked=unchecked)
            except BaseException:
                shutil.rmtree(prepared, ignore_errors=True)
                raise
            aside = exchange(home.root, prepared)
        finally:
            home.disown()
        return Restored(backup.manifest, aside, not unchecked)


def _prepare(backup: BackupFile, settings: Settings, prepared: Path, *, unchecked: bool) -> None:
    data = prepared / "data"
    with _room(settings.home):
        data.mkdir(parents=True, mode=0o700)
        backup.extract(data)
    catalogue = Catalogue(f"sqlite:///{data / 'catalogue.sqlite3'}")
    try:
        JobStore(catalogue.engine).move_uploads(Home(settings.home).uploads)
    finally:
        catalogue.close()
    if not unchecked:
        _try_out(backup, settings, data)


def _try_out(backup: BackupFile, settings: Settings, data: Path) -> None:
    """Open a copy as a home and ask it: all chunks are there, and are found.

    Raises:
        BackupBroken: They are not.
        DependencyError: It does not open, e.g. for want of its model.
    """
    exports = settings.exports
    if settings.embedding.exports is None and (data / "models").is_dir():
        exports = data / "models"
    embedding = settings.embedding.model_copy(update={"exports": exports})
    stores = open_stores(
        settings.model_copy(update={"home": data, "embedding": embedding}), owner="sourcier restore"
    )
    try:
        expected = backup.manifest.described
        chunks = stores.index.count(_everything(stores.catalogue))
        if chunks != expected.chunks:
            detail = f"its index holds {chunks} chunks, and {expected.chunks} were saved"
            raise BackupBroken(backup.path, detail)
        lost = sorted(set(_missing(stores.catalogue, data)) - set(expected.missing))
        if lost:
            raise BackupBroken(backup.path, f"{lost[0]!r}, which its catalogue names, is not in it")
    finally:
        stores.close()
    (data / "owner.lock").unlink(missing_ok=True)


def _describe(stores: Stores, settings: Settings, staged: Path) -> Described:
    """Describe a copy by what its own catalogue says: the home may go on meanwhile."""
    catalogue = Catalogue(f"sqlite:///{staged / 'catalogue.sqlite3'}")
    try:
        generation = catalogue.live_generation()
        names = [collection.name for collection in catalogue.collections()]
        return Described(
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            schema=SCHEMA_REVISION,
            generation=generation.id if generation else None,
            fingerprint=generation.fingerprint if generation else stores.fingerprint,
            model=settings.embedding.model,
            precision=settings.embedding.precision,
            sequence=catalogue.sequence(),
            documents=len(catalogue.documents(names)),
            chunks=stores.index.count(_everything(catalogue)),
            pause_seconds=0.0,
            missing=tuple(_missing(catalogue, staged)),
        )
    finally:
        catalogue.close()


def _everything(catalogue: Catalogue) -> Scope:
    today = utc_today().toordinal()
    names = frozenset(collection.name for collection in catalogue.collections())
    return Scope(names, catalogue.sequence(), day=today, groups=None, today=today)


def _missing(catalogue: Catalogue, folder: Path) -> Iterator[str]:
    """Give the files of documents that answer, and that are not in a folder."""
    home = Home(folder)
    originals, pages = FileStore(home.originals), PageStore(FileStore(home.pages))
    names = [collection.name for collection in catalogue.collections()]
    for version in sorted({document.version for document in catalogue.documents(names) if document.version}):
        if not originals.exists(version):
            yield f"originals/{version}"
        if not pages.exists(version):
            yield f"pages/{version}"


def _link_all(root: Path, staged: Path) -> None:
    """Give the files that are never changed a second name, under which they outlive their removal."""
    for folder in NEVER_CHANGED:
        (staged / folder).mkdir(exist_ok=True, mode=0o700)
        known = {entry.name: entry.inode() for entry in os.scandir(staged / folder)}
        if not (root / folder).is_dir():
            continue
        for entry in os.scandir(root / folder):
            if entry.name.startswith(".") or known.get(entry.name) == entry.inode():
                continue
            target = staged / folder / entry.name
            target.unlink(missing_ok=True)  # a page sidecar that was made anew since
            _link(Path(entry.path), target)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:
        return  # removed since: the catalogue, copied later, does not name it
    except OSError:  # a file system without links
        copy_sparse(source, target)


def _link_model(settings: Settings, staged: Path) -> None:
    folder = export_directory(settings.exports, settings.embedding.model, settings.embedding.precision)
    target = staged / "models" / folder.name
    target.mkdir(parents=True, mode=0o700)
    for path in folder.iterdir():
        _link(path, target / path.name)


def _copy_databases(root: Path, staged: Path) -> None:
    for path in root.glob(DATABASE):
        source = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        target = sqlite3.connect(staged / path.name)
        try:
            target.execute("PRAGMA synchronous=OFF")  # a copy that is thrown away if anything happens
            source.backup(target)
        finally:
            source.close()
            target.close()


def _copy_others(root: Path, staged: Path) -> None:
    """Copy what is neither index nor database nor linked: calibrations, and what later releases keep."""
    databases = {path.name for path in root.glob(f"{DATABASE}*")}
    for name in content_of(root):
        path = root / name
        if name in databases or name in NEVER_CHANGED or name in LEFT_OUT:
            continue
        if path.is_dir():
            _copy_folder(path, staged / name)
        else:
            copy_sparse(path, staged / name)


def _copy_folder(source: Path, target: Path) -> None:
    target.mkdir(parents=True, mode=0o700)
    for path in source.iterdir():
        if path.is_dir():
            _copy_folder(path, target / path.name)
        elif path.is_file():
            copy_sparse(path, target / path.name)


@contextmanager
def _room(where: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(str(where)) from error
        raise
