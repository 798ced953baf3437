"""raw.write_document: the one way by which an application writes, and what it refuses."""

import hashlib
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import errors
from psycopg.types.json import Jsonb

from loaders.checks import history
from loaders.database.connection import connect
from loaders.database.migrations import migrate, read_migrations
from loaders.database.roles import apply_roles
from loaders.database.settings import DatabaseSettings
from loaders.pipeline import configured_kinds
from tests.conftest import ROOT, Tree
from tests.loaders.test_loading import counters, load
from tests.loaders.writing import SCORECARD, as_the_app, write
from tests.marts.access import LOGINS, create_login

# A function of the database, with its rights and its refusals.
pytestmark = pytest.mark.every_server


@pytest.fixture
def app(database: DatabaseSettings) -> Iterator[psycopg.Connection]:
    """A login in pulse_app."""
    with as_the_app(database) as opened:
        yield opened


def versions(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select kind, source_path, session_key, user_key, origin, payload, superseded_at is null "
        "from raw.documents order by document_id"
    ).fetchall()


def refusal(
    app: psycopg.Connection,
    path: str = SCORECARD,
    document: str = "{}",
    expected: int | None = None,
    source_time: str | None = None,
) -> str | None:
    """Return the SQLSTATE that a write is refused with."""
    with pytest.raises(psycopg.Error) as refused:
        write(app, path, document, expected, source_time)
    return refused.value.sqlstate


def test_a_write_is_the_next_version_of_its_path(app: psycopg.Connection) -> None:
    first = write(app, SCORECARD, '{"v": 1}')
    second = write(app, SCORECARD, '{"v": 2}')
    assert first < second
    assert versions(app) == [
        ("scorecard", SCORECARD, "a", None, "app", {"v": 1}, False),
        ("scorecard", SCORECARD, "a", None, "app", {"v": 2}, True),
    ]
    stamps = app.execute(
        "select document_id, landed_at, superseded_at, source_modified_at from raw.documents "
        "order by document_id"
    ).fetchall()
    assert [row[0] for row in stamps] == [first, second]
    assert stamps[0][2] == stamps[1][1] == stamps[1][3]


@pytest.mark.parametrize(
    ("placeholder", "document", "hashed"),
    [
        ("%s", '{ "v":1}', b'{ "v":1}'),
        ("%s::text", '{ "v":1}', b'{ "v":1}'),
        ("%s::jsonb", '{ "v":1}', b'{"v": 1}'),
        ("%s", Jsonb({"v": 1}), b'{"v": 1}'),
    ],
)
def test_a_document_is_text_whose_bytes_are_hashed_or_jsonb(
    app: psycopg.Connection, placeholder: str, document: object, hashed: bytes
) -> None:
    app.execute(f"select raw.write_document(%s, {placeholder})", (SCORECARD, document))
    assert app.execute("select content_sha256, payload from raw.documents").fetchall() == [
        (hashlib.sha256(hashed).digest(), {"v": 1})
    ]


def test_what_a_file_may_hold_may_be_written(app: psycopg.Connection) -> None:
    documents = ["null", "0", '"x"', "[]", "true"]
    for document in documents:
        write(app, SCORECARD, document)
    rows = app.execute("select payload::text from raw.documents order by document_id").fetchall()
    assert rows == [(document,) for document in documents]


def test_kinds_without_keys_are_written_too(
    app: psycopg.Connection, connection: psycopg.Connection
) -> None:
    connection.execute(
        "update raw.document_kinds set verdict = 'SYSTEM_OF_RECORD' where kind = 'agent_roster'"
    )
    connection.execute(
        "create table raw.agent_rosters partition of raw.documents for values in ('agent_roster')"
    )
    write(app, "agents.json", "[]")
    assert versions(app) == [("agent_roster", "agents.json", None, None, "app", [], True)]


