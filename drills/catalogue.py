"""Describes a database without its rows, in lines that can be compared with another database's."""

import psycopg

from loaders.database.rights import read_rights

# Our objects and users'; PostgreSQL's own are left out.
_SCHEMAS = """
with schemas as (
    select oid, nspname
    from pg_catalog.pg_namespace
    where nspname !~ '^pg_' and nspname not in ('information_schema', 'public')
),

relations as (
    select pg_class.*, pg_describe_object('pg_class'::regclass, pg_class.oid, 0) as described
    from pg_catalog.pg_class
    inner join schemas on pg_class.relnamespace = schemas.oid
    where pg_class.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
)
"""

_STANDING = """
select format('schema %s', nspname) from schemas
union all
select described from relations
union all
select format(
    '%s: %s',
    pg_describe_object('pg_class'::regclass, attrelid, attnum), format_type(atttypid, atttypmod)
)
from pg_catalog.pg_attribute
inner join relations on pg_attribute.attrelid = relations.oid
where pg_attribute.attnum > 0 and not pg_attribute.attisdropped
union all
select pg_describe_object('pg_proc'::regclass, pg_proc.oid, 0)
from pg_catalog.pg_proc
inner join schemas on pg_proc.pronamespace = schemas.oid
union all
select pg_describe_object('pg_trigger'::regclass, pg_trigger.oid, 0)
from pg_catalog.pg_trigger
inner join relations on pg_trigger.tgrelid = relations.oid
where not pg_trigger.tgisinternal
"""

_GIVEN = """
select format('%s: %s', described, pg_get_viewdef(oid)) from relations where relkind in ('v', 'm')
union all
select indexdef from pg_catalog.pg_indexes
union all
select format('comment on %s: %s', pg_describe_object(classoid, objoid, objsubid), description)
from pg_catalog.pg_description
"""


def standing(connection: psycopg.Connection) -> set[str]:
    """Return a line per schema, relation, column, function and trigger."""
    return _lines(connection, _STANDING)


def given(connection: psycopg.Connection) -> set[str]:
    """Return a line per owner, right, policy, query of a view, index and comment."""
    rights = {line for lines in read_rights(connection).values() for line in lines}
    return rights | _lines(connection, _GIVEN)


def _lines(connection: psycopg.Connection, query: str) -> set[str]:
    return {line for (line,) in connection.execute((_SCHEMAS + query).encode())}
