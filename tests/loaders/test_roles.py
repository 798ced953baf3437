"""pulse-elt db roles: what it makes, takes over and refuses, and that twice is once."""

import subprocess
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from loaders.database import embedded
from loaders.database.connection import connect
from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from tests.conftest import ROOT, RunCommand, Server, create_database, drop_database, let_administer

# Roles, owners and grants.
pytestmark = pytest.mark.every_server

# A name that has to be quoted wherever it is written.
ODD_NAME = """pulse's "roles" 100% of; it"""
OWNER = "owner_of_tests"

# Everything that decides who may do what, as text. Oids of databases differ; names do not.
_RIGHTS = """
select 'role', rolname::text, row(rolsuper, rolcanlogin, rolcreaterole, rolinherit)::text
from pg_roles where rolname like 'pulse%'
union all
select 'member', roleid::regrole::text || ' ' || member::regrole::text,
    row(grantor::regrole, admin_option, inherit_option, set_option)::text
from pg_auth_members
union all
select 'database', datname::text, row(datdba::regrole, datacl)::text
from pg_database where datname = current_database()
union all
select 'setting', setrole::text, setconfig::text
from pg_db_role_setting
where setdatabase = (select oid from pg_database where datname = current_database())
union all
select 'schema', nspname::text, row(nspowner::regrole, nspacl)::text
from pg_namespace where nspname !~ '^pg_'
union all
select 'relation', oid::regclass::text, row(relowner::regrole, relacl, relrowsecurity)::text
from pg_class where relnamespace = any (array['raw', 'ops']::regnamespace[]) and relkind <> 'i'
union all
select 'column', attrelid::regclass || '.' || attname, attacl::text
from pg_attribute where attacl is not null and attnum > 0
union all
select 'function', oid::regprocedure::text, row(proowner::regrole, proacl, proconfig)::text
from pg_proc where pronamespace = 'raw'::regnamespace
union all
select 'default', row(defaclrole::regrole, defaclnamespace::regnamespace, defaclobjtype)::text,
    defaclacl::text
from pg_default_acl
union all
select 'policy', polname::text, row(polrelid::regclass, polcmd, polroles)::text from pg_policy
order by 1, 2, 3
"""


@pytest.fixture
def owner(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatabaseSettings]:
    """A database with a name to be quoted, and its owner, who may create roles and no more."""
    with connect(server.settings) as superuser:
        is_there = superuser.execute("select 1 from pg_roles where rolname = %s", (OWNER,))
        if not is_there.fetchone():
            superuser.execute(sql.SQL("create role {} login createrole").format(_name(OWNER)))
        let_administer(superuser, OWNER)
        create_database(server, ODD_NAME, "template0")
        superuser.execute(
            sql.SQL("alter database {} owner to {}").format(_name(ODD_NAME), _name(OWNER))
        )
    settings = DatabaseSettings({**server.database(ODD_NAME).parameters, "user": OWNER})
    monkeypatch.setenv(URL_VARIABLE, settings.as_url(with_password=True))
    yield settings
    drop_database(server, ODD_NAME)


def _name(name: str) -> sql.Identifier:
    return sql.Identifier(name)


def rights_of(connection: psycopg.Connection) -> list[tuple[str, str, str]]:
    return connection.execute(_RIGHTS).fetchall()


def test_twice_is_once_and_says_so(owner: DatabaseSettings, pulse_elt: RunCommand) -> None:
    first = pulse_elt("db", "roles")
    assert first.returncode == 0, first.stderr
    assert "created schema test_failures" in first.stdout
    assert "applied 0001_landing.sql" in first.stdout
    with connect(owner) as connection:
        before = rights_of(connection)
        second = pulse_elt("db", "roles")
        assert rights_of(connection) == before
    assert second.returncode == 0, second.stderr
    assert "created" not in second.stdout
    assert second.stdout.endswith("Everything was there; rights are as docs/security.md says.\n")


def test_psql_alone_does_the_same(
    owner: DatabaseSettings, server: Server, pulse_elt: RunCommand
) -> None:
    assert pulse_elt("db", "roles").returncode == 0
    with connect(owner) as connection:
        expected = rights_of(connection)
    create_database(server, ODD_NAME, "template0")
    with connect(server.settings) as superuser:
        superuser.execute(
            sql.SQL("alter database {} owner to {}").format(_name(ODD_NAME), _name(OWNER))
        )
    assert "run this again after pulse-elt db migrate" in _psql(server, owner)
    migrated = pulse_elt("db", "migrate", PULSE_ELT_LOADER_ROLE="pulse_loader")
    assert migrated.returncode == 0, migrated.stderr
    assert "run this again" not in _psql(server, owner)
    with connect(owner) as connection:
        assert rights_of(connection) == expected


