"""Coroutines, run from tests that are not themselves coroutines."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def run_coroutine(function: Callable[[], Coroutine[object, object, T]]) -> T:
    """What `function()` returns, awaited in a thread of its own.

    The browser's session keeps an event loop running in the main thread, where `asyncio.run` would refuse to
    start.
    """
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(lambda: asyncio.run(function())).result()
