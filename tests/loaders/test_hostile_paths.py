"""Hostile paths: links, pipes, names no database can hold, files nobody may read."""

import os
import socket
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import psycopg
import pytest

from loaders.landing.load import LoadResult, Progress
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from tests.conftest import Server, Tree
from tests.loaders.test_loading import counters, current, load
from tests.loaders.test_refusals import GOOD, refused

pytestmark = pytest.mark.newest_server


def test_links_pipes_and_sockets_are_refused_and_never_followed(
    tree: Tree, connection: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tree.write("scorecards/a.json", GOOD)
    outside = tmp_path / "outside"
    Tree(outside).write("session.json", {"secret": True})
    Tree(outside).write("other.json", {"secret": True})
    folder = tree.root / "scorecards"
    (folder / "inside.json").symlink_to(inside)
    (folder / "outside.json").symlink_to(outside / "session.json")
    (folder / "dangling.json").symlink_to("nowhere")
    (folder / "folder.json").symlink_to(outside)
    (folder / "itself.json").symlink_to("itself.json")
    os.mkfifo(folder / "pipe.json")
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind("socket.json")
    tree.write("scorecards/real.json/history_T1.json", [])
    (tree.root / "sessions").mkdir()
    (tree.root / "sessions" / "linked").symlink_to(outside)
    result = counters(load(tree))
    assert sorted(current(connection)) == [
        "scorecards/a.json", "scorecards/real.json/history_T1.json",
    ]  # fmt: skip
    found = refused(connection)
    links = ("dangling", "folder", "inside", "itself", "outside")
    assert {path for path, code in found.items() if code == "link"} >= {
        f"scorecards/{name}.json" for name in links
    }
    assert {"scorecards/pipe.json", "scorecards/socket.json"} < set(found)
    assert result.quarantined == len(found)
    again = counters(load(tree))
    assert (again.quarantined, again.unchanged) == (0, result.seen)


def test_paths_that_are_not_utf8_or_too_long_are_refused_under_an_escaped_name(
    tree: Tree, connection: psycopg.Connection
) -> None:
    root = os.fsencode(tree.root)
    for name in (b"\xff", b"\xfe", b"a\xffb"):
        (Path(os.fsdecode(root + b"/sessions/" + name))).mkdir(parents=True)
        Path(os.fsdecode(root + b"/sessions/" + name + b"/session.json")).write_bytes(b"{}")
    folders = "/".join("d" * 199 for _ in range(5))
    fits = f"{folders}/history_{'x' * (1024 - 1000 - 13)}.json"
    assert len(fits) == 1024
    tree.write(fits, [])
    tree.write(fits.replace("history_", "history_y"), [])
    tree.write(folders + "/history_" + "é" * 6 + ".json", [])
    result = counters(load(tree))
    assert (result.landed, result.quarantined, result.unrecognised) == (1, 5, 0)
    assert list(current(connection)) == [fits]
    assert sorted(refused(connection).values()) == ["path_not_utf8"] * 3 + ["path_too_long"] * 2
    again = counters(load(tree))
    assert (again.unchanged, again.quarantined, again.vanished) == (6, 0, 0)


def test_a_folder_that_becomes_a_link_during_the_load_is_not_followed(
    tree: Tree, connection: psycopg.Connection, tmp_path: Path
) -> None:
    tree.write("sessions/a/session.json", {"secret": False})
    outside = tmp_path / "outside"
    Tree(outside).write("session.json", {"secret": True})

    def replace(progress: Progress) -> None:
        folder = tree.root / "sessions" / "a"
        if progress.stage == "list" and progress.done and not folder.is_symlink():
            folder.rename(tmp_path / "moved")
            folder.symlink_to(outside)

    load_source(tree.root, None, Scope(), on_progress=replace)
    assert (tree.root / "sessions" / "a").is_symlink()
    assert current(connection) == {}


def load_as(user: int | None, root: Path) -> LoadResult:
    if user is not None:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    return load(Tree(root))


def test_unreadable_files_and_folders_are_named_and_hold_nothing_up(
    tree: Tree, connection: psycopg.Connection, server: Server
) -> None:
    for name in "abc":
        tree.write(f"sessions/{name}/session.json", {})
    load(tree)
    tree.write("sessions/b/session.json", {"new": True}).chmod(0)
    (tree.root / "sessions" / "c").chmod(0)
    tree.root.parent.chmod(0o755)
    # Root reads everything, so a process of the server's own user does the loading.
    user = server.data.stat().st_uid if os.geteuid() == 0 else None
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        result = pool.submit(load_as, user, tree.root).result()
        again = pool.submit(load_as, None, tree.root).result()
    (tree.root / "sessions" / "c").chmod(0o755)
    found = counters(result)
    assert (found.unchanged, found.quarantined, found.vanished) == (1, 2, 0)
    assert sorted(refused(connection).items()) == [
        ("sessions/b/session.json", "unreadable"), ("sessions/c/", "unreadable"),
    ]  # fmt: skip
    assert (counters(again).quarantined, counters(again).unchanged) == (0, 3)
    assert len(current(connection)) == 3
    (tree.root / "sessions" / "b" / "session.json").chmod(0o644)
    mended = counters(load(tree))
    assert (mended.changed, mended.unchanged, mended.seen) == (1, 2, 3)
    assert refused(connection) == {}


def test_a_link_that_leads_in_a_circle_hides_none_of_its_neighbours(
    tree: Tree, connection: psycopg.Connection
) -> None:
    for name in ("a", "c"):
        tree.write(f"sessions/{name}/session.json", {"n": name})
    (tree.root / "sessions" / "b").symlink_to("b")
    (tree.root / "sessions" / "b.json").symlink_to("b.json")
    result = counters(load(tree))
    assert (result.landed, result.quarantined) == (2, 1)
    assert set(current(connection)) == {"sessions/a/session.json", "sessions/c/session.json"}
    assert refused(connection) == {"sessions/b.json": "link"}
