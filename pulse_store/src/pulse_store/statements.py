"""The statements of a store, and what the database's refusals mean."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import psycopg

from pulse_store import rules
from pulse_store.cache import MartsState
from pulse_store.database import BoundedConnection, Deadline, Pool, TimedOut, words
from pulse_store.errors import NotStorable, StoreConflict, StoreError, StoreUnavailable

_Answer = TypeVar("_Answer")

_READ = "select version, document from raw.read_document(%s)"
_EXISTS = "select exists (select from raw.read_document(%s))"
_WRITE = "raw.write_document(%s, %s, %s)"
_SETTLE = "select raw.written_version(%s, %s, %s, make_interval(secs => %s), %s)"
_REPORT = "select raw.report_store(%s, %s::jsonb)"
# What a login may not read, and how it has times written, Redis cannot know.
_MARTS_STATE = """
select
    to_char(cutoff_at at time zone 'UTC', 'YYYYMMDD"T"HH24MISS.US"Z"'),
    identity || '.' || current_setting('TimeZone')
from raw.state_of_marts()
where
    has_table_privilege('analytics.user_readiness_latest', 'select')
    and has_table_privilege('analytics.user_skill_agg', 'select')
    and has_table_privilege('analytics.learner_focus', 'select')
"""
# The operator that finds a prefix by the index, of which its escaped form in LIKE knows nothing.
_LIST = """
select source_path
from raw.documents
where superseded_at is null and source_path ^@ %s and source_path > %s
order by source_path
limit %s
"""
_PAGE = 10_000

# The clock of the server, and ours, at both ends of a network.
_CLOCK_MARGIN = 1.0

_CONFLICT = "PU003"
_NO_SUCH_KIND = "PU002"
_NEVER_STORABLE = ("PU001", "PU004", "PU005")
# Data that jsonb cannot hold, and documents beyond a limit of the server.
_DATA_CLASSES = ("22", "54")
# Schemas, relations or functions are missing.
_NOT_PREPARED = ("3F000", "42P01", "42883")
_NOT_ALLOWED = "42501"
_LOCKED = "55P03"
# Nothing was written, and the next attempt may succeed.
_PASSING = ("40001", "40P01", "23505")


class CommitUnknown(StoreUnavailable):
    """The connection to a process of the server was lost after a write was sent."""

    def __init__(self, message: str, process: int | None = None) -> None:
        super().__init__(message)
        self.process = process


class RulesChanged(StoreError):
    """The database's rules are no longer those by which the write was sent."""


def read(pool: Pool, path: str, deadline: Deadline) -> tuple[int, str] | None:
    """Return version and text of the current document, None if there is none."""

    def ask(connection: BoundedConnection) -> tuple[int, str] | None:
        row = connection.execute(_READ, (path,)).fetchone()
        return None if row is None else (row[0], row[1])

    return _asked_twice(pool, deadline, ask)


def exists(pool: Pool, path: str, deadline: Deadline) -> bool:
    """Return whether there is a current document."""
    return bool(rows(pool, _EXISTS, (path,), deadline)[0][0])


def names(
    pool: Pool, prefix: str, deadline: Deadline, another: Callable[[], Deadline]
) -> Iterator[str]:
    """Yield the paths of current documents that begin so, in the order of their bytes.

    A million names take longer than a call may wait for an answer: each page has another deadline.
    """
    after = ""
    while True:
        page = [row[0] for row in rows(pool, _LIST, (prefix, after, _PAGE), deadline)]
        yield from page
        if len(page) < _PAGE:
            return
        after, deadline = page[-1], another()


def read_rules(pool: Pool, deadline: Deadline) -> rules.Rules:
    """Return the rules that are in force."""
    found = rows(pool, rules.QUERY, (), deadline)
    if not found:
        # By no rules every path would be of no kind, and absent.
        raise StoreUnavailable("raw.document_kinds is empty: run 'pulse-elt migrate'.")
    return rules.Rules.of_rows(found)


def read_marts_state(pool: Pool, deadline: Deadline) -> MartsState | None:
    """Return which build the marts are of, None while that changes."""
    found = rows(pool, _MARTS_STATE, (), deadline)
    return MartsState(*found[0]) if found else None


def report(pool: Pool, instance: str, counters: str, deadline: Deadline) -> None:
    """Bring the counters of this process to the database."""
    rows(pool, _REPORT, (instance, counters), deadline)


def rows(
    pool: Pool, query: str, parameters: tuple[object, ...], deadline: Deadline
) -> list[tuple[Any, ...]]:
    """Return the rows of a query that changes nothing it may not do twice."""
    return _asked_twice(pool, deadline, lambda c: c.execute(query, parameters).fetchall())


