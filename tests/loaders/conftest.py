"""What tests of faults share: trees, databases as they were before, a server that may die."""

import ctypes
import random
from collections.abc import Iterator

import pytest

from loaders.database import embedded
from loaders.database.connection import connect
from tests.conftest import Server, Tree, drop_database
from tests.loaders.faults import one
from tests.loaders.killing import Chance, Scenario, Trees, measure, prepare, write_trees

_PR_SET_CHILD_SUBREAPER = 36


@pytest.fixture
def hundred(database: object, tree: Tree) -> Tree:
    """A hundred scorecards, and a database for them."""
    for number in range(100):
        tree.write(f"scorecards/{number}.json", {"n": number})
    return tree


@pytest.fixture
def neighbours(database: object, tree: Tree) -> Tree:
    """Twenty files that stay as they are."""
    for number in range(20):
        tree.write(f"scorecards/{number}.json", {"n": number})
    return tree


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> Trees:
    """The trees, written once."""
    return write_trees(tmp_path_factory.mktemp("killed"))


@pytest.fixture(scope="module")
def scenarios(server: Server, trees: Trees) -> Iterator[list[Scenario]]:
    """A first load, and one with changes of every sort, measured undisturbed."""
    prepare(server, trees)
    yield [
        measure(server, trees.first, "pulse_first"),
        measure(server, trees.second, "pulse_second"),
    ]
    for name in ("pulse_undisturbed", "pulse_first", "pulse_second"):
        drop_database(server, name)


@pytest.fixture(scope="module")
def own_server(
    server: Server, trees: Trees, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server that may be killed, of the same version, which keeps its promises to the disk."""
    # Its orphans become ours: in a container without an init nobody else would reap them, and
    # PostgreSQL does not start while the number of its predecessor lives on.
    assert ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    data = tmp_path_factory.mktemp(f"killed{server.version}") / "postgres"
    own = Server(server.version, data, embedded.start(data, server.version))
    with connect(own.settings) as connection:
        assert one(connection, "show fsync") == "on"
    prepare(own, trees)
    yield own
    embedded.stop(data)


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> Chance:
    """The random moments of a test."""
    seed = request.config.getoption("--seed")
    if seed is None:
        seed = random.SystemRandom().randrange(10**6)
    return Chance(request.config.getoption("--moments"), seed, random.Random(seed))
