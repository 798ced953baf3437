"""Waiting for a database that is briefly away: bounded, and each time longer."""

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from loaders.errors import DatabaseAway

_Result = TypeVar("_Result")

_FIRST_WAIT = 1.0
_LONGEST_WAIT = 30.0


def retried(
    work: Callable[[], _Result],
    patience: float,
    on_wait: Callable[[float, DatabaseAway], None] = lambda seconds, error: None,
) -> tuple[_Result, int]:
    """Return what work returns, and the number of attempts; waits at most patience seconds.

    on_wait gets the seconds to come and why, before each wait.

    Raises:
        DatabaseAway: still, after the last wait; any other error at once.
    """
    waits = _waits(patience)
    attempts = 1
    while True:
        try:
            return work(), attempts
        except DatabaseAway as error:
            seconds = next(waits, None)
            if seconds is None:
                raise
            on_wait(seconds, error)
        time.sleep(seconds)
        attempts += 1


def _waits(patience: float) -> Iterator[float]:
    wait = _FIRST_WAIT
    while patience > 0:
        yield min(wait, patience)
        patience -= wait
        wait = min(2 * wait, _LONGEST_WAIT)
