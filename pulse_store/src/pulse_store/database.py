"""Connections to PostgreSQL: a small pool per process, and no wait without an end.

A pool of our own, since a call has to fail with the server's words within its time, after a fork
too: no thread keeps it alive, and nothing is set per session, which a transaction pooler would
hand on to others.
"""

import select
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from psycopg.waiting import Ready

from pulse_store.errors import StoreUnavailable
from pulse_store.settings import CONNECTIONS, URL

# An idle connection is asked after so many seconds; closed ones are noticed without asking.
_ASK_AFTER = 30.0
_OLDEST = 600.0

_EVENTS = {
    1: select.POLLIN,
    2: select.POLLOUT,
    3: select.POLLIN | select.POLLOUT,
}


class Deadline:
    """The time by which a call has to end."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """The seconds left, 0 if it is over."""
        return max(0.0, self._ends_at - time.monotonic())

    def within(self, seconds: float) -> "Deadline":
        """Return the earlier of this and one in so many seconds."""
        return Deadline(min(self.left, seconds))


class TimedOut(psycopg.OperationalError):
    """The server did not answer in time; the connection is of no further use."""


class BoundedConnection(psycopg.Connection[TupleRow]):
    """A connection whose every wait ends at a deadline, however the server behaves."""

    deadline: Deadline
    process: int
    connected_at: float
    used_at: float

    def wait(self, gen: Any, *arguments: object, **options: object) -> Any:  # noqa: ANN401
        """Run a generator of psycopg's to its end.

        Raises:
            TimedOut: the deadline came first.
        """
        poll = select.poll()
        registered = None
        try:
            wanted = next(gen)
            while True:
                if wanted != registered:
                    poll.register(self.pgconn.socket, _EVENTS[int(wanted)])
                    registered = wanted
                found = poll.poll(self.deadline.left * 1000)
                if not found:
                    raise TimedOut("The server did not answer in time.")
                wanted = gen.send(_ready(found[0][1]))
        except StopIteration as ended:
            return ended.value

    def is_usable(self) -> bool:
        """Return whether the connection can be used: the server has not closed it meanwhile."""
        now = time.monotonic()
        if self.closed or now - self.connected_at > _OLDEST:
            return False
        poll = select.poll()
        poll.register(self.pgconn.socket, select.POLLIN)
        try:
            if poll.poll(0):
                # Either a notice, or the end.
                self.pgconn.consume_input()
                if self.pgconn.status != pq.ConnStatus.OK:
                    return False
            if now - self.used_at > _ASK_AFTER:
                self.execute("select")
        except psycopg.Error:
            return False
        return True


def _ready(events: int) -> Ready:
    is_writable = bool(events & select.POLLOUT)
    is_readable = bool(events & ~select.POLLOUT)
    return Ready((1 if is_readable else 0) | (2 if is_writable else 0))


class Pool:
    """The connections of one process; never more than it is allowed."""

    def __init__(self, conninfo: str, parameters: Mapping[str, str], connections: int) -> None:
        _refuse_misread(conninfo)
        self._conninfo = conninfo
        self._parameters = {
            "connect_timeout": "2",
            "application_name": "pulse-store",
            **parameters,
            "client_encoding": "utf8",
        }
        self._slots = threading.BoundedSemaphore(connections)
        self._idle: list[BoundedConnection] = []
        self._connections = connections

    @contextmanager
    def connection(self, deadline: Deadline) -> Iterator[BoundedConnection]:
        """Yield a connection in autocommit mode, whose waits end at the deadline.

        Raises:
            StoreUnavailable: none could be made, or all are at work, before the deadline.
        """
        if not self._slots.acquire(timeout=deadline.left):
            raise StoreUnavailable(
                f"All {self._connections} connections are at work; {CONNECTIONS} allows more."
            )
        try:
            connection = self._take(deadline)
            try:
                yield connection
            finally:
                self._give_back(connection)
        finally:
            self._slots.release()

    def close(self) -> None:
        """Close what is idle."""
        with suppress(IndexError):
            while True:
                _close(self._idle.pop())

    def _take(self, deadline: Deadline) -> BoundedConnection:
        while True:
            try:
                # Appending and popping are atomic: the last used comes first.
                connection = self._idle.pop()
            except IndexError:
                return self._connect(deadline)
            connection.deadline = deadline.within(deadline.left / 2)
            if connection.is_usable():
                connection.deadline = deadline
                return connection
            _close(connection)

    def _give_back(self, connection: BoundedConnection) -> None:
        is_idle = connection.pgconn.transaction_status == pq.TransactionStatus.IDLE
        if connection.closed or not is_idle or len(self._idle) >= self._connections:
            _close(connection)
            if not is_idle:
                # It was lost, or nobody answered: a network that drops one drops the others, too.
                self.close()
            return
        connection.used_at = time.monotonic()
        self._idle.append(connection)

    def _connect(self, deadline: Deadline) -> BoundedConnection:
        """Connect in a thread of its own: looking up a host name cannot be given an end."""
        attempt = _Attempt()
        thread = threading.Thread(
            target=self._connect_for, args=(attempt,), name="pulse-store", daemon=True
        )
        thread.start()
        attempt.is_done.wait(deadline.left)
        with attempt.lock:
            attempt.is_awaited = False
        if attempt.error is not None:
            error = attempt.error
            raise StoreUnavailable(f"The database cannot be reached: {words(error)}") from error
        if attempt.connection is None:
            raise StoreUnavailable("The database did not accept a connection in time.")
        attempt.connection.deadline = deadline
        return attempt.connection

    def _connect_for(self, attempt: "_Attempt") -> None:
        try:
            connection = self._open()
        except Exception as error:
            attempt.error = error
            attempt.is_done.set()
            return
        with attempt.lock:
            if attempt.is_awaited:
                attempt.connection = connection
                attempt.is_done.set()
                return
        # The second of two hosts may have answered after the first had not: the next call has it.
        self._give_back(connection)

    def _open(self) -> BoundedConnection:
        connection = BoundedConnection.connect(
            self._conninfo,
            autocommit=True,
            # A transaction pooler has another session for the next statement.
            prepare_threshold=None,
            **self._parameters,  # type: ignore[arg-type]
        )
        # A pooler makes one up.
        connection.process = connection.pgconn.backend_pid
        connection.connected_at = connection.used_at = time.monotonic()
        return connection


def _refuse_misread(conninfo: str) -> None:
    """Refuse a connection string that libpq reads otherwise than it was meant.

    A password whose special characters are not escaped becomes a part of the host, the port or the
    name, which errors repeat.

    Raises:
        StoreUnavailable: it is one; the message does not repeat it.
    """
    try:
        ports = str(conninfo_to_dict(conninfo).get("port") or "").split(",")
    except psycopg.ProgrammingError:
        ports = ["unread"]
    authority, _, name = conninfo.partition("://")[2].partition("?")[0].partition("/")
    is_spilt = authority.count("@") > 1 or "@" in name
    if is_spilt or not all(port == "" or (port.isascii() and port.isdigit()) for port in ports):
        raise StoreUnavailable(
            f"{URL} is no connection URL of PostgreSQL (postgresql://user:password@host:5432/name, "
            "special characters percent-escaped)."
        )


class _Attempt:
    """A connection that is being made, for as long as somebody waits for it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.is_done = threading.Event()
        self.is_awaited = True
        self.connection: BoundedConnection | None = None
        self.error: Exception | None = None


def _close(connection: BoundedConnection) -> None:
    with suppress(psycopg.Error):
        connection.close()


def words(error: BaseException) -> str:
    """Return the first line of an error's text, ended by a full stop."""
    text = (str(error).strip() or type(error).__name__).splitlines()[0].strip()
    return text if text.endswith((".", "!", "?")) else text + "."
