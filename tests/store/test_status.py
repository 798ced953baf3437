"""What stores report is shown by 'pulse-elt status', and is nothing but counts."""

import json

import psycopg
import pytest

from loaders.database.settings import DatabaseSettings
from tests.conftest import RunCommand
from tests.store.conftest import MakeStore

REPORT = "select raw.report_store(%s, %s::jsonb)"


@pytest.fixture
def app_connection(app: DatabaseSettings) -> psycopg.Connection:
    return psycopg.connect(**app.parameters, autocommit=True)  # type: ignore[arg-type]


def test_status_shows_what_processes_of_the_application_counted(
    make_store: MakeStore, pulse_elt: RunCommand
) -> None:
    store = make_store(report_seconds=0.0)
    store.write_json("sessions/a/session.json", {})
    shown = pulse_elt("status")
    assert shown.returncode == 0, shown.stderr
    assert "overwritten unseen" in shown.stdout
    assert "a test/" in shown.stdout
    (report,) = json.loads(pulse_elt("status", "--json").stdout)["stores"]
    assert report["counters"]["write_json.ok"] == 1
    assert 'counter="write_json.ok"} 1' in pulse_elt("status", "--format", "prometheus").stdout


@pytest.mark.parametrize(
    ("instance", "counters"),
    [
        ("", "{}"), ("x" * 201, "{}"), ("a\nb", "{}"), (None, "{}"), ("a", None), ("a", "[]"),
        ("a", '{"path": "sessions/a"}'), ("a", '{"nested": {"n": 1}}'), ("a", '{"n": null}'),
        ("a", json.dumps({f"counter {n}": n for n in range(2_000)})),
    ],
)  # fmt: skip
def test_a_report_is_a_name_and_numbers(
    app_connection: psycopg.Connection, instance: str | None, counters: str | None
) -> None:
    with app_connection, pytest.raises(psycopg.Error) as refused:
        app_connection.execute(REPORT, (instance, counters))
    assert refused.value.sqlstate in ("PU006", "22004")


def test_a_report_comes_once_a_minute_and_goes_after_a_week(
    app_connection: psycopg.Connection, connection: psycopg.Connection
) -> None:
    with app_connection:
        answers = [app_connection.execute(REPORT, ("a", '{"n": 1}')).fetchone() for _ in range(2)]
        assert answers == [(True,), (False,)]
        connection.execute(
            "update raw.store_reports set reported_at = reported_at - interval '8 d'"
        )
        assert app_connection.execute(REPORT, ("b", '{"n": 2}')).fetchone() == (True,)
    rows = connection.execute("select instance, counters from raw.store_reports").fetchall()
    assert rows == [("b", {"n": 2})]
