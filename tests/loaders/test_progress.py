"""Progress: bars on a terminal, lines in a pipe, JSON events for machines."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from loaders.cli import progress as shown
from loaders.landing.load import CLOSING, Progress
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from tests.conftest import ROOT, RunCommand, Tree
from tests.loaders.test_loading import load

pytestmark = pytest.mark.newest_server

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(scope="module")
def _written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = Tree(tmp_path_factory.mktemp("many") / "tree")
    for number in range(4_500):
        tree.write(f"scorecards/{number}.json", {"n": number})
    tree.write("scorecards/bad.json", b"{")
    return tree.root


@pytest.fixture
def many(database: object, _written: Path, tmp_path: Path) -> Tree:
    """Files for more than one part and more than one batch, one of them bad."""
    return Tree(Path(shutil.copytree(_written, tmp_path / "tree", copy_function=os.link)))


def on_a_terminal(*arguments: object, columns: int = 80) -> tuple[int, bytes, str]:
    """Run the command with stderr on a pseudo-terminal; return code, stdout and what it drew."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "loaders.cli", *map(str, arguments)],
        env={**os.environ, "COLUMNS": str(columns), "TERM": "xterm"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=follower,
    )
    os.close(follower)
    drawn = b""
    try:
        while chunk := os.read(leader, 65536):
            drawn += chunk
    except OSError:
        pass  # the other end is closed: all has been read
    finally:
        os.close(leader)
    stdout, _ = process.communicate(timeout=60)
    return process.returncode, stdout, drawn.decode()


def test_a_terminal_sees_bars_and_stdout_stays_clean(many: Tree) -> None:
    code, stdout, drawn = on_a_terminal("load", many.root)
    assert code == 1
    assert b"\x1b" not in stdout
    assert stdout.startswith(b"Load 1 of ")
    for bar in ("Listing", "Copying", "Closing", "━"):
        assert bar in drawn
    assert "4,501 of 4,501 files" in drawn
    lines = _ESCAPES.sub("", drawn).replace("\r", "\n").split("\n")
    assert max(map(len, lines)) <= 80
    # The bars are gone in the end, and the cursor is back.
    assert drawn.rstrip().endswith("\x1b[2K")
    assert drawn.count("\x1b[?25l") == drawn.count("\x1b[?25h")


def test_a_retry_on_a_terminal_shows_bars_too(many: Tree) -> None:
    load(many)
    code, stdout, drawn = on_a_terminal("quarantine", "retry", many.root)
    assert code == 1
    assert stdout.startswith(b"Load 2 of ")
    assert "4,501 of 4,501 files" in drawn


