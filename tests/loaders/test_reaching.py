"""Loader, workers and dbt reach one and the same server, however it is named."""

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.current import exports
from loaders.database.reached import reached
from loaders.database.settings import (
    PART_VARIABLES,
    URL_VARIABLE,
    DatabaseSettings,
    settings_from_environment,
)
from loaders.errors import DatabaseUnavailable
from loaders.transform.dbt import build
from tests.conftest import EXAMPLES, ROOT, RunCommand, Server, drop_database
from tests.forms import some_of
from tests.pooler import pooler

pytestmark = pytest.mark.newest_server

BIN = ROOT / ".venv" / "bin"
SECRET = "s3cret in a file"  # noqa: S105


@pytest.fixture
def tcp(database: DatabaseSettings, tmp_path: Path) -> Iterator[DatabaseSettings]:
    """The test's database by way of TCP."""
    folder = tmp_path / "pooler"
    folder.mkdir()
    with pooler(folder, database, "session") as pooled:
        yield pooled


def service(folder: Path, **parameters: str) -> str:
    """Write a service file with one service, "pulse", and return its path."""
    file = folder / "pg_service.conf"
    lines = [f"{name}={value}" for name, value in parameters.items()]
    file.write_text("\n".join(["[pulse]", *lines]) + "\n")
    return str(file)


def _by_environment(tcp: DatabaseSettings, folder: Path) -> dict[str, str]:
    p = tcp.parameters
    return {
        URL_VARIABLE: f"postgresql:///{p['dbname']}",
        "PGHOST": p["host"], "PGPORT": p["port"], "PGUSER": p["user"],
    }  # fmt: skip


def _by_defaults_of_all(tcp: DatabaseSettings, folder: Path) -> dict[str, str]:
    p = tcp.parameters
    return {
        URL_VARIABLE: "postgresql://",
        "PGHOST": p["host"], "PGPORT": p["port"], "PGUSER": p["user"], "PGDATABASE": p["dbname"],
    }  # fmt: skip


def _by_parts(tcp: DatabaseSettings, folder: Path) -> dict[str, str]:
    p = tcp.parameters
    return {
        URL_VARIABLE: "",
        PART_VARIABLES["dbname"]: p["dbname"],
        "PGHOST": p["host"], "PGPORT": p["port"], "PGUSER": p["user"],
    }  # fmt: skip


def _by_service_in_url(tcp: DatabaseSettings, folder: Path) -> dict[str, str]:
    file = service(folder, **tcp.parameters)
    return {URL_VARIABLE: "postgresql:///?service=pulse", "PGSERVICEFILE": file}


def _by_service(tcp: DatabaseSettings, folder: Path) -> dict[str, str]:
    file = service(folder, **tcp.parameters)
    return {URL_VARIABLE: "postgresql://", "PGSERVICEFILE": file, "PGSERVICE": "pulse"}


def _by_service_of_the_port(tcp: DatabaseSettings, folder: Path) -> dict[str, str]:
    p = tcp.parameters
    return {
        URL_VARIABLE: f"postgresql://{p['user']}@{p['host']}/{p['dbname']}",
        "PGSERVICEFILE": service(folder, port=p["port"]), "PGSERVICE": "pulse",
    }  # fmt: skip


def _by_two_hosts(tcp: DatabaseSettings, folder: Path) -> dict[str, str]:
    p = tcp.parameters
    # Nobody listens on the first.
    place = f"127.0.0.1:9,{p['host']}:{p['port']}"
    return {URL_VARIABLE: f"postgresql://{p['user']}@{place}/{p['dbname']}"}


def _by_what_a_session_may_do(tcp: DatabaseSettings, folder: Path) -> dict[str, str]:
    p = tcp.parameters
    place = f"127.0.0.1:9,{p['host']}:{p['port']}"
    rest = "target_session_attrs=read-write&load_balance_hosts=random"
    return {URL_VARIABLE: f"postgresql://{p['user']}@{place}/{p['dbname']}?{rest}"}


def _by_address(tcp: DatabaseSettings, folder: Path) -> dict[str, str]:
    p = tcp.parameters
    # The name leads nowhere.
    place = f"pulse.invalid:{p['port']}"
    return {URL_VARIABLE: f"postgresql://{p['user']}@{place}/{p['dbname']}?hostaddr={p['host']}"}


def _by_conninfo(tcp: DatabaseSettings, folder: Path) -> dict[str, str]:
    p = tcp.parameters
    return {
        URL_VARIABLE: f"host={p['host']} port={p['port']} dbname={p['dbname']} user={p['user']}"
    }


def _by_passfile(tcp: DatabaseSettings, folder: Path) -> dict[str, str]:
    p = tcp.parameters
    file = folder / "passfile"
    file.touch(mode=0o600)
    file.write_text(f"*:{p['port']}:{p['dbname']}:*:{SECRET}\n")
    place = f"{p['user']}@{p['host']}:{p['port']}"
    return {URL_VARIABLE: f"postgresql://{place}/{p['dbname']}?passfile={file}"}


