"""Two loads at once: one works, the other exits 75 at once, and nothing is doubled."""

import shutil
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from loaders.database.settings import DatabaseSettings
from loaders.errors import LoadInProgress
from loaders.landing.load import Progress
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from tests.conftest import Tree
from tests.forms import some_of
from tests.loaders.faults import (
    WITH_WORKERS,
    assert_one_sentence,
    end_of,
    held,
    load_after_the_dead_one,
    one,
    running,
    until,
)
from tests.loaders.test_loading import counters, load

TABLES = ["raw.loads", "raw.scorecards", "raw.files"]


@pytest.fixture(params=some_of(["the same directory", "a copy of it"], 1))
def second_tree(request: pytest.FixtureRequest, hundred: Tree, tmp_path: Path) -> Tree:
    """What the second load is asked to load."""
    if request.param == "the same directory":
        return hundred
    return Tree(Path(shutil.copytree(hundred.root, tmp_path / "copy")))


def assert_landed_once(connection: psycopg.Connection) -> None:
    """Each of the hundred is there once, and in the books once."""
    paths = sorted(f"scorecards/{number}.json" for number in range(100))
    for query in (
        "select source_path from raw.documents",
        "select source_path from raw.documents where superseded_at is null",
        "select source_path from raw.files where state = 'landed'",
    ):
        assert sorted(path for (path,) in connection.execute(query).fetchall()) == paths


@pytest.mark.parametrize("table", TABLES)
def test_the_second_exits_75_while_the_first_is_held_up_at_any_table(
    hundred: Tree,
    second_tree: Tree,
    database: DatabaseSettings,
    connection: psycopg.Connection,
    table: str,
) -> None:
    with running(hundred.root, *WITH_WORKERS) as first:
        with held(database, table) as somebody_waits:
            until(somebody_waits)
            code, stdout, stderr = end_of(second_tree.root, *WITH_WORKERS)
            assert (code, stdout) == (75, ""), stderr
            assert_one_sentence(stderr)
            assert first.poll() is None
        assert first.wait(60) == 0
    assert_landed_once(connection)
    assert one(connection, "select count(*) from raw.loads") == 1


@pytest.mark.parametrize("stage", ["list", "copy", "close"])
def test_the_second_exits_75_at_every_stage_of_the_first(
    hundred: Tree,
    connection: psycopg.Connection,
    stage: str,
) -> None:
    codes: list[int] = []

    def start_another(progress: Progress) -> None:
        if progress.stage == stage and not codes:
            code, stdout, stderr = end_of(hundred.root, "--json")
            codes.append(code)
            assert stdout == ""
            assert_one_sentence(stderr)

    result = load_source(hundred.root, None, Scope(), on_progress=start_another)
    assert codes == [75]
    assert counters(result).landed == 100
    assert_landed_once(connection)
    assert one(connection, "select count(*) from raw.loads") == 1


def test_whoever_comes_first_works_also_when_it_is_the_one_in_this_process(
    hundred: Tree, database: DatabaseSettings, connection: psycopg.Connection
) -> None:
    with running(hundred.root, *WITH_WORKERS) as first:
        with held(database, "raw.loads") as somebody_waits:
            until(somebody_waits)
            with pytest.raises(LoadInProgress):
                load(hundred)
        assert first.wait(60) == 0
    assert counters(load(hundred)).unchanged == 100
    assert_landed_once(connection)


@pytest.mark.parametrize("table", TABLES[1:])
def test_when_the_first_is_killed_the_next_one_works(
    hundred: Tree,
    database: DatabaseSettings,
    connection: psycopg.Connection,
    table: str,
) -> None:
    with running(hundred.root, *WITH_WORKERS) as first:
        with held(database, table) as somebody_waits:
            until(somebody_waits)
            assert end_of(hundred.root)[0] == 75
            # A third one is on its way while the first dies.
            with running(hundred.root) as third:
                first.kill()
                first.wait()
                if third.poll() is None:
                    until(lambda: third.poll() is not None or is_waiting(connection))
        load_after_the_dead_one(hundred)
    assert_landed_once(connection)
    succeeded = one(connection, "select count(*) from raw.loads where status = 'succeeded'")
    assert succeeded == one(connection, "select count(*) from raw.loads where landed is not null")
    assert one(connection, "select sum(landed) <= 100 from raw.loads")
    assert one(connection, "select count(*) from raw.loads where status = 'running'") == 0


def is_waiting(connection: psycopg.Connection) -> bool:
    """Return whether any load in the test's database waits for a lock."""
    found: bool = one(
        connection,
        "select count(*) > 0 from pg_stat_activity "
        "where datname = current_database() and wait_event_type = 'Lock'",
    )
    return found


def test_of_many_loads_at_once_each_works_or_exits_75(
    hundred: Tree, second_tree: Tree, connection: psycopg.Connection
) -> None:
    with ExitStack() as stack:
        loads = [
            stack.enter_context(running(tree.root, *WITH_WORKERS))
            for tree in (hundred, second_tree) * 3
        ]
        ends = [process.communicate(timeout=60) for process in loads]
        codes = [process.returncode for process in loads]
    assert set(codes) <= {0, 75}
    assert 0 in codes
    for code, (_, stderr) in zip(codes, ends, strict=True):
        if code == 75:
            assert_one_sentence(stderr)
    assert_landed_once(connection)
    landed = connection.execute("select landed from raw.loads order by load_id").fetchall()
    assert landed == [(100,)] + [(0,)] * (codes.count(0) - 1)
