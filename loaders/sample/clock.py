"""Time in sample trees: whole seconds since a fixed epoch, and the ways the app spelled them."""

from datetime import UTC, datetime, timedelta

# Fixed, never now(): the same seed must give the same bytes next year.
EPOCH = datetime(2025, 1, 6, tzinfo=UTC)
DAY = 86_400
# 47 whole weeks: the programme's last day is Sunday, 30 November 2025, the last of its month too.
PROGRAMME_DAYS = 329

EPOCH_UNIX = int(EPOCH.timestamp())
_DAYS = tuple((EPOCH + timedelta(days=day)).date().isoformat() for day in range(PROGRAMME_DAYS))


def date_of(second: int) -> str:
    """Return the UTC date, YYYY-MM-DD, of `second` seconds after the epoch."""
    return _DAYS[second // DAY]


def iso(second: int) -> str:
    """Return YYYY-MM-DDTHH:MM:SS, without an offset, of `second` seconds after the epoch."""
    day, rest = divmod(second, DAY)
    minutes, seconds = divmod(rest, 60)
    return f"{_DAYS[day]}T{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"


def unix_nanoseconds(second: int) -> int:
    """Return the file time, in nanoseconds since 1970, of `second` seconds after the epoch."""
    return (EPOCH_UNIX + second) * 1_000_000_000
