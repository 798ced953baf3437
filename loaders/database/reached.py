"""The server that a connection reached, so that workers and dbt reach no other one.

A name may stand for several servers, and libpq takes what is not said from services, password
files and its environment.
"""

import os
import select
import time
from dataclasses import replace

import psycopg
from psycopg import errors, pq

from loaders.database.queries import one_value
from loaders.database.settings import DatabaseSettings
from loaders.errors import DatabaseUnavailable

# By these libpq looks for a server or a password; what it found is in the other parameters.
SEARCHES = frozenset(
    {"service", "servicefile", "passfile", "target_session_attrs", "load_balance_hosts"}
)
# What connect() adds.
_ADDED = frozenset({"client_encoding", "application_name", "connect_timeout"})
_IDENTIFIER = "select system_identifier from pg_catalog.pg_control_system()"
_PROCESS = "select pg_catalog.pg_backend_pid()"
_PROBES = 3
_SECONDS_TO_PROBE = 2.0

# What settings and the environment ask for; and the server that this process reached by it.
_Asked = frozenset[tuple[str, str]]
_seen: dict[_Asked, str] = {}
_pools_of_sessions: set[_Asked] = set()


def reached(connection: psycopg.Connection, settings: DatabaseSettings) -> DatabaseSettings:
    """Return settings that name what a connection reached, and nothing that decides it anew."""
    found = {
        option.keyword.decode(): option.val.decode()
        for option in connection.pgconn.info
        if option.val and option.val != option.compiled
    }
    place = {
        "host": connection.info.host,
        "hostaddr": connection.info.hostaddr,
        "port": str(connection.info.port),
        "dbname": connection.info.dbname,
        "user": connection.info.user,
        "password": connection.info.password,
    }
    parameters = {
        name: value
        for name, value in {**found, **place}.items()
        if value and name not in SEARCHES | (_ADDED - settings.parameters.keys())
    }
    return replace(settings, parameters=parameters, server=_identifier(connection))


def refuse_another_server(connection: psycopg.Connection, settings: DatabaseSettings) -> None:
    """Refuse a server that is not the one reached before; a standby of it is.

    Raises:
        DatabaseUnavailable: it is another one.
    """
    identifier = _identifier(connection)
    if identifier is None:
        return
    before = _seen.setdefault(_asked(settings), identifier)
    if identifier != (settings.server or before):
        raise DatabaseUnavailable(
            f"{settings} is another server than the one that this command reached before: a name, "
            "a list of hosts or a proxy leads to several. Name one of them, and run again."
        )


def _asked(settings: DatabaseSettings) -> _Asked:
    libpqs = {name: value for name, value in os.environ.items() if name.startswith("PG")}
    return frozenset({**libpqs, **settings.parameters}.items())


def _identifier(connection: psycopg.Connection) -> str | None:
    try:
        return str(one_value(connection, _IDENTIFIER))
    except errors.InsufficientPrivilege:
        # The right is PUBLIC's unless somebody took it away.
        return None


def refuse_shared_sessions(connection: psycopg.Connection, settings: DatabaseSettings) -> None:
    """Refuse a pooler that gives a server process to others as soon as a transaction ends.

    Nothing may have been set yet: it would be set for those others.

    Raises:
        DatabaseUnavailable: it is one.
    """
    process = one_value(connection, _PROCESS)
    # A pooler numbers its clients by itself.
    if process == connection.info.backend_pid or _asked(settings) in _pools_of_sessions:
        return
    other = psycopg.connect(**reached(connection, settings).parameters)  # type: ignore[arg-type]
    try:
        seen = {_process_of(other.pgconn) for _ in range(_PROBES)}
    finally:
        other.close()
    if process in seen or process != one_value(connection, _PROCESS):
        raise DatabaseUnavailable(
            f"{settings} is a pooler, such as PgBouncer, that gives each transaction another "
            "server process: locks and settings of a session get lost. Connect to the server "
            "itself, or to a pool with pool_mode = session."
        )
    _pools_of_sessions.add(_asked(settings))


def _process_of(connection: pq.abc.PGconn) -> int | None:
    """Return the server process of a connection, None where the pool has no free one in time."""
    deadline = time.monotonic() + _SECONDS_TO_PROBE
    if connection.transaction_status == pq.TransactionStatus.IDLE:
        connection.send_query(_PROCESS.encode())
    while connection.is_busy():
        seconds = max(deadline - time.monotonic(), 0)
        if not select.select([connection.socket], [], [], seconds)[0]:
            return None
        connection.consume_input()
    value: bytes | None = None
    while result := connection.get_result():
        value = result.get_value(0, 0)
    return int(value) if value else None
