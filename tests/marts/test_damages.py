"""What hands do to marts: the next build names it and puts it right, or build --verify does."""

from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.transform.dbt import build
from tests.marts.rebuilding import (
    Project,
    assert_equals_full_build,
    assert_same,
    change_documents,
    everything,
)
from tests.marts.small_project import MART
from tests.marts.warm_dbt import WITHOUT_TESTS

BASE = "staging.base_pulse__trainer_change_logs"
STEPS = "staging.base_pulse__evaluations__steps"
VIEW = "reporting.trainer_change_logs"

# What is done by one hand: SQL, each with the relation that the build has to name, if it can.
DAMAGES: dict[str, list[tuple[str, str | None]]] = {
    "rows": [
        (f"delete from {MART} where log_id in (select log_id from {MART} limit 1)", MART),
        (f"insert into {BASE} select * from {BASE}", BASE),
        (
            "update staging.readiness_bands set at_least = 1 where readiness_band = 'Strong'",
            "staging.readiness_bands",
        ),
        (
            "alter table staging.base_pulse__sale_states disable trigger all; "
            "delete from staging.base_pulse__sale_states",
            "staging.base_pulse__sale_states",
        ),
        (
            "update staging.base_pulse__evaluations__steps set step_key = 'x'",
            "staging.base_pulse__evaluations__steps",
        ),
    ],
    "rows that a key forbids": [
        (
            f"alter table {MART} drop constraint trainer_change_logs_pkey; "
            f"insert into {MART} select * from {MART}; "
            f"insert into {MART} select gen_random_uuid(), logged_at, pulse_step, scenario_id, "
            f"user_id, session_id, observed_pattern, log_json from {MART} limit 3",
            MART,
        )
    ],
    "tables": [
        (f"truncate {MART}, {BASE}", MART),
        (
            "do $$ begin execute (select 'drop index ' || indexrelid::regclass from pg_index where "
            f"indrelid = '{BASE}'::regclass limit 1); end $$",
            BASE,
        ),
        (
            "create table desk_copy as select * from staging.base_pulse__sale_states where false; "
            "drop table staging.base_pulse__sale_states cascade; "
            "alter table desk_copy set schema staging; "
            "alter table staging.desk_copy rename to base_pulse__sale_states",
            "staging.base_pulse__sale_states",
        ),
        (
            f"do $$ begin execute (select 'create or replace view {VIEW} with "
            "(security_barrier = true) as ' || "
            f"rtrim(pg_get_viewdef('{VIEW}'::regclass), ';') || ' limit 0'); end $$",
            VIEW,
        ),
    ],
    "what holds them together": [
        (
            f"alter table {MART} drop constraint trainer_change_logs_pulse_step_check; "
            f"update {MART} set pulse_step = ''; "
            f"alter table {MART} alter session_id drop not null; "
            f"update {MART} set session_id = null",
            MART,
        ),
        (f"drop trigger pulse_elt_touch on {BASE}; delete from {BASE}", BASE),
        (f"alter view {VIEW} reset (security_barrier)", VIEW),
        ("drop table staging.base_pulse__sale_states cascade", None),
    ],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_next_build_names_what_was_done_by_hand_and_puts_it_right(
    small: DatabaseSettings, small_project: Project, damage: str
) -> None:
    with connect(small) as connection:
        before, structure = everything(connection), structures(connection)
        connection.execute("set search_path = public")
        for done, _ in DAMAGES[damage]:
            connection.execute(done.encode())
        warned = small_project.dbt.warnings(small)
        assert_same(everything(connection), before)
        assert structures(connection) == structure
        for _, named in DAMAGES[damage]:
            told = [said for said in warned if named is None or said.startswith(f"{named} was")]
            assert told != [], warned
        # And that is that.
        assert small_project.dbt.warnings(small) == []


def test_verify_finds_what_no_trigger_saw(
    small: DatabaseSettings,
    small_project: Project,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path))
    build_all = partial(build, small, small_project.root, WITHOUT_TESTS, quiet=True)
    with connect(small) as connection:
        before = everything(connection)
        connection.execute(
            "set session_replication_role = replica; "
            f"update {MART} set observed_pattern = 'Nothing'; "
            f"insert into {BASE} select * from {BASE}; "
            f"delete from {STEPS} where ctid = (select min(ctid) from {STEPS})"
        )
        built = build_all()
        assert (built.exit_code, built.warnings) == (0, ())
        verified = build_all(verify=True)
        assert verified.exit_code == 1
        for name in (MART, BASE, STEPS):
            assert any(name in said for said in verified.warnings), verified.warnings
        assert_same(everything(connection), before)
        again = build_all(verify=True)
        assert (again.exit_code, again.warnings) == (0, ())

        connection.execute(f"set session_replication_role = replica; delete from {MART}")
        emptied = build_all()
        assert (emptied.exit_code, emptied.warnings) == (0, ())
        verified = build_all(verify=True)
        assert verified.exit_code == 1
        assert any(MART in said for said in verified.warnings), verified.warnings
        assert_same(everything(connection), before)


