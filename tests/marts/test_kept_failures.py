"""What a failed dbt test found can be looked at, by those who may, until the test passes again."""

from collections.abc import Iterator

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.locks import LOAD_LOCK
from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from tests.conftest import RunCommand, Server, create_database, drop_database
from tests.marts.warm_dbt import WarmDbt

TEST = "assert_readiness_lies_between_its_components"
KEPT = f"test_failures.{TEST}"

_TABLES = "select relname from pg_class where relnamespace = 'test_failures'::regnamespace"


@pytest.fixture
def built_copy(server: Server, built_examples: DatabaseSettings) -> Iterator[DatabaseSettings]:
    """The built examples, to be spoilt; under the name that dbt has parsed for other tests."""
    yield create_database(server, "pulse_test", str(built_examples.parameters["dbname"]))
    drop_database(server, "pulse_test")


def test_what_a_test_finds_is_kept_until_it_passes(
    built_copy: DatabaseSettings, pulse_elt: RunCommand, dbt: WarmDbt
) -> None:
    named = {URL_VARIABLE: built_copy.as_url(with_password=True)}
    with connect(built_copy) as connection:
        assert connection.execute(_TABLES).fetchall() == []
        connection.execute("update analytics.user_readiness set readiness_band = null")

        done = pulse_elt("build", "--select", TEST, **named)
        assert done.returncode == 1, done.stdout + done.stderr
        assert f"the failing rows are in {KEPT}\n" in done.stdout
        assert _count(connection, KEPT) == _count(connection, "analytics.user_readiness") > 1

        # Found again, and less of it: the table says what the last build found.
        connection.execute(
            "update analytics.user_readiness set readiness_band = 'Early' where source = 'legacy'"
        )
        with pytest.raises(AssertionError, match=TEST):
            dbt.invoke(built_copy, ["test"], ("--select", TEST))
        kept = connection.execute(f"select distinct source from {KEPT}").fetchall()
        assert kept == [("computed",)]
        assert connection.execute(
            "select has_schema_privilege('public', 'test_failures', 'usage'), "
            "has_table_privilege('public', %s, 'select')",
            (KEPT,),
        ).fetchone() == (False, False)

        connection.execute("update analytics.user_readiness set readiness_band = 'Early'")
        assert dbt.invoke(built_copy, ["test"], ("--select", TEST))
        assert connection.execute(_TABLES).fetchall() == []


def test_a_failing_test_and_a_load_do_not_wait_for_each_other(
    built_copy: DatabaseSettings, dbt: WarmDbt
) -> None:
    with connect(built_copy) as connection, connect(built_copy) as loading:
        connection.execute("update analytics.user_readiness set readiness_band = null")
        loading.execute("select pg_advisory_lock(%s, %s)", LOAD_LOCK)
        impatient = {"PGOPTIONS": "-c lock_timeout=20s"}
        with pytest.raises(AssertionError, match=f"{TEST}: Got "):
            dbt.invoke(built_copy, ["test"], ("--select", TEST), impatient)
        assert _count(connection, KEPT) == _count(connection, "analytics.user_readiness")


def test_a_table_of_somebody_else_is_not_taken_for_what_a_test_found(
    built_copy: DatabaseSettings, dbt: WarmDbt
) -> None:
    with connect(built_copy) as connection:
        connection.execute(f"create table {KEPT} as select 'mine' as whose")
        with pytest.raises(AssertionError, match=f"hold foreign relations: {KEPT}"):
            dbt.invoke(built_copy, ["build"], ("--select", TEST))
        assert connection.execute(f"select whose from {KEPT}").fetchall() == [("mine",)]


def _count(connection: psycopg.Connection, relation: str) -> int:
    found = connection.execute(f"select count(*) from {relation}").fetchone()
    assert found is not None
    return int(found[0])
