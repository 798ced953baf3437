"""Peak memory of the loader's processes (not the server's), for trees of any size.

A process's peak is VmHWM, its largest resident size; memory that forked processes share is
counted in each of them.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from benchmarks.ground import (
    BenchmarkServer,
    command,
    environment,
    give_up,
    must_be_done,
    note,
    pulse_elt,
)
from loaders.database.settings import DatabaseSettings

LARGE_DOCUMENT = 200_000_000
ROOM = 150_000_000
FLAT_WITHIN = 1.2

# A process shorter than this may be missed; those of a loader live longer.
_GLANCE = 0.02
_FILES_PER_SESSION = 3
_LARGE_SESSION = "00000000-0000-4000-8000-000000000001"


@dataclass(frozen=True)
class Watched:
    """Peaks in bytes of a command and of every process below it, largest first."""

    peaks: tuple[int, ...]
    counters: Mapping[str, int]


@dataclass(frozen=True)
class Series:
    """One way to load, over trees of growing size: number of files → peaks."""

    what: str
    largest_document: int
    loads: dict[int, Watched]

    @property
    def growth(self) -> float:
        """Return the largest peak of the series by its smallest."""
        peaks = [watched.peaks[0] for watched in self.loads.values()]
        return max(peaks) / min(peaks)


def watched_load(database: DatabaseSettings, tree: Path) -> Watched:
    """Load a tree and watch the load's processes."""
    if not Path("/proc/thread-self/children").exists():
        give_up("memory is read from a /proc that lists children (--without-memory)")
    arguments = ("load", str(tree), "--json")
    peaks: dict[int, int] = {}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command(*arguments), env=environment(database), stdout=output)
        while process.poll() is None:
            for pid in _family(process.pid):
                peaks[pid] = max(peaks.get(pid, 0), _peak(pid))
            time.sleep(_GLANCE)
        must_be_done(arguments, process.returncode)
        output.seek(0)
        counters = json.load(output)["counters"]
    seen = sorted((peak for peak in peaks.values() if peak), reverse=True)
    return Watched(tuple(seen), counters)


def memory_series(server: BenchmarkServer, work: Path, sizes: tuple[int, ...]) -> list[Series]:
    """Watch first loads without and with a large document, and loads that change nothing."""
    series = [
        Series("first load", 0, {}),
        Series(f"first load, a {LARGE_DOCUMENT / 1e6:.0f} MB document in it", LARGE_DOCUMENT, {}),
        Series("load again, nothing changed", 0, {}),
    ]
    small, large, again = (s.loads for s in series)
    for size in sizes:
        note(f"memory: loading about {size:,} files, three times")
        with tempfile.TemporaryDirectory(prefix="tree-", dir=work) as folder:
            tree = Path(folder) / "tree"
            pulse_elt("sample", "--sessions", str(size // _FILES_PER_SESSION), "--out", str(tree))
            small[size] = watched_load(server.fresh("memory"), tree)
            write_large_document(tree, LARGE_DOCUMENT)
            large[size] = watched_load(server.fresh("memory"), tree)
            if large[size].counters["landed"] != small[size].counters["landed"] + 1:
                give_up("the large document did not land; its peak would mean nothing")
            again[size] = watched_load(server.database("memory"), tree)
    server.fresh("memory")
    return series


def write_large_document(tree: Path, size: int) -> None:
    """Write a transcript of at least size bytes, whose lines differ."""
    folder = tree / "sessions" / _LARGE_SESSION
    folder.mkdir()
    with (folder / "transcript.json").open("w") as file:
        file.write(f'{{"session_id": "{_LARGE_SESSION}", "transcript": [""')
        for number in count():
            if file.tell() >= size:
                break
            sentence = f"Trainee: this is sentence {number} of a talk without end. "
            file.write(f', "{sentence * 30}"')
        file.write("]}")


def _family(pid: int) -> list[int]:
    """Return a process and all below it that live now."""
    found = [pid]
    with suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                found += _family(int(child))
    return found


def _peak(pid: int) -> int:
    """Return the largest resident size of a process, in bytes; 0 if it has just ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0
