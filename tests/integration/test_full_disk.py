"""A disk that really fills up, in a namespace of its own: storage_full, and nothing of it is seen."""

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from io import BufferedWriter
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from homes import everything, no_progress, open_home
from pdfs import write_pdf

from sourcier_core.errors import StorageFull
from sourcier_core.file_store import FileStore
from sourcier_core.page_store import PageStore
from sourcier_core.settings import load_settings
from sourcier_ingestion.pipeline import Ingestion

TESTS = Path(__file__).parents[1]
NAMESPACE = ["unshare", "--map-root-user", "--mount"]


def can_mount() -> bool:
    try:
        made = subprocess.run([*NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True)
    except FileNotFoundError:
        return False
    return made.returncode == 0


@pytest.mark.skipif(not can_mount(), reason="this machine lets no test mount a small disk (unshare, mount)")
@pytest.mark.parametrize(
    "left",
    [0, 40, 200, 30_000],
    ids=["for nothing", "for some of the pages", "for the pages alone", "below the index's reserve"],
)
def test_a_disk_that_fills_up_is_reported_and_what_answered_goes_on(tmp_path: Path, left: int) -> None:
    # `left` is in kB: the pages take about 100 kB, their original 240 kB.
    done = subprocess.run(
        [*NAMESPACE, sys.executable, str(TESTS / "full_disk_ingestion.py"), str(tmp_path), str(left)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        check=True,
    )

    assert json.loads(done.stdout) == {
        "error": "storage_full",
        "seen while full": 50,
        "then": "indexed",
        "seen then": 550,
    }


class FullFile:
    """A file on a disk with room for a few bytes."""

    def __init__(self, file: BufferedWriter, room: int) -> None:
        self._file = file
        self._room = room

    def write(self, data: bytes) -> int:
        self._room -= len(data)
        if self._room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._file.write(data)

    def __enter__(self) -> "FullFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class FullFileSystem(LocalFileSystem):  # type: ignore[misc] # fsspec is not typed
    """A local disk on which no file of more than 300 bytes finds room."""

    protocol = "full"

    def open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        file = super().open(path, mode, **options)
        return FullFile(file, 300) if "w" in mode else file


@pytest.mark.parametrize("which", ["pages", "originals"])
def test_no_room_for_the_files_is_a_full_storage_and_nothing_is_seen(tmp_path: Path, which: str) -> None:
    fsspec.register_implementation("full", FullFileSystem, clobber=True)
    full = FileStore(f"full://{tmp_path / 'full'}")
    settings = load_settings(home=tmp_path / "home")
    path = write_pdf(tmp_path / "upload", *([f"What is {n:b} about, asks {n:o}."] for n in range(30)))
    with open_home(tmp_path / "home") as stores:
        broken = (
            replace(stores, pages=PageStore(full)) if which == "pages" else replace(stores, originals=full)
        )

        with pytest.raises(StorageFull, match="full"):
            Ingestion(broken, settings).ingest(path, "guide.pdf", "hr", no_progress)

        assert list((tmp_path / "full").iterdir()) == []
        assert stores.catalogue.sequence() == 0
        assert stores.index.count(replace(everything(stores), sequence=1)) == 0
        assert [d.reason_code for d in stores.catalogue.documents(["hr"])] == ["storage_full"]
