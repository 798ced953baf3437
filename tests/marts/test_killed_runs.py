"""A run that is killed in any stage: the next one recovers, and readers never notice."""

import importlib
import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.nightly.model import Request
from loaders.nightly.notifications import Hooks
from loaders.nightly.run import STAGES_OF_A_NIGHT, Stages, run
from tests.conftest import RunCommand
from tests.loaders.faults import one
from tests.marts.nightly import SilentWatch, changed_sessions, last_run, stages_with
from tests.marts.rebuilding import (
    assert_equals_full_build,
    lock_waiters,
    reading,
    until,
)
from tests.marts.warm_dbt import WarmDbt

# A whole build may lie before what is waited for, on a busy machine.
LONG = 300

MART_CHECKS = STAGES_OF_A_NIGHT["mart_checks"]

# What holds up each stage, and the stage during which it has to be taken: readers go on.
HELD_UP_BY = {
    "migrate": ("raw.schema_migrations in access exclusive mode", None),
    "load": ("raw.files in exclusive mode", None),
    "landing_gate": ("ops.checks in exclusive mode", None),
    "build": ("analytics.scorecards in exclusive mode", None),
    "mart_checks": ("ops.checks in exclusive mode", "build"),
}


@contextmanager
def started(tree: Path, stages: Stages) -> Iterator[BaseProcess]:
    """Run a night in a process of its own, at the head of a group: a copy of this one."""

    def run_apart() -> None:
        os.setpgid(0, 0)
        run(Request(str(tree)), SilentWatch(), Hooks(), stages)

    process = multiprocessing.get_context("fork").Process(target=run_apart, daemon=False)
    process.start()
    try:
        yield process
    finally:
        if process.is_alive():
            process.kill()
        process.join()


@contextmanager
def killed_in(settings: DatabaseSettings, stage: str, tree: Path, stages: Stages) -> Iterator[None]:
    """Run until a stage waits for what is held, then kill all of the run."""
    lock, after = HELD_UP_BY[stage]
    with connect(settings) as holder, connect(settings) as observer:
        before = one(observer, "select max(run_id) from ops.runs")
        with started(tree, stages) as process:
            if after:
                until(lambda: is_at(observer, after, since=before) or not process.is_alive(), LONG)
            with holder.transaction():
                holder.execute(f"lock table {lock}")
                until(lambda: is_held_up(observer, stage) or not process.is_alive(), LONG)
                assert process.is_alive()
                yield
                assert process.pid is not None
                os.killpg(process.pid, signal.SIGKILL)
                process.join()


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


@pytest.mark.long
def test_the_next_run_recovers_from_a_kill_in_any_stage(
    standing: DatabaseSettings,
    dbt: WarmDbt,
    pulse_elt: RunCommand,
    tmp_path: Path,
) -> None:
    marts = ["analytics.scorecards", "analytics.user_readiness", "reporting.learners"]
    # The nights' own stages, but for dbt, which is warm here and runs no tests.
    stages = {**stages_with(lambda: dbt.build(standing)), "mart_checks": MART_CHECKS}
    # Parsed and imported here, and not by each run.
    dbt.parse(standing)
    importlib.import_module("great_expectations")
    with connect(standing) as observer, reading(standing, marts, pause=0.02):
        for stage in HELD_UP_BY:
            # Each run but the first recovers from the kill before, and is killed further on.
            with killed_in(standing, stage, changed_sessions(tmp_path, stage), stages):
                assert stage == "migrate" or is_at(observer, stage)
        last = changed_sessions(tmp_path, "last")
        done = pulse_elt("run", last)
        assert done.returncode == 0, done.stdout + done.stderr
        status, done_stages = last_run(observer)
        assert (status, set(done_stages.values())) == ("succeeded", {"succeeded"})
        assert one(observer, "select count(*) from ops.runs where status = 'running'") == 0
        assert one(observer, "select count(*) from ops.run_stages where status = 'running'") == 0
        assert personas(observer) & {*map(str.capitalize, HELD_UP_BY), "Last"} == {"Last"}
    assert_equals_full_build(standing, dbt)


def personas(connection: psycopg.Connection) -> set[str]:
    return {
        persona
        for (persona,) in connection.execute("select distinct persona from analytics.scorecards")
    }
