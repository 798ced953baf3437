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
from weakref import WeakKeyDictionary

from pulse_store.errors import BlindWrite

# Versions only say whether a write replaced something unseen, so old ones may be forgotten.
_MOST_VERSIONS = 256

# Instead of a version: rules of that time said that the path was in files, or of no kind.
ELSEWHERE = -1

_numbers = count()


class _Seen:
    """What one thread or task has seen, of all stores; what a task sends out may share it."""

    def __init__(self) -> None:
        self.failed: dict[tuple[int, str], bool] = {}
        self.versions: OrderedDict[tuple[int, str], int] = OrderedDict()


# What one request shares. Not what a thread or task has: `Context.run` would lose that.
_shared: ContextVar[_Seen | None] = ContextVar("pulse_store_shared", default=None)
_of_thread = threading.local()
_of_task: WeakKeyDictionary[object, _Seen] = WeakKeyDictionary()


def _current() -> _Seen:
    """Return what this request, task or thread has seen."""
    return _shared.get() or _of_caller()


def _of_caller() -> _Seen:
    task = _task()
    if task is not None:
        return _of_task.setdefault(task, _Seen())
    if not hasattr(_of_thread, "seen"):
        _of_thread.seen = _Seen()
    found: _Seen = _of_thread.seen
    return found


def _task() -> object:
    # Importing asyncio takes longer than all the rest; where nobody has, there is no task. While
    # another thread is importing it, it has no current_task yet.
    with suppress(AttributeError, RuntimeError):
        return sys.modules["asyncio"].current_task() if "asyncio" in sys.modules else None
    return None


@contextmanager
def one_request() -> Iterator[None]:
    """Let everything inside count as one thread: `await asyncio.to_thread(read_json, ...)` too."""
    # What failed before stays fenced inside, and what fails inside stays so afterwards.
    token = _shared.set(_current())
    try:
        yield
    finally:
        _shared.reset(token)


class Fence:
    """The paths of one store, as the thread or task that calls has seen them."""

    def __init__(self) -> None:
        self._number = next(_numbers)

    def read_failed(self, path: str, *, of_existence: bool = False) -> None:
        """Refuse writes of a path until a read of it succeeds, or what failed of its existence."""
        key, failed = (self._number, path), _current().failed
        failed[key] = failed.get(key, True) and of_existence

    def found(self, path: str) -> None:
        """Allow writes of a path of which only its existence could not be asked."""
        key, failed = (self._number, path), _current().failed
        if failed.get(key):
            failed.pop(key, None)

    def read_succeeded(self, path: str, version: int) -> None:
        """Allow writes of a path, of which this version was seen; 0: there is no document."""
        seen = _current()
        seen.failed.pop((self._number, path), None)
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
