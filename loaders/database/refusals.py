"""Why no connection was made: the client passes only a sentence on, so this asks again.

libpq knows the SQLSTATE of a refusal, and says it where its errors are verbose. Without one, the
server was not reached, or the client refused to go on.
"""

import ctypes
import ctypes.util
import re
import select
import sys
import time
from collections.abc import Mapping
from contextlib import suppress

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo
from psycopg.pq.abc import PGconn

from loaders.database.sqlstates import DISK_FULL, kind_of_sqlstate
from loaders.errors import DatabaseAway, DatabaseUnavailable, PulseEltError, WorkFailed

_SECONDS = 10.0
_VERBOSE = 2  # PQERRORS_VERBOSE
# Poolers give it to all that they refuse.
_PROTOCOL = "08P01"
# Severity, SQLSTATE and message, as libpq writes them in all languages.
_REFUSAL = re.compile(r":  ([0-9A-Z]{5}): (.*)")

# A session that cannot begin as its parameters say: a role that is missing or not granted, say.
_NOT_SO = ("22", "42", "55000")
_PASSWORD = "Check user and password."  # noqa: S105 - advice
_ADVICE = {
    "28P01": _PASSWORD,
    "28000": "Create the role, name another, or let it in by pg_hba.conf.",
    "3D000": "Create it, or name another.",
    "42501": "Grant the user CONNECT on it, and the role it acts as; see docs/security.md.",
    "22023": "Check the role it acts as, and the options of the connection.",
}
_NO_PASSWORD = "Give the password, in PULSE_ANALYTICS_DB_PASSWORD or the URL."  # noqa: S105
_BINDING = "A proxy that ends TLS cannot bind to it: PGCHANNELBINDING=prefer."
_CA = "The CA of PGSSLROOTCERT did not sign its certificate."
_HOST = "Use the host name of its certificate."
_POOLER = (
    "A pooler, such as PgBouncer, passes no options on: connect to the server itself, or unset "
    "them (PGOPTIONS) and use a pool with pool_mode = session."
)
_MISNAMED = "Correct that in the URL, in PG* of the environment, or in the service."
_OTHER = "Check that the server runs, and PULSE_ANALYTICS_DATABASE_URL or PULSE_ANALYTICS_DB_*."
# With a file of CAs, require is as strict as verify-ca.
_STRICT = ("require", "verify-ca", "verify-full")
# Neither the password nor the user's name is for a server that could not prove who it is.
_UNPROVEN = {
    "user": "nobody", "password": "", "passfile": "/dev/null/none", "sslcert": "", "sslkey": "",
    "channel_binding": "disable",
}  # fmt: skip


def refusal(
    database: str, parameters: Mapping[str, str], error: psycopg.Error, said: str
) -> PulseEltError:
    """Return the error for a connection that was not made; said is the sentence of error."""
    has_timed_out = isinstance(error, psycopg.errors.ConnectionTimeout)
    if has_timed_out or not isinstance(error, psycopg.OperationalError):
        return DatabaseAway(f"Cannot connect to {database}: {said} {_OTHER}")
    connection = _tried_again(parameters)
    told = _REFUSAL.findall(connection.error_message.decode(errors="replace"))
    if not told:
        refused_as, advice = _without_sqlstate(connection, parameters)
        return refused_as(f"Cannot connect to {database}: {said} {advice}")
    # Without TLS, and at other hosts, libpq may have tried again.
    sqlstate, said = told[0]
    said = said if said.endswith((".", "!", "?")) else said + "."
    if sqlstate == DISK_FULL:
        return WorkFailed(
            f"The server's disk is full ({database}), it accepts no connection: {said}"
        )
    if sqlstate == _PROTOCOL and _opens({**parameters, "options": ""}):
        return DatabaseUnavailable(f"Cannot connect to {database}: {said} {_POOLER}")
    # What is no refusal of ours may pass, such as a server that is starting.
    is_refused = kind_of_sqlstate(sqlstate) is DatabaseUnavailable or sqlstate.startswith(_NOT_SO)
    kind = DatabaseUnavailable if is_refused else DatabaseAway
    return kind(f"Cannot connect to {database}: {said} {_ADVICE.get(sqlstate, _OTHER)}")


def _without_sqlstate(
    connection: PGconn, parameters: Mapping[str, str]
) -> tuple[type[DatabaseUnavailable], str]:
    """Return the kind of error where the server said nothing, and what to do."""
    if connection.status == pq.ConnStatus.OK:
        return DatabaseAway, _OTHER
    used = {option.keyword.decode(): (option.val or b"").decode() for option in connection.info}
    if connection.needs_password:
        return DatabaseUnavailable, _NO_PASSWORD
    if pq.PGconn.ping(make_conninfo(**parameters).encode()) == pq.Ping.NO_ATTEMPT:
        return DatabaseUnavailable, _MISNAMED
    if used.get("channel_binding") == "require" and _answers(parameters):
        return DatabaseUnavailable, _BINDING
    if used.get("sslmode") in _STRICT and not _answers(parameters):
        unproven = {**parameters, **_UNPROVEN}
        if _answers({**unproven, "sslmode": "verify-ca"}):
            return DatabaseUnavailable, _HOST
        if _answers({**unproven, "sslmode": "require", "sslrootcert": "/dev/null/none"}):
            return DatabaseUnavailable, _CA
    return DatabaseAway, _OTHER


def _answers(parameters: Mapping[str, str]) -> bool:
    """Return whether a server answers, be it by a refusal."""
    return pq.PGconn.ping(make_conninfo(**parameters).encode()) == pq.Ping.OK


def _opens(parameters: Mapping[str, str]) -> bool:
    """Return whether a connection can be made."""
    return _tried_again(parameters).status == pq.ConnStatus.OK


def _tried_again(parameters: Mapping[str, str]) -> PGconn:
    """Return a connection after another attempt, with verbose errors."""
    connection = pq.PGconn.connect_start(make_conninfo(**parameters).encode())
    pointer = getattr(connection, "pgconn_ptr", None)
    with suppress(OSError, AttributeError):
        _libpq().PQsetErrorVerbosity(ctypes.c_void_p(pointer), _VERBOSE)
    ends_at = time.monotonic() + _SECONDS
    while (seconds := ends_at - time.monotonic()) > 0:
        status = connection.connect_poll()
        if status not in (pq.PollingStatus.READING, pq.PollingStatus.WRITING):
            break
        sockets = [[connection.socket], []]
        is_reading = status == pq.PollingStatus.READING
        select.select(sockets[not is_reading], sockets[is_reading], [], seconds)
    return connection


def _libpq() -> ctypes.CDLL:
    """Return the libpq that psycopg uses; psycopg itself does not offer the verbosity."""
    if pq.__impl__ == "python":
        return ctypes.CDLL(ctypes.util.find_library("pq"))
    return ctypes.CDLL(sys.modules[pq.PGconn.__module__].__file__)
