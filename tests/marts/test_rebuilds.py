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
from tests.marts.small_project import MART, MART_YAML, column, edit_columns
from tests.marts.warm_dbt import WarmDbt

# A reader that the build had to wait for would hold it up for ever.
IMPATIENTLY = {"PGOPTIONS": "-c lock_timeout=20s"}


def test_readers_meet_neither_errors_nor_empty_tables(
    standing: DatabaseSettings, project: Project, tmp_path: Path
) -> None:
    """And whoever began before the build sees the rows of before until he ends."""
    project.edit("seeds/score_weights.csv", ("0.40", "0.39"))
    marts = ["analytics.scorecards", "analytics.user_readiness_latest"]
    v2 = ("--vars", "readiness_formula: v2")
    schemas = read_meanwhile(standing, project.dbt, tmp_path, marts, *v2)
    assert schemas >= {"staging", "intermediate", "analytics", "reporting"}


@pytest.mark.long
def test_readers_of_a_full_refresh_do_not_either(
    small: DatabaseSettings, small_project: Project, tmp_path: Path
) -> None:
    small_project.edit("seeds/pulse_steps.csv", ("link,Link,3", "link,Chain,3"))
    schemas = read_meanwhile(small, small_project.dbt, tmp_path, [MART], "--full-refresh")
    assert schemas >= {"staging", "analytics", "reporting"}


def read_meanwhile(
    settings: DatabaseSettings, dbt: WarmDbt, folder: Path, marts: list[str], *arguments: str
) -> set[str]:
    """Read all relations while they are built and marts change; return their schemas."""
    dbt.parse(settings)
    change_documents(folder, "changed")
    with connect(settings) as analyst:
        relations = [name for name, rows in rows_in(analyst, relations_of(analyst)).items() if rows]
        analyst.execute("begin isolation level repeatable read")
        before = rows_in(analyst, relations)
        with reading(settings, relations) as readers:
            first = [reader.rounds for reader in readers]
            dbt.build(settings, *arguments, **IMPATIENTLY)
            rounds = [reader.rounds - n for reader, n in zip(readers, first, strict=True)]
        still = rows_in(analyst, relations)
        analyst.execute("commit")
        after = rows_in(analyst, relations)
    assert min(rounds) >= 10
    assert still == before
    for mart in marts:
        assert len(set(before[mart]) - set(after[mart])) > len(before[mart]) / 2
    return {name.split(".")[0] for name in relations}