def test_a_dumb_terminal_gets_lines(
    many: Tree, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with shown.progress() as show:
        show(Progress("close", 4, 4))
    assert capfd.readouterr().err == "Closing\nClosing: done in 0.0 s\n"


def test_a_pipe_gets_one_line_per_event(many: Tree, pulse_elt: RunCommand) -> None:
    done = pulse_elt("load", many.root)
    assert [re.sub(r"\d+\.\d s.*", "… s", line) for line in done.stderr.splitlines()] == [
        "Listing",
        "Listing: 4,501 files in … s",
        "Copying 4,501 files",
        "Copying: 4,501 files in … s",
        "Closing",
        "Closing: done in … s",
    ]
    again = pulse_elt("load", many.root)
    assert again.stderr.splitlines()[0] == "Listing about 4,501 files"


def test_events_are_json_and_never_go_back(many: Tree, pulse_elt: RunCommand) -> None:
    first = pulse_elt("load", many.root, "--json")
    second = pulse_elt("quarantine", "retry", many.root, "--json")
    for done in (first, second):
        assert done.returncode == 1, done.stderr
        (result,) = [json.loads(line) for line in done.stdout.splitlines()]
        assert result["load_id"] in (1, 2)
        assert_events(done.stderr, "list", "copy", "close")
    assert json.loads(second.stdout)["tried"] == 1


def test_a_run_tells_of_its_build_too(database: object, tree: Tree, pulse_elt: RunCommand) -> None:
    tree.write("sessions/a/session.json", {})
    done = pulse_elt("run", tree.root, "--json")
    assert done.returncode == 0, done.stderr
    (result,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert result["load"]["counters"]["landed"] == 1
    progress = [line for line in done.stderr.splitlines() if '"event": "progress"' in line]
    assert_events("\n".join(progress), "list", "copy", "close", "build")
    built = json.loads(progress[-1])
    nodes = [node for node in result["build"]["nodes"] if node["resource"] != "operation"]
    assert built["done"] == len(nodes) > 0


def assert_events(stderr: str, *stages: str) -> None:
    events = [json.loads(line) for line in stderr.splitlines()]
    assert list(dict.fromkeys(event["stage"] for event in events)) == list(stages)
    assert [event["at"] for event in events] == sorted(event["at"] for event in events)
    for event in events:
        assert set(event) == {
            "event", "stage", "done", "total", "step", "rate", "remaining_seconds", "at"
        }  # fmt: skip
        assert event["event"] == "progress"
    for stage in stages:
        mine = [event for event in events if event["stage"] == stage]
        counts = [event["done"] for event in mine]
        assert counts == sorted(counts)
        assert mine[-1]["done"] == mine[-1]["total"]
    closing = [event["step"] for event in events if event["stage"] == "close"]
    assert closing == ([*CLOSING, None] if closing else [])


def test_a_dry_run_only_lists(many: Tree, pulse_elt: RunCommand) -> None:
    done = pulse_elt("load", many.root, "--dry-run", "--json")
    assert done.returncode == 0
    assert_events(done.stderr, "list")


@pytest.mark.parametrize(
    "scope",
    [
        Scope(),
        Scope(kinds=("session",)),
        Scope(prefix="scorecards/1"),
        Scope(only_quarantined=True),
        Scope(verify_content=True),
    ],
)
def test_every_stage_ends_whatever_the_scope(many: Tree, scope: Scope) -> None:
    load(many)
    heard: list[Progress] = []
    load_source(many.root, None, scope, on_progress=heard.append)
    for stage in ("list", "copy", "close"):
        mine = [progress for progress in heard if progress.stage == stage]
        assert mine[-1].done == mine[-1].total
        counts = [progress.done for progress in mine]
        assert counts == sorted(counts)
        # Only the end looks like the end.
        ends = [n for n, progress in enumerate(mine) if progress.done == progress.total]
        assert mine[ends[0]] == mine[-1]


def test_a_listing_expects_what_the_last_whole_load_saw_until_it_sees_more(many: Tree) -> None:
    load(many)
    for number in range(4_000):
        many.write(f"scorecards/more{number}.json", {})
    heard: list[Progress] = []
    load_source(many.root, None, Scope(), on_progress=heard.append)
    listing = [(one.done, one.total) for one in heard if one.stage == "list"]
    assert listing == [
        (0, 4501), (2000, 4501), (4000, 4501), (6000, None), (8000, None), (8501, None),
        (8501, 8501),
    ]  # fmt: skip


class Clock:
    """A clock that goes as far as a test says."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the progress module."""
    clock = Clock()
    monkeypatch.setattr(shown, "time", clock)
    return clock


def play(clock: Clock, moments: Sequence[tuple[float, Progress]], **how: bool) -> None:
    with shown.progress(**how) as show:
        for at, progress in moments:
            clock.now = 1000.0 + at
            show(progress)


MOMENTS = [
    (0, Progress("list", 0, 9_000)),
    *((n, Progress("list", n * 200, 9_000)) for n in range(1, 31)),
    (31.0, Progress("list", 6_200, 6_200)),
    *((n, Progress("copy", n * 100, 6_200)) for n in range(31, 62)),
    (62.0, Progress("copy", 6_200, 6_200)),
    (62.0, Progress("copy", 6_200, 6_200)),
    (62.0, Progress("close", 0, 4, "vanished")),
    (75.0, Progress("close", 1, 4, "manifest")),
    (76.0, Progress("close", 4, 4)),
]  # fmt: skip


def test_lines_come_every_ten_seconds_with_rate_and_what_remains(
    clock: Clock, capfd: pytest.CaptureFixture[str]
) -> None:
    play(clock, MOMENTS)
    assert capfd.readouterr().err.splitlines() == [
        "Listing about 9,000 files",
        "Listing: 2,000 of about 9,000 files, 200 files/s, 0:35 left",
        "Listing: 4,000 of about 9,000 files, 200 files/s, 0:25 left",
        "Listing: 6,000 of about 9,000 files, 200 files/s, 0:15 left",
        "Listing: 6,200 files in 31.0 s, 200 files/s",
        "Copying 6,200 files",
        "Copying: 4,100 of 6,200 files, 100 files/s, 0:21 left",
        "Copying: 5,100 of 6,200 files, 100 files/s, 0:11 left",
        "Copying: 6,100 of 6,200 files, 100 files/s, 0:01 left",
        "Copying: 6,200 files in 62.0 s, 100 files/s",
        "Closing",
        "Closing: manifest",
        "Closing: done in 14.0 s",
    ]


def test_the_rate_is_that_of_the_last_half_minute(
    clock: Clock, capfd: pytest.CaptureFixture[str]
) -> None:
    slow = [(n * 10, Progress("copy", n * 1_000, 9_000)) for n in range(4)]
    fast = [(30 + n * 10, Progress("copy", 3_000 + n * 10, 9_000)) for n in range(1, 5)]
    play(clock, [*slow, *fast], is_json=True)
    events = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert events[3]["rate"] == 100
    assert events[3]["remaining_seconds"] == 60
    assert events[-1]["rate"] == 1
    assert events[-1]["remaining_seconds"] == 5_960


def test_who_stops_listening_does_not_stop_the_load(many: Tree) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "loaders.cli", "load", str(many.root), "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=writer,
        check=False,
    )
    os.close(writer)
    assert done.returncode == 1
    assert json.loads(done.stdout)["counters"]["landed"] == 4_500
