"""Writes the files of a sample tree, fast, each with the time it would have had."""

import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from loaders.sample.clock import unix_nanoseconds

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts: `files` end in .json (links too), `bad_files` are those that cannot be read.

    `bytes` is the size of all files, leftovers included; `leftovers` do not end in .json.
    """

    files: int = 0
    bytes: int = 0
    bad_files: int = 0
    leftovers: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.files + other.files,
            self.bytes + other.bytes,
            self.bad_files + other.bad_files,
            self.leftovers + other.leftovers,
        )


class Tree:
    """An open directory to write into; paths are relative to it.

    Names are looked up from open directory handles: resolving a deep root again for each of a
    million files is slow.
    """

    def __init__(self, root: Path) -> None:
        self._root_path = root
        self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        self._sessions = -1
        self._files = self._bytes = self._bad_files = self._leftovers = 0

    def __enter__(self) -> "Tree":
        (self._root_path / "sessions").mkdir(exist_ok=True)
        self._sessions = os.open("sessions", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self._root)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.close(self._sessions)
        os.close(self._root)

    @property
    def counts(self) -> Counts:
        """What has been written so far."""
        return Counts(self._files, self._bytes, self._bad_files, self._leftovers)

    def put_session(self, key: str, documents: list[tuple[str, bytes, bool]], second: int) -> None:
        """Write a session's folder: file names, contents, whether bad; `second` since the epoch.

        Raises FileExistsError if there is one of that name.
        """
        folder = self._sessions
        os.mkdir(key, dir_fd=folder)
        time = unix_nanoseconds(second)
        for name, content, is_bad in documents:
            _write(f"{key}/{name}", content, time, folder)
            self._files += 1
            self._bytes += len(content)
            self._bad_files += is_bad

    def put(self, path: str, content: bytes, second: int, *, is_bad: bool = False) -> None:
        """Write one file, with the folders above it, dated `second` seconds after the epoch."""
        time = unix_nanoseconds(second)
        try:
            _write(path, content, time, self._root)
        except FileNotFoundError:
            (self._root_path / path).parent.mkdir(parents=True, exist_ok=True)
            _write(path, content, time, self._root)
        if path.endswith(".json"):
            self._files += 1
            self._bad_files += is_bad
        else:
            self._leftovers += 1
        self._bytes += len(content)

    def put_link(self, path: str, target: str, second: int) -> None:
        """Create a symbolic link, which no loader follows: it counts as a bad file of no bytes."""
        (self._root_path / path).parent.mkdir(parents=True, exist_ok=True)
        os.symlink(target, path, dir_fd=self._root)
        time = unix_nanoseconds(second)
        os.utime(path, ns=(time, time), dir_fd=self._root, follow_symlinks=False)
        self._files += 1
        self._bad_files += 1


def _write(path: str, content: bytes, time: int, folder: int) -> None:
    file = os.open(path, _NEW_FILE, 0o644, dir_fd=folder)
    try:
        # A full disk accepts a part without an error; the next write raises it.
        written = os.write(file, content)
        while written < len(content):
            written += os.write(file, content[written:])
        os.utime(file, ns=(time, time))
    finally:
        os.close(file)
