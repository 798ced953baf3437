"""Times the road from files to marts on a sample tree, next to tar and find on the same tree.

Run by 'make bench'. Seconds mean something only beside each other, so each round measures
everything once, in turn, and the table shows medians.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql

from loaders.database import embedded
from loaders.database.connection import connect
from loaders.database.settings import URL_VARIABLE, DatabaseSettings

_CHANGED_SHARE = 100


def main() -> None:
    """Parse arguments, measure, print a table and JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pulse-bench-") as folder:
        work = Path(folder)
        tree = work / "tree"
        _pulse_elt("sample", "--sessions", str(arguments.sessions), "--out", str(tree))
        with _server(work / "postgres") as server:
            rounds = [_round(server, tree) for _ in range(arguments.rounds)]
            build = _build(server)
    files = max(measured.pop("files") for measured in rounds)
    medians = {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}
    _report(arguments.sessions, int(files), medians, build)


def _round(server: DatabaseSettings, tree: Path) -> dict[str, float]:
    database = _fresh_database(server)
    seconds = {
        "tar": _timed(["sh", "-c", 'tar cf - "$0" 2>/dev/null | cat >/dev/null', str(tree)]),
        "find": _timed(["find", str(tree), "-type", "f", "-printf", "%p %s %T@\n"]),
    }
    report: dict[str, float] = {}
    seconds["first load"] = _loaded(database, tree, report)
    seconds["second load"] = _loaded(database, tree, {})
    with _one_percent_changed(tree):
        seconds["1 % changed"] = _loaded(database, tree, {})
    return {**seconds, "files": report["seen"]}


def _build(server: DatabaseSettings) -> dict[str, float]:
    database = {**server.parameters, "dbname": "bench"}
    environment = {URL_VARIABLE: DatabaseSettings(database).as_url(with_password=True)}
    started = time.perf_counter()
    _pulse_elt("build", "--quiet", environment=environment)
    wall = time.perf_counter() - started
    results = json.loads(Path("target/run_results.json").read_text())["results"]
    by_type = {"model": 0.0, "test": 0.0}
    for result in results:
        name = result["unique_id"].split(".")[0].replace("unit_test", "test")
        by_type[name] = by_type.get(name, 0.0) + result["execution_time"]
    return {"build, wall": wall, "in models": by_type["model"], "in tests": by_type["test"]}


def _report(sessions: int, files: int, medians: dict[str, float], build: dict[str, float]) -> None:
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    print(f"{sessions:,} sessions, {files:,} files; {machine}; medians\n")
    print("| what | seconds | against |")
    print("|---|---|---|")
    yardsticks: dict[str, tuple[str, str]] = {
        "first load": ("tar", "× tar"),
        "second load": ("find", "× find"),
        "1 % changed": ("first load", "× first load"),
    }
    for name, seconds in medians.items():
        against = ""
        if name in yardsticks:
            other, words = yardsticks[name]
            against = f"{seconds / medians[other]:.2f} {words}"
        if name == "first load":
            against += f", {files / seconds:,.0f} files/s"
        print(f"| {name} | {seconds:.2f} | {against} |")
    for name, seconds in build.items():
        print(f"| {name} | {seconds:.2f} | |")
    print("\n" + json.dumps({"sessions": sessions, "files": files, **medians, **build}))


def _loaded(database: dict[str, str], tree: Path, report: dict[str, float]) -> float:
    environment = {URL_VARIABLE: DatabaseSettings(database).as_url(with_password=True)}
    started = time.perf_counter()
    done = _pulse_elt("load", str(tree), "--json", environment=environment)
    seconds = time.perf_counter() - started
    report.update(json.loads(done.stdout)["counters"])
    return seconds


@contextmanager
def _one_percent_changed(tree: Path) -> Iterator[None]:
    """Give one session in a hundred another scorecard, and take it back."""
    scorecards = sorted(tree.glob("sessions/*/scorecard.json"))[::_CHANGED_SHARE]
    kept = {path: (path.read_bytes(), path.stat()) for path in scorecards if path.is_file()}
    for path in kept:
        path.write_text(json.dumps({"overall": {"score": 71.5, "round": time.time()}}))
    yield
    for path, (content, status) in kept.items():
        path.write_bytes(content)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _fresh_database(server: DatabaseSettings) -> dict[str, str]:
    with connect(server) as connection:
        connection.execute("drop database if exists bench with (force)")
        connection.execute(sql.SQL("create database {}").format(sql.Identifier("bench")))
    return {**server.parameters, "dbname": "bench"}


@contextmanager
def _server(data: Path) -> Iterator[DatabaseSettings]:
    settings = embedded.start(data)
    try:
        yield settings
    finally:
        embedded.stop(data)


def _timed(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def _pulse_elt(
    *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "loaders.cli", *arguments],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    # 1: done, with findings; a sample tree has bad files.
    if done.returncode not in (0, 1):
        sys.exit(f"pulse-elt {' '.join(arguments)} ended with {done.returncode}")
    return done


if __name__ == "__main__":
    main()
