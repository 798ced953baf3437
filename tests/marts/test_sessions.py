"""Sessions of ours and of dbt rely on nothing that a role, a database or an environment says."""

import json
import select
from pathlib import Path

import psycopg
import pytest
import yaml

from loaders.database.connection import as_pulse_error, connect
from loaders.database.session import PIN, PINNED
from loaders.database.settings import DatabaseSettings
from loaders.errors import WorkFailed
from tests.conftest import EXAMPLES, ROOT, RunCommand, Server

pytestmark = pytest.mark.every_server

# What an administrator might set for reasons of others, or a person for taste.
SET = {
    "statement_timeout": "200ms",
    "idle_in_transaction_session_timeout": "200ms",
    "idle_session_timeout": "200ms",
    "transaction_timeout": "200ms",
    "default_transaction_isolation": "serializable",
    "timezone": "Asia/Kolkata",
    "timezone_abbreviations": "India",
    "datestyle": "SQL, DMY",
    "intervalstyle": "iso_8601",
    "extra_float_digits": "-14",
    "bytea_output": "escape",
    "standard_conforming_strings": "off",
    "backslash_quote": "on",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "quote_all_identifiers": "on",
    "row_security": "off",
    "session_replication_role": "replica",
    "restrict_nonsystem_relation_kind": "view, foreign-table",
    "client_min_messages": "error",
    "search_path": "nowhere",
    "client_encoding": "LATIN1",
}
# By which libpq sets what its user wants.
ENVIRONMENT = {
    "PGTZ": "America/St_Johns",
    "PGDATESTYLE": "German",
    "PGCLIENTENCODING": "LATIN1",
    "PGOPTIONS": "-c statement_timeout=100 -c extra_float_digits=-10 -c search_path=nowhere",
}
EXPECTED = {**PINNED, "statement_timeout": "0", "search_path": "pg_catalog, pg_temp"}


def known(names: dict[str, str], server: Server) -> dict[str, str]:
    """Leave out what the server's version does not have."""
    is_new = server.version >= 17
    return {name: value for name, value in names.items() if is_new or name != "transaction_timeout"}


def unquoted(value: str) -> str:
    """Undo what quote_all_identifiers did to a setting."""
    return value.replace('"', "")


@pytest.fixture
def strange(standing: DatabaseSettings, server: Server) -> DatabaseSettings:
    """The built examples in a database that sets everything in its own way."""
    with psycopg.connect(**server.settings.parameters, autocommit=True) as superuser:  # type: ignore[arg-type]
        for name, value in known(SET, server).items():
            value = value if name == "search_path" else f"'{value}'"
            superuser.execute(f"alter database pulse_standing set {name} = {value}".encode())
    return standing