Naming = Callable[[DatabaseSettings, Path], dict[str, str]]
NAMINGS = (
    _by_environment, _by_defaults_of_all, _by_parts, _by_service_in_url, _by_service,
    _by_service_of_the_port, _by_two_hosts, _by_what_a_session_may_do, _by_address,
    _by_conninfo, _by_passfile,
)  # fmt: skip
named_in_any_way = pytest.mark.parametrize("naming", NAMINGS, ids=lambda naming: naming.__name__)


@named_in_any_way
def test_what_a_connection_reached_says_it_all(
    tcp: DatabaseSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, naming: Naming
) -> None:
    for name, value in naming(tcp, tmp_path).items():
        monkeypatch.setenv(name, value)
    named = settings_from_environment(dict(os.environ))
    assert named is not None
    with connect(named) as connection:
        found = reached(connection, named)
        assert connection.info.dbname == tcp.parameters["dbname"]
    expected = {**tcp.parameters, "hostaddr": "127.0.0.1"}
    if naming is _by_passfile:
        expected["password"] = SECRET
    if naming is _by_address:
        expected["host"] = "pulse.invalid"
    assert {name: found.parameters[name] for name in expected} == expected
    assert not found.parameters.keys() & {"service", "passfile", "target_session_attrs"}
    # The driver of dbt, with nothing of the test's environment.
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)
    import psycopg2  # type: ignore[import-untyped]

    place = {name: found.parameters.get(name) for name in (*expected, "password")}
    dbts = psycopg2.connect(**place)
    with dbts.cursor() as cursor:
        cursor.execute("select system_identifier::text from pg_control_system()")
        assert cursor.fetchone() == (found.server,)
    dbts.close()


