"""A whole load: list, plan, copy, close (docs/design.md §4)."""

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice

import psycopg
from psycopg import sql

from loaders.database.connection import connect, first_line, translated_errors
from loaders.database.lock_waits import (
    LockWatcher,
    bound_waits,
    bounded_waits,
    translated_lock_timeouts,
)
from loaders.database.migrations import RULES_WOULD_CHANGE, migrate
from loaders.database.properties import IS_LACKING, keep_properties
from loaders.database.reached import reached
from loaders.database.settings import DatabaseSettings
from loaders.errors import SourceRefused
from loaders.landing import ledger
from loaders.landing.guard import Guard, Limits
from loaders.landing.listing import Listing
from loaders.landing.model import Counters, Plan, Scope
from loaders.landing.notices import paths_in_another_case, user_keys_in_several_cases
from loaders.landing.plan import compare_with_manifest, manifest_is_empty, recognise
from loaders.landing.quarantine import entries as quarantine
from loaders.landing.quarantine.entries import QuarantineEntry
from loaders.landing.worker import BATCH_ROWS, Job, Start
from loaders.landing.worker_pool import WorkerPool, default_workers
from loaders.project.document_kinds import DocumentKinds
from loaders.sources.source import Entry, Source

NAMED_AT_MOST = 100

# The steps of the stage close.
CLOSING = ("vanished", "manifest", "pruning", "statistics")

_PRUNE = """
delete from raw.documents
where
    kind = any (%(kinds)s)
    and superseded_at < least(
        (select max(finished_at) from raw.loads where status = 'succeeded'),
        (select ops.earliest_cutoff())
    )
"""

_GREW = """
select c.relname
from pg_catalog.pg_inherits as i
inner join pg_catalog.pg_class as c on c.oid = i.inhrelid
inner join (
    select kind, count(*) as documents
    from raw.files
    where load_id = %(load_id)s and state = 'landed'
    group by kind
) as news
    on pg_catalog.pg_get_expr(c.relpartbound, c.oid) = format('FOR VALUES IN (%%L)', news.kind)
where i.inhparent = 'raw.documents'::regclass and news.documents > 0.1 * greatest(c.reltuples, 0)
union all
select c.relname
from pg_catalog.pg_class as c
where
    c.oid = 'raw.files'::regclass
    and 0.1 * greatest(c.reltuples, 0) < (
        select count(*) from raw.files where load_id = %(load_id)s
    )
"""


@dataclass(frozen=True)
class Progress:
    """How far a load is: stage is list, copy or close; counts are files, of close steps.

    total is None while it is unknown; for a listing it is what the last whole load saw, until
    more is listed. A stage has ended when done is total. step is the current step of close.
    """

    stage: str
    done: int
    total: int | None = None
    step: str | None = None


@dataclass(frozen=True)
class LoadResult:
    """What a load did; a dry run has only a plan.

    The lists name the first NAMED_AT_MOST paths; newly_quarantined those of this load.
    still_refused counts the tried files that are in quarantine now, new or not. to_read counts,
    by kind, the files that a dry run would read. notices are sentences for people: that other
    rules are in force now.
    """

    source: str
    load_id: int | None
    plan: Plan
    counters: Counters | None
    left_as_config: tuple[str, ...]
    unrecognised: tuple[str, ...]
    newly_quarantined: tuple[QuarantineEntry, ...] = ()
    still_refused: int = 0
    to_read: Mapping[str, int] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


