"""Writes a whole sample tree with a process per core, and returns a summary."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from loaders.errors import WorkFailed
from loaders.sample.clock import EPOCH_UNIX
from loaders.sample.configuration import write_configuration
from loaders.sample.folders import Written, write_slice
from loaders.sample.plan import SampleError, SamplePlan, Slice, slices
from loaders.sample.tree import Counts, Tree


@dataclass(frozen=True, slots=True)
class SampleSummary:
    """What a sample tree holds.

    `files` counts all names that end in .json; `bad_files` those that no loader can land (the
    symbolic link is one); `leftovers` the names that a loader ignores. `bytes` is the size of all
    files, `seconds` is wall-clock time.
    """

    files: int
    bytes: int
    sessions: int
    learners: int
    bad_files: int
    leftovers: int
    seconds: float


def generate(
    plan: SamplePlan,
    out: Path,
    *,
    workers: int | None = None,
    progress: Callable[[int], None] = lambda sessions: None,
) -> SampleSummary:
    """Write the tree of a plan below `out`, which must be empty or absent.

    `workers` is the number of processes, by default one per core; it changes nothing but the
    time. `progress` is called with the number of sessions written since its last call. Raises
    SampleError if `out` is in use or cannot be made, WorkFailed if the disk refuses later.
    """
    started = time.perf_counter()
    root = _prepare(out)
    counts, sessions = Counts(), 0
    try:
        for written in _write(plan, root, workers or os.cpu_count() or 1):
            counts += written.counts
            sessions += written.sessions
            progress(written.sessions)
    except OSError as error:
        raise WorkFailed(f"{root} is incomplete, remove it and try again: {error}") from error
    return SampleSummary(
        files=counts.files,
        bytes=counts.bytes,
        sessions=sessions,
        learners=plan.learners,
        bad_files=counts.bad_files,
        leftovers=counts.leftovers,
        seconds=round(time.perf_counter() - started, 3),
    )


def generate_nights(
    plan: SamplePlan,
    out: Path,
    nights: int,
    *,
    workers: int | None = None,
    progress: Callable[[int], None] = lambda sessions: None,
) -> tuple[SampleSummary, ...]:
    """Write night-1 to night-N below `out`: whole trees, each of which contains the one before.

    The last one is the tree of the plan. The first has the sessions of the first 80 % of the
    plan, and every night brings an equal part of the rest; histories are as they were that night.
    Arguments and errors are those of generate; returns a summary for each night.
    """
    root = _prepare(out)
    last = root / f"night-{nights}"
    summaries = [generate(plan, last, workers=workers, progress=progress)]
    ends = sorted(_session_times(last))
    for night in range(nights - 1, 0, -1):
        share = 0.8 + 0.2 * (night - 1) / max(nights - 1, 1)
        until = ends[max(int(len(ends) * share) - 1, 0)]
        tree = root / f"night-{night}"
        summaries.insert(0, generate(replace(plan, until=until), tree, workers=workers))
    return tuple(summaries)


def _session_times(tree: Path) -> Iterator[int]:
    """Yield when the sessions of a tree ended, in seconds since the epoch of samples."""
    with os.scandir(tree / "sessions") as entries:
        for folder in (entry.path for entry in entries if entry.is_dir()):
            with os.scandir(folder) as files:
                document = next(files)
            yield document.stat(follow_symlinks=False).st_mtime_ns // 10**9 - EPOCH_UNIX


def _prepare(out: Path) -> Path:
    try:
        out.mkdir(parents=True, exist_ok=True)
        is_used = any(out.iterdir())
    except OSError as error:
        raise SampleError(f"{out} cannot be a new directory ({error}); name another") from error
    if is_used:
        raise SampleError(f"{out} is not empty; empty it or name another directory")
    return out.resolve()


def _write(plan: SamplePlan, root: Path, workers: int) -> Iterator[Written]:
    with Tree(root) as tree:
        write_configuration(tree)
        yield Written(0, tree.counts)
    pieces = [Slice(plan, root, start, stop) for start, stop in slices(plan, workers)]
    workers = min(workers, len(pieces))
    if workers == 1:
        yield from map(write_slice, pieces)
        return
    # Spawned, not forked: the caller may have threads and open connections.
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_leave_ctrl_c) as pool:
        yield from pool.map(write_slice, pieces)


def _leave_ctrl_c() -> None:
    """Let Ctrl-C reach the parent alone, which then hands out no further work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
