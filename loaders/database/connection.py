"""Opens connections, and turns errors into one-sentence messages."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg import errors

from loaders.database.refusals import refusal
from loaders.database.settings import DatabaseSettings
from loaders.database.sqlstates import DISK_FULL, kind_of
from loaders.errors import DatabaseAway, DatabaseUnavailable, PulseEltError, WorkFailed

OLDEST_SERVER = 160000


def connect(settings: DatabaseSettings) -> psycopg.Connection:
    """Open an autocommit connection in UTC and UTF-8.

    Raises:
        DatabaseAway: no connection could be made.
        DatabaseUnavailable: the server refuses this user or database, or is older than 16.
        WorkFailed: its disk is full.
    """
    parameters = {
        "connect_timeout": "10",
        "application_name": "pulse-elt",
        **settings.parameters,
        "client_encoding": "utf8",
    }
    try:
        connection = psycopg.connect(**parameters, autocommit=True)  # type: ignore[arg-type]
    except psycopg.Error as error:
        raise refusal(str(settings), parameters, error, first_line(error)) from error
    version = connection.info.server_version
    if version < OLDEST_SERVER:
        connection.close()
        raise DatabaseUnavailable(
            f"The server of {settings} is PostgreSQL {version // 10000}; "
            f"pulse-elt needs {OLDEST_SERVER // 10000} or newer."
        )
    # Objects that others put into the search path must never be called with our rights.
    connection.execute("set timezone = 'UTC'; set search_path = pg_catalog, pg_temp")
    # A server that waits for a lock would not notice that its client was killed.
    with suppress(psycopg.Error):
        connection.execute("set client_connection_check_interval = '1s'")
    return connection


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
    kind = kind_of(error)
    if kind is DatabaseAway:
        return DatabaseAway(
            f"The connection to {settings} was lost: {first_line(error)} "
            "Run the command again; what was committed stays."
        )
    return kind(f"{settings} refused the work ({error.sqlstate}): {first_line(error)}")


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, ended by a full stop."""
    text = (str(error).strip() or type(error).__name__).splitlines()[0].strip()
    return text if text.endswith((".", "!", "?")) else text + "."