@dataclass(frozen=True)
class Write:
    """A write that is sent, perhaps twice.

    after is a version made before: the clocks' margin alone would take an earlier document with
    the same bytes for this one.
    """

    path: str
    content: bytes
    after: int
    began: float = field(default_factory=time.monotonic)

    @cached_property
    def digest(self) -> bytes:
        """The hash of its bytes, as the landing has it."""
        return hashlib.sha256(self.content).digest()


def send(pool: Pool, write: Write, expected: int | None, deadline: Deadline) -> int:
    """Write a document and return its version.

    Raises:
        CommitUnknown: it may have been written.
        StoreUnavailable, StoreConflict, NotStorable, RulesChanged: it was not.
    """
    parameters = (write.path, write.content.decode(), expected)
    return _written(pool, f"select {_WRITE}", parameters, write.path, deadline)[0]


def send_all(pool: Pool, writes: Sequence[Write], deadline: Deadline) -> Sequence[int]:
    """Write documents of one path, in this order, all of them or none; see send."""
    calls = ", ".join([_WRITE] * len(writes))
    parameters = [value for write in writes for value in (write.path, write.content.decode(), None)]
    return _written(pool, f"select {calls}", parameters, writes[0].path, deadline)


def _written(
    pool: Pool, query: str, parameters: Sequence[object], path: str, deadline: Deadline
) -> Sequence[int]:
    with pool.connection(deadline) as connection:
        try:
            row = connection.execute(query, parameters).fetchone()
        except psycopg.Error as error:
            raise _meaning(error, path, connection.process) from error
        assert row is not None  # noqa: S101 - functions give a row
        versions: Sequence[int] = row
        return versions


def find_written(pool: Pool, write: "Write", process: int | None, deadline: Deadline) -> int | None:
    """Return the version that a write made by a process of the server, None if it made none.

    Raises:
        StoreUnavailable: it cannot be asked, or that process may still make it.
    """
    seconds = time.monotonic() - write.began + _CLOCK_MARGIN
    parameters = (write.path, write.digest, write.after, seconds, process)
    version: int | None = rows(pool, _SETTLE, parameters, deadline)[0][0]
    return version


def _asked_twice(
    pool: Pool, deadline: Deadline, ask: Callable[[BoundedConnection], _Answer]
) -> _Answer:
    """Ask again on a new connection where one was lost: the question changes nothing."""
    for is_last in (False, True):
        try:
            with pool.connection(deadline) as connection:
                return ask(connection)
        except psycopg.Error as error:
            if is_last or not _is_lost(error) or isinstance(error, TimedOut):
                raise StoreUnavailable(
                    f"The database did not answer: {words(error)}{_what_to_do(error)}"
                ) from error
    raise AssertionError  # pragma: no cover - the last attempt returns or raises


def _is_lost(error: psycopg.Error) -> bool:
    """Return whether a connection ended: in mid-statement, or by the server's shutdown."""
    state = error.sqlstate or ""
    is_client_side = isinstance(error, psycopg.OperationalError) and not state
    return is_client_side or state.startswith(("08", "57P"))


def _meaning(error: psycopg.Error, path: str, process: int) -> StoreError:
    """Return what a failed write means to its caller."""
    state = error.sqlstate or ""
    if _is_lost(error):
        said = f"The connection was lost while {path} was written: {words(error)}"
        return CommitUnknown(said, process)
    if state == _CONFLICT:
        return StoreConflict(
            f"{words(error)} Read it again and decide anew (0 is the version of no document)."
        )
    if state == _NO_SUCH_KIND:
        return RulesChanged(words(error))
    if state in _NEVER_STORABLE or state[:2] in _DATA_CLASSES:
        return NotStorable(f"{path} cannot be stored: {words(error)}")
    if state in _PASSING:
        return Passing(words(error))
    return StoreUnavailable(f"{path} was not written: {words(error)}{_what_to_do(error)}")


def _what_to_do(error: psycopg.Error) -> str:
    """Return what its operator has to do about a database that answers, but not the store."""
    state = error.sqlstate or ""
    if state in _NOT_PREPARED:
        return " Prepare the database with 'pulse-elt db roles'; 'pulse-elt run' builds the marts."
    if state == _NOT_ALLOWED:
        return " Grant pulse_app to the login."
    if state == _LOCKED:
        return " Another transaction has written that path and is still open."
    return ""


class Passing(StoreUnavailable):
    """Nothing was written, and another attempt may succeed at once."""
