"""A transaction that only reads, as the role whose view of the learners is wanted."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import IsolationLevel, sql

from loaders.database.connection import connect, translated_errors
from loaders.database.queries import one_row, one_value
from loaders.database.settings import DatabaseSettings
from loaders.errors import DatabaseUnavailable, WrongRequest

# Of reporting; the newest among them tell a database that an earlier version built.
VIEWS = (
    "bands", "cohort_readiness", "data_freshness", "data_quality", "learner_focus", "learners",
    "missteps", "readiness_milestones", "scorecards", "skills", "user_readiness",
    "user_readiness_latest", "user_skill_agg",
)  # fmt: skip

_MISSING = """
select array_agg(name order by name)
from unnest(%s::text[]) as name
where not exists (
    select from pg_class
    inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
    where nspname = 'reporting' and relname = name
)
"""
_ROLE = """
select
    exists (select from pg_roles where rolname = %(role)s),
    exists (
        select from pg_roles
        where rolname = %(role)s and pg_has_role(session_user, oid, 'SET')
    )
"""
_FORBIDDEN = """
select array_agg(relname::text order by relname)
from pg_class
inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
where
    nspname = 'reporting' and relname = any(%s)
    and not (
        has_schema_privilege(pg_namespace.oid, 'usage')
        and has_table_privilege(pg_class.oid, 'select')
    )
"""
# For this transaction alone: to sort a million snapshots should not go by way of the disk.
_MEMORY = "set local work_mem = '128MB'"


@dataclass(frozen=True)
class Reading:
    """The transaction's connection, and the name of the role that it reads as."""

    connection: psycopg.Connection
    role: str


@contextmanager
def reading_as(settings: DatabaseSettings, role: str | None) -> Iterator[Reading]:
    """Open one snapshot of the data, as a role that the login may act as, or as the login.

    Raises:
        WrongRequest: there are no such marts, or no such role.
        DatabaseUnavailable: the login may not act as the role, or the role may not read.
    """
    with translated_errors(settings), connect(settings) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        with connection.transaction():
            missing = one_value(connection, _MISSING, (list(VIEWS),))
            if missing:
                raise WrongRequest(
                    f"{settings} has no view reporting.{missing[0]}: 'pulse-elt build' makes it."
                )
            if role is not None:
                _become(connection, role)
            name = str(one_value(connection, "select current_user"))
            forbidden = one_value(connection, _FORBIDDEN, (list(VIEWS),))
            if forbidden:
                raise DatabaseUnavailable(
                    f"Role {name} may not read reporting.{forbidden[0]}: grant it pulse_reader "
                    "(docs/bi.md), or name a role that may with --role."
                )
            connection.execute(_MEMORY)
            yield Reading(connection, name)


def _become(connection: psycopg.Connection, role: str) -> None:
    is_there, is_allowed = one_row(connection, _ROLE, {"role": role})
    if not is_there:
        raise WrongRequest(f"There is no role {role} on this server.")
    if not is_allowed:
        login = one_value(connection, "select session_user")
        raise DatabaseUnavailable(
            f"{login} may not act as {role}: grant {role} to {login}, or connect as {role}."
        )
    connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
