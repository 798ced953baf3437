"""A load from beginning to end: list, plan, copy, close (design §4)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psycopg
from psycopg import sql

from loaders.database.connection import connect, first_line, told_in_a_sentence
from loaders.database.migrations import migrate
from loaders.database.settings import DatabaseSettings
from loaders.document_kinds import DocumentKinds
from loaders.errors import WrongRequest
from loaders.landing import ledger, quarantine
from loaders.landing.copying import copy_batch
from loaders.landing.model import Counters, Plan, Scope
from loaders.landing.plan import (
    VANISHED_FILES,
    count_vanished,
    list_into,
    make_plan,
    planned_batches,
)
from loaders.landing.quarantine import QuarantineEntry
from loaders.sources.source import Source

_BATCH_ROWS = 2_000
_BATCH_BYTES = 8_000_000

_BOOK_WHAT_STAYS = """
insert into raw.files (
    source_path, kind, verdict, size_bytes, modified_at, state,
    first_seen_at, last_changed_at, load_id
)
select
    source_path, kind, verdict, size_bytes, modified_at, action,
    %(at)s, %(at)s, %(load_id)s
from pg_temp.pulse_plan
where action in ('config', 'unrecognised') and not is_booked
on conflict (source_path) do update set
    kind = excluded.kind,
    verdict = excluded.verdict,
    size_bytes = excluded.size_bytes,
    modified_at = excluded.modified_at,
    content_sha256 = null,
    state = excluded.state,
    last_changed_at = excluded.last_changed_at,
    load_id = excluded.load_id
"""

# A path whose rule changed to configuration is no document any more.
_NO_LONGER_DOCUMENTS = """
update raw.documents as documents
set superseded_at = %(at)s
from pg_temp.pulse_plan as plan
where
    plan.action in ('config', 'unrecognised')
    and not plan.is_booked
    and plan.first_seen_at is not null
    and documents.superseded_at is null
    and documents.source_path = plan.source_path
"""

_LEFT_PATHS = """
select source_path
from pg_temp.pulse_plan
where action in ('config', 'unrecognised') and not is_booked and first_seen_at is not null
"""

_MARK_VANISHED = (
    """
