"""An index that no process has open -> the same with its vector graph, built in a process of its own.

The engine holds the interpreter's lock while it builds the graph: in the process that answers, all questions
would wait for it. The child works on a copy, which takes the index's place when it is whole.
python -m sourcier_core.edge_graph DIRECTORY DIMENSION
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from sourcier_core.errors import IndexUnavailable, StorageFull

NICE = 10  # beside questions: they go first
COPY, FORMER = ".graph", ".old"  # what stands behind an index's name while its graph is built
_LOOK_SECONDS = 0.2  # between two looks whether it is still wanted
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def build_graph(directory: Path, dimension: int, stopped: Callable[[], bool]) -> bool:
    """Build the graph of an index.

    Args:
        directory: Of the index.
        dimension: Of its vectors.
        stopped: Asked now and then; when it says so, the index is left as it was.

    Returns:
        Whether the graph was built.

    Raises:
        IndexUnavailable: The child failed; the index is as it was.
        StorageFull: There is no room for the copy.
    """
    copy, former = (directory.with_name(directory.name + suffix) for suffix in (COPY, FORMER))
    try:
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(directory, copy)
        if not _built(copy, dimension, stopped):
            return False
        directory.rename(former)
        copy.rename(directory)
    except OSError as error:
        raise StorageFull(str(directory)) from error
    finally:
        shutil.rmtree(copy, ignore_errors=True)
        shutil.rmtree(former, ignore_errors=True)
    return True


def mend(indexes: Path) -> None:
    """Put back an index whose copy was about to take its place when the process ended, and remove copies."""
    for former in indexes.glob(f"*{FORMER}"):
        if not former.with_suffix("").exists():
            former.rename(former.with_suffix(""))
    for suffix in (COPY, FORMER):
        for left in indexes.glob(f"*{suffix}"):
            shutil.rmtree(left, ignore_errors=True)


def _built(directory: Path, dimension: int, stopped: Callable[[], bool]) -> bool:
    command = [sys.executable, "-m", "sourcier_core.edge_graph", str(directory), str(dimension)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        while True:
            try:
                _, said = child.communicate(timeout=_LOOK_SECONDS)
                break
            except subprocess.TimeoutExpired:
                if stopped():
                    return False
    finally:
        child.kill()
        child.communicate()
    if child.returncode:
        lines = said.decode(errors="replace").strip().splitlines()
        detail = lines[-1][:200] if lines else f"the child ended with {child.returncode}"
        raise IndexUnavailable(str(directory), f"its vector graph was not built: {detail}")
    return True


def main(directory: str, dimension: str) -> None:
    """Build the graph, in the child; it ends with its parent."""
    from sourcier_core.edge_index import EdgeIndex

    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.nice(NICE)
    index = EdgeIndex(Path(directory), int(dimension))
    index.optimise()
    index.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
