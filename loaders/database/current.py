"""The database of this process: the one the environment names, else the embedded server."""

import os
import shlex
import sys
from dataclasses import replace

from loaders.database import embedded
from loaders.database.connection import connect
from loaders.database.reached import SEARCHES, reached
from loaders.database.settings import (
    PART_VARIABLES,
    URL_VARIABLE,
    DatabaseSettings,
    libpq_variables,
    settings_from_environment,
)
from loaders.errors import WrongRequest
from loaders.project.root import project_root

LOADER_ROLE_VARIABLE = "PULSE_ELT_LOADER_ROLE"
TRANSFORMER_ROLE_VARIABLE = "PULSE_ELT_TRANSFORMER_ROLE"

# Read by psql, psycopg and pandas when no database is named.
_CLIENT_VARIABLES = {"host": "PGHOST", "port": "PGPORT", "dbname": "PGDATABASE", "user": "PGUSER"}


def current_settings(*, starts: bool = True) -> DatabaseSettings:
    """Return the database to use: when none is named the embedded server, started if need be.

    With starts False it is not started.

    Raises:
        WrongRequest: the environment's settings cannot be read.
        DatabaseUnavailable: the embedded server does not start, or does not run.
    """
    named = settings_from_environment(os.environ)
    if named is not None:
        return named
    data = embedded.data_directory(project_root())
    return embedded.start(data) if starts else embedded.running(data)


def loader_settings(*, starts: bool = True) -> DatabaseSettings:
    """Return settings that act as PULSE_ELT_LOADER_ROLE, the role that owns raw and ops.

    Without such a role, as the user who connects; starts and raises as current_settings.
    """
    return current_settings(starts=starts).acting_as(os.environ.get(LOADER_ROLE_VARIABLE))


def transformer_settings(*, starts: bool = True) -> DatabaseSettings:
    """Return settings that act as PULSE_ELT_TRANSFORMER_ROLE, the role of builds.

    Without such a role, as the user who connects; starts and raises as current_settings.
    """
    return current_settings(starts=starts).acting_as(os.environ.get(TRANSFORMER_ROLE_VARIABLE))


def start_embedded() -> DatabaseSettings:
    """Start the embedded server.

    Raises:
        WrongRequest: the environment names another database, which would be used instead.
    """
    named = settings_from_environment(os.environ)
    if named is not None:
        raise WrongRequest(
            f"The environment names {named}; unset PULSE_ANALYTICS_DATABASE_URL and "
            "PULSE_ANALYTICS_DB_* to use the embedded server."
        )
    return current_settings()


def _reached_if_unsaid(settings: DatabaseSettings) -> DatabaseSettings:
    """Return what a connection reaches, where the settings leave that to libpq."""
    said = settings.parameters
    is_said = (
        {"host", "dbname", "user"} <= said.keys()
        and ("port" in said or "PGPORT" not in os.environ)
        and "PGSERVICE" not in os.environ
        and "," not in said["host"]
        and not said.keys() & SEARCHES
    )
    if is_said:
        return settings
    with connect(settings) as connection:
        found = reached(connection, settings)
    if "hostaddr" in said or "PGHOSTADDR" in os.environ:
        return found
    # In a shell it would lead every other client here, too, whatever host that names.
    parameters = {name: value for name, value in found.parameters.items() if name != "hostaddr"}
    return replace(found, parameters=parameters)


def exports(settings: DatabaseSettings) -> str:
    """Return shell exports that point dbt and libpq's clients here; none holds the password.

    Raises:
        DatabaseUnavailable: what the settings leave open cannot be found out by connecting.
    """
    settings = _reached_if_unsaid(settings)
    lines = []
    if "password" in settings.parameters:
        ours = PART_VARIABLES["password"]
        lines += [
            f'export {ours}="$({shlex.quote(sys.executable)} -m loaders.cli db env --password)"',
            f'export PGPASSWORD="${ours}"',
        ]
    variables = settings.as_environment(with_password=False)
    for part, name in _CLIENT_VARIABLES.items():
        if PART_VARIABLES[part] in variables:
            variables[name] = variables[PART_VARIABLES[part]]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    searches = [libpq_variables().get(name, "") for name in sorted(SEARCHES)]
    misleading = searches if settings.server else []
    if settings.is_embedded:
        misleading = [*misleading, "PGHOSTADDR"]
    unset = [name for name in misleading if name in os.environ and name not in variables]
    lines.append(" ".join(["unset", URL_VARIABLE, *unset]))
    return "\n".join(lines)


def password_for_pipe(settings: DatabaseSettings) -> str:
    """Return the password for a program that reads it from a pipe.

    Raises:
        WrongRequest: a terminal would show it.
        DatabaseUnavailable: as for exports.
    """
    if sys.stdout.isatty():
        raise WrongRequest("The password is written into a pipe only, never to a terminal.")
    return _reached_if_unsaid(settings).parameters.get("password", "")
