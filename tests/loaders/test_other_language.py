"""A server that speaks another language: its errors mean the same, told in its own words."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql

from loaders.checks.configuration import Expectation
from loaders.checks.evaluation import evaluate
from loaders.database.connection import connect, translated_errors
from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from loaders.errors import (
    DatabaseAway,
    DatabaseUnavailable,
    PulseEltError,
    TransactionLost,
    WorkFailed,
)
from tests.conftest import RunCommand, Server, Tree
from tests.loaders.faults import assert_one_sentence, held, one, running, until
from tests.loaders.test_loading import load
from tests.loaders.test_refusals import CONTENTS, refused
from tests.other_language import other_language

LOGIN = "pulse_stranger"


@dataclass(frozen=True)
class Refusal:
    """What makes a connection fail, and what is made of it."""

    kind: type[PulseEltError]
    advice: str
    changes: Mapping[str, str]
    statement: str = "select"


CREATE = "Create it, or name another."
REFUSALS = {
    "no database": Refusal(DatabaseUnavailable, CREATE, {"dbname": "nowhere"}),
    "no role": Refusal(
        DatabaseUnavailable,
        "Create the role, name another, or let it in by pg_hba.conf.",
        {"user": "nobody"},
    ),
    "wrong password": Refusal(DatabaseUnavailable, "Check user and password.", {"password": "x"}),
    "no password": Refusal(
        DatabaseUnavailable,
        "Give the password, in PULSE_ANALYTICS_DB_PASSWORD or the URL.",
        {"password": ""},
    ),
    "no right to connect": Refusal(
        DatabaseUnavailable,
        "Grant the user CONNECT on it, and the role it acts as; see docs/security.md.",
        {},
        "revoke connect on database pulse_test from public",
    ),
    "no role to act as": Refusal(
        DatabaseUnavailable,
        "Check the role it acts as, and the options of the connection.",
        {"options": "-c role=nowhere"},
    ),
    "a role it may not act as": Refusal(
        DatabaseUnavailable,
        "Grant the user CONNECT on it, and the role it acts as; see docs/security.md.",
        {"options": "-c role=postgres"},
    ),
    "too many connections": Refusal(
        DatabaseAway,
        "Check that the server runs, and PULSE_ANALYTICS_DATABASE_URL or PULSE_ANALYTICS_DB_*.",
        {},
        f"alter role {LOGIN} connection limit 0",
    ),
}


@pytest.fixture
def login(
    server: Server, database: DatabaseSettings, connection: psycopg.Connection
) -> Iterator[DatabaseSettings]:
    """The test's database as a role that has to give its password."""
    connection.execute(f"create role {LOGIN} login password 'right'")
    access = server.data / "pg_hba.conf"
    before = access.read_text()
    access.write_text(f"local all {LOGIN} scram-sha-256\n{before}")
    connection.execute("select pg_reload_conf()")
    rule = f"select count(*) from pg_hba_file_rules where user_name = '{{{LOGIN}}}'"
    until(lambda: one(connection, rule))
    yield DatabaseSettings({**database.parameters, "user": LOGIN, "password": "right"})
    access.write_text(before)
    connection.execute("select pg_reload_conf()")
    connection.execute(f"drop owned by {LOGIN} cascade; drop role {LOGIN}")


@pytest.mark.parametrize("language", ["its own", "another"])
@pytest.mark.parametrize("what", REFUSALS)
def test_a_refused_connection_means_the_same(
    login: DatabaseSettings, connection: psycopg.Connection, what: str, language: str
) -> None:
    refusal = REFUSALS[what]
    connection.execute(refusal.statement)
    with ExitStack() as stack:
        settings = login
        if language == "another":
            settings = stack.enter_context(other_language(login))
        settings = DatabaseSettings({**settings.parameters, **refusal.changes})
        with pytest.raises(PulseEltError) as told:
            connect(settings)
    assert type(told.value) is refusal.kind, told.value
    assert str(told.value).endswith(refusal.advice), told.value
    is_foreign = language == "another" and what != "no password"
    assert ("größe" in str(told.value)) == is_foreign, told.value


@pytest.mark.parametrize(
    ("sqlstate", "kind"),
    [
        ("57P01", DatabaseAway),
        ("57P03", DatabaseAway),
        ("08006", DatabaseAway),
        ("53300", DatabaseAway),
        ("57014", WorkFailed),
        ("57P05", WorkFailed),
        ("25P03", WorkFailed),
        ("25P04", WorkFailed),
        ("53100", WorkFailed),
        ("40001", TransactionLost),
        ("40P01", TransactionLost),
        ("42P01", WorkFailed),
        ("42501", DatabaseUnavailable),
        ("25006", DatabaseUnavailable),
    ],
)
def test_an_error_of_a_session_is_what_its_code_says(
    database: DatabaseSettings, sqlstate: str, kind: type[PulseEltError]
) -> None:
    with other_language(database) as settings, connect(settings) as connection:
        with pytest.raises(PulseEltError) as told, translated_errors(settings):
            connection.execute(
                f"do $$ begin raise exception using errcode = '{sqlstate}', message = 'nix'; end $$"
            )
        assert type(told.value) is kind


