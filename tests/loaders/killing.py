"""Trees and databases for loads that are killed, and the moments at which they are."""

import random
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from loaders.database.connection import connect
from loaders.database.migrations import migrate
from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from loaders.landing.load import Progress
from loaders.landing.model import Scope
from loaders.pipeline import configured_kinds, load_source
from tests.conftest import Server, Tree, create_database
from tests.loaders.faults import Books, books, one, until
from tests.loaders.test_loading import load

_SESSIONS = 900


def write_first_version(tree: Tree) -> None:
    for number in range(_SESSIONS):
        for kind in ("session", "scorecard", "conversation"):
            tree.write(f"sessions/{number}/{kind}.json", {"n": number, "version": 1})
    for number in range(30):
        tree.write(f"sessions/bad{number}/session.json", b'{"n": ' + b"1" * number)


def write_second_version(tree: Tree) -> None:
    """Change, add, remove, touch, spoil and mend what write_first_version wrote."""
    for number in range(0, _SESSIONS, 2):
        tree.write(f"sessions/{number}/scorecard.json", {"n": number, "version": 2})
        tree.write(f"sessions/{number}/conversation.json", {"n": number, "version": 2})
        tree.write(f"sessions/{number}/evaluation.json", {"n": number, "version": 2})
        tree.write(f"sessions/{number}/events.json", [number])
    for number in range(1, 100, 2):
        (tree.root / f"sessions/{number}/session.json").unlink()
        tree.write(f"sessions/{number}/scorecard.json", b"{")
        (tree.root / f"sessions/{number}/conversation.json").touch()
    for number in range(20):
        tree.write(f"sessions/bad{number}/session.json", {} if number % 2 else b"[")


@dataclass(frozen=True)
class Trees:
    """A tree to load first, and one in both its versions."""

    first: Tree
    before: Tree
    second: Tree


@dataclass(frozen=True)
class Scenario:
    """A tree, the database it is loaded into, and what undisturbed loads make of it."""

    tree: Tree
    template: str
    once: Books
    twice: Books
    seconds: float

    def renew(self, server: Server) -> DatabaseSettings:
        """Create the test's database anew, as it is before the load."""
        return create_database(server, "pulse_test", self.template)


def write_trees(folder: Path) -> Trees:
    """Write the trees below a folder."""
    trees = Trees(*(Tree(folder / name) for name in ("first", "before", "second")))
    write_first_version(trees.first)
    write_first_version(trees.before)
    shutil.copytree(trees.before.root, trees.second.root)
    write_second_version(trees.second)
    return trees


def prepare(server: Server, trees: Trees) -> None:
    """Create the databases that the two scenarios begin with."""
    for name in ("pulse_first", "pulse_second"):
        with connect(create_database(server, name, "template1")) as connection:
            migrate(connection, configured_kinds())
    load_into(server.database("pulse_second"), trees.before)


def load_into(database: DatabaseSettings, tree: Tree) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(URL_VARIABLE, database.as_url(with_password=True))
        load(tree)


def measure(server: Server, tree: Tree, template: str) -> Scenario:
    """Load a tree undisturbed, and once more."""
    database = create_database(server, "pulse_undisturbed", template)
    load_into(database, tree)
    once = books(database)
    assert all(len(once[table]) >= 30 for table in ("documents", "files", "quarantine"))
    with connect(database) as connection:
        seconds = one(
            connection,
            "select extract(epoch from finished_at - started_at)::float8 from raw.loads "
            "order by load_id desc limit 1",
        )
    load_into(database, tree)
    return Scenario(tree, template, once, books(database), seconds)


@dataclass
class Chance:
    """Random moments that can be had again: --moments and --seed."""

    moments: int
    seed: int
    rng: random.Random

    def await_moment(
        self, process: subprocess.Popen[str], database: DatabaseSettings, seconds: float
    ) -> float:
        """Wait for a random moment of a load that takes so many seconds; return the pause."""
        with connect(database) as observer:
            until(
                lambda: (
                    process.poll() is not None
                    or one(observer, "select count(*) from raw.loads where status = 'running'")
                )
            )
        pause = self.rng.uniform(0, seconds)
        with suppress(subprocess.TimeoutExpired):
            process.wait(pause)
        return pause


def status_of_last_load(database: DatabaseSettings) -> str | None:
    """Return what the ledger says of the newest load."""
    with connect(database) as connection:
        row = connection.execute(
            "select status from raw.loads order by load_id desc limit 1"
        ).fetchone()
        return row[0] if row else None


def load_watching_the_dead_one(tree: Tree, database: DatabaseSettings) -> tuple[int, int]:
    """Load, and count what the load before had committed: when this one began, and at its end."""
    with connect(database) as connection:
        dead = one(connection, "select max(load_id) from raw.loads")
        query = f"select count(*) from raw.documents where load_id = {dead}"
        counts: list[int] = []

        def count_at_the_beginning(progress: Progress) -> None:
            if not counts:
                counts.append(one(connection, query))

        load_source(tree.root, None, Scope(), on_progress=count_at_the_beginning)
        return counts[0], one(connection, query)
