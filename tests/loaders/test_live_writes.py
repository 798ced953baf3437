"""The app writes documents while files of the same paths are loaded: nothing is lost or doubled."""

import hashlib
import json
import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.landing.load import Progress
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from tests.conftest import Tree
from tests.loaders.faults import one, until
from tests.loaders.test_loading import counters, current, load

# Transactions that meet each other.
pytestmark = pytest.mark.every_server

PATH = "sessions/a/scorecard.json"


def app_writes(connection: psycopg.Connection, payload: object, path: str = PATH) -> bytes:
    """Write as the store will: its own text, whose bytes are hashed, with the time of now."""
    content = json.dumps(payload, ensure_ascii=False)
    connection.execute("select raw.write_document(%s, %s)", (path, content))
    return content.encode()


def versions(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select payload, origin, superseded_at is null from raw.documents order by document_id"
    ).fetchall()


def write_at(tree: Tree, content: object, hours: int, path: str = PATH) -> Path:
    """Write a file whose time is so many hours from now."""
    file = tree.write(path, content)
    os.utime(file, (time.time() + hours * 3600,) * 2)
    return file


@pytest.mark.parametrize("hours", [-1, 1])
@pytest.mark.parametrize("content", [b'{"v": 1}', b'{ "v":1}'])
def test_a_file_that_says_what_the_app_wrote_is_unchanged(
    tree: Tree, connection: psycopg.Connection, content: bytes, hours: int
) -> None:
    app_writes(connection, {"v": 1})
    write_at(tree, content, hours)
    result = counters(load(tree))
    assert (result.landed, result.unchanged) == (0, 1)
    assert versions(connection) == [({"v": 1}, "app", True)]
    manifest = connection.execute("select content_sha256 from raw.files").fetchall()
    assert manifest == [(hashlib.sha256(content).digest(),)]
    assert counters(load(tree)).bytes == 0


def test_a_newer_file_supersedes_what_the_app_wrote(
    tree: Tree, connection: psycopg.Connection
) -> None:
    app_writes(connection, {"v": 1})
    write_at(tree, {"v": 2}, 1)
    result = counters(load(tree))
    assert (result.landed, result.changed) == (1, 1)
    assert versions(connection) == [({"v": 1}, "app", False), ({"v": 2}, "load", True)]


@pytest.mark.parametrize("is_equally_old", [False, True])
def test_a_file_that_is_not_newer_lands_as_history_once(
    tree: Tree, connection: psycopg.Connection, is_equally_old: bool
) -> None:
    app_writes(connection, {"v": 2})
    file = write_at(tree, {"v": 1}, -1)
    if is_equally_old:
        connection.execute("update raw.documents set source_modified_at = 'epoch'")
        os.utime(file, (0, 0))
    result = counters(load(tree))
    assert (result.landed, result.changed) == (1, 0)
    expected = [({"v": 2}, "app", True), ({"v": 1}, "load", False)]
    assert versions(connection) == expected
    write_at(tree, {"v": 1}, -2)
    assert counters(load(tree)).landed == 0
    assert counters(load(tree, verify_content=True)).unchanged == 1
    assert versions(connection) == expected


def test_a_file_that_goes_back_to_a_former_version_lands_nothing(
    tree: Tree, connection: psycopg.Connection
) -> None:
    write_at(tree, {"v": 1}, -1)
    load(tree)
    app_writes(connection, {"v": 2})
    write_at(tree, {"v": 1}, 1)
    result = counters(load(tree))
    assert (result.landed, result.unchanged) == (0, 1)
    assert versions(connection) == [({"v": 1}, "load", False), ({"v": 2}, "app", True)]


