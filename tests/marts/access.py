"""A database as deploy/roles.sql wants it: whose it is, who may do what, and logins to try it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from loaders.database.connection import connect
from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from tests.conftest import EXAMPLES, ROOT, RunCommand, Server, drop_database, let_administer

DATABASE = "Pulse-house"

# A login per role, for one role does not say what another may.
LOGINS = {
    "pulse_loader": "tries_loading",
    "pulse_transformer": "tries_building",
    "pulse_app": "tries_the_app",
    "pulse_reader": "tries_bi",
    "pulse_auditor": "tries_auditing",
}
NOBODY = "tries_without_a_role"
ADMIN = "house_admin"
PIPELINE = "house_pipeline"

# How the pipeline's own login becomes the role that a step is for (docs/security.md).
ACTING = {
    "PULSE_ELT_LOADER_ROLE": "pulse_loader",
    "PULSE_ELT_TRANSFORMER_ROLE": "pulse_transformer",
}


@dataclass(frozen=True)
class House:
    """The database, with the marts of examples/legacy built by a login that has no rights."""

    server: Server

    def settings(self, login: str | None = None) -> DatabaseSettings:
        """Return the database as a login reaches it; None is the server's superuser."""
        parameters = {**self.server.settings.parameters, "dbname": DATABASE}
        return DatabaseSettings({**parameters, **({"user": login} if login else {})})

    def connect(self, login: str | None = None) -> psycopg.Connection:
        """Open a connection as a login, by its own settings: as a tool that is not ours would."""
        settings = self.settings(login)
        return psycopg.connect(**settings.parameters, autocommit=True)  # type: ignore[arg-type]

    def environment(self, login: str) -> Mapping[str, str]:
        """Return the variables by which the command gets here."""
        return {URL_VARIABLE: self.settings(login).as_url(with_password=True)}


def open_house(server: Server, pulse_elt: RunCommand) -> House:
    """Create the database and its logins, apply the roles, load and build."""
    house = House(server)
    drop_database(server, DATABASE)
    with connect(server.settings) as superuser:
        _create_login(superuser, ADMIN, "createrole")
        let_administer(superuser, ADMIN)
        superuser.execute(
            sql.SQL("create database {} owner {} template template0").format(
                sql.Identifier(DATABASE), sql.Identifier(ADMIN)
            )
        )
    done = pulse_elt("db", "roles", **house.environment(ADMIN))
    assert done.returncode == 0, done.stderr
    with house.connect(ADMIN) as admin:
        for role, login in LOGINS.items():
            _create_login(admin, login)
            grant(admin, role, login)
        _create_login(admin, NOBODY)
        _create_login(admin, PIPELINE)
        admin.execute(
            sql.SQL("grant connect on database {} to {}").format(
                sql.Identifier(DATABASE), sql.Identifier(PIPELINE)
            )
        )
        admin.execute(
            sql.SQL(
                "grant pulse_loader, pulse_transformer to {} with inherit false, set true"
            ).format(sql.Identifier(PIPELINE))
        )
    done = pulse_elt("run", EXAMPLES, **house.environment(PIPELINE), **ACTING)
    # 1: the example tree holds bad files, and a run says so.
    assert done.returncode == 1, done.stdout + done.stderr
    return house


def close_house(house: House) -> None:
    """Drop the database; roles stay with the server, which is the test's own."""
    drop_database(house.server, DATABASE)


def grant(connection: psycopg.Connection, role: str, member: str) -> None:
    """Put a role into another."""
    connection.execute(
        sql.SQL("grant {} to {}").format(sql.Identifier(role), sql.Identifier(member))
    )


def create_login(connection: psycopg.Connection, name: str, *roles: str) -> None:
    """Create a login in some roles, or leave the one that is there."""
    _create_login(connection, name)
    for role in roles:
        grant(connection, role, name)


def _create_login(connection: psycopg.Connection, name: str, options: str = "") -> None:
    if not connection.execute("select 1 from pg_roles where rolname = %s", (name,)).fetchone():
        connection.execute(sql.SQL("create role {} login " + options).format(sql.Identifier(name)))


def page(name: str) -> Path:
    """Return a page of docs/."""
    return ROOT / "docs" / name
