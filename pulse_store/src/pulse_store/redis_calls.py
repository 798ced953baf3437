"""Calls of Redis that keep nobody waiting: a thread makes them, and a breaker spares them.

The client's own time limits are for single packets, and looking up a host name has none. So a
thread of its own makes all calls, and whoever asks stops waiting in time.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis import Redis

# redis is imported by the thread: it takes longer than a call may.

_LONGEST = 0.05
_MOST_FAILURES = 5
_TRY_AGAIN = 30.0
_MOST_WAITING = 1_000


class CallFailed(Exception):
    """Redis did not answer, or not in time."""


class _Call:
    def __init__(self, make: "Callable[[Redis], object]", is_awaited: bool = False) -> None:
        self.make = make
        self.is_awaited = is_awaited
        self.is_done = threading.Event()
        self.is_given_up = False
        self.answer: object = None
        self.error: Exception | None = None


class RedisCalls:
    """The calls of one process. Used only after Redis has answered, and not after five failures."""

    def __init__(self, url: str, note: Callable[[str], None]) -> None:
        self._url = url
        self._note = note
        self._lock = threading.Lock()
        self._waiting: SimpleQueue[_Call | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._is_on = False
        self._failures = 0
        self._ask_at = 0.0

    def is_on(self) -> bool:
        """Return whether Redis is worth a call; ask it now and then, without waiting, if not."""
        if self._is_on:
            return True
        now = time.monotonic()
        with self._lock:
            is_due = now >= self._ask_at
            if is_due:
                self._ask_at = now + _TRY_AGAIN
        if is_due:
            self._start(_Call(self._try))
        return False

    def get(self, key: str) -> object:
        """Return what is at a key, None if nothing is.

        Raises:
            CallFailed: Redis did not say within 50 ms.
        """
        call = _Call(lambda redis: redis.get(key), is_awaited=True)
        self._start(call)
        call.is_given_up = not call.is_done.wait(_LONGEST)
        if call.is_given_up or call.error is not None:
            self.failed()
            raise CallFailed
        return call.answer

    def set(self, key: str, value: bytes, seconds: float) -> None:
        """Have a value kept for so long; nobody waits for it."""
        if self._waiting.qsize() < _MOST_WAITING:
            self._start(_Call(lambda redis: redis.set(key, value, px=int(seconds * 1000))))

    def succeeded(self) -> None:
        """Count no failures any more."""
        self._failures = 0

    def failed(self) -> None:
        """Count a failure in a row, and call no more after five of them for half a minute."""
        self._note("cache_failed")
        with self._lock:
            self._failures += 1
            if not self._is_on or self._failures < _MOST_FAILURES:
                return
            self._is_on = False
            self._ask_at = time.monotonic() + _TRY_AGAIN
        self._note("cache_off")

    def close(self) -> None:
        """End the thread and its connection; the next call starts another."""
        with self._lock:
            self._is_on, self._ask_at = False, 0.0
            if self._thread is not None:
                self._waiting.put(None)
                self._thread, self._waiting = None, SimpleQueue()

    def _try(self, redis: "Redis") -> None:
        redis.ping()
        with self._lock:
            self._failures, self._is_on = 0, True

    def _start(self, call: _Call) -> None:
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(
                    target=self._work, args=(self._waiting,), name="pulse-store-redis", daemon=True
                )
                # None can be started while the interpreter ends.
                with suppress(RuntimeError):
                    thread.start()
                    self._thread = thread
            self._waiting.put(call)

    def _work(self, waiting: "SimpleQueue[_Call | None]") -> None:
        redis: Redis | None = None
        while (call := waiting.get()) is not None:
            if call.is_given_up:
                continue
            try:
                if redis is None:
                    redis = self._client()
                call.answer = call.make(redis)
            # Whatever Redis sends, or the URL says, is no reason to end the thread.
            except Exception as error:
                call.error = error
                if not call.is_awaited:
                    self._note("cache_failed")
            call.is_done.set()
        if redis is not None:
            with suppress(Exception):
                redis.close()

    def _client(self) -> "Redis":
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        client: Redis = Redis.from_url(
            self._url,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=_LONGEST,
            socket_connect_timeout=_LONGEST,
        )
        return client
