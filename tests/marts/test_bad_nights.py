"""Spoilt scorecards stop a night before dbt and are told of once; the next good one recovers."""

from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest

from loaders.database.settings import DatabaseSettings
from loaders.nightly.model import Details, Request, RunResult
from loaders.nightly.notifications import Hooks
from loaders.nightly.run import Stages, run
from tests.conftest import Tree
from tests.loaders.faults import one
from tests.marts.nightly import Listener, SilentWatch, last_run, listening, stages_with
from tests.marts.warm_dbt import WarmDbt

NIGHTLY = 200
# 3 % of a night, and as much of each night before that nobody has built upon.
SPOILT = 6

USER = "ada1ec75-0724-46cf-a5d1-1321a58903e3"


def session_path(number: int) -> str:
    return f"sessions/{UUID(int=0x5E5510000000400080000000_00000000 + number)}"


def write_night(tree: Tree, first: int) -> None:
    for number in range(first, first + NIGHTLY):
        completed = f"2026-03-{1 + number // 100:02}T08:{number % 60:02}:00+00:00"
        session = {"user_id": USER, "persona": "director", "completed_at": completed}
        tree.write(f"{session_path(number)}/session.json", session)
        tree.write(f"{session_path(number)}/scorecard.json", scorecard(number))


def scorecard(number: int) -> dict[str, object]:
    return {"overall": {"score": 60 + number % 30, "passed": True}}


SPOILERS: dict[str, Callable[[int], object]] = {
    "cut short": lambda number: b'{"overall": {"sco',
    "a list": lambda number: [scorecard(number)],
    "scores of ten thousand": lambda number: {"overall": {"score": 10_000 + number}},
}


def spoil(tree: Tree, night: int, spoilt: Callable[[int], object]) -> None:
    first = night * NIGHTLY
    for number in range(first, first + night * SPOILT):
        tree.write(f"{session_path(number)}/scorecard.json", spoilt(number))


def night(tree: Tree, listener: Listener, stages: Stages) -> tuple[RunResult, Details]:
    listener.heard.clear()
    return run(Request(str(tree.root)), SilentWatch(), Hooks(url=listener.url), stages)


@pytest.mark.long
def test_three_in_a_hundred_spoilt_stop_the_night_and_the_next_recovers(
    database: DatabaseSettings, connection: psycopg.Connection, tree: Tree, dbt: WarmDbt
) -> None:
    stages = stages_with(lambda: dbt.build(database))
    with listening() as listener:
        write_night(tree, 0)
        first, _ = night(tree, listener, stages)
        assert (first.status, first.event) == ("succeeded", "first_success"), first.summary

        builds = one(connection, "select count(*) from staging.builds")
        for number, (what, spoilt) in enumerate(SPOILERS.items(), 1):
            # What was spoilt the night before is good again, and does not stop this one.
            spoil(tree, number - 1, scorecard)
            write_night(tree, number * NIGHTLY)
            spoil(tree, number, spoilt)
            stopped, _ = night(tree, listener, stages)
            assert (stopped.status, stopped.exit_code) == ("stopped", 4), what
            done = {"migrate": "succeeded", "landing_gate": "failed"}
            assert done.items() <= last_run(connection)[1].items()
            assert last_run(connection)[1].keys() == {"migrate", "load", "landing_gate"}
            assert one(connection, "select count(*) from staging.builds") == builds
            assert one(connection, "select count(*) from analytics.scorecards") == NIGHTLY
            (body,) = listener.heard
            assert body["event"] == "failure"
            assert body["summary"] == stopped.summary
            assert "scorecard" in stopped.summary, what
            assert "\n" not in stopped.summary

        # Loading the same night again does not talk it through the gate.
        again, _ = night(tree, listener, stages)
        assert again.status == "stopped"

        spoil(tree, number, scorecard)
        good, _ = night(tree, listener, stages)
        assert (good.status, good.event) == ("succeeded", "recovery"), good.summary
        assert one(connection, "select count(*) from analytics.scorecards") == 4 * NIGHTLY
        assert one(connection, "select count(*) from analytics.learners") == 1
