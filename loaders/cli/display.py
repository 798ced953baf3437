"""Prints results: tables for people, JSON for machines."""

import io
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime

import click

from loaders.cli.streams import is_unicode

# Nobody reads more lines than this.
MOST_LINES = 20
# Columns that the last one of a table keeps on a narrow terminal.
_LEAST_WIDTH = 8


def say(text: str = "") -> None:
    """Print a line of the result."""
    click.echo(text)


def printable(text: str) -> str:
    """Return text that is safe to print: a file's name can hold control characters."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


def print_json(value: object) -> None:
    """Print a value as one JSON document, dataclasses as objects; safe for a terminal."""
    text = json.dumps(value, default=_json_default, ensure_ascii=not is_unicode())
    click.echo("".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in text))


def _json_default(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, datetime) else str(value)


def table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[str] = ()
) -> None:
    """Print rows under column heads; the columns named in right are right-aligned."""
    from rich import box
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        drawn.add_column(
            column,
            justify="right" if column in right else "left",
            overflow="fold",
            no_wrap=column is not columns[-1],
        )
    cells = [[cell(value) for value in row] for row in rows]
    for row_of_cells in cells:
        drawn.add_row(*row_of_cells)
    printed = io.StringIO()
    console = Console(file=printed, highlight=False, markup=False, width=sys.maxsize)
    # Only the last column is folded; where that is not enough, the terminal wraps lines.
    last = max(cell_len(text) for text in (columns[-1], *(row[-1] for row in cells)))
    least = console.measure(drawn).maximum - max(0, last - _LEAST_WIDTH)
    console.print(drawn, width=max(terminal_width(), least))
    for line in printed.getvalue().splitlines():
        say(line.rstrip())


def terminal_width() -> int:
    """Return the terminal's columns; lines to a file or pipe are as long as they are."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize


def cell(value: object) -> str:
    """Return a value as people read it: times in UTC, no control characters."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, int):
        return f"{value:,}"
    return printable(str(value))


def say_how_many_more(count: int, where: str, shown: int = MOST_LINES) -> None:
    """Say how many entries a truncated list leaves out, and where they are."""
    if count > shown:
        say(f"  … and {count - shown:,} more; {where}.")
