"""Doing something to a file at the moment when somebody reads it (inotify)."""

import ctypes
import os
import select
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

_IN_ACCESS = 0x1
_IN_OPEN = 0x20
_NONBLOCK_AND_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC
_EVENT = struct.Struct("iIII")


@contextmanager
def whenever_read(
    path: Path, act: Callable[[], object], *, passes: int = 1, at_most: int | None = None
) -> Iterator[list[None]]:
    """While the block runs, act as soon as a reader has taken a first piece of the file.

    passes is how often the file has to be opened until that counts; at_most is how often to
    act, by default at every piece that is read. Yields a list with an item for each act.
    """
    acts: list[None] = []
    ends, end = os.pipe()
    events = _watch(path)

    def follow() -> None:
        opened = 0
        while True:
            ready, _, _ = select.select([events, ends], [], [], 60)
            if ends in ready or not ready:
                return
            for mask in _masks(os.read(events, 65536)):
                opened += bool(mask & _IN_OPEN)
                is_due = bool(mask & _IN_ACCESS) and opened >= passes
                if is_due and (at_most is None or len(acts) < at_most):
                    act()
                    acts.append(None)

    try:
        with ThreadPoolExecutor(1) as pool:
            following = pool.submit(follow)
            try:
                yield acts
            finally:
                os.write(end, b".")
            following.result(60)
    finally:
        for descriptor in (events, ends, end):
            os.close(descriptor)


def _watch(path: Path) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    events: int = libc.inotify_init1(_NONBLOCK_AND_CLOEXEC)
    if events < 0 or libc.inotify_add_watch(events, os.fsencode(path), _IN_ACCESS | _IN_OPEN) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(path))
    return events


def _masks(buffer: bytes) -> Iterator[int]:
    at = 0
    while at < len(buffer):
        _, mask, _, length = _EVENT.unpack_from(buffer, at)
        yield mask
        at += _EVENT.size + length
