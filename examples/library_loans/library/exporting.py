"""Lists for the town hall: the caller says how they are written. Nothing here reads them again."""

from library.jsonfile import write_json
from library.paths import EXPORTS


def export_overdue(day: str, rows: list[dict], write) -> None:
    write(EXPORTS / f"overdue-{day}.json", rows)


def nightly(day: str, rows: list[dict]) -> None:
    export_overdue(day, rows, write_json)
