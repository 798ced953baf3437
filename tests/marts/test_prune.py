"""Pruning changes nothing that the marts read, whichever build reads it next."""

from pathlib import Path

import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.pipeline import prune_by_policy
from tests.loaders.faults import one
from tests.marts.rebuilding import (
    assert_equals_full_build,
    assert_same,
    change_documents,
    everything,
)
from tests.marts.test_redefinitions import changed
from tests.marts.warm_dbt import WarmDbt

_AGE = "update raw.documents set superseded_at = superseded_at - interval '5 years'"


@pytest.mark.long
def test_no_build_after_a_prune_differs(
    standing: DatabaseSettings, dbt: WarmDbt, tmp_path: Path
) -> None:
    change_documents(tmp_path, "first")
    change_documents(tmp_path, "second")
    dbt.build(standing)
    with connect(standing) as connection:
        connection.execute(_AGE.encode())
        before = everything(connection)
        histories = "select count(*) from raw.user_histories"
        versions = one(connection, histories)
        gone = prune_by_policy(is_dry_run=False)
        assert sum(entry.rows for entry in gone.removals) > 50
        assert one(connection, histories) == versions
        assert (
            one(connection, "select count(*) from raw.scorecards where superseded_at is not null")
            == 0
        )
        messages = dbt.build(standing)
        assert_same(before, everything(connection))
        assert changed(messages) == set()
        dbt.build(standing, "--full-refresh")
        assert_same(before, everything(connection))
    assert_equals_full_build(standing, dbt)


def test_versions_that_standing_marts_may_still_be_read_as_of_stay(
    standing: DatabaseSettings, dbt: WarmDbt, tmp_path: Path
) -> None:
    change_documents(tmp_path, "since")
    with connect(standing) as connection:
        before = everything(connection)
        # Years pass since the last build, and since the load after it.
        connection.execute(_AGE.encode())
        connection.execute(
            "update raw.documents set landed_at = landed_at - interval '7 years' "
            "where superseded_at is not null"
        )
        connection.execute("update staging.builds set cutoff_at = cutoff_at - interval '6 years'")
        connection.execute(
            "update ops.cutoffs set standing_cutoff_at = standing_cutoff_at - interval '6 years'"
        )
        gone = prune_by_policy(is_dry_run=False)
        assert [entry.rows for entry in gone.removals if entry.relation == "raw.documents"] == [
            0
        ] * 6
        dbt.build(standing, "--select", "base_pulse__scorecards+", "--full-refresh")
        standing_rows = everything(connection)
        for relation in ("analytics.scorecards", "analytics.session_events"):
            assert len(standing_rows[relation]) == len(before[relation])
