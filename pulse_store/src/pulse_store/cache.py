"""A cache of readers' answers in Redis, which may lie, hang or vanish: no answer depends on it.

Keys hold the cutoff of the last build, so that a build needs no deletes. While a build is at work
the cache is left alone, since then marts change one by one.
"""

import hashlib
import hmac
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pulse_store.redis_calls import CallFailed, RedisCalls

if TYPE_CHECKING:
    from pulse_store.database import Deadline

# How long a change of the marts by hand is not seen: builds change the key.
_SECONDS = 300.0
_JITTER = 0.2
# How long a build that has begun or ended is not noticed, and how long asking may take.
_STATE_SECONDS = 1.0
_STATE_WAIT = 0.5
# How long others wait for the one that asks the database.
_FLIGHT_WAIT = 0.5


@dataclass(frozen=True)
class MartsState:
    """Which build the marts are of; identity is known to the database alone, and signs values."""

    cutoff: str
    identity: str


class _Flight:
    """A question that somebody is asking the database."""

    def __init__(self) -> None:
        self.has_landed = threading.Event()
        self.text: str | None = None


class Cache:
    """The cache of one process."""

    def __init__(
        self,
        url: str,
        note: Callable[[str], None],
        read_state: "Callable[[Deadline], MartsState | None]",
    ) -> None:
        self._redis = RedisCalls(url, note)
        self._note = note
        self._read_state = read_state
        self._lock = threading.Lock()
        self._state: MartsState | None = None
        self._state_until = 0.0
        self._flights: dict[str, _Flight] = {}

    def answer(self, question: object, ask: Callable[[], Any], deadline: "Deadline") -> Any:  # noqa: ANN401 - any JSON
        """Return what ask returns, from Redis where it has that; a question is plain JSON."""
        if not self._redis.is_on():
            return ask()
        state = self._current_state(deadline)
        if state is None:
            return ask()
        digest = hashlib.sha256(json.dumps([state.identity, question]).encode())
        key = f"pulse-store:{state.cutoff}:{digest.hexdigest()}"
        try:
            found = self._redis.get(key)
        except CallFailed:
            return ask()
        if found is not None:
            text = _unsealed(found, key, state)
            if text is not None:
                self._redis.succeeded()
                self._note("cache_hit")
                return json.loads(text)
            self._note("cache_refused")
            self._redis.failed()
        else:
            self._redis.succeeded()
            self._note("cache_miss")
        return self._asked_once(key, state, ask, deadline)

    def close(self) -> None:
        """Close the connection."""
        self._redis.close()

    def _asked_once(
        self, key: str, state: MartsState, ask: Callable[[], Any], deadline: "Deadline"
    ) -> Any:  # noqa: ANN401 - any JSON
        """Ask the database, unless another thread is at it, and keep the answer."""
        with self._lock:
            others = self._flights.get(key)
            if others is None:
                flight = self._flights[key] = _Flight()
        if others is not None:
            others.has_landed.wait(min(_FLIGHT_WAIT, deadline.left / 2))
            # A copy each, for somebody may change it.
            return ask() if others.text is None else json.loads(others.text)
        try:
            answer = ask()
            flight.text = json.dumps(answer)
        finally:
            with self._lock:
                del self._flights[key]
            flight.has_landed.set()
        seconds = _SECONDS * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - no secret
        self._redis.set(key, _sealed(flight.text, key, state), seconds)
        return answer

    def _current_state(self, deadline: "Deadline") -> MartsState | None:
        """Return the state of the marts, at most a second old; None: leave the cache alone."""
        now = time.monotonic()
        with self._lock:
            if now < self._state_until:
                return self._state
            # One thread asks; the others go on with what is known.
            self._state_until = now + _STATE_SECONDS
        self._state = self._read_state(deadline.within(_STATE_WAIT))
        return self._state


def _sealed(text: str, key: str, state: MartsState) -> bytes:
    return _seal(text.encode(), key, state) + text.encode()


def _unsealed(found: object, key: str, state: MartsState) -> bytes | None:
    """Return what was kept, None if this store did not keep it there."""
    if not isinstance(found, bytes):
        return None
    seal, text = found[:32], found[32:]
    return text if hmac.compare_digest(seal, _seal(text, key, state)) else None


def _seal(text: bytes, key: str, state: MartsState) -> bytes:
    return hmac.digest(state.identity.encode(), key.encode() + b" " + text, "sha256")
