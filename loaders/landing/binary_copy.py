"""Rows in PostgreSQL's binary COPY format.

Format: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format". A value is its
length and its bytes; timestamps are microseconds since 2000; a jsonb is a version byte and text.
"""

from collections.abc import Sequence
from functools import lru_cache
from struct import Struct

HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"

_LENGTH = Struct("!i").pack
_COLUMNS = Struct("!h").pack
_INT8 = Struct("!iq").pack

_EPOCH_2000_US = 946_684_800_000_000


def text(value: str | None) -> bytes:
    """Return a text value."""
    if value is None:
        return NULL
    encoded = value.encode()
    return _LENGTH(len(encoded)) + encoded


# For values that repeat: kinds, keys.
repeated_text = lru_cache(4096)(text)


def bytea(value: bytes | None) -> bytes:
    """Return a bytea value."""
    return NULL if value is None else _LENGTH(len(value)) + value


def int8(value: int | None) -> bytes:
    """Return a bigint value."""
    return NULL if value is None else _INT8(8, value)


def boolean(value: bool) -> bytes:
    """Return a boolean value."""
    return b"\x00\x00\x00\x01\x01" if value else b"\x00\x00\x00\x01\x00"


def timestamptz(unix_us: int | None) -> bytes:
    """Return a timestamptz value of microseconds since 1970."""
    return NULL if unix_us is None else _INT8(8, unix_us - _EPOCH_2000_US)


def jsonb_head(size: int) -> bytes:
    """Return the header of a jsonb value whose document has size bytes."""
    return _LENGTH(size + 1) + b"\x01"


def row(values: Sequence[bytes]) -> bytes:
    """Return a row of values already encoded."""
    return _COLUMNS(len(values)) + b"".join(values)
