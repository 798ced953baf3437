"""What is changed in the project follows in what stands, in place, or is refused beforehand."""

from collections.abc import Iterator

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from tests.loaders.faults import one
from tests.marts.rebuilding import Project, assert_equals_full_build, relations_of, rows_in
from tests.marts.small_project import (
    LOUD,
    MART,
    MART_FILE,
    MART_YAML,
    column,
    edit_columns,
)

REPORTING = "models/reporting/_reporting__models.yml"

READINESS = {
    "user_readiness",
    "user_readiness_latest",
    "readiness_milestones",
    "cohort_readiness",
    "learners",
}

# What stands of the mart, and what a user made on it.
WHAT_HOLDS_ON = f"""
select c.oid, c.relacl::text, (select count(*) from desk.logs),
    (select array_agg(oid) from pg_policy where polrelid = c.oid),
    (select array_agg(indexrelid) from pg_index where indrelid = c.oid and indexprs is not null)
from pg_class as c where oid = '{MART}'::regclass
"""


@pytest.fixture
def user(small: DatabaseSettings) -> Iterator[psycopg.Connection]:
    """Somebody with views, a grant, a policy and an index on the mart."""
    with connect(small) as connection:
        connection.execute(
            f"create schema desk; grant select on {MART} to pg_monitor; "
            f"create policy all_rows on {MART} using (true); "
            f"create index on {MART} (lower(scenario_id)); "
            "create view desk.logs as "
            f"select session_id, scenario_id, observed_pattern from {MART} "
            "where user_id is not null; "
            "create view desk.counted as "
            "select scenario_id, count(*) from desk.logs group by scenario_id"
        )
        yield connection


# -- columns


@pytest.mark.every_server
def test_a_new_column_is_refused_and_then_added_in_place(
    small: DatabaseSettings, small_project: Project, user: psycopg.Connection
) -> None:
    small_project.edit(
        MART_FILE,
        (
            "logs.payload as log_json\n",
            "logs.payload as log_json,\nupper(logs.scenario_id) as loud_scenario\n",
        ),
    )
    edit_columns(
        small_project, MART_YAML, "trainer_change_logs", lambda columns: columns.append(dict(LOUD))
    )
    told = refused_untouched(small, small_project, user)
    for word in (MART, "loud_scenario", "--full-refresh", "Nothing was changed"):
        assert word in told

    before = user.execute(WHAT_HOLDS_ON).fetchone()
    small_project.dbt.build(small, "--full-refresh", "--select", "trainer_change_logs+")
    assert user.execute(WHAT_HOLDS_ON).fetchone() == before
    for value, why in (("null", "null value in column"), ("'quiet'", "violates check constraint")):
        with pytest.raises(psycopg.IntegrityError, match=why):
            user.execute(f"update {MART} set loud_scenario = {value}")


def test_a_column_that_somebody_reads_is_not_taken_away(
    small: DatabaseSettings, small_project: Project, user: psycopg.Connection
) -> None:
    small_project.edit(MART_FILE, ("        logs.observed_pattern,\n", ""))
    edit_columns(
        small_project,
        MART_YAML,
        "trainer_change_logs",
        lambda columns: columns.remove(column(columns, "observed_pattern")),
    )
    assert "observed_pattern" in refused_untouched(small, small_project, user)
    told = refused_untouched(small, small_project, user, "--full-refresh")
    for word in (MART, "observed_pattern", "desk.logs", "desk.counted"):
        assert word in told

    user.execute("drop view desk.logs cascade")
    user.execute(f"create view desk.logs as select scenario_id from {MART}")
    before = user.execute(WHAT_HOLDS_ON).fetchone()
    small_project.dbt.build(small, "--full-refresh", "--select", "trainer_change_logs+")
    assert user.execute(WHAT_HOLDS_ON).fetchone() == before
    assert "observed_pattern" not in columns_of(user, MART)


@pytest.mark.every_server
def test_a_column_of_another_type_stays_where_users_do_not_read_it(
    small: DatabaseSettings, small_project: Project, user: psycopg.Connection
) -> None:
    """And views of ours that read it are there again when the build ends."""
    small_project.edit(MART_FILE, ("logs.logged_at,", "logs.logged_at::date as logged_at,"))
    for file, model in (
        (MART_YAML, "trainer_change_logs"),
        (REPORTING, "reporting__trainer_change_logs"),
    ):
        edit_columns(
            small_project,
            file,
            model,
            lambda columns: column(columns, "logged_at").update(data_type="date"),
        )
    before = user.execute(WHAT_HOLDS_ON).fetchone()
    shown = rows_in(user, [MART])
    select = ("--select", "trainer_change_logs", "reporting__trainer_change_logs")
    with pytest.raises(AssertionError, match=rf"{MART}.*logged_at"):
        small_project.dbt.build(small, *select)
    assert rows_in(user, [MART]) == shown

    for kind, definition in (
        ("view", "as select logged_at from reporting.trainer_change_logs"),
        ("function", "() returns timestamptz begin atomic "
         "select max(logged_at) from reporting.trainer_change_logs; end"),
    ):  # fmt: skip
        user.execute(f"create {kind} desk.times {definition}")
        with pytest.raises(AssertionError, match=r"desk.times.* depends"):
            small_project.dbt.build(small, "--full-refresh", *select)
        assert rows_in(user, [MART]) == shown
        user.execute(f"drop {kind} desk.times")
    small_project.dbt.build(small, "--full-refresh", *select)
    assert user.execute(WHAT_HOLDS_ON).fetchone() == before
    for mart in (MART, "reporting.trainer_change_logs"):
        assert columns_of(user, mart)["logged_at"] == "date"
    assert user.execute(
        "select count(logged_at) > 0 from reporting.trainer_change_logs"
    ).fetchone() == (True,)


