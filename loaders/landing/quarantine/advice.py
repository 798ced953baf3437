"""What the codes of quarantine mean, and what an operator can do."""

from typing import NamedTuple

from psycopg import errors

from loaders.landing.quarantine.reasons import CHANGED_WHILE_READING
from loaders.sources import source

_MEND = (
    "Repair the file at its origin, then load again: a repaired file differs in size or time, "
    "so the next load reads it. Nothing else waits for it."
)
_NOT_JSON = (
    "Restore the file from a backup or have its writer write it again, then load. "
    "Nothing else waits for it."
)
_RETRY = "then run 'pulse-elt quarantine retry SOURCE'."


class _Code(NamedTuple):
    meaning: str
    advice: str


_CODES = {
    "22P02": _Code("the bytes are not valid JSON", _NOT_JSON),
    "22032": _Code("the bytes are not valid JSON", _NOT_JSON),
    "22021": _Code(
        "the bytes are not valid UTF-8",
        "Find out which encoding the file has and convert it (iconv -f WINDOWS-1252 -t UTF-8), "
        "then load again. The loader never guesses an encoding.",
    ),
    "22P05": _Code(
        "an escape stands for a character that PostgreSQL cannot store in a text",
        "Take the escape \\u0000 out of the file, then load again. "
        "The loader never drops characters.",
    ),
    "22003": _Code(
        "a number is beyond what PostgreSQL's numeric can hold",
        "Correct the number in the file, then load again.",
    ),
    "54000": _Code("the document exceeds a limit of PostgreSQL's jsonb", _MEND),
    "54001": _Code(
        "the document is nested deeper than the server can follow",
        "If the depth is intended, raise max_stack_depth on the server, " + _RETRY,
    ),
    "XX000": _Code("the server could not allocate what the parsed document needs", _MEND),
    source.LINK: _Code(
        "a symbolic link, and links are never followed",
        "Replace the link by the file itself, " + _RETRY,
    ),
    source.NOT_A_FILE: _Code(
        "not a regular file (a device, a pipe, a socket)",
        "Replace it by a regular file, " + _RETRY,
    ),
    source.UNREADABLE: _Code(
        "the file or folder cannot be read",
        "Give the user who loads the right to read it, " + _RETRY,
    ),
    source.PATH_NOT_UTF8: _Code(
        "the name is not valid UTF-8; it is kept under an escaped one",
        "Rename the file, then load again: the new name is a new path.",
    ),
    source.PATH_TOO_LONG: _Code(
        f"the path has more than {source.LONGEST_PATH} bytes; it is kept under a shortened one",
        "Rename the file, then load again: the new name is a new path.",
    ),
    source.TOO_LARGE: _Code("the file is larger than a PostgreSQL value may be", _MEND),
    CHANGED_WHILE_READING: _Code(
        "the file kept changing while it was read",
        "Wait until nobody writes to it, " + _RETRY,
    ),
}


def meaning_of(code: str) -> str:
    """Return the meaning of a SQLSTATE or reason code."""
    if code in _CODES:
        return _CODES[code].meaning
    try:
        name = errors.lookup(code).__name__
    except KeyError:
        return "a reason of the loader's own"
    words = "".join(f" {sign.lower()}" if sign.isupper() else sign for sign in name)
    return f"the server calls it{words}"


def advice_for(code: str, file_state: str | None, resolution: str | None) -> str:
    """Return what to do about an entry, given its resolution and the state of its file."""
    if resolution == "landed":
        return "Nothing: a later version is good and has landed."
    if resolution is not None:
        return "Nothing: it is no longer a document to load, or the folder can be listed again."
    if file_state == "vanished":
        return (
            "The file is gone from its source. The entry stays open until a good file has that "
            "path; there is nothing to do if it was removed on purpose."
        )
    return _CODES[code].advice if code in _CODES else _MEND
