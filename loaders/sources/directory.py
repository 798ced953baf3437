"""A directory on disk as a source. Nothing outside its root is ever followed or opened."""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loaders.errors import WrongRequest
from loaders.sources.source import (
    LINK,
    LONGEST_PATH,
    NOT_A_FILE,
    PATH_NOT_UTF8,
    PATH_TOO_LONG,
    UNREADABLE,
    Entry,
)

_SUFFIX = b".json"


class Directory:
    """The tree below root.

    Raises:
        WrongRequest: root is no directory, or cannot be listed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            with os.scandir(root):
                pass
        except FileNotFoundError:
            raise WrongRequest(f"{root} does not exist. Name the directory to load.") from None
        except NotADirectoryError:
            raise WrongRequest(f"{root} is not a directory.") from None
        except OSError as error:
            raise WrongRequest(f"{root} cannot be listed: {error.strerror}.") from error
        self._root = os.fsencode(root.resolve()) + b"/"

    @property
    def name(self) -> str:
        """The directory as an absolute path."""
        return str(self.root.resolve())

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Yield the files; see Source.list."""
        wanted = os.fsencode(prefix)
        todo = [b""]
        while todo:
            folder = todo.pop()
            try:
                with os.scandir(self._root + folder) as entries:
                    for entry in entries:
                        path = folder + entry.name
                        if entry.is_dir(follow_symlinks=False):
                            below = path + b"/"
                            if below.startswith(wanted) or wanted.startswith(below):
                                todo.append(below)
                        elif path.startswith(wanted) and _is_document(entry):
                            yield from _listed(entry, path)
            except FileNotFoundError:
                continue
            except OSError as error:
                if not folder:
                    raise WrongRequest(
                        f"{self.root} cannot be listed: {error.strerror}."
                    ) from error
                yield Entry(escaped(folder)[0], 0, None, UNREADABLE)

    @contextmanager
    def open(self, path: str) -> Iterator["_OpenFile"]:
        """Open a file, following no link on the way to it; see Source.open."""
        descriptor = self._descriptor(self._root + path.encode())
        try:
            yield _OpenFile(descriptor)
        finally:
            os.close(descriptor)

    def _descriptor(self, path: bytes) -> int:
        for _ in range(_ATTEMPTS):
            descriptor = os.open(path, _FLAGS)
            if _is_at(descriptor, path):
                return descriptor
            # A writer renamed another file over it, or a folder above it became a link.
            os.close(descriptor)
        raise OSError("a folder above it is a link now, or it is replaced all the time")


_ATTEMPTS = 3
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def _is_at(descriptor: int, path: bytes) -> bool:
    try:
        return os.readlink(b"/proc/self/fd/%d" % descriptor) == path  # noqa: PTH115 - bytes
    except FileNotFoundError:
        # No /proc on this system.
        return os.path.realpath(path) == path


class _OpenFile:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError("it is no longer a regular file")
        self.size = status.st_size
        self._modified_ns = status.st_mtime_ns
        self.modified_us = status.st_mtime_ns // 1000

    def read(self, size: int) -> bytes:
        return os.read(self._descriptor, size)

    def is_unchanged(self) -> bool:
        status = os.fstat(self._descriptor)
        return status.st_size == self.size and status.st_mtime_ns == self._modified_ns


def _is_document(entry: os.DirEntry[bytes]) -> bool:
    if entry.name.endswith(_SUFFIX):
        return True
    # A link to a folder may hide whole sessions; it is reported, though not followed.
    return entry.is_symlink() and entry.is_dir()


def _listed(entry: os.DirEntry[bytes], raw_path: bytes) -> Iterator[Entry]:
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return
    path, problem = escaped(raw_path)
    if stat.S_ISLNK(status.st_mode):
        problem = LINK
    elif not stat.S_ISREG(status.st_mode):
        problem = NOT_A_FILE
    yield Entry(path, status.st_size, status.st_mtime_ns // 1000, problem)


def escaped(path: bytes) -> tuple[str, str | None]:
    """Return a path as text, and the problem where the landing cannot hold it as it is.

    An escaped path begins with a slash, which no path below a root does, so it never meets
    a real one; backslashes are doubled in it, so two escaped paths never meet either.
    """
    problem = None
    try:
        text = path.decode()
    except UnicodeDecodeError:
        problem = PATH_NOT_UTF8
        text = "/" + path.replace(b"\\", b"\\\\").decode(errors="backslashreplace")
    if len(path) > LONGEST_PATH:
        problem = PATH_TOO_LONG
        text = f"/{text[:200]}…{hashlib.sha256(path).hexdigest()}.json"
    return text, problem