def test_our_sessions_are_as_they_say(
    strange: DatabaseSettings, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with connect(strange) as connection:
        for name, value in known(EXPECTED, server).items():
            found = connection.execute("select current_setting(%s)", (name,)).fetchone()
            assert found is not None
            assert unquoted(found[0]) == value, name
        assert connection.execute("show client_encoding").fetchone() == ("UTF8",)
        assert connection.execute("show transaction_isolation").fetchone() == ("read committed",)


@pytest.mark.long
def test_sessions_of_plain_dbt_are_the_same(
    strange: DatabaseSettings, server: Server, pulse_elt: RunCommand, tmp_path: Path
) -> None:
    (tmp_path / "profiles.yml").write_bytes((ROOT / "profiles.example.yml").read_bytes())
    names = list(known(EXPECTED, server))
    query = ", ".join(f"current_setting('{name}') as {name}" for name in names)
    done = pulse_elt.dbt(
        "--quiet", "show", "--profiles-dir", tmp_path, "--output", "json",
        "--inline", f"select {query}, current_setting('transaction_isolation') as isolation",
        **ENVIRONMENT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    (row,) = json.loads(done.stdout)["show"]
    assert row.pop("isolation") == "read committed"
    assert {name: unquoted(str(value)) for name, value in row.items()} == known(EXPECTED, server)


def test_dbt_and_the_loader_share_one_list() -> None:
    profile = yaml.safe_load((ROOT / "profiles.example.yml").read_text())["pulse_elt"]
    role = profile["outputs"]["prod"]["role"]
    assert " ".join(PIN.split()) in " ".join(role.split())


@pytest.mark.long
def test_marts_do_not_depend_on_them(strange: DatabaseSettings, pulse_elt: RunCommand) -> None:
    loaded = pulse_elt("load", EXAMPLES, "--workers", "2", **ENVIRONMENT)
    assert loaded.returncode in (0, 1), loaded.stdout + loaded.stderr
    done = pulse_elt("build", "--verify", **ENVIRONMENT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
def test_a_profile_that_sets_nothing_is_refused(
    standing: DatabaseSettings, pulse_elt: RunCommand, tmp_path: Path
) -> None:
    profile = yaml.safe_load((ROOT / "profiles.example.yml").read_text())
    for target in profile["pulse_elt"]["outputs"].values():
        target["role"] = "postgres"
    (tmp_path / "profiles.yml").write_text(yaml.safe_dump(profile))
    done = pulse_elt.dbt("seed", "--profiles-dir", tmp_path)
    assert done.returncode != 0
    assert "Copy profiles.example.yml to profiles.yml again." in done.stdout


@pytest.mark.long
def test_plain_dbt_in_another_encoding_is_refused_with_the_cure(
    strange: DatabaseSettings, pulse_elt: RunCommand, tmp_path: Path
) -> None:
    (tmp_path / "profiles.yml").write_bytes((ROOT / "profiles.example.yml").read_bytes())
    done = pulse_elt.dbt("seed", "--profiles-dir", tmp_path)
    assert done.returncode != 0
    assert "export PGCLIENTENCODING=UTF8 first" in done.stdout


def test_what_the_environment_says_of_anything_else_is_kept(
    standing: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGOPTIONS", "-c work_mem=9MB -c lock_timeout=7s")
    with connect(standing) as connection:
        assert connection.execute("show work_mem").fetchone() == ("9MB",)
        assert connection.execute("show lock_timeout").fetchone() == ("7s",)


@pytest.mark.parametrize(
    ("setting", "sqlstate"),
    [
        ("statement_timeout", "57014"),
        ("transaction_timeout", "25P04"),
        ("idle_in_transaction_session_timeout", "25P03"),
        ("idle_session_timeout", "57P05"),
    ],
)
def test_a_limit_of_the_server_is_told_by_its_name_and_never_as_a_lost_connection(
    standing: DatabaseSettings, server: Server, setting: str, sqlstate: str
) -> None:
    if not known({setting: ""}, server):
        return
    with connect(standing) as connection:
        connection.execute(f"set {setting} = '10ms'".encode())
        with pytest.raises(psycopg.Error) as met:
            _exceed(connection, setting)
    assert met.value.sqlstate == sqlstate
    told = as_pulse_error(met.value, standing)
    assert isinstance(told, WorkFailed)
    assert setting in str(told)
    assert "lost" not in str(told)


def _exceed(connection: psycopg.Connection, setting: str) -> None:
    if setting != "idle_session_timeout":
        connection.execute("begin")
    if setting in ("statement_timeout", "transaction_timeout"):
        connection.execute("select pg_sleep(60)")
    # The server's last message.
    select.select([connection.fileno()], [], [])
    connection.execute("select 1")


def test_who_cancels_a_statement_is_not_taken_for_a_lost_connection(
    standing: DatabaseSettings,
) -> None:
    with connect(standing) as connection:
        with pytest.raises(psycopg.errors.QueryCanceled) as met:
            connection.execute("select pg_cancel_backend(pg_backend_pid()), pg_sleep(60)")
        told = as_pulse_error(met.value, standing)
        assert isinstance(told, WorkFailed)
        assert "pg_cancel_backend" in str(told)
        assert "lost" not in str(told)
