"""Ctrl-C: whatever runs ends with 130, without a traceback, and the ledger knows."""

import os
import signal

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.landing.load import Progress
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from tests.conftest import RunCommand, Tree
from tests.forms import some_of
from tests.loaders.faults import held, one, until
from tests.loaders.test_loading import counters, load
from tests.warm_command import StartedCommand

_DBT = """
select count(*)
from pg_stat_activity
where application_name = 'dbt' and datname = current_database()
"""


def assert_interrupted(process: StartedCommand) -> None:
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "Traceback" not in stdout + stderr
    assert stderr.splitlines()[-1].startswith("pulse-elt: Interrupted. What was committed stays")


@pytest.mark.parametrize(
    "command", some_of([["load"], ["run"], ["quarantine", "retry"], ["load", "--json"]], 2)
)
@pytest.mark.parametrize("whole_group", [False, True])
def test_ctrl_c_exits_130_and_is_in_the_ledger(
    tree: Tree,
    database: DatabaseSettings,
    connection: psycopg.Connection,
    pulse_elt: RunCommand,
    command: list[str],
    whole_group: bool,
) -> None:
    for number in range(20):
        tree.write(f"scorecards/{number}.json", b"{")
    load(tree)
    tree.write("scorecards/new.json", {})
    before = one(connection, "select count(*) from raw.loads")
    workers = [] if command == ["run"] else ["--workers", "4"]
    with (
        held(database, "raw.files") as somebody_waits,
        pulse_elt.started(*command, tree.root, *workers) as process,
    ):
        until(somebody_waits)
        if whole_group:
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.send_signal(signal.SIGINT)
        assert_interrupted(process)
    rows = connection.execute("select status, error from raw.loads order by load_id").fetchall()
    assert rows[before:] == [("failed", "interrupted")]
    assert one(connection, "select count(*) from raw.quarantine where attempts > 1") == 0


def test_what_was_committed_before_ctrl_c_stays(
    tree: Tree, database: DatabaseSettings, connection: psycopg.Connection
) -> None:
    for number in range(100):
        tree.write(f"scorecards/{number}.json", {"text": "x" * 900_000})

    def interrupt(progress: Progress) -> None:
        if progress.stage == "copy" and progress.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_source(tree.root, None, Scope(), workers=4, on_progress=interrupt)
    landed = one(connection, "select count(*) from raw.documents")
    assert 0 < landed <= 100
    assert one(connection, "select count(*) from raw.files") == landed
    assert one(connection, "select error from raw.loads") == "interrupted"
    assert counters(load(tree)).landed == 100 - landed


def test_ctrl_c_while_a_run_builds_a_model_exits_130_and_ends_its_query(
    tree: Tree, database: DatabaseSettings, connection: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    tree.write("sessions/a/session.json", {})
    waiting = f"{_DBT} and wait_event_type = 'Lock' and wait_event = "
    building = "select count(*) from ops.run_stages where stage = 'build' and status = 'running'"
    with (
        connect(database) as holder,
        holder.transaction(),
        pulse_elt.started("run", tree.root) as process,
    ):
        # The gate waits for writers in flight, too; when it is through, dbt takes seconds to begin.
        until(lambda: one(connection, building))
        with connect(database) as writer, writer.transaction():
            # A build begins when no writer is in flight, and by then its models shall wait.
            writer.execute("select raw.landing_time()")
            until(lambda: one(connection, f"{waiting} 'advisory'"))
            holder.execute("lock table raw.sessions in access exclusive mode")
        until(lambda: one(connection, f"{waiting} 'relation'"))
        os.killpg(process.pid, signal.SIGINT)
        assert_interrupted(process)
        until(lambda: one(connection, _DBT) == 0)
    assert one(connection, "select status from raw.loads") == "succeeded"
    assert one(connection, "select summary from ops.runs") == "build failed: Interrupted."
