"""The ledger: one row per load, one load at a time."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple

import psycopg

from loaders import __version__
from loaders.database.locks import LOAD_LOCK
from loaders.database.queries import one_row, one_value
from loaders.errors import LoadInProgress, WorkFailed
from loaders.landing.model import Counters, Scope

_FAIL_STALE = """
update raw.loads
set
    status = 'failed',
    finished_at = clock_timestamp(),
    error = 'It did not end by itself; a later load found it still running.'
where status = 'running'
"""

_OPEN = """
insert into raw.loads (source, options, version) values (%s, %s, %s) returning load_id
"""

_SUCCEED = """
update raw.loads
set
    status = 'succeeded', finished_at = clock_timestamp(),
    seen = %(seen)s, landed = %(landed)s, changed = %(changed)s, unchanged = %(unchanged)s,
    quarantined = %(quarantined)s, left_as_config = %(left_as_config)s,
    unrecognised = %(unrecognised)s, vanished = %(vanished)s, bytes = %(bytes)s
where load_id = %(load_id)s and status = 'running'
"""

_FAIL = """
update raw.loads
set
    status = 'failed', finished_at = clock_timestamp(), error = %(error)s,
    options = options || %(options)s::jsonb
where load_id = %(load_id)s and status = 'running'
"""

_HOLD = "select status from raw.loads where load_id = %s for share"

_LANDING_TIME = """
select landing_time, (extract(epoch from landing_time) * 1000000)::bigint
from raw.landing_time() as landing_time
"""

_LAST_SEEN = """
select seen
from raw.loads
where
    source = %s
    and status = 'succeeded'
    and not options ?| array['kinds', 'prefix', 'only_quarantined']
order by load_id desc
limit 1
"""

_HAS_SUCCEEDED = """
select exists (
    select 1
    from raw.loads
    where
        status = 'succeeded'
        and not options ?| array['kinds', 'prefix', 'only_quarantined']
)
"""

_REFUSED = """
select load_id
from raw.loads
where
    options ? 'refused'
    and load_id > coalesce(
        (
            select max(load_id)
            from raw.loads
            where status = 'succeeded' and not options ? 'only_quarantined'
        ),
        0
    )
"""

_LAST = """
select
    load_id, source, status, started_at, finished_at, seen, landed, changed, unchanged,
    quarantined, left_as_config, unrecognised, vanished, error
from raw.loads as loads
where
    %(latest)s::bigint is not null
    or not exists (
        select 1 from raw.loads as later
        where later.source = loads.source and later.load_id > loads.load_id
    )
order by load_id desc
limit %(latest)s::bigint
"""


class LandingTime(NamedTuple):
    """A landing time by the database's clock, also in microseconds since 1970."""

    at: datetime
    unix_us: int


@dataclass(frozen=True)
class LedgerEntry:
    """A row of raw.loads; counters are None unless the load succeeded."""

    load_id: int
    source: str
    status: str
    started_at: datetime
    finished_at: datetime | None
    seen: int | None
    landed: int | None
    changed: int | None
    unchanged: int | None
    quarantined: int | None
    left_as_config: int | None
    unrecognised: int | None
    vanished: int | None
    error: str | None


def take_the_lock(connection: psycopg.Connection) -> None:
    """Take the load lock for as long as the connection lives.

    Raises:
        LoadInProgress: another load holds it.
    """
    row = connection.execute("select pg_try_advisory_lock(%s, %s)", LOAD_LOCK).fetchone()
    if not row or not row[0]:
        raise LoadInProgress("Another load is running; this one did nothing. Try again later.")


def open_load(connection: psycopg.Connection, source: str, scope: Scope) -> int:
    """Mark dead loads as failed, open a new one, and return its number."""
    with connection.transaction():
        connection.execute(_FAIL_STALE)
        options = json.dumps({name: value for name, value in asdict(scope).items() if value})
        number: int = one_value(connection, _OPEN, (source, options, __version__))
    return number


def hold(connection: psycopg.Connection, load_id: int) -> None:
    """Keep others from ending a load before the transaction ends.

    Raises:
        WorkFailed: another load has already ended it.
    """
    row = connection.execute(_HOLD, (load_id,)).fetchone()
    if row is None or row[0] != "running":
        raise WorkFailed(f"Load {load_id} was ended by another one; nothing more is written.")


def landing_time(connection: psycopg.Connection) -> LandingTime:
    """Return the landing time for the transaction's documents; builds wait for its end."""
    return LandingTime(*one_row(connection, _LANDING_TIME))


def succeed(connection: psycopg.Connection, load_id: int, counters: Counters) -> None:
    """Close a load; joins the caller's transaction.

    Raises:
        WorkFailed: the counters do not add up, or another load has ended this one.
    """
    if not counters.add_up:
        raise WorkFailed(
            f"The counters of load {load_id} do not add up: {counters}. "
            "What landed is sound; please report this."
        )
    if connection.execute(_SUCCEED, {"load_id": load_id, **asdict(counters)}).rowcount != 1:
        raise WorkFailed(f"Load {load_id} was ended by another one.")


def fail(
    connection: psycopg.Connection, load_id: int, error: str, *, is_refused: bool = False
) -> None:
    """Record why a load failed; is_refused: its source is not what it seems to be."""
    options = json.dumps({"refused": True} if is_refused else {})
    connection.execute(_FAIL, {"load_id": load_id, "error": error, "options": options})


def has_succeeded(connection: psycopg.Connection) -> bool:
    """Return whether a whole load has ever succeeded."""
    return bool(one_value(connection, _HAS_SUCCEEDED))


def refused_since(connection: psycopg.Connection) -> list[int]:
    """Return the loads since the last success whose source was refused."""
    return [load_id for (load_id,) in connection.execute(_REFUSED)]


def loads_by_source(connection: psycopg.Connection) -> list[tuple[str, list[int]]]:
    """Return every source ever loaded, with its loads."""
    query = "select source, array_agg(load_id) from raw.loads group by source"
    return connection.execute(query).fetchall()


def last_seen(connection: psycopg.Connection, source: str) -> int | None:
    """Return how many files the last whole load of a source saw."""
    count: int | None = one_value(connection, _LAST_SEEN, (source,))
    return count


def last_loads(connection: psycopg.Connection, latest: int | None) -> list[LedgerEntry]:
    """Return the latest loads, newest first; None: the latest of each source."""
    return [LedgerEntry(*row) for row in connection.execute(_LAST, {"latest": latest})]
