"""Numbers, days and names as the pages write them, and how wide they may get."""

import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from loaders.errors import storable

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NONE = "–"
_LEFTWARD = ("R", "AL", "AN")
_JOINERS = "\u200c\u200d"
_NARROW = " \u00a0.,:;|'!()[]/ijl·"
_WIDE = "mwMW@%—…"


def shown(text: str, most: int = 80) -> str:
    """Return text of the data as a page can show it: on one line, of bounded length."""
    clean = "".join(map(_plain, storable(text)))
    cut = clean if len(clean) <= most else clean[: most - 1].rstrip() + "…"
    # Isolated, or the numbers of a sentence would move to the other side of such a name.
    is_leftward = any(unicodedata.bidirectional(sign) in _LEFTWARD for sign in cut)
    return f"\u2068{cut}\u2069" if is_leftward else cut


def _plain(sign: str) -> str:
    # Joiners belong to the words of many scripts; other invisible signs may turn a line around.
    if sign.isprintable() or sign in _JOINERS:
        return sign
    return " " if sign.isspace() else "\ufffd"


def number(value: int | Decimal | None, places: int = 0) -> str:
    """Return a number with thousands separators, a dash for none."""
    return NONE if value is None else f"{value:,.{places}f}"


def count(value: int, noun: str, plural: str | None = None) -> str:
    """Return a number and its noun."""
    return f"{value:,} {noun if value == 1 else plural or noun + 's'}"


def days(value: int | Decimal) -> str:
    """Return whole days."""
    return count(round(value), "day")


def percent(part: int, whole: int) -> str:
    """Return a share, a dash where there is nothing to share; only none is 0, only all is 100."""
    if whole == 0:
        return NONE
    rounded = round(100 * part / whole)
    if part and rounded == 0:
        return "<1\u00a0%"
    return ">99\u00a0%" if part < whole and rounded == 100 else f"{rounded}\u00a0%"


def day(value: date | datetime | None) -> str:
    """Return a day as 3 Mar 2025; of a time, its day in UTC."""
    if isinstance(value, datetime):
        value = value.astimezone(UTC)
    return NONE if value is None else f"{value.day} {month(value)}"


def month(value: date) -> str:
    """Return a month as Mar 2025."""
    return f"{_MONTHS[value.month - 1]} {value.year}"


def listing(words: Sequence[str]) -> str:
    """Return words as English lists them."""
    return ", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + words[-1]


def measured(text: str, size: float) -> float:
    """Return the pixels that text takes at most, in any ordinary font of that size."""
    return size * sum(map(_ems, text))


def fitted(text: str, size: float, most: float) -> str:
    """Return text, cut where it would get wider than so many pixels."""
    if measured(text, size) <= most:
        return text
    while text and measured(text + "…", size) > most:
        text = text[:-1]
    return text.rstrip() + "…"


def _ems(sign: str) -> float:
    if sign in _NARROW:
        return 0.4
    if sign in _WIDE:
        return 1.0
    if ord(sign) < 0x2000:
        return 0.78 if sign.isupper() else 0.66
    if unicodedata.category(sign) == "Cf":
        return 0.0
    return 1.1 if unicodedata.east_asian_width(sign) in "WF" else 1.5
