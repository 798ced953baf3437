"""Builds that touch every row of marts that are in use: nobody notices, and nothing is lost."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from tests.marts.rebuilding import (
    Project,
    assert_equals_full_build,
    change_documents,
    lock_waiters,
    reading,
    relations_of,
    rows_in,
    until,
)
from tests.marts.warm_dbt import WarmDbt

# Minutes, and hardly a word of SQL that the versions read differently.
pytestmark = pytest.mark.one_server

# A reader that the build had to wait for would hold it up for ever.
IMPATIENTLY = {"PGOPTIONS": "-c lock_timeout=20s"}


@pytest.mark.parametrize("arguments", [[], ["--full-refresh"]], ids=["build", "full refresh"])
def test_readers_meet_neither_errors_nor_empty_tables(
    standing: DatabaseSettings, project: Project, tmp_path: Path, arguments: list[str]
) -> None:
    """And whoever began before the build sees the rows of before until he ends."""
    project.edit("seeds/score_weights.csv", ("0.40", "0.39"))
    project.dbt.parse(standing)
    change_documents(tmp_path, "changed")
    with connect(standing) as analyst:
        relations = [name for name, rows in rows_in(analyst, relations_of(analyst)).items() if rows]
        assert {name.split(".")[0] for name in relations} >= {
            "staging",
            "intermediate",
            "analytics",
        }
        analyst.execute("begin isolation level repeatable read")
        before = rows_in(analyst, relations)
        with reading(standing, relations) as readers:
            first = [reader.rounds for reader in readers]
            project.dbt.build(
                standing, *arguments, "--vars", "readiness_formula: v2", **IMPATIENTLY
            )
            rounds = [reader.rounds - n for reader, n in zip(readers, first, strict=True)]
        still = rows_in(analyst, relations)
        analyst.execute("commit")
        after = rows_in(analyst, relations)
    assert min(rounds) >= 10
    assert still == before
    for mart in ("analytics.scorecards", "analytics.user_readiness_latest"):
        assert len(set(before[mart]) - set(after[mart])) > len(before[mart]) / 2


# What a user may make on top of the marts, in a schema of his own or on the tables themselves.
THINGS_OF_A_USER = """
create schema desk;
grant select on analytics.scorecards, analytics.session_events to pg_monitor with grant option;
grant select (session_id) on analytics.user_readiness to pg_monitor;
create index persona_of_desk on analytics.scorecards (lower(persona)) where is_passed;
create policy own_rows on analytics.scorecards using (user_id is not null);
alter table analytics.scorecards enable row level security;
create table desk.seen (session_id uuid);
create function desk.see() returns trigger language plpgsql as
$$begin insert into desk.seen values (new.session_id); return new; end$$;
create trigger seen_by_desk after insert on analytics.scorecards
for each row execute function desk.see();
create publication of_desk for table analytics.scorecards, analytics.user_readiness;
create view desk.passed as
select session_id, persona, overall_score from analytics.scorecards where is_passed;
create view desk.personas as select persona, count(*) as sessions from desk.passed group by persona;
create view desk.steps as select pulse_step, step_number from staging.pulse_steps;
create view desk.sessions as select * from staging.stg_pulse__sessions;
create materialized view desk.scores as
select user_id, avg(score) as score from analytics.session_events group by user_id;
alter table analytics.user_skill_agg set (fillfactor = 70);
"""

# Everything that a swap of tables or views would lose.
WHAT_HOLDS_ON = """
select 'relation', format('%s.%s', relnamespace::regnamespace, relname), format('%s %s %s %s %s',
    c.oid, relacl, relrowsecurity, reloptions, (select array_agg(attacl::text) from pg_attribute
    where attrelid = c.oid and attacl is not null))
from pg_class as c
where relnamespace::regnamespace::text = any('{staging,intermediate,analytics,reporting,desk}')
    and relkind in ('r', 'v', 'm', 'i')
