"""Times the road from files to marts on a sample tree, beside tar, find, \\copy and dlt.

Run by 'make bench'. Seconds mean something only beside each other, so each round measures
everything once, in turn; ratios are taken within a round, and the table shows their medians.
"""

import argparse
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import orjson

from benchmarks.dlt_comparison import DltRun, run_dlt
from benchmarks.ground import (
    Load,
    Server,
    give_up,
    keep_warm,
    load,
    note,
    own_folder,
    own_server,
    pulse_elt,
    read_once,
    sample_tree,
    surroundings,
    timed,
)
from benchmarks.memory import Series, Watched, memory_series, watched_load
from benchmarks.prebuilt import Prebuilt, prebuild
from benchmarks.report import markdown
from benchmarks.results import (
    BUILD,
    COPY,
    FIND,
    FIRST,
    IN_MODELS,
    IN_TESTS,
    ONE_PERCENT,
    SECOND,
    TAR,
    Results,
    Round,
    rows_of,
)

_CHANGED_SHARE = 100
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
    parser.add_argument("--without-build", action="store_true")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write JSON there, not below")
    return parser.parse_args()


def _measure(server: Server, work: Path, tree: Path, asked: argparse.Namespace) -> Results:
    header = f"{asked.sessions:,} sessions; medians of {asked.rounds}; {surroundings(server)}"
    # In a load of its own: watching costs time that no figure should hold.
    note("watching the memory of a first load")
    watched = watched_load(server.fresh(_DATABASE), tree)
    prebuilt = prebuild("raw.documents", server, server.database(_DATABASE), work)
    rounds = []
    for number in range(1, asked.rounds + 1):
        note(f"round {number} of {asked.rounds}")
        rounds.append(_round(server, tree, prebuilt, watched))
    dlt: Sequence[DltRun] = () if asked.without_dlt else run_dlt(server, tree, work)
    build = {} if asked.without_build else _build(server)
    sizes = (10_000, 100_000, *((1_000_000,) if asked.million else ()))
    series: Sequence[Series] = () if asked.without_memory else memory_series(server, work, sizes)
    return Results(header, watched, rounds, dlt, build, series)


def _round(server: Server, tree: Path, prebuilt: Prebuilt, watched: Watched) -> Round:
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


def _settled_load(server: Server, name: str, tree: Path) -> Load:
    server.settle()
    keep_warm(tree)
    return load(server.database(name), tree)


def _expect(done: Load, counter: str, number: int) -> None:
    if done.counters[counter] != number:
        give_up(f"a load should have {counter} {number:,} documents, not {done.counters}")


def _build(server: Server) -> dict[str, float]:
    note("building the marts")
    started = time.perf_counter()
    pulse_elt("build", "--quiet", database=server.database(_DATABASE))
    wall = time.perf_counter() - started
    results = json.loads(Path("target/run_results.json").read_text())["results"]
    by_type = {"model": 0.0, "test": 0.0}
    for result in results:
        name = result["unique_id"].split(".")[0].replace("unit_test", "test")
        by_type[name] = by_type.get(name, 0.0) + result["execution_time"]
    return {BUILD: wall, IN_MODELS: by_type["model"], IN_TESTS: by_type["test"]}


@contextmanager
def one_percent_changed(tree: Path) -> Iterator[int]:
    """Change every good document of one session in a hundred, say how many, take it back."""
    folders = sorted((tree / "sessions").iterdir())[::_CHANGED_SHARE]
    paths = [path for folder in folders for path in folder.glob("*.json") if path.is_file()]
    kept = {path: (path.read_bytes(), path.stat()) for path in paths}
    changed = 0
    for path, (content, _) in kept.items():
        if _is_changeable(content):
            path.write_bytes(content.replace(b"{", b'{"benchmark": %d, ' % time.time_ns(), 1))
            changed += 1
    try:
        yield changed
    finally:
        for path, (content, status) in kept.items():
            path.write_bytes(content)
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _is_changeable(content: bytes) -> bool:
    """Return whether a document is good and begins with an object that takes a member."""
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError:
        return False
    # The one damage of sample trees that PostgreSQL refuses and orjson does not.
    if b"\\u0000" in content:
        return False
    first = document[0] if isinstance(document, list) and document else document
    return isinstance(first, dict) and bool(first)


if __name__ == "__main__":
    main()
