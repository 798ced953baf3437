"""'dbt retry' goes on with the build that failed: it reads what that did, and claims no more."""

import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.operations.status import read_status
from tests.conftest import RunCommand
from tests.loaders.faults import one
from tests.marts.rebuilding import Project, assert_equals_full_build, change_documents
from tests.marts.small_project import break_the_mart
from tests.marts.warm_dbt import WITHOUT_TESTS

_READ = """
select document_id from raw.trainer_change_logs
where landed_at <= %s and (superseded_at is null or superseded_at > %s)
order by 1
"""


def builds(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Return the book of builds, the last build last."""
    return connection.execute(
        "select command, cutoff_at, is_whole, is_successful "
        "from staging.builds order by build_number"
    ).fetchall()


def assert_read_as_of(connection: psycopg.Connection, cutoff: datetime) -> None:
    """Assert that the documents of that moment are read, and no others."""
    landed = connection.execute(_READ, (cutoff, cutoff)).fetchall()
    standing = "select document_id from staging.base_pulse__trainer_change_logs order by 1"
    assert connection.execute(standing).fetchall() == landed


@pytest.mark.long
def test_a_retry_keeps_the_cutoff_also_when_it_fails_and_is_retried(
    small: DatabaseSettings, small_project: Project, tmp_path: Path
) -> None:
    change_documents(tmp_path, "first")
    break_the_mart(small_project)
    assert not small_project.dbt.outcome(small, "build", *WITHOUT_TESTS).success
    change_documents(tmp_path, "second")
    assert not small_project.dbt.outcome(small, "retry").success
    small_project.restore()
    retried = small_project.dbt.outcome(small, "retry")
    assert retried.success, retried.exception
    with connect(small) as connection:
        (_, before, *_), failed, again, done = builds(connection)
        cutoff = failed[1]
        assert cutoff > before
        assert failed == ("build", cutoff, True, False)
        assert again == ("retry", cutoff, True, False)
        assert done == ("retry", cutoff, True, True)
        assert one(connection, "select standing_cutoff_at from ops.cutoffs") == cutoff
        assert_read_as_of(connection, cutoff)
        marts = read_status(connection).marts
        assert marts is not None
        assert marts.landed_since > 30
    small_project.dbt.build(small)
    assert_equals_full_build(small, small_project.dbt)


@pytest.mark.long
def test_a_retry_at_the_command_line_keeps_the_cutoff(
    small: DatabaseSettings, small_project: Project, pulse_elt: RunCommand, tmp_path: Path
) -> None:
    change_documents(tmp_path, "first")
    break_the_mart(small_project)
    assert not small_project.dbt.outcome(small, "build", *WITHOUT_TESTS).success
    change_documents(tmp_path, "second")
    small_project.restore()

    def retry(*arguments: str) -> subprocess.CompletedProcess[str]:
        target = str(small_project.dbt.target / "target")
        return pulse_elt.dbt(
            "retry", *arguments, "--profiles-dir", small_project.dbt.profiles,
            DBT_TARGET_PATH=target, PULSE_ELT_PROJECT_DIR=str(small_project.root),
        )  # fmt: skip

    # Other vars are another build: which one is retried goes with the old ones.
    refused = retry("--vars", "{readiness_formula: v1}")
    assert "cannot know which build it retries" in refused.stdout
    done = retry()
    assert done.returncode == 0, done.stdout
    with connect(small) as connection:
        _, failed, last = builds(connection)
        assert last == ("retry", failed[1], True, True)
        assert_read_as_of(connection, failed[1])


@pytest.mark.long
def test_a_retry_of_a_build_that_was_overtaken_is_refused(
    small: DatabaseSettings, small_project: Project, tmp_path: Path
) -> None:
    change_documents(tmp_path, "first")
    break_the_mart(small_project)
    assert not small_project.dbt.outcome(small, "build", *WITHOUT_TESTS).success
    change_documents(tmp_path, "second")
    small_project.restore()
    small_project.dbt.build(small)
    with connect(small) as connection:
        before = builds(connection)
        refused = small_project.dbt.outcome(small, "retry")
        assert "a newer build has begun since" in str(refused.exception)
        assert builds(connection) == before
        assert_read_as_of(connection, before[-1][1])


def test_a_build_of_a_part_and_its_retry_claim_what_the_whole_one_did(
    small: DatabaseSettings, small_project: Project, tmp_path: Path
) -> None:
    part = ("run", "--select", "trainer_change_logs")
    other_part = ("build", *WITHOUT_TESTS, "--select", "readiness_bands")
    with connect(small) as connection:
        ((_, cutoff, _, _),) = builds(connection)
        break_the_mart(small_project)
        assert not small_project.dbt.outcome(small, *part).success
        small_project.restore()
        change_documents(tmp_path, "first")
        assert small_project.dbt.outcome(small, "retry").success
        assert builds(connection)[1:] == [
            ("run", cutoff, False, False),
            ("retry", cutoff, False, True),
        ]
        # Of a whole build that failed, parts read the documents. They do not make up for it.
        break_the_mart(small_project)
        assert not small_project.dbt.outcome(small, "build", *WITHOUT_TESTS).success
        assert small_project.dbt.outcome(small, *other_part).success
        failed, done = builds(connection)[3:]
        assert failed == ("build", failed[1], True, False)
        assert done == ("build", failed[1], False, False)
        marts = read_status(connection).marts
        assert marts is not None
        assert marts.cutoff_at == cutoff
        assert one(connection, "select standing_cutoff_at from ops.cutoffs") == cutoff


def test_the_retry_of_a_build_that_was_interrupted_claims_nothing(
    small: DatabaseSettings, small_project: Project, tmp_path: Path
) -> None:
    change_documents(tmp_path, "first")
    break_the_mart(small_project)
    assert not small_project.dbt.outcome(small, "build", *WITHOUT_TESTS).success
    small_project.restore()
    with connect(small) as connection:
        # After Ctrl-C dbt knows only of those nodes that had begun, and no on-run-end ran.
        connection.execute(
            "update staging.builds set finished_at = null, is_successful = null "
            "where not is_successful"
        )
        assert small_project.dbt.outcome(small, "retry").success
        _, interrupted, done = builds(connection)
        assert done == ("retry", interrupted[1], False, False)


def test_what_is_no_build_reads_as_of_the_last_one(
    small: DatabaseSettings, small_project: Project, tmp_path: Path
) -> None:
    """So do the project's own tests: see test_tests_alone_judge_what_was_built."""
    base, dbt = "base_pulse__trainer_change_logs", small_project.dbt
    small_project.add(
        "tests/assertions/desk_test.sql",
        "select document_id from {{ landed_documents('trainer_change_logs') }} "
        f"except select document_id from {{{{ ref('{base}') }}}}",
    )
    change_documents(tmp_path, "since")
    with connect(small) as connection:
        ((_, cutoff, _, _),) = builds(connection)
        # A build of a clock that ran ahead, before the last one.
        connection.execute("alter table staging.builds alter build_number set generated by default")
        connection.execute(
            "insert into staging.builds (build_number, invocation_id, command, cutoff_at) "
            "values (0, 'ahead', 'build', clock_timestamp() + interval '1 year')"
        )
        query = "select document_id from {{ landed_documents('trainer_change_logs') }} order by 1"
        landed = connection.execute(_READ, (cutoff, cutoff)).fetchall()
        for command in (("show", "--limit", "-1"), ("compile",)):
            done = dbt.outcome(small, *command, "--inline", query)
            assert done.success, done.exception
            (compiled,) = [result.node.compiled_code for result in done.result]
            assert connection.execute(compiled.encode()).fetchall() == landed
        done = dbt.outcome(small, "test", "--select", "desk_test")
        assert done.success, done.exception
        assert dbt.build(small, "--select", base)[base] == "UNCHANGED"


def test_a_build_has_a_number_of_its_own_where_the_sequence_lags(
    small: DatabaseSettings, small_project: Project
) -> None:
    with connect(small) as connection:
        highest = one(connection, "select max(build_number) from staging.builds")
        connection.execute("alter table staging.builds alter build_number restart")
        small_project.dbt.build(small, "--select", "readiness_bands")
        assert one(connection, "select max(build_number) from staging.builds") == highest + 1


def test_the_book_of_an_older_version_is_numbered_in_place(
    small: DatabaseSettings, small_project: Project
) -> None:
    dbt = small_project.dbt
    with connect(small) as connection:
        connection.execute(
            "alter table staging.builds drop column build_number, drop column is_whole"
        )
        connection.execute(
            "insert into staging.builds (invocation_id, command, cutoff_at) values "
            "('ahead', 'build', clock_timestamp() + interval '1 year'), "
            "('older', 'build', clock_timestamp() - interval '1 year'), "
            "('newer', 'build', clock_timestamp() - interval '1 second')"
        )
        assert read_status(connection).marts is not None
        dbt.invoke(small, ["seed"], ("--select", "readiness_bands"))
        named = (
            "select array_agg(case when length(invocation_id) > 9 then 'examples' "
            "else invocation_id end order by build_number) from staging.builds"
        )
        assert one(connection, named) == ["ahead", "older", "examples", "newer"]
        dbt.build(small)
        assert one(connection, "select max(build_number) from staging.builds") == 5
