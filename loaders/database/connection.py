"""Opens connections, and turns errors into one-sentence messages."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from loaders.database.reached import refuse_another_server, refuse_shared_sessions
from loaders.database.refusals import refusal
from loaders.database.session import prepare_session
from loaders.database.settings import DatabaseSettings
from loaders.database.sqlstates import DISK_FULL, READ_ONLY, kind_of
from loaders.errors import DatabaseAway, DatabaseUnavailable, PulseEltError, WorkFailed

OLDEST_SERVER = 160000

# What ends a statement, or a session, by order. The same would happen again. Our sessions have no
# such limit; a pooler, or an administrator, may.
_ENDED = {
    "57014": "It was canceled by pg_cancel_backend(), or by a statement_timeout",
    "25P03": "It was ended by idle_in_transaction_session_timeout",
    "25P04": "It was ended by transaction_timeout",
    "57P05": "It was ended by idle_session_timeout",
}


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
        raise refusal(str(settings), parameters, error, first_line(error)) from error


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
    if error.sqlstate == DISK_FULL:
        return WorkFailed(f"The server's disk is full ({settings}): {first_line(error)}")
    if error.sqlstate in _ENDED:
        return WorkFailed(
            f"{settings} ended a session's work ({error.sqlstate}): {first_line(error)} "
            f"{_ENDED[error.sqlstate]}. What was committed stays: find out who or what set that "
            "(role, database, pooler), and run the command again."
        )
    kind = kind_of(error)
    if kind is DatabaseAway:
        return DatabaseAway(
            f"The connection to {settings} was lost: {first_line(error)} "
            "Run the command again; what was committed stays."
        )
    said = f"{settings} refused the work ({error.sqlstate}): {first_line(error)}"
    if error.sqlstate == READ_ONLY:
        said += " Connect to the primary, or have default_transaction_read_only lifted."
    return kind(said)


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, ended by a full stop."""
    text = (str(error).strip() or type(error).__name__).splitlines()[0].strip()
    return text if text.endswith((".", "!", "?")) else text + "."
