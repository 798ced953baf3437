"""Loads that are killed, interrupted, overtaken or cut off."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import pytest
from psycopg import sql

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.errors import LoadInProgress, WorkFailed
from loaders.landing.load import Progress
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from tests.conftest import ROOT, RunCommand, Server, Tree
from tests.loaders.test_loading import counters, current, load


def start(tree: Tree) -> subprocess.Popen[str]:
    """Start a load in a process of its own that takes an interrupt as on a terminal."""
    return subprocess.Popen(
        [sys.executable, "-m", "loaders.cli", "load", str(tree.root)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def until(condition: Callable[[], object]) -> None:
    """Return when the condition holds; it has to within a minute."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited for a minute"
        time.sleep(0.005)


@contextmanager
def held(database: DatabaseSettings, table: str) -> Iterator[Callable[[], bool]]:
    """Keep others from writing a table; yields whether somebody waits for it."""
    with connect(database) as holder, connect(database) as observer:

        def somebody_waits() -> bool:
            found = observer.execute(
                "select count(*) from pg_locks "
                "where not granted and database is not distinct from "
                "(select oid from pg_database where datname = current_database())"
            ).fetchone()
            return found is not None and found[0] > 0

        with holder.transaction():
            holder.execute(f"lock table {table} in exclusive mode")
            yield somebody_waits


def one(connection: psycopg.Connection, query: str) -> Any:  # noqa: ANN401 - a value of any type
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def assert_one_sentence(stderr: str) -> None:
    """Progress may come before it, nothing after it."""
    *progress, last = stderr.strip().splitlines()
    assert last.startswith("pulse-elt: "), stderr
    stages = ("Listing", "Copying", "Closing")
    assert [line for line in progress if not line.startswith(stages)] == []


@pytest.fixture
def hundred(database: object, tree: Tree) -> Tree:
    """A hundred scorecards."""
    for number in range(100):
        tree.write(f"scorecards/{number}.json", {"n": number})
    return tree


@pytest.mark.parametrize("table", ["raw.loads", "raw.scorecards"])
def test_of_two_loads_one_works_and_the_other_exits_75(
    hundred: Tree,
    database: DatabaseSettings,
    connection: psycopg.Connection,
    pulse_elt: RunCommand,
    table: str,
) -> None:
    with held(database, table) as somebody_waits:
        first = start(hundred)
        until(somebody_waits)
        second = pulse_elt("load", hundred.root)
        assert second.returncode == 75, second.stderr
        assert_one_sentence(second.stderr)
        assert first.poll() is None
    assert first.wait(60) == 0
    assert one(connection, "select count(*) from raw.documents") == 100
    assert one(connection, "select count(*) from raw.loads") == 1


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


def books(database: DatabaseSettings) -> list[list[tuple[Any, ...]]]:
    """All that a killed and repeated load must leave as an undisturbed one does."""
    with connect(database) as connection:
        return [
            connection.execute(query).fetchall()
            for query in (
                "select kind, source_path, content_sha256, session_key, user_key, "
                "source_modified_at, origin, superseded_at is null as is_current, payload::text "
                "from raw.documents order by source_path, kind, content_sha256, is_current",
                "select source_path, kind, verdict, size_bytes, modified_at, content_sha256, state "
                "from raw.files order by source_path",
                "select source_path, kind, size_bytes, content_sha256, reason_code, reason, "
                "byte_offset, first_bytes, attempts, resolution "
                "from raw.quarantine order by source_path, content_sha256",
            )
        ]


def write_first_version(tree: Tree) -> None:
    for number in range(1000):
        for kind in ("session", "scorecard", "conversation"):
            tree.write(f"sessions/{number}/{kind}.json", {"n": number, "version": 1})
    for number in range(30):
        tree.write(f"sessions/bad{number}/session.json", b'{"n": ' + b"1" * number)


