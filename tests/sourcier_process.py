"""The real command `sourcier` in child processes: one run of it, or a server while a block lasts."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SOURCIER = Path(sys.executable).with_name("sourcier")
START_SECONDS = 60
STOP_SECONDS = 30
_ADDRESS = re.compile(r"answers at (http://\S+)")
_KEY = re.compile(r"sk_[\w-]{43}")


@dataclass(frozen=True, slots=True)
class Server:
    """A running `sourcier serve`."""

    url: str  # without a slash at its end
    admin_key: str  # empty where it is not the home's first start
    home: Path
    process: "subprocess.Popen[bytes]"
    output: Path
    log: Path  # what it wrote to its standard error

    @property
    def authorization(self) -> dict[str, str]:
        """The header of an administrator."""
        return {"Authorization": f"Bearer {self.admin_key}"}


def environment(home: Path, exports: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what a command needs to know, and nothing of this process's own settings."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home.parent),
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "200",  # lines are not broken where a test looks for words
        "HF_HUB_OFFLINE": "1",
        "ORT_DISABLE_TELEMETRY": "1",
        "PYTHONFAULTHANDLER": "1",  # a process that dies of a signal says where
        "SOURCIER_HOME": str(home),
        "SOURCIER_EMBEDDING__EXPORTS": str(exports),
        # Of a checkout that is not the one installed.
        **{name: value for name, value in os.environ.items() if name.startswith(("COVERAGE_", "PYTHONPATH"))},
        **(more or {}),
    }


def run_sourcier(
    home: Path, exports: Path, *arguments: str | Path, more: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run one command to its end."""
    return subprocess.run(
        [SOURCIER, *arguments],
        env=environment(home, exports, more),
        cwd=home.parent,
        capture_output=True,
        encoding="utf-8",
        timeout=250,
        check=False,
    )


def ingest(home: Path, exports: Path, *arguments: str | Path) -> None:
    """Ingest files that must all be taken."""
    done = run_sourcier(home, exports, "ingest", *arguments)
    assert done.returncode == 0, done.stderr


@contextmanager
def serving(
    home: Path, exports: Path, *options: str, more: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run a server on a free port; at the end it must stop in order and have logged nothing."""
    with start_server(home, exports, *options, more=more) as server:
        yield server
        stop(server)
        assert server.process.returncode == 0
        assert server.log.read_text(encoding="utf-8") == ""


@contextmanager
def start_server(
    home: Path, exports: Path, *options: str, more: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run a server on a free port, killed at the end if it still runs."""
    output, log = (home.with_name(f"{home.name}.{kind}-{time.monotonic_ns()}") for kind in ("out", "err"))
    with output.open("wb") as out, log.open("wb") as err:
        process = subprocess.Popen(
            [SOURCIER, "serve", "--port", "0", *options],
            env=environment(home, exports, more),
            cwd=home.parent,
            stdout=out,
            stderr=err,
        )
    try:
        said = _wait_for_greeting(process, output, log)
        address, key = _ADDRESS.search(said), _KEY.search(said)
        assert address is not None, said
        yield Server(address[1], key[0] if key else "", home, process, output, log)
    except BaseException as error:
        if process.poll() is not None:
            error.add_note(f"The server had ended with {process.returncode}: {log.read_text()}")
        raise
    finally:
        process.kill()
        process.wait()


def stop(server: Server, how: signal.Signals = signal.SIGTERM) -> None:
    """Tell a server to stop, and wait until it has."""
    server.process.send_signal(how)
    server.process.wait(timeout=STOP_SECONDS)


def _wait_for_greeting(process: "subprocess.Popen[bytes]", output: Path, log: Path) -> str:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        said = output.read_text(encoding="utf-8")
        if "admin key" in said:  # the greeting's last line
            return said
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(f"the server did not start: {output.read_text()}{log.read_text()}")
