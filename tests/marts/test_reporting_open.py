"""What views for BI add, and what every reader sees of how the data stand: nothing of a learner."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.project.marts import read_marts
from tests.conftest import ROOT, Server, create_database
from tests.loaders.faults import one
from tests.marts.access import House, create_login
from tests.marts.comparison import MARTS
from tests.marts.warm_dbt import WarmDbt

# Row security and dates, by the server.
pytestmark = pytest.mark.every_server

ADA = "ada1ec75-0724-46cf-a5d1-1321a58903e3"
NEW_LEARNERS = 60
SEEN = 20

FOR_EVERYBODY = ("data_freshness", "data_quality", "bands", "skills")
CARRY_TAGS = ("session_events", "user_skill_agg", "user_skill_trend", "learner_focus")

_NEW_LEARNER = """
insert into analytics.learners (
    user_id, first_session_at, last_session_at, session_count, win_count
)
select
    md5('learner ' || number)::uuid, timestamptz '2025-01-31 23:30+00',
    timestamptz '2025-05-01 12:00+00', 1, 0
from generate_series(1, %s) as numbers (number)
"""
_NEW_SCORECARD = """
insert into analytics.scorecards (
    session_id, session_key, user_id, occurred_at, scorecard_format, missteps, misstep_count,
    scorecard_json, source_path, landed_at
)
select
    md5('session ' || number)::uuid, 'session ' || number, md5('learner ' || number)::uuid,
    timestamptz '2025-05-01 12:00+00', 'pulse', array['misstep of ' || number, 'no close'], 2,
    '{}', 'session ' || number, now()
from generate_series(1, %s) as numbers (number)
"""
# Without a time, so in no aggregate: the dimension has their tags all the same.
_NEW_SCORES = """
insert into analytics.session_events (
    session_id, event_id, user_id, pulse_step, skill_tag, score, event_source
)
select
    md5('session ' || number)::uuid, md5('event ' || number)::uuid,
    md5('learner ' || number)::uuid, 'Probe', 'trick of ' || number, 50, 'answer'
