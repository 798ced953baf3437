"""A directory on disk as a source. Nothing outside its root is ever opened."""

import os
import stat
import weakref
from collections.abc import Iterator
from itertools import islice
from operator import attrgetter
from pathlib import Path

from loaders.errors import WrongRequest
from loaders.sources.paths import JSON, Endings, escaped, is_document
from loaders.sources.safe_open import safe_open
from loaders.sources.source import LINK, NOT_A_FILE, UNREADABLE, Entry, Stamp, time_or_unknown

_WINDOW = 5_000
_name_of = attrgetter("name")


class Directory:
    """The tree below root.

    Raises:
        WrongRequest: root is not a directory, or cannot be listed.
    """

    most_workers: int | None = None
    opened_at_once = 1
    notices: tuple[str, ...] = ()

    def __init__(self, root: Path, endings: Endings = JSON) -> None:
        self._endings = endings
        self._root = root.resolve()
        self._prefix = os.fsencode(self._root) + b"/"
        try:
            with os.scandir(self._root):
                pass
            self._folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise WrongRequest(f"{root} does not exist. Name the directory to load.") from None
        except NotADirectoryError:
            raise WrongRequest(f"{root} is neither a directory nor an archive.") from None
        except OSError as error:
            raise WrongRequest(f"{root} cannot be listed: {error.strerror}.") from error
        weakref.finalize(self, os.close, self._folder)

    @property
    def name(self) -> str:
        """The directory as an absolute path; bytes that are not UTF-8 are escaped."""
        return os.fsencode(self._root).decode(errors="backslashreplace")

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Yield the files without stamps; see Source.list.

        It descends into each folder at once: of a million sibling folders only the current one
        is in memory.
        """
        wanted = prefix.encode("utf-8", "surrogateescape")
        way = [(b"", self._scanned(b""))]
        while way:
            folder, found = way[-1]
            try:
                for one in found:
                    path = folder + one.name
                    if one.is_dir(follow_symlinks=False):
                        below = path + b"/"
                        if below.startswith(wanted) or wanted.startswith(below):
                            way.append((below, self._scanned(below)))
                            break
                    elif (
                        path.startswith(wanted)
                        and (is_document(path, self._endings) or _is_link_to_folder(one))
                        and (entry := self._listed(path))
                    ):
                        yield entry
                else:
                    way.pop()
            except OSError as error:
                way.pop()
                if not folder:
                    raise WrongRequest(
                        f"{self.name} cannot be listed: {error.strerror}."
                    ) from error
                if not isinstance(error, FileNotFoundError):
                    yield Entry(escaped(folder)[0], Stamp(0, None), UNREADABLE)

    def look(self, entry: Entry) -> Entry | None:
        """Return the entry with its stamp; see Source.look."""
        if entry.stamp:
            return entry
        return self._looked_at(entry.path.encode(), entry.path, None)

    def open(self, entry: Entry) -> "_OpenFile":
        """Open a file without following links; see Source.open."""
        return _OpenFile(safe_open(self._folder, entry.path.encode()))

    def _scanned(self, folder: bytes) -> Iterator[os.DirEntry[bytes]]:
        """Yield the entries of a folder; raises OSError at the first.

        A small folder is sorted by name: neighbours in the tree are then neighbours in the tables
        and their indexes.
        """
        with os.scandir(self._prefix + folder) as found:
            window = sorted(islice(found, _WINDOW), key=_name_of)
            if len(window) == _WINDOW:
                yield from window
                while window := sorted(islice(found, _WINDOW), key=_name_of):
                    yield from window
        # Closed by now, unless the folder is large: a deep tree needs few descriptors.
        yield from window

    def _listed(self, raw_path: bytes) -> Entry | None:
        path, problem = escaped(raw_path)
        if problem is None:
            return Entry(path)
        # It could not be found again under an escaped name.
        return self._looked_at(raw_path, path, problem)

    def _looked_at(self, raw_path: bytes, path: str, problem: str | None) -> Entry | None:
        try:
            status = os.stat(raw_path, dir_fd=self._folder, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            return Entry(path, Stamp(0, None), problem or UNREADABLE)
        if not stat.S_ISREG(status.st_mode):
            problem = LINK if stat.S_ISLNK(status.st_mode) else NOT_A_FILE
        return Entry(path, _stamp(status), problem)


class _OpenFile:
    __slots__ = ("_descriptor",)

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> "_OpenFile":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def read(self, size: int) -> bytes:
        return os.read(self._descriptor, size)

    def stamp(self) -> Stamp:
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError("it is no longer a regular file")
        return _stamp(status)


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_size, time_or_unknown(status.st_mtime_ns // 1000))


def _is_link_to_folder(entry: os.DirEntry[bytes]) -> bool:
    """Return whether a link leads to a folder: it is reported, but not followed."""
    try:
        return entry.is_symlink() and entry.is_dir()
    except OSError:
        # A circular link hides nothing.
        return False