update raw.files
set state = 'vanished', last_changed_at = %(at)s, load_id = %(load_id)s
where state <> 'vanished' and source_path in (select files.source_path
"""
    + VANISHED_FILES
    + ")"
)

# Folders are in the manifest only while they cannot be listed.
_LISTABLE_AGAIN = """
delete from raw.files as files
where
    right(files.source_path, 1) = '/'
    and not exists (
        select 1
        from pg_temp.pulse_listing as listing
        where listing.source_path = files.source_path
    )
returning files.source_path
"""

_PRUNE = """
delete from raw.documents
where
    kind = any (%(kinds)s)
    and superseded_at < (
        select max(finished_at) from raw.loads where status = 'succeeded'
    )
"""

_GREW = """
select c.relname
from pg_catalog.pg_inherits as i
inner join pg_catalog.pg_class as c on c.oid = i.inhrelid
inner join (
    select kind, count(*) as documents
    from pg_temp.pulse_plan
    where action = 'read'
    group by kind
) as news on pg_catalog.pg_get_expr(c.relpartbound, c.oid) = format('FOR VALUES IN (%L)', news.kind)
where i.inhparent = 'raw.documents'::regclass and news.documents > 0.1 * greatest(c.reltuples, 0)
"""

NAMED_AT_MOST = 100

_NAMED = """
select source_path
from pg_temp.pulse_plan
where action = %s
order by source_path
limit %s
"""

_LISTED_BUT_GONE = "delete from pg_temp.pulse_listing where source_path = any (%s)"


@dataclass(frozen=True)
class Progress:
    """How far a load is: stage is list, plan, copy or close; counts are files."""

    stage: str
    done: int
    total: int | None = None
    plan: Plan | None = None


@dataclass(frozen=True)
class LoadResult:
    """What a load did; a dry run has only a plan.

    The lists name the first NAMED_AT_MOST paths; newly_quarantined those of this load.
    """

    source: str
    load_id: int | None
    plan: Plan
    counters: Counters | None
    left_as_config: tuple[str, ...]
    unrecognised: tuple[str, ...]
    newly_quarantined: tuple[QuarantineEntry, ...] = ()


def load(
    settings: DatabaseSettings,
    source: Source,
    kinds: DocumentKinds,
    scope: Scope,
    *,
    dry_run: bool = False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> LoadResult:
    """Bring what differs between a source and the landing into the landing.

    Raises:
        WrongRequest: nothing in the source is recognised.
        LoadInProgress: another load runs.
        DatabaseUnavailable: no database, no permission, or the connection was lost.
        WorkFailed: the database could not do the work.
    """
    with told_in_a_sentence(settings), connect(settings) as planning:
        if dry_run:
            return _preview(planning, source, kinds, scope, on_progress)
        ledger.take_the_lock(planning)
        migrate(planning, kinds.loaded)
        load_id = ledger.open_load(planning, source.name, scope)
        with _failure_in_ledger(settings, planning, load_id), connect(settings) as copying:
            plan = _plan(planning, source, kinds, scope, on_progress)
            counters = _copy(planning, copying, source, load_id, plan, on_progress)
            on_progress(Progress("close", 0))
            counters = _close(planning, kinds, scope, load_id, plan, counters)
        return _result(planning, source, plan, load_id, counters)


def _preview(
    planning: psycopg.Connection,
    source: Source,
    kinds: DocumentKinds,
    scope: Scope,
    on_progress: Callable[[Progress], None],
) -> LoadResult:
    with planning.transaction(force_rollback=True):
        migrate(planning, kinds.loaded)
        plan = _plan(planning, source, kinds, scope, on_progress)
        return _result(planning, source, plan)


def _plan(
    planning: psycopg.Connection,
    source: Source,
    kinds: DocumentKinds,
    scope: Scope,
    on_progress: Callable[[Progress], None],
) -> Plan:
    list_into(
        planning,
        source.list(scope.prefix),
        kinds,
        scope.kinds,
        lambda count: on_progress(Progress("list", count)),
    )
    plan = make_plan(planning, scope)
    is_whole = not scope.kinds and not scope.prefix
    if is_whole and plan.seen == plan.unrecognised:
        raise WrongRequest(
            f"Nothing in {source.name} is recognised ({plan.seen} .json files seen). "
            "If the tree lies deeper, name its folder with --root."
        )
    on_progress(Progress("plan", plan.seen, plan=plan))
    return plan


def _copy(
    planning: psycopg.Connection,
    copying: psycopg.Connection,
    source: Source,
    load_id: int,
    plan: Plan,
    on_progress: Callable[[Progress], None],
) -> Counters:
    total = plan.new + plan.touched + plan.refused
    counters = Counters()
    done = 0
    for batch in planned_batches(planning, _BATCH_ROWS, _BATCH_BYTES):
        result = copy_batch(copying, source, load_id, batch)
        counters += result.counters
        if result.gone:
            planning.execute(_LISTED_BUT_GONE, (list(result.gone),))
        done += len(batch)
        on_progress(Progress("copy", done, total))
    return counters


def _close(
    planning: psycopg.Connection,
    kinds: DocumentKinds,
    scope: Scope,
    load_id: int,
    plan: Plan,
    copied: Counters,
) -> Counters:
    # Only files that went between the listing and their turn add to what the plan counted.
    is_as_planned = copied.seen == plan.new + plan.touched + plan.refused
    with planning.transaction():
        at = ledger.landing_time(planning).at
        parameters = {"at": at, "load_id": load_id, **scope.as_parameters()}
        left = [row[0] for row in planning.execute(_LEFT_PATHS)]
        planning.execute(_NO_LONGER_DOCUMENTS, parameters)
        planning.execute(_BOOK_WHAT_STAYS, parameters)
        left += [row[0] for row in planning.execute(_LISTABLE_AGAIN)]
        quarantine.resolve(planning, left, "left", at)
        _prune(planning, kinds)
        counters = replace(
            copied
            + Counters(
                seen=plan.unchanged + plan.left_as_config + plan.unrecognised,
                unchanged=plan.unchanged,
                left_as_config=plan.left_as_config,
                unrecognised=plan.unrecognised,
            ),
            vanished=plan.vanished if is_as_planned else count_vanished(planning, scope),
        )
        planning.execute(_MARK_VANISHED, parameters)
        ledger.succeed(planning, load_id, counters)
    _analyze(planning)
    return counters


def _result(
    planning: psycopg.Connection,
    source: Source,
    plan: Plan,
    load_id: int | None = None,
    counters: Counters | None = None,
) -> LoadResult:
    def named(action: str) -> tuple[str, ...]:
        rows = planning.execute(_NAMED, (action, NAMED_AT_MOST))
        return tuple(path for (path,) in rows)

    entries = [] if load_id is None else quarantine.open_entries(planning, first_in_load=load_id)
    return LoadResult(
        source=source.name,
        load_id=load_id,
        plan=plan,
        counters=counters,
        left_as_config=named("config"),
        unrecognised=named("unrecognised"),
        newly_quarantined=tuple(entries[:NAMED_AT_MOST]),
    )


def _prune(planning: psycopg.Connection, kinds: DocumentKinds) -> None:
    """Remove superseded versions that an earlier load had already closed over."""
    latest_only = [rule.kind for rule in kinds.rules if rule.retention == "latest_version"]
    planning.execute(_PRUNE, {"kinds": latest_only})


def _analyze(planning: psycopg.Connection) -> None:
    """Refresh statistics where a load changed much, or dbt would plan for empty tables."""
    for (table,) in planning.execute(_GREW).fetchall():
        planning.execute(sql.SQL("analyze {}").format(sql.Identifier("raw", table)))


@contextmanager
def _failure_in_ledger(
    settings: DatabaseSettings, planning: psycopg.Connection, load_id: int
) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        reason = "interrupted" if isinstance(error, KeyboardInterrupt) else first_line(error)
        _write_failure(settings, planning, load_id, reason)
        raise


def _write_failure(
    settings: DatabaseSettings, planning: psycopg.Connection, load_id: int, reason: str
) -> None:
    """Write it down if that is still possible; otherwise the next load will."""
    try:
        ledger.fail(planning, load_id, reason)
    except psycopg.Error:
        try:
            with connect(settings) as fresh:
                ledger.fail(fresh, load_id, reason)
        except Exception:  # noqa: S110 - the first error is the one to tell
            pass