@pytest.mark.every_server
def test_a_changed_check_is_that_of_the_standing_table(
    small: DatabaseSettings, small_project: Project, user: psycopg.Connection
) -> None:
    """Also when the rows that it now allows are such as the old one forbade."""
    small_project.edit(MART_FILE, ("logs.pulse_step,", "''::text as pulse_step,"))
    allowed = [{"type": "check", "expression": "pulse_step = ''"}]
    edit_columns(
        small_project,
        MART_YAML,
        "trainer_change_logs",
        lambda columns: column(columns, "pulse_step").update(constraints=allowed),
    )
    before = user.execute(WHAT_HOLDS_ON).fetchone()
    small_project.dbt.build(small, "--select", "trainer_change_logs")
    assert user.execute(WHAT_HOLDS_ON).fetchone() == before
    with pytest.raises(psycopg.errors.CheckViolation):
        user.execute(f"update {MART} set pulse_step = 'Link'")
    assert user.execute(f"select bool_and(pulse_step = '') from {MART}").fetchone() == (True,)


@pytest.mark.every_server
def test_a_view_of_ours_is_created_anew_where_nobody_else_reads_it(
    small: DatabaseSettings, small_project: Project
) -> None:
    """PostgreSQL replaces a view only if its columns keep their places."""
    edit_columns(
        small_project,
        "models/staging/pulse/_pulse__models.yml",
        "stg_pulse__trainer_change_logs",
        lambda columns: columns.append(columns.pop(columns.index(column(columns, "document_id")))),
    )
    with connect(small) as user:
        user.execute(
            "create schema desk; create view desk.steps as "
            "select pulse_step from staging.stg_pulse__trainer_change_logs"
        )
        relations = relations_of(user)
        marts = [name for name in relations if name.startswith("analytics.")]
        rows = rows_in(user, [*marts, "desk.steps"])
        with pytest.raises(AssertionError, match=r"desk.steps depends on it. Nothing was changed"):
            small_project.dbt.build(small)
        assert rows_in(user, [*marts, "desk.steps"]) == rows
        user.execute("drop view desk.steps")
        small_project.dbt.build(small)
        assert relations_of(user) == relations
        assert list(columns_of(user, "staging.stg_pulse__trainer_change_logs"))[-1] == "document_id"
        assert rows_in(user, marts) == {mart: rows[mart] for mart in marts}


def test_a_full_refresh_mends_a_view_that_somebody_replaced(
    small: DatabaseSettings, small_project: Project
) -> None:
    view = "reporting.trainer_change_logs"
    with connect(small) as user:
        before = rows_in(user, [view])
        definition = one(user, f"select pg_get_viewdef('{view}'::regclass)")
        user.execute(f"create or replace view {view} as {definition.rstrip(';')} limit 0")
        assert rows_in(user, [view]) != before
        small_project.dbt.build(
            small, "--full-refresh", "--select", "reporting__trainer_change_logs"
        )
        assert rows_in(user, [view]) == before


# -- seeds, vars and macros


@pytest.mark.long
def test_what_stands_below_a_changed_seed_or_var_follows_and_nothing_else(
    standing: DatabaseSettings, project: Project
) -> None:
    project.edit("seeds/readiness_components.csv", ("v1,technical,0.3", "v1,technical,0.9"))
    assert changed(project.dbt.build(standing)) <= READINESS
    v2 = ("--vars", "readiness_formula: v2")
    by_var = changed(project.dbt.build(standing, *v2))
    assert {"user_readiness", "user_readiness_latest"} <= by_var <= READINESS

    project.edit("seeds/pulse_steps.csv", ("link,Link,3", "link,Chain,3"))
    # A column more, and a row more.
    project.edit(
        "seeds/score_thresholds.csv",
        ("min_samples", "min_samples,note"),
        ("pass,70,", "pass,95,,strict"),
        ("certification,85,", "certification,85,,\nnever,101,,new"),
        ("focus,60,3", "focus,60,3,"),
    )
    project.edit(
        "seeds/_seeds.yml",
        ("min_samples: int}", "min_samples: int, note: text}"),
        ("{name: min_samples,", "{name: note, description: Why.}\n      - {name: min_samples,"),
    )
    built = project.dbt.build(standing, *v2)
    assert {"scorecards", "session_events"} <= changed(built)
    assert not {n for n in changed(built) if n.startswith(("base_", "stg_", "int_"))}
    assert "session_transcripts" not in changed(built)
    assert_equals_full_build(standing, project.dbt, *v2)


