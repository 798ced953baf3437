"""What tests of the marts share: the example tree, loaded and built once per server."""

import functools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from tests.conftest import (
    EXAMPLES,
    EXAMPLES_DATABASE,
    RunCommand,
    Server,
    create_database,
    database_for_a_test,
)
from tests.marts.access import House, close_house, open_house
from tests.marts.rebuilding import Project, copy_project
from tests.marts.small_project import copy_part, copy_small_project
from tests.marts.warm_dbt import PartOf, WarmDbt, warm_dbt


@pytest.fixture(scope="session")
def built_examples(server: Server) -> DatabaseSettings:
    """A database with the marts of examples/legacy; tests only read it."""
    return server.database(EXAMPLES_DATABASE)


@pytest.fixture(scope="session")
def house(server: Server, pulse_elt: RunCommand) -> Iterator[House]:
    """A database of an owner who is no superuser, with roles, logins and the example marts."""
    opened = open_house(server, pulse_elt)
    yield opened
    close_house(opened)


@pytest.fixture
def standing(
    server: Server, built_examples: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DatabaseSettings]:
    """A database of the test's own with the marts of examples/legacy."""
    yield from database_for_a_test(server, EXAMPLES_DATABASE, monkeypatch, "pulse_standing")


@pytest.fixture(scope="session")
def _project_copy(tmp_path_factory: pytest.TempPathFactory, shared_folder: Path) -> Project:
    return copy_project(tmp_path_factory.mktemp("copy"), shared_folder)


@pytest.fixture
def project(_project_copy: Project) -> Iterator[Project]:
    """A copy of the dbt project to be edited."""
    yield _project_copy
    _project_copy.restore()


@pytest.fixture(scope="session")
def _small_copy(tmp_path_factory: pytest.TempPathFactory, shared_folder: Path) -> Project:
    return copy_small_project(tmp_path_factory.mktemp("small"), shared_folder)


@pytest.fixture
def small_project(_small_copy: Project) -> Iterator[Project]:
    """A copy of the dbt project with nine models, to be edited."""
    yield _small_copy
    _small_copy.restore()


@pytest.fixture(scope="session")
def _small_built(server: Server, template: str, _small_copy: Project) -> str:
    settings = create_database(server, "pulse_standing", template)
    _small_copy.dbt.run(settings, EXAMPLES)
    with connect(server.settings) as connection:
        connection.execute("alter database pulse_standing rename to pulse_small")
    return "pulse_small"


@pytest.fixture
def small(
    server: Server, _small_built: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DatabaseSettings]:
    """A database of the test's own with what the small project makes of examples/legacy."""
    yield from database_for_a_test(server, _small_built, monkeypatch, "pulse_standing")


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    """What the made-up documents grow from: always the same in `make test`, new in a soak."""
    given: int | None = request.config.getoption("--seed")
    if given is not None:
        return given
    soaking = request.config.getoption("--examples") > 1
    return random.SystemRandom().randrange(10**6) if soaking else 20250304


@pytest.fixture(scope="session")
def dbt(tmp_path_factory: pytest.TempPathFactory, shared_folder: Path) -> WarmDbt:
    """dbt in this process, for tests of what is built and not of how the command tells it."""
    return warm_dbt(tmp_path_factory.mktemp("warm"), shared_folder)


@pytest.fixture(scope="session")
def part_of(
    server: Server, dbt: WarmDbt, tmp_path_factory: pytest.TempPathFactory, shared_folder: Path
) -> PartOf:
    """dbt on some models and what they are made of, for tests that read no others."""

    @functools.cache
    def copy(*models: str) -> WarmDbt:
        folder = tmp_path_factory.mktemp("part")
        return copy_part(folder, shared_folder, dbt.parse(server.settings), *models).dbt

    return copy
