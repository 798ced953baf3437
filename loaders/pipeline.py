"""The steps from a source to the marts, as the commands call them."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from loaders.checks import data_docs, gates
from loaders.checks.result import CheckResult
from loaders.database.connection import connect, translated_errors
from loaders.database.current import current_settings, loader_settings, transformer_settings
from loaders.database.lock_waits import bounded_waits
from loaders.database.migrations import MigrationResult, migrate, pending_migrations
from loaders.database.restored import RestoredResult, put_right
from loaders.database.roles import RolesResult, apply_roles
from loaders.database.settings import DatabaseSettings
from loaders.errors import DatabaseUnavailable, LoadInProgress, WrongRequest
from loaders.landing.guard import read_limits
from loaders.landing.identities import IdentitiesResult, read_identities, write_identities
from loaders.landing.load import LoadResult, Progress, load
from loaders.landing.model import Counters, Scope
from loaders.landing.quarantine.lookup import Found, QuarantinedFile, Wanted, find, look_up
from loaders.operations.prune import (
    PruneResult,
    plan_steps,
    preview,
    prune,
    read_bounds,
    read_clock,
    read_cutoff,
    replaced_versions,
)
from loaders.operations.retention import read_policy
from loaders.operations.status import PipelineStatus, read_status
from loaders.project.document_kinds import DocumentKinds, read_document_kinds
from loaders.project.generated_kinds import refuse_stale_files
from loaders.project.private import private_folder
from loaders.project.root import project_root
from loaders.sources.opening import open_source
from loaders.transform import dbt
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

    Source and configuration are checked before the database.

    Raises:
        WrongRequest: the source, its root or a kind in scope does not exist; or config/ is wrong.
    """
    for option, value in (("--root", root), ("--prefix", scope.prefix)):
        if value and not value.isprintable():
            raise WrongRequest(f"{option} holds characters that no loadable path has.")
    documents = open_source(str(source), root)
    kinds = configured_kinds()
    _refuse_unknown_kinds(scope.kinds, kinds)
    return load(
        loader_settings(starts=not dry_run),
        documents,
        kinds,
        scope,
        limits=read_limits(project_root() / "config"),
        root=root or "",
        workers=workers,
        dry_run=dry_run,
        on_progress=on_progress,
    )


def _refuse_unknown_kinds(wanted: Sequence[str], kinds: DocumentKinds) -> None:
    for kind in wanted:
        if kind not in kinds.by_kind:
            raise WrongRequest(
                f"There is no kind {kind!r} in config/document_kinds.json; "
                f"there are {', '.join(kinds.by_kind)}."
            )


@dataclass(frozen=True)
class RetryResult:
    """The outcome of a retry of quarantined files; counts are files.

    tried = landed + known_already + left + still_quarantined. known_already are those that the
    landing has as current versions, left those that the rules no longer load. gone are quarantined
    files that the source no longer lists; they were not tried.
    """

    source: str
    load_id: int | None
    tried: int
    landed: int
    known_already: int
    left: int
    still_quarantined: int
    gone: int
    bytes: int


