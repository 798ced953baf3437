"""Damages one document in the ways of real trees; PostgreSQL accepts none of the results."""

from collections.abc import Callable


def _truncated(document: bytes) -> bytes:
    return document[: len(document) * 2 // 3]


def _empty(document: bytes) -> bytes:
    return b""


def _byte_order_mark(document: bytes) -> bytes:
    return b"\xef\xbb\xbf" + document


def _invalid_utf8(document: bytes) -> bytes:
    return document.replace(b'"', b'"\xff', 1)


def _with_member(member: bytes) -> Callable[[bytes], bytes]:
    return lambda document: document.replace(b"{", b"{" + member + b", ", 1)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "truncated": _truncated,
    "empty": _empty,
    "byte_order_mark": _byte_order_mark,
    "invalid_utf8": _invalid_utf8,
    "not_a_number": _with_member(b'"confidence": NaN'),
    "null_character": _with_member(b'"client": "kiosk\\u0000"'),
    "lone_surrogate": _with_member(b'"mood": "\\ud83d"'),
    "huge_number": _with_member(b'"seed": 1e200000'),
}
DAMAGE_NAMES = tuple(DAMAGES)


def damage(name: str, document: bytes) -> bytes:
    """Return `document`, a JSON object or an array of objects, spoiled in the way called `name`.

    The ways are those of docs/legacy-format.md §3 that `jsonb` refuses.
    """
    return DAMAGES[name](document)
