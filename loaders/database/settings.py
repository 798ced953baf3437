"""Which database to use, read from the environment (docs/design.md §3)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import cycle
from urllib.parse import quote, urlencode

from psycopg import ProgrammingError, pq
from psycopg.conninfo import conninfo_to_dict

from loaders.errors import WrongRequest

URL_VARIABLE = "PULSE_ANALYTICS_DATABASE_URL"
PART_VARIABLES = {
    "host": "PULSE_ANALYTICS_DB_HOST",
    "port": "PULSE_ANALYTICS_DB_PORT",
    "dbname": "PULSE_ANALYTICS_DB_NAME",
    "user": "PULSE_ANALYTICS_DB_USER",
    "password": "PULSE_ANALYTICS_DB_PASSWORD",
}


_SECRETS = frozenset({"password", "sslpassword", "oauth_client_secret"})


@dataclass(frozen=True)
class DatabaseSettings:
    """Connection parameters by libpq's names; secrets stay out of every repr.

    role is whom its sessions act as. server is the system identifier of the server that a
    connection has reached with them: no other one will do.
    """

    parameters: Mapping[str, str] = field(repr=False)
    is_embedded: bool = False
    role: str | None = None
    server: str | None = None

    def __str__(self) -> str:
        known = {**_libpqs_defaults(), **self.parameters}
        service = self.parameters.get("service")
        host = known.get("host") or known.get("hostaddr")
        if service and "host" not in self.parameters:
            place = f"the server of service {service}"
        elif not host:
            place = "the local socket"
        else:
            ports = known.get("port", "").split(",")
            place = " or ".join(
                f"{one}:{port}" if port and not one.startswith("/") else one
                for one, port in zip(host.split(","), cycle(ports), strict=False)
            )
        return f"database {known.get('dbname', '(default)')} on {place}"

    def as_environment(self, *, with_password: bool) -> dict[str, str]:
        """Return the variables that point plain dbt and the app's own tools here."""
        defaults = {"host": "localhost", "port": "5432", "dbname": "postgres", "user": "postgres"}
        known = {**defaults, **self.parameters}
        environment = {
            variable: known[name]
            for name, variable in PART_VARIABLES.items()
            if name in known and (with_password or name != "password")
        }
        for name, variable in libpq_variables().items():
            if name in self.parameters and name not in PART_VARIABLES:
                environment[variable] = self.parameters[name]
        return environment

    def acting_as(self, role: str | None) -> "DatabaseSettings":
        """Return settings whose sessions act as another role; None leaves them unchanged.

        Raises:
            WrongRequest: the name has characters other than letters, digits and _.
        """
        if not role:
            return self
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", role):
            raise WrongRequest(f"{role!r} is not a role's name: letters, digits and _ only.")
        return replace(self, role=role)

    def as_url(self, *, with_password: bool) -> str:
        """Return a connection URL, percent-escaped as libpq reads it; it acts as the role."""
        parts = {k: v for k, v in self.parameters.items() if with_password or k not in _SECRETS}
        if self.role:
            parts["options"] = f"{parts.get('options', '')} -c role={self.role}".strip()
        user = quote(parts.pop("user", ""), safe="")
        password = parts.pop("password", None)
        if password is not None:
            user += ":" + quote(password, safe="")
        host = parts.get("host", "")
        place = ""
        if host and not host.startswith("/") and "," not in host:
            del parts["host"]
            bracketed = f"[{host}]" if ":" in host else host
            place = bracketed + (f":{parts.pop('port')}" if "port" in parts else "")
        name = quote(parts.pop("dbname", ""), safe="")
        query = urlencode(parts, quote_via=quote, safe="/")
        url = f"postgresql://{user}{'@' if user else ''}{place}/{name}"
        return f"{url}?{query}" if query else url


def _libpqs_defaults() -> dict[str, str]:
    """Return what the environment and its service say of a server, and nothing built in."""
    options = pq.Conninfo.get_defaults()
    return {
        one.keyword.decode(): one.val.decode()
        for one in options
        if one.val and one.val != one.compiled
    }


@cache
def libpq_variables() -> Mapping[str, str]:
    """Return libpq's parameters that have an environment variable, with its name."""
    options = pq.Conninfo.get_defaults()
    return {one.keyword.decode(): one.envvar.decode() for one in options if one.envvar}


def settings_from_environment(environment: Mapping[str, str]) -> DatabaseSettings | None:
    """Return the database the environment names, or None when it names none.

    PULSE_ANALYTICS_DATABASE_URL wins over PULSE_ANALYTICS_DB_HOST/PORT/NAME/USER/PASSWORD;
    libpq decides the rest (PGSSLMODE and so on).

    Raises:
        WrongRequest: URL or port is malformed. A URL is not repeated: it may hold a password.
    """
    url = environment.get(URL_VARIABLE, "").strip()
    if url:
        return _settings_from_url(url)
    parts = {
        name: environment[variable]
        for name, variable in PART_VARIABLES.items()
        if environment.get(variable)
    }
    if not _is_port(parts.get("port", "")):
        raise WrongRequest(f"{PART_VARIABLES['port']} is not a port number.")
    return DatabaseSettings(parts) if parts else None


def _settings_from_url(url: str) -> DatabaseSettings:
    try:
        parsed = conninfo_to_dict(url)
    except ProgrammingError:
        parsed = None
    if parsed is None or _is_misread(url, str(parsed.get("port", ""))):
        raise WrongRequest(
            f"{URL_VARIABLE} is not a PostgreSQL connection URL "
            "(postgresql://user:password@host:5432/name, specials percent-escaped)."
        )
    return DatabaseSettings({name: str(value) for name, value in parsed.items()})


def _is_misread(url: str, port: str) -> bool:
    """Return whether a password with unescaped characters was parsed into host, port or name."""
    is_url = url.startswith(("postgresql://", "postgres://"))
    authority, _, name = url.partition("://")[2].partition("?")[0].partition("/")
    is_spilt = is_url and (authority.count("@") > 1 or "@" in name)
    return is_spilt or not _is_port(port)


def _is_port(text: str) -> bool:
    """Return whether the port, or the ports of several hosts, are numbers or absent."""
    return all(port == "" or (port.isascii() and port.isdigit()) for port in text.split(","))