@pytest.mark.parametrize(
    ("hours", "text", "current_payload", "count"),
    [(1, {"v": 2}, {"v": 2}, 2), (-1, {"v": 2}, {"v": 1}, 2), (1, {"v": 1}, {"v": 1}, 1)],
)
def test_what_the_app_writes_between_plan_and_copy_is_not_lost(
    tree: Tree,
    connection: psycopg.Connection,
    hours: int,
    text: object,
    current_payload: object,
    count: int,
) -> None:
    write_at(tree, text, hours)
    tree.write("sessions/b/scorecard.json", {})
    written: list[bytes] = []

    def meanwhile(progress: Progress) -> None:
        if progress.stage == "list" and progress.done and not written:
            written.append(app_writes(connection, {"v": 1}))

    load_source(tree.root, None, Scope(), on_progress=meanwhile)
    assert len(written) == 1
    assert current(connection) == {PATH: current_payload, "sessions/b/scorecard.json": {}}
    assert len([row for row in versions(connection) if row[0] != {}]) == count


def test_an_app_transaction_that_commits_in_mid_copy_is_met_again(
    tree: Tree, database: DatabaseSettings, connection: psycopg.Connection
) -> None:
    write_at(tree, {"v": 2}, -1)
    tree.write("sessions/b/scorecard.json", {})
    with connect(database) as app, ThreadPoolExecutor(1) as pool:
        with app.transaction():
            app_writes(app, {"v": 1})
            running = pool.submit(load, tree)
            # It stays at work: one that has written and then idles is ended by the server.
            until(
                lambda: (
                    app.execute("select 1")
                    and one(connection, "select count(*) from pg_locks where not granted")
                )
            )
        result = counters(running.result(60))
    assert (result.landed, result.changed, result.quarantined) == (2, 0, 0)
    assert current(connection) == {PATH: {"v": 1}, "sessions/b/scorecard.json": {}}


@pytest.mark.parametrize("first_by", ["app", "load"])
def test_what_the_app_writes_while_the_load_waits_is_not_hidden_by_an_older_file(
    tree: Tree, database: DatabaseSettings, connection: psycopg.Connection, first_by: str
) -> None:
    write_at(tree, {"v": 1}, -2)
    load(tree)
    if first_by == "app":
        app_writes(connection, {"v": "app"})
        connection.execute("update raw.documents set source_modified_at = 'epoch'")
    write_at(tree, {"v": 2}, -1)
    with connect(database) as app, ThreadPoolExecutor(1) as pool:
        with app.transaction():
            # Readers pass this lock, writers wait: the load has decided, and cannot act yet.
            app.execute("lock table raw.documents in exclusive mode")
            running = pool.submit(load, tree)
            until(lambda: one(connection, "select count(*) from pg_locks where not granted"))
            app_writes(app, {"v": 3})
        result = counters(running.result(60))
    assert current(connection) == {PATH: {"v": 3}}
    assert (result.landed, result.changed) == (1, 0)


def test_an_app_that_writes_all_the_time_loses_and_doubles_nothing(
    tree: Tree, database: DatabaseSettings, connection: psycopg.Connection
) -> None:
    paths = [f"sessions/{number}/scorecard.json" for number in range(40)]
    written: list[tuple[str, int]] = []
    is_over = threading.Event()

    def write_on() -> None:
        with connect(database) as app:
            while not is_over.is_set():
                path, version = random.choice(paths), len(written)
                app_writes(app, {"by": "app", "v": version}, path)
                written.append((path, version))

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write_on)
        try:
            until(lambda: written or writing.done())
            for turn in range(8):
                for path in paths:
                    write_at(tree, {"by": "file", "v": turn}, turn % 3 - 1, path)
                result = counters(load(tree))
                assert result.landed + result.unchanged == result.seen == len(paths)
        finally:
            is_over.set()
        writing.result(60)
    found = connection.execute(
        "select source_path, (payload -> 'v')::int from raw.documents where origin = 'app'"
    ).fetchall()
    assert sorted(found) == sorted(written)
    assert one(connection, "select count(*) from raw.quarantine") == 0
    assert sorted(current(connection)) == sorted(paths)
