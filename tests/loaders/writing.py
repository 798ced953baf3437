"""What tests of the application's writes share: a login in pulse_app, and its writes."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from loaders.database.connection import connect
from loaders.database.roles import apply_roles
from loaders.database.settings import DatabaseSettings
from loaders.pipeline import configured_kinds
from tests.conftest import ROOT
from tests.marts.access import LOGINS, create_login

SCORECARD = "sessions/a/scorecard.json"


def settings_of_the_app(database: DatabaseSettings) -> DatabaseSettings:
    """Apply the roles to a database, and return its settings for a login in pulse_app."""
    with connect(database) as superuser:
        apply_roles(superuser, ROOT / "deploy" / "roles.sql", configured_kinds())
        create_login(superuser, LOGINS["pulse_app"], "pulse_app")
    return DatabaseSettings({**database.parameters, "user": LOGINS["pulse_app"]})


@contextmanager
def as_the_app(database: DatabaseSettings) -> Iterator[psycopg.Connection]:
    """Yield a connection as a driver of the application opens it."""
    settings = settings_of_the_app(database)
    with psycopg.connect(**settings.parameters, autocommit=True) as opened:  # type: ignore[arg-type]
        yield opened


def write(
    connection: psycopg.Connection,
    path: str = SCORECARD,
    document: str = "{}",
    expected: int | None = None,
    source_time: str | None = None,
) -> int:
    """Write a document and return its version."""
    row = connection.execute(
        "select raw.write_document(%s, %s, %s, %s)", (path, document, expected, source_time)
    ).fetchone()
    assert row is not None
    version: int = row[0]
    return version
