"""Stores on a fresh database, as a login in pulse_app."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import pulse_store
from loaders.database.settings import DatabaseSettings
from pulse_store import Settings, Store
from pulse_store.counters import OnEvent
from tests.conftest import Server, create_database
from tests.loaders.writing import settings_of_the_app
from tests.marts.access import LOGINS

MakeStore = Callable[..., Store]


@pytest.fixture(scope="session")
def template(server: Server, template: str) -> str:
    """The name of a database with an empty, migrated landing and the roles' rights on it."""
    name = f"{template}_with_roles"
    settings_of_the_app(create_database(server, name, template))
    return name


@pytest.fixture
def app(database: DatabaseSettings) -> DatabaseSettings:
    """The database as the application's login reaches it."""
    return DatabaseSettings({**database.parameters, "user": LOGINS["pulse_app"]})


@pytest.fixture
def make_store(app: DatabaseSettings, tmp_path: Path) -> Iterator[MakeStore]:
    """Make stores; those of one test share the directory of configuration files."""
    files = tmp_path / "configuration"
    files.mkdir()
    made: list[Store] = []

    def make(on_event: OnEvent | None = None, **changes: Any) -> Store:  # noqa: ANN401
        settings = {
            "parameters": app.parameters, "files": str(files), "instance": "a test", **changes
        }  # fmt: skip
        made.append(Store(Settings(**settings), on_event=on_event))
        return made[-1]

    yield make
    for store in made:
        store.close()


@pytest.fixture
def store(make_store: MakeStore) -> Store:
    """A store as an application has it."""
    return make_store()


@pytest.fixture
def default_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The same as the store of the module's functions."""
    monkeypatch.setattr(pulse_store, "_default", store)
    return store
