"""What analysts add beside the project: plain dbt works, and what is in place is never stale."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.errors import DatabaseUnavailable
from loaders.pipeline import migrate_database
from tests.conftest import RunCommand
from tests.forms import some_of
from tests.marts.own_marts import add_configuration
from tests.marts.rebuilding import Project, everything
from tests.marts.small_project import MART
from tests.marts.warm_dbt import WarmDbt

SOURCE = "sources: [{name: crm, tables: [{name: people}]}]\n"

# What a mart may read, by name: the files behind it, and its own SQL. Each announces nothing.
READS: dict[str, tuple[dict[str, str], str]] = {
    "a_source": ({}, "select k, v from {{ source('crm', 'people') }}"),
    "a_table": (
        {"m": "{{ config(materialized='table') }} select k, v from {{ source('crm', 'people') }}"},
        "select k, v from {{ ref('m') }}",
    ),
    "a_view": (
        {"m": "{{ config(materialized='view') }} select k, v from {{ source('crm', 'people') }}"},
        "select k, v from {{ ref('m') }}",
    ),
    "an_incremental": (
        {
            "m": "{{ config(materialized='incremental', unique_key='k') }} "
            "select k, v from {{ source('crm', 'people') }}"
        },
        "select k, v from {{ ref('m') }}",
    ),
    "an_ephemeral": (
        {
            "m": "{{ config(materialized='ephemeral') }} select k, v from {{ ref('n') }}",
            "n": "select k, v from {{ source('crm', 'people') }}",
        },
        "select k, v from {{ ref('m') }}",
    ),
    "a_view_in_place": (
        {"m": "{{ config(materialized='in_place_view') }} select k, v from crm.people"},
        "select k, v from {{ ref('m') }}",
    ),
    "a_materialized_view": (
        {
            "m": "{{ config(materialized='materialized_view') }} "
            "select k, v from {{ source('crm', 'people') }}"
        },
        "select k, v from {{ ref('m') }}",
    ),
    "sql_by_hand": ({}, "select k, v from crm.people"),
    "a_view_by_hand": ({}, "select k, v from crm.seen"),
    "a_function": ({}, "select 'x'::text as k, crm.answer() as v"),
    "the_landing_by_hand": (
        {},
        "select 'x'::text as k, count(*)::int as v from raw.documents "
        "where kind = 'conversation' and session_key = 'by hand'",
    ),
    "a_setting": ({}, "select 'x'::text as k, current_setting('pulse.answer', true)::int as v"),
}


def own_marts(project: Project) -> list[str]:
    """Add a mart for each of READS; return their names."""
    yaml = SOURCE + "models:\n"
    for name, (behind, text) in READS.items():
        for model in behind:
            for reader in behind:
                behind[reader] = behind[reader].replace(f"ref('{model}')", f"ref('{name}_{model}')")
            text = text.replace(f"ref('{model}')", f"ref('{name}_{model}')")
        columns = "columns: [{name: k, data_type: text}, {name: v, data_type: int}]"
        for model, code in behind.items():
            project.add(f"models/desk/{name}_{model}.sql", code)
            if "in_place_view" in code:
                yaml += f"  - {{name: {name}_{model}, {columns}}}\n"
        project.add(
            f"models/desk/mart_{name}.sql", f"{{{{ config(materialized='in_place') }}}}\n{text}"
        )
        yaml += f"  - {{name: mart_{name}, config: {{unique_key: k}}, {columns}}}\n"
    project.add("models/desk/_desk.yml", yaml)
    return [f"mart_{name}" for name in READS]


@pytest.mark.long
def test_no_mart_over_what_announces_nothing_is_ever_stale(
    small: DatabaseSettings, small_project: Project
) -> None:
    marts = own_marts(small_project)
    change = (
        "update crm.people set v = {0}; "
        "create or replace function crm.answer() returns int language sql immutable "
        "as 'select {0}'; "
        "alter database {1} set pulse.answer = {0}; "
        "insert into raw.documents (kind, source_path, content_sha256, session_key, origin, "
        "landed_at, payload, superseded_at) select 'conversation', 'sessions/by hand/' || i, "
        "'\\x00', 'by hand', 'app', now(), '{{}}', now() from generate_series(1, {2}) as i"
    )
    database = small.parameters["dbname"]
    with connect(small) as connection:
        connection.execute(
            "create schema crm; create table crm.people (k text, v int); "
            "insert into crm.people values ('x', 0); "
            "create view crm.seen as select * from crm.people"
        )
        for answer, more in ((1, 1), (2, 1), (3, 1)):
            connection.execute(change.format(answer, database, more).encode())
            small_project.dbt.build(small, "--select", "+path:models/desk")
            found = {
                mart: connection.execute(f"select v from own.{mart}".encode()).fetchall()
                for mart in marts
            }
            assert found == {mart: [(answer,)] for mart in marts}


def test_a_mart_by_the_clock_is_compared_at_every_build(
    small: DatabaseSettings, small_project: Project
) -> None:
    sql = "{{ config(materialized='in_place') }} select 'x'::text as k, CLOCK as v"
    clocks = {
        "now": "now()::text",
        "today": "current_date::text",
        "moment": "'now'::timestamptz::text",
        "morning": "(timestamptz 'today 10:00')::text",
        "cutoff": "({{ build_cutoff() }})::text",
        "random": "random()::text",
    }
    yaml = "models:\n"
    for name, clock in clocks.items():
        small_project.add(f"models/desk/by_{name}.sql", sql.replace("CLOCK", clock))
        yaml += (
            f"  - {{name: by_{name}, config: {{unique_key: k}}, "
            "columns: [{name: k, data_type: text}, {name: v, data_type: text}]}\n"
        )
    small_project.add("models/desk/_desk.yml", yaml)
    small_project.dbt.build(small, "--select", "path:models/desk")
    built = small_project.dbt.build(small)
    assert {built[f"by_{name}"].split()[0] for name in clocks} == {"WHOLE"}
    with connect(small) as connection:
        newest = "select cutoff_at::text from staging.builds order by build_number desc limit 1"
        assert (
            connection.execute("select v from own.by_cutoff").fetchone()
            == connection.execute(newest).fetchone()
        )


@pytest.mark.long
def test_a_deferred_parent_announces_nothing(
    small: DatabaseSettings, small_project: Project, pulse_elt: RunCommand, tmp_path: Path
) -> None:
    """Of a developer who builds one mart, and reads the others' in prod."""
    small_project.add(
        "models/desk/desk_sizes.sql",
        "{{ config(materialized='in_place') }}\n"
        "select log_id, length(observed_pattern) as size from {{ ref('trainer_change_logs') }}",
    )
    small_project.add(
        "models/desk/_desk.yml",
        "models: [{name: desk_sizes, config: {unique_key: log_id}, columns: "
        "[{name: log_id, data_type: uuid}, {name: size, data_type: int}]}]",
    )
    add_configuration(small_project)
    here = {"PULSE_ELT_PROJECT_DIR": str(small_project.root), "PULSE_ELT_DEV_SCHEMA": "anna"}
    state = tmp_path / "state"
    state.mkdir()
    manifest = small_project.dbt.parse(small).writable_manifest().to_dict(omit_none=False)
    (state / "manifest.json").write_text(json.dumps(manifest, default=str))
    count = "select sum({}) from {}.{}"
    with connect(small) as connection:
        for _ in range(2):
            done = pulse_elt(
                "build", "--target", "dev", "--select", "desk_sizes",
                "--defer", "--state", state, **here,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout
            found = [
                connection.execute(count.format(*place).encode()).fetchone()
                for place in (
                    ("size", "anna_own", "desk_sizes"),
                    ("length(observed_pattern)", "analytics", "trainer_change_logs"),
                )
            ]
            assert found[0] == found[1]
            connection.execute(f"update {MART} set observed_pattern = observed_pattern || 'more'")


@pytest.mark.long
def test_a_mart_that_a_checkout_does_not_hold_is_compared_when_it_returns(
    small: DatabaseSettings, small_project: Project
) -> None:
    def add() -> None:
        small_project.add(
            "models/desk/desk_steps.sql",
            "{{ config(materialized='in_place') }}\n"
            "select log_id, pulse_step from {{ ref('trainer_change_logs') }}",
        )
        small_project.add(
            "models/desk/_desk.yml",
            "models: [{name: desk_steps, config: {unique_key: log_id}, columns: "
            "[{name: log_id, data_type: uuid}, {name: pulse_step, data_type: text}]}]",
        )

    add()
    small_project.dbt.build(small, "--select", "desk_steps")
    small_project.restore()
    small_project.edit("seeds/pulse_steps.csv", ("link,Link,3", "link,Chain,3"))
    small_project.dbt.build(small)
    add()
    small_project.dbt.build(small)
    with connect(small) as connection:
        missing = connection.execute(
            f"select log_id, pulse_step from {MART} "
            "except select log_id, pulse_step from own.desk_steps"
        ).fetchall()
        assert missing == []
        steps = connection.execute("select distinct pulse_step from own.desk_steps").fetchall()
    assert ("Chain",) in steps


PEOPLE = "{{ config(materialized='in_place') }} select k, v, user_key from crm.people"
READER = "{{ config(materialized='in_place') }} select k, v, user_key from {{ ref('desk_people') }}"

# What becomes of model and mart for one build, which tells the mart nothing of what changes.
DETOURS = {
    "an edit that fails": (
        PEOPLE,
        "{{ config(materialized='in_place') }} select k, v / 0 as v, user_key "
        "from {{ ref('desk_others') }}",
    ),
    "the mart is ephemeral": (PEOPLE, READER.replace("in_place", "ephemeral")),
    "the mart is elsewhere": (PEOPLE, READER.replace("in_place'", "in_place', alias='desk_else'")),
    "the parent is a table": (PEOPLE.replace("in_place", "table"), None),
}


@pytest.mark.parametrize("detour", some_of(DETOURS, 1))
def test_no_detour_leaves_a_mart_stale(
    small: DatabaseSettings, small_project: Project, detour: str
) -> None:
    with connect(small) as connection:
        create_people(connection)
        build_desk(small, small_project, PEOPLE, READER)
        connection.execute("update crm.people set v = 2")
        with suppress(AssertionError):
            build_desk(small, small_project, *DETOURS[detour])
        build_desk(small, small_project, PEOPLE, READER)
        assert connection.execute("select v from own.desk_mart").fetchall() == [(2,)]


@pytest.mark.long
def test_rows_whose_key_is_null_follow(small: DatabaseSettings, small_project: Project) -> None:
    mart = (
        "{{ config(materialized='in_place', rebuilt_by='user_key') }} "
        "select k, v, user_key from {{ ref('desk_people') }} where {{ is_affected('user_key') }}"
    )
    with connect(small) as connection:
        create_people(connection)
        build_desk(small, small_project, PEOPLE, mart)
        connection.execute("insert into crm.people values ('y', 3, null)")
        build_desk(small, small_project, PEOPLE, mart)
        found = connection.execute("select k, v from own.desk_mart order by k").fetchall()
        assert found == [("x", 1), ("y", 3)]


def create_people(connection: psycopg.Connection) -> None:
    connection.execute(
        "create schema crm; create table crm.people as "
        "select 'x'::text as k, 1 as v, 'ada'::text as user_key"
    )


def build_desk(settings: DatabaseSettings, project: Project, people: str, mart: str | None) -> None:
    """Build the model desk_people and, if it is there, the mart on top of it."""
    columns = (
        "config: {unique_key: k}, columns: [{name: k, data_type: text}, "
        "{name: v, data_type: int}, {name: user_key, data_type: text}]"
    )
    texts = {"desk_people": people, "desk_others": PEOPLE, "desk_mart": mart}
    project.restore()
    for name, text in texts.items():
        if text is not None:
            project.add(f"models/desk/{name}.sql", text)
    described = [f"{{name: {name}, {columns}}}" for name, text in texts.items() if text]
    project.add("models/desk/_desk.yml", f"models: [{', '.join(described)}]")
    project.dbt.build(settings, "--select", "path:models/desk")


def test_the_project_itself_has_no_model_that_announces_nothing(
    standing: DatabaseSettings, dbt: WarmDbt
) -> None:
    assert unannounced_models(standing, dbt) == []


def test_models_that_are_compared_whole_are_listed_with_the_reason(
    small: DatabaseSettings, small_project: Project
) -> None:
    with connect(small) as connection:
        connection.execute("create schema crm; create table crm.people (k text, v int)")
    small_project.add(
        "models/desk/by_hand.sql", "{{ config(materialized='in_place') }} select k from crm.people"
    )
    small_project.add(
        "models/desk/_desk.yml",
        "models: [{name: by_hand, config: {unique_key: k}, columns: [{name: k, data_type: text}]}]",
    )
    small_project.dbt.build(small, "--select", "by_hand")
    assert unannounced_models(small, small_project.dbt) == ["by_hand reads crm.people"]


def unannounced_models(settings: DatabaseSettings, dbt: WarmDbt) -> list[str]:
    """Return what dbt run-operation list_unfollowed_models says."""
    said: list[str] = []

    def note(event: Any) -> None:  # noqa: ANN401 - dbt's events carry no types
        if event.info.name == "JinjaLogInfo":
            said.append(event.data.msg)

    dbt.operate(settings, "list_unfollowed_models", note)
    return said


@pytest.mark.parametrize("place", ["models/desk", "models/marts/core", "snapshots"])
def test_the_landing_is_read_through_its_macros_alone(
    small: DatabaseSettings, small_project: Project, place: str
) -> None:
    text = "select source_path from {{ source('pulse', 'scorecards') }}"
    if place == "snapshots":
        text = (
            "{% snapshot desk_past %}{{ config(strategy='check', check_cols='all', "
            f"unique_key='source_path') }}}} {text} {{% endsnapshot %}}"
        )
    small_project.add(f"{place}/desk_past.sql", text)
    with pytest.raises(AssertionError, match=r"desk_past.*landed_documents\('scorecards'\)"):
        small_project.dbt.build(small, "--select", "desk_past")


def test_tests_and_analyses_may_read_the_landing_as_it_is(
    small: DatabaseSettings, small_project: Project
) -> None:
    text = "select source_path from {{ source('pulse', 'scorecards') }} where false"
    small_project.add("tests/assertions/desk_test.sql", text)
    small_project.add("analyses/desk_analysis.sql", text)
    small_project.dbt.invoke(small, ["test", "--select", "desk_test"])
    small_project.dbt.invoke(small, ["compile", "--select", "desk_analysis"])


# -- what is not foreign

PLAIN = {
    "desk_table": "select 1 as a",
    "desk_view": "{{ config(materialized='view') }} select 1 as a",
    "desk_incremental": "{{ config(materialized='incremental', unique_key='a') }} select 1 as a",
    "desk_materialized": "{{ config(materialized='materialized_view') }} select 1 as a",
    "desk_written": "{{ config(materialized='desk_made') }} select 1 as a",
}

MATERIALIZATION = """
{% materialization desk_made, default %}
    {%- set relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {%- call statement('main') -%}
        create table if not exists {{ relation }} as {{ sql }}
    {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}
"""


@pytest.mark.parametrize(
    "place",
    some_of(["models/own", "models/marts/core", "models/reporting"], 1),
)
def test_plain_dbt_without_yaml_is_no_stranger(
    small: DatabaseSettings, small_project: Project, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Built twice, also where a dump without comments was restored, and loads go on."""
    for name, text in PLAIN.items():
        small_project.add(f"{place}/{name}.sql", text)
    small_project.add("macros/desk_made.sql", MATERIALIZATION)
    small_project.add("seeds/desk_codes.csv", "code,Label\n1,one\n")
    small_project.add(
        "snapshots/desk_past.sql",
        "{% snapshot desk_past %}{{ config(strategy='check', check_cols='all', "
        "unique_key='log_id', schema='analytics') }} "
        "select log_id, pulse_step from {{ ref('trainer_change_logs') }}"
        "{% endsnapshot %}",
    )
    built = [*PLAIN, "desk_codes", "desk_past"]
    small_project.dbt.build(small, "--select", *built)
    small_project.dbt.build(small, "--select", *built)
    with connect(small) as connection:
        before = everything(connection)
        drop_comments(connection)
        migrate_database()
        small_project.dbt.build(small, "--select", *built)
        assert everything(connection) == before
        drop_comments(connection)
        small_project.dbt.build(small, "--full-refresh", "--select", *built)


def drop_comments(connection: psycopg.Connection) -> None:
    """As a dump without comments loses them."""
    connection.execute(
        "delete from pg_description where classoid = 'pg_class'::regclass and objoid in ("
        "select c.oid from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace "
        "where n.nspname in ('staging', 'intermediate', 'analytics', 'reporting', 'own'))"
    )


def test_a_database_that_lost_its_comments_gets_them_back(
    small: DatabaseSettings, small_project: Project
) -> None:
    with connect(small) as connection:
        drop_comments(connection)
        # As in another server: what the book says of oids is not of this database.
        connection.execute("update staging.standing_relations set relation_oid = 1, book_oid = 1")
        built = small_project.dbt.build(small)
        assert "WHOLE" not in {
            what.split()[0] for name, what in built.items() if name != IDENTITIES
        }
        described = connection.execute(
            f"select obj_description('{MART}'::regclass, 'pg_class')"
        ).fetchone()
    assert described is not None
    assert described[0].endswith(" [pulse-elt]")


# Compared whole at every build: the landing keeps no versions of identities.
IDENTITIES = "stg_pulse__user_identities"

# As an application would have made them.
APPLICATION = """
create schema if not exists analytics;
create table analytics.session_events (event_id uuid primary key, session_id text, score float);
create table analytics.user_skill_agg (user_id text, skill_tag text, avg_score float);
create table analytics.user_readiness (user_id text, snapshot_at timestamptz, overall float);
create table analytics.session_transcripts (session_id text primary key, transcript jsonb);
insert into analytics.session_events values (gen_random_uuid(), 's', 1);
insert into analytics.user_skill_agg values ('u', 'probe', 1);
insert into analytics.user_readiness values ('u', now(), 1);
insert into analytics.session_transcripts values ('s', '[]');
"""
THEIRS = ("session_events", "session_transcripts", "user_readiness", "user_skill_agg")


def test_the_applications_own_tables_are_refused_and_left_alone(
    database: DatabaseSettings, connection: psycopg.Connection, dbt: WarmDbt
) -> None:
    connection.execute(APPLICATION)
    with pytest.raises(AssertionError, match=r"analytics\.session_events.*Nothing was changed"):
        dbt.build(database)
    with pytest.raises(DatabaseUnavailable, match="session_events"):
        migrate_database()
    assert_theirs_stand(connection)
    made = connection.execute(
        "select nspname from pg_namespace where nspname in ('staging', 'intermediate', 'reporting')"
    )
    assert made.fetchall() == []


def test_a_table_of_theirs_beside_ours_is_refused_too(
    standing: DatabaseSettings, dbt: WarmDbt
) -> None:
    with connect(standing) as connection:
        connection.execute(
            "create table analytics.theirs (a int); insert into analytics.theirs values (1)"
        )
        with pytest.raises(AssertionError, match=r"analytics\.theirs"):
            dbt.build(standing)
        assert connection.execute("select a from analytics.theirs").fetchall() == [(1,)]


def assert_theirs_stand(connection: psycopg.Connection) -> None:
    for name in THEIRS:
        rows = connection.execute(f"select count(*) from analytics.{name}".encode()).fetchone()
        assert rows == (1,), name


def test_a_build_that_died_does_not_refuse_what_it_made(
    small: DatabaseSettings, small_project: Project
) -> None:
    """What a node made is in the book when it is in the database, whatever follows."""
    small_project.add("models/marts/core/desk_first.sql", "select 1 as a")
    small_project.add(
        "models/marts/core/desk_second.sql",
        "-- depends_on: {{ ref('desk_first') }}\nselect 1 / 0 as a",
    )
    with pytest.raises(AssertionError, match="division by zero"):
        small_project.dbt.build(small, "--select", "desk_first", "desk_second")
    with connect(small) as connection:
        drop_comments(connection)
        # As a process leaves it that is killed right after it committed a swap.
        connection.execute("create table analytics.desk_first__dbt_backup (a int)")
    small_project.dbt.build(small, "--select", "desk_first")


def test_half_a_contract_is_refused_by_name(
    small: DatabaseSettings, small_project: Project
) -> None:
    small_project.add("models/marts/core/desk_half.sql", "select 1 as a, 2 as b")
    small_project.add(
        "models/marts/core/_desk.yml",
        "models: [{name: desk_half, config: {unique_key: a}, "
        "columns: [{name: a, data_type: int}, {name: b}]}]",
    )
    with pytest.raises(AssertionError, match=r"desk_half .*column b no data_type"):
        small_project.dbt.build(small, "--select", "desk_half")
