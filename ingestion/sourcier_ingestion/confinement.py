"""What a reader's process may take and reach. Called in that process, before it opens anything."""

import ctypes
import os
import resource
import struct
import sys

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000  # linux/sched.h
PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG = 38, 1  # linux/prctl.h
# linux/landlock.h; the calls' numbers are the same on every architecture (Linux 5.13). TCP since version 4
# (6.7).
_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_VERSION, _TCP_SINCE = 1, 4
_BIND_AND_CONNECT_TCP = 0b11


def limit_resources(memory_bytes: int, cpu_seconds: int) -> None:
    """Bound address space and processor time of this process and those it starts; they may write no file."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def leave_the_network() -> str:
    """Take the network from this process and those it will start, as far as the platform lets it.

    Returns:
        "namespace": a network namespace of its own, with nothing in it. "landlock": no TCP. "open": neither
        the kernel nor the container allows either, and the network can be reached.
    """
    if not sys.platform.startswith("linux"):
        return "open"
    libc = ctypes.CDLL(None, use_errno=True)
    # Alone it needs a privilege. A user namespace needs none, but what is there can read only its own
    # user's files.
    if libc.unshare(CLONE_NEWNET) == 0 or libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0:
        return "namespace"
    return "landlock" if _no_tcp(libc) else "open"


def _no_tcp(libc: ctypes.CDLL) -> bool:
    if libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION) < _TCP_SINCE:
        return False
    # struct landlock_ruleset_attr: rights on files (none taken away), rights on the network.
    rules = struct.pack("=QQ", 0, _BIND_AND_CONNECT_TCP)
    ruleset = libc.syscall(_CREATE_RULESET, rules, ctypes.c_size_t(len(rules)), 0)
    if ruleset < 0:
        return False
    try:
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        return bool(libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def end_with_parent() -> None:
    """Let the kernel kill this process when its parent ends: for what a confined child starts."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0)