from generate_series(1, %s) as numbers (number)
"""
_NEW_TAGS = """
insert into analytics.skills (skill_tag, label, kind, sort_order, is_known)
select 'trick of ' || number, 'Trick of ' || number, 'skill', 199, false
from generate_series(1, %s) as numbers (number)
"""
_LISTED = """
insert into ops.role_learners (role_name, user_id)
select %s, md5('learner ' || number)::uuid from generate_series(1, %s) as numbers (number)
"""


@contextmanager
def _as(superuser: psycopg.Connection, login: str) -> Iterator[psycopg.Connection]:
    superuser.execute(sql.SQL("set session authorization {}").format(sql.Identifier(login)))
    try:
        yield superuser
    finally:
        superuser.execute("reset session authorization")


@pytest.fixture
def crowd(house: House) -> Iterator[psycopg.Connection]:
    """The house with sixty learners more; one login sees twenty, one nobody, one everybody."""
    with house.connect() as superuser, superuser.transaction(force_rollback=True):
        for login in ("sees_twenty", "sees_none", "sees_the_crowd"):
            create_login(superuser, login, "pulse_reader")
        for statement in (_NEW_LEARNER, _NEW_SCORECARD, _NEW_SCORES, _NEW_TAGS):
            superuser.execute(statement, (NEW_LEARNERS,))
        superuser.execute(_LISTED, ("sees_twenty", SEEN))
        superuser.execute(
            "insert into ops.role_learners (role_name, sees_all) values ('sees_the_crowd', true)"
        )
        yield superuser


def _all_of(connection: psycopg.Connection, view: str) -> list[tuple[Any, ...]]:
    found = connection.execute(
        sql.SQL("select * from {}").format(sql.Identifier("reporting", view))
    )
    return sorted(found.fetchall(), key=str)


def test_every_reader_sees_how_the_data_stand_and_nothing_of_a_learner(
    crowd: psycopg.Connection,
) -> None:
    everything = {view: _all_of(crowd, view) for view in FOR_EVERYBODY}
    with _as(crowd, "sees_none") as stranger:
        seen = {view: _all_of(stranger, view) for view in MARTS}
    for view in ("data_freshness", "data_quality", "bands"):
        assert seen[view] == everything[view] != [], view
    assert len(seen["data_freshness"]) == 1
    # A tag that came with an answer is its learner's.
    assert [row for row in everything["skills"] if row not in seen["skills"]] == [
        row for row in everything["skills"] if "Trick of" in str(row)
    ]
    assert len(seen["skills"]) == len(everything["skills"]) - NEW_LEARNERS
    assert {view for view, rows in seen.items() if rows} == set(FOR_EVERYBODY)
    words = " ".join(str(cell) for rows in seen.values() for row in rows for cell in row)
    assert not re.search(r"[0-9a-f]{8}-|trick of|\.json|/", words, re.IGNORECASE)


def test_a_role_that_sees_twenty_sees_twenty_everywhere(crowd: psycopg.Connection) -> None:
    with _as(crowd, "sees_the_crowd") as manager:
        quiet = dict(manager.execute("select user_id, days_quiet from reporting.learners"))
        freshness = _all_of(manager, "data_freshness")
    with _as(crowd, "sees_twenty") as coach:
        learners = coach.execute("select user_id, days_quiet from reporting.learners").fetchall()
        missteps = coach.execute("select user_id, misstep from reporting.missteps").fetchall()
        tricks = coach.execute("select skill_tag from reporting.skills where not is_known")
        assert {tag for (tag,) in tricks} == {f"trick of {n}" for n in range(1, SEEN + 1)}
        assert _all_of(coach, "data_freshness") == freshness
    assert len(quiet) == NEW_LEARNERS + 4
    assert len(learners) == SEEN
    assert len(missteps) == 2 * SEEN
    assert {user for user, _ in missteps} == {user for user, _ in learners}
    # Their last session is of May; the newest of anybody, whom they do not see, of June.
    assert dict(learners) == {user: quiet[user] for user, _ in learners}
    assert {days for _, days in learners} == {47}


def test_a_cohort_month_is_that_of_the_first_session_in_utc(crowd: psycopg.Connection) -> None:
    crowd.execute("set local timezone to 'Pacific/Auckland'")
    found = crowd.execute(
        "select distinct cohort_month::text from reporting.learners "
        "where first_session_at = timestamptz '2025-01-31 23:30+00'"
    ).fetchall()
    assert found == [("2025-01-01",)]


def test_a_role_that_may_become_another_sees_what_that_one_sees(crowd: psycopg.Connection) -> None:
    """What docs/bi.md warns of: a shared login must not."""
    crowd.execute("grant sees_twenty to sees_none with inherit false, set true")
    with _as(crowd, "sees_none") as stranger:
        assert _all_of(stranger, "learners") == []
        stranger.execute("set local role sees_twenty")
        assert len(_all_of(stranger, "learners")) == SEEN


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/Los_Angeles"])
def test_dates_are_of_utc_whatever_the_readers_time_zone(
    built_examples: DatabaseSettings, zone: str
) -> None:
    with connect(built_examples) as connection:
        connection.execute("select set_config('timezone', %s, false)", (zone,))
        for mart in read_marts(ROOT):
            names = {column.name for column in mart.added}
            for moment in [n for n in (c.name for c in mart.shown) if n.endswith("_at")]:
                stem = moment.removesuffix("_at")
                if f"{stem}_date" not in names:
                    continue
                wrong = one(
                    connection,
                    f"select count(*) from reporting.{mart.name} where ("
                    f"{stem}_date, {stem}_week, {stem}_month) is distinct from ("
                    f"({moment} at time zone 'UTC')::date, "
                    f"({moment} at time zone 'UTC')::date "
                    f"- (extract(isodow from {moment} at time zone 'UTC')::int - 1), "
                    f"make_date(extract(year from {moment} at time zone 'UTC')::int, "
                    f"extract(month from {moment} at time zone 'UTC')::int, 1))",
                )
                assert wrong == 0, f"{mart.name}.{moment}"
                assert one(connection, f"select count(*) from reporting.{mart.name}"), mart.name


def test_dates_stand_beside_what_bi_groups_by() -> None:
    marts = {mart.name: {column.name for column in mart.added} for mart in read_marts(ROOT)}
    for mart, stem in (
        ("scorecards", "occurred"),
        ("session_events", "occurred"),
        ("missteps", "occurred"),
        ("user_readiness", "snapshot"),
        ("readiness_milestones", "reached"),
    ):
        assert {f"{stem}_date", f"{stem}_week", f"{stem}_month"} <= marts[mart]


def test_a_learner_is_found_by_text(built_examples: DatabaseSettings) -> None:
    with connect(built_examples) as connection:
        for mart in read_marts(ROOT):
            if mart.learner:
                query = f"select user_id, user_id_text from reporting.{mart.name}"
                for learner, text in connection.execute(query).fetchall():
                    assert text == (str(learner) if learner else None)
        found = connection.execute(
            "select user_id::text from reporting.learners where user_id_text like 'ada1ec%'"
        ).fetchall()
    assert found == [(ADA,)]


def test_every_tag_and_band_of_a_mart_is_in_its_dimension(built_examples: DatabaseSettings) -> None:
    with connect(built_examples) as connection:
        for mart in CARRY_TAGS:
            found = connection.execute(
                f"select skill_tag from reporting.{mart} where skill_tag is not null "
                "except select skill_tag from reporting.skills"
            ).fetchall()
            assert found == [], mart
        found = connection.execute(
            "select readiness_band from reporting.user_readiness where readiness_band is not null "
            "except select readiness_band from reporting.bands"
        ).fetchall()
        assert found == []


def test_quality_agrees_with_quarantine_and_rejected_values(
    built_examples: DatabaseSettings,
) -> None:
    with connect(built_examples) as connection:
        files = one(connection, "select count(*) from raw.quarantine where resolved_at is null")
        values = one(connection, "select count(*) from staging.stg_pulse__rejected_values")
        assert one(connection, "select sum(count) from reporting.data_quality") == files + values
        columns = connection.execute("select * from reporting.data_quality limit 0").description
        assert [column.name for column in columns or ()] == ["kind", "reason", "count"]
        # Codes of the two are never the same, so a reason says what is counted.
        both = connection.execute(
            "select reason_code from raw.quarantine "
            "intersect select reason from staging.stg_pulse__rejected_values"
        ).fetchall()
        assert both == []


def test_freshness_is_that_of_the_last_build_and_load(built_examples: DatabaseSettings) -> None:
    with connect(built_examples) as connection:
        found = connection.execute("select * from reporting.data_freshness").fetchone()
        expected = connection.execute(
            "select (select cutoff_at from staging.builds where is_successful "
            "order by build_number desc limit 1), (select finished_at from staging.builds "
            "where is_successful order by build_number desc limit 1), "
            "(select max(occurred_at) from intermediate.int_sessions_resolved), "
            "(select max(finished_at) from raw.loads where status = 'succeeded')"
        ).fetchone()
    assert found == expected
    assert found
    assert None not in found


def test_the_newest_session_is_found_by_index(house: House) -> None:
    """Each look at one learner asks for it."""
    with house.connect() as superuser:
        superuser.execute("set enable_seqscan = off")
        plan = one(
            superuser,
            "explain (format json) select days_quiet from reporting.learners "
            f"where user_id = '{ADA}'",
        )
    scans = [
        part["Node Type"]
        for part in _parts(plan[0]["Plan"])
        if part.get("Relation Name") == "int_sessions_resolved"
    ]
    assert scans == ["Index Only Scan"], json.dumps(plan)


def test_the_tags_of_a_few_learners_are_found_by_index(house: House) -> None:
    """Whatever the planner expects: a chart of skills must not read everybody's events."""
    with house.connect() as superuser:
        for join in ("nestloop", "seqscan"):
            superuser.execute(f"set enable_{join} = off")
        plan = one(superuser, "explain (format json) select * from reporting.skills")
    conditions = [
        part.get("Index Cond", "")
        for part in _parts(plan[0]["Plan"])
        if part["Node Type"] in ("Index Scan", "Bitmap Index Scan")
    ]
    assert any("user_id = listed" in each for each in conditions), json.dumps(plan)


def _parts(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _parts(part)


@pytest.mark.long
def test_an_empty_database_has_its_row_of_freshness_and_its_dimensions(
    server: Server, template: str, dbt: WarmDbt
) -> None:
    settings = create_database(server, "pulse_never_loaded", template)
    dbt.build(settings)
    with connect(settings) as connection:
        freshness = connection.execute("select * from reporting.data_freshness").fetchall()
        filled = {mart for mart in MARTS if _all_of(connection, mart)}
        known = one(connection, "select bool_and(is_known) from reporting.skills")
    assert [(row[2], row[3]) for row in freshness] == [(None, None)]
    assert all(freshness[0][:2])
    assert filled == {"data_freshness", "bands", "skills"}
    assert known
