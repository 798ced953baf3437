"""Puts a restored or copied database right, or says what somebody else has to do."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from loaders.database.current import LOADER_ROLE_VARIABLE
from loaders.database.migrations import migrate
from loaders.database.properties import (
    OWNER,
    Property,
    is_put_right,
    keep_properties,
    kept_properties,
    missing_properties,
)
from loaders.database.queries import one_value
from loaders.database.rights import read_rights
from loaders.database.roles import ROLES, apply_roles
from loaders.errors import DatabaseUnavailable
from loaders.project.document_kinds import DocumentKinds

SCHEMAS = (
    "raw", "ops", "staging", "intermediate", "analytics", "reporting", "test_failures", "own",
)  # fmt: skip

_LOGIN = """
select
    current_database()::text, current_user::text,
    pg_get_userbyid(nspowner)::text, pg_has_role(nspowner, 'SET'),
    rolsuper or pg_has_role(datdba, 'USAGE')
from pg_database, pg_namespace, pg_roles
where
    datname = current_database() and nspname = 'raw' and rolname = current_user
    and exists (
        select from pg_class where relnamespace = pg_namespace.oid and relname = 'documents'
    )
"""

_MISSING_SCHEMAS = """
select
    wanted.name, pg_get_userbyid(owning.nspowner),
    pg_has_role(owning.nspowner, 'SET') and has_database_privilege(current_database(), 'CREATE')
from unnest(%s::text[]) as wanted (name)
inner join pg_namespace as owning
    on owning.nspname = case when wanted.name <> 'ops' and to_regnamespace('staging') is not null
        then 'staging' else 'raw' end
where to_regnamespace(wanted.name) is null
"""

_SEQUENCES = """
select numbered.oid::regclass::text, pg_attribute.attname::text
from pg_depend
inner join pg_class as sequence on pg_depend.objid = sequence.oid
inner join pg_sequence on sequence.oid = pg_sequence.seqrelid
inner join pg_class as numbered on pg_depend.refobjid = numbered.oid
inner join pg_attribute
    on pg_depend.refobjid = pg_attribute.attrelid and pg_depend.refobjsubid = pg_attribute.attnum
where
    pg_depend.classid = 'pg_class'::regclass
    and pg_depend.refclassid = 'pg_class'::regclass
    and pg_depend.deptype in ('a', 'i')
    and numbered.relnamespace::regnamespace::text = any (%s)
    -- Of analysts' own, some go down, and some number texts.
    and pg_sequence.seqincrement > 0
    and pg_attribute.atttypid = any (array['int2', 'int4', 'int8']::regtype[])
    and case when sequence.relkind = 'S' then has_sequence_privilege(sequence.oid, 'UPDATE') end
    and has_table_privilege(numbered.oid, 'SELECT')
order by 1, 2
"""
# Quoted by the server: a function's name has its arguments.
_FOREIGN = """
select 'schema' as sort, format('%%I', nspname) as name
from pg_namespace
where nspname = any (%(schemas)s) and nspowner <> to_regrole(quote_ident(%(owner)s))
union all
select
    case relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end,
    pg_class.oid::regclass::text
from pg_class
where
    relnamespace::regnamespace::text = any (%(schemas)s)
    and relkind in ('r', 'p', 'v', 'm')
    and relowner <> to_regrole(quote_ident(%(owner)s))
union all
select 'function', pg_proc.oid::regprocedure::text
from pg_proc
where
    pronamespace::regnamespace::text = any (%(schemas)s)
    and proowner <> to_regrole(quote_ident(%(owner)s))
