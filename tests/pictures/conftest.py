"""What tests of the pages share: databases of several sizes, and a browser to open pages in."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from loaders.database.connection import connect
from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from loaders.pictures.command import write_dashboard
from loaders.sample import SamplePlan, generate
from tests.conftest import EXAMPLES_DATABASE, RunCommand, Server, create_database
from tests.marts.conftest import built_examples, dbt, house, standing
from tests.pictures.browser import Browser, Tab, open_browser
from tests.pictures.reading import PageRead, read_page

__all__ = ["built_examples", "dbt", "house", "standing"]

LEARNERS = 300
# A role, and how many learners it sees.
TWENTY, NOBODY = "sees_twenty", "sees_nobody_at_all"

# Draws a page of a database, and returns what a reader finds in it.
Draw = Callable[..., PageRead]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A chromium of the tests' own."""
    with open_browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture(scope="session")
def tab(browser: Browser) -> Tab:
    """A tab that one test after the other uses."""
    return browser.tab()


@pytest.fixture
def draw(tmp_path: Path) -> Draw:
    """Write a page, and read it."""

    def write(settings: DatabaseSettings, **options: object) -> PageRead:
        out = tmp_path / "page.html"
        write_dashboard(settings, out, **options)  # type: ignore[arg-type]
        return read_page(out)

    return write


@pytest.fixture(scope="session")
def three_hundred(
    server: Server,
    template: str,
    pulse_elt: RunCommand,
    tmp_path_factory: pytest.TempPathFactory,
) -> DatabaseSettings:
    """A database with the marts of a sample of 300 learners; one role sees 20 of them, one none."""
    tree = tmp_path_factory.mktemp("sample") / "tree"
    generate(SamplePlan(3000, LEARNERS, 1, 0.0005), tree, workers=1)
    settings = create_database(server, "pulse_three_hundred", template)
    done = pulse_elt("run", tree, **{URL_VARIABLE: settings.as_url(with_password=True)})
    assert done.returncode in (0, 1), done.stdout + done.stderr
    with connect(settings) as superuser:
        for role in (TWENTY, NOBODY):
            let_read(superuser, role)
        superuser.execute(
            "insert into ops.role_learners (role_name, user_id) select %s, user_id from"
            " (select user_id from analytics.learners order by user_id limit 20) as first_ones",
            (TWENTY,),
        )
    return settings


def let_read(superuser: psycopg.Connection, role: str) -> None:
    """Create a role that may read schema reporting, or let one that is there."""
    name = sql.Identifier(role)
    if not superuser.execute("select from pg_roles where rolname = %s", (role,)).fetchone():
        superuser.execute(sql.SQL("create role {}").format(name))
    superuser.execute(sql.SQL("grant usage on schema reporting to {}").format(name))
    superuser.execute(sql.SQL("grant select on all tables in schema reporting to {}").format(name))


@pytest.fixture(scope="session")
def nothing_in_it(server: Server, built_examples: DatabaseSettings) -> DatabaseSettings:
    """A database with all marts and no row in them."""
    settings = create_database(server, "pulse_nothing", EXAMPLES_DATABASE)
    with connect(settings) as superuser:
        tables = superuser.execute(
            "select schemaname, tablename from pg_tables where schemaname in ('analytics',"
            " 'staging', 'intermediate') and tablename not in ('bands', 'skills')"
        )
        for schema, table in tables.fetchall():
            superuser.execute(sql.SQL("truncate {} cascade").format(sql.Identifier(schema, table)))
        superuser.execute("truncate raw.quarantine cascade")
    return settings
