"""Many threads write at once, others leave transactions open, files are loaded: nothing is lost."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from pulse_store import Store, StoreConflict, StoreUnavailable
from tests.conftest import Tree
from tests.store.conftest import MakeStore

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


def test_an_open_transaction_of_the_application_holds_up_nobody_else(
    store: Store, app: DatabaseSettings, database: DatabaseSettings, make_store: MakeStore
) -> None:
    store.write_json("sessions/b/session.json", {})
    longest = [0.0]
    stop = threading.Event()

    def build() -> None:
        with connect(database) as connection, connection.transaction():
            connection.execute("select raw.await_writers()")

    builder = threading.Thread(target=build)

    def write() -> None:
        number = 0
        while not stop.is_set():
            began = time.monotonic()
            store.write_json("sessions/b/session.json", {"n": number})
            longest[0] = max(longest[0], time.monotonic() - began)
            number += 1

    writer = threading.Thread(target=write)
    with psycopg.connect(**app.parameters) as open_one:  # type: ignore[arg-type]
        open_one.execute("select raw.write_document('sessions/a/session.json', '{}')")
        builder.start()
        writer.start()
        # As long as several attempts of the build take.
        builder.join(3)
        assert builder.is_alive()
        stop.set()
        writer.join()
        open_one.rollback()
    builder.join()
    assert longest[0] < 0.5
