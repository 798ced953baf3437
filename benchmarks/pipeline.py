"""Times loads of a sample tree, with tar, find, \\copy and dlt for comparison.

Run by 'make bench'. Only ratios of seconds are meaningful, so each round measures everything
once, in turn; ratios are taken within a round, and the table shows their medians.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.changes import one_percent_changed
from benchmarks.dlt_comparison import DltRun, run_dlt
from benchmarks.ground import (
    BenchmarkServer,
    Load,
    give_up,
    keep_warm,
    measured_load,
    note,
    own_folder,
    own_server,
    read_once,
    sample_tree,
    surroundings,
    timed,
)
from benchmarks.memory import Series, Watched, memory_series, watched_load
from benchmarks.prebuilt import Prebuilt, prebuild
from benchmarks.report import markdown
from benchmarks.results import (
    COPY,
    FIND,
    FIRST,
    ONE_PERCENT,
    SECOND,
    TAR,
    Results,
    Round,
    rows_of,
)

_DATABASE = "bench"


def main() -> None:
    """Parse arguments, measure, print a table and JSON."""
    arguments = _arguments()
    with own_folder() as work:
        tree = sample_tree(work / "tree", arguments.sessions)
        with own_server(work) as server:
            results = _measure(server, work, tree, arguments)
    print(markdown(results.header, rows_of(results)), end="\n\n")
    as_json = json.dumps(results.as_json())
    if arguments.json:
        arguments.json.write_text(as_json + "\n")
    else:
        print(as_json)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sessions", type=int, default=50_000, help="size of the tree")
    parser.add_argument("--rounds", type=int, default=3, help="at least 3 for a median")
    parser.add_argument("--million", action="store_true", help="watch memory at 10^6 files too")
    parser.add_argument("--without-dlt", action="store_true")
    parser.add_argument("--without-memory", action="store_true")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write JSON there, not below")
    return parser.parse_args()


def _measure(server: BenchmarkServer, work: Path, tree: Path, asked: argparse.Namespace) -> Results:
    header = f"{asked.sessions:,} sessions; medians of {asked.rounds}; {surroundings(server)}"
    # In a load of its own: watching costs time that would distort the figures.
    note("watching the memory of a first load")
    watched = watched_load(server.fresh(_DATABASE), tree)
    prebuilt = prebuild("raw.documents", server, server.database(_DATABASE), work)
    rounds = []
    for number in range(1, asked.rounds + 1):
        note(f"round {number} of {asked.rounds}")
        rounds.append(_round(server, tree, prebuilt, watched))
    dlt: Sequence[DltRun] = () if asked.without_dlt else run_dlt(server, tree, work)
    sizes = (10_000, 100_000, *((1_000_000,) if asked.million else ()))
    series: Sequence[Series] = () if asked.without_memory else memory_series(server, work, sizes)
    return Results(header, watched, rounds, dlt, series)


def _round(server: BenchmarkServer, tree: Path, prebuilt: Prebuilt, watched: Watched) -> Round:
    """Measure everything once, in turn."""
    server.settle()
    keep_warm(tree)
    seconds = {TAR: read_once(tree), FIND: _found(tree)}
    database = server.fresh(_DATABASE)
    first = _settled_load(server, database.parameters["dbname"], tree)
    _expect(first, "landed", watched.counters["landed"])
    second = _settled_load(server, _DATABASE, tree)
    _expect(second, "landed", 0)
    with one_percent_changed(tree) as changed:
        third = _settled_load(server, _DATABASE, tree)
    _expect(third, "changed", changed)
    seconds |= {FIRST: first.seconds, SECOND: second.seconds, ONE_PERCENT: third.seconds}
    seconds[COPY] = prebuilt.copy(server, server.fresh_landing("copied"))
    return seconds


def _found(tree: Path) -> float:
    return timed(["find", tree.name, "-type", "f", "-printf", "%p %s %T@\n"], folder=tree.parent)


def _settled_load(server: BenchmarkServer, name: str, tree: Path) -> Load:
    server.settle()
    keep_warm(tree)
    return measured_load(server.database(name), tree)


def _expect(done: Load, counter: str, number: int) -> None:
    if done.counters[counter] != number:
        give_up(f"a load should have {counter} {number:,} documents, not {done.counters}")


if __name__ == "__main__":
    main()
