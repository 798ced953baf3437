"""The run log: ops.runs with its detail tables, and the lock that allows one run at a time."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar
from weakref import WeakSet

import psycopg
from psycopg.types.json import Jsonb

from loaders import __version__
from loaders.database.connection import connect, translated_errors
from loaders.database.current import loader_settings
from loaders.database.locks import RUN_LOCK
from loaders.database.queries import one_row, one_value, relation_exists
from loaders.database.settings import DatabaseSettings
from loaders.errors import DatabaseAway, LoadInProgress, WorkFailed
from loaders.nightly.model import RunResult, Stage, StageResult
from loaders.transform.dbt import Node

_Answer = TypeVar("_Answer")

_LOCK = "select pg_try_advisory_lock(%s, %s)"
_UNLOCK = "select pg_advisory_unlock(%s, %s)"

_HOLDER = """
select activity.pid, activity.usename
from pg_locks as locks
inner join pg_stat_activity as activity on activity.pid = locks.pid
where
    locks.locktype = 'advisory' and locks.granted
    and (locks.classid, locks.objid) = (%s::oid, %s::oid)
    and locks.database = (select oid from pg_database where datname = current_database())
"""

_FAIL_STALE = """
with stale as (
    update ops.runs
    set
        status = 'failed',
        finished_at = clock_timestamp(),
        summary = 'It did not end by itself; a later run found it still running.'
    where status = 'running'
    returning run_id
)

update ops.run_stages
set status = 'failed', finished_at = clock_timestamp(), message = 'It did not end by itself.'
where status = 'running' and run_id in (select stale.run_id from stale)
"""

_OPEN = """
insert into ops.runs (source, options, version, resumes_run_id, started_at)
values (
    %(source)s, %(options)s, %(version)s, %(resumes)s,
    clock_timestamp() - make_interval(secs => %(seconds_ago)s)
)
returning run_id
"""

_LAST = """
select run_id, status
from ops.runs
where source = %(source)s and options = %(options)s and status <> 'running'
order by run_id desc
limit 1
"""

# Of the same source: a good night of another source is no recovery.
_TRUST = """
with this as (select run_id, source, options from ops.runs where run_id = %(run_id)s),

earlier as (
    select runs.run_id, runs.is_trusted
    from ops.runs as runs
    inner join this
        on runs.source = this.source and runs.options = this.options and runs.run_id < this.run_id
)

select
    (select earlier.is_trusted from earlier order by earlier.run_id desc limit 1),
    exists (select from earlier where earlier.is_trusted)
"""

_STAGES = "select stage, status, load_id, counts from ops.run_stages where run_id = %s"

_BEGIN_STAGE = """
insert into ops.run_stages (run_id, stage) values (%s, %s)
on conflict (run_id, stage) do nothing
"""

_END_STAGE = """
insert into ops.run_stages (
    run_id, stage, status, started_at, finished_at, attempts, load_id, counts, message
)
values (
    %(run_id)s, %(stage)s, %(status)s, clock_timestamp() - make_interval(secs => %(seconds)s),
    clock_timestamp(), %(attempts)s, %(load_id)s, %(counts)s, %(message)s
)
on conflict (run_id, stage) do update
set
    status = excluded.status, finished_at = excluded.finished_at, attempts = excluded.attempts,
    load_id = excluded.load_id, counts = excluded.counts, message = excluded.message
"""

_FORGET_NODES = "delete from ops.dbt_results where run_id = %s"

_NODE = """
insert into ops.dbt_results (
    run_id, node_id, resource_type, status, seconds, rows_affected, failures, message
)
values (%s, %s, %s, %s, %s, %s, %s, %s)
"""

_CLOSE = """
update ops.runs
set
    status = %(status)s, finished_at = clock_timestamp(), exit_code = %(exit_code)s,
    is_trusted = %(is_trusted)s, summary = %(summary)s
