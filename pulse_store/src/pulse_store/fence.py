"""What this thread or task has seen of paths: failed reads, and the versions it knows.

A handler that catches every exception goes on with an empty document and writes it over a full
one. So a path whose last read failed takes no write from the same thread or task.
"""

import sys
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from itertools import count

from pulse_store.errors import BlindWrite

# Versions only say whether a write replaced something unseen, so old ones may be forgotten.
_MOST_VERSIONS = 256

_numbers = count()


class _Seen:
    """What one thread or task has seen, of all stores; what a task sends out may share it."""

    def __init__(self, owner: object) -> None:
        self.owner = owner
        self.failed: set[tuple[int, str]] = set()
        self.versions: OrderedDict[tuple[int, str], int] = OrderedDict()


_seen: ContextVar[_Seen | None] = ContextVar("pulse_store_seen", default=None)


def _current() -> _Seen:
    """Return what this thread or task has seen.

    Contexts are copied into new tasks and worker threads, and the copies hold the same object:
    only the owner of an object, or what runs inside `one_request`, may use it.
    """
    seen = _seen.get()
    if seen is None or seen.owner not in (_owner(), one_request):
        seen = _Seen(_owner())
        _seen.set(seen)
    return seen


def _owner() -> object:
    # Importing asyncio takes longer than all the rest; where nobody has, there is no task.
    asyncio = sys.modules.get("asyncio")
    task = None
    if asyncio is not None:
        with suppress(RuntimeError):
            task = asyncio.current_task()
    # An object per thread, not its number: numbers are used again.
    return threading.current_thread() if task is None else task


@contextmanager
def one_request() -> Iterator[None]:
    """Let everything inside count as one thread: `await asyncio.to_thread(read_json, …)` too."""
    token = _seen.set(_Seen(one_request))
    try:
        yield
    finally:
        _seen.reset(token)


class Fence:
    """The paths of one store, as the thread or task that calls has seen them."""

    def __init__(self) -> None:
        self._number = next(_numbers)

    def read_failed(self, path: str) -> None:
        """Refuse writes of a path until a read of it succeeds."""
        _current().failed.add((self._number, path))

    def read_succeeded(self, path: str, version: int) -> None:
        """Allow writes of a path, of which this version was seen; 0: there is no document."""
        seen = _current()
        seen.failed.discard((self._number, path))
        self.written(path, version)

    def written(self, path: str, version: int) -> None:
        """Remember the version that was just written."""
        key, versions = (self._number, path), _current().versions
        versions[key] = version
        versions.move_to_end(key)
        while len(versions) > _MOST_VERSIONS:
            versions.popitem(last=False)

    def version_seen(self, path: str) -> int | None:
        """Return the version that was last seen, None if none was."""
        return _current().versions.get((self._number, path))

    def refuse_blind_write(self, path: str) -> None:
        """Refuse a write of a path whose last read failed.

        Raises:
            BlindWrite: it did.
        """
        if (self._number, path) in _current().failed:
            raise BlindWrite(
                f"The last read of {path} failed here, so its document may be newer or longer than "
                "what is to be written. Nothing was written; read it again first."
            )
