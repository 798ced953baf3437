"""Which database is used, and its state."""

from dataclasses import dataclass

from loaders.database.connection import connect, translated_errors
from loaders.database.current import loader_settings
from loaders.database.migrations import pending_migrations
from loaders.database.queries import one_row
from loaders.database.reached import reached


@dataclass(frozen=True)
class DatabaseStatus:
    """The database's description, its version, size and pending migrations."""

    database: str
    state: str
    server_version: str
    size: str
    pending_migrations: tuple[str, ...]


def read_database_status() -> DatabaseStatus:
    """Return the status; starts nothing.

    Raises:
        DatabaseUnavailable: the database does not answer, or the embedded server does not run.
    """
    settings = loader_settings(starts=False)
    with translated_errors(settings), connect(settings) as connection:
        version, size = one_row(
            connection,
            "select current_setting('server_version'), "
            "pg_size_pretty(pg_database_size(current_database()))",
        )
        return DatabaseStatus(
            database=str(reached(connection, settings)),
            state="running",
            server_version=version,
            size=size,
            pending_migrations=pending_migrations(connection),
        )
