"""What a call can fail with. None of them is an answer: `None` only says "no such document"."""


class StoreError(Exception):
    """Any failure of the store; the message says what happened and what to do."""


class StoreUnavailable(StoreError):
    """The database, or the place of configuration files, cannot be reached or refused the work.

    For a write whose commit could not be settled the message says so; otherwise nothing was
    written.
    """


class StoreConflict(StoreError):
    """write_if: somebody else has written the path since that version was read."""


class BlindWrite(StoreError):
    """The last read of this path failed in this thread or task, so a write could destroy data."""


class NotStorable(StoreError, ValueError):
    """The document or its path can never be stored; the message has the reason."""


class ReadOnlyPath(StoreError):
    """The path holds configuration, which comes from files and is read-only here."""
