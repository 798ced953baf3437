"""Many threads write at once, others leave transactions open, files are loaded: nothing is lost."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.errors import LoadInProgress
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from pulse_store import Store, StoreConflict, StoreUnavailable
from tests.conftest import Tree

# Transactions that meet each other.
pytestmark = pytest.mark.every_server

THREADS = 8
# Of a kind that keeps every version, whatever loads prune.
SHARED = "sessions/shared/evaluation.json"


@pytest.fixture
def writes(request: pytest.FixtureRequest) -> int:
    """How many writes of each thread."""
    is_thorough = request.config.getoption("--thorough")
    return 2_000 if is_thorough else int(request.config.getoption("--writes"))


def in_threads(work: Callable[[int], object]) -> None:
    with ThreadPoolExecutor(THREADS) as threads:
        for done in [threads.submit(work, number) for number in range(THREADS)]:
            done.result()


@pytest.fixture
def busy(database: DatabaseSettings, tree: Tree) -> Iterator[None]:
    """Loads, and transactions that fix a cutoff as builds do, one after the other meanwhile."""
    stop = threading.Event()

    def loads() -> None:
        number = 0
        while not stop.is_set():
            tree.write("sessions/of-files/session.json", {"n": number})
            tree.write("sessions/shared/transcript.json", {"n": number})
            # The server may not have ended the session of the load before.
            with suppress(LoadInProgress):
                load_source(tree.root, None, Scope(), workers=1)
            number += 1

    def builds() -> None:
        with connect(database) as connection:
            while not stop.is_set():
                with connection.transaction():
                    connection.execute("select raw.await_writers()")
                    connection.execute("select clock_timestamp()")
                time.sleep(0.05)

    others = [threading.Thread(target=work) for work in (loads, builds)]
    for other in others:
        other.start()
    yield
    stop.set()
    for other in others:
        other.join()


@pytest.mark.parametrize("is_shared", [True, False])
def test_every_write_is_a_version_and_one_is_current(
    store: Store, connection: psycopg.Connection, writes: int, busy: None, is_shared: bool
) -> None:
    def write(thread: int) -> None:
        path = SHARED if is_shared else f"sessions/{thread}/evaluation.json"
        for number in range(writes):
            store.write_json(path, {"thread": thread, "number": number})

    in_threads(write)
    rows = connection.execute(
        "select source_path, count(*), count(*) filter (where superseded_at is null), "
        "count(distinct payload) from raw.documents where kind = 'evaluation' "
        "group by source_path"
    ).fetchall()
    paths = 1 if is_shared else THREADS
    assert len(rows) == paths
    expected = writes * THREADS // paths
    assert {row[1:] for row in rows} == {(expected, 1, expected)}
    # In its own order each: a thread's later write is a later version.
    disorder = connection.execute(
        "with numbered as (select payload ->> 'thread' as thread, document_id, "
        "(payload ->> 'number')::int as number from raw.documents where kind = 'evaluation') "
        "select count(*) from (select number - lag(number) "
        "over (partition by thread order by document_id) as step from numbered) as steps "
        "where step <> 1"
    ).fetchone()
    assert disorder == (0,)
    assert store.counters["write_json.ok"] == writes * THREADS


def test_a_document_that_is_refused_keeps_no_other_from_its_path(
    store: Store, connection: psycopg.Connection, writes: int
) -> None:
    connection.execute(
        "alter table raw.evaluations add constraint nothing_refused check (not payload ? 'refused')"
    )

    def write(thread: int) -> None:
        for number in range(writes):
            if thread == 0:
                with pytest.raises(StoreUnavailable, match="was not written"):
                    store.write_json(SHARED, {"refused": 1})
            else:
                store.write_json(SHARED, {"thread": thread, "number": number})

    in_threads(write)
    row = connection.execute(
        "select count(*), count(distinct payload) from raw.documents where source_path = %s",
        (SHARED,),
    ).fetchone()
    assert row == (writes * (THREADS - 1),) * 2


def test_whoever_reads_and_writes_by_version_loses_no_turn(store: Store, writes: int) -> None:
    store.write_json(SHARED, {"messages": []})
    turns = max(5, writes // 20)

    def add(thread: int) -> None:
        for number in range(turns):
            while True:
                version = store.read_version(SHARED)
                assert version is not None
                messages = [*version.document["messages"], [thread, number]]
                try:
                    store.write_if(SHARED, {"messages": messages}, version)
                    break
                except StoreConflict:
                    continue

    in_threads(add)
    found = store.read_json(SHARED)
    assert found is not None
    assert len(found["messages"]) == len({tuple(each) for each in found["messages"]})
    assert len(found["messages"]) == turns * THREADS


@pytest.fixture
def seconds(request: pytest.FixtureRequest) -> float:
    """How long a transaction is left open; several attempts of a build at least."""
    return 60 if request.config.getoption("--thorough") else 3


@contextmanager
def writing(store: Store, *paths: str) -> Iterator[list[float]]:
    """Write paths all the time, a thread each; yields the longest that a write took."""
    longest = [0.0]
    stop = threading.Event()

    def write(path: str) -> None:
        number = 0
        while not stop.is_set():
            began = time.monotonic()
            store.write_json(path, {"n": number})
            longest[0] = max(longest[0], time.monotonic() - began)
            number += 1

    with ThreadPoolExecutor(len(paths)) as threads:
        writers = [threads.submit(write, path) for path in paths]
        yield longest
        stop.set()
        for writer in writers:
            writer.result()


def test_an_open_transaction_of_the_application_holds_up_nobody_else(
    store: Store, app: DatabaseSettings, database: DatabaseSettings, seconds: float
) -> None:
    store.write_json("sessions/b/session.json", {})

    def build() -> None:
        with connect(database) as connection, connection.transaction():
            connection.execute("select raw.await_writers()")

    def stay_at_work() -> None:
        with suppress(psycopg.errors.QueryCanceled):
            open_one.execute("select pg_sleep(600)")

    builder = threading.Thread(target=build)
    with psycopg.connect(**app.parameters) as open_one:  # type: ignore[arg-type]
        open_one.execute("select raw.write_document('sessions/a/session.json', '{}')")
        # The server would end one that idles.
        worker = threading.Thread(target=stay_at_work)
        worker.start()
        with writing(store, "sessions/b/session.json") as longest:
            builder.start()
            builder.join(seconds)
            assert builder.is_alive()
        open_one.cancel_safe()
        worker.join()
        open_one.rollback()
    builder.join()
    # None waited for it to the end, however slow the machine is.
    assert longest[0] < seconds


def test_one_that_was_forgotten_holds_up_nobody_of_its_path_nor_loads_nor_builds(
    store: Store, app: DatabaseSettings, connection: psycopg.Connection, busy: None, seconds: float
) -> None:
    forgotten = ("sessions/of-files/session.json", "sessions/a/session.json")
    # The login has no limit of its own: it was created after 'db roles'.
    with psycopg.connect(**app.parameters) as open_one:  # type: ignore[arg-type]
        began = time.monotonic()
        for path in forgotten:
            open_one.execute('select raw.write_document(%s, \'{"n": "forgotten"}\')', (path,))
        with writing(store, *forgotten, "sessions/b/session.json") as longest:
            time.sleep(began + seconds - time.monotonic())
        with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
            open_one.execute("select")
    # None waited for it to the end, however slow the machine is.
    assert longest[0] < seconds
    written = "select count(*) from raw.documents where payload ->> 'n' = 'forgotten'"
    assert connection.execute(written).fetchone() == (0,)
