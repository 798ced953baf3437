"""When the library is open. The file may be named by the caller."""

import json
from pathlib import Path

from library.paths import CONFIG


def opening_hours(path: Path = CONFIG / "opening_hours.json") -> dict:
    return json.loads(path.read_text())


def is_open(weekday: str) -> bool:
    return weekday in opening_hours()


def holiday_hours() -> dict:
    return opening_hours(CONFIG / "holiday_hours.json")