def test_a_version_of_another_kind_is_superseded_when_rules_have_changed(
    app: psycopg.Connection, connection: psycopg.Connection
) -> None:
    connection.execute(
        "insert into raw.documents (kind, source_path, content_sha256, origin, payload) "
        "values ('evaluation', %s, 'x', 'app', '{}')",
        (SCORECARD,),
    )
    write(app)
    assert [(row[0], row[-1]) for row in versions(app)] == [
        ("evaluation", False),
        ("scorecard", True),
    ]


def test_whoever_expects_another_version_is_refused(app: psycopg.Connection) -> None:
    first = write(app, expected=0)
    second = write(app, expected=first)
    assert refusal(app, expected=first) == "PU003"
    assert refusal(app, expected=0) == "PU003"
    assert refusal(app, "sessions/b/scorecard.json", expected=second) == "PU003"
    assert [row[-1] for row in versions(app)] == [False, True]
    assert write(app) > second


NO_PATHS = [
    "",
    "/",
    "../../x",
    "sessions/../scorecard.json",
    "sessions/./scorecard.json",
    "sessions//scorecard.json",
    "/sessions/a/scorecard.json",
    "sessions/a/scorecard.json/",
    "..",
    "sessions/a\\..\\b/scorecard.json",
    "sessions/a\n/scorecard.json",
    "sessions/a/scorecard.json\n",
    "sessions/\x7f/scorecard.json",
    f"sessions/{'x' * 1024}/scorecard.json",
    f"sessions/{'é' * 512}/scorecard.json",
]

NOT_LOADED = [
    "x",
    "Sessions/a/scorecard.json",
    "sessions/a/SCORECARD.json",
    "sessions/a/scorecard.json.bak",
    "sessions/a/b/scorecard.json",
    "scorecards/a/b.json",
    "history_.json",
    "prompts/a.json",
    "rubrics/a.json",
    "agents.json",
]


def test_what_is_no_path_or_of_no_loaded_kind_is_refused(app: psycopg.Connection) -> None:
    assert {path: refusal(app, path) for path in NO_PATHS} == dict.fromkeys(NO_PATHS, "PU001")
    assert {path: refusal(app, path) for path in NOT_LOADED} == dict.fromkeys(NOT_LOADED, "PU002")
    assert versions(app) == []


def test_a_long_key_is_written(app: psycopg.Connection) -> None:
    key = "k" * (1024 - len("sessions//scorecard.json"))
    write(app, f"sessions/{key}/scorecard.json")
    assert versions(app)[0][2] == key


def test_a_source_time_that_cannot_be_is_refused(app: psycopg.Connection) -> None:
    for time in ("infinity", "-infinity", "1999-12-31", "0044-03-15 BC", "9000-01-01"):
        assert refusal(app, source_time=time) == "PU005", time


def test_a_source_time_a_little_ahead_is_now_and_a_later_one_refused(
    app: psycopg.Connection,
) -> None:
    for minutes in (4, 6):
        time = app.execute(
            "select (now() + make_interval(mins => %s))::text", (minutes,)
        ).fetchone()
        assert time is not None
        if minutes == 6:
            assert refusal(app, source_time=time[0]) == "PU005"
        else:
            write(app, source_time=time[0])
    write(app, source_time="2020-01-01")
    rows = app.execute(
        "select source_modified_at = landed_at, source_modified_at = '2020-01-01' "
        "from raw.documents order by document_id"
    ).fetchall()
    assert rows == [(True, False), (False, True)]


def test_what_is_no_json_is_refused_as_a_file_would_be(app: psycopg.Connection) -> None:
    write(app, SCORECARD, '{"v": 1}')
    for document in ("", "{", "{'a': 1}", '"\\u0000"', "1e999999999", "NaN"):
        assert str(refusal(app, SCORECARD, document))[:2] == "22", document
    assert [row[-1] for row in versions(app)] == [True]


