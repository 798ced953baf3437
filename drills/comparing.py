"""Whether two databases show the same marts, row by row."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

import psycopg
from psycopg import sql

# Clock times and numbers of versions differ from load to load.
_RUN_DEPENDENT = ["landed_at", "document_id", "load_id"]

_READ_BY_PEOPLE = """
select n.nspname, c.relname
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname in ('analytics', 'reporting') and c.relkind in ('r', 'v', 'm', 'p')
order by n.nspname, c.relname
"""

# In the order of bytes: servers may be of different minds about languages.
_ROWS = 'select (to_jsonb(t) - %s::text[])::text collate "C" as line from {} as t order by line'


@dataclass(frozen=True)
class Comparison:
    """A mart or view in two databases; difference is the first pair of rows that differ.

    A row is JSON text, None where the relation has no more rows, or is not there.
    """

    relation: str
    rows: int
    difference: tuple[str | None, str | None] | None

    @property
    def is_equal(self) -> bool:
        """Whether both show the same rows."""
        return self.difference is None


def compare_marts(one: psycopg.Connection, other: psycopg.Connection) -> list[Comparison]:
    """Compare every table and view of analytics and reporting that either database has."""
    names = {tuple(row) for side in (one, other) for row in side.execute(_READ_BY_PEOPLE)}
    return [_compare(one, other, schema, name) for schema, name in sorted(names)]


def _compare(
    one: psycopg.Connection, other: psycopg.Connection, schema: str, name: str
) -> Comparison:
    rows = 0
    for pair in zip_longest(_lines(one, schema, name), _lines(other, schema, name)):
        if pair[0] != pair[1]:
            return Comparison(f"{schema}.{name}", rows, pair)
        rows += 1
    return Comparison(f"{schema}.{name}", rows, None)


def _lines(connection: psycopg.Connection, schema: str, name: str) -> Iterator[str]:
    there = connection.execute(
        "select to_regclass(format('%%I.%%I', %s::text, %s::text)) is not null", (schema, name)
    ).fetchone()
    if there != (True,):
        return
    query = sql.SQL(_ROWS).format(sql.Identifier(schema, name))
    with connection.transaction(), connection.cursor("drill") as cursor:
        for (line,) in cursor.execute(query, (_RUN_DEPENDENT,)):
            yield line
