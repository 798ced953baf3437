"""Who may do what, found out by trying: every operation on every object, as every role."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg import errors, sql

from loaders.project.marts import read_marts
from tests.conftest import ROOT

SCHEMAS = (
    "raw",
    "ops",
    "staging",
    "intermediate",
    "analytics",
    "reporting",
    "test_failures",
    "own",
    "public",
)
OPERATIONS = ("own", "create", "select", "insert", "update", "delete", "truncate", "execute")

# The marts whose YAML says so, which another page lists.
FOR_THE_APPLICATION = sorted(mart.name for mart in read_marts(ROOT) if mart.app_reads)

_RELATIONS = """
select
    n.nspname, c.relname, c.relkind::text,
    array(
        select a.attname::text from pg_attribute as a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum
    )
from pg_class as c
inner join pg_namespace as n on n.oid = c.relnamespace
where n.nspname = any (%s) and c.relkind in ('r', 'p', 'v', 'm')
order by n.nspname, c.relname
"""

_FUNCTIONS = """
select n.nspname, p.proname, array(select format_type(a, null) from unnest(p.proargtypes) as a)
from pg_proc as p
inner join pg_namespace as n on n.oid = p.pronamespace
where n.nspname = any (%s)
"""


@dataclass(frozen=True)
class Attempt:
    """An operation on an object, or on a column of it, and the statement that tries it.

    No statement touches a row: rights are checked before there is one.
    """

    schema: str
    operation: str
    target: str
    column: str | None
    statement: sql.Composed = field(hash=False, compare=False)


def attempts(connection: psycopg.Connection) -> list[Attempt]:
    """Return every operation to try, for whatever the catalogue of this database holds."""
    found = [Attempt(schema, "create", schema, None, _create(schema)) for schema in SCHEMAS]
    for schema, name, kind, columns in connection.execute(_RELATIONS, (list(SCHEMAS),)):
        found += _on_relation(schema, name, kind, columns)
    for schema, name, types in connection.execute(_FUNCTIONS, (list(SCHEMAS),)):
        # Rights are asked before what is given is looked at, and NULL writes nothing.
        nothing = sql.SQL(", ").join(sql.SQL(f"null::{of_type}") for of_type in types)
        call = sql.SQL("select {}({})").format(sql.Identifier(schema, name), nothing)
        found.append(Attempt(schema, "execute", name, None, call))
    return found


def _create(schema: str) -> sql.Composed:
    return sql.SQL("create table {} (a int)").format(sql.Identifier(schema, "tried"))


def _on_relation(schema: str, name: str, kind: str, columns: Sequence[str]) -> Iterable[Attempt]:
    relation = sql.Identifier(schema, name)
    sort = {"v": "view", "m": "materialized view"}.get(kind, "table")
    whole = {
        "own": sql.SQL("comment on " + sort + " {} is null"),
        "select": sql.SQL("select * from {} limit 0"),
        "delete": sql.SQL("delete from {} where false"),
        "truncate": sql.SQL("truncate {} cascade"),
    }
    for operation, statement in whole.items():
        yield Attempt(schema, operation, name, None, statement.format(relation))
    for column in columns:
        identifier = sql.Identifier(column)
        insert = sql.SQL("insert into {} ({}) select null where false")
        update = sql.SQL("update {} set {} = default where false")
        for operation, statement in (("insert", insert), ("update", update)):
            yield Attempt(schema, operation, name, column, statement.format(relation, identifier))


def allowed(connection: psycopg.Connection, tried: Iterable[Attempt]) -> set[Attempt]:
    """Return what the connection's role may do; all of it is undone.

    Raises:
        psycopg.Error: an attempt failed by anything but a missing right or an object of a sort
            on which nobody can do that.
    """
    possible: set[Attempt] = set()
    for attempt in tried:
        try:
            with connection.transaction(force_rollback=True):
                connection.execute(attempt.statement)
        except (
            errors.InsufficientPrivilege,
            errors.ObjectNotInPrerequisiteState,
            errors.WrongObjectType,
            errors.FeatureNotSupported,
        ):
            continue
        except errors.GeneratedAlways:
            # Said before rights are looked at: nobody inserts there.
            continue
        except errors.NullValueNotAllowed:
            # Said by a function that was executed.
            pass
        possible.add(attempt)
    return possible


def cell(of_role: set[Attempt], of_anybody: set[Attempt], schema: str) -> str:
    """Return in words what a role may do in a schema, of what can be done there at all."""
    words = []
    for operation in OPERATIONS:
        mine = [a for a in of_role if (a.schema, a.operation) == (schema, operation)]
        all_of_it = [a for a in of_anybody if (a.schema, a.operation) == (schema, operation)]
        if mine and len(mine) == len(all_of_it):
            words.append(operation)
        elif mine:
            words.append(f"{operation} {_some(mine, all_of_it)}")
    return "; ".join(words) or "–"


def _some(mine: Sequence[Attempt], all_of_it: Sequence[Attempt]) -> str:
    names = []
    for target in sorted({attempt.target for attempt in mine}):
        columns = [a.column for a in mine if a.target == target]
        is_whole = len(columns) == sum(a.target == target for a in all_of_it)
        names.append(
            f"`{target}`" if is_whole else f"`{target}` ({', '.join(sorted(map(str, columns)))})"
        )
    if names == [f"`{name}`" for name in FOR_THE_APPLICATION]:
        return "what [the map](analysts.md#the-map) says"
    return ", ".join(names)


def table(rights: Mapping[str, set[Attempt]], of_anybody: set[Attempt]) -> str:
    """Return the table of docs/security.md: a row per schema, a column per role."""
    lines = [
        f"| schema | {' | '.join(f'`{role}`' for role in rights)} |",
        "|---|" + "---|" * len(rights),
    ]
    for schema in SCHEMAS:
        cells = [cell(of_role, of_anybody, schema) for of_role in rights.values()]
        lines.append(f"| `{schema}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