@pytest.mark.long
def test_a_restored_copy_is_not_taken_for_damaged(
    small: DatabaseSettings, small_project: Project
) -> None:
    """A copy under another name has the oids of the original, a dump has none of them."""
    with connect(small) as connection:
        connection.execute(
            "update staging.standing_relations "
            "set relation_oid = relation_oid::int + 1, book_oid = book_oid::int + 1"
        )
        assert small_project.dbt.warnings(small) == []
        # From now on it is this database's.
        connection.execute("delete from analytics.trainer_change_logs")
        warned = small_project.dbt.warnings(small)
        assert len(warned) == 1


def test_keys_that_somebody_deleted_are_made_up_for(
    small: DatabaseSettings, small_project: Project, tmp_path: Path
) -> None:
    change_documents(tmp_path, "changed")
    with connect(small) as connection:
        # As if a build had been killed right after it began: part of it is done by another.
        connection.execute(
            "insert into staging.builds (invocation_id, command, cutoff_at) "
            "values ('killed', 'build', clock_timestamp())"
        )
        small_project.dbt.build(small, "--select", "base_pulse__evaluations")
        assert connection.execute("delete from staging.rebuild_queue").rowcount > 0
        assert any(
            "rebuild_queue was changed" in said for said in small_project.dbt.warnings(small)
        )
    assert_equals_full_build(small, small_project.dbt)


@pytest.mark.long
def test_books_that_somebody_dropped_are_made_anew(
    small: DatabaseSettings, small_project: Project
) -> None:
    with connect(small) as connection:
        before, structure = everything(connection), structures(connection)
        for lost in (
            "drop table staging.rebuild_queue, staging.touches; "
            "drop function staging.note_touch() cascade",
            "drop table staging.standing_relations",
        ):
            connection.execute(
                "set pulse_elt.is_build = 'yes'; delete from analytics.trainer_change_logs"
            )
            connection.execute(lost.encode())
            small_project.dbt.build(small)
            assert_same(everything(connection), before)
        assert structures(connection) == structure


@pytest.mark.long
def test_a_clock_that_ran_ahead_is_told_and_its_models_are_compared_whole(
    small: DatabaseSettings, small_project: Project
) -> None:
    with connect(small) as connection:
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
        warned = small_project.dbt.warnings(small)
        assert any("clock was ahead" in said for said in warned), warned
        assert any("base_pulse__evaluations__steps is compared whole" in said for said in warned)
        waiting = connection.execute("select consumer, is_whole from staging.rebuild_queue")
        assert waiting.fetchall() == [("base_pulse__evaluations__steps", True)]
        connection.execute("delete from staging.builds where invocation_id = 'ahead'")
        small_project.dbt.build(small)
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
