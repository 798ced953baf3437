"""Where documents and configuration are, read from the environment."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from pulse_store.errors import StoreUnavailable

URL = "PULSE_ANALYTICS_DATABASE_URL"
PARTS = {
    "host": "PULSE_ANALYTICS_DB_HOST",
    "port": "PULSE_ANALYTICS_DB_PORT",
    "dbname": "PULSE_ANALYTICS_DB_NAME",
    "user": "PULSE_ANALYTICS_DB_USER",
    "password": "PULSE_ANALYTICS_DB_PASSWORD",
}
FILES = "PULSE_STORE_FILES"
CONNECTIONS = "PULSE_STORE_CONNECTIONS"
REDIS = "PULSE_STORE_REDIS_URL"
_REDIS_SCHEMES = ("redis://", "rediss://", "unix://")

# Azure's name of an instance of an application; elsewhere the machine's.
_INSTANCE = "WEBSITE_INSTANCE_ID"


@dataclass(frozen=True)
class Settings:
    """What a store needs to know.

    conninfo is libpq's (a URL, or empty) and parameters override parts of it. files is a
    directory or az://container/prefix, redis the URL of a cache. A call fails after
    call_seconds at the latest.
    """

    conninfo: str = field(default="", repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    files: str | None = None
    redis: str | None = field(default=None, repr=False)
    connections: int = 8
    call_seconds: float = 2.0
    rules_seconds: float = 60.0
    report_seconds: float = 60.0
    instance: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Return the settings by the variables of pulse-elt and of the application.

        Raises:
            StoreUnavailable: no database is named, a number is none, or a URL not Redis's.
        """
        found = os.environ if environment is None else environment
        url = found.get(URL, "").strip()
        parts = {} if url else {k: found[name] for k, name in PARTS.items() if found.get(name)}
        if not url and not parts:
            raise StoreUnavailable(f"No database is named: set {URL}, or {PARTS['host']} etc.")
        connections = found.get(CONNECTIONS) or "8"
        if not connections.isascii() or not connections.isdigit() or int(connections) < 1:
            raise StoreUnavailable(f"{CONNECTIONS} is not a number of connections.")
        redis = found.get(REDIS) or None
        if redis is not None and not redis.startswith(_REDIS_SCHEMES):
            raise StoreUnavailable(f"{REDIS} begins with one of {', '.join(_REDIS_SCHEMES)}.")
        return cls(
            conninfo=url,
            parameters=parts,
            files=found.get(FILES) or None,
            redis=redis,
            connections=int(connections),
            instance=found.get(_INSTANCE) or socket.gethostname(),
        )
