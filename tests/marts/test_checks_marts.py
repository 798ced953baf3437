"""The mart checks: each passes on the examples, and fails on what it is there for."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from tests.checking import Gates, gates_of, names
from tests.conftest import Server, create_database, database_for_a_test, drop_database

ADA = "ada1ec75-0724-46cf-a5d1-1321a58903e3"


def judge_few(thresholds: Any) -> None:  # noqa: ANN401 - JSON
    thresholds["marts"]["distributions"]["from_samples"] = 10


CHECKED = "pulse_checked"


@pytest.fixture(scope="module")
def checked(
    server: Server, built_examples: DatabaseSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A folder with the gates of the examples' marts, which have passed a first check."""
    folder = tmp_path_factory.mktemp("checked")
    name = str(built_examples.parameters["dbname"])
    made = gates_of(create_database(server, CHECKED, name), folder)
    made.configure(judge_few)
    first = made.marts()
    assert first.is_passed, first.sentence
    yield folder
    drop_database(server, CHECKED)


@pytest.fixture
def standing(
    server: Server, checked: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DatabaseSettings]:
    """A database of the test's own, after that check."""
    yield from database_for_a_test(server, CHECKED, monkeypatch, "pulse_standing")


@pytest.fixture
def gates(standing: DatabaseSettings, checked: Path, tmp_path: Path) -> Gates:
    """Gates of marts that have passed a first check."""
    shutil.copytree(checked, tmp_path, dirs_exist_ok=True)
    return Gates(standing, tmp_path / "config", tmp_path / "site")


def test_marts_that_stay_as_they_are_pass(gates: Gates) -> None:
    again = gates.marts()
    assert not again.failed
    assert gates.site.joinpath("index.html").read_text().count("Mart checks") == 2


DAMAGES: dict[str, tuple[str, str]] = {
    "a column has lost values": (
        "null.scorecards.persona",
        "update analytics.scorecards set persona = null where scorecard_format <> 'history'",
    ),
    "scores fell": (
        "distribution.means",
        "update analytics.scorecards set overall_score = greatest(overall_score - 30, 0)",
    ),
    "the lower half fell": (
        "distribution.quantiles",
        "update analytics.scorecards set overall_score = 20 where overall_score < 75",
    ),
    "a skill fell": (
        "distribution.means",
        "update analytics.session_events set score = greatest(score - 30, 0) "
        "where skill_tag = 'bce'",
    ),
    "a session lies in the future": (
        "freshness.future",
        "update analytics.session_events set occurred_at = now() + interval '9 days' "
        "where session_id = (select min(session_id::text)::uuid from analytics.scorecards "
        "where scorecard_format = 'pulse')",
    ),
    "documents were never built": (
        "freshness.build",
        "update raw.documents set landed_at = landed_at + interval '25 hours' "
        "where source_path = 'sessions/dev-test-session-001/scorecard.json'",
    ),
    "a learner was lost": (
        "learners",
        f"delete from analytics.learners where user_id = '{ADA}'",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_marts_that_went_wrong_fail_the_check(gates: Gates, damage: str) -> None:
    expected, statement = DAMAGES[damage]
    with connect(gates.settings) as connection:
        connection.execute(statement)
    failed = gates.marts()
    assert expected in names(failed)


def test_a_few_answers_of_few_levels_do_not_move_a_quartile(gates: Gates) -> None:
    """Half the answers are right: one more or less takes the median itself from 100 to 33."""

    def answered(right: int) -> None:
        with connect(gates.settings) as connection:
            connection.execute(
                "update analytics.session_events as event "
                "set skill_tag = 'close', score = case when place <= %s then 100 else 33 end "
                "from (select ctid as row, row_number() over (order by ctid) as place "
                "from analytics.session_events limit 101) as chosen "
                "where event.ctid = chosen.row",
                (right,),
            )

    answered(51)
    gates.marts(accept="another skill")
    answered(50)
    assert not gates.marts().failed
    answered(35)
    assert "distribution.quantiles" in names(gates.marts())


def test_a_lost_learner_is_named_with_documents_and_missed_until_accepted(gates: Gates) -> None:
    with connect(gates.settings) as connection:
        connection.execute("delete from analytics.learners where user_id = %s", (ADA,))
    for _ in range(2):
        failed = gates.marts()
        assert names(failed) == ["learners"]
        assert ADA in failed.sentence
        assert failed.failed[0].documents[0].startswith("sessions/ad0")
    assert gates.marts(accept="asked to be forgotten").is_passed
    assert not gates.marts().failed


def test_a_failing_column_names_the_documents_of_its_rows(gates: Gates) -> None:
    with connect(gates.settings) as connection:
        connection.execute("update analytics.scorecards set persona = null")
        paths = {
            path for (path,) in connection.execute("select source_path from analytics.scorecards")
        }
    failed = gates.marts()
    documents = next(each.documents for each in failed.failed if each.name.endswith("persona"))
    assert 10 < len(documents) <= 20
    assert set(documents) <= paths


def test_freshness_is_told_by_the_landing_and_not_by_the_wall(gates: Gates) -> None:
    # The examples' last session lies months before they landed.
    gates.configure(lambda all_: all_["marts"]["freshness"].update(stale_days=14))
    assert names(gates.marts()) == ["freshness.stale"]
    with connect(gates.settings) as connection:
        connection.execute(
            "update raw.documents set landed_at = (select max(occurred_at) + interval '1 day' "
            "from analytics.session_events)"
        )
    assert names(gates.marts()) == []


def test_the_check_of_a_week_ago_is_what_is_compared_with(gates: Gates) -> None:
    fall = (
        "update analytics.scorecards set overall_score = overall_score - 6 where overall_score > 6"
    )

    def checked_days_ago(days: int, connection: psycopg.Connection) -> None:
        connection.execute(
            "update ops.checks set as_of = as_of - %s * interval '1 day' "
            "where check_id = (select max(check_id) from ops.checks)",
            (days,),
        )

    with connect(gates.settings) as connection:
        checked_days_ago(7, connection)
        connection.execute(fall)
        # Six points a night are under the threshold, twelve in a week are not.
        yesterday = gates.marts()
        assert yesterday.is_passed, yesterday.sentence
        checked_days_ago(1, connection)
        connection.execute(fall)
        assert "distribution.means" in names(gates.marts())


def test_checks_read_and_write_with_the_rights_of_their_roles(
    gates: Gates, use_role: Callable[[str], DatabaseSettings]
) -> None:
    reader = use_role("only_reads")
    with connect(reader) as connection:
        row = connection.execute("select has_database_privilege(current_database(), 'temp')")
        assert row.fetchone() == (False,)
    from loaders.checks.gates import check_marts

    result = check_marts(reader, gates.settings, gates.config, gates.site)
    assert result.is_passed, result.sentence


@pytest.fixture
def use_role(standing: DatabaseSettings) -> Any:  # noqa: ANN401 - a generator of functions
    """Return settings that act as a role with no right but to read."""

    def make(role: str) -> DatabaseSettings:
        with connect(standing) as connection:
            connection.execute(f"drop role if exists {role}")
            connection.execute(f"create role {role} nologin")
            connection.execute("revoke temp on database pulse_standing from public")
            for schema in ("raw", "ops", "staging", "analytics"):
                connection.execute(f"grant usage on schema {schema} to {role}")
                connection.execute(f"grant select on all tables in schema {schema} to {role}")
        return standing.acting_as(role)

    yield make
    with connect(standing) as connection:
        connection.execute("drop owned by only_reads")
        connection.execute("drop role only_reads")
