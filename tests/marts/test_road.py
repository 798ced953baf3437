"""The whole road with the command: files that come late, bad files, other ways to build."""

import json
import shutil
from pathlib import Path

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from tests.conftest import EXAMPLES, ROOT, RunCommand, Tree
from tests.marts.comparison import marts_of
from tests.marts.rebuilding import Project, everything
from tests.marts.small_project import MART
from tests.marts.warm_dbt import WarmDbt

# Ada's second session: answers, a scorecard, and the only place of its user and its end.
SESSION_FILE = "sessions/ad021fb2-9649-40df-bd94-9809b94c84bc/session.json"

BAD_SCORECARDS = {
    "truncated": (b'{"overall": {"score": 8', "byte 23"),
    "empty": (b"", "byte 0"),
    "nul": (b'{"overall": {"score": 85}, "note": "a\\u0000b"}', "byte 37"),
    "bom": (b'\xef\xbb\xbf{"overall": {"score": 85}}', "byte 0"),
    "latin1": (b'{"overall": {"score": 85}, "note": "caf\xe9"}', "byte 39"),
}


@pytest.fixture
def copied_examples(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLES, tmp_path / "legacy", symlinks=True))


@pytest.mark.long
def test_a_session_file_that_comes_late_or_goes_leaves_the_marts_as_they_were(
    built_examples: DatabaseSettings,
    connection: psycopg.Connection,
    copied_examples: Path,
    database: DatabaseSettings,
    dbt: WarmDbt,
) -> None:
    with connect(built_examples) as never_deleted:
        expected = marts_of(never_deleted)
    late = copied_examples / SESSION_FILE
    content = late.read_bytes()
    late.unlink()
    dbt.run(database, copied_examples)
    without = marts_of(connection)
    assert without != expected
    late.write_bytes(content)
    dbt.run(database, copied_examples)
    assert marts_of(connection) == expected
    late.unlink()
    dbt.run(database, copied_examples)
    assert marts_of(connection) == expected


@pytest.mark.long
def test_bad_scorecards_are_quarantined_by_name_and_all_else_is_in_the_marts(
    connection: psycopg.Connection, tree: Tree, pulse_elt: RunCommand
) -> None:
    for key, (content, _) in BAD_SCORECARDS.items():
        tree.write(f"sessions/{key}/scorecard.json", content)
    tree.write("sessions/good/scorecard.json", {"overall": {"score": 85, "raw_score": 2.55}})
    first = pulse_elt("run", tree.root)
    assert first.returncode == 1, first.stderr
    for key, (_, position) in BAD_SCORECARDS.items():
        assert f"sessions/{key}/scorecard.json, {position}: " in first.stdout
    assert pulse_elt("load", tree.root).returncode == 0
    scored = connection.execute("select session_key, overall_score::text from analytics.scorecards")
    assert scored.fetchall() == [("good", "85.00")]
    listed = pulse_elt("quarantine", "list").stdout
    assert listed.count("scorecard.json, byte") == len(BAD_SCORECARDS)


@pytest.mark.long
def test_plain_dbt_builds_the_same_marts(
    built_examples: DatabaseSettings, pulse_elt: RunCommand, tmp_path: Path
) -> None:
    shutil.copy(ROOT / "profiles.example.yml", tmp_path / "profiles.yml")
    with connect(built_examples) as connection:
        before = marts_of(connection)
        named = {URL_VARIABLE: built_examples.as_url(with_password=True)}
        done = pulse_elt.dbt("build", "--profiles-dir", tmp_path, **named)
        assert done.returncode == 0, done.stdout
        assert marts_of(connection) == before