def _psql(server: Server, settings: DatabaseSettings) -> str:
    program = embedded.program(server.data, "psql")
    done = subprocess.run(
        [
            *(program, settings.as_url(with_password=True), "-X", "-v", "ON_ERROR_STOP=1"),
            *("-f", ROOT / "deploy" / "roles.sql"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr


def test_rights_that_went_astray_are_mended(owner: DatabaseSettings, pulse_elt: RunCommand) -> None:
    assert pulse_elt("db", "roles").returncode == 0
    with connect(owner) as connection:
        expected = rights_of(connection)
        connection.execute("grant usage, create on schema public, raw to public")
        connection.execute("revoke select on raw.documents from pulse_app")
        connection.execute("alter table raw.files owner to pulse_transformer")
        connection.execute("alter schema reporting owner to pulse_loader")
        assert rights_of(connection) != expected
        mended = pulse_elt("db", "roles")
        assert "gave table raw.files to pulse_loader" in mended.stdout
        assert "gave schema reporting to pulse_transformer" in mended.stdout
        # What the owners of a while granted each other stands in another order.
        assert _in_letters(rights_of(connection)) == _in_letters(expected)


def _in_letters(rights: list[tuple[str, str, str]]) -> list[tuple[str, str, list[str]]]:
    return [(sort, name, sorted(text or "")) for sort, name, text in rights]


def test_what_was_loaded_before_there_were_roles_is_handed_over(
    database: DatabaseSettings, connection: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    connection.execute("create schema analytics")
    connection.execute("create table analytics.learners (user_id uuid)")
    connection.execute("comment on table analytics.learners is 'One row per user. [pulse-elt]'")
    connection.execute("create schema reporting")
    connection.execute("create view reporting.of_a_user as select 1 as one")
    done = pulse_elt("db", "roles")
    assert done.returncode == 0, done.stderr
    owners: dict[str, str] = dict(
        connection.execute(
            "select oid::regclass::text, relowner::regrole::text from pg_class where oid = any "
            "(array['raw.documents', 'raw.scorecards', 'ops.runs', 'analytics.learners', "
            "'reporting.of_a_user']::regclass[])"
        ).fetchall()
    )
    assert owners == {
        "raw.documents": "pulse_loader",
        "raw.scorecards": "pulse_loader",
        "ops.runs": "pulse_loader",
        "analytics.learners": "pulse_transformer",
        "reporting.of_a_user": "postgres",
    }
    connection.execute("set role pulse_app")
    assert connection.execute("select count(*) from analytics.learners").fetchone() == (0,)


@pytest.mark.parametrize("relation", ["analytics.orders", "raw.orders"])
def test_tables_of_others_do_not_change_hands(
    owner: DatabaseSettings, pulse_elt: RunCommand, relation: str
) -> None:
    with connect(owner) as connection:
        connection.execute(sql.SQL("create schema {}").format(_name(relation.split(".")[0])))
        connection.execute(sql.SQL("create table {} ()").format(_name_of(relation)))
        before = connection.execute("select count(*) from pg_namespace").fetchone()
        done = pulse_elt("db", "roles")
        assert done.returncode == 3
        assert relation in done.stderr
        assert "Nothing was changed" in done.stderr
        assert connection.execute("select count(*) from pg_namespace").fetchone() == before


def _name_of(relation: str) -> sql.Identifier:
    return sql.Identifier(*relation.split("."))


def test_who_may_not_is_told_what_it_takes(
    owner: DatabaseSettings, server: Server, pulse_elt: RunCommand
) -> None:
    with connect(server.settings) as superuser:
        superuser.execute("drop role if exists mere_login")
        superuser.execute("create role mere_login login")
    try:
        settings = DatabaseSettings({**owner.parameters, "user": "mere_login"})
        done = pulse_elt("db", "roles", **{URL_VARIABLE: settings.as_url(with_password=True)})
    finally:
        with connect(server.settings) as superuser:
            superuser.execute("drop role mere_login")
    assert done.returncode == 3
    assert "mere_login is neither a superuser nor the owner of the database" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_owner_who_may_not_grant_the_roles_is_told_who_can_let_him(
    owner: DatabaseSettings, server: Server, pulse_elt: RunCommand
) -> None:
    assert pulse_elt("db", "roles").returncode == 0
    with connect(server.settings) as superuser:
        superuser.execute("create role another_owner login createrole")
        superuser.execute(
            sql.SQL("alter database {} owner to another_owner").format(_name(ODD_NAME))
        )
        settings = DatabaseSettings({**owner.parameters, "user": "another_owner"})
        url = {URL_VARIABLE: settings.as_url(with_password=True)}
        try:
            refused = pulse_elt("db", "roles", **url)
        finally:
            superuser.execute(
                sql.SQL("alter database {} owner to {}").format(_name(ODD_NAME), _name(OWNER))
            )
            superuser.execute("drop role another_owner")
    assert refused.returncode == 3
    assert "another_owner may not grant it" in refused.stderr
    assert "to another_owner with admin option;" in refused.stderr


def test_a_role_that_can_do_more_is_not_taken_for_ours(
    owner: DatabaseSettings, server: Server, pulse_elt: RunCommand
) -> None:
    assert pulse_elt("db", "roles").returncode == 0
    with connect(server.settings) as superuser:
        superuser.execute("alter role pulse_reader createdb")
        try:
            done = pulse_elt("db", "roles")
        finally:
            superuser.execute("alter role pulse_reader nocreatedb")
    assert done.returncode == 3
    assert "pulse_reader can do more than a role of pulse-elt may" in done.stderr
