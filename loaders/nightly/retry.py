"""Retries of what may pass (a lost connection or transaction): bounded, with growing waits."""

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from loaders.errors import DatabaseAway, PulseEltError, TransactionLost

_Result = TypeVar("_Result")

_FIRST_WAIT = 1.0
_LONGEST_WAIT = 30.0


def retried(
    work: Callable[[], _Result],
    longest: float,
    on_wait: Callable[[float, PulseEltError], None] = lambda seconds, error: None,
) -> tuple[_Result, int]:
    """Return what work returns, and the number of attempts; waits `longest` seconds in total.

    on_wait gets the length and the reason of each wait, before it.

    Raises:
        DatabaseAway, TransactionLost: still so after the last wait; other errors at once.
    """
    waits = _waits(longest)
    attempts = 1
    while True:
        try:
            return work(), attempts
        except (DatabaseAway, TransactionLost) as error:
            seconds = next(waits, None)
            if seconds is None:
                raise
            on_wait(seconds, error)
        time.sleep(seconds)
        attempts += 1


def _waits(longest: float) -> Iterator[float]:
    wait = _FIRST_WAIT
    while longest > 0:
        yield min(wait, longest)
        longest -= wait
        wait = min(2 * wait, _LONGEST_WAIT)
