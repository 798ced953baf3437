"""Files that are no longer what was listed when their turn comes, and names that are odd."""

import os
import shutil
import socket
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders.landing.load import LoadResult, Progress
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from tests.conftest import RunCommand, Server, Tree
from tests.loaders.settling import assert_settled
from tests.loaders.test_loading import counters, current, load
from tests.loaders.test_refusals import refused

pytestmark = pytest.mark.newest_server


def becomes_link(file: Path) -> None:
    outside = file.parents[3] / "outside.json"
    outside.write_bytes(b'{"secret": true}')
    file.unlink()
    file.symlink_to(outside)


def becomes_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def becomes_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def becomes_socket(file: Path) -> None:
    file.unlink()
    here = Path.cwd()
    # A socket's path has to be short.
    os.chdir(file.parent)
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(file.name)
    os.chdir(here)


def folder_goes(file: Path) -> None:
    shutil.rmtree(file.parent)


def folder_becomes_file(file: Path) -> None:
    shutil.rmtree(file.parent)
    file.parent.write_bytes(b"{}")


def folder_becomes_loop(file: Path) -> None:
    shutil.rmtree(file.parent)
    file.parent.symlink_to(file.parent.name)


def is_emptied(file: Path) -> None:
    os.truncate(file, 0)


def grows_beyond_all(file: Path) -> None:
    os.truncate(file, 1024**3)


# What may be said of the file; None: nothing, it is as if it had never been listed.
BETWEEN: dict[Callable[[Path], None], set[str | None]] = {
    Path.unlink: {None},
    folder_goes: {None},
    folder_becomes_file: {None, "unreadable"},
    folder_becomes_loop: {None, "unreadable"},
    becomes_link: {"link", "unreadable"},
    becomes_pipe: {"not_a_file", "unreadable"},
    becomes_folder: {None, "not_a_file", "unreadable"},
    becomes_socket: {"not_a_file", "unreadable"},
    is_emptied: {"22P02"},
    grows_beyond_all: {"too_large"},
}


def once_planned(act: Callable[[], None]) -> Callable[[Progress], None]:
    """Return a listener that acts between the plan and the first reading."""
    done: list[None] = []

    def listen(progress: Progress) -> None:
        if progress.stage == "list" and progress.done and not done:
            done.append(None)
            act()

    return listen


@pytest.mark.parametrize("is_known", [False, True])
@pytest.mark.parametrize("change", BETWEEN, ids=lambda change: change.__name__)
def test_a_file_that_is_no_longer_what_was_listed_harms_no_other(
    neighbours: Tree,
    connection: psycopg.Connection,
    change: Callable[[Path], None],
    is_known: bool,
) -> None:
    path = "sessions/moving/scorecard.json"
    if is_known:
        neighbours.write(path, {"v": "one"})
        load(neighbours)
    file = neighbours.write(path, {"v": "number two"})
    neighbours.write("scorecards/another.json", {})
    result = counters(
        load_source(neighbours.root, None, Scope(), on_progress=once_planned(lambda: change(file)))
    )
    assert result.add_up
    assert (result.landed, result.unchanged) == ((1, 20) if is_known else (21, 0))
    code = refused(connection).get(path)
    assert code in BETWEEN[change]
    assert result.quarantined == (code is not None)
    assert result.vanished == (1 if is_known and code is None else 0)
    assert {"v": "number two"} not in current(connection).values()
    assert current(connection).get(path) == ({"v": "one"} if is_known else None)
    put_back(neighbours, path)
    mended = counters(load(neighbours))
    assert (mended.landed, mended.quarantined, mended.vanished) == (1, 0, 0)
    assert_settled(connection, neighbours)


def put_back(tree: Tree, path: str) -> None:
    file = tree.root / path
    for there in (file, file.parent):
        if there.is_symlink() or (there.exists() and not there.is_dir()):
            there.unlink()
    with suppress(OSError):
        file.rmdir()
    tree.write(path, {"v": "the third"})


def load_as(user: int, root: Path, path: str) -> LoadResult:
    """Load as another user, from whom the file is taken once it is planned."""
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    take = once_planned(lambda: (root / path).chmod(0))
    return load_source(root, None, Scope(), on_progress=take)


@pytest.fixture
def somebody(server: Server, neighbours: Tree) -> int:
    """A user who owns the tree and whom permissions bind: root reads everything."""
    user = server.data.stat().st_uid if os.geteuid() == 0 else os.geteuid()
    neighbours.root.parent.chmod(0o755)
    return user


def test_a_file_whose_permission_is_taken_after_the_listing_is_named(
    neighbours: Tree, connection: psycopg.Connection, somebody: int
) -> None:
    path = "scorecards/moving.json"
    file = neighbours.write(path, {"v": 1})
    os.chown(file, somebody, -1)
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        result = counters(pool.submit(load_as, somebody, neighbours.root, path).result())
    assert (result.landed, result.quarantined) == (20, 1)
    assert refused(connection) == {path: "unreadable"}
    file.chmod(0o644)
    assert counters(load(neighbours)).landed == 1
    assert_settled(connection, neighbours)


def test_names_with_control_characters_land_as_they_are_and_are_shown_escaped(
    neighbours: Tree, connection: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    signs: list[Any] = [chr(code) for code in range(1, 32)]
    signs += ["\x7f", "\u0085", "\u2028", "\u202e", "\\", "'", '"', "%s", "{0}", " ", "\ufeff"]
    paths = [f"scorecards/a{sign}z.json" for sign in signs]
    for path in paths:
        neighbours.write(path, {"of": path})
        neighbours.write(path.replace("scorecards", "elsewhere"), {})
        neighbours.write(path.replace("scorecards/", "scorecards/bad"), b"{")
    done = pulse_elt("load", neighbours.root)
    assert done.returncode == 1
    assert [sign for sign in done.stdout + done.stderr if not sign.isprintable()] == (
        ["\n"] * (done.stdout + done.stderr).count("\n")
    )
    now = current(connection)
    assert {path: now[path] for path in paths} == {path: {"of": path} for path in paths}
    assert len(refused(connection)) == len(paths)
