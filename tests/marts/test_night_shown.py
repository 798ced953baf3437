"""What is shown after a run is booked can fail, and the run stays what it was."""

import json
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from loaders.checks.evaluation import read_query
from loaders.cli import run as command
from loaders.cli.run_display import JsonWatch, TextWatch
from loaders.cli.streams import prepared
from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.nightly.model import Details, RunResult, StageResult
from tests.checking import faults

DONE = RunResult(
    run_id=7,
    source="/srv/tree",
    status="succeeded",
    exit_code=0,
    is_trusted=True,
    summary="All is well.",
    started_at="2025-01-02T03:04:05+00:00",
    seconds=1.0,
    stages=(StageResult("load", "succeeded"),),
)

TROUBLES = {
    "a time that no program of ours can hold": "update analytics.user_readiness_latest "
    "set snapshot_at = 'infinity'",
    "a mart that is gone": "drop table analytics.user_readiness_latest cascade",
}


@pytest.mark.parametrize("options", [[], ["--json"]])
@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_run_is_told_of_though_readiness_cannot_be_shown(
    standing: DatabaseSettings,
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
    options: list[str],
) -> None:
    with connect(standing) as superuser:
        superuser.execute(TROUBLES[trouble])
    monkeypatch.setattr("loaders.nightly.run.run", lambda *_: (DONE, Details()))
    done = CliRunner().invoke(command.run, ["somewhere", *options], standalone_mode=False)
    assert (done.exception, done.return_value) == (None, 0)
    if options:
        told = json.loads(done.stdout)
        assert (told["run"]["status"], told["readiness"]) == ("succeeded", [])
        (line,) = told["notices"]
    else:
        assert "Run 7 succeeded" in done.stdout
        (line,) = done.stderr.splitlines()
    assert "The latest readiness cannot be shown" in line
    assert "The work itself is unaffected" in line


@pytest.mark.parametrize("watch", [TextWatch(), JsonWatch()])
def test_a_stage_is_over_though_nobody_can_be_told(
    watch: TextWatch | JsonWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path("/dev/full").open("w") as full:
        shown = prepared(full, full.fileno())
        monkeypatch.setattr("sys.stdout", shown)
        monkeypatch.setattr("sys.stderr", shown)
        watch.begins("migrate")
        watch.ends(StageResult("migrate", "succeeded"), Details(notices=("A sentence.",)))
        shown.flush()
        monkeypatch.undo()


def test_what_is_infinite_is_found_and_told(standing: DatabaseSettings) -> None:
    """A message that was NULL would be no finding, and the check would pass."""
    with connect(standing) as connection:
        for statement, column in (
            ("update raw.documents set landed_at = 'infinity' where document_id = 1", "unbuilt"),
            ("update analytics.session_events set occurred_at = 'infinity'", "ahead"),
            ("update analytics.session_events set occurred_at = '-infinity'", "stale"),
        ):
            with connection.transaction(force_rollback=True):
                connection.execute(statement)
                assert "infinity" in found(connection)[column]


def found(connection: psycopg.Connection) -> dict[str, str]:
    """Return the messages of freshness.sql by their columns."""
    values = {"unbuilt_hours": 24, "future_hours": 24, "stale_days": 7}
    cursor = connection.execute(read_query("freshness", values).encode())
    assert cursor.description is not None
    columns = [column.name for column in cursor.description]
    return {
        column: value
        for row in cursor.fetchall()
        for column, value in zip(columns, row, strict=True)
        if value is not None
    }


def test_a_scorecard_without_a_key_has_no_session(standing: DatabaseSettings) -> None:
    with connect(standing) as connection, connection.transaction(force_rollback=True):
        connection.execute("update raw.documents set session_key = null where kind = 'scorecard'")
        found = [reasons for path, reasons in faults(connection) if path.endswith("scorecard.json")]
        current = [reasons for reasons in found if "quarantined" not in reasons]
        assert current
        assert {reasons["sessionless"] for reasons in current} == {"no session "}
