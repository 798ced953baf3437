"""Relations as rows of text, so that they can be compared with a page or with each other."""

from collections.abc import Sequence

import psycopg
from psycopg import sql

from loaders.project.marts import read_marts
from tests.conftest import ROOT

Rows = list[tuple[str | None, ...]]

MARTS = tuple(mart.name for mart in read_marts(ROOT))

# Clock times and numbers of versions differ from load to load, and from build to build.
_RUN_DEPENDENT = ("landed_at", "document_id", "load_id", "cutoff", "built_at", "last_load_at")

_COLUMNS = """
select attname, format_type(atttypid, null)
from pg_catalog.pg_attribute
where attrelid = %s::regclass and attnum > 0 and not attisdropped
order by attnum
"""


def rows_of(
    connection: psycopg.Connection, relation: str, columns: Sequence[str], where: str = "true"
) -> Rows:
    """Return rows as text, sorted; arrays and jsonb as JSON, times in UTC."""
    types: dict[str, str] = dict(connection.execute(_COLUMNS, (relation,)).fetchall())
    expressions = [
        sql.SQL("to_jsonb({})::text" if types[column].endswith("[]") else "{}::text").format(
            sql.Identifier(column)
        )
        for column in columns
    ]
    query = sql.SQL("select {} from {} where ").format(
        sql.SQL(", ").join(expressions), sql.Identifier(*relation.split("."))
    ) + sql.SQL(where)
    return in_order(connection.execute(query).fetchall())


def in_order(rows: Sequence[tuple[str | None, ...]]) -> Rows:
    """Return rows sorted, NULL before text."""
    return sorted(rows, key=lambda row: [(cell is not None, cell or "") for cell in row])


def marts_of(connection: psycopg.Connection) -> dict[str, Rows]:
    """Return every mart whole, but for what differs from load to load."""
    marts = {}
    for mart in MARTS:
        relation = f"analytics.{mart}"
        names = [name for name, _ in connection.execute(_COLUMNS, (relation,)).fetchall()]
        marts[mart] = rows_of(
            connection, relation, [name for name in names if name not in _RUN_DEPENDENT]
        )
    return marts
