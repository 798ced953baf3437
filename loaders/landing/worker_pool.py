"""The worker processes of a load: starts them, hands out parts, and collects reports."""

import multiprocessing
import os
import pickle
import signal
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from types import TracebackType
from typing import NoReturn

from loaders.errors import WorkFailed
from loaders.landing.worker import Failure, Job, Report, Start, work
from loaders.sources.source import Entry

_INTERRUPTIONS = {signal.SIGINT, signal.SIGTERM}
_MOST_BY_DEFAULT = 8
_SECONDS_TO_END = 10
_HELD_IN_MEMORY = 1_000_000


def default_workers() -> int:
    """Return one worker per core this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(cores or 1, _MOST_BY_DEFAULT)


class WorkerPool:
    """Worker processes; a context that ends them, at once after an error.

    They are forked before the load has a connection: an inherited connection, and its lock,
    would outlive a killed load.
    """

    def __init__(self, workers: int, job: Job) -> None:
        context = multiprocessing.get_context("fork")
        self._pipes: dict[Connection, ForkProcess] = {}
        with _no_interruption():
            for _ in range(workers):
                ours, theirs = context.Pipe()
                process = context.Process(
                    target=_begin, args=(job, theirs, [ours, *self._pipes]), daemon=True
                )
                process.start()
                theirs.close()
                self._pipes[ours] = process

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pipe, process in self._pipes.items():
            pipe.close()
            if kind is not None:
                process.terminate()
        for process in self._pipes.values():
            process.join(_SECONDS_TO_END)
            if process.is_alive():
                process.kill()
                process.join()

    def process(self, start: Start, parts: Iterable[Sequence[Entry]]) -> Iterator[Report]:
        """Let the workers process parts of a listing, and yield their reports.

        Parts are taken as fast as they come, so that the listing ends early and its size is
        known; parts wait on disk until a worker is free.

        Raises:
            PulseEltError: a worker failed, or was killed.
        """
        for pipe in self._pipes:
            self._send(pipe, pickle.dumps(start))
        idle = list(self._pipes)
        with _PartQueue() as spool:
            for part in parts:
                spool.put(part)
                yield from self._exchange(spool, idle, 0)
            while spool or len(idle) < len(self._pipes):
                yield from self._exchange(spool, idle, None)
        for pipe in idle:
            self._send(pipe, pickle.dumps(None))
        idle.clear()
        while len(idle) < len(self._pipes):
            yield from self._collect(idle, None)

    def _exchange(
        self, spool: "_PartQueue", idle: list[Connection], timeout: float | None
    ) -> Iterator[Report]:
        while idle and spool:
            # Only to idle workers: if both sides wrote at once, both would block forever.
            self._send(idle.pop(), spool.take())
        if len(idle) < len(self._pipes):
            yield from self._collect(idle, timeout)

    def _collect(self, idle: list[Connection], timeout: float | None) -> Iterator[Report]:
        busy = [pipe for pipe in self._pipes if pipe not in idle]
        for pipe in wait(busy, timeout):
            assert isinstance(pipe, Connection)  # noqa: S101 - only pipes were passed in
            said = self._receive(pipe)
            if said.is_idle:
                idle.append(pipe)
            else:
                yield said

    def _send(self, pipe: Connection, packed: bytes) -> None:
        try:
            pipe.send_bytes(packed)
        except OSError:
            # What it sent before it ended is still to be read.
            while True:
                self._receive(pipe)

    def _receive(self, pipe: Connection) -> Report:
        try:
            said: Report | Failure = pipe.recv()
        except (EOFError, OSError):
            self._raise_end_of(pipe)
        if isinstance(said, Failure):
            raise said.error
        return said

    def _raise_end_of(self, pipe: Connection) -> NoReturn:
        process = self._pipes[pipe]
        process.join(_SECONDS_TO_END)
        raise WorkFailed(
            f"A worker process ended early (exit code {process.exitcode}; -9 often means that the "
            "machine ran out of memory). What was committed stays; load again."
        )


@contextmanager
def _no_interruption() -> Iterator[None]:
    """Defer Ctrl-C while a process is being started."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTIONS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPTIONS)


def _begin(job: Job, orders: Connection, not_mine: Sequence[Connection]) -> None:
    # Ctrl-C reaches all processes of a terminal; the load handles it and ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPTIONS)
    # An inherited copy of another worker's pipe would keep that worker from noticing that the
    # load has died.
    for pipe in not_mine:
        pipe.close()
    work(job, orders)


class _PartQueue:
    """A queue of parts, in memory while they are few, else in a temporary file."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(_HELD_IN_MEMORY)  # noqa: SIM115 - see exit
        self._sizes: list[int] = []
        self._taken = 0
        self._position = 0
        self._end = 0

    def __enter__(self) -> "_PartQueue":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __bool__(self) -> bool:
        return self._taken < len(self._sizes)

    def put(self, part: Sequence[Entry]) -> None:
        packed = pickle.dumps([tuple(entry) for entry in part])
        try:
            self._file.seek(self._end)
            self._file.write(packed)
        except OSError as error:
            raise WorkFailed(
                f"There is no space for the listing in {tempfile.gettempdir()}: {error.strerror}. "
                "Free some, or set TMPDIR to another folder."
            ) from error
        self._end += len(packed)
        self._sizes.append(len(packed))

    def take(self) -> bytes:
        size = self._sizes[self._taken]
        self._taken += 1
        self._file.seek(self._position)
        self._position += size
        return self._file.read(size)
