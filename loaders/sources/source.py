"""The interface of a source: list what is there, look at an entry, open a document."""

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

# What a timestamptz can hold, as a bigint since 1970; a file system may claim more.
_EARLIEST_US = -210_866_803_200_000_000
_LATEST_US = 9_223_371_331_199_999_999


def time_or_unknown(unix_us: int) -> int | None:
    """Return microseconds since 1970, or None for what PostgreSQL cannot store."""
    return unix_us if _EARLIEST_US <= unix_us <= _LATEST_US else None


class Stamp(NamedTuple):
    """What tells one state of a file from another: bytes, microseconds since 1970, etag.

    modified_us is None when it is unknown; etag is what an object store calls the content.
    """

    size: int
    modified_us: int | None
    etag: str | None = None


class Entry(NamedTuple):
    """One listed file: its path below the root, and its stamp if listing already told it.

    problem says why it cannot be opened at all; such a path may be an escaped one.
    position is where the source finds the file again, if a path is not enough.
    """

    path: str
    stamp: Stamp | None = None
    problem: str | None = None
    position: int = 0


class OpenDocument(Protocol):
    """A document opened for reading."""

    def read(self, size: int) -> bytes:
        """Return at most size further bytes; none at the end."""

    def stamp(self) -> Stamp:
        """Return the stamp of what is open, as it is now."""


class Source(Protocol):
    """A tree of documents.

    A source is made in one process and used in others after a fork: it holds no connection
    and no thread before list or open are called.
    """

    @property
    def name(self) -> str:
        """What the operator calls it; goes into the ledger, so it holds no secret."""

    @property
    def most_workers(self) -> int | None:
        """How many processes may usefully read from it; None: as many as there are."""

    @property
    def opened_at_once(self) -> int:
        """How many documents one process should have open at once, to hide latency."""

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Yield every file ending in .json whose path begins with prefix, in no order.

        A folder that cannot be listed is yielded with a slash at its end and the problem
        unreadable, so that nothing below it is taken for gone.

        Raises:
            WrongRequest: the root itself cannot be listed, or the source is not to be trusted.
        """

    def look(self, entry: Entry) -> Entry | None:
        """Return a listed entry with its stamp, or None when it is gone."""

    def open(self, entry: Entry) -> AbstractContextManager[OpenDocument]:
        """Open a listed document.

        Raises:
            FileNotFoundError: it is gone.
            OSError: it cannot be read.
        """
