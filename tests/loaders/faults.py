"""What tests of faults share: loads in their own processes, what holds them, what they leave."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.errors import LoadInProgress
from tests.conftest import ROOT, Tree
from tests.loaders.test_loading import load

WITH_WORKERS = ("--workers", "2")

# Every table of the landing by its rows as text, sorted.
Books = Mapping[str, list[str]]


@contextmanager
def running(root: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Start a load in a process group of its own; at the end nothing of it is left.

    It takes an interrupt as on a terminal.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "loaders.cli", "load", str(root), *options],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        yield process
    finally:
        kill_all_of(process)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def kill_all_of(process: subprocess.Popen[str]) -> None:
    """Kill a load and its workers, also orphaned ones."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def children(pid: int) -> list[int]:
    """Return the processes that a process started and that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state != "Z":
                found.append(int(stat.parent.name))
    return found


def workers(pid: int) -> list[int]:
    """Return the processes below a load that work for it, not those that only serve these."""
    found = []
    for child in children(pid):
        with suppress(OSError):
            words = Path(f"/proc/{child}/cmdline").read_bytes()
            if b"multiprocessing.forkserver" in words:
                found += children(child)
            elif b"multiprocessing.resource_tracker" not in words:
                found.append(child)
    return found


def end_of(root: Path, *options: str) -> tuple[int, str, str]:
    """Load in a process of its own; return exit code, stdout and stderr. It has a minute."""
    with running(root, *options) as process:
        stdout, stderr = process.communicate(timeout=60)
        return process.returncode, stdout, stderr


def until(condition: Callable[[], object]) -> None:
    """Return when the condition holds; it has to within three minutes, on a busy machine, too."""
    deadline = time.monotonic() + 180
    while not condition():
        assert time.monotonic() < deadline, "waited for three minutes"
        time.sleep(0.005)


@contextmanager
def held(database: DatabaseSettings, table: str) -> Iterator[Callable[[], bool]]:
    """Keep others from writing a table; yields whether somebody waits for it."""
    with connect(database) as holder, connect(database) as observer:

        def somebody_waits() -> bool:
            found = observer.execute(
                "select count(*) from pg_locks "
                "where not granted and database is not distinct from "
                "(select oid from pg_database where datname = current_database())"
            ).fetchone()
            return found is not None and found[0] > 0

        with holder.transaction():
            holder.execute(f"lock table {table} in exclusive mode")
            yield somebody_waits


def one(connection: psycopg.Connection, query: str) -> Any:  # noqa: ANN401 - a value of any type
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def assert_one_sentence(stderr: str) -> None:
    """Progress may come before it, nothing after it."""
    *progress, last = stderr.strip().splitlines() or [""]
    assert last.startswith("pulse-elt: "), stderr
    stages = ("Listing", "Copying", "Closing")
    assert [line for line in progress if not line.startswith(stages)] == []


def load_after_the_dead_one(tree: Tree) -> None:
    """Load as soon as the server has noticed that the killed loader is gone."""

    def is_done() -> bool:
        with suppress(LoadInProgress):
            load(tree)
            return True
        return False

    until(is_done)


# Numbers and clock times; of the two times that mean something, whether they are there.
_NOT_COMPARED = [
    "document_id", "quarantine_id", "load_id", "landed_at", "superseded_at", "loaded_at",
    "first_seen_at", "last_seen_at", "last_changed_at", "resolved_at",
]  # fmt: skip

_TABLES = """
select relname
from pg_class
where
    relnamespace = 'raw'::regnamespace and relkind in ('r', 'p') and not relispartition
    and relname not in ('loads', 'schema_migrations', 'document_kinds_editions')
"""

_ROWS = """
select (
    to_jsonb(t) - %s::text[]
    || jsonb_build_object('is_current', to_jsonb(t) -> 'superseded_at' = 'null')
    || jsonb_build_object('is_open', to_jsonb(t) -> 'resolved_at' = 'null')
)::text as line
from raw.{} as t
order by line
"""


def books(database: DatabaseSettings) -> Books:
    """Return all that a killed and repeated load must leave as an undisturbed one does."""
    with connect(database) as connection:
        found = {}
        for (table,) in connection.execute(_TABLES).fetchall():
            query = sql.SQL(_ROWS).format(sql.Identifier(table))
            rows = connection.execute(query, (_NOT_COMPARED,)).fetchall()
            found[table] = [line for (line,) in rows]
        return found


def assert_same_books(found: Books, expected: Books, what: str) -> None:
    """Compare whole tables, and name the first rows that differ."""
    assert found.keys() == expected.keys()
    for table, rows in expected.items():
        missing = Counter(rows) - Counter(found[table])
        too_many = Counter(found[table]) - Counter(rows)
        assert (list(missing)[:3], list(too_many)[:3]) == ([], []), f"{table}: {what}"
