"""What tests of rebuilds share: a project to edit, changing documents, tireless readers."""

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import psycopg
from psycopg import sql

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from tests.conftest import EXAMPLES, ROOT
from tests.marts.warm_dbt import WarmDbt, warm_dbt

SCHEMAS = ["staging", "intermediate", "analytics", "reporting"]

# What tells builds apart, and not what they built.
BOOKS = ["builds", "rebuild_queue", "standing_relations", "touches"]

# The rows of each relation, by its name.
Everything = dict[str, list[str]]

_PROJECT_FILES = ["dbt_project.yml", "profiles.example.yml"]
_PROJECT_FOLDERS = ["models", "macros", "seeds", "tests/assertions"]


@dataclass
class Project:
    """A copy of the dbt project, which tests edit and which is as it was after each of them."""

    root: Path
    dbt: WarmDbt
    # By path: what the file said before.
    _edited: dict[str, str] = field(default_factory=dict)
    _added: set[str] = field(default_factory=set)

    def add(self, path: str, text: str) -> None:
        """Write a file that the project does not have."""
        assert not (self.root / path).exists(), f"{path} is there"
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        self._added.add(path)
        self._write(path, text)

    def edit(self, path: str, *changes: tuple[str, str]) -> None:
        """Replace the first occurrence of texts in a file."""
        text = (self.root / path).read_text()
        self._edited.setdefault(path, text)
        for old, new in changes:
            assert old in text, f"{path} does not say {old!r}"
            text = text.replace(old, new, 1)
        self._write(path, text)

    def restore(self) -> None:
        """Take all edits back."""
        for path, text in self._edited.items():
            self._write(path, text)
        for path in self._added:
            (self.root / path).unlink()
        self._edited.clear()
        self._added.clear()
        self.dbt.parse_again()

    def _write(self, path: str, text: str) -> None:
        (self.root / path).write_text(text)
        self.dbt.parse_again()


def copy_project(folder: Path, shared: Path, name: str = str(ROOT)) -> Project:
    """Copy what dbt reads of this project; see WarmDbt for `shared` and `name`."""
    root = folder / "project"
    for part in _PROJECT_FOLDERS:
        shutil.copytree(ROOT / part, root / part)
    for part in _PROJECT_FILES:
        shutil.copyfile(ROOT / part, root / part)
    return Project(root, warm_dbt(folder / "warm", shared, root, name))


def changed_examples(folder: Path, note: str) -> Path:
    """Write the example tree with a changed object in every document that can land and is one."""
    tree = folder / f"examples-{note}"
    shutil.copytree(EXAMPLES, tree)
    for file in tree.glob("**/*.json"):
        content = file.read_bytes()
        try:
            document = orjson.loads(content)
        except orjson.JSONDecodeError:
            continue
        if isinstance(document, dict) and b"\\u0000" not in content:
            file.write_text(json.dumps({**document, "note": note}))
    return tree


def change_documents(folder: Path, note: str) -> None:
    """Land a changed version of nearly every document."""
    result = load_source(changed_examples(folder, note), None, Scope(), workers=1)
    assert result.counters is not None
    assert result.counters.changed > 30


def relations_of(connection: psycopg.Connection) -> list[str]:
    """Return the tables and views that dbt built."""
    return [
        name
        for (name,) in connection.execute(
            "select format('%%I.%%I', n.nspname, c.relname) from pg_class as c "
            "inner join pg_namespace as n on n.oid = c.relnamespace "
            "where n.nspname = any(%s) and c.relkind in ('r', 'v') and c.relname <> all(%s) "
            "order by 1",
            (SCHEMAS, BOOKS),
        )
    ]


def rows_in(connection: psycopg.Connection, relations: list[str]) -> dict[str, list[str]]:
    """Return relations whole, each row as text, in order."""
    query = "select whole::text from {} as whole order by 1"
    return {
        relation: [row for (row,) in connection.execute(_named(query, relation))]
        for relation in relations
    }


