"""The worker processes of a load: started, given their parts, and heard."""

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
    """Worker processes; a context that ends them, at once if it is left by an error.

    They are forked before the load has a connection: a connection that they inherited would
    outlive a killed load, and its lock with it.
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
        """Let the workers deal with parts of a listing, and yield what they report.

        Parts are taken as fast as they come, so that the listing ends early and its size is
        known; those that no worker has time for wait on disk.

        Raises:
            PulseEltError: a worker gave up, or was killed.
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
            yield from self._hear(idle, None)

    def _exchange(
        self, spool: "_PartQueue", idle: list[Connection], timeout: float | None
    ) -> Iterator[Report]:
        while idle and spool:
            # Only to those who listen: both sides writing at once would wait for ever.
            self._send(idle.pop(), spool.take())
        if len(idle) < len(self._pipes):
            yield from self._hear(idle, timeout)

    def _hear(self, idle: list[Connection], timeout: float | None) -> Iterator[Report]:
        busy = [pipe for pipe in self._pipes if pipe not in idle]
        for pipe in wait(busy, timeout):
            assert isinstance(pipe, Connection)  # noqa: S101 - nothing else was asked for
            said = self._receive(pipe)
            if said.is_idle:
                idle.append(pipe)
            else:
                yield said

    def _send(self, pipe: Connection, packed: bytes) -> None:
        try:
            pipe.send_bytes(packed)
        except OSError:
            # What it said before it left is still to be read.
            while True:
                self._receive(pipe)

    def _receive(self, pipe: Connection) -> Report:
        try:
            said: Report | Failure = pipe.recv()
        except (EOFError, OSError):
            self._hear_the_end_of(pipe)
        if isinstance(said, Failure):
            raise said.error
        return said

    def _hear_the_end_of(self, pipe: Connection) -> NoReturn:
        process = self._pipes[pipe]
        process.join(_SECONDS_TO_END)
        raise WorkFailed(
            f"A worker process ended before its work (exit code {process.exitcode}; -9 is what "
            "a machine without memory does). What was committed stays; load again."
        )


@contextmanager
def _no_interruption() -> Iterator[None]:
    """Keep Ctrl-C from meeting a process that is half made."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTIONS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPTIONS)


def _begin(job: Job, orders: Connection, not_mine: Sequence[Connection]) -> None:
    # Ctrl-C goes to all processes of a terminal; the load hears it and ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPTIONS)
    # Whoever holds the other end of a pipe keeps its worker from seeing that the load died.
    for pipe in not_mine:
        pipe.close()
    work(job, orders)


class _PartQueue:
    """Parts in their order, in memory as long as they are few, else in a temporary file."""

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
                f"The listing found no room in {tempfile.gettempdir()}: {error.strerror}. "
                "Make room there, or set TMPDIR to another folder."
            ) from error
        self._end += len(packed)
        self._sizes.append(len(packed))

    def take(self) -> bytes:
        size = self._sizes[self._taken]
        self._taken += 1
        self._file.seek(self._position)
        self._position += size
        return self._file.read(size)
