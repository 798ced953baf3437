"""Dates out of any calendar, and ways to call dbt that are rare: none harms what stands."""

from uuid import UUID

import psycopg
import pytest

from loaders.database.settings import DatabaseSettings
from loaders.landing.identities import write_identities
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from tests.conftest import Tree
from tests.marts.warm_dbt import WarmDbt

ADA, BEN = (UUID(int=number) for number in (1, 2))
SCORECARD = {"overall": {"score": 85, "raw_score": 2.55}}


def session(user: object, at: str) -> dict[str, object]:
    return {"user_id": str(user), "created_at": at, "completed_at": at}


@pytest.mark.parametrize("date", ["9925-03-04T09:00:00Z", "0001-01-01T00:00:00Z"])
def test_a_date_out_of_any_calendar_stretches_no_cohort(
    database: DatabaseSettings, connection: psycopg.Connection, tree: Tree, dbt: WarmDbt, date: str
) -> None:
    for key, at in (("good", "2025-03-04T09:00:00Z"), ("odd", date)):
        tree.write(f"sessions/{key}/session.json", session(ADA, at))
        tree.write(f"sessions/{key}/scorecard.json", SCORECARD)
    dbt.run(database, tree.root)
    months = connection.execute("select count(*) from analytics.cohort_readiness").fetchone()
    assert months is not None
    # The odd session falls back on the time of its file, which is now.
    assert 1 <= months[0] < 12 * 50
    rejected = connection.execute(
        "select field, reason from staging.stg_pulse__rejected_values order by field"
    ).fetchall()
    assert rejected == [("completed_at", "out_of_range"), ("created_at", "out_of_range")]


def test_a_changed_identity_waits_for_a_whole_build(
    database: DatabaseSettings, connection: psycopg.Connection, tree: Tree, dbt: WarmDbt
) -> None:
    tree.write("sessions/a/session.json", session("T777", "2025-03-04T09:00:00Z"))
    tree.write("sessions/a/scorecard.json", SCORECARD)
    write_identities(connection, {"T777": ADA})
    dbt.run(database, tree.root)
    whose = "select user_id from analytics.scorecards"
    write_identities(connection, {"T777": BEN})
    dbt.build(database, "--select", "stg_pulse__user_identities+")
    assert connection.execute(whose).fetchall() == [(ADA,)]
    dbt.build(database)
    assert connection.execute(whose).fetchall() == [(BEN,)]


def test_tests_alone_judge_what_was_built(
    database: DatabaseSettings, tree: Tree, dbt: WarmDbt
) -> None:
    tree.write("sessions/a/scorecard.json", SCORECARD)
    dbt.run(database, tree.root)
    tree.write("sessions/b/scorecard.json", SCORECARD)
    load_source(tree.root, None, Scope())
    done = dbt.invoke(database, ["build", "--resource-type", "test"])
    assert len(done) > 10


def test_a_dry_run_of_dbt_empties_nothing(
    database: DatabaseSettings, connection: psycopg.Connection, tree: Tree, dbt: WarmDbt
) -> None:
    tree.write("sessions/a/scorecard.json", SCORECARD)
    dbt.run(database, tree.root)
    with pytest.raises(AssertionError, match="--empty would empty the marts that stand"):
        dbt.build(database, "--empty")
    left = connection.execute("select count(*) from staging.base_pulse__scorecards").fetchone()
    assert left == (1,)
