"""Why a document is refused, in words and with the position in the file.

Only the server refuses documents (docs/design.md §4, "The server decides"). This module decides
which documents are sent alone, and finds the position afterwards.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import orjson

from loaders.landing.model import Planned, Refusal
from loaders.sources import source
from loaders.sources.source import Stamp

CHANGED_WHILE_READING = "changed_while_reading"

_FIRST_BYTES = 64
# Before and after the position.
_AROUND = 60
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Accepted by Python's parser, possibly refused by jsonb.
_RISKY_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_NUMBER = re.compile(rb"-?\d+(?:\.(\d+))?(?:[eE]([+-]?\d+))?")

_WORDS = {
    source.LINK: "it is a symbolic link, and links are never followed",
    source.NOT_A_FILE: "it is not a regular file",
    source.UNREADABLE: "it cannot be read",
    source.PATH_NOT_UTF8: "its name is not valid UTF-8",
    source.PATH_TOO_LONG: f"its path has more than {source.LONGEST_PATH} bytes",
    source.TOO_LARGE: "it is larger than a PostgreSQL value may be",
    CHANGED_WHILE_READING: "it kept changing while it was read",
}


class Explanation(NamedTuple):
    """What is known about a refused document; offsets in bytes from 0, None if unknown."""

    reason: str
    byte_offset: int | None
    first_bytes: bytes | None
    around: bytes | None
    around_offset: int | None


def is_doubtful(content: bytes) -> bool:
    """Return whether the server might refuse these bytes, so that they are sent alone.

    The parser may be stricter than the server (on huge numbers and depth); the server decides.
    """
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError:
        return True
    return b"\\" in content and _RISKY_ESCAPE.search(content) is not None


def refuse_unread(planned: Planned, code: str, detail: str | None = None) -> Refusal:
    """Return the refusal of a file that was not fully read, for one of the loader's reasons."""
    words = _WORDS[code] + (f" ({detail})" if detail else "")
    return Refusal(
        planned=planned,
        stamp=planned.entry.stamp or Stamp(0, None),
        sha256=None,
        code=code,
        reason=f"{planned.path}: {words}.",
    )


def explain(path: str, content: bytes, sqlstate: str, said: str) -> Explanation:
    """Return the reason in words, and the position if it can be found.

    content is what the server refused, said the server's message.
    """
    offset, words = _find(content, sqlstate, said)
    place = f"{path}, byte {offset}" if offset is not None else path
    start = None if offset is None else max(offset - _AROUND, 0)
    return Explanation(
        reason=f"{place}: {words}.",
        byte_offset=offset,
        first_bytes=content[:_FIRST_BYTES],
        around=None if start is None or offset is None else content[start : offset + _AROUND],
        around_offset=start,
    )


def without_the_bytes(path: str, said: str) -> Explanation:
    """Return the explanation for a document too large to be read again."""
    return Explanation(f"{path}: {said}", None, None, None, None)


def _find(content: bytes, sqlstate: str, said: str) -> tuple[int | None, str]:
    said = said.strip().rstrip(".")
    if not content:
        return 0, "the file is empty"
    if content.startswith(_BYTE_ORDER_MARK):
        return 0, "a UTF-8 byte-order mark stands before the JSON"
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        return error.start, f"byte 0x{content[error.start]:02x} is not valid UTF-8"
    if not text.strip():
        return 0, "the file holds only white space"
    if sqlstate == "54001":
        return None, "it is nested deeper than the server can follow"
    if sqlstate == "22003":
        return next(_huge_numbers(content), None), "a number is beyond what numeric can hold"
    if sqlstate == "22P05":
        return _first_escape(
            content, "0000"
        ), "the escape \\u0000 has no place in a PostgreSQL text"
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError as error:
        offset = len(text[: error.pos].encode())
        if offset >= len(content.rstrip()):
            return offset, "the file ends in the middle of a value"
        return offset, said
    return _lone_surrogate(content), said


def _huge_numbers(content: bytes) -> Iterator[int]:
    for found in _NUMBER.finditer(content):
        exponent = int(found[2][:9] or 0) if found[2] else 0
        if abs(exponent) > 16_000 or len(found[0]) > 16_000:
            yield found.start()


def _first_escape(content: bytes, digits: str) -> int | None:
    for found in _ESCAPE.finditer(content):
        if found[1] and found[1].decode() == digits:
            return found.start()
    return None


def _lone_surrogate(content: bytes) -> int | None:
    high: int | None = None
    end = -1
    for found in _ESCAPE.finditer(content):
        code = int(found[1], 16) if found[1] else 0
        is_low = 0xDC00 <= code <= 0xDFFF
        if high is not None and not (is_low and found.start() == end):
            return high
        if high is None and is_low:
            return found.start()
        high = found.start() if 0xD800 <= code <= 0xDBFF else None
        end = found.end()
    return high
