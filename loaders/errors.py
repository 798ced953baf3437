"""What can go wrong, as types: each knows the exit code of docs/design.md §6."""


class PulseEltError(Exception):
    """A failure that is told in one sentence, without a traceback."""

    exit_code = 4


class WrongRequest(PulseEltError):
    """The request cannot be carried out as asked: usage, source or configuration."""

    exit_code = 2


class DatabaseUnavailable(PulseEltError):
    """No database, no permission, the wrong server, or a connection that was lost."""

    exit_code = 3


class DatabaseAway(DatabaseUnavailable):
    """No connection can be had, or it was lost: the database may come back by itself."""


class WorkFailed(PulseEltError):
    """The work itself failed: a model error, a full disk, counters that do not add up."""

    exit_code = 4


class LoadInProgress(PulseEltError):
    """Another load, or another nightly run, holds the lock."""

    exit_code = 75


class WritersInTheWay(PulseEltError):
    """A transaction that writes documents does not end; builds and gates have waited for it."""

    exit_code = 75


class LockHeld(PulseEltError):
    """Somebody held a lock longer than is waited for; waiting is the server process that waited."""

    exit_code = 75

    def __init__(self, sentence: str, waiting: int) -> None:
        super().__init__(sentence, waiting)
        self.waiting = waiting

    def __str__(self) -> str:
        return str(self.args[0])
