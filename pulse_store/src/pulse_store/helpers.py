"""The application's four helpers by their own names: a change of one import.

    from pulse_store.helpers import blob_exists, list_blob_names, read_json, write_json

As before, read_json answers None on any exception; but a failure is counted (`swallowed`), and
the path takes no write until it was read: write_json raises BlindWrite, instead of replacing a
full document by an empty one. The others raise what they fail with.
"""

from typing import Any

import pulse_store


def read_json(path: str) -> Any | None:  # noqa: ANN401 - any JSON
    """Return the document at a path, None if there is none or it could not be read."""
    try:
        return pulse_store.read_json(path)
    except Exception:
        _count_swallowed()
        return None


def write_json(path: str, obj: Any) -> None:  # noqa: ANN401 - any JSON
    """Write a document over whatever is there."""
    pulse_store.write_json(path, obj)


def blob_exists(path: str) -> bool:
    """Return whether there is such a document."""
    return pulse_store.exists(path)


def list_blob_names(prefix: str) -> list[str]:
    """Return the names that begin with a prefix."""
    return pulse_store.list_names(prefix)


def _count_swallowed() -> None:
    try:
        store = pulse_store.default_store()
    except pulse_store.StoreUnavailable:
        # Nothing is configured: there is nowhere to count.
        return
    store.note("swallowed")
