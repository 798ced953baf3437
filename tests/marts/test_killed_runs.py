"""A run that is killed in any stage: the next one recovers, and readers never notice."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from tests.conftest import RunCommand
from tests.loaders.faults import one
from tests.marts.nightly import changed_sessions, last_run
from tests.marts.rebuilding import (
    assert_equals_full_build,
    lock_waiters,
    reading,
    until,
)
from tests.marts.warm_dbt import WarmDbt
from tests.warm_command import StartedCommand

# A whole build may lie before what is waited for, on a busy machine.
LONG = 300

# What holds up each stage, and the stage during which it has to be taken: readers go on.
HELD_UP_BY = {
    "migrate": ("raw.schema_migrations in access exclusive mode", None),
    "load": ("raw.files in exclusive mode", None),
    "landing_gate": ("ops.checks in exclusive mode", None),
    "build": ("analytics.scorecards in exclusive mode", None),
    "mart_checks": ("ops.checks in exclusive mode", "build"),
}


@contextmanager
def killed_in(
    settings: DatabaseSettings, stage: str, tree: Path, pulse_elt: RunCommand
) -> Iterator[None]:
    """Run until a stage waits for what is held, then kill all of the run."""
    lock, after = HELD_UP_BY[stage]
    with connect(settings) as holder, connect(settings) as observer:
        before = one(observer, "select max(run_id) from ops.runs")
        with pulse_elt.started("run", tree) as process:
            if after:
                until(lambda: is_at(observer, after, since=before) or has_ended(process), LONG)
            with holder.transaction():
                holder.execute(f"lock table {lock}")
                until(lambda: is_held_up(observer, stage) or has_ended(process), LONG)
                assert process.poll() is None, process.communicate()
                yield
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def is_at(observer: psycopg.Connection, stage: str, since: int = 0) -> bool:
    """Return whether the newest run, a later one than since, is at a stage."""
    query = (
        "select exists (select from ops.run_stages where status = 'running' and stage = %s "
        "and run_id = (select max(run_id) from ops.runs) and run_id > %s)"
    )
    row = observer.execute(query, (stage, since)).fetchone()
    return bool(row and row[0])


def is_held_up(observer: psycopg.Connection, stage: str) -> bool:
    # The first stage is booked only when its work is done.
    return lock_waiters(observer) > 0 and (stage == "migrate" or is_at(observer, stage))


def has_ended(process: StartedCommand) -> bool:
    return process.poll() is not None


def test_the_next_run_recovers_from_a_kill_in_any_stage(
    standing: DatabaseSettings,
    dbt: WarmDbt,
    pulse_elt: RunCommand,
    tmp_path: Path,
) -> None:
    marts = ["analytics.scorecards", "analytics.user_readiness", "reporting.learners"]
    with connect(standing) as observer, reading(standing, marts, pause=0.02):
        for stage in HELD_UP_BY:
            # Each run but the first recovers from the kill before, and is killed further on.
            with killed_in(standing, stage, changed_sessions(tmp_path, stage), pulse_elt):
                assert stage == "migrate" or is_at(observer, stage)
        last = changed_sessions(tmp_path, "last")
        done = pulse_elt("run", last)
        assert done.returncode == 0, done.stdout + done.stderr
        status, stages = last_run(observer)
        assert (status, set(stages.values())) == ("succeeded", {"succeeded"})
        assert one(observer, "select count(*) from ops.runs where status = 'running'") == 0
        assert one(observer, "select count(*) from ops.run_stages where status = 'running'") == 0
        assert personas(observer) & {*map(str.capitalize, HELD_UP_BY), "Last"} == {"Last"}
    assert_equals_full_build(standing, dbt)


def personas(connection: psycopg.Connection) -> set[str]:
    return {
        persona
        for (persona,) in connection.execute("select distinct persona from analytics.scorecards")
    }
