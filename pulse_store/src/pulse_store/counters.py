"""Counts what the store does; an application hears of each call by a callback."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """A call that ended, or something noted on its way; never a path, a user or a document.

    name is the function, or what was noted: blind_write, overwritten_unseen, settled, swallowed,
    report_failed; cache_hit, cache_miss, cache_failed, cache_refused, cache_off.
    outcome is ok, noted, or the error's class.
    """

    name: str
    outcome: str
    seconds: float = 0.0


OnEvent = Callable[[Event], None]


class Counters:
    """Counts by name since the process began; safe to use from any thread."""

    def __init__(self, on_event: OnEvent | None = None) -> None:
        self._on_event = on_event
        self._counts: dict[str, float] = {}
        self._lock = threading.Lock()

    def note(self, name: str) -> None:
        """Count something that happened on the way."""
        self._ended(Event(name, "noted"))

    @contextmanager
    def call(self, name: str) -> Iterator[None]:
        """Count a call with its outcome and duration."""
        began = time.monotonic()
        outcome = "ok"
        try:
            yield
        except BaseException as error:
            outcome = type(error).__name__
            raise
        finally:
            self._ended(Event(name, outcome, time.monotonic() - began))

    def snapshot(self) -> Mapping[str, float]:
        """Return the counts so far: calls by name and outcome, seconds in total and at most."""
        with self._lock:
            return dict(self._counts)

    def _ended(self, event: Event) -> None:
        with self._lock:
            counts = self._counts
            if event.outcome == "noted":
                counts[event.name] = counts.get(event.name, 0) + 1
            else:
                key = f"{event.name}.{event.outcome}"
                counts[key] = counts.get(key, 0) + 1
                total, most = f"{event.name}.seconds", f"{event.name}.longest"
                counts[total] = round(counts.get(total, 0) + event.seconds, 6)
                counts[most] = round(max(counts.get(most, 0), event.seconds), 6)
        if self._on_event is not None:
            # Whatever a callback does, a call of the store ends as it would have.
            with suppress(Exception):
                self._on_event(event)
