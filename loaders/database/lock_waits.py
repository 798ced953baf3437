"""Bounded waits for locks: the error of a wait that was too long names the lock's holder."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg import errors

from loaders.database.connection import connect
from loaders.database.reached import reached
from loaders.database.settings import DatabaseSettings
from loaders.errors import LockHeld, PulseEltError, WrongRequest

# How long a load waits for one lock, in seconds: the application's transactions take
# milliseconds, a backup or an index build longer.
VARIABLE = "PULSE_ELT_LOCK_SECONDS"
_SECONDS = 60.0
_LONGEST = 86_400.0

# Follows waiters to the processes that wait for nobody. A role without the right to see the
# activity of others does not see how long their transactions are open.
_HOLDERS = """
with recursive chain (waiting, pid) as (
    select locks.pid, unnest(pg_blocking_pids(locks.pid))
    from pg_locks as locks
    where not locks.granted
    union
    select chain.waiting, unnest(pg_blocking_pids(chain.pid))
    from chain
)

select
    chain.waiting, chain.pid, activity.usename,
    extract(epoch from clock_timestamp() - activity.xact_start)::float8
from chain
left join pg_stat_activity as activity on chain.pid = activity.pid
where chain.pid not in (select pid from pg_locks where not granted)
order by activity.xact_start nulls last, chain.pid
"""


def longest_wait() -> float:
    """Return how long to wait for a lock, in seconds.

    Raises:
        WrongRequest: PULSE_ELT_LOCK_SECONDS is no number of seconds up to a day.
    """
    said = os.environ.get(VARIABLE, "")
    try:
        seconds = float(said) if said else _SECONDS
    except ValueError:
        seconds = 0.0
    if not 0.001 <= seconds <= _LONGEST:
        raise WrongRequest(f"{VARIABLE} is a number of seconds from 0.001 to 86400, not {said!r}.")
    return seconds


def bound_waits(connection: psycopg.Connection) -> None:
    """Make statements of a connection fail when they wait longer for a lock."""
    milliseconds = round(longest_wait() * 1000)
    connection.execute("select set_config('lock_timeout', %s, false)", (f"{milliseconds}ms",))


@contextmanager
def translated_lock_timeouts(connection: psycopg.Connection) -> Iterator[None]:
    """Turn psycopg's lock timeout into LockHeld, with the waiting server process.

    Raises:
        LockHeld: a wait took too long.
    """
    try:
        yield
    except errors.LockNotAvailable as error:
        raise LockHeld(
            f"Waited {longest_wait():g} s for a lock that somebody else holds.",
            connection.info.backend_pid,
        ) from error


class LockWatcher:
    """Records, while others wait, whom they wait for; a context that ends its thread.

    After the wait this is no longer known.
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        self._settings = settings
        self._between = min(longest_wait() / 5, 1.0)
        self._seen: dict[int, str] = {}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "LockWatcher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    @contextmanager
    def naming_holders(self) -> Iterator[None]:
        """Add the lock's holder to LockHeld.

        Raises:
            LockHeld: as raised inside, with the holder's pid and login, and how long its
                transaction has been open.
        """
        try:
            yield
        except LockHeld as error:
            raise LockHeld(f"{error} {self._named(error.waiting)}", error.waiting) from error

    def _named(self, waiting: int | None) -> str:
        holders = self._seen.get(waiting or 0)
        if holders is None:
            return "The holder could not be determined; run the command again."
        return (
            f"It is {holders}. Nothing was lost: end it (select pg_terminate_backend(pid)) "
            "and run the command again."
        )

    def _watch(self) -> None:
        # Without a connection the holder stays unknown; the wait ends all the same.
        with suppress(psycopg.Error, PulseEltError), connect(self._settings) as connection:
            while not self._is_over.wait(self._between):
                self._look(connection)

    def _look(self, connection: psycopg.Connection) -> None:
        found: dict[int, list[str]] = {}
        for waiting, pid, login, seconds in connection.execute(_HOLDERS):
            found.setdefault(waiting, []).append(_in_words(pid, login, seconds))
        for waiting, holders in found.items():
            self._seen[waiting] = ", ".join(holders[:3])


def _in_words(pid: int, login: str | None, seconds: float | None) -> str:
    if not pid:
        return "a prepared transaction (pg_prepared_xacts shows it)"
    since = f"open for {seconds:.0f} s" if seconds is not None else "open for at least as long"
    return f"server process {pid} of login {login or 'unknown'}, whose transaction is {since}"


@contextmanager
def bounded_waits(settings: DatabaseSettings, connection: psycopg.Connection) -> Iterator[None]:
    """Bound the waits of one connection inside the block, and name the holders.

    Raises:
        LockHeld: a wait took too long.
    """
    bound_waits(connection)
    with (
        LockWatcher(reached(connection, settings)) as watcher,
        watcher.naming_holders(),
        translated_lock_timeouts(connection),
    ):
        yield
    connection.execute("reset lock_timeout")
