"""File times that no clock should show: they land, or are unknown, and stop nothing."""

import io
import os
import struct
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from loaders.database.settings import DatabaseSettings
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from tests.conftest import RunCommand, Tree
from tests.loaders.archives import Part, forge, tar_member
from tests.loaders.test_live_writes import app_writes, versions
from tests.loaders.test_loading import counters, load

pytestmark = pytest.mark.newest_server

MEMORY = Path("/dev/shm")  # noqa: S108 - it is a tmpfs
PATH = "sessions/a/scorecard.json"
SECOND = 1_000_000_000
YEAR = 365 * 86_400
# Seconds and, where it has one, the time that must land.
HELD = {-1: "1969-12-31 23:59:59+00", 0: "1970-01-01 00:00:00+00", 2**33: "2242-03-16 12:56:32+00"}
UNHELD = [2**62, -(2**62), 9_223_371_331_200, -210_866_803_201]


@pytest.fixture
def memory() -> Iterator[Tree]:
    """A tree on a file system that keeps any time."""
    if not MEMORY.is_dir():
        pytest.skip(f"{MEMORY}, a tmpfs, is not there")
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Tree(Path(folder))


def file_times(connection: psycopg.Connection, relation: str, column: str) -> dict[str, str | None]:
    query = f"select source_path, {column}::text from {relation}"
    return dict(connection.execute(query).fetchall())


def test_a_time_that_no_timestamptz_holds_lands_as_unknown(
    memory: Tree, connection: psycopg.Connection
) -> None:
    expected: dict[str, str | None] = {}
    for seconds in [*HELD, *UNHELD]:
        path = f"sessions/at{seconds}/scorecard.json"
        file = memory.write(path, {"overall": {"score": 85}})
        os.utime(file, ns=(0, seconds * SECOND))
        assert file.stat().st_mtime_ns == seconds * SECOND
        expected[path] = HELD.get(seconds)
    assert counters(load(memory)).landed == len(expected)
    connection.execute("set time zone 'UTC'")
    assert file_times(connection, "raw.documents", "source_modified_at") == expected
    assert file_times(connection, "raw.files", "modified_at") == expected
    again = counters(load(memory))
    assert (again.landed, again.unchanged) == (0, len(expected))


def test_times_of_archives_land_or_are_unknown(
    connection: psycopg.Connection, tmp_path: Path
) -> None:
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.GNU_FORMAT) as archive:
        for seconds in (0, 2**33, -1, 2**40, 2**62):
            member = tar_member(f"sessions/tar{seconds}/session.json", 2)
            member.mtime = seconds
            archive.addfile(member, io.BytesIO(b"{}"))
    beginning = struct.pack("<HHBi", 0x5455, 5, 1, -(2**31))
    parts = [
        Part(b"sessions/zip1980/session.json", date=1 << 5 | 1),
        Part(b"sessions/zip0/session.json", date=0),
        Part(b"sessions/zip1901/session.json", extra=beginning),
    ]
    forge(tmp_path / "a.zip", *parts)
    for name, count in {"a.tar": 5, "a.zip": 3}.items():
        result = load_source(tmp_path / name, None, Scope(), workers=1)
        assert counters(result).landed == count
        assert counters(load_source(tmp_path / name, None, Scope(), workers=1)).landed == 0
    connection.execute("set time zone 'UTC'")
    found = file_times(connection, "raw.documents", "source_modified_at")
    assert {path.split("/")[1]: time for path, time in found.items()} == {
        "tar0": "1970-01-01 00:00:00+00",
        "tar8589934592": "2242-03-16 12:56:32+00",
        "tar-1": "1969-12-31 23:59:59+00",
        "tar1099511627776": None,
        "tar4611686018427387904": None,
        "zip1980": "1980-01-01 00:00:00+00",
        "zip0": None,
        "zip1901": "1901-12-13 20:45:52+00",
    }


@pytest.mark.parametrize("seconds", [367 * 86_400, 300 * YEAR, 7_000 * YEAR, 2**62])
def test_a_time_out_of_range_is_not_later_than_what_the_app_wrote(
    memory: Tree, connection: psycopg.Connection, seconds: int
) -> None:
    app_writes(connection, {"v": 2})
    file = memory.write(PATH, {"v": 1})
    os.utime(file, ns=(0, file.stat().st_mtime_ns + seconds * SECOND))
    result = counters(load(memory))
    assert (result.landed, result.changed) == (1, 0)
    assert versions(connection) == [({"v": 2}, "app", True), ({"v": 1}, "load", False)]


def test_screens_show_what_stands_beside_such_times(
    memory: Tree, database: DatabaseSettings, pulse_elt: RunCommand
) -> None:
    for seconds in [*HELD, *UNHELD, 7_000 * YEAR]:
        file = memory.write(f"sessions/at{seconds}/scorecard.json", {"overall": {"score": 85}})
        os.utime(file, ns=(0, seconds * SECOND))
    os.utime(memory.write("sessions/bad/scorecard.json", b"{"), ns=(0, 7_000 * YEAR * SECOND))
    assert pulse_elt("load", memory.root).returncode == 1
    for command in (
        ["load", memory.root, "--dry-run"],
        ["status"],
        ["status", "--json"],
        ["quarantine", "list"],
        ["quarantine", "show", "sessions/bad/scorecard.json"],
        ["check", "landing"],
    ):
        done = pulse_elt(*command)
        assert done.returncode in (0, 1), f"{command}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
