"""Loads that are interrupted, overtaken or cut off; see test_crashes for those that are killed."""

import signal

import psycopg
import pytest

from loaders.database.settings import DatabaseSettings
from loaders.errors import WorkFailed
from loaders.landing.load import Progress
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from tests.conftest import Tree
from tests.loaders.faults import (
    assert_one_sentence,
    held,
    load_after_the_dead_one,
    one,
    running,
    until,
)
from tests.loaders.test_loading import counters, current, load


def test_a_load_that_the_ledger_calls_failed_writes_nothing_more(
    tree: Tree, connection: psycopg.Connection
) -> None:
    for number in range(20):
        tree.write(f"scorecards/{number}.json", {"text": "x" * 900_000})
    at_the_end: list[int] = []

    def end_it(progress: Progress) -> None:
        if progress.stage == "copy" and 0 < progress.done < 20 and not at_the_end:
            connection.execute("set lock_timeout = '20s'")
            connection.execute("update raw.loads set status = 'failed', error = 'ended by a test'")
            at_the_end.append(one(connection, "select count(*) from raw.documents"))

    with pytest.raises(WorkFailed):
        load_source(tree.root, None, Scope(), on_progress=end_it)
    assert 0 < at_the_end[0] < 20
    assert one(connection, "select count(*) from raw.documents") == at_the_end[0]
    assert one(connection, "select count(*) from raw.files") == at_the_end[0]
    assert one(connection, "select status || error from raw.loads") == "failedended by a test"
    assert counters(load(tree)).landed == 20 - at_the_end[0]


def test_the_next_load_marks_dead_ones_failed(
    hundred: Tree, connection: psycopg.Connection
) -> None:
    connection.execute("insert into raw.loads (source, version) values ('x', '0'), ('y', '0')")
    load(hundred)
    rows = connection.execute(
        "select status, finished_at is null, error is null from raw.loads order by load_id"
    ).fetchall()
    assert rows == [("failed", False, False)] * 2 + [("succeeded", False, True)]


def test_an_interrupt_exits_130_and_is_in_the_ledger(
    hundred: Tree, database: DatabaseSettings, connection: psycopg.Connection
) -> None:
    with held(database, "raw.scorecards") as somebody_waits, running(hundred.root) as process:
        until(somebody_waits)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "Traceback" not in stderr
        assert one(connection, "select status from raw.loads") == "failed"
    assert one(connection, "select count(*) from raw.files") == 0
    assert counters(load(hundred)).landed == 100


@pytest.mark.parametrize("whose", ["wait_event_type = 'Lock'", "true"])
def test_a_connection_cut_in_mid_load_exits_3_and_the_next_load_completes(
    hundred: Tree, database: DatabaseSettings, connection: psycopg.Connection, whose: str
) -> None:
    mine = (
        "select pid from pg_stat_activity where datname = current_database() "
        "and backend_type = 'client backend'"
    )
    with held(database, "raw.scorecards") as somebody_waits:
        ours = [pid for (pid,) in connection.execute(mine).fetchall()]
        with running(hundred.root) as process:
            until(somebody_waits)
            connection.execute(
                f"select pg_terminate_backend(pid) from pg_stat_activity "
                f"where pid in ({mine}) and pid <> all (%s) and {whose}",
                (ours,),
            )
            _, stderr = process.communicate(timeout=60)
    assert process.returncode == 3
    assert_one_sentence(stderr)
    load_after_the_dead_one(hundred)
    statuses = connection.execute("select status from raw.loads order by load_id").fetchall()
    assert statuses == [("failed",), ("succeeded",)]
    assert len(current(connection)) == 100
