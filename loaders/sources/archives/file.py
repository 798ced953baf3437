"""The file of an archive: opened once per process, checked for changes, named in refusals."""

import os
import stat
import weakref
from pathlib import Path

from loaders.errors import WrongRequest

_WINDOW = 64 * 1024
_LONGEST_NAME = 200


class Refused(Exception):
    """A member is refused; the reason is a phrase that follows its name.

    member is given only where it is not the member yielded last.
    """

    def __init__(self, what: str, member: bytes | None = None) -> None:
        super().__init__(what)
        self.member = member


class Damaged(Exception):
    """The archive as a whole is refused; the reason is a phrase of its own."""


class ArchiveFile:
    """A regular file, and the state it had when the source was made.

    Raises:
        WrongRequest: there is no such file, or it is not a regular one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            status = path.stat()
        except FileNotFoundError:
            raise WrongRequest(f"{path} does not exist. Name the archive to load.") from None
        except OSError as error:
            raise WrongRequest(f"{path} cannot be read: {error.strerror}.") from error
        if not stat.S_ISREG(status.st_mode):
            raise WrongRequest(f"{path} is named like an archive, but it is no file.")
        self.size = status.st_size
        self._path = str(path.absolute())
        self._state = _state(status)
        self._process = 0
        self._descriptor = -1
        self._close: weakref.finalize[..., ArchiveFile] | None = None

    def head(self, size: int) -> bytes:
        """Return its first bytes.

        Raises:
            WrongRequest: it cannot be read.
        """
        try:
            return self.pread(0, size)
        except OSError as error:
            raise WrongRequest(f"{self.path} cannot be read: {error.strerror}.") from error

    def pread(self, offset: int, size: int) -> bytes:
        """Return size bytes from offset, fewer only where the file ends.

        Raises:
            WrongRequest: the file has changed since the source was made.
            OSError: it cannot be read.
        """
        if self._process != os.getpid():
            self._open()
        content = os.pread(self._descriptor, size, offset)
        while 0 < len(content) < size:
            more = os.pread(self._descriptor, size - len(content), offset + len(content))
            if not more:
                break
            content += more
        return content

    def check_unchanged(self) -> None:
        """Make sure that the path still leads to the same file in the same state.

        Raises:
            WrongRequest: it does not.
        """
        try:
            # Called twice for every document, and Path.stat is slower.
            status = os.stat(self._path)  # noqa: PTH116
        except FileNotFoundError:
            raise WrongRequest(
                f"{self.path} is gone since its listing began. Put it back and load again."
            ) from None
        if _state(status) != self._state:
            raise self._changed()

    def refusal(self, what: Refused | Damaged, member: bytes | None) -> WrongRequest:
        """Return the error that refuses the archive, naming the member concerned."""
        if isinstance(what, Refused):
            member = what.member or member
        if isinstance(what, Refused) and member is not None:
            reason = f"its member {displayed_name(member)} {what}"
        elif member is not None:
            reason = f"{what}, at or after its member {displayed_name(member)}"
        else:
            reason = f"{what}"
        return WrongRequest(
            f"{self.path} is refused: {reason}. "
            "Pack it anew without that, or unpack it yourself and load the directory."
        )

    def _open(self) -> None:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            # The loader understands FileNotFoundError as a document that is gone.
            raise WrongRequest(f"{self.path} is gone. Put it back and load again.") from None
        if self._close is not None:
            # The descriptor inherited by a fork.
            self._close()
        self._close = weakref.finalize(self, os.close, descriptor)
        if _state(os.fstat(descriptor)) != self._state:
            raise self._changed()
        self._descriptor, self._process = descriptor, os.getpid()

    def _changed(self) -> WrongRequest:
        return WrongRequest(
            f"{self.path} was replaced or written to since its listing began. "
            "Load it again once nobody writes to it."
        )


class Window:
    """A file read in small pieces, most of which follow each other."""

    def __init__(self, file: ArchiveFile) -> None:
        self._file = file
        self._content = b""
        self._begin = 0
        self.consumed = 0

    def read_at(self, offset: int, size: int) -> bytes:
        """Return size bytes from offset, fewer only where the file ends."""
        self.consumed = offset + size
        begin = offset - self._begin
        if begin >= 0 and begin + size <= len(self._content):
            return self._content[begin : begin + size]
        if size >= _WINDOW:
            return self._file.pread(offset, size)
        self._content, self._begin = self._file.pread(offset, _WINDOW), offset
        return self._content[:size]

    def mark(self, offset: int) -> None:
        """Do nothing: every offset is equally near."""


def displayed_name(name: bytes) -> str:
    """Return a name that is safe to show on a terminal, whatever its bytes are."""
    text = name.decode(errors="backslashreplace")
    if len(text) > _LONGEST_NAME:
        text = text[:_LONGEST_NAME] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _state(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
