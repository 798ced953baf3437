"""fsspec's event loop, which runs in a thread of its own, made something to wait for."""

import asyncio
import os
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

import fsspec.asyn

T = TypeVar("T")

# After a fork fsspec forgets its loop, but not its lock, which a thread may have held that
# the child does not have.
os.register_at_fork(after_in_child=fsspec.asyn.reset_lock)


def this_process_loop() -> asyncio.AbstractEventLoop:
    """Return the loop, starting its thread when this process has none yet."""
    loop: asyncio.AbstractEventLoop = fsspec.asyn.get_loop()
    return loop


def started(loop: asyncio.AbstractEventLoop, task: Coroutine[Any, Any, T]) -> Future[T]:
    """Let the loop's thread begin a task; thread-safe."""
    return asyncio.run_coroutine_threadsafe(task, loop)


def finished(future: Future[T]) -> T:
    """Wait for a task; one that nobody waits for any more, say after Ctrl-C, is cancelled."""
    try:
        return future.result()
    finally:
        future.cancel()
