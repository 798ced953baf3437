"""The bars of a benchmark, and the table that says which are reached."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """An upper or lower limit of a ratio or a size."""

    limit: float
    is_lowest: bool = False
    unit: str = ""

    def is_reached(self, value: float) -> bool:
        """Return whether a figure reaches the bar."""
        return value >= self.limit if self.is_lowest else value <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.is_lowest else '≤'} {self.limit:,g}{self.unit}"


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, its figure, and its detail."""

    what: str
    figure: str
    detail: str = ""
    value: float | None = None
    bar: Bar | None = None

    @property
    def verdict(self) -> str:
        """Return 'reached', 'not reached', or nothing where there is no bar."""
        if self.bar is None or self.value is None:
            return ""
        return "reached" if self.bar.is_reached(self.value) else "not reached"

    def as_json(self) -> dict[str, object]:
        """Return the row with its figure as a number where it has a bar."""
        row: dict[str, object] = {"what": self.what, "figure": self.figure}
        if self.bar is not None:
            row |= {"value": self.value, "bar": str(self.bar), "verdict": self.verdict}
        return row


def markdown(header: str, rows: Sequence[Row]) -> str:
    """Return a Markdown table below a line that says where its figures come from."""
    lines = [header, "", "| what | figure | detail | bar | |", "|---|---|---|---|---|"]
    for row in rows:
        bar = "" if row.bar is None else str(row.bar)
        lines.append(f"| {row.what} | {row.figure} | {row.detail} | {bar} | {row.verdict} |")
    return "\n".join(lines)