def test_a_seed_whose_file_has_not_changed_is_left_alone(
    small: DatabaseSettings, small_project: Project
) -> None:
    """Its description follows, and a build that is to trust nothing writes it anew."""
    rows = "select array_agg(xmin::text order by step_key) from staging.pulse_steps"
    comments = "select col_description('staging.pulse_steps'::regclass, 1)"
    dbt = small_project.dbt
    with connect(small) as connection:
        before = one(connection, rows)
        connection.execute("grant select on staging.pulse_steps to pg_monitor")
        assert dbt.build(small)["pulse_steps"] == "UNCHANGED"
        assert one(connection, rows) == before
        verified = dbt.build(small, PULSE_ELT_VERIFY="yes")
        assert verified["pulse_steps"].startswith("INSERT")
        assert one(connection, rows) != before
        said = one(connection, comments)
        small_project.edit("seeds/_seeds.yml", (said, "Said otherwise."))
        assert dbt.build(small)["pulse_steps"].startswith("INSERT")
        assert one(connection, comments) == "Said otherwise."
        again = dbt.build(small)
        assert (again["pulse_steps"], again["trainer_change_logs"]) == ("UNCHANGED", "UNCHANGED")
        granted = "select has_table_privilege('pg_monitor', 'staging.pulse_steps', 'select')"
        assert one(connection, granted)


def add_bands(project: Project) -> None:
    """Add a mart over another seed than the one of the steps."""
    project.add(
        "models/desk/desk_bands.sql",
        "{{ config(materialized='in_place') }} "
        "select readiness_band, at_least from {{ ref('readiness_bands') }}",
    )
    project.add(
        "models/desk/_desk.yml",
        "models: [{name: desk_bands, config: {unique_key: readiness_band}, columns: "
        "[{name: readiness_band, data_type: text}, {name: at_least, data_type: numeric}]}]",
    )


@pytest.mark.long
def test_a_seed_that_was_loaded_alone_is_not_forgotten(
    small: DatabaseSettings, small_project: Project
) -> None:
    dbt = small_project.dbt
    add_bands(small_project)
    dbt.build(small)
    small_project.edit("seeds/readiness_bands.csv", ("60,85", "60,70"), ("Strong,85", "Strong,70"))
    small_project.edit("seeds/pulse_steps.csv", ("link,Link,3", "link,Chain,3"))
    dbt.invoke(small, ["seed"])
    dbt.invoke(small, ["seed", "--full-refresh"])
    part = dbt.invoke(small, ["run", "--select", "trainer_change_logs"])
    assert part["trainer_change_logs"].startswith("WHOLE")
    rest = dbt.invoke(small, ["run", "--exclude", "trainer_change_logs"])
    assert rest["desk_bands"].startswith("WHOLE")
    assert "trainer_change_logs" not in rest
    assert_equals_full_build(small, dbt)


def test_a_seed_that_gives_one_key_two_rows_is_refused(
    small: DatabaseSettings, small_project: Project
) -> None:
    """Also where one of them is the row that stands."""
    small_project.edit("seeds/pulse_steps.csv", ("link,Link,3", "link,Link,3\nlink,Chain,3"))
    with connect(small) as analyst:
        before = rows_in(analyst, [MART])
        with pytest.raises(AssertionError, match=r"more than one row .* log_id"):
            small_project.dbt.build(small)
        assert rows_in(analyst, [MART]) == before


@pytest.mark.long
def test_models_that_use_a_changed_macro_are_rebuilt(
    small: DatabaseSettings, small_project: Project
) -> None:
    add_bands(small_project)
    small_project.dbt.build(small)
    small_project.edit(
        "macros/keys.sql",
        ("{{ uuid_of(session_key) }}", "md5('sitting:' || {{ session_key }})::uuid"),
    )
    built = small_project.dbt.build(small)
    assert {"base_pulse__trainer_change_logs", "trainer_change_logs"} <= changed(built)
    assert built["desk_bands"] == "UNCHANGED"
    assert_equals_full_build(small, small_project.dbt)


def changed(built: dict[str, str]) -> set[str]:
    """Return the models whose rows are others now."""
    return {
        name
        for name, message in built.items()
        if message.startswith(("WHOLE", "AFFECTED", "CREATED")) and not message.endswith("-0 +0")
    }


def refused_untouched(
    settings: DatabaseSettings, project: Project, user: psycopg.Connection, *arguments: str
) -> str:
    """Return the words of a refused build, before which and after which all is the same."""
    books = ["staging.builds", "staging.rebuild_queue", "staging.standing_relations"]
    relations = [*relations_of(user), *books]
    before = rows_in(user, relations)
    with pytest.raises(AssertionError) as refusal:
        project.dbt.build(settings, *arguments)
    assert rows_in(user, relations) == before
    return str(refusal.value)


def columns_of(connection: psycopg.Connection, relation: str) -> dict[str, str]:
    """Return the columns of a relation in their order, with their types."""
    return dict(
        connection.execute(
            "select attname, format_type(atttypid, atttypmod) from pg_attribute "
            "where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
            (relation,),
        ).fetchall()
    )