# What a user may make on top of the marts, in a schema of his own or on the tables themselves.
THINGS_OF_A_USER = f"""
create schema desk;
grant select on {MART}, staging.base_pulse__sale_states to pg_monitor with grant option;
grant select (session_id) on staging.base_pulse__evaluations to pg_monitor;
create index scenario_of_desk on {MART} (lower(scenario_id)) where user_id is not null;
create policy own_rows on {MART} using (user_id is not null);
alter table {MART} enable row level security;
create table desk.seen (session_id uuid);
create function desk.see() returns trigger language plpgsql as
$$begin insert into desk.seen values (new.session_id); return new; end$$;
create trigger seen_by_desk after insert on {MART}
for each row execute function desk.see();
alter table staging.base_pulse__evaluations replica identity full;
create publication of_desk for table {MART}, staging.base_pulse__evaluations;
create view desk.logs as
select session_id, pulse_step, log_json from {MART} where user_id is not null;
create view desk.counts as
select pulse_step, count(*) as logs from desk.logs group by pulse_step;
create view desk.steps as select pulse_step, step_number from staging.pulse_steps;
create view desk.documents as select * from staging.stg_pulse__trainer_change_logs;
create materialized view desk.first as
select user_id, min(logged_at) as logged_at from {MART} group by user_id;
alter table staging.base_pulse__evaluations__steps set (fillfactor = 70);
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


@pytest.mark.every_server
def test_what_users_made_on_top_survives_builds(
    small: DatabaseSettings, small_project: Project, tmp_path: Path
) -> None:
    dbt = small_project.dbt
    # Roles that another test has left on this server are given their rights by the first build.
    dbt.build(small)
    with connect(small) as user:
        user.execute(THINGS_OF_A_USER)
        user.execute(f"comment on table {MART} is 'seen by desk [pulse-elt]'")
        before = user.execute(WHAT_HOLDS_ON).fetchall()
        assert {row[0] for row in before} == {
            "relation", "policy", "trigger", "published", "view", "ours"
        }  # fmt: skip
        views = ["desk.logs", "desk.counts", "desk.steps", "desk.documents", "desk.first"]
        rows = rows_in(user, views)
        assert all(rows.values())
        dbt.build(small)
        assert set(user.execute(WHAT_HOLDS_ON)) ^ set(before) == set()
        assert rows_in(user, views) == rows
        assert user.execute("select count(*) from desk.seen").fetchone() == (0,)

        change_documents(tmp_path, "changed")
        small_project.edit("seeds/pulse_steps.csv", ("link,Link,3", "link,Chain,3"))
        dbt.build(small)
        assert set(user.execute(WHAT_HOLDS_ON)) ^ set(before) == set()
        changed = rows_in(user, views)
        for view in ("desk.logs", "desk.counts", "desk.steps", "desk.documents"):
            assert changed[view] != rows[view], view
        seen = user.execute("select count(*) from desk.seen").fetchone()
        assert seen != (0,)

        dbt.build(small, "--full-refresh")
        assert set(user.execute(WHAT_HOLDS_ON)) ^ set(before) == set()
        assert rows_in(user, views) == changed
        assert user.execute("select count(*) from desk.seen").fetchone() == seen


@pytest.mark.every_server
def test_a_build_that_fails_or_is_killed_forgets_nothing(
    small: DatabaseSettings, small_project: Project, tmp_path: Path
) -> None:
    """In the middle of a model whose parents have taken their changes; the model is as it was."""
    model = "base_pulse__evaluations__steps"
    small_project.edit(
        f"models/staging/pulse/base/{model}.sql",
        (
            "        is_repeated,",
            "        (is_repeated or 1 / (0 * length(source_path)) > 0) as is_repeated,",
        ),
    )
    change_documents(tmp_path, "changed")
    below = [f"staging.{model}"]
    with connect(small) as holder, connect(small) as analyst:
        before = rows_in(analyst, below)
        above = rows_in(analyst, ["staging.base_pulse__evaluations"])
        with pytest.raises(AssertionError, match=rf"{model}: .*\n.*division by zero"):
            small_project.dbt.build(small)
        assert rows_in(analyst, below) == before
        assert rows_in(analyst, list(above)) != above

        small_project.restore()
        holder.execute(f"begin; lock table staging.{model} in share mode")
        with build_apart(small_project, small, tmp_path / "told") as build:
            until(lambda: waiting_for(analyst, model) or not build.is_alive())
            assert build.pid is not None
            os.kill(build.pid, signal.SIGKILL)
        assert build.exitcode == -signal.SIGKILL
        holder.execute("commit")
        until(lambda: not others_at_work(analyst))
        assert rows_in(analyst, below) == before
    assert small_project.dbt.build(small)[model].startswith("AFFECTED")
    assert_equals_full_build(small, small_project.dbt)


def test_a_check_that_is_violated_leaves_the_mart_as_it_was(
    small: DatabaseSettings, small_project: Project
) -> None:
    edit_columns(
        small_project,
        MART_YAML,
        "trainer_change_logs",
        lambda columns: column(columns, "pulse_step").update(
            constraints=[{"type": "check", "expression": "pulse_step = 'Earn'"}]
        ),
    )
    with connect(small) as analyst:
        before = rows_in(analyst, [MART])
        with pytest.raises(AssertionError, match="is violated by some row"):
            small_project.dbt.build(small, "--select", "trainer_change_logs")
        assert rows_in(analyst, [MART]) == before
    small_project.restore()
    built = small_project.dbt.build(small, "--select", "trainer_change_logs")
    assert built["trainer_change_logs"] == "UNCHANGED"


def test_what_part_of_a_build_left_behind_follows_in_the_next(
    small: DatabaseSettings, small_project: Project, tmp_path: Path
) -> None:
    change_documents(tmp_path, "changed")
    dbt, base = small_project.dbt, "base_pulse__trainer_change_logs"
    # Part of a build reads what the build before has read: new documents come with a whole one.
    assert dbt.build(small, "--select", base)[base] == "UNCHANGED"
    with connect(small) as connection:
        # As if a build had been killed right after it began.
        connection.execute(
            "insert into staging.builds (invocation_id, command, cutoff_at) "
            "values ('killed', 'build', clock_timestamp())"
        )
    assert dbt.build(small, "--select", base)[base].startswith("AFFECTED -")
    dbt.build(small, "--select", "stg_pulse__trainer_change_logs", "trainer_change_logs")
    dbt.build(small, "--exclude", "base_pulse__evaluations__steps")
    dbt.build(small)
    assert_equals_full_build(small, dbt)


@pytest.mark.long
@pytest.mark.every_server
def test_two_builds_at_once_end_as_one(
    small: DatabaseSettings, small_project: Project, tmp_path: Path
) -> None:
    """Both are held up at a seed, so that they overlap; each has read another landing.

    The younger one succeeds. The older one may have to stop, and says why.
    """
    dbt = small_project.dbt
    small_project.edit("seeds/pulse_steps.csv", ("link,Link,3", "link,Chain,3"))
    dbt.parse(small)
    change_documents(tmp_path, "first")
    with connect(small) as holder, connect(small) as observer:
        holder.execute("begin; select from staging.pulse_steps for update")
        older, younger = tmp_path / "older", tmp_path / "younger"
        with build_apart(small_project, small, older) as build:
            until(lambda: lock_waiters(observer) >= 1 or not build.is_alive())
            change_documents(tmp_path, "second")
            thread = threading.Thread(target=build_and_tell, args=(dbt, small, younger))
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
        steps = observer.execute("select * from staging.pulse_steps").fetchall()
        lines = (small_project.root / "seeds/pulse_steps.csv").read_text().splitlines()
        assert len(steps) == len(lines) - 1
    dbt.build(small)
    assert_equals_full_build(small, dbt)


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
