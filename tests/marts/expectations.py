"""Reads `examples/expected.md`, the page that says by hand what the example tree must become.

Tests compare the marts with these tables cell by cell; the page, not the code, is the authority.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_HEADING = re.compile(r"##\s+(?P<title>.+?)\s*$")
_DIVIDER = re.compile(r"\|(?:\s*:?-+:?\s*\|)+")
_ALIAS_IN_TEXT = re.compile(r"\{([a-z][a-z0-9-]*)\}")
_ALIASES = "Aliases"
_ID_COLUMNS = frozenset({"user_id", "session_id"})


@dataclass(frozen=True)
class Table:
    """One table of the page: its header cells and its rows, in the page's order.

    A row maps every column to its text as written, aliases resolved to UUIDs; None is NULL.
    """

    columns: tuple[str, ...]
    rows: list[dict[str, str | None]]


def load_expectations(path: Path) -> dict[str, Table]:
    """Return the table of each `## ` section that has one, by the section's heading.

    Sections named after a relation, such as `analytics.scorecards`, hold what it must contain;
    `The files` and `The load's counters` describe the load. The alias table itself is left out.

    Raises ValueError, naming the line, when a section has two tables, a row has too many or too
    few cells, or an id is neither an alias nor a UUID.
    """
    sections = _read_sections(path.read_text(encoding="utf-8"))
    aliases = {
        str(row["alias"]): str(row["uuid"])
        for _, row in sections.pop(_ALIASES, _Section((), [])).rows
    }
    return {
        title: Table(
            section.columns,
            [_resolve(row, aliases, f"{path}:{number}") for number, row in section.rows],
        )
        for title, section in sections.items()
    }


def marts_on(page: Iterable[str]) -> set[str]:
    """Return the marts that have a section."""
    return {
        heading.removeprefix("analytics.") for heading in page if heading.startswith("analytics.")
    }


@dataclass(frozen=True)
class _Section:
    """A table before its aliases are resolved; each row with its line number on the page."""

    columns: tuple[str, ...]
    rows: list[tuple[int, dict[str, str | None]]]


def _read_sections(text: str) -> dict[str, _Section]:
    sections: dict[str, _Section] = {}
    for title, block in _tables(text):
        first = block[0][0]
        if len(block) < 2 or not _DIVIDER.fullmatch(block[1][1]):
            raise ValueError(f"line {first}: a table without a divider under its header")
        if title in sections:
            raise ValueError(f"line {first}: a second table in section {title!r}")
        columns = _cells(block[0][1])
        rows: list[tuple[int, dict[str, str | None]]] = []
        for number, line in block[2:]:
            cells = _cells(line)
            if len(cells) != len(columns):
                raise ValueError(f"line {number}: {len(cells)} cells under {len(columns)} columns")
            rows.append((number, {c: v or None for c, v in zip(columns, cells, strict=True)}))
        sections[title] = _Section(columns, rows)
    return sections


def _tables(text: str) -> Iterator[tuple[str, list[tuple[int, str]]]]:
    """Yield each run of table lines (line number, line) with the heading that it stands under."""
    title, block = "", list[tuple[int, str]]()
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        if line.startswith("|"):
            block.append((number, line.strip()))
            continue
        if block:
            yield title, block
            block = []
        if heading := _HEADING.match(line):
            title = heading["title"]


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip("|").split("|"))


def _resolve(
    row: Mapping[str, str | None], aliases: Mapping[str, str], where: str
) -> dict[str, str | None]:
    uuids = frozenset(aliases.values())

    def resolved(column: str, cell: str) -> str:
        if column in _ID_COLUMNS:
            if cell not in aliases and cell not in uuids:
                raise ValueError(f"{where}: {column} {cell!r} is not in the table of aliases")
            return aliases.get(cell, cell)
        unknown = set(_ALIAS_IN_TEXT.findall(cell)) - set(aliases)
        if unknown:
            raise ValueError(f"{where}: {column} names unknown aliases {sorted(unknown)}")
        return _ALIAS_IN_TEXT.sub(lambda match: aliases[match[1]], cell)

    return {
        column: None if cell is None else resolved(column, cell) for column, cell in row.items()
    }
