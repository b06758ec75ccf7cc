"""The parent's end of the confined process: requests, replies, clocks, and why it ended."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from sourcier_core.errors import (
    DocumentBroken,
    DocumentEmpty,
    DocumentEncrypted,
    DocumentError,
    DocumentHasTooManyPages,
    OcrFailed,
    ReaderCrashed,
    ReadingOutOfMemory,
    ReadingTimedOut,
)
from sourcier_core.settings import ReadingSettings

Made = TypeVar("Made")
MAX_REPLY = 256 * 2**20  # bytes; a page is far below, and a taken-over child may send anything
# What the child may know of our environment: where tesseract keeps its languages.
PASSED_ON = ("TESSDATA_PREFIX",)


@dataclass(slots=True)
class DocumentClock:
    """The time that the steps of one document have taken, whatever child took them."""

    seconds: float  # allowed
    spent: float = 0.0


class ChildProcess:
    """A process that opens one PDF. One thread at a time."""

    def __init__(self, name: str, limits: ReadingSettings, clock: DocumentClock) -> None:
        """Start it; nothing is opened.

        Args:
            name: Of the document, for messages.
            limits: On memory and time.
            clock: Of the document.
        """
        self._name = name
        self._limits = limits
        self._clock = clock
        self.believed = True
        self._received = b""
        self._deadline = 0.0
        self._step = 0.0
        self._page = 0  # that was asked for last, for messages
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "sourcier_ingestion.pdf_child",
                str(limits.memory_bytes),
                str(limits.cpu_seconds),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # The child needs nothing of our environment: no keys, no proxies, no home.
            env={
                "PATH": os.defpath,
                "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)),
                "LC_ALL": "C.UTF-8",
                **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
            },
            cwd="/",
            start_new_session=True,  # killed with all that it started
        )

    def ask(self, request: dict[str, Any], *, seconds: float | None = None) -> dict[str, Any]:
        """Send a request and return its reply.

        Args:
            request: The operation and its arguments.
            seconds: Allowed for it, and not counted among the document's; default one step.

        Raises:
            DocumentError: It was refused, or the child did not answer within its limits.
        """
        with self._timed(seconds):
            self._page = int(request.get("page", 0))
            self._send(request)
            return self._receive_line()

    def stream(self, request: dict[str, Any], count: int) -> Iterator[dict[str, Any]]:
        """Send a request and give its replies, so many; each is a step of its own.

        Raises:
            DocumentError: One was refused, or the child did not answer within its limits.
        """
        with self._timed(None):
            self._send(request)
        for _ in range(count):
            with self._timed(None):
                reply = self._receive_line()
            yield reply

    def ask_bytes(self, request: dict[str, Any]) -> bytes:
        """Send a request and return the bytes that are its reply.

        Raises:
            DocumentError: It was refused, or the child did not answer within its limits.
        """
        with self._timed(None):
            self._send(request)
            size = self.checked(lambda reply: int(reply["bytes"]), self._receive_line())
            while len(self._received) < size:
                self._receive_some()
            data, self._received = self._received[:size], self._received[size:]
            return data

    def checked(self, make: Callable[[Any], Made], values: Any) -> Made:
        """Make something of a reply: a child that a hostile file has taken over may send anything.

        Raises:
            ReaderCrashed: It is none that the child sends, which is believed no more.
        """
        try:
            return make(values)
        except (KeyError, IndexError, TypeError, ValueError, RecursionError) as error:
            self.believed = False
            self.close()
            raise ReaderCrashed(self._name, "its reply makes no sense") from error

    def close(self) -> None:
        """End the process and what it started, whatever they do."""
        with suppress(ProcessLookupError, PermissionError):  # ended already
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    @contextmanager
    def _timed(self, seconds: float | None) -> Iterator[None]:
        start = time.monotonic()
        self._step = seconds if seconds is not None else self._limits.step_seconds
        self._deadline = start + self._step
        if seconds is None:
            self._deadline = min(self._deadline, start + self._clock.seconds - self._clock.spent)
        try:
            yield
        finally:
            if seconds is None:
                self._clock.spent += time.monotonic() - start

    def _send(self, request: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError) as error:
            raise self._why_it_ended() from error

    def _receive_line(self) -> dict[str, Any]:
        while b"\n" not in self._received:
            self._receive_some()
        line, self._received = self._received.split(b"\n", 1)
        reply = self.checked(json.loads, line)
        if not isinstance(reply, dict) or "error" in reply:
            raise self._refusal(reply)
        return reply

    def _receive_some(self) -> None:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            ready = selector.select(max(0.0, self._deadline - time.monotonic()))
        if not ready:
            self.close()
            raise self._timed_out()
        data = os.read(self._process.stdout.fileno(), 1 << 20)
        if not data:
            raise self._why_it_ended()
        self._received += data
        if len(self._received) > MAX_REPLY:
            self.close()
            raise ReadingOutOfMemory(self._name, MAX_REPLY)

    def _timed_out(self) -> ReadingTimedOut:
        if self._clock.seconds - self._clock.spent < self._step:
            return ReadingTimedOut(self._name, self._clock.seconds, "reading.document_seconds")
        return ReadingTimedOut(self._name, self._step)

    def _why_it_ended(self) -> DocumentError:
        status = self._process.wait()
        if -status == signal.SIGXCPU:
            return ReadingTimedOut(self._name, self._limits.cpu_seconds, "reading.cpu_seconds")
        if -status in (signal.SIGABRT, signal.SIGTRAP):  # pdfium aborts, or traps, when an allocation fails
            return ReadingOutOfMemory(self._name, self._limits.memory_bytes)
        return ReaderCrashed(self._name, f"exit status {status}")

    def _refusal(self, reply: Any) -> DocumentError:
        code = reply.get("error") if isinstance(reply, dict) else None
        detail = str(reply.get("detail", ""))[:200] if isinstance(reply, dict) else ""
        if code == "encrypted":
            return DocumentEncrypted(self._name)
        if code == "empty":
            return DocumentEmpty(self._name, "no page")
        if code == "too_many_pages":
            return DocumentHasTooManyPages(self._name, self.checked(int, detail), self._limits.max_pages)
        if code == "ocr":
            return OcrFailed(self._name, self._page, " ".join(detail.split()))
        if code == "memory":
            return ReadingOutOfMemory(self._name, self._limits.memory_bytes)
        return DocumentBroken(self._name, detail or "unreadable")


def confinement(limits: ReadingSettings) -> str:
    """Tell how a reader's process is kept from the network on this machine: see `confinement.py`.

    Raises:
        DocumentError: No reader can be started.
    """
    child = ChildProcess("doctor", limits, DocumentClock(limits.step_seconds))
    try:
        return child.checked(lambda reply: str(reply["network"]), child.ask({"op": "confinement"}))
    finally:
        child.close()
