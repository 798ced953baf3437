"""The common parts of benchmarks: a sample tree, an embedded server, fresh databases, commands."""

import atexit
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from psycopg import sql

from loaders.database import embedded
from loaders.database.connection import connect
from loaders.database.settings import URL_VARIABLE, DatabaseSettings

_TEMPLATE = "landing_template"


@dataclass(frozen=True)
class BenchmarkServer:
    """An embedded server of the benchmark's own; it ends with the block that started it."""

    settings: DatabaseSettings
    data: Path

    def database(self, name: str) -> DatabaseSettings:
        """Return how to reach a database of this server."""
        return DatabaseSettings({**self.settings.parameters, "dbname": name})

    def fresh(self, name: str, *, template: str = "template1") -> DatabaseSettings:
        """Recreate a database, empty unless a template is given."""
        with connect(self.settings) as connection:
            connection.execute(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
            )
            connection.execute(
                sql.SQL("create database {} template {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
        return self.database(name)

    def fresh_landing(self, name: str) -> DatabaseSettings:
        """Create a database whose landing is migrated and empty."""
        with connect(self.settings) as connection:
            known = connection.execute(
                "select 1 from pg_database where datname = %s", [_TEMPLATE]
            ).fetchone()
        if known is None:
            pulse_elt("db", "migrate", database=self.fresh(_TEMPLATE))
        return self.fresh(name, template=_TEMPLATE)

    def settle(self) -> None:
        """Flush dirty pages of earlier steps, so that the next one does not pay for them."""
        with connect(self.settings) as connection:
            connection.execute("checkpoint")

    def psql(self, database: DatabaseSettings, command: str) -> float:
        """Run one psql command and return its seconds."""
        program = embedded.program(self.data, "psql")
        url = database.as_url(with_password=False)
        return timed([str(program), "-qX", "-v", "ON_ERROR_STOP=1", "-c", command, url])

    @property
    def version(self) -> str:
        """Return the server's version, such as 18.1."""
        with connect(self.settings) as connection:
            return connection.info.parameter_status("server_version") or "?"


@contextmanager
def own_folder() -> Iterator[Path]:
    """Yield a temporary folder to work in."""
    with tempfile.TemporaryDirectory(prefix="pulse-bench-") as folder:
        # The embedded wheel recreates its lock file when Python exits. Exit handlers that were
        # registered before the wheel was imported run after its own.
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        yield Path(folder)


@contextmanager
def own_server(work: Path) -> Iterator[BenchmarkServer]:
    """Start an embedded server below work and stop it again, whatever happens."""
    data = work / "postgres"
    settings = embedded.start(data)
    try:
        yield BenchmarkServer(settings, data)
    finally:
        embedded.stop(data)


def sample_tree(tree: Path, sessions: int) -> Path:
    """Write a sample tree with a learner per 25 sessions."""
    note(f"writing a tree of {sessions:,} sessions")
    pulse_elt("sample", "--sessions", str(sessions), "--out", str(tree))
    return tree


def keep_warm(path: Path) -> None:
    """Read a tree or a file, so that the next step finds it in the page cache.

    Before every timed step, not once: virtual machines that reclaim idle memory drop a cache
    within a minute, and tar then waits for the disk while others do not.
    """
    read_once(path)


def read_once(tree: Path) -> float:
    """Return the seconds tar takes to read a tree, or a file, into a pipe."""
    return timed(["sh", "-c", 'tar cf - "$0" | cat >/dev/null', tree.name], folder=tree.parent)


@dataclass(frozen=True)
class Load:
    """A load by our own command: its seconds on the clock, Python's start among them."""

    seconds: float
    counters: Mapping[str, int]


def measured_load(database: DatabaseSettings, tree: Path) -> Load:
    """Load a tree as an operator does."""
    started = time.perf_counter()
    done = pulse_elt("load", str(tree), "--json", database=database)
    return Load(time.perf_counter() - started, json.loads(done)["counters"])


def command(*arguments: str) -> list[str]:
    """Return the command line of pulse-elt as it is in this checkout."""
    return [sys.executable, "-m", "loaders.cli", *arguments]


def environment(database: DatabaseSettings | None) -> dict[str, str]:
    """Return an environment in which pulse-elt finds the database."""
    if database is None:
        return dict(os.environ)
    return {**os.environ, URL_VARIABLE: database.as_url(with_password=True)}


def pulse_elt(*arguments: str, database: DatabaseSettings | None = None) -> str:
    """Run a pulse-elt command and return what it printed."""
    done = subprocess.run(
        command(*arguments),
        env=environment(database),
        capture_output=True,
        text=True,
        check=False,
    )
    must_be_done(arguments, done.returncode, done.stderr)
    return done.stdout


def must_be_done(arguments: Sequence[str], code: int, said: str = "") -> None:
    """End the benchmark unless a pulse-elt command succeeded."""
    # 1: done, with findings; a sample tree has bad files.
    if code not in (0, 1):
        give_up(f"pulse-elt {' '.join(arguments)} ended with {code}: {said[-500:]}")


def timed(command: Sequence[str], folder: Path | None = None) -> float:
    """Return the seconds of a command whose output does not matter."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)
    return time.perf_counter() - started


def note(sentence: str) -> None:
    """Print what is going on to stderr."""
    print(f"… {sentence}", file=sys.stderr, flush=True)


def give_up(sentence: str) -> NoReturn:
    """End the benchmark: its figure would not measure what it claims."""
    sys.exit(f"benchmark: {sentence}")


def surroundings(server: BenchmarkServer) -> str:
    """Return in one line what the figures depend on, without naming the machine."""
    return "; ".join(
        [
            datetime.now(UTC).date().isoformat(),
            f"{os.cpu_count()} cores, {platform.machine()}, {_processor()}",
            f"Python {platform.python_version()}",
            f"PostgreSQL {server.version}, embedded",
            f"{platform.system()} {platform.release()}",
        ]
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown processor"
