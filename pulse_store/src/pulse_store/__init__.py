"""PULSE's documents in PostgreSQL: what an application reads and writes instead of JSON files.

    chat = pulse_store.read_json("sessions/…/conversation.json")    # None: there is none
    pulse_store.write_json("sessions/…/conversation.json", chat)    # returns after the commit

Documents: read_json, write_json, exists, list_names; read_version and write_if compare versions.
Of learners, from the marts: latest_readiness, readiness_history, skills, low_skills.
Errors, each a StoreError: StoreUnavailable (answer 503), BlindWrite, StoreConflict, NotStorable,
ReadOnlyPath. None only says that there is no such document.

The environment says where: PULSE_ANALYTICS_DATABASE_URL, PULSE_STORE_FILES; or `configure` does.
`pulse_store.helpers` has the application's own names.
"""

import os
import threading
from typing import Any

from pulse_store import readers as _readers
from pulse_store.counters import Event, OnEvent
from pulse_store.errors import (
    BlindWrite,
    NotStorable,
    ReadOnlyPath,
    StoreConflict,
    StoreError,
    StoreUnavailable,
)
from pulse_store.fence import one_request
from pulse_store.settings import Settings
from pulse_store.store import Store, Version

__all__ = [
    "BlindWrite",
    "Event",
    "NotStorable",
    "OnEvent",
    "ReadOnlyPath",
    "Settings",
    "Store",
    "StoreConflict",
    "StoreError",
    "StoreUnavailable",
    "Version",
    "configure",
    "default_store",
    "exists",
    "latest_readiness",
    "list_names",
    "low_skills",
    "one_request",
    "read_json",
    "read_version",
    "readiness_history",
    "skills",
    "write_if",
    "write_json",
]

_default: Store | None = None
_lock = threading.Lock()


def _new_lock() -> None:
    """Replace a lock that another thread may have held when this process was forked."""
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)


def configure(settings: Settings | None = None, *, on_event: OnEvent | None = None) -> Store:
    """Replace the store that the functions of this module use; by default the environment's."""
    global _default
    store = Store(settings, on_event=on_event)
    with _lock:
        before, _default = _default, store
    if before is not None:
        before.close()
    return store


def default_store() -> Store:
    """Return the store that the functions of this module use; made when first asked for."""
    global _default
    if _default is None:
        with _lock:
            if _default is None:
                _default = Store()
    return _default


def read_json(path: str) -> Any | None:  # noqa: ANN401 - any JSON
    """Return the document at a path; None means one thing only: there is no such document."""
    return default_store().read_json(path)


def write_json(path: str, obj: Any) -> None:  # noqa: ANN401 - any JSON
    """Write a document over whatever is there; return after the commit."""
    default_store().write_json(path, obj)


def exists(path: str) -> bool:
    """Return whether there is such a document."""
    return default_store().exists(path)


def list_names(prefix: str) -> list[str]:
    """Return the names that begin with a plain prefix, in the order of their bytes."""
    return default_store().list_names(prefix)


def read_version(path: str) -> Version | None:
    """Return the document with its version for write_if, None if there is no such document."""
    return default_store().read_version(path)


def write_if(path: str, obj: Any, version: Version | None) -> Version:  # noqa: ANN401 - any JSON
    """Write a document if its path still has that version (None: none yet), or StoreConflict."""
    return default_store().write_if(path, obj, version)


def latest_readiness(user: str) -> dict[str, Any] | None:
    """Return a learner's latest snapshot of readiness, None if there is none."""
    return _readers.latest_readiness(default_store(), user)


def readiness_history(user: str, limit: int = 20) -> dict[str, Any]:
    """Return {userId, latest, history}, the newest first."""
    return _readers.readiness_history(default_store(), user, limit)


def skills(user: str, window: str = "30d") -> dict[str, Any]:
    """Return {userId, window, skills: [{skillTag, window, avgScore, sampleSize}]}."""
    return _readers.skills(default_store(), user, window)


def low_skills(user: str) -> dict[str, Any]:
    """Return the same for the skills that need attention, the lowest first."""
    return _readers.low_skills(default_store(), user)