where run_id = %(run_id)s and status = 'running'
"""

# Connections of this process that a forked worker must not keep open.
_held: "WeakSet[psycopg.Connection]" = WeakSet()


@dataclass(frozen=True)
class Earlier:
    """The last run of the same source: its number, status, and stages by name."""

    run_id: int
    status: str
    stages: dict[str, StageResult]


@dataclass(frozen=True)
class Trust:
    """Whether the last run of the same source was trusted (None: no run), and whether any was."""

    last: bool | None
    ever: bool


class RunLog:
    """Logs a run as it goes; holds the lock that allows one run at a time.

    Every method reopens a lost connection, and raises DatabaseAway while that is impossible.
    """

    def __init__(self) -> None:
        self._connection: psycopg.Connection | None = None
        self.run_id: int | None = None

    def __enter__(self) -> "RunLog":
        return self

    def take_the_lock(self) -> None:
        """Connect, and keep other runs out while the connection lasts.

        Raises:
            LoadInProgress: another run holds it.
            DatabaseUnavailable: no database.
        """
        self._ask(lambda connection: None)

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                # At once: the server may take its time to notice that the connection is gone.
                self._connection.execute(_UNLOCK, RUN_LOCK)
            with suppress(psycopg.Error):
                self._connection.close()

    def open(
        self, source: str, options: dict[str, str], resumes: int | None, seconds_ago: float
    ) -> int:
        """Log a run that started some seconds ago, and return its number."""

        values = {
            "source": source,
            "options": Jsonb(options),
            "version": __version__,
            "resumes": resumes,
            "seconds_ago": seconds_ago,
        }
        number: int = self._ask(lambda connection: one_value(connection, _OPEN, values))
        self.run_id = number
        return number

    def is_there(self) -> bool:
        """Return whether the run log exists: a database's first migration creates it."""
        return self._ask(lambda connection: relation_exists(connection, "ops.runs"))

    def fail_stale(self) -> None:
        """Mark killed runs as failed; the lock proves that none is alive."""
        self._ask(lambda connection: connection.execute(_FAIL_STALE))

    def earlier(self, source: str, options: dict[str, str]) -> Earlier | None:
        """Return the last finished run of the same source and options."""
        found = self._ask(
            lambda connection: connection.execute(
                _LAST, {"source": source, "options": Jsonb(options)}
            ).fetchone()
        )
        if found is None:
            return None
        run_id, status = found
        stages = self._ask(lambda connection: connection.execute(_STAGES, (run_id,)).fetchall())
        return Earlier(
            run_id,
            status,
            {
                stage: StageResult(stage, status, load_id=load_id, counts=counts)
                for stage, status, load_id, counts in stages
            },
        )

    def trust(self) -> Trust:
        """Return how earlier runs ended."""
        values = {"run_id": self.run_id}
        return Trust(*self._ask(lambda connection: one_row(connection, _TRUST, values)))

    def begin(self, stage: Stage) -> None:
        """Log that a stage begins."""
        self._ask(lambda connection: connection.execute(_BEGIN_STAGE, (self.run_id, stage)))

    def end(self, result: StageResult) -> None:
        """Log the result of a stage."""
        values = {
            "run_id": self.run_id,
            "stage": result.stage,
            "status": result.status,
            "seconds": result.seconds,
            "attempts": result.attempts,
            "load_id": result.load_id,
            "counts": Jsonb(result.counts),
            "message": result.message,
        }
        self._ask(lambda connection: connection.execute(_END_STAGE, values))

    def write_nodes(self, nodes: Sequence[Node]) -> None:
        """Log dbt's result of each node, in place of an earlier attempt's."""
        rows = [
            (
                self.run_id,
                node.node_id,
                node.resource,
                node.status,
                node.seconds,
                node.rows_affected,
                node.failures,
                node.message if node.status in ("error", "fail", "warn", "skipped") else None,
            )
            for node in nodes
        ]

        def write(connection: psycopg.Connection) -> None:
            with connection.transaction():
                connection.execute(_FORGET_NODES, (self.run_id,))
                connection.cursor().executemany(_NODE, rows)

        self._ask(write)

    def close(self, result: RunResult) -> None:
        """End the run.

        Raises:
            WorkFailed: another run considered this one dead.
        """
        values = {
            "run_id": self.run_id,
            "status": result.status,
            "exit_code": result.exit_code,
            "is_trusted": result.is_trusted,
            "summary": result.summary,
        }
        if self._ask(lambda connection: connection.execute(_CLOSE, values).rowcount) != 1:
            raise WorkFailed(f"Run {self.run_id} was ended by another one.")

    def _ask(self, question: Callable[[psycopg.Connection], _Answer]) -> _Answer:
        settings = loader_settings()
        was_connected = self._connection is not None and not self._connection.broken
        try:
            with translated_errors(settings):
                return question(self._connected(settings))
        except DatabaseAway:
            # Only a query shows that the connection was lost while a stage was at work.
            if not was_connected:
                raise
        with translated_errors(settings):
            return question(self._connected(settings))

    def _connected(self, settings: DatabaseSettings) -> psycopg.Connection:
        if self._connection is None or self._connection.broken:
            fresh = connect(settings)
            row = fresh.execute(_LOCK, RUN_LOCK).fetchone()
            if not row or not row[0]:
                holder = _holder(fresh)
                fresh.close()
                if self._connection is not None:
                    # The server has not noticed yet that our first connection is gone.
                    raise DatabaseAway("The lock of the lost connection is not free yet.")
                raise LoadInProgress(f"Another run is at work{holder}; this one did nothing.")
            self._connection = fresh
            _held.add(fresh)
        return self._connection


def _holder(connection: psycopg.Connection) -> str:
    row = connection.execute(_HOLDER, RUN_LOCK).fetchone()
    return f" (server process {row[0]}, as {row[1]})" if row else ""


def _let_go_in_child() -> None:
    """Replace the parent's sockets by /dev/null: the lock must end with the parent."""
    for connection in list(_held):
        with suppress(psycopg.Error, OSError):
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, connection.fileno())
            os.close(nothing)


os.register_at_fork(after_in_child=_let_go_in_child)
