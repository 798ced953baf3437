"""Query helpers: one row, one value, and whether a relation exists."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql

# As psycopg's execute accepts them.
Query = str | bytes | sql.SQL | sql.Composed
Parameters = Sequence[Any] | Mapping[str, Any] | None


def one_row(
    connection: psycopg.Connection, query: Query, parameters: Parameters = None
) -> tuple[Any, ...]:
    """Return the first row of a query that always has one: a count, a function, a returning.

    Raises:
        LookupError: the query returned no row.
    """
    row = _first_row(connection, query, parameters)
    if row is None:
        raise LookupError("A query that always returns a row returned none.")
    return row


def one_value(connection: psycopg.Connection, query: Query, parameters: Parameters = None) -> Any:  # noqa: ANN401 - a column's type is the query's to say
    """Return the first column of the first row, None without a row."""
    row = _first_row(connection, query, parameters)
    return row[0] if row else None


def _first_row(
    connection: psycopg.Connection, query: Query, parameters: Parameters
) -> tuple[Any, ...] | None:
    statement = query.encode() if isinstance(query, str) else query
    return connection.execute(statement, parameters).fetchone()


def relation_exists(connection: psycopg.Connection, relation: str) -> bool:
    """Return whether a relation, by schema.name, exists."""
    return bool(one_value(connection, "select to_regclass(%s) is not null", (relation,)))


def has_rows(connection: psycopg.Connection, relation: str) -> bool:
    """Return whether a relation, by schema.name, exists and holds a row."""
    if not relation_exists(connection, relation):
        return False
    name = sql.Identifier(*relation.split("."))
    return bool(one_value(connection, sql.SQL("select exists (select 1 from {})").format(name)))
