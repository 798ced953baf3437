"""Whatever the command: streams that nobody reads, terminals of any width, a server to start."""

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from loaders.cli.main import cli
from loaders.database import embedded
from tests.conftest import EXAMPLES, ROOT, RunCommand, Tree

pytestmark = pytest.mark.newest_server

PATH = "sessions/a/scorecard.json"
# What each command is called with on a tree that is loaded; OUT is a folder of the test's own.
ARGUMENTS: dict[str, list[str]] = {
    "run": ["TREE", "--dry-run"],
    "load": ["TREE"],
    "build": ["--select", "readiness_formulas", "--resource-type", "seed"],
    "audit": ["TREE"],
    "check landing": [],
    "check marts": [],
    "classify": ["TREE"],
    "status": [],
    "report": ["OUT/audit.json"],
    "quarantine list": [],
    "quarantine retry": ["TREE"],
    "quarantine show": [PATH],
    "prune": [],
    "dashboard": ["--out", "OUT/page.html"],
    "db env": [],
    "db identities": ["OUT/identities.csv"],
    "db migrate": [],
    "db psql": ["-c", "select 1"],
    "db restored": [],
    "db roles": [],
    "db start": [],
    "db status": [],
    "db stop": [],
    "db url": [],
    "new kind": ["scorecard"],
    "new mart": ["learners"],
    "sample": ["--sessions", "1", "--workers", "1", "--out", "OUT/sample"],
}
# They need built marts, roles of the whole server, a server of their own; others show alike.
SPARED = {"check marts", "db roles", "db start", "db stop"}
STARTS_NOTHING: dict[str, list[object]] = {
    "status": [],
    "quarantine list": [],
    "quarantine show": [PATH],
    "dashboard": ["--out", "page.html"],
    "db status": [],
    "db url": [],
    "db env": [],
    "prune": [],
    "load": [EXAMPLES, "--dry-run"],
    "run": [EXAMPLES, "--dry-run"],
}


def commands(group: click.Command = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command and group."""
    yield path
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command
            yield from commands(command, (*path, name))


def leaves() -> list[str]:
    every = list(commands())
    return [" ".join(path) for path in every if not any(path == o[:-1] for o in every if o)]


def test_every_command_is_tried_here() -> None:
    assert sorted(ARGUMENTS) == sorted(leaves())


def ended(words: list[str], streams: str) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "loaders.cli", *words]
    return subprocess.run(
        ["/usr/bin/env", "bash", "-c", f'set -o pipefail; "$@" {streams}', "-", *call],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("command", sorted(set(ARGUMENTS) - SPARED))
def test_no_stream_that_nobody_reads_changes_how_a_command_ends(
    database: object,
    tree: Tree,
    tmp_path: Path,
    pulse_elt: RunCommand,
    command: str,
    pytestconfig: pytest.Config,
) -> None:
    tree.write(PATH, b"{")
    tree.write("sessions/b/scorecard.json", {"overall": {"score": 80}})
    (tmp_path / "identities.csv").write_text("user_key,user_id\n")
    assert (
        pulse_elt(
            *f"audit {tree.root} --format json --output {tmp_path}/audit.json".split()
        ).returncode
        == 0
    )
    assert pulse_elt("load", tree.root).returncode == 1
    words = command.split() + [
        word.replace("TREE", str(tree.root)).replace("OUT", str(tmp_path))
        for word in ARGUMENTS[command]
    ]

    def code(streams: str) -> int:
        shutil.rmtree(tmp_path / "sample", ignore_errors=True)
        done = ended(words, streams)
        assert "Traceback" not in done.stderr + done.stdout, streams
        assert "Errno" not in done.stderr, streams
        return done.returncode

    # psql takes over the process, and ends by the signal as it does without us.
    unread = "| head -1" if command == "db psql" else "| true"
    streams = ["", ">&- 2>&- <&-", unread]
    if pytestconfig.getoption("--thorough"):
        streams += [">&-", "2>&-", "<&-", "2>/dev/full"]
    ends = {each: code(each) for each in streams}
    assert set(ends.values()) == {ends[""]}, ends


@pytest.mark.parametrize("command", ["status", "status --json", "quarantine list", "db url"])
def test_a_result_that_finds_no_room_is_not_called_done(
    database: object, tree: Tree, pulse_elt: RunCommand, command: str
) -> None:
    tree.write(PATH, b"{")
    assert pulse_elt("load", tree.root).returncode == 1
    done = ended(command.split(), ">/dev/full")
    assert done.returncode == 4
    assert done.stderr == "pulse-elt: The result cannot be written: No space left on device.\n"


@pytest.mark.parametrize("command", STARTS_NOTHING)
def test_who_only_looks_starts_no_server(
    tmp_path: Path, pulse_elt: RunCommand, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "dbt_project.yml").touch()
    monkeypatch.setenv("PULSE_ELT_PROJECT_DIR", str(tmp_path))
    done = pulse_elt(*command.split(), *STARTS_NOTHING[command])
    assert done.returncode == 3, done.stdout
    assert "The embedded server does not run" in done.stderr
    assert "'pulse-elt db start' starts it" in done.stderr
    assert not embedded.is_running(embedded.data_directory(tmp_path))
    assert not (tmp_path / ".pulse").exists()


def seen_on_a_terminal(columns: int, *words: str) -> list[str]:
    """Return the lines that a command shows on a terminal of so many columns."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    with subprocess.Popen(
        [sys.executable, "-m", "loaders.cli", *words],
        env={**environment, "TERM": "xterm"}, cwd=ROOT, stdout=follower, stderr=follower,
    ):  # fmt: skip
        os.close(follower)
        shown = b""
        try:
            while chunk := os.read(leader, 65536):
                shown += chunk
        except OSError:
            pass  # the other end is closed: all has been read
    os.close(leader)
    return shown.decode().replace("\r\n", "\n").splitlines()


@pytest.mark.parametrize("path", commands(), ids=" ".join)
def test_help_fits_and_cuts_no_sentence(
    path: tuple[str, ...],
    pulse_elt: RunCommand,
    monkeypatch: pytest.MonkeyPatch,
    pytestconfig: pytest.Config,
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    piped = pulse_elt(*path, "--help").stdout.splitlines()
    assert max(map(len, piped)) <= 100
    for columns in (40, 80, 200) if pytestconfig.getoption("--thorough") else (40,):
        shown = seen_on_a_terminal(columns, *path, "--help")
        assert max(map(len, shown)) <= columns
        assert "".join("".join(shown).split()) == "".join("".join(piped).split())
    assert not [line for line in piped[1:] if line.endswith(("...", "…"))]


def test_tables_cut_no_figure_and_pad_no_line(
    database: object, tree: Tree, pulse_elt: RunCommand
) -> None:
    tree.write(f"sessions/{'a' * 90}/scorecard.json", b"{")
    assert pulse_elt("load", tree.root).returncode == 1
    piped = pulse_elt("status").stdout
    assert [line for line in piped.splitlines() if line != line.rstrip()] == []
    assert f"sessions/{'a' * 90}/scorecard.json" in piped
    joined = re.sub(r"[\s─]", "", piped)
    for columns in (40, 80, 200):
        shown = seen_on_a_terminal(columns, "status")
        # Only folded, never cut: without spaces it reads the same.
        assert sorted(re.sub(r"[\s─]", "", "".join(shown))) == sorted(joined)
