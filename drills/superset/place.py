"""Where the check happens: a PostgreSQL with a sample behind it, and Superset's server in front."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import requests
from psycopg import sql

from loaders.database import embedded
from loaders.database.connection import connect
from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from loaders.project.root import project_root

DEPLOYED = "deploy/superset"
SEEN_BY_TEAM = 20
_STARTS_WITHIN = 120


@dataclass(frozen=True)
class Place:
    """Where the check happens: Superset's Python, its environment, its port, a folder for logs."""

    python: Path
    environment: Mapping[str, str]
    port: int
    folder: Path

    @property
    def url(self) -> str:
        """Where the server is reached."""
        return f"http://127.0.0.1:{self.port}"

    def run(self, *arguments: str) -> str:
        """Run Superset's Python and return what it printed; what it complained of is in a log."""
        with (self.folder / "bootstrap.log").open("ab") as log:
            done = subprocess.run(
                [str(self.python), *arguments], env=dict(self.environment), check=True,
                stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        return done.stdout.decode()


@contextmanager
def database(folder: Path, sessions: int) -> Iterator[DatabaseSettings]:
    """Load and build a sample on a server of its own; two logins of audiences read it."""
    data = folder / "postgres"
    settings = embedded.start(data)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PULSE_")},
        URL_VARIABLE: settings.as_url(with_password=True),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "PULSE_ELT_DATA_DOCS": str(folder / "data_docs"),
    }

    def pulse_elt(*words: str, codes: Sequence[int] = (0,)) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "loaders.cli", *words],
            env=environment, cwd=project_root(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode not in codes:
            raise SystemExit(f"pulse-elt {words[0]} failed:\n{done.stdout}{done.stderr}")

    try:
        pulse_elt("sample", "--sessions", str(sessions), "--out", str(folder / "tree"))
        # 1: the sample has files that are damaged on purpose.
        pulse_elt("run", str(folder / "tree"), codes=(0, 1))
        pulse_elt("db", "roles")
        with connect(settings) as connection:
            _create_audiences(connection)
        yield settings
    finally:
        embedded.stop(data)


def _create_audiences(connection: psycopg.Connection) -> None:
    for name in ("everybody", "team"):
        connection.execute(
            sql.SQL(
                "create role {0} login; grant pulse_reader to {0} with inherit true, set false"
            ).format(sql.Identifier(f"bi_{name}"))
        )
    connection.execute(
        "insert into ops.role_learners (role_name, sees_all) values ('bi_everybody', true)"
    )
    connection.execute(
        "insert into ops.role_learners (role_name, user_id) select 'bi_team', user_id"
        " from analytics.learners order by session_count desc, user_id limit %s",
        (SEEN_BY_TEAM,),
    )
    connection.execute("create database superset")


def environment_of(settings: DatabaseSettings, folder: Path) -> dict[str, str]:
    """Return what deploy/superset/README.md says that Superset needs."""
    deployed = project_root() / DEPLOYED

    def url(login: str, name: str) -> str:
        parameters = {**settings.parameters, "user": login, "dbname": name}
        return DatabaseSettings(parameters).as_url(with_password=True)

    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("PULSE_")},
        "SUPERSET_CONFIG_PATH": str(deployed / "superset_config.py"),
        "SUPERSET_HOME": str(folder),
        "FLASK_APP": "superset.app:create_app()",
        "PULSE_SUPERSET_SECRET_KEY": secrets.token_urlsafe(42),
        "PULSE_SUPERSET_METADATA_URL": url(settings.parameters["user"], "superset"),
        "PULSE_SUPERSET_INSECURE_COOKIES": "1",
        "PULSE_BI_URL_EVERYBODY": url("bi_everybody", settings.parameters["dbname"]),
        "PULSE_BI_URL_TEAM": url("bi_team", settings.parameters["dbname"]),
    }


@contextmanager
def serving(place: Place) -> Iterator[None]:
    """Run the server until the block ends."""
    with (place.folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [str(place.python), "-m", "gunicorn", "--workers", "1", "--threads", "8",
             "--timeout", "120", "--bind", f"127.0.0.1:{place.port}", "superset.app:create_app()"],
            env=dict(place.environment), stdout=log, stderr=log,
        )  # fmt: skip
        try:
            _await_health(place, process)
            yield
        finally:
            process.terminate()
            process.wait()


def _await_health(place: Place, process: subprocess.Popen[bytes]) -> None:
    for _ in range(_STARTS_WITHIN):
        if process.poll() is None:
            with suppress(requests.RequestException):
                if requests.get(f"{place.url}/health", timeout=5).ok:
                    return
        time.sleep(1)
    raise SystemExit(f"Superset did not start: see {place.folder / 'server.log'}.")
