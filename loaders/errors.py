"""The errors of pulse-elt, each with its exit code (docs/design.md §6)."""


class PulseEltError(Exception):
    """A failure that is shown as one sentence, without a traceback."""

    exit_code = 4


class WrongRequest(PulseEltError):
    """The request cannot be carried out: usage, source or configuration."""

    exit_code = 2


class SourceRefused(WrongRequest):
    """The listing of a source has ended, and it is not what it seems to be."""


class DatabaseUnavailable(PulseEltError):
    """No database, no permission, the wrong server, or a connection that was lost."""

    exit_code = 3


class DatabaseAway(DatabaseUnavailable):
    """No connection could be made, or it was lost: the database may come back by itself."""


class WorkFailed(PulseEltError):
    """The work itself failed: a model error, a full disk, counters that do not add up."""

    exit_code = 4


class LoadInProgress(PulseEltError):
    """Another load, or another nightly run, holds the lock."""

    exit_code = 75


class LockHeld(PulseEltError):
    """Somebody else's lock or writing transaction outlasted the wait for it.

    waiting is the server process that waited, if known.
    """

    exit_code = 75

    def __init__(self, sentence: str, waiting: int | None = None) -> None:
        super().__init__(sentence)
        self.waiting = waiting
