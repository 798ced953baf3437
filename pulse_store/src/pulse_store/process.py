"""What a store has in one process: connections, rules, files, counters; a fork has its own."""

import os
import threading
import time
from typing import TYPE_CHECKING

from pulse_store.counters import Counters, OnEvent
from pulse_store.errors import StoreUnavailable
from pulse_store.files import Files, open_files
from pulse_store.rules import Rules
from pulse_store.settings import Settings

if TYPE_CHECKING:
    from pulse_store.cache import Cache, MartsState
    from pulse_store.database import Deadline, Pool
    from pulse_store.path_queues import PathQueues

# Rules that could not be read anew are tried again after so many seconds; a small part of a call.
_RULES_AGAIN = 5.0
_RULES_WAIT = 0.5


class Process:
    """The state of a store in this process; each part is made when it is first asked for."""

    def __init__(self, settings: Settings, on_event: OnEvent | None) -> None:
        self.pid = os.getpid()
        self.counters = Counters(on_event)
        # The newest version that any call has seen.
        self.newest = 0
        self.report_at = time.monotonic() + settings.report_seconds
        self._settings = settings
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        self._queues: PathQueues | None = None
        self._files: Files | None = None
        self._cache: Cache | None = None
        self._rules: Rules | None = None
        self._rules_until = 0.0

    @property
    def pool(self) -> "Pool":
        """The connections."""
        from pulse_store.database import Pool

        with self._lock:
            if self._pool is None:
                settings = self._settings
                self._pool = Pool(settings.conninfo, settings.parameters, settings.connections)
            return self._pool

    @property
    def queues(self) -> "PathQueues":
        """The writes that wait for a path."""
        from pulse_store.path_queues import PathQueues

        with self._lock:
            if self._queues is None:
                self._queues = PathQueues()
            return self._queues

    @property
    def files(self) -> Files | None:
        """Where configuration is, None if no place is named.

        Raises:
            StoreUnavailable: it cannot be reached as it is configured.
        """
        with self._lock:
            if self._files is None and self._settings.files is not None:
                self._files = open_files(self._settings.files)
            return self._files

    @property
    def cache(self) -> "Cache | None":
        """The cache of readers' answers, None if none is named."""
        if self._settings.redis is None:
            return None
        from pulse_store.cache import Cache

        with self._lock:
            if self._cache is None:
                self._cache = Cache(self._settings.redis, self.counters.note, self._marts_state)
            return self._cache

    def _marts_state(self, deadline: "Deadline") -> "MartsState | None":
        from pulse_store import statements

        try:
            return statements.read_marts_state(self.pool, deadline)
        except StoreUnavailable:
            # As a database does that is older than this store.
            self.counters.note("cache_failed")
            return None

    def rules(self, deadline: "Deadline") -> Rules:
        """Return the rules, read anew once a minute; old ones are better than none.

        Raises:
            StoreUnavailable: they were never read, and cannot be.
        """
        from pulse_store import statements

        known, now = self._rules, time.monotonic()
        if known is not None:
            if now < self._rules_until:
                return known
            # One thread asks; the others go on with what is known.
            self._rules_until = now + _RULES_AGAIN
            deadline = deadline.within(_RULES_WAIT)
        try:
            self._rules = statements.read_rules(self.pool, deadline)
        except StoreUnavailable:
            if known is None:
                raise
            return known
        self._rules_until = now + self._settings.rules_seconds
        return self._rules

    def forget_rules(self) -> None:
        """Read the rules again when they are next asked for."""
        self._rules_until = 0.0

    def saw(self, version: int) -> None:
        """Remember a version, if it is the newest."""
        with self._lock:
            self.newest = max(self.newest, version)

    def close(self) -> None:
        """Close idle connections."""
        if self._pool is not None:
            self._pool.close()
        if self._cache is not None:
            self._cache.close()
