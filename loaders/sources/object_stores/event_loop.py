"""Runs coroutines on fsspec's event loop, which has a thread of its own, and waits for them."""

import asyncio
import os
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

import fsspec.asyn

T = TypeVar("T")

# After a fork fsspec forgets its loop, but not its lock, which another thread of the parent may
# have held.
os.register_at_fork(after_in_child=fsspec.asyn.reset_lock)


def this_process_loop() -> asyncio.AbstractEventLoop:
    """Return the loop, starting its thread when this process has none yet."""
    loop: asyncio.AbstractEventLoop = fsspec.asyn.get_loop()
    return loop


def started(loop: asyncio.AbstractEventLoop, task: Coroutine[Any, Any, T]) -> Future[T]:
    """Start a task in the loop's thread; thread-safe."""
    return asyncio.run_coroutine_threadsafe(task, loop)


def finished(future: Future[T]) -> T:
    """Wait for a task; it is cancelled if the wait is interrupted, say by Ctrl-C."""
    try:
        return future.result()
    finally:
        future.cancel()
