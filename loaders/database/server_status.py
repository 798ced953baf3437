"""Which database is used, and its state."""

import os
from dataclasses import dataclass

from loaders.database import embedded
from loaders.database.connection import connect, translated_errors
from loaders.database.current import LOADER_ROLE_VARIABLE
from loaders.database.migrations import pending_migrations
from loaders.database.queries import one_row
from loaders.database.settings import settings_from_environment
from loaders.project.root import project_root


@dataclass(frozen=True)
class DatabaseStatus:
    """The database's description; version, size and pending migrations only if it answers."""

    database: str
    state: str
    server_version: str | None = None
    size: str | None = None
    pending_migrations: tuple[str, ...] = ()


def read_database_status() -> DatabaseStatus:
    """Return the status; starts nothing.

    Raises:
        DatabaseUnavailable: a named database does not answer.
    """
    settings = settings_from_environment(os.environ)
    if settings is None:
        data = embedded.data_directory(project_root())
        if not embedded.is_running(data):
            return DatabaseStatus("the embedded server", "not running (pulse-elt db start)")
        settings = embedded.start(data)
    settings = settings.acting_as(os.environ.get(LOADER_ROLE_VARIABLE))
    with translated_errors(settings), connect(settings) as connection:
        version, size = one_row(
            connection,
            "select current_setting('server_version'), "
            "pg_size_pretty(pg_database_size(current_database()))",
        )
        return DatabaseStatus(
            database=str(settings),
            state="running",
            server_version=version,
            size=size,
            pending_migrations=pending_migrations(connection),
        )
