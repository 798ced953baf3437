"""The command itself: what it shows, what it leaves alone, and how it ends."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from loaders import __version__
from loaders.cli.display import printable
from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from tests.conftest import EXAMPLES, ROOT, RunCommand, Tree

pytestmark = pytest.mark.newest_server

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


@pytest.mark.parametrize("arguments", [["--help"], ["build", "--help"], ["db", "--help"]])
def test_help_is_there_without_a_database(arguments: list[str], pulse_elt: RunCommand) -> None:
    done = pulse_elt(*arguments, **{URL_VARIABLE: NOWHERE})
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Usage: pulse-elt")


def test_a_mistyped_command_is_answered_with_the_one_that_was_meant(pulse_elt: RunCommand) -> None:
    done = pulse_elt("statsu")
    assert done.returncode == 2
    assert "There is no command 'statsu'. Did you mean 'status'?" in done.stderr
    assert "No such command 'zzz'" in pulse_elt("zzz").stderr


def test_the_version_is_told(pulse_elt: RunCommand) -> None:
    told = f"pulse-elt, version {__version__}\n"
    assert pulse_elt("-V").stdout == pulse_elt("--version").stdout == told


@pytest.mark.parametrize("arguments", [["status"], ["quarantine", "list"]])
def test_whoever_only_looks_changes_nothing(
    empty_database: DatabaseSettings, pulse_elt: RunCommand, arguments: list[str]
) -> None:
    done = pulse_elt(*arguments)
    assert done.returncode == 3
    assert "holds no landing" in done.stderr
    schema = pulse_elt("db", "psql", "-Atc", "select to_regnamespace('raw') is null")
    assert schema.stdout.strip() == "t"


def test_debug_shows_the_traceback_and_keeps_the_exit_code(pulse_elt: RunCommand) -> None:
    done = pulse_elt("--debug", "load", EXAMPLES, **{URL_VARIABLE: NOWHERE})
    assert done.returncode == 3
    assert "Traceback" in done.stderr
    assert "Traceback" not in pulse_elt("load", EXAMPLES, **{URL_VARIABLE: NOWHERE}).stderr


def test_names_of_files_do_not_reach_the_terminal_raw(
    database: DatabaseSettings, tree: Tree, pulse_elt: RunCommand
) -> None:
    tree.write("sessions/a\x1b[31m\nb/scorecard.json", b"{")
    assert pulse_elt("load", tree.root).returncode == 1
    listed = pulse_elt("quarantine", "list").stdout
    assert r"sessions/a\x1b[31m\nb/scorecard.json, byte 1" in listed
    assert len(listed.splitlines()) == 1
    assert printable("Zoë …") == "Zoë …"


def test_a_scope_without_files_is_told_as_such(
    database: DatabaseSettings, tree: Tree, pulse_elt: RunCommand
) -> None:
    tree.write("sessions/a/session.json", {})
    done = pulse_elt("load", tree.root, "--prefix", "nothing/")
    assert done.returncode == 0
    assert "No file of the source is in that scope." in done.stdout


def test_bad_identities_are_named_by_line(
    database: DatabaseSettings, tmp_path: Path, pulse_elt: RunCommand
) -> None:
    user = b"7c000000-0000-4000-8000-000000000000"
    for content, words in {
        b"user_key,user_id\nT1\n": "line 2: user_id is missing",
        b"user_key,user_id\nT\x001," + user: "line 2: user_key is empty or holds a NUL",
        b"user_key,user_id\nT1," + user + b"\nJos\xe9," + user: "line 3: byte 0xe9 is not valid",
        b"user_key,user_key,user_id\nT1,T2," + user: "user_key and user_id, once",
    }.items():
        file = tmp_path / "identities.csv"
        file.write_bytes(content)
        done = pulse_elt("db", "identities", file)
        assert done.returncode == 2, done.stderr
        assert words in done.stderr


def test_a_role_that_may_not_build_is_told_so(
    connection: psycopg.Connection, database: DatabaseSettings, pulse_elt: RunCommand
) -> None:
    connection.execute("create role pulse_looker login")
    try:
        connection.execute("grant usage on schema raw to pulse_looker")
        connection.execute("grant select on all tables in schema raw to pulse_looker")
        looker = DatabaseSettings({**database.parameters, "user": "pulse_looker"})
        done = pulse_elt("build", **{URL_VARIABLE: looker.as_url(with_password=True)})
        assert done.returncode == 3
        assert "permission denied" in done.stderr
        assert "Traceback" not in done.stderr
    finally:
        connection.execute("drop owned by pulse_looker")
        connection.execute("drop role pulse_looker")


def test_a_terminal_sees_progress_and_tables_that_fit(
    database: DatabaseSettings, tree: Tree
) -> None:
    tree.write("sessions/a/session.json", {})
    leader, follower = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "loaders.cli", "load", str(tree.root)],
        env={**os.environ, "COLUMNS": "80", "TERM": "xterm"},
        cwd=ROOT,
        stdout=follower,
        stderr=follower,
        check=False,
    )
    os.close(follower)
    shown = b""
    try:
        while chunk := os.read(leader, 65536):
            shown += chunk
    except OSError:
        pass  # the other end is closed: all has been read
    finally:
        os.close(leader)
    assert done.returncode == 0
    assert b"Copying" in shown
    assert b"1 of 1 files" in shown
    assert max(len(line) for line in shown.decode().split("\r\n") if "\x1b" not in line) <= 80
