"""Opens connections, and turns errors into one-sentence messages."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from loaders.database.reached import refuse_another_server, refuse_shared_sessions
from loaders.database.session import prepare_session
from loaders.database.settings import DatabaseSettings
from loaders.errors import DatabaseAway, DatabaseUnavailable, PulseEltError, WorkFailed

OLDEST_SERVER = 160000

# Other libraries pass errors on only as text: a missing right, an unavailable server.
_NOT_ALLOWED = re.compile(
    r"permission denied|must be owner|authentication failed|FATAL: .* does not exist|"
    r"has reached another server"
)
_GONE = re.compile(
    r"connection to server|closed the connection|terminating connection|could not connect|"
    r"connection already closed|connection has been closed|connection is bad|the database system is"
)

_CONNECTION_CLASSES = ("08", "57")

# What ends a statement, or a session, by order. The same would happen again. Our sessions have no
# such limit; a pooler, or an administrator, may.
_ENDED = {
    "57014": "It was canceled by pg_cancel_backend(), or by a statement_timeout",
    "25P03": "It was ended by idle_in_transaction_session_timeout",
    "25P04": "It was ended by transaction_timeout",
    "57P05": "It was ended by idle_session_timeout",
}

# libpq's preamble; the message already names the database.
_PREFIX = re.compile(r"^(connection failed: )?(connection to server .*? failed: )?(FATAL: +)?")
_ADVICE = (
    ("authentication failed", "Check user and password."),
    ("no password supplied", "Give the password, in PULSE_ANALYTICS_DB_PASSWORD or the URL."),
    ("certificate verify failed", "The CA of PGSSLROOTCERT did not sign its certificate."),
    ("does not match host name", "Use the host name of its certificate."),
    ("channel binding", "A proxy that ends TLS cannot bind to it: PGCHANNELBINDING=prefer."),
    ("does not exist", "Create it, or name another."),
    ("permission denied for database", "Grant the user CONNECT on it; see docs/security.md."),
    (
        "unsupported startup parameter",
        "A pooler, such as PgBouncer, does not pass that on: connect to the server itself, or "
        "unset it (options come from PGOPTIONS) and use a pool with pool_mode = session.",
    ),
)
# A server with a full disk refuses a connection in these words, without a code.
_NO_ROOM = "could not write init file"
_OTHER_ADVICE = (
    "Check that the server runs, and PULSE_ANALYTICS_DATABASE_URL or PULSE_ANALYTICS_DB_*."
)


def connect(settings: DatabaseSettings) -> psycopg.Connection:
    """Open an autocommit connection whose session is as loaders.database.session pins it.

    Raises:
        DatabaseAway: no connection could be made.
        DatabaseUnavailable: the server refuses this user or database, is older than 16, is
            another one than before, or is behind a pooler that shares sessions.
        WorkFailed: its disk is full.
    """
    connection = _opened(settings)
    try:
        version = connection.info.server_version
        if version < OLDEST_SERVER:
            raise DatabaseUnavailable(
                f"The server of {settings} is PostgreSQL {version // 10000}; "
                f"pulse-elt needs {OLDEST_SERVER // 10000} or newer."
            )
        with translated_errors(settings):
            refuse_shared_sessions(connection, settings)
            prepare_session(connection, settings)
            refuse_another_server(connection, settings)
    except BaseException:
        connection.close()
        raise
    return connection


def _opened(settings: DatabaseSettings) -> psycopg.Connection:
    parameters = {
        "connect_timeout": "10",
        "application_name": "pulse-elt",
        **settings.parameters,
        "client_encoding": "utf8",
    }
    if settings.is_embedded:
        # Or PGHOSTADDR would lead elsewhere.
        parameters["hostaddr"] = ""
    try:
        return psycopg.connect(**parameters, autocommit=True)  # type: ignore[arg-type]
    except psycopg.Error as error:
        said = _PREFIX.sub("", first_line(error))
        if _NO_ROOM in said:
            raise WorkFailed(
                f"The server's disk is full ({settings}), it accepts no connection: {said}"
            ) from error
        advice = next((advice for sign, advice in _ADVICE if sign in said), None)
        kind = DatabaseUnavailable if advice else DatabaseAway
        message = f"Cannot connect to {settings}: {said} {advice or _OTHER_ADVICE}"
        raise kind(message) from error


@contextmanager
def translated_errors(settings: DatabaseSettings) -> Iterator[None]:
    """Turn psycopg's errors inside the block into errors with a sentence and an exit code.

    Raises:
        DatabaseUnavailable: no permission.
        DatabaseAway: the connection was lost.
        WorkFailed: the disk is full, or the database refused something unforeseen.
    """
    try:
        yield
    except errors.InsufficientPrivilege as error:
        user = settings.parameters.get("user", "the database user")
        raise DatabaseUnavailable(
            f"{user} lacks a permission in {settings}: {first_line(error)} "
            "Grant it, or connect as the role that owns the schema."
        ) from error
    except psycopg.Error as error:
        raise as_pulse_error(error, settings) from error


def as_pulse_error(error: psycopg.Error, settings: DatabaseSettings) -> PulseEltError:
    """Return the sentence and exit code for an error that no rule of the landing handles."""
    sqlstate = error.sqlstate or ""
    if sqlstate == "53100":
        return WorkFailed(f"The server's disk is full ({settings}): {first_line(error)}")
    if sqlstate in _ENDED:
        return WorkFailed(
            f"{settings} ended a session's work ({sqlstate}): {first_line(error)} "
            f"{_ENDED[sqlstate]}. What was committed stays: find out who or what set that "
            "(role, database, pooler), and run the command again."
        )
    lost = isinstance(error, psycopg.OperationalError) and not sqlstate
    if lost or sqlstate.startswith(_CONNECTION_CLASSES):
        return DatabaseAway(
            f"The connection to {settings} was lost: {first_line(error)} "
            "Run the command again; what was committed stays."
        )
    return WorkFailed(f"{settings} refused the work ({sqlstate}): {first_line(error)}")


def trouble_in(text: str | None) -> type[DatabaseUnavailable] | None:
    """Return what an error text says about the database: not allowed, away, or nothing."""
    if text and _NOT_ALLOWED.search(text):
        return DatabaseUnavailable
    return DatabaseAway if text and _GONE.search(text) else None


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, ended by a full stop."""
    text = (str(error).strip() or type(error).__name__).splitlines()[0].strip()
    return text if text.endswith((".", "!", "?")) else text + "."
