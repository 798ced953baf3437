"""The state of loads, landing, quarantine and marts, read from the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg import sql

from loaders.database.migrations import MARKER
from loaders.database.queries import one_value, relation_exists
from loaders.landing import ledger

# Without a number, the latest of each source.
_RUNS = """
select run_id, source, status, started_at, finished_at, summary
from ops.runs as runs
where
    %(latest)s::bigint is not null
    or not exists (
        select 1 from ops.runs as later
        where later.source = runs.source and later.run_id > runs.run_id
    )
order by run_id desc
limit %(latest)s::bigint
"""

_KINDS = """
select
    coalesce(kind, '(unrecognised)') as kind,
    count(*) filter (where state = 'landed') as landed,
    count(*) filter (where state = 'quarantined') as quarantined,
    count(*) filter (where state in ('config', 'unrecognised')) as left_in_place,
    count(*) filter (where state = 'vanished') as vanished
from raw.files
group by kind
order by kind nulls last
"""

_QUARANTINE = """
select reason_code, count(*) as files, min(source_path) as example
from raw.quarantine
where resolved_at is null
group by reason_code
order by count(*) desc, reason_code
"""

# Between an upgrade and the first build after it, builds have no numbers.
_BUILD = """
select cutoff_at, finished_at
from staging.builds as builds
where is_successful
order by (to_jsonb(builds) ->> 'build_number')::bigint desc nulls last, cutoff_at desc
limit 1
"""

# Versions landed after the cutoff; not from the ledger, which lacks the application's writes.
_LANDED_SINCE = "select count(*) from raw.documents where landed_at > %s"

_NOT_BUILT = """
select kind, count(*)
from raw.documents
where landed_at > %s and superseded_at is null
group by kind
order by kind
"""

# Newest first: those matter to an operator.
_DRIFT = """
select kind, field, first_seen_at, document_count, example_source_path
from staging.stg_pulse__unknown_fields
order by first_seen_at desc, kind, field collate "C"
"""

_STORES = """
select instance, reported_at, counters
from raw.store_reports
order by reported_at desc, instance
"""

_MARTS = """
select c.relname
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where
    n.nspname = 'analytics'
    and c.relkind in ('r', 'p')
    and pg_catalog.obj_description(c.oid, 'pg_class') like %s
order by c.relname
"""


@dataclass(frozen=True)
class RunEntry:
    """A nightly run; while it is running it has no end and no summary."""

    run_id: int
    source: str
    status: str
    started_at: datetime
    finished_at: datetime | None
    summary: str | None


@dataclass(frozen=True)
class KindStatus:
    """Files of one kind, by state."""

    kind: str
    landed: int
    quarantined: int
    left_in_place: int
    vanished: int


@dataclass(frozen=True)
class QuarantineStatus:
    """Open quarantine entries with one reason, and the first path."""

    reason_code: str
    files: int
    example: str


@dataclass(frozen=True)
class MartsStatus:
    """The last successful build, and how many versions landed since."""

    cutoff_at: datetime
    finished_at: datetime
    landed_since: int
    rows: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class UnknownField:
    """A field of documents that is not known for their kind, as of the last build."""

    kind: str
    field: str
    first_seen_at: datetime
    documents: int
    example: str


@dataclass(frozen=True)
class StoreReport:
    """What a process of the application last reported: counts since it began (pulse_store)."""

    instance: str
    reported_at: datetime
    counters: Mapping[str, float]


@dataclass(frozen=True)
class PipelineStatus:
    """Everything 'pulse-elt status' shows; before the first build marts are None, drift empty."""

    runs: tuple[RunEntry, ...]
    loads: tuple[ledger.LedgerEntry, ...]
    kinds: tuple[KindStatus, ...]
    quarantine: tuple[QuarantineStatus, ...]
    marts: MartsStatus | None
    drift: tuple[UnknownField, ...]
    stores: tuple[StoreReport, ...] = ()


def read_status(connection: psycopg.Connection, latest: int | None = 5) -> PipelineStatus:
    """Return the status with the latest runs and loads, newest first; None: that of each source."""
    return PipelineStatus(
        runs=tuple(RunEntry(*row) for row in connection.execute(_RUNS, {"latest": latest})),
        loads=tuple(ledger.last_loads(connection, latest)),
        kinds=tuple(KindStatus(*row) for row in connection.execute(_KINDS)),
        quarantine=tuple(QuarantineStatus(*row) for row in connection.execute(_QUARANTINE)),
        marts=_marts(connection),
        drift=_drift(connection),
        stores=tuple(StoreReport(*row) for row in connection.execute(_STORES)),
    )


def documents_not_built(connection: psycopg.Connection) -> dict[str, int]:
    """Return how many current documents, by kind, landed after the last build read the landing."""
    if not relation_exists(connection, "raw.documents"):
        return {}
    build = None
    if relation_exists(connection, "staging.builds"):
        build = connection.execute(_BUILD).fetchone()
    return dict(connection.execute(_NOT_BUILT, (build[0] if build else "-infinity",)).fetchall())


def _marts(connection: psycopg.Connection) -> MartsStatus | None:
    is_built = relation_exists(connection, "staging.builds")
    build = connection.execute(_BUILD).fetchone() if is_built else None
    if build is None:
        return None
    since = one_value(connection, _LANDED_SINCE, (build[0],))
    rows = []
    for (name,) in connection.execute(_MARTS, ("%" + MARKER,)).fetchall():
        query = sql.SQL("select count(*) from {}").format(sql.Identifier("analytics", name))
        rows.append((name, one_value(connection, query)))
    return MartsStatus(build[0], build[1], since, tuple(rows))


def _drift(connection: psycopg.Connection) -> tuple[UnknownField, ...]:
    # A failed build, or one of an older version, has left none.
    if not relation_exists(connection, "staging.stg_pulse__unknown_fields"):
        return ()
    return tuple(UnknownField(*row) for row in connection.execute(_DRIFT))
