"""The nightly run: booked by stages, resumed, kept apart, ended on request."""

import json
import os
import signal
from pathlib import Path

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.locks import RUN_LOCK
from loaders.database.settings import DatabaseSettings
from tests.conftest import RunCommand, Tree
from tests.loaders.faults import held, one
from tests.loaders.test_interrupts import assert_interrupted
from tests.marts.nightly import changed_sessions, last_run, listening
from tests.marts.rebuilding import until

ALL_STAGES = ["migrate", "load", "landing_gate", "build", "mart_checks"]


@pytest.fixture
def user(standing: DatabaseSettings) -> "psycopg.Connection":
    return connect(standing)


def test_a_run_is_booked_and_tells_machines_what_it_did(
    standing: DatabaseSettings, user: psycopg.Connection, pulse_elt: RunCommand, tmp_path: Path
) -> None:
    done = pulse_elt("run", changed_sessions(tmp_path, "n"), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert [stage["stage"] for stage in told["run"]["stages"]] == ALL_STAGES
    assert told["run"]["summary"] == "All is well."
    assert told["landing_gate"]["failed"] == told["mart_checks"]["failed"] == []
    assert len(told["readiness"]) == 4
    events = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    began = [event["stage"] for event in events if event["event"] == "stage_began"]
    ended = [event["stage"] for event in events if event["event"] == "stage_ended"]
    assert began == ended == ALL_STAGES

    run_id, status, is_trusted, code = (
        user.execute(
            "select run_id, status, is_trusted, exit_code from ops.runs order by 1 desc limit 1"
        ).fetchone()
        or ()
    )
    assert (run_id, status, is_trusted, code) == (told["run"]["run_id"], "succeeded", True, 0)
    stages = user.execute(
        "select stage, status, started_at <= finished_at, counts, load_id from ops.run_stages "
        "where run_id = %s order by started_at",
        (run_id,),
    ).fetchall()
    assert [row[:3] for row in stages] == [(stage, "succeeded", True) for stage in ALL_STAGES]
    counts = {row[0]: row[3] for row in stages}
    assert counts["load"]["changed"] == told["load"]["counters"]["changed"] > 5
    assert counts["build"]["models"] == told_models(user, run_id)
    assert stages[1][4] == told["load"]["load_id"]
    wrote, found = (
        user.execute(
            "select sum(rows_affected), count(*) filter (where failures = 0) from ops.dbt_results "
            "where run_id = %s",
            (run_id,),
        ).fetchone()
        or ()
    )
    assert wrote > 5
    assert found == counts["build"]["tests"]


def told_models(user: psycopg.Connection, run_id: int) -> int:
    row = user.execute(
        "select count(*) from ops.dbt_results "
        "where run_id = %s and resource_type = 'model' and status = 'success'",
        (run_id,),
    ).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.long
def test_a_failed_build_leaves_the_marts_and_is_resumed_without_loading_again(
    standing: DatabaseSettings, user: psycopg.Connection, pulse_elt: RunCommand, tmp_path: Path
) -> None:
    tree = changed_sessions(tmp_path, "n")
    before = user.execute("select * from analytics.learner_focus order by 1, 2").fetchall()
    user.execute("alter table analytics.scorecards add constraint nothing check (false) not valid")
    failed = pulse_elt("run", tree)
    assert failed.returncode == 4, failed.stdout
    assert "FAIL build" in failed.stdout
    assert "Failing row contains" not in failed.stdout + failed.stderr
    assert last_run(user)[0] == "failed"
    assert user.execute("select * from analytics.learner_focus order by 1, 2").fetchall() == before
    errors = one(user, "select count(*) from ops.dbt_results where status = 'error'")
    assert errors == 1

    user.execute("alter table analytics.scorecards drop constraint nothing")
    loads = one(user, "select count(*) from raw.loads")
    resumed = pulse_elt("run", tree, "--resume")
    assert resumed.returncode == 0, resumed.stdout
    assert one(user, "select count(*) from raw.loads") == loads
    left_out = {"load": "left_out", "landing_gate": "left_out"}
    done = {"migrate": "succeeded", "build": "succeeded", "mart_checks": "succeeded"}
    assert last_run(user) == ("succeeded", left_out | done)
    failed_run, resumes = (
        user.execute("select max(run_id) - 1, max(resumes_run_id) from ops.runs").fetchone() or ()
    )
    assert failed_run == resumes

    other = pulse_elt("run", tmp_path, "--resume")
    assert (other.returncode, "to resume; run it without" in other.stderr) == (2, True)
    again = pulse_elt("run", f"{tree}/", "--resume")
    assert again.returncode == 0
    assert "there is nothing to resume" in again.stderr


def test_a_failed_migration_of_a_known_database_is_booked(
    standing: DatabaseSettings, user: psycopg.Connection, pulse_elt: RunCommand, tree: Tree
) -> None:
    user.execute("update raw.schema_migrations set checksum = 'x' where version = 1")
    done = pulse_elt("run", tree.root)
    assert done.returncode == 4
    assert last_run(user) == ("failed", {"migrate": "failed"})
    assert "was changed after it had been applied" in done.stdout.replace("\n", " ")


def test_a_second_run_leaves_at_once_with_75_and_tells_nobody(
    database: DatabaseSettings, connection: psycopg.Connection, pulse_elt: RunCommand, tree: Tree
) -> None:
    connection.execute("select pg_advisory_lock(%s, %s)", RUN_LOCK)
    with listening() as listener:
        done = pulse_elt("run", tree.root, PULSE_ELT_ALERT_URL=listener.url)
    assert done.returncode == 75
    assert "as postgres); this one did nothing." in done.stderr
    assert listener.heard == []
    assert one(connection, "select count(*) from ops.runs") == 0


def test_the_lock_ends_with_the_run_even_while_its_workers_live(
    database: DatabaseSettings, connection: psycopg.Connection, tree: Tree, pulse_elt: RunCommand
) -> None:
    tree.write("scorecards/a.json", {})
    holder = (
        "select count(*) from pg_locks where locktype = 'advisory' "
        f"and (classid, objid) = ({RUN_LOCK[0]}, {RUN_LOCK[1]})"
    )
    with (
        held(database, "raw.files") as somebody_waits,
        pulse_elt.started("run", tree.root) as process,
    ):
        until(somebody_waits)
        assert one(connection, holder) == 1
        # The run alone: its workers wait for the table that is held.
        process.send_signal(signal.SIGKILL)
        process.wait()
        until(lambda: one(connection, holder) == 0)
        os.killpg(process.pid, signal.SIGKILL)


def test_a_scheduler_that_ends_a_run_finds_it_booked_and_told(
    database: DatabaseSettings,
    connection: psycopg.Connection,
    tree: Tree,
    pulse_elt: RunCommand,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tree.write("scorecards/a.json", {})
    with listening() as listener:
        monkeypatch.setenv("PULSE_ELT_ALERT_URL", listener.url)
        with (
            held(database, "raw.files") as somebody_waits,
            pulse_elt.started("run", tree.root) as process,
        ):
            until(somebody_waits)
            process.send_signal(signal.SIGTERM)
            assert_interrupted(process)
    (body,) = listener.heard
    assert (body["event"], body["exit_code"]) == ("failure", 130)
    assert last_run(connection) == ("failed", {"migrate": "succeeded", "load": "failed"})
    assert one(connection, "select status from raw.loads") == "failed"
