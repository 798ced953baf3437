"""Superset's settings: secrets come from the environment, one login of PostgreSQL per audience.

An audience is a group of people who may see the same learners. PULSE_BI_URL_<AUDIENCE> names its
login of PostgreSQL; a person is in it by the role audience_<audience>. Every query of a person runs
as the login of the person's audience, and ops.role_learners decides what that login sees.
"""

import os
from typing import Any

from sqlalchemy.engine import URL, make_url
from werkzeug.exceptions import Forbidden

# Where assets/databases/pulse.yaml points. No such host exists: without what stands below,
# nothing connects.
PLACEHOLDER_HOST = "audience.invalid"
AUDIENCE_ROLE = "audience_"
_URL_VARIABLE = "PULSE_BI_URL_"
_SESSION = (
    "-c timezone=UTC -c search_path=reporting -c default_transaction_read_only=on "
    "-c statement_timeout=60s"
)


class SettingMissing(Exception):
    """The environment lacks what Superset needs."""


class NoAudience(Forbidden):
    """Nobody can say which learners a person may see."""


def _required(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise SettingMissing(f"Set {name}: deploy/superset/README.md says to what.")
    return value


def audiences() -> dict[str, URL]:
    """Return the login of each audience."""
    return {
        name.removeprefix(_URL_VARIABLE).lower(): make_url(value)
        for name, value in sorted(os.environ.items())
        if name.startswith(_URL_VARIABLE) and value
    }


def connect_as_audience(
    url: URL,
    engine_options: dict[str, Any],
    username: str | None,
    security_manager: Any,
    source: Any,
) -> tuple[URL, dict[str, Any]]:
    """Replace the placeholder by the login of the audience that a person is in.

    Raises:
        NoAudience: the person is in none, in several, or in one without a login.
    """
    if url.host != PLACEHOLDER_HOST:
        return url, engine_options
    user = security_manager.find_user(username) if username else None
    found = _audiences_of(user, security_manager) if user else []
    if len(found) != 1:
        raise NoAudience(
            f"You are in {len(found)} audiences and have to be in one: an administrator of "
            f"Superset gives you one role {AUDIENCE_ROLE}…"
        )
    login = audiences().get(found[0])
    if login is None:
        raise NoAudience(f"Set {_URL_VARIABLE}{found[0].upper()} for Superset and restart it.")
    options = dict(engine_options.get("connect_args", {}), options=_SESSION)
    return login.set(drivername="postgresql+psycopg2"), {**engine_options, "connect_args": options}


def _audiences_of(user: Any, security_manager: Any) -> list[str]:
    return sorted(
        role.name.removeprefix(AUDIENCE_ROLE)
        for role in security_manager.get_user_roles(user)
        if role.name.startswith(AUDIENCE_ROLE)
    )


def cache_by_audience(_app: Any) -> None:
    """Have the cache by user go by audience too: who changes it must not see the former's rows."""
    from superset import security_manager
    from superset.db_engine_specs.postgres import PostgresEngineSpec

    def key(_spec: type, user: Any) -> str | None:
        if not user:
            return None
        return " ".join([user.username, *_audiences_of(user, security_manager)])

    PostgresEngineSpec.get_impersonation_key = classmethod(key)


SECRET_KEY = _required("PULSE_SUPERSET_SECRET_KEY")
# PostgreSQL, in a database of its own; SQLite is for tests.
SQLALCHEMY_DATABASE_URI = _required("PULSE_SUPERSET_METADATA_URL")

DB_CONNECTION_MUTATOR = connect_as_audience
FLASK_APP_MUTATOR = cache_by_audience
FEATURE_FLAGS = {
    # What one person's query brought is never shown to another.
    "CACHE_QUERY_BY_USER": True,
    "ENABLE_TEMPLATE_PROCESSING": False,
}
_REDIS = os.environ.get("PULSE_SUPERSET_REDIS_URL")
_CACHE = {"CACHE_DEFAULT_TIMEOUT": 3600, "CACHE_KEY_PREFIX": "pulse_superset_"}
# Without Redis each worker keeps its own, in memory: no row is written to a disk.
DATA_CACHE_CONFIG = (
    {**_CACHE, "CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": _REDIS}
    if _REDIS
    else {**_CACHE, "CACHE_TYPE": "SimpleCache"}
)
CACHE_CONFIG = DATA_CACHE_CONFIG
RATELIMIT_STORAGE_URI = _REDIS or "memory://"

# Only the check, which reaches the server on 127.0.0.1 without TLS, turns it off.
_IS_SECURE = os.environ.get("PULSE_SUPERSET_INSECURE_COOKIES") != "1"
# The proxy in front says who asks, and that it was by https: links that people share need it.
ENABLE_PROXY_FIX = _IS_SECURE
# A browser asks this server only; by default Superset also has it ask its makers' counter and maps.
TALISMAN_CONFIG = {
    "content_security_policy": {
        "default-src": ["'self'"],
        "base-uri": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "object-src": "'none'",
        "form-action": ["'self'"],
        "frame-ancestors": ["'self'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": _IS_SECURE,
}

SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = _IS_SECURE
AUTH_USER_REGISTRATION = False
PUBLIC_ROLE_LIKE = None
FAB_ADD_SECURITY_API = True
WTF_CSRF_ENABLED = True
ROW_LIMIT = 10_000
SQL_MAX_ROW = 10_000
SUPERSET_WEBSERVER_TIMEOUT = 60
