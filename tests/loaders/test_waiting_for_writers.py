"""Who needs a moment without writers waits for it in a queue, and holds nobody else up for long."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from tests.conftest import RunCommand, Tree
from tests.loaders.faults import one, until
from tests.loaders.test_loading import load

# Locks, transactions and what the server says of their holders.
pytestmark = pytest.mark.every_server

# A server that waits for an advisory lock is asked for by it here, whoever waits.
_WAITING = "select count(*) from pg_locks where locktype = 'advisory' and not granted"


@contextmanager
def writing(database: DatabaseSettings, writers: int) -> Iterator[list[int]]:
    """Have writers take the landing time again and again; yields how often each has."""
    counts = [0] * writers
    over = threading.Event()

    def write(number: int) -> None:
        with connect(database) as own:
            while not over.is_set():
                with own.transaction():
                    own.execute("select raw.landing_time()")
                counts[number] += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    try:
        yield counts
    finally:
        over.set()
        for thread in threads:
            thread.join()


@contextmanager
def open_write(database: DatabaseSettings) -> Iterator[psycopg.Connection]:
    """Keep a transaction open that has taken the landing time."""
    with connect(database) as holder:
        holder.execute("begin; select raw.landing_time()")
        yield holder


def have_gone_on(counts: list[int], before: list[int]) -> bool:
    """Return whether every writer has written a few times since."""
    return all(now > then + 5 for now, then in zip(counts, before, strict=True))


def test_writers_go_on_while_somebody_waits_for_one_of_them(
    database: DatabaseSettings, connection: psycopg.Connection
) -> None:
    got: list[str] = []

    def wait() -> None:
        with connect(database) as waiter, waiter.transaction():
            waiter.execute("select raw.await_writers()")
            got.append("a moment without writers")

    waiting = threading.Thread(target=wait)
    with writing(database, 8) as counts, open_write(database) as holder:
        waiting.start()
        for _ in range(3):
            until(lambda: one(connection, _WAITING) > 0)
            until(partial(have_gone_on, counts, list(counts)))
        assert got == []
        holder.execute("commit")
        # The others never pause.
        waiting.join(60)
    assert got == ["a moment without writers"]


@pytest.mark.parametrize("patience", ["0", "0.5"])
def test_a_gate_that_waits_in_vain_exits_75_and_names_the_transaction(
    database: DatabaseSettings, tree: Tree, pulse_elt: RunCommand, patience: str
) -> None:
    tree.write("scorecards/a.json", {})
    load(tree)
    with open_write(database) as holder:
        done = pulse_elt("check", "landing", PULSE_ELT_WRITERS_PATIENCE=patience)
        pid = holder.info.backend_pid
    assert done.returncode == 75, done.stderr
    told = f"A transaction that writes documents does not end: pid {pid}, login postgres, open for "
    assert re.search(re.escape(told) + r"00:\d\d:\d\d\.$", done.stderr.strip())


def test_a_login_that_may_not_look_names_what_it_may(
    database: DatabaseSettings, connection: psycopg.Connection
) -> None:
    connection.execute("create role pulse_curious")
    try:
        connection.execute("grant usage on schema raw to pulse_curious")
        connection.execute("grant execute on function raw.await_writers to pulse_curious")
        with open_write(database) as holder:
            connection.execute("set role pulse_curious")
            with pytest.raises(psycopg.errors.LockNotAvailable) as told:
                connection.execute("select raw.await_writers('0.1 seconds')")
            connection.execute("reset role")
            named = f"pid {holder.info.backend_pid}, login postgres, open for longer than "
            assert named in str(told.value)
    finally:
        connection.execute("drop owned by pulse_curious; drop role pulse_curious")


@pytest.mark.parametrize("patience", ["soon", "-1", "1e3"])
def test_a_patience_that_is_no_number_of_seconds_is_refused(
    database: DatabaseSettings, tree: Tree, pulse_elt: RunCommand, patience: str
) -> None:
    tree.write("scorecards/a.json", {})
    load(tree)
    done = pulse_elt("check", "landing", PULSE_ELT_WRITERS_PATIENCE=patience)
    assert done.returncode == 2
    assert "PULSE_ELT_WRITERS_PATIENCE is a number of seconds" in done.stderr


def test_waiting_leaves_the_settings_of_the_session_alone(
    connection: psycopg.Connection,
) -> None:
    connection.execute("set lock_timeout = '7s'")
    connection.execute("select raw.await_writers()")
    assert one(connection, "show lock_timeout") == "7s"
