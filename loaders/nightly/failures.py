"""An error as a run logs it: exit code and words."""

from loaders.errors import PulseEltError, WorkFailed, storable

INTERRUPTED = 130


def code_of(error: BaseException) -> int:
    """Return the exit code of a run that an error ended."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    return error.exit_code if isinstance(error, PulseEltError) else WorkFailed.exit_code


def words_of(error: BaseException) -> str:
    """Return what is logged of an error."""
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted."
    if isinstance(error, PulseEltError):
        return storable(str(error))
    return storable(f"{type(error).__name__}: {error}")
