"""Paths as the landing can hold them."""

import hashlib

from loaders.sources.source import LONGEST_PATH, PATH_NOT_UTF8, PATH_TOO_LONG

# The endings of names that are listed, in bytes.
Endings = tuple[bytes, ...]
JSON: Endings = (b".json",)


def is_document(path: bytes, endings: Endings = JSON) -> bool:
    """Return whether a file is listed, by the ending of its name, in capitals or not."""
    return path[-16:].lower().endswith(endings)


def escaped(path: bytes) -> tuple[str, str | None]:
    """Return a path as text, and the problem if the landing cannot hold it unescaped.

    An escaped path begins with a slash, which no path below a root does, so it never equals a
    real one; its backslashes are doubled, so two escaped paths are never equal either.
    """
    problem = None
    try:
        text = path.decode()
        if len(path) <= LONGEST_PATH:
            return text, None
    except UnicodeDecodeError:
        problem = PATH_NOT_UTF8
        text = "/" + path.replace(b"\\", b"\\\\").decode(errors="backslashreplace")
    if len(path) > LONGEST_PATH:
        problem = PATH_TOO_LONG
        text = f"/{text[:200]}…{hashlib.sha256(path).hexdigest()}.json"
    return text, problem
