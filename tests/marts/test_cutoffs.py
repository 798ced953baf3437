"""Loads and prunes take nothing away that the next build of a part, or one at work, still reads."""

import os
import signal
from pathlib import Path

import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.pipeline import prune_by_policy
from tests.conftest import RunCommand
from tests.loaders.faults import one, until
from tests.marts.rebuilding import (
    Project,
    assert_equals_full_build,
    change_documents,
    lock_waiters,
    rows_in,
)
from tests.marts.small_project import break_the_mart
from tests.marts.warm_dbt import WITHOUT_TESTS, WarmDbt

_BASE = ["staging.base_pulse__sale_states"]
_SUPERSEDED = "select count(*) from raw.sale_states where superseded_at is not null"


def test_a_build_of_a_part_finds_what_it_reads_after_any_loads(
    small: DatabaseSettings, small_project: Project, tmp_path: Path
) -> None:
    with connect(small) as connection:
        before = rows_in(connection, _BASE)
        for note in ("first", "second", "third"):
            change_documents(tmp_path, note)
        prune_by_policy(is_dry_run=False)
        built = small_project.dbt.build(small, "--select", "base_pulse__sale_states")
        assert built["base_pulse__sale_states"] == "UNCHANGED"
        assert rows_in(connection, _BASE) == before
        small_project.dbt.build(small)
        # Once nobody reads them any more, they go.
        change_documents(tmp_path, "fourth")
        change_documents(tmp_path, "fifth")
        count = "select count(*) from raw.sale_states where superseded_at is null"
        assert one(connection, _SUPERSEDED) == 2 * one(connection, count)


def test_a_whole_build_that_failed_lets_nothing_go(
    small: DatabaseSettings, small_project: Project, tmp_path: Path
) -> None:
    with connect(small) as connection:
        change_documents(tmp_path, "first")
        break_the_mart(small_project)
        assert not small_project.dbt.outcome(small, "build", *WITHOUT_TESTS).success
        before = rows_in(connection, _BASE)
        for note in ("second", "third", "fourth"):
            change_documents(tmp_path, note)
        whole = "select min(cutoff_at) from staging.builds"
        assert one(connection, "select ops.earliest_cutoff()") == one(connection, whole)
        small_project.restore()
        small_project.dbt.build(small, "--select", "base_pulse__sale_states", "--full-refresh")
        assert rows_in(connection, _BASE) == before
    small_project.dbt.build(small)
    assert_equals_full_build(small, small_project.dbt)


@pytest.mark.long
def test_another_target_keeps_what_it_reads(
    small: DatabaseSettings, small_project: Project, tmp_path: Path
) -> None:
    developer = {"PULSE_ELT_DEV_SCHEMA": "anna"}
    dev = ("--target", "dev")
    base = ["anna_staging.base_pulse__sale_states"]
    dbt = small_project.dbt
    with connect(small) as connection:
        assert dbt.outcome(small, "build", *WITHOUT_TESTS, *dev, **developer).success
        before = rows_in(connection, base)
        change_documents(tmp_path, "first")
        dbt.build(small)
        for note in ("second", "third"):
            change_documents(tmp_path, note)
        part = ("--select", "base_pulse__sale_states")
        assert dbt.outcome(small, "build", *WITHOUT_TESTS, *part, *dev, **developer).success
        assert rows_in(connection, base) == before
        targets = "select array_agg(target_schema order by target_schema) from ops.cutoffs"
        assert one(connection, targets) == ["anna_staging", "staging"]
        standing_of_prod = (
            "select standing_cutoff_at from ops.cutoffs where target_schema = 'staging'"
        )
        connection.execute("drop schema anna_staging cascade")
        assert one(connection, "select ops.earliest_cutoff()") == one(connection, standing_of_prod)


def test_a_build_at_work_is_known_by_its_sessions_until_it_is_killed(
    standing: DatabaseSettings, pulse_elt: RunCommand
) -> None:
    with connect(standing) as holder, connect(standing) as observer:
        assert one(observer, "select ops.is_building('staging')") is False
        holder.execute("begin; lock table staging.base_pulse__sale_states in share mode")
        with pulse_elt.started("build", "--quiet") as process:
            until(lambda: lock_waiters(observer) > 0 or process.poll() is not None)
            assert process.poll() is None
            assert one(observer, "select ops.is_building('staging')") is True
            at_work = one(observer, "select at_work_cutoff_at from ops.cutoffs")
            newest = "select cutoff_at from staging.builds order by build_number desc limit 1"
            assert at_work == one(observer, newest)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        holder.execute("commit")
        until(lambda: one(observer, "select ops.is_building('staging')") is False)


def test_a_database_without_the_book_of_cutoffs_is_to_be_migrated(
    standing: DatabaseSettings, dbt: WarmDbt
) -> None:
    with connect(standing) as connection:
        connection.execute("drop function ops.earliest_cutoff; drop table ops.cutoffs")
    with pytest.raises(AssertionError, match="run 'pulse-elt db migrate' first"):
        dbt.build(standing, "--select", "readiness_bands")
