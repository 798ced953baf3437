"""Files that change under the loader: what lands was on disk as a whole, and settles in the end."""

import json
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from tests.conftest import RunCommand, Tree
from tests.forms import some_of
from tests.loaders.faults import one, until
from tests.loaders.settling import assert_settled, load_by_command
from tests.loaders.test_loading import current
from tests.loaders.test_refusals import refused
from tests.loaders.watching import whenever_read

pytestmark = pytest.mark.newest_server

PATH = "scorecards/moving.json"
# Large enough that it cannot be read before it is changed; white space costs jsonb nothing.
LARGE = 30_000_000
TRIES = 5


def write_large(tree: Tree) -> Path:
    file = tree.write(PATH, b'{"v": 1}')
    with file.open("r+b") as opened:
        opened.seek(8)
        for _ in range(LARGE // 1_000_000):
            opened.write(b" " * 1_000_000)
    os.utime(file, (1, 1))
    return file


def pwrite(file: Path, content: bytes, at: int) -> None:
    descriptor = os.open(file, os.O_WRONLY)
    os.pwrite(descriptor, content, at)
    os.close(descriptor)


def rewrite(file: Path) -> None:
    pwrite(file, b"2", 6)


def rewrite_and_grow(file: Path) -> None:
    pwrite(file, b"2", 6)
    pwrite(file, b" \n", file.stat().st_size)


def rewrite_and_shrink(file: Path) -> None:
    pwrite(file, b"2", 6)
    os.truncate(file, LARGE // 2)


def replace(file: Path) -> None:
    other = file.with_suffix(".tmp")
    other.write_bytes(b'{"v": 2}')
    other.replace(file)


def cut(file: Path) -> None:
    os.truncate(file, 4)


def empty(file: Path) -> None:
    os.truncate(file, 0)


CHANGES: list[tuple[Callable[[Path], object], int]] = [
    (rewrite, 1), (rewrite_and_grow, 1), (rewrite_and_shrink, 1), (replace, 1), (cut, 1),
    (empty, 1), (Path.unlink, 1), (rewrite, 2), (cut, 2), (Path.unlink, 2),
]  # fmt: skip


@pytest.mark.parametrize(("change", "passes"), some_of(CHANGES, 4))
def test_a_file_that_changes_once_while_it_is_read_lands_as_it_was_or_is(
    neighbours: Tree,
    connection: psycopg.Connection,
    pulse_elt: RunCommand,
    change: Callable[[Path], object],
    passes: int,
) -> None:
    file = write_large(neighbours)
    with whenever_read(file, lambda: change(file), passes=passes, at_most=1) as acts:
        load_by_command(pulse_elt, neighbours)
    assert len(current(connection)) >= 20
    assert current(connection).get(PATH, {"v": 1}) in ({"v": 1}, {"v": 2})
    assert refused(connection).get(PATH) in (None, "changed_while_reading", "22P02")
    if not acts:
        change(file)
    again = load_by_command(pulse_elt, neighbours)
    assert_settled(connection, neighbours)
    assert again["seen"] == 20 + file.exists()


@pytest.mark.parametrize("change", [rewrite, rewrite_and_grow, rewrite_and_shrink])
def test_a_file_that_settles_while_it_is_read_lands_as_it_settled_at_once(
    neighbours: Tree,
    connection: psycopg.Connection,
    pulse_elt: RunCommand,
    change: Callable[[Path], object],
) -> None:
    for _ in range(TRIES):
        connection.execute("truncate raw.documents, raw.files, raw.quarantine")
        file = write_large(neighbours)
        with whenever_read(file, lambda file=file: change(file), at_most=1) as acts:  # type: ignore[misc]
            result = load_by_command(pulse_elt, neighbours)
        assert len(acts) == 1
        assert (result["landed"], result["quarantined"]) == (21, 0)
        # On a machine that is busy enough, the change may come after the last byte was read.
        if current(connection)[PATH] == {"v": 2}:
            assert_settled(connection, neighbours)
            return
    pytest.fail(f"in {TRIES} tries no change was met while the file was read")


def flickers(file: Path) -> Callable[[], None]:
    """Return what gives the file one of two contents of one size in turn."""
    turns = iter(range(10**9))
    return lambda: pwrite(file, b"12"[(turn := next(turns)) % 2 : turn % 2 + 1], 6)


def breathes(file: Path) -> Callable[[], None]:
    """Return what gives the file one of two sizes in turn."""
    turns = iter(range(10**9))
    return lambda: os.truncate(file, LARGE - next(turns) % 2)


@pytest.mark.parametrize("restless", [flickers, breathes])
def test_a_file_that_never_settles_is_quarantined_until_it_does(
    neighbours: Tree,
    connection: psycopg.Connection,
    pulse_elt: RunCommand,
    restless: Callable[[Path], Callable[[], None]],
) -> None:
    for _ in range(TRIES):
        connection.execute("truncate raw.documents, raw.files, raw.quarantine")
        file = write_large(neighbours)
        with whenever_read(file, restless(file)):
            load_by_command(pulse_elt, neighbours)
        if refused(connection):
            break
        assert len(current(connection)) == 21
    assert refused(connection) == {PATH: "changed_while_reading"}
    assert PATH in one(connection, "select reason from raw.quarantine")
    assert sorted(current(connection)) == sorted(f"scorecards/{n}.json" for n in range(20))
    pwrite(write_large(neighbours), b"3", 6)
    assert load_by_command(pulse_elt, neighbours)["landed"] == 1
    assert current(connection)[PATH] == {"v": 3}
    assert_settled(connection, neighbours)


def in_place(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def by_rename(file: Path, content: bytes) -> None:
    other = file.with_suffix(".tmp")
    other.write_bytes(content)
    other.replace(file)


@pytest.mark.parametrize("write", [in_place, by_rename])
def test_files_that_are_rewritten_all_the_time_land_whole_and_settle_in_the_end(
    neighbours: Tree,
    connection: psycopg.Connection,
    pulse_elt: RunCommand,
    write: Callable[[Path, bytes], None],
) -> None:
    files = sorted((neighbours.root / "scorecards").glob("*.json"))
    is_over = threading.Event()
    turns = [0]

    def write_on() -> None:
        while not is_over.is_set():
            for file in files:
                write(file, json.dumps({"turn": turns[0], "pad": "x" * (turns[0] % 3)}).encode())
            turns[0] += 1

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write_on)
        try:
            until(lambda: turns[0] or writing.done())
            for _ in range(4):
                assert load_by_command(pulse_elt, neighbours)["seen"] == len(files)
        finally:
            is_over.set()
        writing.result(60)
    for payload in (row[0] for row in connection.execute("select payload from raw.documents")):
        assert payload["pad"] == "x" * (payload["turn"] % 3)
    allowed = {"changed_while_reading", "unreadable"} | ({"22P02"} if write is in_place else set())
    assert set(refused(connection).values()) <= allowed
    for file in files:
        write(file, b'{"turn": "the last, of another size"}')
    load_by_command(pulse_elt, neighbours)
    assert_settled(connection, neighbours)
    assert refused(connection) == {}
