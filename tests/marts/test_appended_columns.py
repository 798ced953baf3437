"""A relation that appends columns gains them with any build, in place; nothing else changes so."""

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from tests.loaders.faults import one
from tests.marts.rebuilding import Project, assert_equals_full_build
from tests.marts.small_project import LOUD, MART, MART_FILE, MART_YAML, column, edit_columns
from tests.marts.test_redefinitions import REPORTING, columns_of, refused_untouched

# Columns of standing tables and views.
pytestmark = pytest.mark.every_server

VIEW = "reporting.trainer_change_logs"
VIEW_FILE = "models/reporting/reporting__trainer_change_logs.sql"


def let_the_mart_append(project: Project, *, has_column: bool = True) -> None:
    """Configure the mart as cohort_readiness is, and give it a column more."""
    last = "logs.payload as log_json"
    select = (last, last)
    if has_column:
        select = (last, f"upper(logs.scenario_id) as loud_scenario,\n        {last}")
        edit_columns(
            project,
            MART_YAML,
            "trainer_change_logs",
            lambda columns: columns.insert(0, dict(LOUD)),
        )
    text = (project.root / MART_FILE).read_text()
    config = "{{ config(on_schema_change='append_new_columns') }}\n\n"
    project.edit(MART_FILE, (text, config + text.replace(*select)))


def users_view(connection: psycopg.Connection) -> None:
    connection.execute(f"create schema desk; create view desk.logs as select * from {VIEW}")


def test_a_plain_build_adds_a_column_and_fills_it(
    small: DatabaseSettings, small_project: Project
) -> None:
    let_the_mart_append(small_project)
    with connect(small) as user:
        users_view(user)
        oid = one(user, f"select '{MART}'::regclass::oid")
        columns, rows = columns_of(user, MART), one(user, f"select count(*) from {MART}")
        small_project.dbt.build(small)
        assert one(user, f"select '{MART}'::regclass::oid") == oid
        assert list(columns_of(user, MART)) == [*columns, "loud_scenario"]
        filled = f"select count(*) from {MART} where loud_scenario = upper(scenario_id)"
        assert one(user, filled) == rows > 0
        assert one(user, "select count(*) from desk.logs") == rows
        with pytest.raises(psycopg.errors.NotNullViolation):
            user.execute(f"update {MART} set loud_scenario = null")
    assert small_project.dbt.build(small)["trainer_change_logs"] == "UNCHANGED"
    assert_equals_full_build(small, small_project.dbt)


def test_a_column_that_goes_is_refused_all_the_same(
    small: DatabaseSettings, small_project: Project
) -> None:
    let_the_mart_append(small_project, has_column=False)
    small_project.edit(MART_FILE, ("        logs.observed_pattern,\n", ""))
    edit_columns(
        small_project,
        MART_YAML,
        "trainer_change_logs",
        lambda columns: columns.remove(column(columns, "observed_pattern")),
    )
    with connect(small) as user:
        assert "observed_pattern" in refused_untouched(small, small_project, user)


def test_a_column_of_another_precision_is_refused_all_the_same(
    small: DatabaseSettings, small_project: Project
) -> None:
    let_the_mart_append(small_project)
    small_project.edit(
        MART_FILE, ("logs.logged_at,", "logs.logged_at::timestamptz(0) as logged_at,")
    )
    edit_columns(
        small_project,
        MART_YAML,
        "trainer_change_logs",
        lambda columns: column(columns, "logged_at").update(data_type="timestamptz(0)"),
    )
    with connect(small) as user:
        before = columns_of(user, MART)
        with pytest.raises(AssertionError, match=rf"{MART} have changed \(logged_at\)"):
            small_project.dbt.build(small)
        assert columns_of(user, MART) == before


def test_a_view_for_bi_gains_a_column_under_a_view_of_somebodys(
    small: DatabaseSettings, small_project: Project
) -> None:
    small_project.edit(
        VIEW_FILE,
        ("'user_id_text': as_text('user_id'),", "'user_id_text': as_text('user_id'), 'n': '1',"),
    )
    edit_columns(
        small_project,
        REPORTING,
        "reporting__trainer_change_logs",
        lambda columns: columns.append({"name": "n", "data_type": "int", "description": "One."}),
    )
    with connect(small) as user:
        users_view(user)
        before = one(user, f"select '{VIEW}'::regclass::oid")
        rows = one(user, "select count(*) from desk.logs")
        small_project.dbt.build(small)
        assert one(user, f"select '{VIEW}'::regclass::oid") == before
        assert one(user, f"select sum(n) from {VIEW}") == rows > 0
        assert one(user, "select count(*) from desk.logs") == rows
