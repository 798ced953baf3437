"""A worker process: compares its parts of the listing, reads, and copies in batches."""

import gc
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import NamedTuple, NoReturn

import psycopg

from loaders.database.connection import connect, translated_errors
from loaders.database.lock_waits import bound_waits, translated_lock_timeouts
from loaders.database.settings import DatabaseSettings
from loaders.errors import PulseEltError, WorkFailed
from loaders.landing.batch import copy_batch
from loaders.landing.model import LARGEST_IN_BATCH, Counters, Plan, Planned, Scope
from loaders.landing.plan import compare_with_manifest, recognise
from loaders.project.document_kinds import DocumentKinds
from loaders.sources.source import Entry, Source

BATCH_ROWS = 2_000
BATCH_BYTES = 8_000_000

# A worker's commits need not reach the disk one by one: the closing commit of the load waits for
# all of them, and a crash of the server loses documents together with their manifest rows.
_SESSION = """
set synchronous_commit = off;
set jit = off;
set default_statistics_target = 10;
"""

# Every query of a worker asks for some thousand paths of a manifest that may hold millions. While
# the manifest grows, the planner would read all of it each time.
_ASK_BY_INDEX = """
set enable_seqscan = off;
set enable_hashjoin = off;
set enable_mergejoin = off;
"""


class Job(NamedTuple):
    """What all parts of one load have in common."""

    settings: DatabaseSettings
    source: Source
    kinds: DocumentKinds
    scope: Scope


class Start(NamedTuple):
    """What a worker needs to know before its first part; settings lead to the load's server."""

    settings: DatabaseSettings
    load_id: int
    everything_is_new: bool


class Report(NamedTuple):
    """What a worker did since its last report; is_idle says that it waits for another part.

    outside counts listed files that are outside the scope.
    """

    plan: Plan = Plan()
    counters: Counters = Counters()
    gone: tuple[str, ...] = ()
    left: tuple[Planned, ...] = ()
    outside: int = 0
    is_idle: bool = False

    @property
    def settled(self) -> int:
        """How many listed files have an outcome."""
        plan = self.plan
        stayed = plan.unchanged + plan.left_as_config + plan.unrecognised
        return stayed + self.counters.seen + len(self.gone) + self.outside


class Failure(NamedTuple):
    """Why a worker failed."""

    error: PulseEltError


def work(job: Job, orders: Connection) -> None:
    """Process what comes through the pipe: a Start, parts of a listing, None at the end.

    Ends when the other side of the pipe is closed, and so with its parent process.
    """
    # There are no reference cycles here, and searching for them takes a tenth of the time.
    gc.disable()
    try:
        start: Start = orders.recv()
        with translated_errors(job.settings), connect(start.settings) as connection:
            signal.signal(signal.SIGTERM, lambda *_: _exit_at_once(connection))
            connection.execute(_SESSION + _ASK_BY_INDEX)
            bound_waits(connection)
            with translated_lock_timeouts(connection):
                _work(job, connection, start, orders)
    except (EOFError, BrokenPipeError):
        pass
    except PulseEltError as error:
        _report_failure(orders, error)
    except Exception as error:
        _report_failure(orders, WorkFailed(f"A worker met {type(error).__name__}: {error}"))


def _report_failure(orders: Connection, error: PulseEltError) -> None:
    # The load may have ended already, because another worker died.
    with suppress(OSError):
        orders.send(Failure(error))


def _work(job: Job, connection: psycopg.Connection, start: Start, orders: Connection) -> None:
    waiting = _Pending()
    is_last = False
    while not is_last:
        part = orders.recv()
        is_last = part is None
        entries, gone = _with_stamps(job.source, map(Entry._make, part or ()))
        listed = recognise(entries, job.kinds, job.scope)
        plan, to_do, left = compare_with_manifest(
            connection, listed, job.scope, everything_is_new=start.everything_is_new
        )
        outside = len(entries) - plan.seen
        orders.send(Report(plan, gone=tuple(gone), left=tuple(left), outside=outside))
        waiting.add(to_do)
        for batch in waiting.batches(everything=is_last):
            result = copy_batch(connection, job.source, start.load_id, batch)
            orders.send(Report(counters=result.counters, gone=result.gone))
        orders.send(Report(is_idle=True))


def _with_stamps(source: Source, entries: Iterator[Entry]) -> tuple[list[Entry], list[str]]:
    found: list[Entry] = []
    gone: list[str] = []
    for entry in entries:
        looked = source.look(entry)
        if looked:
            found.append(looked)
        else:
            gone.append(entry.path)
    return found, gone


class _Pending:
    """Collects files until they make a batch."""

    def __init__(self) -> None:
        self._planned: list[Planned] = []

    def add(self, planned: Sequence[Planned]) -> None:
        # An archive is read fastest from beginning to end.
        self._planned += sorted(planned, key=lambda one: one.entry.position)

    def batches(self, *, everything: bool) -> Iterator[list[Planned]]:
        """Take out full batches of limited files and bytes; a large file comes alone."""
        batch: list[Planned] = []
        held = 0
        waiting, self._planned = self._planned, []
        for planned in waiting:
            size = planned.entry.stamp.size if planned.entry.stamp else 0
            if size > LARGEST_IN_BATCH:
                yield [planned]
                continue
            if len(batch) == BATCH_ROWS or (batch and held + size > BATCH_BYTES):
                yield batch
                batch, held = [], 0
            batch.append(planned)
            held += size
        if everything and batch:
            yield batch
        else:
            self._planned = batch


def _exit_at_once(connection: psycopg.Connection) -> NoReturn:
    """Exit at once, even while a statement waits for a lock."""
    try:
        connection.cancel()
    finally:
        os._exit(1)