def load(
    settings: DatabaseSettings,
    source: Source,
    kinds: DocumentKinds,
    scope: Scope,
    *,
    limits: Limits | None = None,
    root: str = "",
    workers: int | None = None,
    dry_run: bool = False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> LoadResult:
    """Land what differs between a source and the landing.

    limits are those of a source that is not what it seems; root is the folder in the source where
    the tree begins, for messages. workers is the number of processes that read and copy, by
    default one per core.

    Raises:
        WrongRequest: nothing in the source is recognised.
        SourceRefused: too much of the source is missing or not recognised.
        LoadInProgress: another load runs.
        LockHeld: somebody held a lock longer than a load waits.
        DatabaseUnavailable: no database, no permission, or the connection was lost.
        WorkFailed: the database could not do the work, or a worker died.
    """
    if dry_run:
        with (
            translated_errors(settings),
            connect(settings) as planning,
            bounded_waits(settings, planning),
        ):
            return _preview(planning, source, kinds, scope, limits, root, on_progress)
    most = [count for count in (workers or default_workers(), source.most_workers) if count]
    with (
        WorkerPool(min(most), Job(settings, source, kinds, scope)) as pool,
        translated_errors(settings),
        connect(settings) as planning,
        LockWatcher(reached(planning, settings)) as watcher,
    ):
        ledger.take_the_lock(planning)
        bound_waits(planning)
        with watcher.naming_holders(), translated_lock_timeouts(planning):
            migrated = migrate(planning, kinds)
            load_id = ledger.open_load(planning, source.name, scope)
            lacking = () if keep_properties(planning) else (IS_LACKING,)
        with (
            _failure_in_ledger(settings, planning, load_id),
            watcher.naming_holders(),
            translated_lock_timeouts(planning),
        ):
            context = _context(planning, source, kinds, scope, limits, root, on_progress)
            everything_is_new = manifest_is_empty(planning)
            start = Start(reached(planning, settings), load_id, everything_is_new)
            # Workers end first: a worker in a batch holds the ledger's row.
            with pool, _no_cycle_collection():
                plan, counters = _copy(context, pool, start)
            context.guard.check_listing(plan)
            plan, counters = _close(context, load_id, plan, counters)
        result = _result(context, plan, load_id, counters)
        return replace(result, notices=(*migrated.notices, *lacking, *result.notices))


@dataclass(frozen=True)
class _Context:
    """What the steps of one load share; planning is the connection of the load's own process."""

    planning: psycopg.Connection
    source: Source
    kinds: DocumentKinds
    scope: Scope
    listing: Listing
    guard: Guard
    on_progress: Callable[[Progress], None]


def _context(
    planning: psycopg.Connection,
    source: Source,
    kinds: DocumentKinds,
    scope: Scope,
    limits: Limits | None,
    root: str,
    on_progress: Callable[[Progress], None],
) -> _Context:
    listing = Listing(planning)
    guard = Guard(planning, source, kinds, scope, listing, limits, root)
    return _Context(planning, source, kinds, scope, listing, guard, on_progress)


def _preview(
    planning: psycopg.Connection,
    source: Source,
    kinds: DocumentKinds,
    scope: Scope,
    limits: Limits | None,
    root: str,
    on_progress: Callable[[Progress], None],
) -> LoadResult:
    with planning.transaction(force_rollback=True):
        migrated = migrate(planning, kinds)
        context = _context(planning, source, kinds, scope, limits, root, on_progress)
        listing, guard = context.listing, context.guard
        plan = Plan()
        to_read: Counter[str] = Counter()
        for part in _parts(context):
            entries = [found for found in map(source.look, part) if found]
            news, to_do, left = compare_with_manifest(
                planning, recognise(entries, kinds, scope), scope
            )
            plan += news
            to_read.update(str(one.match.kind) for one in to_do if one.action == "read")
            listing.add_left(left)
        listing.finish()
        guard.check_listing(plan)
        plan = replace(plan, vanished=guard.count_vanished(guard.within(load_id=None)))
        result = _result(context, plan)
        notices = result.notices
        if migrated.has_replaced_rules:
            notices = (RULES_WOULD_CHANGE, *notices)
        return replace(result, to_read=dict(sorted(to_read.items())), notices=notices)


def _parts(context: _Context) -> Iterator[Sequence[Entry]]:
    """Yield the listing in parts, after adding each to the listing's tables."""
    scope, on_progress = context.scope, context.on_progress
    source, listing = context.source, context.listing
    expected = None if scope.prefix else ledger.last_seen(context.planning, source.name)
    entries = source.list(scope.prefix)
    count = 0
    on_progress(Progress("list", count, expected or None))
    while part := list(islice(entries, BATCH_ROWS)):
        if not count and scope.is_whole:
            context.guard.check_first_part([entry.path for entry in part])
        listing.add(part)
        count += len(part)
        on_progress(Progress("list", count, expected if expected and expected > count else None))
        yield part
    on_progress(Progress("list", count, count))


def _copy(context: _Context, pool: WorkerPool, start: Start) -> tuple[Plan, Counters]:
    listing = context.listing
    listed = 0
    is_listed = False

    def counted() -> Iterator[Sequence[Entry]]:
        nonlocal listed, is_listed
        for part in _parts(context):
            listed += len(part)
            yield part
        is_listed = True

    plan, counters, done = Plan(), Counters(), 0
    for report in pool.process(start, counted()):
        plan += report.plan
        counters += report.counters
        listing.add_left(report.left)
        listing.remove(report.gone)
        done += report.settled
        if is_listed:
            context.on_progress(Progress("copy", done, listed))
    listing.finish()
    return plan, counters


@contextmanager
def _no_cycle_collection() -> Iterator[None]:
    """Switch off the search for reference cycles: the listing creates none."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _close(context: _Context, load_id: int, plan: Plan, copied: Counters) -> tuple[Plan, Counters]:
    planning, listing, guard = context.planning, context.listing, context.guard

    def begin(step: str) -> None:
        context.on_progress(Progress("close", CLOSING.index(step), len(CLOSING), step))

    begin("vanished")
    within = guard.within(load_id)
    vanished = guard.count_vanished(within)
    plan = replace(plan, vanished=vanished)
    counters = copied + Counters(
        seen=plan.unchanged + plan.left_as_config + plan.unrecognised,
        unchanged=plan.unchanged,
        left_as_config=plan.left_as_config,
        unrecognised=plan.unrecognised,
        vanished=vanished,
    )
    begin("manifest")
    with planning.transaction():
        listing.write_manifest(within, ledger.landing_time(planning).at, vanished)
        begin("pruning")
        _prune(planning, context.kinds)
        ledger.succeed(planning, load_id, counters)
    begin("statistics")
    if counters.landed:
        _analyze(planning, load_id)
    context.on_progress(Progress("close", len(CLOSING), len(CLOSING)))
    return plan, counters


def _result(
    context: _Context, plan: Plan, load_id: int | None = None, counters: Counters | None = None
) -> LoadResult:
    entries: list[QuarantineEntry] = []
    still_refused = 0
    if load_id is not None:
        entries = quarantine.new_entries(context.planning, load_id, NAMED_AT_MOST)
        still_refused = quarantine.count_refused(context.planning, load_id)
    return LoadResult(
        source=context.source.name,
        load_id=load_id,
        plan=plan,
        counters=counters,
        left_as_config=context.listing.first_paths("config", NAMED_AT_MOST),
        unrecognised=context.listing.first_paths("unrecognised", NAMED_AT_MOST),
        newly_quarantined=tuple(entries),
        still_refused=still_refused,
        notices=(*context.source.notices, *_notices(context, counters)),
    )


def _notices(context: _Context, counters: Counters | None) -> Iterator[str]:
    yield from paths_in_another_case(context.kinds, context.listing)
    if counters and counters.landed:
        yield from user_keys_in_several_cases(context.planning, context.kinds)


def _prune(planning: psycopg.Connection, kinds: DocumentKinds) -> None:
    """Remove versions that were superseded before an earlier load closed and that no build reads.

    The caller's transaction has taken the landing time: no build fixes a cutoff meanwhile.
    """
    planning.execute(_PRUNE, {"kinds": list(kinds.latest_only)})


def _analyze(planning: psycopg.Connection, load_id: int) -> None:
    """Refresh statistics where a load changed much, or the planner would assume empty tables.

    The small sample that listing.finish() has set is enough: only sizes and the fractions of
    NULLs matter.
    """
    for (table,) in planning.execute(_GREW, {"load_id": load_id}).fetchall():
        planning.execute(sql.SQL("analyze {}").format(sql.Identifier("raw", table)))


@contextmanager
def _failure_in_ledger(
    settings: DatabaseSettings, planning: psycopg.Connection, load_id: int
) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        _write_failure(settings, planning, load_id, error)
        raise


def _write_failure(
    settings: DatabaseSettings, planning: psycopg.Connection, load_id: int, error: BaseException
) -> None:
    """Record the failure if that is still possible; otherwise the next load does."""
    reason = "interrupted" if isinstance(error, KeyboardInterrupt) else first_line(error)
    is_refused = isinstance(error, SourceRefused)
    try:
        ledger.fail(planning, load_id, reason, is_refused=is_refused)
    except psycopg.Error:
        try:
            with connect(settings) as fresh:
                bound_waits(fresh)
                ledger.fail(fresh, load_id, reason, is_refused=is_refused)
        except Exception:  # noqa: S110 - the first error is the one to report
            pass
