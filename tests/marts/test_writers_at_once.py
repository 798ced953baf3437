"""Eight writers on one path and on their own, while files of these paths load and marts build."""

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from loaders.database.settings import DatabaseSettings
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from tests.conftest import Tree
from tests.loaders.writing import settings_of_the_app, write
from tests.marts.rebuilding import Project

WRITERS = 8
SHARED = "sessions/shared/evaluation.json"


def own(writer: int) -> str:
    return f"sessions/own-{writer}/evaluation.json"


def test_every_write_is_a_version_and_one_is_current(
    database: DatabaseSettings,
    connection: psycopg.Connection,
    tree: Tree,
    small_project: Project,
    request: pytest.FixtureRequest,
) -> None:
    writes: int = request.config.getoption("--writes")
    settings = settings_of_the_app(database)
    is_built = threading.Event()

    def write_on(writer: int) -> Counter[str]:
        written: Counter[str] = Counter()
        with psycopg.connect(**settings.parameters, autocommit=True) as app:  # type: ignore[arg-type]
            # Each as often on the one path as on its own.
            while written.total() < 2 * writes or not is_built.is_set():
                for path in (SHARED, own(writer)):
                    score = {"scores": {"Probe": {"score": written.total() % 4}}}
                    write(app, path, json.dumps(score))
                    written[path] += 1
        return written

    def load_again(turn: int) -> None:
        for path in (SHARED, *map(own, range(WRITERS))):
            tree.write(path, {"scores": {"Probe": {"score": turn}}})
        load_source(tree.root, None, Scope())

    with ThreadPoolExecutor(WRITERS) as pool:
        writing = [pool.submit(write_on, writer) for writer in range(WRITERS)]
        try:
            for turn in range(2):
                load_again(turn)
                small_project.dbt.build(database)
        finally:
            is_built.set()
        turn = 2
        while not all(writer.done() for writer in writing):
            load_again(turn)
            turn += 1
        expected = sum((writer.result() for writer in writing), Counter())

    found = connection.execute(
        "select source_path, count(*) from raw.documents where origin = 'app' group by source_path"
    ).fetchall()
    assert Counter(dict(found)) == expected
    assert min(expected.values()) >= writes
    current = connection.execute(
        "select source_path, count(*) from raw.documents where superseded_at is null "
        "group by source_path"
    ).fetchall()
    assert dict(current) == dict.fromkeys(expected, 1)
    overlaps = connection.execute(
        "select count(*) from (select superseded_at, lead(landed_at) over ("
        "partition by source_path order by landed_at, document_id) as next_at from raw.documents "
        "where origin = 'app') as versions where superseded_at > next_at"
    ).fetchone()
    assert overlaps == (0,)
    assert connection.execute("select count(*) from raw.quarantine").fetchone() == (0,)
