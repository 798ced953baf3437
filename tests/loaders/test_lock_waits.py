"""Whoever holds a lock holds up a load for a bounded time, and is then named."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.lock_waits import VARIABLE
from loaders.database.settings import DatabaseSettings
from tests.conftest import RunCommand, Tree
from tests.loaders.faults import assert_one_sentence, one, until
from tests.loaders.test_loading import counters, load

# Locks, and what the server says of their holders.
pytestmark = pytest.mark.every_server

# Long enough to be looked at a few times.
SECONDS = "1"

# What somebody does in a transaction that stays open, and who waits for it.
HOLDS = {
    "a row": "select from raw.scorecards for update",
    "the manifest": "lock table raw.files in exclusive mode",
    "the ledger": "lock table raw.loads in exclusive mode",
    "a table of documents": "lock table raw.scorecards in access exclusive mode",
    "the landing's clock": "select pg_advisory_xact_lock(x'70756c73'::int, 1)",
    "the lock of migrations": "update raw.document_kinds_editions set rules_sha256 = 'of another'; "
    "select pg_advisory_xact_lock(x'70756c73'::int, 3)",
}


@pytest.fixture
def loaded(
    database: DatabaseSettings,
    tree: Tree,
    pulse_elt: RunCommand,
    monkeypatch: pytest.MonkeyPatch,
) -> Tree:
    """A tree of which a document was loaded and has changed since."""
    tree.write("scorecards/a.json", {"v": 1})
    assert pulse_elt("load", tree.root).returncode == 0
    tree.write("scorecards/a.json", {"v": "another"})
    monkeypatch.setenv(VARIABLE, SECONDS)
    return tree


@pytest.fixture
def holder(database: DatabaseSettings) -> Iterator[psycopg.Connection]:
    """Somebody else, with a login of his own."""
    with connect(database) as superuser:
        if not one(superuser, "select count(*) from pg_roles where rolname = 'somebody_else'"):
            superuser.execute("create role somebody_else superuser login")
    with connect(DatabaseSettings({**database.parameters, "user": "somebody_else"})) as held:
        yield held


@pytest.mark.long
@pytest.mark.parametrize("what", HOLDS)
def test_a_load_waits_a_bounded_time_and_names_who_holds_it_up(
    loaded: Tree, holder: psycopg.Connection, pulse_elt: RunCommand, what: str
) -> None:
    first, *then = HOLDS[what].split("; ")
    if then:
        holder.execute(first)
        (first,) = then
    with holder.transaction():
        holder.execute(first)
        done = pulse_elt("load", loaded.root, "--workers", "2")
    assert done.returncode == 75, done.stderr
    assert_one_sentence(done.stderr)
    said = f"server process {holder.info.backend_pid} of login somebody_else, whose transaction"
    assert said in done.stderr
    assert re.search(r"is open for \d+ s\.", done.stderr)
    # Nothing came of it, and nothing is in the way of the next.
    again = pulse_elt("load", loaded.root)
    assert again.returncode == 0, again.stderr
    assert one(holder, "select count(*) from raw.scorecards where superseded_at is null") == 1
    assert one(holder, "select count(*) from raw.loads where status = 'running'") == 0


def test_what_is_held_for_less_than_that_is_waited_for(
    loaded: Tree,
    holder: psycopg.Connection,
    connection: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, "60")
    with ThreadPoolExecutor(1) as pool:
        with holder.transaction():
            holder.execute(HOLDS["a row"])
            running = pool.submit(load, loaded)
            until(lambda: one(connection, "select count(*) from pg_locks where not granted"))
        assert counters(running.result(60)).changed == 1


def test_the_ledger_says_who_held_a_load_up(
    loaded: Tree, holder: psycopg.Connection, connection: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    with holder.transaction():
        holder.execute(HOLDS["a row"])
        pulse_elt("load", loaded.root)
    error = one(connection, "select error from raw.loads order by load_id desc limit 1")
    assert "of login somebody_else" in error


def test_a_night_is_booked_with_who_held_it_up(
    loaded: Tree, holder: psycopg.Connection, connection: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    with holder.transaction():
        holder.execute(HOLDS["a row"])
        done = pulse_elt("run", loaded.root)
    assert done.returncode == 75, done.stderr
    booked = connection.execute("select status, exit_code, summary from ops.runs").fetchall()
    assert [row[:2] for row in booked] == [("failed", 75)]
    assert "of login somebody_else" in booked[0][2]


def test_a_holder_whose_activity_is_not_shown_is_named_all_the_same(
    loaded: Tree, holder: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    done = pulse_elt("db", "roles")
    assert done.returncode == 0, done.stderr
    with holder.transaction():
        holder.execute(HOLDS["a row"])
        done = pulse_elt("load", loaded.root, PULSE_ELT_LOADER_ROLE="pulse_loader")
    assert done.returncode == 75, done.stderr
    assert "of login somebody_else, whose transaction is open for" in done.stderr


@pytest.mark.parametrize("seconds", ["soon", "0", "-1", "inf", "nan", "1e9"])
def test_a_wait_that_is_none_is_a_wrong_request(
    loaded: Tree, pulse_elt: RunCommand, seconds: str
) -> None:
    done = pulse_elt("load", loaded.root, **{VARIABLE: seconds})
    assert done.returncode == 2
    assert_one_sentence(done.stderr)
    assert VARIABLE in done.stderr


def test_migrations_wait_no_longer_either(
    loaded: Tree, holder: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    holder.execute(HOLDS["the lock of migrations"].split("; ")[0])
    with holder.transaction():
        holder.execute(HOLDS["the lock of migrations"].split("; ")[1])
        done = pulse_elt("db", "migrate")
    assert done.returncode == 75, done.stderr
    assert "of login somebody_else" in done.stderr