@pytest.mark.parametrize(
    "naming",
    some_of(
        [_by_environment, _by_service_of_the_port, _by_two_hosts, _by_address, _by_passfile], 2
    ),
)
def test_plain_dbt_asks_for_db_env_and_is_then_led_there(
    tcp: DatabaseSettings, tmp_path: Path, pulse_elt: RunCommand, naming: Naming
) -> None:
    names = naming(tcp, tmp_path)
    (tmp_path / "profiles.yml").write_bytes((ROOT / "profiles.example.yml").read_bytes())
    asked = pulse_elt.dbt("debug", "--profiles-dir", tmp_path, "--connection", **names)
    assert asked.returncode != 0
    assert 'eval "$(pulse-elt db env)"' in asked.stdout
    shell = 'eval "$(pulse-elt db env)" && env -0 >variables && dbt debug --connection "$@"'
    led = subprocess.run(
        ["/bin/bash", "-c", shell, "bash", "--project-dir", ROOT, "--profiles-dir", tmp_path],
        env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", **names},
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert led.returncode == 0, led.stdout + led.stderr
    assert f"port: {tcp.parameters['port']}" in led.stdout
    assert f"database: {tcp.parameters['dbname']}" in led.stdout
    assert SECRET not in led.stdout + led.stderr
    variables = dict(
        line.split("=", 1) for line in (tmp_path / "variables").read_text().split("\0") if line
    )
    assert variables.get("PGPASSWORD") == (SECRET if naming is _by_passfile else None)
    # An address would lead every other client of the shell here, too.
    assert ("PGHOSTADDR" in variables) == (naming is _by_address)
    assert "PGSERVICE" not in variables


def test_plain_dbt_reads_a_query_as_libpq_does(
    tcp: DatabaseSettings, tmp_path: Path, pulse_elt: RunCommand
) -> None:
    """What a query says wins over what stands before it, and the last one of a name wins."""
    p = tcp.parameters
    query = f"host=elsewhere&port=9&host={p['host']}&port={p['port']}"
    url = f"postgresql://{p['user']}@pulse.invalid:9/{p['dbname']}?{query}"
    (tmp_path / "profiles.yml").write_bytes((ROOT / "profiles.example.yml").read_bytes())
    done = pulse_elt.dbt("debug", "--profiles-dir", tmp_path, "--connection", **{URL_VARIABLE: url})
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("variable", ["PGHOSTADDR", "PGSERVICE"])
def test_nothing_leads_away_from_the_embedded_server(
    tmp_path: Path, pulse_elt: RunCommand, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    (tmp_path / "profiles.yml").write_bytes((ROOT / "profiles.example.yml").read_bytes())
    names = {URL_VARIABLE: "", variable: "127.0.0.1"}
    asked = pulse_elt.dbt("debug", "--profiles-dir", tmp_path, "--connection", **names)
    assert 'eval "$(pulse-elt db env)"' in asked.stdout
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
    running = DatabaseSettings(
        {"host": "/s", "port": "5432", "user": "u", "dbname": "d"}, is_embedded=True
    )
    assert exports(running).splitlines()[-1] == f"unset {URL_VARIABLE} PGHOSTADDR"


@named_in_any_way
def test_the_status_says_which_server_was_reached(
    tcp: DatabaseSettings, tmp_path: Path, pulse_elt: RunCommand, naming: Naming
) -> None:
    done = pulse_elt("db", "status", **naming(tcp, tmp_path))
    place = "{host}:{port}".format(**tcp.parameters)
    if naming is _by_address:
        place = f"pulse.invalid:{tcp.parameters['port']}"
    assert f"database {tcp.parameters['dbname']} on {place}: running" in done.stdout, done.stderr


def test_what_is_refused_is_named_by_what_libpq_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "db")
    monkeypatch.setenv("PGPORT", "77")
    assert str(DatabaseSettings({"dbname": "d"})) == "database d on db:77"
    two = DatabaseSettings({"dbname": "d", "host": "a,b", "port": "1,2"})
    assert str(two) == "database d on a:1 or b:2"
    served = DatabaseSettings({"dbname": "d", "service": "s"})
    assert str(served) == "database d on the server of service s"


@pytest.mark.parametrize("query", ["sslmode=strict", "service=nosuch", "target_session_attrs=any1"])
def test_a_parameter_that_libpq_does_not_take_is_no_lost_connection(query: str) -> None:
    """A night would try a lost one again."""
    named = settings_from_environment({URL_VARIABLE: f"postgresql://u@127.0.0.1:9/d?{query}"})
    assert named is not None
    with pytest.raises(DatabaseUnavailable, match="Correct that in the URL") as refused:
        connect(named)
    assert type(refused.value) is DatabaseUnavailable


def test_a_url_that_says_it_all_needs_no_connection(pulse_elt: RunCommand) -> None:
    done = pulse_elt("db", "env", **{URL_VARIABLE: "postgresql://u@127.0.0.1:9/d"})
    assert done.returncode == 0
    done = pulse_elt("db", "env", **{URL_VARIABLE: "postgresql://u@127.0.0.1:9,127.0.0.1:10/d"})
    assert done.returncode == 3
    assert "Cannot connect" in done.stderr


def test_workers_and_dbt_follow_the_loader(
    tcp: DatabaseSettings, tmp_path: Path, pulse_elt: RunCommand
) -> None:
    names = {
        **_by_what_a_session_may_do(tcp, tmp_path),
        # What libpq would ask besides leads elsewhere.
        "PGSERVICEFILE": service(tmp_path, port="9", options="-c default_transaction_read_only=on"),
        "PGPASSFILE": "/nowhere",
    }
    loaded = pulse_elt("load", EXAMPLES, "--workers", "2", **names)
    assert loaded.returncode in (0, 1), loaded.stdout + loaded.stderr
    selected = ("--select", "+trainer_change_logs", "--exclude-resource-type", "test")
    built = pulse_elt("build", *selected, **names)
    assert built.returncode == 0, built.stdout + built.stderr


def test_another_server_is_refused(
    database: DatabaseSettings, tmp_path: Path, pulse_elt: RunCommand
) -> None:
    with pytest.raises(DatabaseUnavailable, match="another server") as refused:
        connect(replace(database, server="1"))
    assert refused.value.exit_code == 3
    (tmp_path / "profiles.yml").write_bytes((ROOT / "profiles.example.yml").read_bytes())
    done = pulse_elt.dbt("seed", "--profiles-dir", tmp_path, PULSE_ELT_SERVER="1")
    assert done.returncode != 0
    assert "dbt has reached another server than pulse-elt. Nothing was changed." in done.stdout
    with psycopg.connect(database.as_url(with_password=True)) as connection:
        found = connection.execute("select to_regclass('staging.pulse_steps')")
        assert found.fetchone() == (None,)


def test_a_build_that_reaches_another_server_ends_with_exit_code_3(
    database: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reached_another(
        connection: psycopg.Connection, settings: DatabaseSettings
    ) -> DatabaseSettings:
        return replace(reached(connection, settings), server="1")

    monkeypatch.setattr("loaders.transform.dbt.reached", reached_another)
    with pytest.raises(DatabaseUnavailable, match="dbt has reached another server") as refused:
        build(database, ROOT, ["--select", "pulse_steps"], quiet=True)
    assert refused.value.exit_code == 3


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
@pytest.mark.parametrize("command", [["db", "migrate"], ["db", "roles"], ["load", EXAMPLES]])
def test_a_database_in_another_encoding_is_refused_with_the_cure(
    server: Server, pulse_elt: RunCommand, encoding: str, command: list[object]
) -> None:
    with connect(server.settings) as superuser:
        superuser.execute("drop database if exists pulse_old")
        superuser.execute(
            f"create database pulse_old encoding '{encoding}' locale 'C' template template0"
        )
    settings = server.database("pulse_old")
    done = pulse_elt(*command, **{URL_VARIABLE: settings.as_url(with_password=True)})
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"is in {encoding}, not in UTF-8" in done.stderr
    assert "encoding 'UTF8' template template0" in done.stderr
    with psycopg.connect(settings.as_url(with_password=True)) as connection:
        found = connection.execute(
            "select count(*) from pg_namespace where nspname !~ '^(pg_|information_schema|public)'"
        )
        assert found.fetchone() == (0,)
    drop_database(server, "pulse_old")