def test_null_is_no_document_and_no_path(app: psycopg.Connection) -> None:
    for missing in ("null, '{}'", "'x', null::text", "'x', null::jsonb"):
        with pytest.raises(errors.NullValueNotAllowed):
            app.execute(f"select raw.write_document({missing})")


def test_a_forgotten_path_is_never_written_again(
    app: psycopg.Connection, connection: psycopg.Connection, tree: Tree
) -> None:
    tree.write(SCORECARD, {})
    load(tree)
    connection.execute("update raw.files set state = 'forgotten'")
    connection.execute("delete from raw.documents")
    assert refusal(app) == "PU004"


def test_a_file_of_the_same_bytes_is_unchanged(app: psycopg.Connection, tree: Tree) -> None:
    write(app, SCORECARD, '{"v":1}')
    tree.write(SCORECARD, b'{"v":1}')
    assert counters(load(tree)).unchanged == 1


# -- what a hostile login of the application tried

ATTEMPTS = {
    "a date of infinity": "insert into raw.documents (kind, source_path, content_sha256, origin, "
    "landed_at, payload) values ('scorecard', 'sessions/a/scorecard.json', 'x', 'app', "
    "'infinity', '{}')",
    "the number of the version it replaces": "insert into raw.documents (document_id, kind, "
    "source_path, content_sha256, origin, payload) overriding system value "
    "values (1, 'scorecard', 'sessions/a/scorecard.json', 'x', 'app', '{}')",
    "a document that vanishes": "update raw.documents set superseded_at = clock_timestamp()",
    "a document that comes back": "update raw.documents set superseded_at = null",
    "an infinite time in the manifest": "insert into raw.files (source_path, verdict, size_bytes, "
    "state, first_seen_at, last_changed_at) values ('x', 'UNRECOGNISED', 0, 'unrecognised', "
    "'infinity', now())",
    "a path that is never read again": "update raw.files set state = 'forgotten'",
    "an empty key": "insert into raw.documents (kind, source_path, session_key, content_sha256, "
    "origin, payload) values ('scorecard', 'sessions/a/scorecard.json', '', 'x', 'app', '{}')",
    "a part of the path as key": "insert into raw.documents (kind, source_path, session_key, "
    "content_sha256, origin, payload) "
    "values ('scorecard', 'sessions/a/scorecard.json', 'ions', 'x', 'app', '{}')",
    "another kind under a path": "insert into raw.documents (kind, source_path, session_key, "
    "content_sha256, origin, payload) "
    "values ('evaluation', 'sessions/a/scorecard.json', 'a', 'x', 'app', '{}')",
    "a path outside": "insert into raw.documents (kind, source_path, session_key, content_sha256, "
    "origin, payload) values ('scorecard', '../../x', 'x', 'x', 'app', '{}')",
    "locks of rows": "select from raw.documents for update",
    "locks that others share": "select from raw.documents for key share",
    "locks of the manifest": "select from raw.files for update",
    "a lock of the table": "select 1; lock table raw.documents in share row exclusive mode",
    "a copy": "copy raw.documents (kind, source_path, content_sha256, payload) from stdin",
    "a merge": "merge into raw.files using (select 1) as one on true when matched then delete",
    "an emptied table": "truncate raw.documents",
    "other rules": "update raw.document_kinds set pattern = '.*'",
    "a rule more": "insert into raw.document_kinds_editions (rules_sha256) values ('x')",
    "the landing's clock": "select raw.landing_time()",
    "another writer": "create function raw.landing_time() returns timestamptz return now()",
    "the writer with other settings": "alter function "
    "raw.write_document(text, text, bigint, timestamptz) reset search_path",
    "the loader's role": "set role pulse_loader",
    "the loader's session": "set session authorization pulse_loader",
    "triggers left out": "set session_replication_role = replica",
    "a temporary table": "create temporary table documents (kind text)",
    "a temporary function": "create function pg_temp.regexp_match(text, text) returns text[] "
    "return array['x']",
    "a schema": "create schema mine",
}


