"""Ingests on a disk of its own that fills up, and prints what became of it: see test_full_disk.py.

unshare --map-root-user --mount python full_disk_ingestion.py FOLDER KILOBYTES
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from homes import everything, no_progress, open_home
from pdfs import write_pdf

from sourcier_core.errors import SourcierError
from sourcier_core.settings import load_settings
from sourcier_ingestion.pipeline import Ingestion

DISK = "size=200m"  # the reserve of the index, what it takes when it is made, and some to fill


def fill(folder: Path, left: int) -> None:
    """Leave so many bytes free."""
    with (folder / "filler").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free(folder) - left))


def free(folder: Path) -> int:
    """Bytes that are free."""
    system = os.statvfs(folder)
    return system.f_bavail * system.f_frsize


def main(folder: Path, left: int) -> None:
    """Ingest a document, fill the disk, ingest another, make room, ingest it again."""
    old, new = (
        write_pdf(folder / name, *([f"What is {n:b} about in {name}, asks {n:o}."] for n in range(pages)))
        for name, pages in (("old.pdf", 50), ("new.pdf", 500))
    )
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", str(disk)], check=True)
    settings = load_settings(home=disk / "home")
    said: dict[str, object] = {}
    with open_home(disk / "home") as stores:
        ingestion = Ingestion(stores, settings)
        ingestion.ingest(old, "old.pdf", "hr", no_progress)
        fill(disk, left)
        try:
            said["result"] = ingestion.ingest(new, "new.pdf", "hr", no_progress).result.value
        except SourcierError as error:
            said["error"] = error.code
        said["seen while full"] = stores.index.count(everything(stores))
        (disk / "filler").unlink()
        said["then"] = ingestion.ingest(new, "new.pdf", "hr", no_progress).result.value
        said["seen then"] = stores.index.count(everything(stores))
    print(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) * 1024)