union all
select 'policy', polname, polqual::text from pg_policy
union all
select 'trigger', tgname, tgenabled::text || pg_get_triggerdef(oid) from pg_trigger
where not tgisinternal
union all
select 'published', prrelid::regclass::text, prpubid::text from pg_publication_rel
union all
select 'view', oid::regclass::text, pg_get_viewdef(oid) from pg_class
where relkind in ('v', 'm') and relnamespace = 'desk'::regnamespace
union all
select 'ours', relname, right(obj_description(oid, 'pg_class'), 12) from pg_class
where relkind in ('r', 'v') and relnamespace = 'analytics'::regnamespace
order by 1, 2, 3
"""


def test_what_users_made_on_top_survives_builds(
    standing: DatabaseSettings, project: Project, tmp_path: Path
) -> None:
    # Roles that another test has left on this server are given their rights by the first build.
    project.dbt.build(standing)
    with connect(standing) as user:
        user.execute(THINGS_OF_A_USER)
        user.execute("comment on table analytics.scorecards is 'seen by desk [pulse-elt]'")
        before = user.execute(WHAT_HOLDS_ON).fetchall()
        assert {row[0] for row in before} == {
            "relation", "policy", "trigger", "published", "view", "ours"
        }  # fmt: skip
        views = ["desk.passed", "desk.personas", "desk.steps", "desk.sessions", "desk.scores"]
        rows = rows_in(user, views)
        assert all(rows.values())
        project.dbt.build(standing)
        assert set(user.execute(WHAT_HOLDS_ON)) ^ set(before) == set()
        assert rows_in(user, views) == rows
        assert user.execute("select count(*) from desk.seen").fetchone() == (0,)

        change_documents(tmp_path, "changed")
        project.edit("seeds/score_thresholds.csv", ("pass,70", "pass,10"))
        project.edit("seeds/pulse_steps.csv", ("earn,Earn,5", "earn,Gain,5"))
        project.dbt.build(standing)
        assert set(user.execute(WHAT_HOLDS_ON)) ^ set(before) == set()
        changed = rows_in(user, views)
        for view in ("desk.passed", "desk.personas", "desk.steps", "desk.sessions"):
            assert changed[view] != rows[view], view
        seen = user.execute("select count(*) from desk.seen").fetchone()
        assert seen != (0,)

        project.dbt.build(standing, "--full-refresh")
        assert set(user.execute(WHAT_HOLDS_ON)) ^ set(before) == set()
        assert rows_in(user, views) == changed
        assert user.execute("select count(*) from desk.seen").fetchone() == seen


def test_a_build_that_fails_or_is_killed_forgets_nothing(
    standing: DatabaseSettings, project: Project, tmp_path: Path
) -> None:
    """In the middle of a mart whose parents have taken their changes; the mart is as it was."""
    project.edit(
        "models/marts/core/session_events.sql",
        ("scores.score::numeric", "(scores.score / (0 * scores.score))::numeric"),
    )
    change_documents(tmp_path, "changed")
    below = [
        f"analytics.{mart}"
        for mart in ("session_events", "user_skill_agg", "user_readiness", "user_readiness_latest")
    ]
    with connect(standing) as holder, connect(standing) as analyst:
        before = rows_in(analyst, below)
        above = rows_in(analyst, ["intermediate.int_scorecards_normalized"])
        with pytest.raises(AssertionError, match=r"session_events: .*\n.*division by zero"):
            project.dbt.build(standing)
        assert rows_in(analyst, below) == before
        assert rows_in(analyst, list(above)) != above

        project.restore()
        holder.execute("begin; lock table analytics.session_events in share mode")
        with build_apart(project, standing, tmp_path / "told") as build:
            until(lambda: waiting_for(analyst, "session_events") or not build.is_alive())
            assert build.pid is not None
            os.kill(build.pid, signal.SIGKILL)
        assert build.exitcode == -signal.SIGKILL
        holder.execute("commit")
        until(lambda: not others_at_work(analyst))
        assert rows_in(analyst, below) == before
    assert project.dbt.build(standing)["session_events"].startswith("AFFECTED")
    assert_equals_full_build(standing, project.dbt)


def test_a_check_that_is_violated_leaves_the_mart_as_it_was(
    standing: DatabaseSettings, project: Project
) -> None:
    project.edit(
        "models/marts/core/_core__models.yml",
        ('expression: "weighted_score between 0 and 100"', 'expression: "weighted_score > 99"'),
    )
    mart = ["analytics.scorecards"]
    with connect(standing) as analyst:
        before = rows_in(analyst, mart)
        with pytest.raises(AssertionError, match="is violated by some row"):
            project.dbt.build(standing, "--select", "scorecards")
        assert rows_in(analyst, mart) == before
    project.restore()
    built = project.dbt.build(standing, "--select", "scorecards")
    assert built["scorecards"] == "UNCHANGED"


def test_what_part_of_a_build_left_behind_follows_in_the_next(
    standing: DatabaseSettings, project: Project, tmp_path: Path
) -> None:
    change_documents(tmp_path, "changed")
    dbt = project.dbt
    # Part of a build reads what the build before has read: new documents come with a whole one.
    built = dbt.build(standing, "--select", "base_pulse__scorecards")
    assert built["base_pulse__scorecards"] == "UNCHANGED"
    with connect(standing) as connection:
        # As if a build had been killed right after it began.
        connection.execute(
            "insert into staging.builds (invocation_id, command, cutoff_at) "
            "values ('killed', 'build', clock_timestamp())"
        )
    built = dbt.build(standing, "--select", "base_pulse__scorecards")
    assert built["base_pulse__scorecards"].startswith("AFFECTED -")
    dbt.build(standing, "--select", "int_scorecards_normalized", "scorecards")
    dbt.build(standing, "--exclude", "session_events")
    dbt.build(standing)
    assert_equals_full_build(standing, dbt)


def test_two_builds_at_once_end_as_one(
    standing: DatabaseSettings, project: Project, tmp_path: Path
) -> None:
    """Both are held up at a seed, so that they overlap; each has read another landing.

    The younger one succeeds. The older one may have to stop, and says why.
    """
    dbt = project.dbt
    project.edit("seeds/readiness_components.csv", ("v1,technical,0.3", "v1,technical,0.5"))
    dbt.parse(standing)
    change_documents(tmp_path, "first")
    with connect(standing) as holder, connect(standing) as observer:
        holder.execute("begin; select from staging.readiness_components for update")
        older, younger = tmp_path / "older", tmp_path / "younger"
        with build_apart(project, standing, older) as build:
            until(lambda: lock_waiters(observer) >= 1 or not build.is_alive())
            change_documents(tmp_path, "second")
            thread = threading.Thread(target=build_and_tell, args=(dbt, standing, younger))
            thread.start()
            until(lambda: lock_waiters(observer) >= 2 or not thread.is_alive())
            assert build.is_alive()
            assert thread.is_alive()
            holder.execute("commit")
            thread.join()
            build.join()
        assert younger.read_text() == ""
        trouble = older.read_text()
        assert trouble.count(" Error in model ") == trouble.count("another build began")
        assert "Database Error" not in trouble
        components = observer.execute("select * from staging.readiness_components").fetchall()
        assert len(components) == 8
    dbt.build(standing)
    assert_equals_full_build(standing, dbt)


@contextmanager
def build_apart(project: Project, settings: DatabaseSettings, told: Path) -> Iterator[BaseProcess]:
    """Build in a process of its own: a copy of this one, in which dbt is warm."""
    project.dbt.parse(settings)
    build = multiprocessing.get_context("fork").Process(
        target=build_and_tell, args=(project.dbt, settings, told), daemon=True
    )
    build.start()
    try:
        yield build
    finally:
        if build.is_alive() and build.exitcode is None:
            build.join(60)
        build.kill()
        build.join()


def build_and_tell(dbt: WarmDbt, settings: DatabaseSettings, told: Path) -> None:
    """Build, and write down what failed."""
    failed = ""
    try:
        dbt.build(settings)
    except AssertionError as error:
        failed = str(error)
    told.write_text(failed)


def waiting_for(observer: psycopg.Connection, table: str) -> bool:
    """Whether somebody waits for a lock on a table."""
    found = observer.execute(
        "select from pg_locks as l inner join pg_class as c on c.oid = l.relation "
        "where c.relname = %s and not l.granted",
        (table,),
    ).fetchone()
    return found is not None


def others_at_work(observer: psycopg.Connection) -> bool:
    """Whether any other session is left in this database, but for idle ones of the test."""
    found = observer.execute(
        "select from pg_stat_activity where datname = current_database() "
        "and pid <> pg_backend_pid() and application_name = 'dbt'"
    ).fetchone()
    return found is not None
