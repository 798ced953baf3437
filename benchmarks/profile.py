"""Profiles a first load: the time of each part alone, per document.

Run by 'make profile'. One process does one thing to every document of a sample tree, page cache
warm: a lower bound for a loader, not a loader's time. The parts are measured in turn, several
times; the table shows medians.
"""

import argparse
import hashlib
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from struct import Struct
from typing import TypeVar

from benchmarks.ground import (
    BenchmarkServer,
    keep_warm,
    measured_load,
    note,
    own_folder,
    own_server,
    sample_tree,
    surroundings,
)
from benchmarks.prebuilt import Prebuilt, prebuild

_DATABASE = "bench"
# The widths of a landed row's columns except path and payload: kind, hash, keys, times, load.
_ROW = Struct("!h i9s i32s i36s i i8s i8s i8s i").pack

Part = Callable[[], float]
_T = TypeVar("_T")


def main() -> None:
    """Parse arguments, measure the parts in turn, print a table and JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sessions", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with own_folder() as work:
        tree = sample_tree(work / "tree", arguments.sessions)
        with own_server(work) as server:
            header = f"{arguments.sessions:,} sessions; medians; {surroundings(server)}"
            landed = measured_load(server.fresh(_DATABASE), tree).counters["landed"]
            parts = {**_client_parts(str(tree)), **_server_parts(server, work)}
            rounds = []
            for number in range(arguments.rounds):
                note(f"round {number + 1} of {arguments.rounds}")
                keep_warm(tree)
                rounds.append({name: part() for name, part in parts.items()})
    medians = {name: statistics.median(r[name] for r in rounds) for name in parts}
    _report(header, landed, medians)


def _report(header: str, documents: int, seconds: dict[str, float]) -> None:
    """Print microseconds per landed document, part by part."""
    each = {name: 1e6 * taken / documents for name, taken in seconds.items()}
    print(f"{header}; {documents:,} documents\n")
    print("| one part, alone in one process | µs per document | documents a second |")
    print("|---|---|---|")
    for name, microseconds in each.items():
        print(f"| {name} | {microseconds:.2f} | {1e6 / microseconds:,.0f} |")
    print("\n" + json.dumps({"header": header, "documents": documents, "microseconds": each}))


def _client_parts(tree: str) -> dict[str, Part]:
    paths = _walk(tree)
    contents = [_read(path) for path in paths]
    names = [path.removeprefix(tree).encode() for path in paths]
    return {
        "walk: `os.scandir`, no `stat`": lambda: _timed(lambda: _walk(tree)),
        "`os.stat` by path": lambda: _each(os.stat, paths),
        "open, `fstat`, read, close": lambda: _each(_read, paths),
        "`hashlib.sha256`": lambda: _each(_sha256, contents),
        "framing a row for binary `COPY`": lambda: _timed(lambda: _framed(names, contents)),
    }


def _server_parts(server: BenchmarkServer, work: Path) -> dict[str, Part]:
    loaded = server.database(_DATABASE)
    documents = prebuild("raw.documents", server, loaded, work)
    manifest = prebuild("raw.files", server, loaded, work)
    return {
        "`\\copy` of the documents, one connection": lambda: _copied(server, documents),
        "`\\copy` of the manifest, one connection": lambda: _copied(server, manifest),
    }


def _copied(server: BenchmarkServer, rows: Prebuilt) -> float:
    return rows.copy(server, server.fresh_landing("copied"))


def _walk(folder: str) -> list[str]:
    """Return the paths of all .json files below a folder, links left out."""
    paths, folders = [], [folder]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif entry.name.endswith(".json") and entry.is_file(follow_symlinks=False):
                    paths.append(entry.path)
    return paths


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)


def _sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _framed(paths: Sequence[bytes], contents: Sequence[bytes]) -> int:
    """Frame rows as wide as landed ones, one struct each, joined per thousand as a sender would."""
    key, time_, size = b"k" * 36, bytes(8), 0
    rows: list[bytes] = []
    for path, content in zip(paths, contents, strict=True):
        head = _ROW(
            9, 9, b"scorecard", 32, key[:32], 36, key, -1, 8, time_, 8, time_, 8, time_, len(path)
        )
        rows += (head, path, (len(content) + 1).to_bytes(4, "big"), b"\x01", content)
        if len(rows) >= 5_000:
            size += len(b"".join(rows))
            rows.clear()
    return size + len(b"".join(rows))


def _each(action: Callable[[_T], object], items: Sequence[_T]) -> float:
    started = time.perf_counter()
    for item in items:
        action(item)
    return time.perf_counter() - started


def _timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
