"""What every session of ours and of dbt sets, whatever role, database and environment say."""

import psycopg
from psycopg import errors, sql

from loaders.database.settings import DatabaseSettings
from loaders.errors import DatabaseUnavailable

# What our SQL and its results depend on. profiles.example.yml sets the same for dbt. Settings that
# an older server lacks are left out. Not among them: client_encoding, which a driver has to know
# when it connects, and lock_timeout, which whoever waits for locks sets.
PINNED = {
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "transaction_timeout": "0",
    "default_transaction_isolation": "read committed",
    "timezone": "UTC",
    "timezone_abbreviations": "Default",
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
    "backslash_quote": "safe_encoding",
    "array_nulls": "on",
    "transform_null_equals": "off",
    "quote_all_identifiers": "off",
    "row_security": "on",
    "session_replication_role": "origin",
    "restrict_nonsystem_relation_kind": "",
    "client_min_messages": "notice",
}

# The first two by themselves: the rest might take longer than statement_timeout, and must not
# find anybody's functions in the search path. Only what differs is set, since some of it only
# a superuser may set.
PIN = """
set statement_timeout = 0;
set search_path = pg_catalog, pg_temp;
select set_config(name, value, false)
from (values
{}
) as pinned (name, value)
where current_setting(name, true) <> value;
set pulse_elt.session = 'pinned'
""".format(",\n".join(f"    ('{name}', '{value}')" for name, value in PINNED.items()))


def prepare_session(connection: psycopg.Connection, settings: DatabaseSettings) -> None:
    """Set what we depend on, and the role to act as.

    Raises:
        DatabaseUnavailable: the user may not act as the role, or may not change a setting.
    """
    try:
        connection.execute(PIN.encode())
        if settings.role:
            connection.execute(sql.SQL("set role {}").format(sql.Identifier(settings.role)))
    except (errors.InsufficientPrivilege, errors.InvalidParameterValue) as error:
        raise DatabaseUnavailable(
            f"{settings} cannot be used as {settings.role or 'this user'}: "
            f"{error.diag.message_primary}. Grant it, or name another role; see docs/security.md."
        ) from error
    # A server that waits for a lock would not notice that its client was killed. Not every
    # platform can check.
    try:
        connection.execute("set client_connection_check_interval = '1s'")
    except psycopg.Error:
        if connection.broken:
            raise