GRANTS = {
    "nothing": "select",
    "only reading": (
        f"grant usage on schema raw to {LOGIN}; grant select on all tables in schema raw to {LOGIN}"
    ),
    "an empty database": "drop schema raw cascade",
}


@pytest.mark.parametrize("grant", GRANTS)
def test_a_missing_permission_exits_3(
    hundred: Tree,
    login: DatabaseSettings,
    connection: psycopg.Connection,
    pulse_elt: RunCommand,
    grant: str,
) -> None:
    connection.execute(GRANTS[grant])
    with other_language(login) as settings:
        url = {URL_VARIABLE: settings.as_url(with_password=True)}
        for command in (["load", hundred.root], ["status"]):
            done = pulse_elt(*command, **url)
            assert done.returncode == 3, done.stderr
            assert_one_sentence(done.stderr)


@pytest.mark.parametrize(("how", "exit_code"), [("terminate", 3), ("cancel", 4)])
def test_a_session_that_is_ended_or_cancelled_in_mid_load_is_told_apart(
    hundred: Tree,
    database: DatabaseSettings,
    connection: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    exit_code: int,
) -> None:
    with other_language(database) as settings, held(database, "raw.scorecards") as somebody_waits:
        monkeypatch.setenv(URL_VARIABLE, settings.as_url(with_password=True))
        with running(hundred.root) as process:
            until(somebody_waits)
            connection.execute(
                f"select pg_{how}_backend(pid) from pg_stat_activity "
                "where datname = current_database() and wait_event_type = 'Lock'"
            )
            _, stderr = process.communicate(timeout=60)
        assert process.returncode == exit_code, stderr
        assert_one_sentence(stderr)
        assert ("was lost" in stderr) == (how == "terminate")


@pytest.mark.long
def test_the_quarantine_gives_the_same_codes_and_the_servers_own_words(
    tree: Tree,
    database: DatabaseSettings,
    connection: psycopg.Connection,
    pulse_elt: RunCommand,
) -> None:
    for number, content in enumerate(CONTENTS.values()):
        tree.write(f"scorecards/{number:03}.json", content)
    rows = "select source_path, reason, byte_offset from raw.quarantine order by source_path"
    assert pulse_elt("load", tree.root).returncode == 1
    codes, direct = refused(connection), connection.execute(rows).fetchall()
    assert {"22P02", "22P05", "22003", "54001", "22021"} <= set(codes.values())
    connection.execute("truncate raw.documents, raw.files, raw.quarantine")
    with other_language(database) as settings:
        url = {URL_VARIABLE: settings.as_url(with_password=True)}
        assert pulse_elt("load", tree.root, **url).returncode == 1
    translated = connection.execute(rows).fetchall()
    assert refused(connection) == codes
    assert [(path, offset) for path, _, offset in translated] == [
        (path, offset) for path, _, offset in direct
    ]
    said = {before: after for (_, before, _), (_, after, _) in zip(direct, translated, strict=True)}
    assert any("größe" in after for after in said.values())
    assert not any("invalid" in after for before, after in said.items() if before != after)


@pytest.mark.parametrize(
    ("as_of", "kind"),
    [
        ("(select now() from nowhere)", WorkFailed),
        ("(select now() from public.pulse_secret)", DatabaseUnavailable),
        ("(select now() from pg_terminate_backend(pg_backend_pid()))", DatabaseAway),
    ],
)
def test_an_expectation_fails_as_the_code_of_its_query_says(
    hundred: Tree,
    login: DatabaseSettings,
    connection: psycopg.Connection,
    as_of: str,
    kind: type[PulseEltError],
) -> None:
    load(hundred)
    connection.execute(
        "create table public.pulse_secret (); "
        f"grant usage on schema raw to {LOGIN}; grant select on all tables in schema raw to {LOGIN}"
    )
    counters = Expectation(
        type="expect_column_values_to_be_null",
        kwargs={"column": "contradiction"},
        name="counters",
        asset="loads",
        sentence="",
    )
    values = {"since": "-infinity", "as_of": sql.SQL(as_of)}
    with other_language(login) as settings, pytest.raises(PulseEltError) as told:
        evaluate(settings, [counters], {}, values)
    assert type(told.value) is kind, told.value
    assert str(told.value).startswith("Expectation counters cannot be evaluated: ")
