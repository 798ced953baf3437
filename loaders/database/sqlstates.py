"""What an error of the server means, by its SQLSTATE: its words may be in any language."""

from loaders.errors import (
    DatabaseAway,
    DatabaseUnavailable,
    PulseEltError,
    TransactionLost,
    WorkFailed,
)

DISK_FULL = "53100"
LOCK_TIMEOUT = "55P03"
READ_ONLY = "25006"

# Classes by two characters, single codes by five; what is in none of them is work that failed.
# Timeouts (57014, 57P05, 25P03, 25P04) are in none: to try again would not help.
_REFUSED = ("28", "3D", "42501", READ_ONLY)
_AWAY = ("08", "53300", "57P01", "57P02", "57P03", "57P04")
_OTHERS_WON = ("40001", "40P01")


def sqlstate_of(error: BaseException) -> str:
    """Return the SQLSTATE of an error of psycopg or psycopg2; '' where it has none."""
    return getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or ""


def kind_of(error: BaseException) -> type[PulseEltError]:
    """Return what an error of psycopg or psycopg2 means.

    Those without a SQLSTATE are the client's own: it has no connection, or no longer one.
    """
    sqlstate = sqlstate_of(error)
    if not sqlstate:
        names = {kind.__name__ for kind in type(error).__mro__[:-1]}
        return DatabaseAway if names & {"OperationalError", "InterfaceError"} else WorkFailed
    return kind_of_sqlstate(sqlstate)


def kind_of_sqlstate(sqlstate: str) -> type[PulseEltError]:
    """Return what a SQLSTATE means."""
    if sqlstate.startswith(_REFUSED):
        return DatabaseUnavailable
    if sqlstate.startswith(_AWAY):
        return DatabaseAway
    return TransactionLost if sqlstate.startswith(_OTHERS_WON) else WorkFailed


def server_error(error: BaseException | None) -> BaseException | None:
    """Return the driver's error that an exception was raised from or after, None without one.

    Of several it is the one with a SQLSTATE: a lost connection makes what follows fail, too.
    """
    found: BaseException | None = None
    while error is not None:
        if sqlstate_of(error):
            return error
        if type(error).__module__.startswith("psycopg") and found is None:
            found = error
        error = error.__cause__ or error.__context__
    return found
