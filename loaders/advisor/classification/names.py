"""What a segment of a path looks like: which parts of it are ids, dates or numbers."""

import re
from functools import lru_cache
from typing import NamedTuple

# In a pattern a placeholder is its kind between these marks, which no file's name can hold.
MARK = "\0"
UUID, EMAIL, DATE, HASH, CODE, NUMBER, NAME = (
    "uuid",
    "email",
    "date",
    "hash",
    "code",
    "number",
    "name",
)
# Kinds that a program gives; people write names, and calendars dates.
IDS = frozenset({UUID, EMAIL, HASH, CODE, NUMBER})
JSON_ENDINGS = (b".json", b".jsonl", b".ndjson", b".json.gz", b".jsonl.gz", b".ndjson.gz")

_DATE = (
    r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])(?:-[0-3]\d(?:T\d\d[-:]?\d\d(?:[-:]?\d\d)?(?:\.\d+)?Z?)?)?"
    r"|(?:19|20)\d\d_(?:0[1-9]|1[0-2])(?:_[0-3]\d)?"
    r"|(?:19|20)\d\d-?(?:W[0-5]\d|Q[1-4])"
    r"|(?:19|20)\d\d(?:0[1-9]|1[0-2])[0-3]\d(?:T\d{4,6}Z?)?"
)
_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_ULID = r"[0-7][0-9A-HJKMNP-TV-Z]{25}"
_EMAIL = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}"
_HEX = (
    r"(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{12,}|(?=[0-9A-F]*[A-F])(?=[0-9A-F]*\d)[0-9A-F]{12,}"
)
# Ids such as those of Firebase or Stripe: letters of both cases and several digits.
_MIXED = r"(?=[^\W_]*[a-z])(?=[^\W_]*[A-Z])(?=(?:[^\W\d_]*\d){2})[A-Za-z0-9]{14,}"
_CODE = r"[A-Z]{1,5}(?:-(?:19|20)\d\d)?-?\d{3,}"
_WHOLE = (
    (UUID, re.compile(f"{_UUID}|{_ULID}")),
    (EMAIL, re.compile(_EMAIL)),
    (DATE, re.compile(_DATE)),
    (NUMBER, re.compile(r"\d+")),
    (HASH, re.compile(f"{_HEX}|{_MIXED}")),
    (CODE, re.compile(_CODE)),
)
# Inside a longer name, only what cannot be part of a word.
_INSIDE = re.compile(
    rf"(?<![^\W_])(?:(?P<uuid>{_UUID}|{_ULID})|(?P<date>{_DATE})|(?P<hash>{_HEX}|{_MIXED}))(?![^\W_])"
)
_EMAIL_INSIDE = re.compile(rf"^(?P<before>[a-z]+[_-])?(?P<email>{_EMAIL})$")
_DIGITS = re.compile(r"\d+")
_ENDING = re.compile(r"(?:\.json|\.jsonl|\.ndjson)(?:\.gz)?$", re.IGNORECASE)
_CAMEL = re.compile(r"([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])")
# Narrow enough that a name with many of them is matched in one go.
_VALUE = {
    UUID: f"{_UUID}|{_ULID}",
    DATE: _DATE,
    HASH: "[0-9A-Za-z]+",
    NUMBER: r"\d+",
}
PLACEHOLDER = re.compile(f"{MARK}([a-z_0-9]+){MARK}")


class Segment(NamedTuple):
    """A segment's pattern, and the values of its placeholders in order."""

    pattern: str
    values: tuple[str, ...]


def kind_of(text: str) -> str | None:
    """Return which kind of id, date or number a text is, None for any other."""
    if len(text) > 128:
        return None
    for kind, pattern in _WHOLE:
        if pattern.fullmatch(text):
            return kind
    return None


def marked(kind: str) -> str:
    """Return a placeholder as patterns hold it."""
    return f"{MARK}{kind}{MARK}"


def split_ending(name: str) -> tuple[str, str]:
    """Return a file's name without the endings that say JSON, and the endings."""
    found = _ENDING.search(name)
    return (name[: found.start()], name[found.start() :]) if found else (name, "")


@lru_cache(maxsize=4096)
def segment_of(name: str, *, is_file: bool) -> Segment:
    """Return the pattern of a segment as far as the segment alone tells."""
    stem, ending = split_ending(name) if is_file else (name, "")
    if kind := kind_of(stem):
        return Segment(marked(kind) + ending, (stem,))
    if found := _EMAIL_INSIDE.match(stem):
        before = found["before"] or ""
        return Segment(before + marked(EMAIL) + ending, (found["email"],))
    values: list[str] = []

    def hole(match: re.Match[str]) -> str:
        values.append(match[0])
        return marked(str(match.lastgroup))

    return Segment(_INSIDE.sub(hole, stem) + ending, tuple(values))


def with_numbers(pattern: str) -> str:
    """Return a literal with its numbers as placeholders."""
    stem, ending = split_ending(pattern)
    return _DIGITS.sub(marked(NUMBER), stem) + ending


def values_of(pattern: str, name: str) -> tuple[str, ...] | None:
    """Return what a name has for the placeholders of a pattern, None if they do not match."""
    parts = PLACEHOLDER.split(pattern)
    expression = "".join(
        f"({_VALUE.get(part, '.+?')})" if index % 2 else re.escape(part)
        for index, part in enumerate(parts)
    )
    found = re.fullmatch(expression, name, re.DOTALL)
    return found.groups() if found else None


def snake(name: str) -> str:
    """Return a key as a column or a placeholder is named."""
    text = _CAMEL.sub(r"\1\3_\2\4", name)
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:60]
