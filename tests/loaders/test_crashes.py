"""Killed at any moment and run again, a load leaves what an undisturbed one leaves.

`make test` kills at moments that are waited for, and at one by chance where there is no other way;
`make soak` at fifty moments of each sort.
"""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from loaders.database import embedded
from loaders.database.connection import connect
from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from loaders.errors import DatabaseUnavailable, LoadInProgress
from tests.conftest import Server
from tests.forms import some_of
from tests.loaders.faults import (
    WITH_WORKERS,
    assert_one_sentence,
    assert_same_books,
    books,
    children,
    held,
    kill_all_of,
    load_after_the_dead_one,
    one,
    running,
    until,
    workers,
)
from tests.loaders.killing import (
    Chance,
    Scenario,
    load_watching_the_dead_one,
    status_of_last_load,
)

_TRIES = 30


def kill_the_loader_alone(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()


HOW_TO_KILL = {"the loader alone": kill_the_loader_alone, "with its workers": kill_all_of}


def draws(scenario: Scenario) -> Iterator[float]:
    """Yield ever shorter ranges of moments, until one falls into the load."""
    for turn in range(_TRIES):
        yield scenario.seconds * 0.9**turn
    pytest.fail(f"the load was over before {_TRIES} moments of {scenario.seconds:.2f} s")


@pytest.mark.by_chance
@pytest.mark.parametrize("whom", HOW_TO_KILL)
def test_a_load_killed_at_any_moment_leaves_nothing_behind(
    server: Server,
    database: DatabaseSettings,
    scenarios: list[Scenario],
    chance: Chance,
    whom: str,
) -> None:
    for number in range(chance.moments):
        scenario = scenarios[number % len(scenarios)]
        for seconds in draws(scenario):
            scenario.renew(server)
            with running(scenario.tree.root, *WITH_WORKERS) as process:
                pause = chance.await_moment(process, database, seconds)
                HOW_TO_KILL[whom](process)
                was_in_time = status_of_last_load(database) == "running"
                what = f"killed after {pause:.4f} s, moment {number}, --seed {chance.seed}"
                at_first, at_last = load_as_soon_as_possible(scenario, database)
                assert at_first == at_last, f"an orphan went on writing; {what}"
            expected = scenario.once if was_in_time else scenario.twice
            assert_same_books(books(database), expected, what)
            if was_in_time:
                break


def load_as_soon_as_possible(scenario: Scenario, database: DatabaseSettings) -> tuple[int, int]:
    counts: list[tuple[int, int]] = []

    def is_done() -> bool:
        with suppress(LoadInProgress):
            counts.append(load_watching_the_dead_one(scenario.tree, database))
        return bool(counts)

    until(is_done)
    with connect(database) as connection:
        assert one(connection, "select count(*) from raw.loads where status = 'running'") == 0
    return counts[0]


@pytest.mark.parametrize("whom", HOW_TO_KILL)
@pytest.mark.parametrize("table", some_of(["raw.scorecards", "raw.files"], 1))
def test_a_load_killed_while_it_waits_for_a_table_leaves_nothing_behind(
    server: Server,
    database: DatabaseSettings,
    scenarios: list[Scenario],
    whom: str,
    table: str,
) -> None:
    scenario = scenarios[1]
    scenario.renew(server)
    with running(scenario.tree.root, *WITH_WORKERS) as process:
        with held(database, table) as somebody_waits:
            until(somebody_waits)
            HOW_TO_KILL[whom](process)
            # The next load begins while what the dead one sent is still under way.
            with running(scenario.tree.root, *WITH_WORKERS) as following:
                until(lambda: following.poll() is not None or waiting(database) >= 2)
        load_after_the_dead_one(scenario.tree)
    assert_same_books(books(database), scenario.once, f"killed while waiting for {table}")


def waiting(database: DatabaseSettings) -> int:
    with connect(database) as connection:
        found: int = one(
            connection,
            "select count(*) from pg_stat_activity "
            "where datname = current_database() and wait_event_type = 'Lock'",
        )
        return found


def test_a_load_that_loses_a_worker_says_so_and_the_next_one_completes(
    server: Server, database: DatabaseSettings, scenarios: list[Scenario], chance: Chance
) -> None:
    for number in range(chance.moments):
        scenario = scenarios[number % len(scenarios)]
        for seconds in draws(scenario):
            scenario.renew(server)
            with running(scenario.tree.root, *WITH_WORKERS) as process:
                pause = chance.await_moment(process, database, seconds)
                what = f"a worker killed after {pause:.4f} s, --seed {chance.seed}"
                found = workers(process.pid)
                if found:
                    with suppress(ProcessLookupError):
                        os.kill(chance.rng.choice(found), signal.SIGKILL)
                _, stderr = process.communicate(timeout=60)
            if process.returncode == 4:
                assert_one_sentence(stderr)
            else:
                assert process.returncode == 1, f"{what}: {stderr}"
            was_closed = status_of_last_load(database) == "succeeded"
            load_after_the_dead_one(scenario.tree)
            assert_same_books(
                books(database), scenario.twice if was_closed else scenario.once, what
            )
            if found:
                break


def kill_the_server(own: Server, database: DatabaseSettings, chance: Chance) -> None:
    """Kill the postmaster and all that it started."""
    postmaster = int((own.data / "postmaster.pid").read_text().split()[0])
    everybody = [postmaster, *children(postmaster)]
    for pid in everybody:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for pid in everybody:
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)
    until(lambda: not any(is_alive(pid) for pid in everybody))


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123 - it may be gone
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def kill_a_backend(own: Server, database: DatabaseSettings, chance: Chance) -> None:
    """Kill one of the load's server processes; the postmaster then ends all of them."""
    with connect(database) as connection:
        found = connection.execute(
            "select pid from pg_stat_activity where datname = current_database() "
            "and backend_type = 'client backend' and pid <> pg_backend_pid()"
        ).fetchall()
    if found:
        with suppress(ProcessLookupError):
            os.kill(chance.rng.choice(found)[0], signal.SIGKILL)