"""
_IS_SUPERUSERS = """
select bool_and(rolsuper) and to_regrole(quote_ident(%s)) is not null
from pg_roles
where rolname = any (array[current_user, %s])
"""

_MOVE = "select raw.move_sequence(%s::regclass, %s::name)"

_NAMELESS = """
select distinct role_name::text
from ops.role_learners
where to_regrole(quote_ident(role_name)) is null
order by 1
"""

_LATE_ROLES = (
    "Roles were created only now, so pg_restore left out what somebody had granted to them, and "
    "policies for them. If there are any, restore again into an empty database: now they exist."
)


@dataclass(frozen=True)
class RestoredResult:
    """What was put right, what was right already, and what is left to somebody else.

    mended are rights and settings, with a + or a - in front, and sequences. right names parts of
    the database in which nothing was wrong. missing are statements, by what they are needed for,
    for a superuser or the owner of the database. notes are sentences.
    """

    mended: tuple[str, ...]
    right: tuple[str, ...]
    missing: Mapping[str, str]
    notes: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """3 when something is left to do, else 0."""
        return 3 if self.missing else 0


@dataclass(frozen=True)
class _Login:
    """Who puts right which database, and who owns its schema raw."""

    database: str
    name: str
    landing_owner: str
    may_act_as_landing_owner: bool
    is_administrator: bool


def put_right(connection: psycopg.Connection, script: Path, kinds: DocumentKinds) -> RestoredResult:
    """Give a copy of a database the rights, settings and sequences of its original.

    script is deploy/roles.sql. A database that is right already stays as it is.

    Raises:
        DatabaseUnavailable: there is nothing restored, or the login can do nothing about it.
        WorkFailed, WrongRequest: as loaders.database.migrations.migrate.
    """
    login = _login(connection)
    before = read_rights(connection)
    missing: dict[str, str] = {}
    if not login.is_administrator:
        connection.execute(sql.SQL("set role {}").format(sql.Identifier(login.landing_owner)))
    has_roles = _has_roles(connection, before)
    notes = []
    if has_roles and login.is_administrator:
        done = apply_roles(connection, script, kinds).done
        if any(sentence.startswith("created role ") for sentence in done):
            notes.append(_LATE_ROLES)
    else:
        owner = _hand_over(connection, login)
        connection.execute(sql.SQL("set role {}").format(sql.Identifier(owner)))
        migrate(connection, kinds)
        # As migrations and deploy/roles.sql do, which a dump without privileges has lost.
        connection.execute("revoke execute on all functions in schema raw, ops from public")
        if login.is_administrator:
            connection.execute("reset role")
        if has_roles and not is_put_right(connection):
            missing["rights of the five roles"] = f"psql -v ON_ERROR_STOP=1 -f deploy/{script.name}"
    missing |= _give_properties(connection, login) | _create_schemas(connection)
    moved = _move_sequences(connection)
    notes += _notes(connection, has_roles=has_roles)
    if not missing:
        keep_properties(connection, adopt=True)
    after = read_rights(connection)
    mended, right = _differences(before, after)
    if moved:
        mended += moved
    else:
        right.append("sequences")
    return RestoredResult(tuple(mended), tuple(right), missing, tuple(notes))


def _login(connection: psycopg.Connection) -> _Login:
    row = connection.execute(_LOGIN).fetchone()
    if row is None:
        raise DatabaseUnavailable(
            "This database holds no landing. Restore the dump first, see docs/operators.md."
        )
    login = _Login(*row)
    # An administrator becomes a member of the roles of deploy/roles.sql.
    may_become = login.is_administrator and login.landing_owner in ROLES
    if not login.may_act_as_landing_owner and not may_become:
        raise DatabaseUnavailable(
            f"Schema raw belongs to {login.landing_owner}, and {login.name} may not act as that "
            f"role. Run this as a superuser, or restore again as {login.name}, or as a superuser "
            f"with 'pg_restore --no-owner --role={login.name}'."
        )
    return login


def _has_roles(connection: psycopg.Connection, rights: Mapping[str, frozenset[str]]) -> bool:
    """Return whether the original had the roles of deploy/roles.sql, by what is left of them."""
    kept = kept_properties(connection)
    if kept:
        return any(one.role in ROLES for one in kept)
    # Migrations grant what is in schemas wherever the server has the roles.
    traces = (line for part in ("schemas", "default privileges") for line in rights.get(part, ()))
    return os.environ.get(LOADER_ROLE_VARIABLE) in ROLES or any(
        set(ROLES) & set(line.split()) for line in traces
    )


def _hand_over(connection: psycopg.Connection, login: _Login) -> str:
    """Give what a superuser has restored to the login that it is for; return the owner."""
    kept = [one.role for one in kept_properties(connection) if one.text == OWNER]
    owner = kept[0] if kept and kept[0] else login.landing_owner
    if owner == login.landing_owner or not one_value(
        connection, _IS_SUPERUSERS, (owner, login.landing_owner)
    ):
        return login.landing_owner
    wanted = {"schemas": list(SCHEMAS), "owner": owner}
    for sort, name in connection.execute(_FOREIGN, wanted).fetchall():
        connection.execute(
            sql.SQL("alter {} {} owner to {}").format(
                sql.SQL(sort), sql.SQL(name), sql.Identifier(owner)
            )
        )
    return owner


def _give_properties(connection: psycopg.Connection, login: _Login) -> dict[str, str]:
    """Grant what may be granted; return the statements for the rest."""
    left = {}
    for one in missing_properties(connection):
        statement = one.statement(login.database)
        is_there = one.role is None or one_value(
            connection, "select to_regrole(quote_ident(%s)) is not null", (one.role,)
        )
        is_public = one.role is None and not one.is_setting
        if login.is_administrator and is_there and (one.may_be_given_unseen or is_public):
            connection.execute(statement)
            continue
        name = _name(one, is_there=bool(is_there))
        left[name] = statement.as_string(connection) + ";"
    return left


def _name(one: Property, *, is_there: bool) -> str:
    whose = one.role or "everybody"
    what = one.text if one.is_setting else f"{one.text} on the database"
    return f"{what} for {whose}" + ("" if is_there else ", a role that this server lacks")


def _create_schemas(connection: psycopg.Connection) -> dict[str, str]:
    """Create the schemas that a dump left out; return the statements for the rest."""
    left = {}
    wanted = [name for name in SCHEMAS if name != "own"]
    for name, owner, may_create in connection.execute(_MISSING_SCHEMAS, (wanted,)).fetchall():
        statement = sql.SQL("create schema {} authorization {}").format(
            sql.Identifier(name), sql.Identifier(owner)
        )
        if may_create:
            connection.execute(statement)
        else:
            left[f"schema {name}"] = statement.as_string(connection) + ";"
    return left


def _move_sequences(connection: psycopg.Connection) -> list[str]:
    moved = []
    for relation, column in connection.execute(_SEQUENCES, (list(SCHEMAS),)).fetchall():
        highest = one_value(connection, _MOVE, (relation, column))
        if highest is not None:
            moved.append(f"sequence of {relation}.{column}: goes on after {highest}")
    return moved


def _notes(connection: psycopg.Connection, *, has_roles: bool) -> list[str]:
    found = [
        f"Role {name} of ops.role_learners is not on this server; a role of that name would see "
        "its learners."
        for (name,) in (connection.execute(_NAMELESS) if has_roles else ())
    ]
    if not has_roles and not kept_properties(connection):
        found.append(
            "Nothing here says whether the five roles of deploy/roles.sql had rights in the "
            "original. If they had, run 'pulse-elt db roles' as the owner of the database."
        )
    return found


def _differences(
    before: Mapping[str, frozenset[str]], after: Mapping[str, frozenset[str]]
) -> tuple[list[str], list[str]]:
    """Return what has changed, and the parts in which nothing has."""
    changed, unchanged = [], []
    none: frozenset[str] = frozenset()
    for part in sorted(before.keys() | after.keys()):
        old, new = before.get(part, none), after.get(part, none)
        changed += [f"- {line}" for line in sorted(old - new)]
        changed += [f"+ {line}" for line in sorted(new - old)]
        if old == new:
            unchanged.append(part)
    return changed, unchanged
