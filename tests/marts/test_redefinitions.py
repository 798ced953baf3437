"""What is changed in the project follows in what stands, in place, or is refused beforehand."""

from collections.abc import Iterator

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from tests.loaders.faults import one
from tests.marts.rebuilding import Project, assert_equals_full_build, relations_of, rows_in

# Minutes, and hardly a word of SQL that the versions read differently.
pytestmark = pytest.mark.one_server

SCORECARDS = "models/marts/core/scorecards.sql"
CORE = "models/marts/core/_core__models.yml"
REPORTING = "models/reporting/_reporting__models.yml"

READINESS = {
    "user_readiness",
    "user_readiness_latest",
    "readiness_milestones",
    "cohort_readiness",
    "learners",
}

# What stands of the mart, and what a user made on it.
WHAT_HOLDS_ON = """
select c.oid, c.relacl::text, (select count(*) from desk.passed),
    (select array_agg(oid) from pg_policy where polrelid = c.oid),
    (select array_agg(indexrelid) from pg_index where indrelid = c.oid and indexprs is not null)
from pg_class as c where oid = 'analytics.scorecards'::regclass
"""


@pytest.fixture
def user(standing: DatabaseSettings) -> Iterator[psycopg.Connection]:
    """Somebody with views, a grant, a policy and an index on the mart scorecards."""
    with connect(standing) as connection:
        connection.execute(
            "create schema desk; grant select on analytics.scorecards to pg_monitor; "
            "create policy all_rows on analytics.scorecards using (true); "
            "create index on analytics.scorecards (lower(persona)); "
            "create view desk.passed as "
            "select session_id, persona, source_path from analytics.scorecards where is_passed; "
            "create view desk.counted as select persona, count(*) from desk.passed group by persona"
        )
        yield connection


# -- columns


def test_a_new_column_is_refused_and_then_added_in_place(
    standing: DatabaseSettings, project: Project, user: psycopg.Connection
) -> None:
    project.edit(
        SCORECARDS,
        ("weighted.landed_at\n", "weighted.landed_at,\nupper(scorecard_format) as loud_format\n"),
    )
    project.edit(
        CORE,
        (
            "      - name: session_key\n",
            "      - {name: loud_format, data_type: text, description: The format., constraints: "
            "[{type: not_null}, {type: check, expression: loud_format = upper(loud_format)}]}\n"
            "      - name: session_key\n",
        ),
    )
    told = refused_untouched(standing, project, user)
    for word in ("analytics.scorecards", "loud_format", "--full-refresh", "Nothing was touched"):
        assert word in told

    before = user.execute(WHAT_HOLDS_ON).fetchone()
    project.dbt.build(standing, "--full-refresh", "--select", "scorecards+")
    assert user.execute(WHAT_HOLDS_ON).fetchone() == before
    for value, why in (("null", "null value in column"), ("'quiet'", "violates check constraint")):
        with pytest.raises(psycopg.IntegrityError, match=why):
            user.execute(f"update analytics.scorecards set loud_format = {value}")


def test_a_column_that_somebody_reads_is_not_taken_away(
    standing: DatabaseSettings, project: Project, user: psycopg.Connection
) -> None:
    project.edit(SCORECARDS, ("        weighted.source_path,\n", ""))
    text = (project.root / CORE).read_text()
    start = text.index("      - name: source_path")
    project.edit(CORE, (text[start : text.index("      - name: landed_at", start)], ""))
    assert "source_path" in refused_untouched(standing, project, user)
    told = refused_untouched(standing, project, user, "--full-refresh")
    for word in ("analytics.scorecards", "source_path", "desk.passed", "desk.counted"):
        assert word in told

    user.execute("drop view desk.passed cascade")
    user.execute("create view desk.passed as select persona from analytics.scorecards")
    before = user.execute(WHAT_HOLDS_ON).fetchone()
    project.dbt.build(standing, "--full-refresh", "--select", "scorecards+")
    assert user.execute(WHAT_HOLDS_ON).fetchone() == before
    assert "source_path" not in columns_of(user, "analytics.scorecards")


def test_a_column_of_another_type_stays_where_users_do_not_read_it(
    standing: DatabaseSettings, project: Project, user: psycopg.Connection
) -> None:
    """And views of ours that read it are there again when the build ends."""
    project.edit(
        SCORECARDS,
        ("weighted.total_exchanges,", "weighted.total_exchanges::bigint as total_exchanges,"),
    )
    column = "total_exchanges\n        data_type: "
    project.edit(CORE, (column + "int", column + "bigint"))
    project.edit(
        REPORTING,
        ("{name: total_exchanges, data_type: int", "{name: total_exchanges, data_type: bigint"),
    )
    before = user.execute(WHAT_HOLDS_ON).fetchone()
    shown = rows_in(user, ["analytics.scorecards"])
    select = ("--select", "scorecards", "reporting__scorecards")
    with pytest.raises(AssertionError, match=r"analytics.scorecards.*total_exchanges"):
        project.dbt.build(standing, *select)
    assert rows_in(user, ["analytics.scorecards"]) == shown

    for kind, definition in (
        ("view", "as select total_exchanges from reporting.scorecards"),
        ("function", "() returns bigint begin atomic "
         "select sum(total_exchanges) from reporting.scorecards; end"),
    ):  # fmt: skip
        user.execute(f"create {kind} desk.exchanges {definition}")
        with pytest.raises(AssertionError, match=r"desk.exchanges.* depends"):
            project.dbt.build(standing, "--full-refresh", *select)
        assert rows_in(user, ["analytics.scorecards"]) == shown
        user.execute(f"drop {kind} desk.exchanges")
    project.dbt.build(standing, "--full-refresh", *select)
    assert user.execute(WHAT_HOLDS_ON).fetchone() == before
    for mart in ("analytics.scorecards", "reporting.scorecards"):
        assert columns_of(user, mart)["total_exchanges"] == "bigint"
    assert user.execute(
        "select count(total_exchanges) > 0 from reporting.scorecards"
    ).fetchone() == (True,)


