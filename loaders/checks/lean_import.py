"""Imports Great Expectations without what no gate asks of it, which is more than half of it."""

import gc
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType
from typing import Any

# Clients of other stores and engines: it looks for them, and does without what is not installed.
_LEFT_OUT = frozenset({"azure", "boto3", "botocore", "google", "psycopg2", "pyspark", "snowflake"})

# Imported by expectations that the suites do not have; loaded when an attribute is asked for.
_DEFERRED = frozenset({"altair", "scipy.stats"})

_lock = threading.Lock()
_thread: threading.Thread | None = None


class _LeanFinder(MetaPathFinder):
    """Finds modules for one thread: others import what they want meanwhile."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if threading.get_ident() != self._thread:
            return None
        if name.partition(".")[0] in _LEFT_OUT:
            raise ModuleNotFoundError(name=name)
        spec = PathFinder.find_spec(name, path, target) if name in _DEFERRED else None
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


def import_great_expectations() -> Any:  # noqa: ANN401 - a module without types
    """Return Great Expectations; whoever comes second waits for the first to have imported it."""
    with _lock, _lean_imports():
        import great_expectations
    return great_expectations


def preload() -> None:
    """Begin to import it in the background, where this process waits for others anyway.

    No process may be forked until that is done: it would wait for a lock that nobody releases.
    """

    def import_quietly() -> None:
        # Whatever goes wrong does so again, and is reported, when a gate wants it.
        with suppress(Exception):
            import_great_expectations()

    global _thread
    if _thread is None:
        _thread = threading.Thread(target=import_quietly)
        _thread.start()


def finish_preload() -> None:
    """Wait for an import in the background: from then on processes may be forked again."""
    if _thread is not None:
        _thread.join()


@contextmanager
def _lean_imports() -> Iterator[None]:
    finder = _LeanFinder()
    # Hundreds of thousands of objects are made, and all stay.
    was_collecting = gc.isenabled()
    gc.disable()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        if was_collecting:
            gc.enable()
