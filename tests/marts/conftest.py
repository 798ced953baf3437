"""What tests of the marts share: the example tree, loaded and built once per server."""

import random
from collections.abc import Iterator

import pytest

from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from tests.conftest import EXAMPLES, RunCommand, Server, create_database, drop_database
from tests.marts.warm_dbt import WarmDbt, warm_dbt


@pytest.fixture(scope="session")
def built_examples(
    server: Server, template: str, pulse_elt: RunCommand
) -> Iterator[DatabaseSettings]:
    """A database with the marts of examples/legacy; tests only read it."""
    settings = create_database(server, "pulse_examples", template)
    done = pulse_elt("run", EXAMPLES, **{URL_VARIABLE: settings.as_url(with_password=True)})
    # 1: done, with findings, namely the bad files of the tree.
    assert done.returncode == 1, done.stdout + done.stderr
    yield settings
    drop_database(server, "pulse_examples")


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    """What the made-up documents grow from: always the same in `make test`, new in a soak."""
    given: int | None = request.config.getoption("--seed")
    if given is not None:
        return given
    soaking = request.config.getoption("--examples") > 1
    return random.SystemRandom().randrange(10**6) if soaking else 20250304


@pytest.fixture(scope="session")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> WarmDbt:
    """dbt in this process, for tests of what is built and not of how the command tells it."""
    return warm_dbt(tmp_path_factory.mktemp("warm"))
