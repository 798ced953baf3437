"""What hands do to marts: the next build names it and puts it right, or build --verify does."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.transform.dbt import build
from tests.conftest import ROOT
from tests.marts.rebuilding import (
    assert_equals_full_build,
    assert_same,
    change_documents,
    everything,
)
from tests.marts.warm_dbt import WarmDbt

# A build or two for each, and hardly a word of SQL that the versions read differently.
pytestmark = pytest.mark.one_server

SCORECARDS = "analytics.scorecards"

# What is done by one hand: SQL, each with the relation that the build has to name, if it can.
DAMAGES: dict[str, list[tuple[str, str | None]]] = {
    "rows": [
        ("delete from analytics.scorecards where persona = 'Relater'", SCORECARDS),
        (
            "update analytics.user_readiness set readiness_overall = 1 where source = 'computed'",
            "analytics.user_readiness",
        ),
        (
            "insert into analytics.session_events (session_id, event_id, occurred_at, pulse_step, "
            "skill_tag, score, event_source) select gen_random_uuid(), gen_random_uuid(), now(), "
            "pulse_step, skill_tag, score, event_source from analytics.session_events limit 3",
            "analytics.session_events",
        ),
        (
            "alter table analytics.user_skill_agg drop constraint user_skill_agg_pkey; "
            "insert into analytics.user_skill_agg select * from analytics.user_skill_agg",
            "analytics.user_skill_agg",
        ),
        (
            "insert into staging.base_pulse__sessions select * from staging.base_pulse__sessions",
            "staging.base_pulse__sessions",
        ),
        (
            "update staging.readiness_bands set at_least = 1 where readiness_band = 'Strong'",
            "staging.readiness_bands",
        ),
        (
            "alter table analytics.learners disable trigger all; delete from analytics.learners",
            "analytics.learners",
        ),
    ],
    "tables": [
        ("truncate analytics.learners, analytics.user_skill_agg", "analytics.user_skill_agg"),
        (
            "do $$ begin execute (select 'drop index ' || indexrelid::regclass from pg_index where "
            "indrelid = 'analytics.scorecards'::regclass and not indisprimary limit 1); end $$",
            SCORECARDS,
        ),
        (
            "create table desk_copy as select * from analytics.learner_focus where false; "
            "drop table analytics.learner_focus cascade; "
            "alter table desk_copy set schema analytics; "
            "alter table analytics.desk_copy rename to learner_focus",
            "analytics.learner_focus",
        ),
        (
            "do $$ begin execute (select 'create or replace view reporting.learners with "
            "(security_barrier = true) as ' || "
            "rtrim(pg_get_viewdef('reporting.learners'::regclass), ';') || ' limit 0'); end $$",
            "reporting.learners",
        ),
    ],
    "what holds them together": [
        (
            "alter table analytics.scorecards drop constraint scorecards_final_stage_check; "
            "update analytics.scorecards set final_stage = 9",
            SCORECARDS,
        ),
        (
            "alter table analytics.session_events alter event_source drop not null; "
            "update analytics.session_events set event_source = null",
            "analytics.session_events",
        ),
        (
            "drop trigger pulse_elt_touch on analytics.user_readiness_latest; "
            "delete from analytics.user_readiness_latest",
            "analytics.user_readiness_latest",
        ),
        ("alter view reporting.scorecards reset (security_barrier)", "reporting.scorecards"),
        ("drop table analytics.learners cascade", None),
    ],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_next_build_names_what_was_done_by_hand_and_puts_it_right(
    standing: DatabaseSettings, dbt: WarmDbt, damage: str
) -> None:
    with connect(standing) as connection:
        before, structure = everything(connection), structures(connection)
        connection.execute("set search_path = public")
        for done, _ in DAMAGES[damage]:
            connection.execute(done.encode())
        warned = dbt.warnings(standing)
        assert_same(everything(connection), before)
        assert structures(connection) == structure
        for _, named in DAMAGES[damage]:
            told = [said for said in warned if named is None or said.startswith(f"{named} was")]
            assert told != [], warned
        # And that is that.
        assert dbt.warnings(standing) == []


def test_verify_finds_what_no_trigger_saw(standing: DatabaseSettings) -> None:
    quietly = ("--exclude-resource-type", "test")
    with connect(standing) as connection:
        before = everything(connection)
        connection.execute(
            "set session_replication_role = replica; "
            "update analytics.scorecards set persona = 'Nobody'; "
            "insert into staging.base_pulse__sessions select * from staging.base_pulse__sessions; "
            "delete from intermediate.int_sessions_resolved"
        )
        built = build(standing, ROOT, quietly, quiet=True)
        assert (built.exit_code, built.warnings) == (0, ())
        verified = build(standing, ROOT, quietly, quiet=True, verify=True)
        assert verified.exit_code == 1
        for name in (SCORECARDS, "staging.base_pulse__sessions", "int_sessions_resolved"):
            assert any(name in said for said in verified.warnings), verified.warnings
        assert_same(everything(connection), before)
        again = build(standing, ROOT, quietly, quiet=True, verify=True)
        assert (again.exit_code, again.warnings) == (0, ())


def test_a_restored_copy_is_not_taken_for_damaged(standing: DatabaseSettings, dbt: WarmDbt) -> None:
    """A copy under another name has the oids of the original, a dump has none of them."""
    with connect(standing) as connection:
        connection.execute(
            "update staging.standing_relations "
            "set relation_oid = relation_oid::int + 1, book_oid = book_oid::int + 1"
        )
        assert dbt.warnings(standing) == []
        # From now on it is this database's.
        connection.execute("delete from analytics.learners")
        warned = dbt.warnings(standing)
        assert len(warned) == 1


def test_keys_that_somebody_deleted_are_made_up_for(
    standing: DatabaseSettings, dbt: WarmDbt, tmp_path: Path
) -> None:
    change_documents(tmp_path, "changed")
    with connect(standing) as connection:
        # As if a build had been killed right after it began: part of it is done by another.
        connection.execute(
            "insert into staging.builds (invocation_id, command, cutoff_at) "
            "values ('killed', 'build', clock_timestamp())"
        )
        dbt.build(standing, "--select", "base_pulse__scorecards")
        assert connection.execute("delete from staging.rebuild_queue").rowcount > 0
        assert any("rebuild_queue was changed" in said for said in dbt.warnings(standing))
    assert_equals_full_build(standing, dbt)


def test_books_that_somebody_dropped_are_made_anew(
    standing: DatabaseSettings, dbt: WarmDbt
) -> None:
    with connect(standing) as connection:
        before, structure = everything(connection), structures(connection)
        for lost in (
            "drop table staging.rebuild_queue, staging.touches; "
            "drop function staging.note_touch() cascade",
            "drop table staging.standing_relations",
        ):
            connection.execute("set pulse_elt.is_build = 'yes'; delete from analytics.learners")
            connection.execute(lost.encode())
            dbt.build(standing)
            assert_same(everything(connection), before)
        assert structures(connection) == structure


def test_a_clock_that_ran_ahead_is_told_and_its_models_are_compared_whole(
    standing: DatabaseSettings, dbt: WarmDbt
) -> None:
    with connect(standing) as connection:
        before = everything(connection)
        connection.execute(
            "set pulse_elt.is_build = 'yes'; "
            "insert into staging.builds (invocation_id, command, cutoff_at, finished_at, "
            "is_successful) values ('ahead', 'build', clock_timestamp() + interval '3 hours', "
            "clock_timestamp() + interval '3 hours', true); "
            # As that build has told it, of a document that this one does not read yet.
            "insert into staging.rebuild_queue (consumer, source_path, document_id) "
            "values ('base_pulse__evaluations__steps', 'a', 1)"
        )
        warned = dbt.warnings(standing)
        assert any("clock was ahead" in said for said in warned), warned
        assert any("base_pulse__evaluations__steps is compared whole" in said for said in warned)
        waiting = connection.execute("select consumer, is_whole from staging.rebuild_queue")
        assert waiting.fetchall() == [("base_pulse__evaluations__steps", True)]
        connection.execute("delete from staging.builds where invocation_id = 'ahead'")
        dbt.build(standing)
        assert connection.execute("select * from staging.rebuild_queue").fetchall() == []
        assert_same(everything(connection), before)


def structures(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Return constraints, indexes, triggers and options of all that was built, without names."""
    return connection.execute(
        "select c.oid::regclass::text, c.reloptions, "
        "array(select pg_get_constraintdef(oid) from pg_constraint where conrelid = c.oid "
        "and contype in ('p', 'u', 'c') order by 1), "
        "array(select indkey::text from pg_index where indrelid = c.oid order by 1), "
        "array(select attnotnull from pg_attribute where attrelid = c.oid and attnum > 0 "
        "and not attisdropped order by attname), "
        "array(select tgname::text || tgenabled::text from pg_trigger where tgrelid = c.oid) "
        "from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace "
        "where n.nspname in ('staging', 'intermediate', 'analytics', 'reporting') "
        "and c.relkind in ('r', 'v') order by 1"
    ).fetchall()
