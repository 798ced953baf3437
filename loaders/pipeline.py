"""The road from a source to the marts: what the commands call."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from loaders.database.connection import connect, told_in_a_sentence
from loaders.database.current import current_settings
from loaders.database.migrations import MigrationResult, migrate, pending_migrations
from loaders.database.settings import DatabaseSettings
from loaders.document_kinds import DocumentKinds, read_document_kinds
from loaders.errors import DatabaseUnavailable, WrongRequest
from loaders.landing import quarantine
from loaders.landing.identities import IdentitiesResult, read_identities, write_identities
from loaders.landing.load import LoadResult, Progress, load
from loaders.landing.model import Scope
from loaders.landing.quarantine import QuarantineEntry
from loaders.project import project_root
from loaders.sources.opening import open_source
from loaders.status import PipelineStatus, read_status
from loaders.transform.dbt import BuildResult, build
from loaders.transform.marts import Readiness, read_latest_readiness


def configured_kinds() -> DocumentKinds:
    """Return the rules of the project's own config/document_kinds.json."""
    return read_document_kinds(project_root() / "config" / "document_kinds.json")


def load_source(
    source: str | Path,
    root: str | None,
    scope: Scope,
    *,
    workers: int | None = None,
    dry_run: bool = False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> LoadResult:
    """Load what is new or changed in a directory, an archive or an object store.

    See loaders.landing.load.load.

    Source and configuration are looked at before the database is.

    Raises:
        WrongRequest: the source, its root or a kind in scope is not there.
    """
    documents = open_source(str(source), root)
    kinds = configured_kinds()
    for kind in scope.kinds:
        if kind not in kinds.by_kind:
            raise WrongRequest(
                f"There is no kind {kind!r} in config/document_kinds.json; "
                f"there are {', '.join(kinds.by_kind)}."
            )
    return load(
        current_settings(),
        documents,
        kinds,
        scope,
        workers=workers,
        dry_run=dry_run,
        on_progress=on_progress,
    )


def build_marts(
    arguments: Sequence[str],
    *,
    quiet: bool = False,
    on_node: Callable[[str], None] = lambda name: None,
) -> BuildResult:
    """Run dbt build; see loaders.transform.dbt.build.

    What dbt would fail on after seconds (no database, foreign relations, no landing) is
    looked at first.
    """
    with _landing() as (settings, _):
        pass
    return build(settings, project_root(), arguments, quiet=quiet, on_node=on_node)


def latest_readiness() -> tuple[Readiness, ...]:
    """Return the latest readiness of every learner, the readiest first."""
    with _prepared_landing() as connection:
        return read_latest_readiness(connection)


def read_pipeline_status() -> PipelineStatus:
    """Return how loads, landing, quarantine and marts stand."""
    with _prepared_landing() as connection:
        return read_status(connection)


def open_quarantine() -> list[QuarantineEntry]:
    """Return the open quarantine entries, by path."""
    with _prepared_landing() as connection:
        return quarantine.open_entries(connection)


def migrate_database() -> MigrationResult:
    """Apply what is missing in schema raw."""
    with _database() as (_, connection):
        return migrate(connection, configured_kinds().loaded)


def load_identities(path: Path) -> IdentitiesResult:
    """Load old user keys and their accounts from a CSV file."""
    identities = read_identities(path)
    with _landing() as (_, connection):
        return write_identities(connection, identities)


@contextmanager
def _database() -> Iterator[tuple[DatabaseSettings, psycopg.Connection]]:
    settings = current_settings()
    with told_in_a_sentence(settings), connect(settings) as connection:
        yield settings, connection


@contextmanager
def _landing() -> Iterator[tuple[DatabaseSettings, psycopg.Connection]]:
    """Yield a database whose landing is up to date."""
    kinds = configured_kinds()
    with _database() as (settings, connection):
        migrate(connection, kinds.loaded)
        yield settings, connection


@contextmanager
def _prepared_landing() -> Iterator[psycopg.Connection]:
    """Yield a connection to read from; whoever only looks changes nothing.

    Raises:
        DatabaseUnavailable: the landing is not there yet, or not up to date.
    """
    with _database() as (settings, connection):
        if pending_migrations(connection):
            raise DatabaseUnavailable(
                f"{settings} holds no landing, or an older one: "
                "'pulse-elt load' or 'pulse-elt db migrate' prepares it."
            )
        yield connection