def write_second_version(tree: Tree) -> None:
    for number in range(0, 1000, 2):
        tree.write(f"sessions/{number}/scorecard.json", {"n": number, "version": 2})
        tree.write(f"sessions/{number}/conversation.json", {"n": number, "version": 2})
        tree.write(f"sessions/{number}/evaluation.json", {"n": number, "version": 2})
        tree.write(f"sessions/{number}/events.json", [number])
    for number in range(1, 100, 2):
        (tree.root / f"sessions/{number}/session.json").unlink()
        tree.write(f"sessions/{number}/scorecard.json", b"{")
        os.utime(tree.root / f"sessions/{number}/conversation.json", (1, 1))
    for number in range(20):
        tree.write(f"sessions/bad{number}/session.json", {} if number % 2 else b"[")


def load_after_the_dead_one(tree: Tree) -> None:
    """Load as soon as the server has noticed that the killed loader is gone."""

    def is_done() -> bool:
        with suppress(LoadInProgress):
            load(tree)
            return True
        return False

    until(is_done)


@pytest.mark.parametrize("write", [write_first_version, write_second_version])
def test_a_killed_load_leaves_nothing_behind(
    server: Server, database: DatabaseSettings, tree: Tree, write: Callable[[Tree], None]
) -> None:
    if write is write_second_version:
        write_first_version(tree)
        load(tree)
    write(tree)

    def renew(name: str, template: str) -> None:
        with connect(server.settings) as connection:
            for statement in ("drop database if exists {} with (force)", "create database {}"):
                text = statement + (" template {}" if "create" in statement else "")
                names = [sql.Identifier(part) for part in (name, template)]
                connection.execute(sql.SQL(text).format(*names[: text.count("{}")]))

    renew("pulse_before", "pulse_test")
    with connect(database) as connection:
        before = one(connection, "select count(*) from raw.loads")
    began = time.monotonic()
    process = start(tree)
    assert process.wait(60) == 1
    seconds = time.monotonic() - began
    undisturbed = books(database)
    assert all(len(rows) >= 30 for rows in undisturbed)
    rng = random.Random(7)
    moments: list[str | float] = ["raw.scorecards", "raw.files"]
    moments += [rng.uniform(0.4, 1) * seconds for _ in range(4)]
    for moment in moments:
        renew("pulse_test", "pulse_before")
        if isinstance(moment, str):
            with held(database, moment) as somebody_waits:
                process = start(tree)
                until(somebody_waits)
                process.kill()
                process.wait()
        else:
            process = start(tree)
            with suppress(subprocess.TimeoutExpired):
                process.wait(moment)
            process.kill()
            process.wait()
        with connect(database) as connection:
            newest = connection.execute(
                "select status from raw.loads order by load_id desc limit 1"
            ).fetchone()
            if before + 1 == one(connection, "select count(*) from raw.loads") and newest == (
                "succeeded",
            ):
                # It was quicker than the kill: another load would be a second one.
                assert books(database) == undisturbed
                continue
        load_after_the_dead_one(tree)
        now = books(database)
        for a, b in zip(now, undisturbed):
            if a != b:
                print(
                    len(a),
                    len(b),
                    [x for x in a if x not in b][:5],
                    [x for x in b if x not in a][:5],
                )
        with connect(database) as connection:
            print(connection.execute("select load_id,status,error from raw.loads").fetchall())
        assert books(database) == undisturbed, f"killed at {moment}"
        with connect(database) as connection:
            assert one(connection, "select count(*) from raw.loads where status = 'running'") == 0
    with connect(server.settings) as connection:
        connection.execute("drop database pulse_before")


def test_an_interrupt_exits_130_and_is_in_the_ledger(
    hundred: Tree, database: DatabaseSettings, connection: psycopg.Connection
) -> None:
    with held(database, "raw.scorecards") as somebody_waits:
        process = start(hundred)
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
        process = start(hundred)
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
