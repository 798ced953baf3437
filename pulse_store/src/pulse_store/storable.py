"""What can be stored: documents as text, and paths; judged before anything is sent."""

import json
import re
from typing import Any

from pulse_store.errors import NotStorable

MOST_PATH_BYTES = 1024
# A value of PostgreSQL ends at 1 GiB, its header included.
_MOST_DOCUMENT_BYTES = (1 << 30) - (64 << 10)

# An escaped backslash before u0000 is text, not the character.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_NO_PATH = re.compile(r"(^|/)\.{0,2}(/|$)|[\x00-\x1f\x7f\\]")


def as_stored(path: str, document: Any) -> bytes:  # noqa: ANN401 - any JSON
    """Return a document as its bytes are stored: JSON as the application wrote it to files.

    Raises:
        NotStorable: PostgreSQL could not hold it, or it is no JSON.
    """
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False)
        found = text.encode()
    except UnicodeEncodeError as error:
        raise NotStorable(f"{path}: the document has half a surrogate pair ({error}).") from error
    except RecursionError as error:
        raise NotStorable(f"{path}: the document is nested too deeply.") from error
    except (TypeError, ValueError) as error:
        # NaN and infinities, cycles, and what is no JSON at all.
        raise NotStorable(f"{path}: the document is no JSON: {error}.") from error
    if _has_nul(text):
        raise NotStorable(f"{path}: the document has a NUL character, which no jsonb can hold.")
    if len(found) > _MOST_DOCUMENT_BYTES:
        raise NotStorable(f"{path}: the document has {len(found):,} bytes; 1 GiB is the limit.")
    return found


def _has_nul(text: str) -> bool:
    return "\\u0000" in text and _NUL.search(text) is not None


def why_no_path(path: str) -> str | None:
    """Return why a path can name no document, None if it can: by the rules of write_document."""
    refuse_no_text(path)
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        return "it is not UTF-8"
    if size > MOST_PATH_BYTES:
        return f"it has {size:,} bytes, {MOST_PATH_BYTES:,} are the limit"
    if _NO_PATH.search(path):
        return "it has an empty segment, '.', '..', a backslash or a control character"
    return None


def refuse_no_text(path: object) -> None:
    """Refuse what is no text, such as a pathlib.Path: its document may well be there.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(path, str):
        raise TypeError(f"A path of the store is text, not {type(path).__name__}.")


def refuse_no_path(path: str) -> None:
    """Refuse a path that can name no document.

    Raises:
        NotStorable: it cannot.
    """
    reason = why_no_path(path)
    if reason:
        raise NotStorable(f"{path[:200]!r} is no path of a document: {reason}.")
