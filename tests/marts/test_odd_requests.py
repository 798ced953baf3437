"""Dates out of any calendar, and ways to call dbt that are rare: none harms what stands."""

from uuid import UUID

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.landing.identities import write_identities
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from tests.conftest import Tree
from tests.marts.rebuilding import Project, everything
from tests.marts.small_project import MART
from tests.marts.warm_dbt import WarmDbt

ADA, BEN = (UUID(int=number) for number in (1, 2))
SCORECARD = {"overall": {"score": 85, "raw_score": 2.55}}


def session(user: object, at: str) -> dict[str, object]:
    return {"user_id": str(user), "created_at": at, "completed_at": at}


DATES = {
    "good": "2025-03-04T09:00:00Z", "late": "9925-03-04T09:00:00Z", "early": "0001-01-01T00:00:00Z",
}  # fmt: skip


@pytest.mark.long
def test_a_date_out_of_any_calendar_stretches_no_cohort(
    database: DatabaseSettings, connection: psycopg.Connection, tree: Tree, dbt: WarmDbt
) -> None:
    for key, at in DATES.items():
        tree.write(f"sessions/{key}/session.json", session(ADA, at))
        tree.write(f"sessions/{key}/scorecard.json", SCORECARD)
    dbt.run(database, tree.root)
    months = connection.execute("select count(*) from analytics.cohort_readiness").fetchone()
    assert months is not None
    # The odd sessions fall back on the time of their file, which is now.
    assert 1 <= months[0] < 12 * 50
    rejected = connection.execute(
        "select field, reason from staging.stg_pulse__rejected_values order by field"
    ).fetchall()
    assert rejected == [
        (field, "out_of_range")
        for field in ("completed_at", "completed_at", "created_at", "created_at")
    ]


def test_a_changed_identity_waits_for_a_whole_build(
    database: DatabaseSettings,
    connection: psycopg.Connection,
    tree: Tree,
    small_project: Project,
) -> None:
    dbt = small_project.dbt
    tree.write("trainer-change-logs/2025-03-04/Probe/s/a.json", {"learner_id": "T777"})
    write_identities(connection, {"T777": ADA})
    dbt.run(database, tree.root)
    whose = f"select user_id from {MART}"
    write_identities(connection, {"T777": BEN})
    dbt.build(database, "--select", "stg_pulse__user_identities+")
    assert connection.execute(whose).fetchall() == [(ADA,)]
    dbt.build(database)
    assert connection.execute(whose).fetchall() == [(BEN,)]


def test_tests_alone_judge_what_was_built(
    standing: DatabaseSettings, tree: Tree, dbt: WarmDbt
) -> None:
    tree.write("sessions/b/scorecard.json", SCORECARD)
    load_source(tree.root, None, Scope(accept_vanished=True))
    done = dbt.invoke(standing, ["build", "--resource-type", "test"])
    assert len(done) > 10


def test_a_dry_run_of_dbt_empties_nothing(small: DatabaseSettings, small_project: Project) -> None:
    with connect(small) as connection:
        before = everything(connection)
        with pytest.raises(AssertionError, match="--empty would empty the marts that stand"):
            small_project.dbt.build(small, "--empty")
        assert everything(connection) == before