def test_the_application_has_no_right_but_to_call_the_writer(app: psycopg.Connection) -> None:
    write(app)
    before = versions(app)
    for attempt, statement in ATTEMPTS.items():
        try:
            app.execute(statement)
        except errors.InsufficientPrivilege:
            continue
        pytest.fail(f"The application can have {attempt}.")
    assert versions(app) == before


def test_what_the_writer_calls_is_not_found_where_its_caller_looks(
    app: psycopg.Connection, connection: psycopg.Connection
) -> None:
    """Also for a caller who may create things in a schema of his own, or temporary ones."""
    connection.execute(
        "create schema mine; grant all on schema mine to public; "
        "grant temporary on database pulse_test to public"
    )
    app.execute(
        "create function mine.hashtext(text) returns int language sql as 'select 1 / 0'; "
        "create function pg_temp.octet_length(text) returns int language sql as 'select 1 / 0'; "
        "create function mine.refuse(text, text) returns bool language sql as 'select 1 / 0 = 1'; "
        "create operator mine.~ (leftarg = text, rightarg = text, function = mine.refuse); "
        "create temp table documents (kind text); create temp table files (a int); "
        "create temp table record (a int); create temp table timestamptz (a int); "
        "create temp table jsonb (a int); create temp table text (a int); "
        "set search_path = mine, pg_temp, pg_catalog"
    )
    # Types by their own names: those of the caller come first for himself.
    app.execute(
        "select raw.write_document(%s::pg_catalog.text, %s::pg_catalog.text)", (SCORECARD, "{}")
    )
    app.execute("reset search_path")
    assert versions(connection)[0][:3] == ("scorecard", SCORECARD, "a")


def test_a_write_is_dated_when_it_is_written_and_no_gate_misses_it(
    app: psycopg.Connection, connection: psycopg.Connection
) -> None:
    with app.transaction():
        app.execute("select 1")
        gate = history.open_check(connection, "landing", None)
        write(app)
    row = connection.execute("select landed_at > %s from raw.documents", (gate.as_of,)).fetchone()
    assert row == (True,)
    # Nothing that is dated before a gate can be committed after it.
    with app.transaction():
        write(app)
        clock = connection.execute("select pg_try_advisory_lock(x'70756c73'::int, 1)").fetchone()
    assert clock == (False,)


# What roles.sql granted up to migration 0006.
OLD_RIGHTS = """
grant usage on schema raw to pulse_app;
grant select, insert, update (superseded_at) on raw.documents to pulse_app;
grant select, insert, update (state, kind) on raw.files to pulse_app;
grant execute on function raw.landing_time() to pulse_app;
"""
INSERT = (
    "insert into raw.documents (kind, source_path, session_key, content_sha256, origin, payload) "
    "values ('scorecard', %s, 'a', 'x', 'app', '{}')"
)


def test_rights_of_an_older_database_are_taken_away(
    empty_database: DatabaseSettings,
) -> None:
    older = [migration for migration in read_migrations() if migration.version < 7]
    with connect(empty_database) as superuser:
        apply_roles(superuser, ROOT / "deploy" / "roles.sql", configured_kinds())
        superuser.execute("drop schema raw, ops cascade; create schema raw; create schema ops")
        migrate(superuser, configured_kinds(), older)
        superuser.execute(OLD_RIGHTS)
        create_login(superuser, LOGINS["pulse_app"], "pulse_app")
        with superuser.transaction():
            superuser.execute("set local role pulse_app")
            superuser.execute(INSERT, (SCORECARD,))
    with as_the_app(empty_database) as app:
        for refused in (
            "update raw.files set state = 'landed'",
            "update raw.documents set superseded_at = now()",
            INSERT.replace("%s", "'sessions/b/scorecard.json'"),
            "select raw.landing_time()",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                app.execute(refused)
        write(app, SCORECARD, '{"v": 2}')
        assert [row[-2:] for row in versions(app)] == [({}, False), ({"v": 2}, True)]