def assert_equals_full_build(settings: DatabaseSettings, dbt: WarmDbt, *arguments: str) -> None:
    """Assert that what stands is what a build from nothing gives."""
    with connect(settings) as connection:
        assert connection.execute("select * from staging.rebuild_queue").fetchall() == []
        standing = everything(connection)
        drop_what_stands(connection)
        dbt.build(settings, *arguments)
        assert_same(standing, everything(connection))


def drop_what_stands(connection: psycopg.Connection) -> None:
    """Leave nothing of what dbt built."""
    for schema in SCHEMAS:
        connection.execute(
            sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(schema))
        )


def assert_same(standing: Everything, full: Everything, history: str = "") -> None:
    """Assert that two builds left the same relations with the same rows."""
    for relation in sorted(standing.keys() | full.keys()):
        assert relation in standing, f"only a full build has {relation}\n{history}"
        assert relation in full, f"a full build has no {relation}\n{history}"
        stands, computed = standing[relation], full[relation]
        surplus = [row for row in stands if row not in computed]
        missing = [row for row in computed if row not in stands]
        told = f"{relation}\nsurplus {surplus[:5]}\nmissing {missing[:5]}\n{history}"
        assert stands == computed, told


def everything(connection: psycopg.Connection) -> Everything:
    """Return all that dbt built as JSON, whatever the order of columns.

    Without the times of loads and builds that data_freshness tells.
    """
    query = (
        "select (to_jsonb(whole) - '{{cutoff,built_at,last_load_at}}'::text[])::text "
        "from {} as whole order by 1"
    )
    return {
        relation: [row for (row,) in connection.execute(_named(query, relation))]
        for relation in relations_of(connection)
    }


def _named(query: str, relation: str) -> sql.Composed:
    return sql.SQL(query).format(sql.Identifier(*relation.split(".")))


@dataclass
class Reader:
    """An analyst who reads all relations in one transaction, again and again with a pause."""

    settings: DatabaseSettings
    isolation: str
    relations: list[str]
    pause: float
    rounds: int = 0
    troubles: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def read(self) -> None:
        try:
            with connect(self.settings) as connection:
                while not self._stop.is_set() and len(self.troubles) < 5:
                    self._read_once(connection)
                    self.rounds += 1
                    self._stop.wait(self.pause)
        except psycopg.Error as error:
            self.troubles.append(f"{self.isolation}: {error}")

    def stop(self) -> None:
        self._stop.set()

    def _read_once(self, connection: psycopg.Connection) -> None:
        connection.execute(f"begin isolation level {self.isolation}")
        for relation in self.relations:
            # The text of whole rows, so that every column is read.
            row = connection.execute(
                _named("select count(whole::text) from {} as whole", relation)
            ).fetchone()
            if row is None or not row[0]:
                self.troubles.append(f"{self.isolation}: {relation} was empty")
        connection.execute("commit")


@contextmanager
def reading(
    settings: DatabaseSettings, relations: list[str], pause: float = 0
) -> Iterator[list[Reader]]:
    """Have relations read all the while, at both levels; ends without errors and empty reads."""
    readers = [
        Reader(settings, isolation, relations, pause)
        for isolation in ("read committed", "repeatable read")
    ]
    threads = [threading.Thread(target=reader.read) for reader in readers]
    for thread in threads:
        thread.start()
    try:
        yield readers
    finally:
        for reader in readers:
            reader.stop()
        for thread in threads:
            thread.join()
    assert [trouble for reader in readers for trouble in reader.troubles] == []


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Return when the condition holds; it has to in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited for {seconds:.0f} s"
        time.sleep(0.02)


def lock_waiters(connection: psycopg.Connection) -> int:
    """Count who waits for a lock in this database."""
    row = connection.execute(
        "select count(*) from pg_stat_activity "
        "where datname = current_database() and wait_event_type = 'Lock'"
    ).fetchone()
    assert row is not None
    return int(row[0])
