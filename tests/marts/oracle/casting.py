"""Casting as the specification words it: JSON's numbers, ISO-8601, ties away from zero."""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from hashlib import md5
from typing import Any
from uuid import UUID

# A JSON value: numbers are Decimal, so that no digit is lost on the way.
Json = Any

CENT = Decimal("0.01")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_TIMESTAMP = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)
# Enough for every sum, product and quotient here to be exact where it decides a tie.
_PRECISION = 80


def parse(text: str) -> Json:
    """Return a document with its numbers as they are written."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def number(value: Json, *, percent: bool = False) -> Decimal | None:
    """Return a JSON number, or text in the same syntax; a percent sign only where it may stand."""
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str):
        return None
    # JSON allows white space around a number; a blank before the sign is taken likewise.
    digits = value.strip(" ")
    digits = digits.removesuffix("%").rstrip(" ") if percent else digits
    return Decimal(digits) if _NUMBER.fullmatch(digits) else None


def integer(value: Json) -> int | None:
    """Return a whole number."""
    found = number(value)
    if found is None or found != found.to_integral_value():
        return None
    return int(found)


def timestamp(value: Json) -> datetime | None:
    """Return an instant; without an offset it is UTC."""
    if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


def in_range(at: datetime) -> bool:
    """Tell whether a time may count, in JSON or of a file, of a document that lands about now."""
    return datetime(2000, 1, 1, tzinfo=UTC) <= at <= datetime.now(UTC) + timedelta(days=366)


def uuid(value: Json) -> UUID | None:
    """Return a UUID."""
    try:
        return UUID(value.strip().lower()) if isinstance(value, str) else None
    except ValueError:
        return None


def session_id(key: str) -> UUID:
    """Return the path's key if it is a UUID, else one made of it."""
    return uuid(key) or UUID(md5(f"session:{key}".encode(), usedforsecurity=False).hexdigest())


def rounded(value: Decimal) -> Decimal:
    """Return a value with two digits, ties away from zero."""
    with localcontext(Context(prec=_PRECISION)):
        return value.quantize(CENT, rounding=ROUND_HALF_UP)


def on_scale(value: Decimal, top: int) -> Decimal:
    """Return a score of 0 to `top` on 0 to 100, rounded."""
    with localcontext(Context(prec=_PRECISION)):
        return (value * 100 / top).quantize(CENT, rounding=ROUND_HALF_UP)


def mean(values: list[Decimal]) -> Decimal:
    """Return sum / count, rounded once."""
    return weighted_mean([(Decimal(1), value) for value in values])


def weighted_mean(weighted: list[tuple[Decimal, Decimal]]) -> Decimal:
    """Return the mean of (weight, value), renormalised over those given, rounded once."""
    with localcontext(Context(prec=_PRECISION)):
        total = sum((weight * value for weight, value in weighted), Decimal())
        weights = sum((weight for weight, _ in weighted), Decimal())
        return (total / weights).quantize(CENT, rounding=ROUND_HALF_UP)


def fields(value: Json) -> dict[str, Json]:
    """Return an object's fields; anything else has none."""
    return value if isinstance(value, dict) else {}
