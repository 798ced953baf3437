"""Time and new keys, which a test replaces."""

from datetime import UTC, datetime
from uuid import uuid4


def now() -> str:
    """Return the time as documents have it."""
    return datetime.now(UTC).isoformat()


def new_id() -> str:
    """Return the key of a new session."""
    return str(uuid4())
