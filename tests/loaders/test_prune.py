"""pulse-elt prune removes what the policy lets go, and nothing that anybody still asks for."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.locks import LOAD_LOCK
from loaders.database.settings import DatabaseSettings
from loaders.errors import LoadInProgress, WrongRequest
from loaders.operations.prune import PruneResult, plan_steps, preview, prune
from loaders.operations.retention import read_policy
from loaders.pipeline import configured_kinds, prune_by_policy
from tests.conftest import ROOT, RunCommand, Tree
from tests.loaders.faults import books, held, kill_all_of, one, until
from tests.loaders.test_live_writes import app_writes, versions, write_at
from tests.loaders.test_loading import counters, load

HISTORY = "users/u/history.json"
POLICY = ROOT / "config" / "retention.json"


@pytest.fixture
def three_versions(database: DatabaseSettings, tree: Tree, connection: psycopg.Connection) -> Tree:
    """Three versions of a scorecard, a session and a history, and a bad file that was mended."""
    for version in range(3):
        tree.write("sessions/a/scorecard.json", {"v": "x" * version})
        tree.write("sessions/b/session.json", {"v": "x" * version})
        tree.write(HISTORY, {"sessions": ["x" * version]})
        tree.write("sessions/b/evaluation.json", b"{" if version == 0 else {"v": "x" * version})
        load(tree)
    tree.write("sessions/c/scorecard.json", b"{")
    load(tree)
    return tree


def age(connection: psycopg.Connection, years: int = 5) -> None:
    """Let everything that is over have been over for years; what is current stays current."""
    for change in (
        "raw.documents set superseded_at = superseded_at - %(age)s where superseded_at is not null",
        "raw.quarantine set resolved_at = resolved_at - %(age)s, "
        "first_seen_at = first_seen_at - %(age)s, last_seen_at = last_seen_at - %(age)s",
        "raw.loads set started_at = started_at - %(age)s, finished_at = finished_at - %(age)s",
    ):
        connection.execute(f"update {change}".encode(), {"age": timedelta(days=366 * years)})


def removed(result: PruneResult) -> dict[str, int]:
    return {entry.what: entry.rows for entry in result.removals if entry.rows}


def everything(connection: psycopg.Connection) -> list[list[tuple[Any, ...]]]:
    return [
        connection.execute(f"select t::text from {table} as t order by 1".encode()).fetchall()
        for table in (
            "raw.documents", "raw.files", "raw.quarantine", "raw.loads", "raw.pruned_versions",
            "ops.runs", "ops.run_stages", "ops.dbt_results",
        )
    ]  # fmt: skip


def test_a_dry_run_tells_what_would_go_and_touches_nothing(
    three_versions: Tree, connection: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    age(connection)
    before = everything(connection)
    told = pulse_elt("prune", "--json")
    assert told.returncode == 0, told.stderr
    assert everything(connection) == before
    said = json.loads(told.stdout)
    assert said["is_dry_run"] is True
    done = pulse_elt("prune", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    gone = json.loads(done.stdout)
    moments = [
        [removal.pop("before") for removal in found["removals"]] for found in (said, gone)
    ]  # the clock went on between the two
    assert [datetime.fromisoformat(at) for at in moments[0]] < [
        datetime.fromisoformat(at) for at in moments[1]
    ]
    assert gone["removals"] == said["removals"]
    assert sum(removal["bytes"] for removal in gone["removals"]) > 0
    people = pulse_elt("prune")
    assert "Nothing is old enough" in people.stdout


def test_old_superseded_versions_and_bytes_go_and_the_rest_stays(
    three_versions: Tree, connection: psycopg.Connection
) -> None:
    age(connection)
    result = prune_by_policy(is_dry_run=False)
    assert removed(result) == {
        "superseded versions of kind scorecard": 2,
        "superseded versions of kind session": 2,
        "superseded versions of kind evaluation": 1,
        "bytes of resolved quarantine entries": 1,
        "bytes of open quarantine entries": 1,
    }
    kept = connection.execute(
        "select kind, count(*) from raw.documents group by kind order by kind"
    ).fetchall()
    assert kept == [("evaluation", 1), ("scorecard", 1), ("session", 1), ("user_history", 3)]
    evidence = connection.execute(
        "select first_bytes, around, around_offset, length(content_sha256), reason <> '' "
        "from raw.quarantine"
    ).fetchall()
    assert evidence == [(None, None, None, 32, True)] * 2


def test_what_is_not_old_enough_stays(three_versions: Tree, connection: psycopg.Connection) -> None:
    before = everything(connection)
    assert removed(prune_by_policy(is_dry_run=False)) == {}
    assert everything(connection) == before


def test_loads_after_a_prune_land_nothing_new(
    three_versions: Tree, connection: psycopg.Connection
) -> None:
    age(connection)
    prune_by_policy(is_dry_run=False)
    for verify_content in (False, True):
        found = counters(load(three_versions, verify_content=verify_content))
        assert (found.landed, found.quarantined, found.vanished) == (0, 0, 0)


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_pruned_version_never_comes_back_over_what_the_app_wrote(
    database: object, tree: Tree, connection: psycopg.Connection, hours: int
) -> None:
    write_at(tree, {"v": 1}, -1)
    load(tree)
    app_writes(connection, {"v": 2})
    age(connection)
    assert removed(prune_by_policy(is_dry_run=False)) == {
        "superseded versions of kind scorecard": 1
    }
    write_at(tree, {"v": 1}, hours)
    assert counters(load(tree)).unchanged == 1
    assert versions(connection) == [({"v": 2}, "app", True)]
    # A version that never was there still does.
    write_at(tree, {"v": 3}, 3)
    assert counters(load(tree)).changed == 1


def test_loads_that_something_names_stay_and_so_do_the_last_ones(
    database: DatabaseSettings, tree: Tree, connection: psycopg.Connection
) -> None:
    tree.write("sessions/a/scorecard.json", {"v": 1})
    load(tree)
    for _ in range(3):
        load(tree)
    tree.write("sessions/a/scorecard.json", {"v": 2})
    load(tree)
    load(tree)
    age(connection)
    assert removed(prune_by_policy(is_dry_run=True)) == removed(prune_by_policy(is_dry_run=False))
    left = connection.execute("select load_id from raw.loads order by load_id").fetchall()
    # 1 wrote a version that went; 5 wrote the current one; 6 is the last.
    assert left == [(5,), (6,)]


def test_old_runs_go_but_never_the_last_and_the_last_good_one_of_a_source(
    database: DatabaseSettings, connection: psycopg.Connection
) -> None:
    connection.execute(
        "insert into ops.runs (source, version, status, started_at, finished_at) "
        "select source, '1', status, now() - years * interval '1 year', "
        "case when status <> 'running' then now() end "
        "from (values ('a', 'failed', 9), ('a', 'running', 8), ('a', 'succeeded', 7), "
        "('a', 'failed', 0), ('b', 'failed', 9), ('b', 'succeeded', 9), ('b', 'succeeded', 8)) "
        "as runs (source, status, years)"
    )
    connection.execute(
        "insert into ops.run_stages (run_id, stage) select run_id, 'load' from ops.runs"
    )
    connection.execute(
        "insert into ops.dbt_results (run_id, node_id, resource_type, status, seconds) "
        "select run_id, 'model.x', 'model', 'success', 1 from ops.runs"
    )
    found = prune_by_policy(is_dry_run=False)
    assert removed(found) == {"runs with their stages and results": 3}
    for table in ("runs", "run_stages", "dbt_results"):
        left = connection.execute(f"select run_id from ops.{table} order by run_id".encode())
        assert left.fetchall() == [(2,), (3,), (4,), (7,)]


def test_a_prune_exits_75_while_a_load_runs(
    database: DatabaseSettings, connection: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    connection.execute("select pg_advisory_lock(%s, %s)", LOAD_LOCK)
    assert pulse_elt("prune").returncode == 0
    refused = pulse_elt("prune", "--yes")
    assert refused.returncode == LoadInProgress.exit_code
    assert refused.stdout == ""


@contextmanager
def pruning() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "loaders.cli", "prune", "--yes"],
        cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        kill_all_of(process)


@pytest.mark.parametrize("table", ["raw.pruned_versions", "raw.quarantine", "ops.runs"])
def test_a_prune_that_was_killed_is_completed_by_the_next(
    three_versions: Tree,
    database: DatabaseSettings,
    connection: psycopg.Connection,
    table: str,
) -> None:
    age(connection)
    with held(database, table) as somebody_waits, pruning() as process:
        until(somebody_waits)
        # Nothing is half done: what is gone is remembered.
        lost = "select 5 - (select count(*) from raw.documents where superseded_at is not null "
        lost += "and kind <> 'user_history') - (select count(*) from raw.pruned_versions)"
        assert one(connection, lost) == 0
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    until(lambda: one(connection, "select count(*) from pg_locks where locktype = 'advisory'") == 0)
    prune_by_policy(is_dry_run=False)
    assert one(connection, "select count(*) from raw.pruned_versions") == 5
    assert removed(prune_by_policy(is_dry_run=True)) == {}


def test_batches_of_any_size_remove_the_same(
    three_versions: Tree, database: DatabaseSettings, connection: psycopg.Connection
) -> None:
    age(connection)
    policy = read_policy(POLICY, configured_kinds())
    steps = plan_steps(policy, one(connection, "select clock_timestamp()"), None)
    small = [replace(step, batch=1) for step in steps]
    with connect(database) as own:
        said = preview(own, small)
        done = prune(own, small)
    assert [vars(entry) for entry in done.removals] == [vars(entry) for entry in said.removals]
    assert removed(done)["superseded versions of kind scorecard"] == 2
    assert len(books(database)["pruned_versions"]) == 5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"superseded_versions": [{"kinds": ["user_history"], "days": 9, "why": "x"}]}, "forever"),
        ({"superseded_versions": [{"kinds": ["pulse_state"], "days": 9, "why": "x"}]}, "latest"),
        ({"superseded_versions": [{"kinds": ["rubric"], "days": 9, "why": "x"}]}, "'rubric'"),
        ({"superseded_versions": [{"kinds": ["nothing"], "days": 9, "why": "x"}]}, "'nothing'"),
        ({"superseded_versions": [{"kinds": ["session"], "days": 0, "why": "x"}]}, "minimum"),
        ({"superseded_versions": [{"kinds": ["session"], "days": 9}]}, "'why'"),
        ({"superseded_versions": [{"kinds": ["session"], "days": 9, "why": "x"}] * 2}, "twice"),
        ({"runs": {"days": "9", "why": "x"}}, "runs.days"),
        ({"surprise": {}}, "surprise"),
    ],
)
def test_a_policy_that_is_none_is_refused_with_its_place(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    policy = {**json.loads(POLICY.read_bytes()), **change}
    (tmp_path / "retention.json").write_text(json.dumps(policy))
    schema = POLICY.with_suffix(".schema.json")
    (tmp_path / schema.name).write_bytes(schema.read_bytes())
    with pytest.raises(WrongRequest, match=said):
        read_policy(tmp_path / "retention.json", configured_kinds())
