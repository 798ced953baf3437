"""A database that goes away during a run and comes back, and one that does not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from loaders.database import embedded
from loaders.database.connection import connect
from loaders.database.settings import URL_VARIABLE
from loaders.nightly.model import Request, Stage
from loaders.nightly.notifications import Hooks
from loaders.nightly.run import run
from tests.conftest import Server, Tree
from tests.marts.nightly import SilentWatch, last_run, listening, stages_with


@pytest.fixture
def away(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """The data directory of a server that a test may stop; the environment names it."""
    data = tmp_path / "postgres"
    settings = embedded.start(data, server.version)
    monkeypatch.setenv(URL_VARIABLE, settings.as_url(with_password=True))
    yield data
    embedded.stop(data)


def start_again(data: Path, server: Server) -> None:
    embedded.start(data, server.version)


@pytest.mark.long
def test_a_run_waits_for_a_database_that_is_briefly_away(
    server: Server, away: Path, tree: Tree
) -> None:
    tree.write("scorecards/a.json", {"overall": {"score": 80}})
    nodes = 0

    def stop_before_load(stage: Stage) -> None:
        if stage == "load":
            embedded.stop(away)

    def stop_in_build(name: str) -> None:
        nonlocal nodes
        nodes += 1
        if nodes == 10:
            embedded.stop(away)

    watch = SilentWatch(
        on_begin=stop_before_load,
        on_node=stop_in_build,
        on_wait=lambda: start_again(away, server),
    )
    result, _ = run(Request(str(tree.root)), watch, Hooks())
    assert (result.status, result.exit_code) == ("succeeded", 0), result.summary
    assert watch.waited == ["load", "build"]
    attempts = {stage.stage: stage.attempts for stage in result.stages}
    once = {"migrate": 1, "landing_gate": 1, "mart_checks": 1}
    assert attempts == once | {"load": 2, "build": 2}
    with connect(embedded.start(away, server.version)) as connection:
        assert last_run(connection)[0] == "succeeded"
        assert connection.execute("select count(*) from analytics.scorecards").fetchone() == (1,)
        booked = connection.execute(
            "select attempts from ops.run_stages where stage = 'build'"
        ).fetchone()
        assert booked == (2,)


def test_a_run_gives_up_on_a_database_that_stays_away_and_tells_of_it(
    server: Server, away: Path, tree: Tree
) -> None:
    tree.write("scorecards/a.json", {"overall": {"score": 80}})

    def stop_before_load(stage: Stage) -> None:
        if stage == "load":
            embedded.stop(away)

    stages = stages_with(lambda: None)
    watch = SilentWatch(on_begin=stop_before_load)
    with listening() as listener:
        request = Request(str(tree.root), retry_seconds=1.5)
        result, _ = run(request, watch, Hooks(url=listener.url), stages)
    assert (result.status, result.exit_code, result.event) == ("failed", 3, "failure")
    assert "load failed: " in result.summary
    assert watch.waited[:2] == ["load", "load"]
    assert [body["event"] for body in listener.heard] == ["failure"]

    # The next night finds the run that could not be ended, and goes on.
    embedded.start(away, server.version)
    again, _ = run(Request(str(tree.root)), SilentWatch(), Hooks(), stages)
    assert (again.status, again.event) == ("succeeded", "first_success")
    with connect(embedded.start(away, server.version)) as connection:
        statuses = connection.execute("select status from ops.runs order by run_id").fetchall()
        assert statuses == [("failed",), ("succeeded",)]
