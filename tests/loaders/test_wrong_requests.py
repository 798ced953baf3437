"""Wrong requests, databases that cannot be reached and missing permissions: one sentence each."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from tests.conftest import RunCommand, Server, Tree
from tests.loaders.faults import assert_one_sentence, one, until
from tests.loaders.test_loading import load


def assert_nothing_written(connection: psycopg.Connection) -> None:
    for table in ("loads", "files", "documents", "quarantine"):
        assert one(connection, f"select count(*) from raw.{table}") == 0


def test_wrong_requests_are_told_in_a_sentence_and_write_nothing(
    hundred: Tree, connection: psycopg.Connection, pulse_elt: RunCommand, tmp_path: Path
) -> None:
    file = tmp_path / "a.json"
    file.write_text("{}")
    for arguments in (
        ("/nowhere",),
        (file,),
        (hundred.root, "--kind", "scorecardz"),
        (hundred.root, "--root", ".."),
        (hundred.root, "--root", "scorecards/../.."),
        (hundred.root, "--root", "/"),
        (hundred.root, "--root", "nowhere"),
    ):
        done = pulse_elt("load", *arguments)
        assert done.returncode == 2, arguments
        assert_one_sentence(done.stderr)
    assert_nothing_written(connection)


def test_an_empty_directory_where_a_tree_was_marks_nothing_vanished(
    hundred: Tree, connection: psycopg.Connection, pulse_elt: RunCommand, tmp_path: Path
) -> None:
    (tmp_path / "unmounted").mkdir()
    for count in (0, 100):
        done = pulse_elt("load", tmp_path / "unmounted")
        assert done.returncode == 2
        assert_one_sentence(done.stderr)
        assert one(connection, "select count(*) from raw.files where state = 'landed'") == count
        assert one(connection, "select count(*) from raw.files where state <> 'landed'") == 0
        load(hundred)
    assert one(connection, "select count(*) from raw.loads where status = 'running'") == 0


@pytest.mark.parametrize("url", ["postgresql://u:s3cret@127.0.0.1:1/d", "postgresql:///d?host=/no"])
def test_an_unreachable_database_exits_3(tree: Tree, pulse_elt: RunCommand, url: str) -> None:
    done = pulse_elt("load", tree.root, **{URL_VARIABLE: url})
    assert done.returncode == 3
    assert_one_sentence(done.stderr)
    assert "s3cret" not in done.stderr


@pytest.fixture
def role(server: Server, database: DatabaseSettings) -> Iterator[DatabaseSettings]:
    """The test's database as a role that may log in and nothing else."""
    with connect(database) as connection:
        connection.execute("create role pulse_stranger login password 'right'")
    yield DatabaseSettings({**database.parameters, "user": "pulse_stranger"})
    with connect(database) as connection:
        connection.execute("drop owned by pulse_stranger cascade; drop role pulse_stranger")


GRANTS = {
    "nothing": "select",
    "only reading": (
        "grant usage on schema raw to pulse_stranger; "
        "grant select on all tables in schema raw to pulse_stranger"
    ),
    "the ledger, not the documents": (
        "grant usage on schema raw to pulse_stranger; "
        "grant select on all tables in schema raw to pulse_stranger; "
        "grant insert, update on raw.loads, raw.files to pulse_stranger"
    ),
    "no connection": "revoke connect on database pulse_test from public",
    "a schema of its own": "drop schema raw cascade",
}


@pytest.mark.parametrize("grant", GRANTS)
def test_a_missing_permission_exits_3_and_lands_nothing(
    hundred: Tree,
    role: DatabaseSettings,
    connection: psycopg.Connection,
    pulse_elt: RunCommand,
    grant: str,
) -> None:
    connection.execute(GRANTS[grant])
    done = pulse_elt("load", hundred.root, **{URL_VARIABLE: role.as_url(with_password=True)})
    assert done.returncode == 3, done.stderr
    assert_one_sentence(done.stderr)
    if one(connection, "select to_regnamespace('raw') is not null"):
        assert one(connection, "select count(*) from raw.documents") == 0
        assert one(connection, "select count(*) from raw.files") == 0


def test_a_wrong_password_exits_3_and_is_not_repeated(
    server: Server,
    hundred: Tree,
    role: DatabaseSettings,
    connection: psycopg.Connection,
    pulse_elt: RunCommand,
) -> None:
    access = server.data / "pg_hba.conf"
    before = access.read_text()
    connection.execute("alter role pulse_stranger superuser")
    access.write_text(f"local all pulse_stranger scram-sha-256\n{before}")
    try:
        connection.execute("select pg_reload_conf()")
        until(lambda: one(connection, "select count(*) from pg_hba_file_rules where "
                                      "user_name = '{pulse_stranger}'"))  # fmt: skip
        for password in ("s3cret", "", None, "right"):
            given = {} if password is None else {"password": password}
            url = DatabaseSettings({**role.parameters, **given}).as_url(with_password=True)
            done = pulse_elt("load", hundred.root, **{URL_VARIABLE: url})
            if password == "right":  # noqa: S105
                assert done.returncode == 0, done.stderr
            else:
                assert done.returncode == 3
                assert_one_sentence(done.stderr)
                assert re.search("password", done.stderr)
                assert "s3cret" not in done.stderr
                assert_nothing_written(connection)
    finally:
        access.write_text(before)
        connection.execute("select pg_reload_conf()")


def test_the_folder_above_the_tree_is_refused_before_everything_vanishes(
    connection: psycopg.Connection, pulse_elt: RunCommand, tmp_path: Path
) -> None:
    above = Tree(tmp_path / "backup")
    for number in range(20):
        above.write(f"pulse/sessions/{number}/scorecard.json", {"n": number})
    above.write("pulse/history_T1.json", [])
    assert pulse_elt("load", above.root / "pulse").returncode == 0
    for arguments in ((), ("--dry-run",)):
        done = pulse_elt("load", above.root, *arguments)
        assert done.returncode == 2
        assert "--root" in done.stderr
    assert one(connection, "select count(*) from raw.files where state = 'landed'") == 21
    assert one(connection, "select count(*) from raw.files") == 21
    assert pulse_elt("load", above.root, "--root", "pulse").returncode == 0


@pytest.mark.parametrize("arguments", [("",), (" ",), (".", "--root", "\udce9")])
def test_an_empty_source_and_paths_nobody_can_write_are_wrong_requests(
    database: object, pulse_elt: RunCommand, arguments: tuple[str, ...]
) -> None:
    done = pulse_elt("load", *arguments)
    assert done.returncode == 2
    assert_one_sentence(done.stderr)


def test_a_root_that_leaves_the_source_by_a_link_is_refused(
    hundred: Tree, connection: psycopg.Connection, pulse_elt: RunCommand, tmp_path: Path
) -> None:
    Tree(tmp_path / "outside").write("scorecards/1.json", {"secret": True})
    (hundred.root / "link").symlink_to(tmp_path / "outside")
    done = pulse_elt("load", hundred.root, "--root", "link")
    assert done.returncode == 2
    assert_nothing_written(connection)


def test_a_source_whose_own_path_is_no_utf8_is_loaded_and_named_in_the_ledger(
    connection: psycopg.Connection, pulse_elt: RunCommand, tmp_path: Path
) -> None:
    root = Path(os.fsdecode(os.fsencode(tmp_path) + b"/l\xe9gacy"))
    Tree(root).write("scorecards/1.json", {})
    assert pulse_elt("load", root).returncode == 0
    assert one(connection, "select source from raw.loads").endswith("/l\\xe9gacy")
