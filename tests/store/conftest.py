"""Stores on a fresh database, as a login in pulse_app."""

import ctypes
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import pulse_store
from loaders.database import embedded
from loaders.database.settings import DatabaseSettings
from pulse_store import Settings, Store
from pulse_store.counters import OnEvent
from tests.conftest import Server, create_database
from tests.loaders.writing import settings_of_the_app
from tests.marts.access import LOGINS
from tests.store.proxy import Proxy, proxy_to

MakeStore = Callable[..., Store]

_PR_SET_CHILD_SUBREAPER = 36


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


@pytest.fixture
def proxy(app: DatabaseSettings) -> Iterator[Proxy]:
    # A socket's path is short.
    with tempfile.TemporaryDirectory() as folder:
        parameters = app.parameters
        with proxy_to(Path(folder), parameters["host"], parameters["port"]) as running:
            running.folder = folder  # type: ignore[attr-defined]
            yield running


@pytest.fixture
def own_server(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that may be killed."""
    # Its orphans become ours, and are reaped: PostgreSQL does not start while its predecessor's
    # number lives on.
    assert ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    data = tmp_path_factory.mktemp(f"store{server.version}") / "postgres"
    yield Server(server.version, data, embedded.start(data, server.version))
    embedded.stop(data)
