"""A sample tree of which one session in a hundred has changed."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

_CHANGED_SHARE = 100


@contextmanager
def one_percent_changed(tree: Path) -> Iterator[int]:
    """Change every good document of one session in a hundred, yield the count, and undo it."""
    folders = sorted((tree / "sessions").iterdir())[::_CHANGED_SHARE]
    paths = [path for folder in folders for path in folder.glob("*.json") if path.is_file()]
    kept = {path: (path.read_bytes(), path.stat()) for path in paths}
    changed = 0
    for path, (content, _) in kept.items():
        if _is_changeable(content):
            path.write_bytes(content.replace(b"{", b'{"benchmark": %d, ' % time.time_ns(), 1))
            changed += 1
    try:
        yield changed
    finally:
        for path, (content, status) in kept.items():
            path.write_bytes(content)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _is_changeable(content: bytes) -> bool:
    """Return whether a document is good and begins with an object that can take a member."""
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError:
        return False
    # The one damage of sample trees that PostgreSQL refuses and orjson does not.
    if b"\\u0000" in content:
        return False
    first = document[0] if isinstance(document, list) and document else document
    return isinstance(first, dict) and bool(first)