@pytest.mark.parametrize("kill", [kill_the_server, kill_a_backend])
def test_a_server_killed_in_mid_load_is_told_with_3_and_the_next_load_completes(
    own_server: Server,
    scenarios: list[Scenario],
    chance: Chance,
    monkeypatch: pytest.MonkeyPatch,
    kill: Callable[[Server, DatabaseSettings, Chance], None],
) -> None:
    database = own_server.database("pulse_test")
    monkeypatch.setenv(URL_VARIABLE, database.as_url(with_password=True))
    for number in range(chance.moments):
        scenario = scenarios[number % len(scenarios)]
        for seconds in draws(scenario):
            scenario.renew(own_server)
            with connect(own_server.settings) as connection:
                # A copied database may go back to old numbers if it crashes before this.
                connection.execute("checkpoint")
            with running(scenario.tree.root, *WITH_WORKERS) as process:
                pause = chance.await_moment(process, database, seconds)
                what = f"{kill.__name__} after {pause:.4f} s, --seed {chance.seed}"
                kill(own_server, database, chance)
                _, stderr = process.communicate(timeout=60)
            embedded.start(own_server.data)
            until(lambda: answers(database))
            was_closed = status_of_last_load(database) == "succeeded"
            if process.returncode != 3:
                assert (process.returncode, was_closed) == (1, True), f"{what}: {stderr}"
            else:
                assert_one_sentence(stderr)
            load_after_the_dead_one(scenario.tree)
            expected = scenario.twice if was_closed else scenario.once
            assert_same_books(books(database), expected, what)
            if not was_closed:
                break


def answers(database: DatabaseSettings) -> bool:
    with suppress(DatabaseUnavailable), connect(database):
        return True
    return False


def test_a_server_killed_outright_starts_again_when_its_number_is_another_process_s(
    own_server: Server, chance: Chance
) -> None:
    database = own_server.database("postgres")
    lock = own_server.data / "postmaster.pid"
    content = lock.read_text()
    kill_the_server(own_server, database, chance)
    try:
        lock.write_text(content.replace(content.split()[0], str(os.getpid()), 1))
        embedded.start(own_server.data)
        assert answers(database)
    finally:
        if not answers(database):
            lock.unlink()
            embedded.start(own_server.data)
