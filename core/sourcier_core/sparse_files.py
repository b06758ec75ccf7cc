"""Files of an index are mostly holes: copied and written without filling them."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

BLOCK = 1 << 20
HOLE = 4096  # bytes of zeros from which on a hole is left


def copy_sparse(source: Path, target: Path) -> None:
    """Copy a file's data and leave its holes.

    Raises:
        OSError: It cannot be read, or there is no room.
    """
    with source.open("rb") as reading, target.open("xb") as writing:
        size = os.fstat(reading.fileno()).st_size
        for start, end in _data(reading.fileno(), size):
            _copy_range(reading.fileno(), writing.fileno(), start, end)
        os.truncate(writing.fileno(), size)


def write_sparse(target: BinaryIO, block: bytes) -> None:
    """Write a block, skipping its runs of zeros; `end_sparse` must follow the last one."""
    for first in range(0, len(block), HOLE):
        part = block[first : first + HOLE]
        if part.count(0) == len(part):
            target.seek(len(part), os.SEEK_CUR)
        else:
            target.write(part)


def end_sparse(target: BinaryIO) -> None:
    """Give a file the length up to which it was written or skipped."""
    target.truncate(target.tell())


def _data(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    """Give the ranges that hold data; the whole file where holes cannot be told."""
    end = 0
    while end < size:
        try:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # only a hole is left
                return
            if error.errno != errno.EINVAL:
                raise
            yield end, size
            return
        end = os.lseek(descriptor, start, os.SEEK_HOLE)
        yield start, end


def _copy_range(source: int, target: int, start: int, end: int) -> None:
    at = start
    while at < end and (copied := _copy_some(source, target, at, end - at)):
        at += copied


def _copy_some(source: int, target: int, at: int, length: int) -> int:
    """Copy bytes, as many as go at once, and return how many."""
    if hasattr(os, "copy_file_range"):  # within the kernel; a file system that can shares the blocks
        try:
            return os.copy_file_range(source, target, length, at, at)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS):
                raise
    return os.pwrite(target, os.pread(source, min(BLOCK, length), at), at)
