"""A prepared folder takes the place of a home's content: whole, or after a crash at the next opening.

In the home, `.restoring-ID/data` holds the new content. Once it is complete and proved, a marker beside it
says where the old content goes; from then on the exchange is renames alone, and each can be done again.
"""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

PREPARED = ".restoring-"  # + an id
ASIDE = "before-restore-"  # + when
_KEPT = ("owner.lock", "server.json", "models", "lost+found")  # no data of a home's own
_READY, _CLEARED = "ready", "cleared"


def content_of(home: Path) -> list[str]:
    """Return the names of what would be lost if the home were overwritten."""
    if not home.is_dir():
        return []
    return sorted(name for name in os.listdir(home) if _is_content(name))  # noqa: PTH208 - names are wanted


def exchange(home: Path, prepared: Path) -> Path | None:
    """Put a prepared folder's content in place of the home's.

    Args:
        home: Owned by this process.
        prepared: A folder of it named `.restoring-...`, the new content in its `data`.

    Returns:
        Where the old content is now; None where there was none.
    """
    when = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = home / f"{ASIDE}{when}-{prepared.name.removeprefix(PREPARED)[:8]}"
    part = prepared / f"{_READY}.part"
    part.write_text(aside.name, encoding="utf-8")
    part.replace(prepared / _READY)
    _synchronise(prepared)
    _finish(home, prepared)
    return aside if aside.exists() else None


def finish_exchanges(home: Path) -> None:
    """Finish what a process that died had begun to put in place. Only while this process owns the home."""
    for prepared in sorted(home.glob(f"{PREPARED}*")):
        if (prepared / _READY).exists() or (prepared / _CLEARED).exists():
            _finish(home, prepared)


def discard_prepared(home: Path) -> None:
    """Remove what a process that died had not finished preparing."""
    for prepared in home.glob(f"{PREPARED}*"):
        shutil.rmtree(prepared)


def _finish(home: Path, prepared: Path) -> None:
    ready, cleared = prepared / _READY, prepared / _CLEARED
    if ready.exists():
        aside = home / ready.read_text(encoding="utf-8")
        for name in content_of(home):
            aside.mkdir(mode=0o700, exist_ok=True)
            (home / name).rename(aside / name)
        ready.rename(cleared)
        _synchronise(home)
    for path in sorted((prepared / "data").iterdir()):
        target = home / path.name
        if target.is_dir():  # models, which are alike wherever they were exported
            _merge(path, target)
        else:
            # A reader that looked in between has made an empty catalogue: its journal is not this one's.
            for suffix in ("-wal", "-shm"):
                target.with_name(target.name + suffix).unlink(missing_ok=True)
            path.replace(target)
    _synchronise(home)
    shutil.rmtree(prepared)


def _merge(source: Path, target: Path) -> None:
    for path in source.iterdir():
        if not (target / path.name).exists():
            path.rename(target / path.name)


def _is_content(name: str) -> bool:
    return name not in _KEPT and not name.startswith((".", ASIDE))


def _synchronise(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