def test_a_changed_check_is_that_of_the_standing_table(
    standing: DatabaseSettings, project: Project, user: psycopg.Connection
) -> None:
    """Also when the rows that it now allows are such as the old one forbade."""
    project.edit(
        SCORECARDS,
        (
            "weighted.weighted_score::numeric(5, 2)",
            "(weighted.weighted_score + 500)::numeric(5, 2)",
        ),
    )
    project.edit(CORE, ("weighted_score between 0 and 100", "weighted_score between 500 and 600"))
    before = user.execute(WHAT_HOLDS_ON).fetchone()
    project.dbt.build(standing, "--select", "scorecards")
    assert user.execute(WHAT_HOLDS_ON).fetchone() == before
    with pytest.raises(psycopg.errors.CheckViolation):
        user.execute("update analytics.scorecards set weighted_score = 90")
    lowest = user.execute("select min(weighted_score) >= 500 from analytics.scorecards").fetchone()
    assert lowest == (True,)


def test_a_view_of_ours_is_created_anew_where_nobody_else_reads_it(
    standing: DatabaseSettings, project: Project
) -> None:
    """PostgreSQL replaces a view only if its columns keep their places."""
    models = "models/staging/pulse/_pulse__models.yml"
    text = (project.root / models).read_text()
    start = text.index("- name: stg_pulse__evaluations__steps")
    block = text[start : text.index("  - name:", start)].rstrip("\n")
    line = next(line for line in block.split("\n") if "{name: document_id" in line)
    project.edit(models, (block, block.replace(line + "\n", "") + "\n" + line))
    with connect(standing) as user:
        user.execute(
            "create schema desk; "
            "create view desk.steps as select step_key from staging.stg_pulse__evaluations__steps"
        )
        relations = relations_of(user)
        marts = [name for name in relations if name.startswith("analytics.")]
        rows = rows_in(user, [*marts, "desk.steps"])
        with pytest.raises(AssertionError, match=r"desk.steps depends on it. Nothing was touched"):
            project.dbt.build(standing)
        assert rows_in(user, [*marts, "desk.steps"]) == rows
        user.execute("drop view desk.steps")
        project.dbt.build(standing)
        assert relations_of(user) == relations
        assert list(columns_of(user, "staging.stg_pulse__evaluations__steps"))[-1] == "document_id"
        assert rows_in(user, marts) == {mart: rows[mart] for mart in marts}


def test_a_full_refresh_mends_a_view_that_somebody_replaced(
    standing: DatabaseSettings, project: Project
) -> None:
    with connect(standing) as user:
        before = rows_in(user, ["reporting.learners"])
        definition = user.execute(
            "select pg_get_viewdef('reporting.learners'::regclass)"
        ).fetchone()
        assert definition is not None
        user.execute(
            f"create or replace view reporting.learners as {definition[0].rstrip(';')} limit 0"
        )
        assert rows_in(user, ["reporting.learners"]) != before
        project.dbt.build(standing, "--full-refresh", "--select", "reporting__learners")
        assert rows_in(user, ["reporting.learners"]) == before


# -- seeds, vars and macros


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


def test_a_seed_that_was_loaded_alone_is_not_forgotten(
    standing: DatabaseSettings, project: Project
) -> None:
    project.edit("seeds/readiness_bands.csv", ("60,85", "60,70"), ("Strong,85", "Strong,70"))
    project.edit("seeds/score_thresholds.csv", ("pass,70", "pass,99"))
    dbt = project.dbt
    dbt.invoke(standing, ["seed"])
    dbt.invoke(standing, ["seed", "--full-refresh"])
    part = dbt.invoke(standing, ["run", "--select", "scorecards"])
    assert part["scorecards"].startswith("WHOLE")
    rest = dbt.invoke(standing, ["run", "--exclude", "scorecards"])
    assert rest["user_readiness"].startswith("WHOLE")
    assert "scorecards" not in rest
    assert_equals_full_build(standing, dbt)


def test_a_seed_that_gives_one_key_two_rows_is_refused(
    standing: DatabaseSettings, project: Project
) -> None:
    """Also where one of them is the row that stands."""
    project.edit("seeds/readiness_bands.csv", ("Strong,85", "Strong,50"))
    with connect(standing) as analyst:
        before = rows_in(analyst, ["analytics.user_readiness"])
        with pytest.raises(AssertionError, match=r"more than one row .* snapshot_at"):
            project.dbt.build(standing)
        assert rows_in(analyst, ["analytics.user_readiness"]) == before


def test_models_that_use_a_changed_macro_are_rebuilt(
    standing: DatabaseSettings, project: Project
) -> None:
    project.edit("macros/keys.sql", ("md5('session:' ||", "md5('sitting:' ||"))
    built = project.dbt.build(standing)
    assert {"base_pulse__sessions", "scorecards", "session_events"} <= changed(built)
    assert built["base_pulse__user_histories"] == "UNCHANGED"
    assert_equals_full_build(standing, project.dbt)


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
