"""The server's errors behind what dbt reports: its results carry only text."""

import re
import sys
from functools import cached_property
from typing import Any

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.database.sqlstates import kind_of, server_error, sqlstate_of
from loaders.errors import DatabaseAway, DatabaseUnavailable, PulseEltError, WorkFailed

# dbt fires these while it handles what a node, or a statement of a hook, failed with.
_WHILE_HANDLING = frozenset(
    {"CatchableExceptionOnRun", "GenericExceptionOnRun", "InternalErrorOnRun", "AdapterEventDebug"}
)


class ServerErrors:
    """Remembers, by node, psycopg2's error that dbt turned into text."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self._settings = settings
        self._by_node: dict[str, BaseException | None] = {}

    def note(self, event: Any) -> None:  # noqa: ANN401 - dbt's events carry no types
        """Look, as dbt's callback, at the exception that is being handled."""
        error = sys.exc_info()[1]
        if error is not None and event.info.name in _WHILE_HANDLING:
            self._by_node[event.data.node_info.unique_id] = server_error(error)

    def of(self, node_id: str) -> BaseException | None:
        """Return the error of the server that a node failed with."""
        return self._by_node.get(node_id)

    def kind_of(self, error: BaseException | None) -> type[PulseEltError]:
        """Return what an error means; where the driver gave no SQLSTATE, the server is asked."""
        if error is None:
            return WorkFailed
        kind = kind_of(error)
        return kind if sqlstate_of(error) or kind is not DatabaseAway else self._kind_now

    @cached_property
    def _kind_now(self) -> type[PulseEltError]:
        """Away, or that the server refuses us for good."""
        try:
            connect(self._settings).close()
        except DatabaseUnavailable as refused:
            return type(refused)
        return DatabaseAway


def without_rows(message: str, error: BaseException | None, *, context: bool = False) -> str:
    """Return a message without the server's DETAIL, which quotes the row that failed.

    With context also without the CONTEXT of our own functions.
    """
    diag = getattr(error, "diag", None)
    for text in (diag and diag.message_detail, context and diag and diag.context):
        if text:
            # After the label, in the client's language.
            start = rf"\n[^\n:]*:\s+{re.escape(text.splitlines()[0])}"
            message = re.split(start, message, maxsplit=1)[0]
    return message.rstrip()
