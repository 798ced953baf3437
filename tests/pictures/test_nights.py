"""The page at the end of a night: written after the checks, and never what loses the night."""

from pathlib import Path

import pytest

from loaders.database.connection import connect
from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from loaders.nightly import page as stage
from loaders.nightly.model import Request
from loaders.nightly.notifications import Hooks
from loaders.nightly.run import STAGES_OF_A_NIGHT, Stages, run
from tests.conftest import EXAMPLES, RunCommand
from tests.marts.nightly import SilentWatch

pytestmark = pytest.mark.newest_server

# The marts stand: what is tried is the last stage.
LAST: Stages = {
    name: work for name, work in STAGES_OF_A_NIGHT.items() if name in ("migrate", "dashboard")
}


def test_a_night_ends_with_the_page(standing: DatabaseSettings, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    result, details = run(Request(None, dashboard=out), SilentWatch(), Hooks(), LAST)
    assert (result.status, result.exit_code) == ("succeeded", 0)
    assert details.dashboard is not None
    assert details.dashboard.path == out
    assert b"4 learners;" in out.read_bytes()
    with connect(standing) as connection:
        query = "select status, counts from ops.run_stages where stage = 'dashboard'"
        assert connection.execute(query).fetchall() == [
            ("succeeded", {"learners": 4, "bytes": out.stat().st_size})
        ]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("odd")])
def test_a_page_that_fails_does_not_lose_the_night(
    standing: DatabaseSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    def fails(*arguments: object, **options: object) -> None:
        raise error

    monkeypatch.setattr(stage, "write_dashboard", fails)
    request = Request(None, dashboard=tmp_path / "page.html")
    result, _ = run(request, SilentWatch(), Hooks(), LAST)
    assert (result.status, result.exit_code) == ("with_findings", 4)
    assert result.is_trusted
    assert result.summary.startswith("The dashboard was not written: ")
    assert str(error) in result.summary


def test_a_night_asks_for_the_extra_and_the_folder_before_any_work(
    database: DatabaseSettings, pulse_elt: RunCommand, tmp_path: Path
) -> None:
    url = {URL_VARIABLE: database.as_url(with_password=True)}
    done = pulse_elt("run", EXAMPLES, "--dashboard", tmp_path / "none" / "page.html", **url)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    with connect(database) as connection:
        assert connection.execute("select count(*) from raw.loads").fetchone() == (0,)
