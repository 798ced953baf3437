"""However documents come, go and change: builds on the way give what one full build gives."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.landing.model import Scope
from loaders.pipeline import load_source, migrate_database
from tests.conftest import Tree
from tests.marts.growth import SESSIONS, USERS, Growth
from tests.marts.own_marts import add_own_marts, assert_own_marts_follow, change_own, create_crm
from tests.marts.rebuilding import (
    Everything,
    Project,
    assert_same,
    drop_what_stands,
    everything,
)
from tests.marts.warm_dbt import WarmDbt

ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Kiritimati"]


@pytest.mark.by_chance
def test_random_increments_give_what_a_full_build_gives(
    request: pytest.FixtureRequest,
    database: DatabaseSettings,
    connection: psycopg.Connection,
    dbt: WarmDbt,
    tmp_path: Path,
) -> None:
    seed = request.config.getoption("--seed")
    seed = random.randrange(10**6) if seed is None else seed
    for number in range(request.config.getoption("--histories")):
        name = f"{seed}/{number}"
        history = History(name, database, connection, dbt, random.Random(name), tmp_path / name)
        grown = history.grow()
        assert_same(grown, history.build_at_once(), history.told("a full build differs"))


@pytest.mark.long
def test_an_analysts_own_marts_follow_rounds_of_changes(
    request: pytest.FixtureRequest,
    database: DatabaseSettings,
    connection: psycopg.Connection,
    project: Project,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Over a table model, a source and a kind of his own: after each round what a query says.

    And all marts are as a full build makes them. Four rounds, ten where histories are asked for.
    """
    seed = request.config.getoption("--seed")
    seed = random.randrange(10**6) if seed is None else seed
    add_own_marts(project)
    monkeypatch.setenv("PULSE_ELT_PROJECT_DIR", str(project.root))
    # The first round may have nothing to load, and a load makes the partition of a new kind.
    migrate_database()
    chance, folder = random.Random(seed), tmp_path / "own"
    rounds = 4 if request.config.getoption("--histories") == 1 else 10
    history = OwnHistory(str(seed), database, connection, project.dbt, chance, folder, rounds)
    grown = history.grow()
    assert_same(grown, history.build_at_once(), history.told("a full build differs"))


@dataclass
class History:
    """A landing that grows in increments, with a build after each, and then is built at once."""

    name: str
    settings: DatabaseSettings
    connection: psycopg.Connection
    dbt: WarmDbt
    chance: random.Random
    folder: Path
    last: int = 0
    arguments: list[str] = field(default_factory=list)
    diary: list[str] = field(default_factory=list)

    def grow(self) -> Everything:
        """Return what stands after the last increment."""
        # The marts of the history before stand: that all documents go is the first increment.
        self.connection.execute(
            "truncate raw.documents, raw.files, raw.quarantine, raw.user_identities"
        )
        self.folder.mkdir(parents=True)
        growth = Growth(self.chance, Tree(self.folder))
        last = self.last or self.chance.choice([4, 4, 5, 6])
        for number in range(1, last + 1):
            steps = self.chance.choice([1, 2, 4, 30 if number == 1 else 12])
            self.diary += [growth.step(self.connection) for _ in range(steps)]
            self._change_more()
            if any(self.folder.rglob("*.json")):
                load_source(self.folder, None, Scope(), workers=1)
            # What is written during the last build would be in the build at once, and not before.
            is_live = number < last and self.chance.random() < 0.4
            with self._live_writes() if is_live else nullcontext():
                self._build(self._arguments())
            waiting = self.connection.execute("select consumer from staging.rebuild_queue")
            assert waiting.fetchall() == [], self.told("somebody still waits for keys")
            self._check_round(is_live=is_live)
        return everything(self.connection)

    def _change_more(self) -> None:
        """Change what a history has besides a landing."""

    def _check_round(self, *, is_live: bool) -> None:
        """Check what can be said after a build."""

    def build_at_once(self) -> Everything:
        """Return what a full build of the same landing gives where nothing stands."""
        drop_what_stands(self.connection)
        self._build([each for each in self.arguments if each != "--full-refresh"])
        return everything(self.connection)

    def told(self, finding: str) -> str:
        """Return a finding with all that led to it."""
        return "\n".join([f"--seed and history {self.name}: {finding}", *self.diary])

    def _build(self, arguments: list[str]) -> None:
        zone = self.chance.choice(ZONES)
        built = self.dbt.build(self.settings, *arguments, PGTZ=zone)
        did = {name: what for name, what in built.items() if "-" in what}
        self.diary.append(f"built with {arguments} in {zone}: {did}")
        self.arguments = arguments

    def _arguments(self) -> list[str]:
        if self.chance.random() < 0.15:
            return ["--vars", "readiness_formula: v2"]
        return ["--full-refresh"] if self.chance.random() < 0.1 else []

    @contextmanager
    def _live_writes(self) -> Iterator[None]:
        """The application writes as long as the block lasts."""
        over = threading.Event()
        growth = Growth(random.Random(self.chance.random()), Tree(self.folder))

        def write() -> int:
            count = 0
            with connect(self.settings) as connection:
                while count == 0 or not over.wait(0.05):
                    growth.app_write(connection)
                    count += 1
            return count

        with ThreadPoolExecutor(1) as pool:
            written = pool.submit(write)
            try:
                yield
            finally:
                over.set()
            self.diary.append(f"meanwhile the app wrote {written.result()} scorecards")


@dataclass
class OwnHistory(History):
    """A history in which an analyst has marts of his own."""

    def __post_init__(self) -> None:
        create_crm(self.connection)

    def _change_more(self) -> None:
        for _ in range(self.chance.choice([0, 1, 3, 6])):
            self.diary.append(
                change_own(self.chance, self.connection, Tree(self.folder), USERS, SESSIONS)
            )

    def _check_round(self, *, is_live: bool) -> None:
        assert_own_marts_follow(self.connection, self.told("a mart of an analyst's own is stale"))
