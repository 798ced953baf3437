"""Times writes of the application, through pulse_store, beside bare inserts.

Run by 'make bench'. A bare insert is the least possible write: path and document into a table
without an index, on a connection for each thread. Each round measures everything in turn; ratios
are taken within a round, and the table has their medians.
"""

import argparse
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager

from benchmarks.ground import own_folder, own_server, surroundings
from benchmarks.report import Bar, Row, markdown
from loaders.database.connection import connect
from loaders.database.migrations import migrate
from loaders.database.settings import DatabaseSettings
from loaders.pipeline import configured_kinds
from pulse_store import Settings, Store

_WRITERS = 8
_DATABASE = "writes"
_DOCUMENT = {
    "overall": {"score": 72, "raw_score": 2.1}, "bce": {"score": 2}, "text": "x" * 300,
}  # fmt: skip
_BARE = "insert into public.bare values (%s, %s::jsonb)"
_BARE_DOCUMENT = (
    '{"overall": {"score": 72, "raw_score": 2.1}, "bce": {"score": 2}, "text": "%s"}' % ("x" * 300)
)

# Writes a document as the thread of a number, the time of a number.
_Write = Callable[[int, int], object]
# Milliseconds: of a bare insert and of a write through the store.
_Pair = tuple[float, float]


def main() -> None:
    """Parse arguments, measure, print a line per round and a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writes", type=int, default=200, help="writes of each thread in a round")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    with own_folder() as work, own_server(work) as server:
        settings = server.fresh(_DATABASE)
        with connect(settings) as connection:
            migrate(connection, configured_kinds())
            connection.execute("create table public.bare (path text, document jsonb)")
        chosen = Settings(parameters=settings.parameters, connections=_WRITERS)
        with closing(Store(chosen)) as store:
            rounds = [_round(settings, store, arguments.writes) for _ in range(arguments.rounds)]
        print(markdown(surroundings(server), list(_rows(rounds))), end="\n\n")


def _round(settings: DatabaseSettings, store: Store, writes: int) -> tuple[_Pair, _Pair, _Pair]:
    with _bare_writers(settings) as bare:

        def own_path(writer: int, number: int) -> None:
            store.write_json(f"sessions/{writer}-{number % 50}/scorecard.json", _DOCUMENT)

        def one_path(_writer: int, _number: int) -> None:
            store.write_json("sessions/one/scorecard.json", _DOCUMENT)

        least, own, one = (
            _p95(_times(write, _WRITERS, writes)) for write in (bare, own_path, one_path)
        )
        alone = [statistics.median(_times(write, 1, writes * 2)) for write in (bare, own_path)]
    print(
        f"{_WRITERS} threads, p95 in ms: bare {least:.2f}, own paths {own:.2f}, "
        f"one path {one:.2f}; one thread, p50: bare {alone[0]:.2f}, own path {alone[1]:.2f}",
        flush=True,
    )
    return (least, own), (least, one), (alone[0], alone[1])


def _rows(rounds: Sequence[tuple[_Pair, _Pair, _Pair]]) -> Iterator[Row]:
    bars = (
        (f"{_WRITERS} threads, own paths, p95", 2.2),
        (f"{_WRITERS} threads, one path, p95", 3.0),
        ("one thread, p50", 2.0),
    )
    for (what, limit), pairs in zip(bars, zip(*rounds, strict=True), strict=True):
        ratios = sorted(ours / bare for bare, ours in pairs)
        bare, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(ratios)
        detail = (
            f"{ours:.2f} ms, bare insert {bare:.2f} ms; rounds {ratios[0]:.2f} to {ratios[-1]:.2f}"
        )
        yield Row(f"write ÷ bare insert: {what}", f"{ratio:.2f}", detail, ratio, Bar(limit))


@contextmanager
def _bare_writers(settings: DatabaseSettings) -> Iterator[_Write]:
    """Yield what inserts as a thread of that number, on a connection of its own."""
    with ExitStack() as opened:
        connections = [opened.enter_context(connect(settings)) for _ in range(_WRITERS)]

        def insert(writer: int, number: int) -> None:
            connections[writer].execute(_BARE, (f"{writer}/{number}", _BARE_DOCUMENT))

        yield insert


def _p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _times(write: _Write, writers: int, writes: int) -> list[float]:
    """Return the milliseconds of each write but a thread's first ones, which open connections."""
    times: list[float] = []
    everybody = threading.Barrier(writers)

    def write_on(writer: int) -> None:
        mine = []
        everybody.wait()
        for number in range(writes):
            began = time.perf_counter()
            write(writer, number)
            mine.append((time.perf_counter() - began) * 1e3)
        times.extend(mine[writes // 10 :])

    threads = [threading.Thread(target=write_on, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


if __name__ == "__main__":
    main()
