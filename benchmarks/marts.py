"""Times builds of the marts of a sample tree, and BI's most frequent queries.

Run by 'make bench'. Each round starts from an empty database: load, first build, a build when
nothing has changed, one after one session in a hundred has. Ratios are taken within a round.
"""

import argparse
import json
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.changes import one_percent_changed
from benchmarks.ground import (
    BenchmarkServer,
    give_up,
    keep_warm,
    measured_load,
    note,
    own_folder,
    own_server,
    pulse_elt,
    sample_tree,
    surroundings,
)
from benchmarks.report import Bar, Row, markdown
from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings

_DATABASE = "marts"
_RUN_RESULTS = Path("target/run_results.json")

_LOOK_UPS = {
    "readiness history": (
        "select * from analytics.user_readiness "
        "where user_id = %s and source = 'computed' order by snapshot_at"
    ),
    "skills": "select * from analytics.user_skill_agg where user_id = %s",
    "latest readiness": "select * from analytics.user_readiness_latest where user_id = %s",
}
_LEARNERS_ASKED = 50
_LEARNERS = "select user_id from analytics.learners order by md5(user_id::text) limit %s"


@dataclass(frozen=True)
class Build:
    """One `pulse-elt build`, in seconds: on the clock, in nodes, and with no node at work."""

    wall: float
    in_models: float
    in_tests: float
    beyond: float


@dataclass(frozen=True)
class LookUp:
    """One question asked about many learners: milliseconds in the server, and its plan."""

    milliseconds: Sequence[float]
    nodes: frozenset[str]
    plan: str

    @property
    def is_by_index(self) -> bool:
        """Return whether no table is scanned as a whole."""
        return "Seq Scan" not in self.nodes


Round = Mapping[str, Build]


def main() -> None:
    """Parse arguments, measure, print a table, the plans and JSON."""
    asked = _arguments()
    with own_folder() as work:
        tree = sample_tree(work / "tree", asked.sessions)
        with own_server(work) as server:
            rounds = [_round(server, tree, number, asked.rounds) for number in range(asked.rounds)]
            look_ups = _look_ups(server.database(_DATABASE))
            header = (
                f"{asked.sessions:,} sessions; medians of {asked.rounds}; {surroundings(server)}"
            )
    print(markdown(header, [*_build_rows(rounds), *_look_up_rows(look_ups)]), end="\n\n")
    for name, look_up in look_ups.items():
        print(f"{name}:\n{look_up.plan}\n")
    print(
        json.dumps([{name: vars(build) for name, build in measured.items()} for measured in rounds])
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sessions", type=int, default=200_000, help="size of the tree")
    parser.add_argument("--rounds", type=int, default=3, help="at least 3 for a median")
    return parser.parse_args()


def _round(server: BenchmarkServer, tree: Path, number: int, rounds: int) -> Round:
    note(f"round {number + 1} of {rounds}")
    keep_warm(tree)
    database = server.fresh(_DATABASE)
    measured_load(database, tree)
    first = _build(server, database)
    unchanged = _build(server, database)
    with one_percent_changed(tree):
        measured_load(database, tree)
        changed = _build(server, database)
    # The tree is restored; the next round has to start from the same documents.
    return {"first": first, "unchanged": unchanged, "changed": changed}


def _build(server: BenchmarkServer, database: DatabaseSettings) -> Build:
    server.settle()
    started = time.perf_counter()
    pulse_elt("build", "--quiet", database=database)
    wall = time.perf_counter() - started
    results = json.loads(_RUN_RESULTS.read_text())["results"]
    return Build(
        wall=wall,
        in_models=_seconds_in(results, "model"),
        in_tests=_seconds_in(results, "test", "unit_test"),
        beyond=wall - _seconds_at_work(results),
    )


def _seconds_in(results: Sequence[Mapping[str, Any]], *resources: str) -> float:
    times = [r["execution_time"] for r in results if r["unique_id"].split(".")[0] in resources]
    return float(sum(times))


def _seconds_at_work(results: Sequence[Mapping[str, Any]]) -> float:
    """Return how long at least one model or test was at work; several at once count once."""
    spans = sorted(
        (
            datetime.fromisoformat(timing["started_at"]),
            datetime.fromisoformat(timing["completed_at"]),
        )
        for result in results
        if result["unique_id"].split(".")[0] in ("model", "test", "unit_test")
        for timing in result["timing"]
    )
    total, end = 0.0, None
    for started, completed in spans:
        begin = started if end is None else max(started, end)
        total += max(0.0, (completed - begin).total_seconds())
        end = completed if end is None else max(end, completed)
    return total


def _look_ups(database: DatabaseSettings) -> dict[str, LookUp]:
    with connect(database) as connection:
        learners = [row[0] for row in connection.execute(_LEARNERS, [_LEARNERS_ASKED])]
        return {name: _look_up(connection, query, learners) for name, query in _LOOK_UPS.items()}


def _look_up(connection: psycopg.Connection, query: str, learners: Sequence[object]) -> LookUp:
    milliseconds, nodes = [], set[str]()
    for learner in [learners[0], *learners]:
        explained = connection.execute(
            "explain (analyze, format json) " + query, [learner]
        ).fetchone()
        plan = explained[0][0] if explained else give_up("explain said nothing")
        milliseconds.append(plan["Planning Time"] + plan["Execution Time"])
        nodes |= _nodes(plan["Plan"])
    plan = connection.execute("explain (analyze, buffers, costs off) " + query, [learners[0]])
    # The first one fills the caches of the connection.
    return LookUp(milliseconds[1:], frozenset(nodes), "\n".join(line for (line,) in plan))


def _nodes(plan: Mapping[str, Any]) -> set[str]:
    return {plan["Node Type"]}.union(*(_nodes(below) for below in plan.get("Plans", [])))


def _build_rows(rounds: Sequence[Round]) -> list[Row]:
    def median(name: str, part: str) -> float:
        return statistics.median(float(getattr(measured[name], part)) for measured in rounds)

    rows = [
        Row(
            f"`pulse-elt build`, {words}",
            f"{median(name, 'wall'):.1f} s",
            f"over two threads {median(name, 'in_models'):.1f} s in models, "
            f"{median(name, 'in_tests'):.1f} s in tests",
        )
        for name, words in (
            ("first", "first"),
            ("unchanged", "nothing changed"),
            ("changed", "after 1 % of sessions changed"),
        )
    ]
    ratio = statistics.median(m["changed"].in_models / m["first"].in_models for m in rounds)
    rows.append(Row("in models: after 1 % ÷ first", f"{ratio:.2f}", value=ratio, bar=Bar(0.25)))
    beyond = max(median(name, "beyond") for name in rounds[0])
    rows.append(
        Row(
            "wall clock with no model or test at work, longest of the three",
            f"{beyond:.1f} s",
            value=beyond,
            bar=Bar(10, unit=" s"),
        )
    )
    return rows


def _look_up_rows(look_ups: Mapping[str, LookUp]) -> list[Row]:
    return [
        Row(
            f"one learner's {name}",
            f"{max(look_up.milliseconds):.2f} ms",
            f"slowest of {len(look_up.milliseconds)} learners, "
            + ("index scans only" if look_up.is_by_index else "a whole table is read"),
            # A plan without an index misses the bar whatever it takes on this machine.
            max(look_up.milliseconds) if look_up.is_by_index else float("inf"),
            Bar(5, unit=" ms"),
        )
        for name, look_up in look_ups.items()
    ]


if __name__ == "__main__":
    main()
