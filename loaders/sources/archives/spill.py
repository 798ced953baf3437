"""What has to be remembered of a million members: in a temporary file, not in memory."""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any


class Spill:
    """A table in a temporary file, of which SQLite keeps about 2 MB in memory.

    The file has no name, and is gone once it is closed.

    Raises:
        sqlite3.Error: there is no room for the file; every method may raise it.
    """

    def __init__(self, *columns: str) -> None:
        # A listing may be read by another thread than the one that began it.
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._connection.execute("pragma journal_mode = off")
        self._connection.execute(f"create table spilled ({', '.join(columns)})")
        self._connection.execute("begin")
        self._insert = f"insert into spilled values ({', '.join('?' * len(columns))})"  # noqa: S608

    def add(self, *values: object) -> None:
        """Add a row."""
        self._connection.execute(self._insert, values)

    def rows(self, clauses: str) -> Iterator[tuple[Any, ...]]:
        """Yield the rows, as the clauses that follow 'select * from' the table say."""
        return self._connection.execute(f"select * from spilled {clauses}")  # noqa: S608

    def replace_paths(self, by: Callable[[bytes], bytes]) -> None:
        """Replace the column path by what a function returns for it."""
        self._connection.create_function("replaced", 1, by, deterministic=True)
        self._connection.execute("update spilled set path = replaced(path)")

    def close(self) -> None:
        """Delete the file."""
        self._connection.close()
