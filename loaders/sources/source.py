"""The interface of a source: list what is there, open one document."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

LINK = "link"
NOT_A_FILE = "not_a_file"
UNREADABLE = "unreadable"
PATH_NOT_UTF8 = "path_not_utf8"
PATH_TOO_LONG = "path_too_long"
TOO_LARGE = "too_large"

LONGEST_PATH = 1024


class Entry(NamedTuple):
    """One listed file: path below the root, bytes, microseconds since 1970 (None: unknown).

    problem says why it cannot be opened at all; such a path may be an escaped one.
    """

    path: str
    size: int
    modified_us: int | None
    problem: str | None = None


class OpenDocument(Protocol):
    """A document opened for reading."""

    @property
    def size(self) -> int:
        """Its bytes when it was opened."""

    @property
    def modified_us(self) -> int | None:
        """Its modification time when it was opened, microseconds since 1970."""

    def read(self, size: int) -> bytes:
        """Return at most size further bytes; none at the end."""

    def is_unchanged(self) -> bool:
        """Return whether size and time are still those of the opening."""


class Source(Protocol):
    """A tree of documents."""

    @property
    def name(self) -> str:
        """What the operator calls it; goes into the ledger, so it holds no secret."""

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Yield every file ending in .json whose path begins with prefix, in no order.

        A folder that cannot be listed is yielded with a slash at its end and the problem
        unreadable, so that nothing below it is taken for gone.

        Raises:
            WrongRequest: the root itself cannot be listed.
        """

    def open(self, path: str) -> AbstractContextManager[OpenDocument]:
        """Open a listed document.

        Raises:
            FileNotFoundError: it is gone.
            OSError: it cannot be read.
        """
