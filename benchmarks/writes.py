"""Times writes of the application and bare inserts, in turn: eight writers and one.

Run by 'make bench-writes'. A bare insert is the least possible write: path and document into a
table without an index. Ratios are taken within a round; the last line has their medians.
"""

import argparse
import statistics
import threading
import time
from collections.abc import Callable

import psycopg

from benchmarks.ground import own_folder, own_server
from loaders.database.connection import connect
from loaders.database.migrations import migrate
from loaders.database.settings import DatabaseSettings
from loaders.pipeline import configured_kinds

_WRITERS = 8
_DATABASE = "writes"
_DOCUMENT = '{"overall": {"score": 72, "raw_score": 2.1}, "bce": {"score": 2}, "text": "%s"}' % (
    "x" * 300
)

_Write = Callable[[psycopg.Connection, int, int], object]


def main() -> None:
    """Parse arguments, measure, print a line per round and the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writes", type=int, default=500, help="writes of each writer")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with own_folder() as work, own_server(work) as server:
        settings = server.fresh(_DATABASE)
        with connect(settings) as connection:
            migrate(connection, configured_kinds())
            connection.execute("create table public.bare (path text, document jsonb)")
        rounds = [_round(settings, arguments.writes) for _ in range(arguments.rounds)]
    own, shared, alone = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(
        f"medians: own paths p95 {own:.2f}, one path p95 {shared:.2f}, one writer p50 {alone:.2f}"
    )


def _round(settings: DatabaseSettings, writes: int) -> tuple[float, float, float]:
    def p95(write: _Write) -> float:
        return statistics.quantiles(_times(settings, write, _WRITERS, writes), n=20)[-1]

    def p50(write: _Write) -> float:
        return statistics.median(_times(settings, write, 1, writes))

    bare, own, shared = p95(_bare), p95(_own_path), p95(_one_path)
    bare_alone, alone = p50(_bare), p50(_own_path)
    print(
        f"8 writers, p95 in ms: bare {bare * 1e3:.2f}, own paths {own * 1e3:.2f}, "
        f"one path {shared * 1e3:.2f}; one, p50: bare {bare_alone * 1e3:.2f}, "
        f"own path {alone * 1e3:.2f}"
    )
    return own / bare, shared / bare, alone / bare_alone


def _bare(connection: psycopg.Connection, writer: int, number: int) -> object:
    return connection.execute(
        "insert into public.bare values (%s, %s)", (f"{writer}/{number}", _DOCUMENT)
    )


def _own_path(connection: psycopg.Connection, writer: int, number: int) -> object:
    path = f"sessions/{writer}-{number % 50}/scorecard.json"
    return connection.execute("select raw.write_document(%s, %s)", (path, _DOCUMENT))


def _one_path(connection: psycopg.Connection, writer: int, number: int) -> object:
    path = "sessions/one/scorecard.json"
    return connection.execute("select raw.write_document(%s, %s)", (path, _DOCUMENT))


def _times(settings: DatabaseSettings, write: _Write, writers: int, writes: int) -> list[float]:
    """Return the seconds of each write but a writer's first ones, which find no plans."""
    times: list[float] = []

    def write_on(writer: int) -> None:
        mine = []
        with connect(settings) as connection:
            for number in range(writes):
                began = time.perf_counter()
                write(connection, writer, number)
                mine.append(time.perf_counter() - began)
        times.extend(mine[writes // 10 :])

    threads = [threading.Thread(target=write_on, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


if __name__ == "__main__":
    main()