def retry_quarantine(
    source: str | Path,
    root: str | None,
    kinds: tuple[str, ...] = (),
    prefix: str = "",
    *,
    workers: int | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> RetryResult:
    """Load quarantined files again, whatever their size and time; see load_source.

    Raises:
        WrongRequest: as for a load; or no load has ever seen a file of that source.
    """
    scope = Scope(kinds=kinds, prefix=prefix, only_quarantined=True)
    result = load_source(source, root, scope, workers=workers, on_progress=on_progress)
    counters = result.counters or Counters()
    left = counters.left_as_config + counters.unrecognised
    return RetryResult(
        source=result.source,
        load_id=result.load_id,
        tried=counters.seen,
        landed=counters.landed,
        known_already=counters.seen - counters.landed - left - result.still_refused,
        left=left,
        still_quarantined=result.still_refused,
        gone=counters.vanished,
        bytes=counters.bytes,
    )


def refuse_unready_project(dbt_arguments: Sequence[str] = ()) -> None:
    """Refuse a project to build and check, before any work; it makes the folders to write to.

    Raises:
        WrongRequest: dbt's generated files do not follow the rules of kinds, or a folder cannot
            be written to.
    """
    root = project_root()
    refuse_stale_files(root, configured_kinds())
    dbt.prepare_folders(root, dbt_arguments)
    _data_docs(root)


def build_marts(
    arguments: Sequence[str],
    *,
    quiet: bool = False,
    verify: bool = False,
    on_node: Callable[[str], None] = lambda name: None,
    on_notice: Callable[[str], None] = lambda sentence: None,
) -> BuildResult:
    """Run dbt build; see loaders.transform.dbt.build.

    What dbt would fail on after seconds (no database, foreign relations, no landing) is checked
    first; on_notice gets messages for people.
    """
    refuse_unready_project(arguments)
    with _landing(on_notice):
        pass
    return build(
        transformer_settings(), project_root(), arguments,
        quiet=quiet, verify=verify, on_node=on_node,
    )  # fmt: skip


def check_landing(*, run_id: int | None = None, accept: str | None = None) -> CheckResult:
    """Check what landed since the last landing check that passed; see loaders.checks.gates.

    Raises:
        WrongRequest: nothing was ever loaded, or a file of config/ is wrong.
    """
    root = project_root()
    site = _data_docs(root)
    with _prepared_landing(loader_settings()):
        pass
    return gates.check_landing(
        loader_settings(), root / "config", site, run_id=run_id, accept=accept
    )


def check_marts(*, run_id: int | None = None, accept: str | None = None) -> CheckResult:
    """Check the marts as last built; see loaders.checks.gates.

    Raises:
        WrongRequest: the marts were never built, or a file of config/ is wrong.
    """
    root = project_root()
    site = _data_docs(root)
    with _prepared_landing(transformer_settings()):
        pass
    return gates.check_marts(
        transformer_settings(),
        loader_settings(),
        root / "config",
        site,
        run_id=run_id,
        accept=accept,
    )


def _data_docs(root: Path) -> Path:
    named = os.environ.get("PULSE_ELT_DATA_DOCS")
    site = Path(named).absolute() if named else root / ".pulse" / "data_docs"
    private_folder(site, data_docs.NAMES)
    return site


def latest_readiness() -> tuple[Readiness, ...]:
    """Return the latest readiness of every learner, the readiest first."""
    with _prepared_landing(transformer_settings()) as connection:
        return read_latest_readiness(connection)


def read_pipeline_status(latest: int | None = 5) -> PipelineStatus:
    """Return the state of loads, landing, quarantine and marts, with the latest runs and loads.

    It reads as the role of builds, and changes nothing.
    """
    with _prepared_landing(transformer_settings(starts=False)) as connection:
        return read_status(connection, latest)


def find_in_quarantine(wanted: Wanted) -> Found:
    """Return the matching quarantine entries, by path.

    Raises:
        WrongRequest: the configuration has no such kind.
    """
    _refuse_unknown_kinds(wanted.kinds, configured_kinds())
    with _prepared_landing(loader_settings(starts=False)) as connection:
        return find(connection, wanted)


def look_into_quarantine(path: str) -> QuarantinedFile:
    """Return everything known about a path that is or was in quarantine.

    Raises:
        WrongRequest: it never was in quarantine.
    """
    with _prepared_landing(loader_settings(starts=False)) as connection:
        return look_up(connection, path)


def migrate_database() -> MigrationResult:
    """Apply what is missing in schema raw.

    Raises:
        LockHeld: somebody held a lock longer than a load waits.
    """
    settings = loader_settings()
    with _database(settings) as connection, bounded_waits(settings, connection):
        return migrate(connection, configured_kinds())


def prepare_roles() -> RolesResult:
    """Apply deploy/roles.sql as the user who connects; see loaders.database.roles.apply_roles."""
    script = project_root() / "deploy" / "roles.sql"
    settings = current_settings()
    with _database(settings) as connection, bounded_waits(settings, connection):
        return apply_roles(connection, script, configured_kinds())


def put_restored_right() -> RestoredResult:
    """Put a restored database right as the user who connects; see loaders.database.restored."""
    script = project_root() / "deploy" / "roles.sql"
    settings = current_settings()
    with _database(settings) as connection, bounded_waits(settings, connection):
        return put_right(connection, script, configured_kinds())


def load_identities(
    path: Path, on_notice: Callable[[str], None] = lambda sentence: None
) -> IdentitiesResult:
    """Load old user keys and their accounts from a CSV file; see build_marts for on_notice."""
    identities = read_identities(path)
    with _landing(on_notice) as connection:
        return write_identities(connection, identities)


def prune_by_policy(*, is_dry_run: bool) -> PruneResult:
    """Remove what config/retention.json no longer keeps, or only return what would go.

    A dry run only reads, and takes no lock.

    Raises:
        WrongRequest: the policy is invalid.
        LoadInProgress: a load is running.
        DatabaseUnavailable: as for status; or an older version built the marts.
    """
    policy = read_policy(project_root() / "config" / "retention.json", configured_kinds())
    settings = loader_settings(starts=not is_dry_run)
    with translated_errors(settings), connect(settings) as connection:
        _refuse_unprepared(connection, settings)
        if is_dry_run:
            steps = plan_steps(policy, read_clock(connection), read_cutoff(connection))
            return preview(connection, steps)
        return prune(connection, plan_steps(policy, *read_bounds(connection)))


def prune_replaced_versions() -> int:
    """Remove superseded versions of kinds that keep the latest; return how many.

    Those that a build may read stay. While a load is at work nothing is done: the next run does.
    """
    latest_only = configured_kinds().latest_only
    with suppress(LoadInProgress), _database(loader_settings()) as connection:
        step = replaced_versions(latest_only, *read_bounds(connection))
        return prune(connection, [step]).removals[0].rows
    return 0


@contextmanager
def _database(settings: DatabaseSettings) -> Iterator[psycopg.Connection]:
    with translated_errors(settings), connect(settings) as connection:
        yield connection


@contextmanager
def _landing(
    on_notice: Callable[[str], None] = lambda sentence: None,
) -> Iterator[psycopg.Connection]:
    """Yield a database whose landing is up to date; on_notice gets messages for people."""
    kinds = configured_kinds()
    settings = loader_settings()
    with _database(settings) as connection:
        with bounded_waits(settings, connection):
            migrated = migrate(connection, kinds)
        for sentence in migrated.notices:
            on_notice(sentence)
        yield connection


@contextmanager
def _prepared_landing(settings: DatabaseSettings) -> Iterator[psycopg.Connection]:
    """Yield a connection to read from, without migrating.

    Raises:
        DatabaseUnavailable: the landing does not exist yet, or is not up to date.
    """
    with _database(settings) as connection:
        _refuse_unprepared(connection, settings)
        yield connection


def _refuse_unprepared(connection: psycopg.Connection, settings: DatabaseSettings) -> None:
    if pending_migrations(connection):
        raise DatabaseUnavailable(
            f"{settings} holds no landing, or an outdated one: "
            "'pulse-elt load' or 'pulse-elt db migrate' prepares it."
        )
