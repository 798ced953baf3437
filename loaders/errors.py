"""The errors of pulse-elt, each with its exit code (docs/design.md §6), and text they may hold."""


def storable(text: str) -> str:
    """Return text as a database can hold it: bytes that are not UTF-8 are shown as escapes.

    Python has such bytes as lone surrogates; in a locale without Unicode, UTF-8 too.
    """
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


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


class TransactionLost(WorkFailed):
    """Another transaction won, by a deadlock or a conflict: the same work may pass next time."""


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
