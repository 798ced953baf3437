"""The interface of a source: list files, stamp an entry, open a document."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

LINK = "link"
NOT_A_FILE = "not_a_file"
UNREADABLE = "unreadable"
PATH_NOT_UTF8 = "path_not_utf8"
PATH_TOO_LONG = "path_too_long"
TOO_LARGE = "too_large"

LONGEST_PATH = 1024

# The range of a timestamptz, as a bigint since 1970; a file system's range is larger.
_EARLIEST_US = -210_866_803_200_000_000
_LATEST_US = 9_223_371_331_199_999_999


def time_or_unknown(unix_us: int) -> int | None:
    """Return microseconds since 1970, or None for what PostgreSQL cannot store."""
    return unix_us if _EARLIEST_US <= unix_us <= _LATEST_US else None


class Stamp(NamedTuple):
    """Identifies a state of a file: bytes, microseconds since 1970, etag.

    modified_us is None when it is unknown; etag is an object store's identifier of the content.
    """

    size: int
    modified_us: int | None
    etag: str | None = None


class Entry(NamedTuple):
    """One listed file: its path below the root, and its stamp if the listing has it.

    problem says why it cannot be opened at all; its path may then be escaped. position is where
    the source finds the file again, if the path is not enough.
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
        """Return the present stamp of the open file."""


class Source(Protocol):
    """A tree of documents.

    A source is created in one process and used in others after a fork: it has no connection and
    no thread before list or open is called.
    """

    @property
    def name(self) -> str:
        """The operator's name for it; it is written to the ledger, so it holds no secret."""

    @property
    def most_workers(self) -> int | None:
        """How many processes may usefully read from it; None: any number."""

    @property
    def opened_at_once(self) -> int:
        """How many documents one process should have open at once, to hide latency."""

    @property
    def notices(self) -> Sequence[str]:
        """Sentences for people about what was listed, after the listing has ended."""

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """Yield every file ending in .json, or in .JSON, whose path begins with prefix.

        They come in no order.

        A folder that cannot be listed is yielded with a trailing slash and the problem
        unreadable, so that the files below it do not count as vanished.

        Raises:
            WrongRequest: the root itself cannot be listed, or the source is damaged.
        """

    def look(self, entry: Entry) -> Entry | None:
        """Return a listed entry with its stamp, or None when it has vanished."""

    def open(self, entry: Entry) -> AbstractContextManager[OpenDocument]:
        """Open a listed document.

        Raises:
            FileNotFoundError: it is gone.
            OSError: it cannot be read.
        """
