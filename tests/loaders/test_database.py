"""The database: settings, migrations, the guard, identities and the embedded server."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from hypothesis import example, given
from hypothesis import settings as how
from hypothesis import strategies as st
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from loaders.database import embedded
from loaders.database.connection import connect
from loaders.database.migrations import MARKER, migrate, read_migrations
from loaders.database.settings import (
    URL_VARIABLE,
    DatabaseSettings,
    settings_from_environment,
)
from loaders.errors import DatabaseUnavailable, PulseEltError
from loaders.pipeline import configured_kinds, load_identities
from tests.conftest import ROOT, RunCommand, Server, Tree

# Migrations, and the embedded server of each version.
pytestmark = pytest.mark.every_server

NASTY = "p@ss:w/o?r#d%41&x=y +'\"\\$(id)`!é☃ "
BIN = ROOT / ".venv" / "bin"

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)


def test_the_url_wins_over_the_parts() -> None:
    named = settings_from_environment(
        {URL_VARIABLE: "postgresql://u:p@h:1/d", "PULSE_ANALYTICS_DB_HOST": "other"}
    )
    assert named is not None
    expected = {"host": "h", "port": "1", "dbname": "d", "user": "u", "password": "p"}
    assert dict(named.parameters) == expected


def test_the_parts_are_the_apps_own_names() -> None:
    names = ("HOST", "PORT", "NAME", "USER", "PASSWORD")
    values = {**{name: name for name in names}, "PORT": "5433"}
    named = settings_from_environment({f"PULSE_ANALYTICS_DB_{n}": v for n, v in values.items()})
    assert named is not None
    assert dict(named.parameters) == {
        "host": "HOST", "port": "5433", "dbname": "NAME", "user": "USER", "password": "PASSWORD",
    }  # fmt: skip


@pytest.mark.parametrize("url", [None, "", "  "])
def test_no_variable_or_an_empty_one_names_no_database(url: str | None) -> None:
    environment = {"PULSE_ANALYTICS_DB_HOST": "", "PGHOST": "elsewhere"}
    assert (
        settings_from_environment({**environment, **({URL_VARIABLE: url} if url else {})}) is None
    )


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:s3cret%zz@localhost/d",
        "postgresql://u:s3cret@[::1/d",
        "postgresql://u:s3cret@localhost/d?colour=blue",
        "postgresql://u:s3cret@localhost:none/d",
        "postgresql://u:s3cret@localhost:99999/d",
        "postgresql://u:s3cret/more@localhost:1/d",
        "postgresql://u:1@s3cret@localhost:1/d",
        "mysql://u:s3cret@localhost/d",
        "u:s3cret@localhost/d",
        "s3cret",
    ],
)
def test_a_broken_url_is_told_in_a_sentence_that_keeps_the_password(
    url: str, pulse_elt: RunCommand
) -> None:
    done = pulse_elt("db", "migrate", **{URL_VARIABLE: url})
    assert done.returncode in (2, 3)
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert "s3cret" not in done.stdout + done.stderr


@given(password=texts.filter(lambda text: len(text) > 3), user=texts, name=texts)
@example(password=NASTY, user=NASTY, name=NASTY)
@how(max_examples=100)
def test_settings_survive_the_url_and_the_environment(password: str, user: str, name: str) -> None:
    for place in ({"host": "h", "port": "1"}, {"host": "/run/my socket"}, {"host": "::1"}, {}):
        parameters = {**place, "dbname": name, "user": user, "password": password}
        settings = DatabaseSettings(parameters)
        again = conninfo_to_dict(settings.as_url(with_password=True))
        assert again == parameters
        without = conninfo_to_dict(settings.as_url(with_password=False))
        assert without == {k: v for k, v in parameters.items() if k != "password"}
        found = settings_from_environment(settings.as_environment(with_password=True))
        assert found is not None
        assert {**found.parameters, **parameters} == dict(found.parameters)
        assert "PULSE_ANALYTICS_DB_PASSWORD" not in settings.as_environment(with_password=False)


def test_no_text_of_the_settings_holds_the_password() -> None:
    settings = DatabaseSettings({"host": "h", "password": "s3cret", "sslpassword": "s3cret"})
    for text in (
        repr(settings),
        str(settings),
        f"{settings}",
        settings.as_url(with_password=False),
    ):
        assert "s3cret" not in text
    assert "s3cret" not in str(settings.as_environment(with_password=False))


def test_psycopg_and_a_shell_reach_a_database_with_nasty_names(
    server: Server, database: DatabaseSettings
) -> None:
    role, name = sql.Identifier(NASTY), sql.Identifier(NASTY)
    with connect(server.settings) as connection:
        connection.execute(sql.SQL("create role {} login superuser").format(role))
        connection.execute(sql.SQL("create database {}").format(name))
    try:
        parameters = {
            **server.settings.parameters, "user": NASTY, "dbname": NASTY, "password": NASTY,
        }  # fmt: skip
        url = DatabaseSettings(parameters).as_url(with_password=True)
        with psycopg.connect(url) as connection:
            reached = connection.execute("select current_user, current_database()").fetchone()
        assert reached == (NASTY, NASTY)
        variables = subprocess.run(
            ["/bin/bash", "-c", 'eval "$(pulse-elt db env)" && env -0'],
            env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", URL_VARIABLE: url},
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout.split("\0")  # fmt: skip
        environment = dict(line.split("=", 1) for line in variables if line)
        found = settings_from_environment(environment)
        assert found is not None
        assert dict(found.parameters) == {"port": "5432", **parameters}
        # And any client of libpq, to which nothing is said.
        client = "import psycopg; print(psycopg.connect().info.dbname, end='')"
        reached_by_name = subprocess.run(
            [sys.executable, "-c", client],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert reached_by_name.stdout == NASTY
    finally:
        with connect(server.settings) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(name))
            connection.execute(sql.SQL("drop role {}").format(role))


def test_url_and_env_never_print_the_password(pulse_elt: RunCommand) -> None:
    url = "postgresql://u:s3cret@127.0.0.1:1/d?sslpassword=s3cret"
    for command in ("url", "env"):
        done = pulse_elt("db", command, **{URL_VARIABLE: url})
        assert done.returncode == 0
        assert "127.0.0.1" in done.stdout
        assert "s3cret" not in done.stdout + done.stderr
    master, slave = os.openpty()
    shown = subprocess.run(
        [BIN / "pulse-elt", "db", "env", "--password"],
        env={**os.environ, URL_VARIABLE: url}, cwd=ROOT, stdout=slave, stderr=slave, check=False,
    )  # fmt: skip
    os.close(slave)
    assert shown.returncode == 2
    assert b"s3cret" not in os.read(master, 10_000)
    os.close(master)


def test_a_server_older_than_16_is_refused_with_a_sentence(
    database: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("loaders.database.connection.OLDEST_SERVER", 190000)
        with pytest.raises(DatabaseUnavailable, match="19 or newer") as refused:
            connect(database)
    assert refused.value.exit_code == 3


def test_migrations_are_applied_once(empty_database: DatabaseSettings) -> None:
    kinds = configured_kinds()
    with connect(empty_database) as connection:
        first = migrate(connection, kinds)
        assert first.applied == tuple(migration.name for migration in read_migrations())
        assert set(first.partitions) == {rule.table for rule in kinds.loaded}
        second = migrate(connection, kinds)
        assert (second.applied, second.partitions) == ((), ())


def test_an_applied_file_that_changed_is_an_error_that_names_it(
    database: DatabaseSettings, pulse_elt: RunCommand
) -> None:
    first, *others = read_migrations()
    edited = replace(first, text=first.text + "\n-- edited", checksum="0" * len(first.checksum))
    with connect(database) as connection, pytest.raises(PulseEltError, match=first.name):
        migrate(connection, configured_kinds(), [edited, *others])
    with connect(database) as connection:
        connection.execute("update raw.schema_migrations set checksum = 'x'")
    done = pulse_elt("db", "migrate")
    assert done.returncode not in (0, 1)
    assert first.name in done.stderr


def test_a_failing_migration_leaves_nothing_behind(empty_database: DatabaseSettings) -> None:
    last = read_migrations()[-1]
    broken = replace(last, version=last.version + 1, name="9999_bad.sql", text="select 1 / 0")
    with connect(empty_database) as connection:
        with pytest.raises((PulseEltError, psycopg.Error)):
            migrate(connection, configured_kinds(), [*read_migrations(), broken])
        assert connection.execute("select to_regnamespace('raw') is null").fetchone() == (True,)


def test_two_migrations_at_once_apply_everything_once(empty_database: DatabaseSettings) -> None:
    def work(_: int) -> tuple[str, ...]:
        with connect(empty_database) as connection:
            return migrate(connection, configured_kinds()).applied

    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(work, range(4)))
    assert sorted(map(len, applied)) == [0, 0, 0, len(read_migrations())]


def test_a_newer_landing_is_refused(
    connection: psycopg.Connection, tree: Tree, pulse_elt: RunCommand
) -> None:
    connection.execute("insert into raw.schema_migrations values (9999, '9999_later.sql', 'x')")
    tree.write("sessions/a/session.json", {})
    done = pulse_elt("load", tree.root)
    assert done.returncode == 3
    assert "upgrade" in done.stderr
    assert connection.execute("select count(*) from raw.loads").fetchone() == (0,)


@pytest.mark.parametrize(
    "statement",
    [
        "create table analytics.the_apps (id int)",
        "create view analytics.the_apps as select 1 as id",
        "create materialized view analytics.the_apps as select 1 as id",
        "create table analytics.the_apps (id int); comment on table analytics.the_apps is 'ours'",
    ],
)
def test_an_analytics_schema_of_the_app_is_refused_by_name_and_nothing_is_touched(
    empty_database: DatabaseSettings, statement: str
) -> None:
    with connect(empty_database) as connection:
        connection.execute(f"create schema analytics; {statement}")
        with pytest.raises(DatabaseUnavailable, match="the_apps"):
            migrate(connection, configured_kinds())
        assert connection.execute("select to_regnamespace('raw') is null").fetchone() == (True,)


def test_the_guard_speaks_through_load_and_build_with_exit_code_3(
    connection: psycopg.Connection, tree: Tree, pulse_elt: RunCommand
) -> None:
    tree.write("sessions/a/session.json", {})
    connection.execute("create schema analytics; create table analytics.the_apps (id int)")
    for command in (("load", tree.root), ("db", "migrate"), ("build",)):
        done = pulse_elt(*command)
        assert done.returncode == 3
        assert len(done.stderr.strip().splitlines()) == 1
        assert "the_apps" in done.stderr
    assert connection.execute("select count(*) from raw.loads").fetchone() == (0,)


def test_our_own_relations_in_analytics_are_not_refused(empty_database: DatabaseSettings) -> None:
    with connect(empty_database) as connection:
        connection.execute(
            "create schema analytics; create table analytics.scorecards (id int primary key);"
            f"comment on table analytics.scorecards is 'One row per session. {MARKER}'"
        )
        assert migrate(connection, configured_kinds()).applied


def test_every_relation_and_column_of_raw_has_a_comment(connection: psycopg.Connection) -> None:
    missing = connection.execute(
        "select c.relname, a.attname from pg_class as c "
        "inner join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 "
        "and not a.attisdropped "
        "where c.relnamespace = 'raw'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') "
        "and (col_description(c.oid, a.attnum) is null or obj_description(c.oid) is null)"
    ).fetchall()
    assert missing == []


INSERT = (
    "insert into raw.documents (kind, source_path, content_sha256, origin, payload) "
    "values (%s, 'p', 'x', 'app', '{}')"
)


def test_a_path_has_at_most_one_current_row_per_kind(connection: psycopg.Connection) -> None:
    for rule in configured_kinds().loaded:
        connection.execute(INSERT, (rule.kind,))
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(INSERT, (rule.kind,))
        connection.execute("update raw.documents set superseded_at = clock_timestamp()")
        connection.execute(INSERT, (rule.kind,))


ONE, TWO = "5a0c1e6e-8a54-4b0e-9d77-0f5d6c3c2b1a", "5a0c1e6e-8a54-4b0e-9d77-0f5d6c3c2b1b"


def test_identities_are_added_changed_and_left(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    file = tmp_path / "identities.csv"

    def given_lines(*lines: str) -> tuple[int, int, int]:
        file.write_text("\r\n".join(("\ufeffuser_key,user_id", *lines)) + "\r\n")
        result = load_identities(file)
        return result.added, result.changed, result.unchanged

    assert given_lines(f"T1,{ONE}", f'"a,b",{TWO.upper()}') == (2, 0, 0)
    assert given_lines(f"T1,{ONE}", f'"a,b",{ONE}', f"T2,{TWO}") == (1, 1, 1)
    assert given_lines() == (0, 0, 0)
    rows = connection.execute("select user_key, user_id::text from raw.user_identities").fetchall()
    assert dict(rows) == {"T1": ONE, "a,b": ONE, "T2": TWO}


@pytest.mark.parametrize(
    "lines",
    [f"T1,{ONE}\nT2,not-a-uuid", f"T1,{ONE}\n,{TWO}", f"T1,{ONE}\nT2", f"T1,{ONE}\nT1,{TWO}"],
)
def test_a_bad_line_of_identities_is_named_and_none_is_loaded(
    connection: psycopg.Connection, tmp_path: Path, pulse_elt: RunCommand, lines: str
) -> None:
    file = tmp_path / "identities.csv"
    file.write_text(f"user_key,user_id\n{lines}\n")
    done = pulse_elt("db", "identities", file)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "line 3" in done.stderr
    assert connection.execute("select count(*) from raw.user_identities").fetchone() == (0,)


@pytest.mark.parametrize("content", [None, b"", b"key,id\nT1,1\n", b"user_key,user_id\n\xff,1\n"])
def test_an_identities_file_that_is_none_is_told_in_a_sentence(
    database: object, tmp_path: Path, pulse_elt: RunCommand, content: bytes | None
) -> None:
    file = tmp_path / "identities.csv"
    if content is not None:
        file.write_bytes(content)
    done = pulse_elt("db", "identities", file)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "identities.csv" in done.stderr


@pytest.fixture(params=["checkout", "a-path-too-long-for-a-socket-" * 4], ids=["short", "long"])
def checkout(
    request: pytest.FixtureRequest,
    server: Server,
    tmp_path: Path,
    pulse_elt: RunCommand,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """A project without a named database; its embedded server ends with the test."""
    root = tmp_path / request.param
    shutil.copytree(ROOT / "config", root / "config")
    (root / "dbt_project.yml").touch()
    monkeypatch.setenv("PULSE_ELT_PROJECT_DIR", str(root))
    monkeypatch.setenv("PULSE_ELT_POSTGRES_VERSION", str(server.version))
    yield root
    pulse_elt("db", "stop")


@pytest.mark.long
def test_the_embedded_server_is_private_outlives_commands_and_keeps_its_data(
    checkout: Path, server: Server, tree: Tree, pulse_elt: RunCommand
) -> None:
    def run(*arguments: object) -> str:
        done = pulse_elt(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def ask(query: str) -> str:
        return run("db", "psql", "-Atc", query)

    assert "No embedded server" in run("db", "stop")
    run("db", "start")
    assert ask("show listen_addresses") == ""
    assert ask("show server_version_num").startswith(str(server.version))
    tree.write("sessions/a/session.json", {})
    run("load", tree.root)
    started = ask("select pg_postmaster_start_time()")
    run("db", "start")
    assert ask("select pg_postmaster_start_time()") == started
    assert "all migrations are applied" in run("db", "status")
    url = run("db", "url")
    with psycopg.connect(url) as connection:
        assert connection.execute("select count(*) from raw.documents").fetchone() == (1,)
    if os.geteuid() == 0:
        psql = embedded.program(embedded.data_directory(checkout), "psql")
        stranger = subprocess.run(
            [psql, url, "-c", "select 1"], user="nobody", capture_output=True, check=False
        )
        assert stranger.returncode != 0, "any user of this machine is the server's superuser"
        assert b"Permission denied" in stranger.stderr
    run("db", "stop")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    stopped = pulse_elt("db", "status")
    assert stopped.returncode == 3
    assert "does not run" in stopped.stderr
    assert ask("select count(*) from raw.documents") == "1"
