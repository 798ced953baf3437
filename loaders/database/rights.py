"""Who may do what in a database, in lines that can be compared with another database's."""

from collections import defaultdict
from collections.abc import Mapping

import psycopg

# What every database has, and every user's own; PostgreSQL's system schemas are left out.
_RIGHTS = """
with schemas as (
    select *
    from pg_catalog.pg_namespace
    where nspname !~ '^pg_' and nspname <> 'information_schema'
),

relations as (
    select pg_class.*, pg_describe_object('pg_class'::regclass, pg_class.oid, 0) as described
    from pg_catalog.pg_class
    inner join schemas on pg_class.relnamespace = schemas.oid
    where pg_class.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
),

here as (
    select * from pg_catalog.pg_database where datname = current_database()
),

owned (part, described, owner, rights) as (
    select 'database', 'the database', datdba, coalesce(datacl, acldefault('d', datdba)) from here
    union all
    select
        'schemas', format('schema %I', nspname), nspowner,
        coalesce(nspacl, acldefault('n', nspowner))
    from schemas
    union all
    select
        'relations', described, relowner,
        coalesce(relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner))
    from relations
    union all
    select
        'functions', pg_describe_object('pg_proc'::regclass, pg_proc.oid, 0), proowner,
        coalesce(proacl, acldefault('f', proowner))
    from pg_catalog.pg_proc
    inner join schemas on pg_proc.pronamespace = schemas.oid
),

granted (part, described, rights) as (
    select part, described, rights from owned
    union all
    select
        'relations', pg_describe_object('pg_class'::regclass, attrelid, attnum), attacl
    from pg_catalog.pg_attribute
    inner join relations on pg_attribute.attrelid = relations.oid
    union all
    select
        'default privileges', pg_describe_object('pg_default_acl'::regclass, oid, 0), defaclacl
    from pg_catalog.pg_default_acl
)

select part, format('%s belongs to %s', described, owner::regrole) from owned
union all
select
    part,
    format(
        '%s on %s for %s%s', privilege_type, described,
        case grantee when 0 then 'PUBLIC' else grantee::regrole::text end,
        case when is_grantable then ' with grant option' else '' end
    )
from granted, aclexplode(rights)
union all
select
    'settings',
    format(
        '%s for %s',
        setting, case setrole when 0 then 'everybody' else setrole::regrole::text end
    )
from pg_catalog.pg_db_role_setting, unnest(setconfig) as setting
where setdatabase = (select oid from here)
union all
select
    'row security',
    format(
        'policy %I on %I.%I: %s %s for %s using %s with check %s',
        policyname, schemaname, tablename, permissive, cmd, roles, qual, with_check
    )
from pg_catalog.pg_policies
union all
select 'row security', format('row security of %s', described) from relations where relrowsecurity
union all
select 'row security', format('forced row security of %s', described)
from relations
where relforcerowsecurity
"""


def read_rights(connection: psycopg.Connection) -> Mapping[str, frozenset[str]]:
    """Return a line per owner, privilege, setting and policy, by part of the database."""
    found: dict[str, set[str]] = defaultdict(set)
    for part, line in connection.execute(_RIGHTS):
        found[part].add(line)
    return {part: frozenset(lines) for part, lines in found.items()}