def test_plain_dbt_finds_a_database_that_is_named_in_parts(
    small: DatabaseSettings,
    small_project: Project,
    pulse_elt: RunCommand,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(URL_VARIABLE)
    named = small.as_environment(with_password=True)
    with connect(small) as connection:
        before = everything(connection)
        connection.execute(f"delete from {MART}")
        done = pulse_elt.dbt(
            "run", "--profiles-dir", small_project.dbt.profiles,
            PULSE_ELT_PROJECT_DIR=str(small_project.root), **named,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        assert everything(connection) == before


def test_a_build_does_not_touch_an_analytics_schema_of_the_application(
    connection: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    connection.execute("create schema analytics")
    connection.execute("create table analytics.user_readiness (user_id uuid)")
    done = pulse_elt("build")
    assert done.returncode == 3
    assert "user_readiness" in done.stderr
    assert "Traceback" not in done.stderr
    created = connection.execute("select to_regnamespace('staging') is null").fetchone()
    assert created == (True,)


def test_what_lands_after_the_cutoff_waits_for_the_next_build(
    database: DatabaseSettings, connection: psycopg.Connection, tree: Tree, small_project: Project
) -> None:
    folder = "trainer-change-logs/2025-03-04/Probe/s"
    tree.write(f"{folder}/now.json", {"pulse_step": "Probe"})
    load_source(tree.root, None, Scope())
    connection.execute(
        "insert into raw.documents (kind, source_path, content_sha256, session_key, origin, "
        f"source_modified_at, landed_at, payload) select kind, '{folder}/later.json', "
        "content_sha256, 'later', 'app', clock_timestamp(), clock_timestamp() + interval '1 hour', "
        "payload from raw.trainer_change_logs"
    )
    # The first build of all: the book of builds, and the cutoff in it, are only just there.
    small_project.dbt.build(database)
    logged = f"select session_id from {MART}"
    now, later = (
        connection.execute("select md5('session:' || %s)::uuid", (key,)).fetchall()
        for key in ("now", "later")
    )
    assert connection.execute(logged.encode()).fetchall() == now
    connection.execute("update raw.trainer_change_logs set landed_at = landed_at - '2 h'::interval")
    small_project.dbt.build(database)
    assert sorted(connection.execute(logged.encode()).fetchall()) == sorted([*now, *later])


@pytest.mark.long
def test_no_document_stops_a_build(
    database: DatabaseSettings, connection: psycopg.Connection, tree: Tree, dbt: WarmDbt
) -> None:
    user = "ada1ec75-0724-46cf-a5d1-1321a58903e3"
    answer = {"user_id": user, "score": 50, "skill_tag": "communication"}
    # Many answers in one file: anything worked out per answer from the whole file takes hours.
    tree.write("sessions/many/events.json", [answer] * 50_000)
    tree.write(f"history_{user}.json", [{"sessionId": "a", "score": 50}] * 50_000)
    noise = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(9_000))
    tree.write("sessions/long/events.json", [{**answer, "skill_tag": noise, "notes": noise}])
    tree.write(
        "sessions/edge/session.json",
        {"user_id": user, "created_at": "9999-12-31T23:59:59-12:00", "completed_at": "0001"},
    )
    tree.write("sessions/edge/scorecard.json", {"overall": {"score": 85, "raw_score": 2.55}})
    tree.write(
        "sessions/twice/evaluation.json",
        {"scores": {"probe": {"score": 1}, "Probe ": {"score": 2}, "Link": {"score": 3}}},
    )
    dbt.run(database, tree.root)
    steps = connection.execute(
        "select pulse_step, score::text from analytics.session_events "
        "where event_source = 'evaluation' order by 1"
    ).fetchall()
    assert steps == [("Link", "100.00"), ("Probe", "66.67")]
    rejected = connection.execute(
        "select field, reason from staging.stg_pulse__rejected_values order by field"
    ).fetchall()
    assert rejected == [
        ("[0].skill_tag", "too_long"),
        ("completed_at", "not_a_timestamp"),
        ("created_at", "out_of_range"),
        ("scores.probe", "duplicate_step"),
    ]
    answers = "select count(*) from analytics.session_events where event_source = 'answer'"
    assert connection.execute(answers).fetchone() == (50_001,)


@pytest.mark.long
def test_part_of_the_models_reads_what_the_others_have_read(
    standing: DatabaseSettings, tree: Tree, pulse_elt: RunCommand, dbt: WarmDbt
) -> None:
    conversation = min(EXAMPLES.glob("sessions/*/conversation.json")).relative_to(EXAMPLES)
    tree.write("sessions/b/scorecard.json", {"overall": {"score": 85, "raw_score": 2.55}})
    for turn in ("x", "y"):
        tree.write(str(conversation), {"messages": [turn]})
        assert pulse_elt("load", tree.root, "--accept-vanished").returncode == 0
    dbt.invoke(standing, ["build", "--select", "user_skill_agg", "test_type:singular"])
    status = json.loads(pulse_elt("status", "--json").stdout)
    assert status["marts"]["landed_since"] > 0


@pytest.mark.long
def test_another_formula_is_a_variable_away(built_examples: DatabaseSettings, dbt: WarmDbt) -> None:
    versions = "select distinct formula_version from analytics.user_readiness_latest"
    with connect(built_examples) as connection:
        dbt.build(built_examples, "--vars", "readiness_formula: v2")
        assert connection.execute(versions).fetchall() == [("v2",)]
        dbt.build(built_examples)
        assert connection.execute(versions).fetchall() == [("v1",)]
