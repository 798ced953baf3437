"""Rows in PostgreSQL's binary COPY format.

Format: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format". A value is its
length and its bytes; timestamps are microseconds since 2000; a jsonb is a version byte and text.
"""

from collections.abc import Sequence
from struct import Struct

HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"

_LENGTH = Struct("!i").pack
_COLUMNS = Struct("!h").pack
_INT8 = Struct("!iq").pack

_EPOCH_2000_US = 946_684_800_000_000
# What a timestamptz can hold; a file system may claim more.
_EARLIEST_US = -210_866_803_200_000_000
_LATEST_US = 9_224_318_015_999_999_999 - _EPOCH_2000_US


def text(value: str | None) -> bytes:
    """Return a text value."""
    return NULL if value is None else bytea(value.encode())


def bytea(value: bytes | None) -> bytes:
    """Return a bytea value."""
    return NULL if value is None else _LENGTH(len(value)) + value


def int8(value: int | None) -> bytes:
    """Return a bigint value."""
    return NULL if value is None else _INT8(8, value)


def timestamptz(unix_us: int | None) -> bytes:
    """Return a timestamptz value of microseconds since 1970, held within the type's range."""
    if unix_us is None:
        return NULL
    return _INT8(8, min(max(unix_us, _EARLIEST_US), _LATEST_US) - _EPOCH_2000_US)


def jsonb_head(size: int) -> bytes:
    """Return what stands before the size bytes of a document in a jsonb value."""
    return _LENGTH(size + 1) + b"\x01"


def row(values: Sequence[bytes]) -> bytes:
    """Return a row of values already encoded."""
    return _COLUMNS(len(values)) + b"".join(values)
