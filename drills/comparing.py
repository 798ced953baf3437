"""Compares the marts of two databases, row by row."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import psycopg
from psycopg import sql

# Clock times and version numbers differ from load to load, and from build to build.
_RUN_DEPENDENT = ["landed_at", "document_id", "load_id", "cutoff", "built_at", "last_load_at"]

_RELATIONS = """
select n.nspname, c.relname
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname = any (%s) and c.relkind in ('r', 'v', 'm', 'p')
order by n.nspname, c.relname
"""

READ_BY_PEOPLE = ("analytics", "reporting")

# In byte order: servers may sort languages differently.
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
        """Whether both have the same rows."""
        return self.difference is None


def compare_marts(one: psycopg.Connection, other: psycopg.Connection) -> list[Comparison]:
    """Compare every table and view of analytics and reporting that either database has."""
    names = {name for side in (one, other) for name in relations_of(side, READ_BY_PEOPLE)}
    return [compare(one, other, name, _RUN_DEPENDENT) for name in sorted(names)]


def relations_of(connection: psycopg.Connection, schemas: Iterable[str]) -> list[tuple[str, str]]:
    """Return schema and name of all tables and views of some schemas."""
    return [(row[0], row[1]) for row in connection.execute(_RELATIONS, (list(schemas),))]


def compare(
    one: psycopg.Connection,
    other: psycopg.Connection,
    relation: tuple[str, str],
    ignored: Sequence[str] = (),
) -> Comparison:
    """Compare the rows of a relation, given by schema and name, without the ignored columns."""
    name = ".".join(relation)
    rows = 0
    sides = _lines(one, relation, ignored), _lines(other, relation, ignored)
    for pair in zip_longest(*sides):
        if pair[0] != pair[1]:
            return Comparison(name, rows, pair)
        rows += 1
    return Comparison(name, rows, None)


def _lines(
    connection: psycopg.Connection, relation: tuple[str, str], ignored: Sequence[str]
) -> Iterator[str]:
    there = connection.execute(
        "select to_regclass(format('%%I.%%I', %s::text, %s::text)) is not null", relation
    ).fetchone()
    if there != (True,):
        return
    query = sql.SQL(_ROWS).format(sql.Identifier(*relation))
    with connection.transaction(), connection.cursor("drill") as cursor:
        for (line,) in cursor.execute(query, (list(ignored),)):
            yield line
