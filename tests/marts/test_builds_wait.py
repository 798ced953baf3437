"""A build waits for writers with patience, and fixes its cutoff in one transaction."""

import os
import re
import signal

import psycopg
import pytest
from psycopg import errors

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from tests.conftest import RunCommand, Tree
from tests.loaders.faults import one, until
from tests.loaders.test_waiting_for_writers import open_write
from tests.marts.nightly import last_run
from tests.marts.rebuilding import lock_waiters

_WAITING = (
    "select count(*) from pg_stat_activity where datname = current_database() "
    "and pid <> pg_backend_pid() and query like '%raw.await_writers%'"
)


@pytest.mark.parametrize("command", ["build", "run"])
def test_a_build_that_waits_in_vain_exits_75_and_names_the_transaction(
    database: DatabaseSettings, tree: Tree, pulse_elt: RunCommand, command: str
) -> None:
    tree.write("scorecards/a.json", {"overall": {"score": 85}})
    arguments = ["build", "--quiet"] if command == "build" else ["run", str(tree.root)]
    with open_write(database) as holder, connect(database) as observer:
        done = pulse_elt(*arguments, PULSE_ELT_WRITERS_PATIENCE="1")
        pid = holder.info.backend_pid
        if command == "run":
            assert last_run(observer)[0] == "failed"
    assert done.returncode == 75, done.stdout + done.stderr
    told = f"transaction that writes documents does not end: pid {pid}, login postgres, open for "
    words = " ".join((done.stdout + done.stderr).split())
    assert re.search(re.escape(told) + r"00:\d\d:\d\d\.", words)


def test_a_build_that_is_killed_while_it_waits_waits_no_longer(
    database: DatabaseSettings, connection: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    with open_write(database), pulse_elt.started("build", "--quiet") as process:
        until(lambda: one(connection, _WAITING) > 0 or process.poll() is not None)
        assert process.poll() is None
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        until(lambda: one(connection, _WAITING) == 0)


def test_nobody_writes_between_the_wait_and_the_cutoff(
    standing: DatabaseSettings, pulse_elt: RunCommand
) -> None:
    with (
        connect(standing) as holder,
        connect(standing) as observer,
        connect(standing) as writer,
    ):
        holder.execute("begin; lock table staging.builds in share mode")
        with pulse_elt.started("build", "--quiet") as process:
            until(lambda: lock_waiters(observer) > 0 or process.poll() is not None)
            assert process.poll() is None
            writer.execute("set lock_timeout = '100ms'")
            with pytest.raises(errors.LockNotAvailable):
                writer.execute("select raw.landing_time()")
