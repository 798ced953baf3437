"""File times out of range date nothing and decide nothing; where needed, they are told."""

import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from tests.conftest import RunCommand, Server, create_database, drop_database
from tests.loaders.archives import tar_member
from tests.marts.rebuilding import assert_equals_full_build
from tests.marts.warm_dbt import PartOf

EPOCH, EVE, FIRST, MARCH, APRIL, LATE, LATEST = (
    "1970-01-01T00:00:00", "1999-12-31T23:59:59", "2000-01-01T00:00:00", "2025-03-04T10:00:00",
    "2025-04-05T10:00:00", "2262-01-01T00:00:00", "9000-01-01T00:00:00",
)  # fmt: skip
# No file has it, so it is set in the landing: its document's landing, and a year and a day.
YEAR, OVER = "landed + 366 days", "landed + 366 days and a microsecond"
INFINITE = {"infinity", "-infinity"}

CARD, POOR = {"overall": {"score": 80}}, {"overall": {"score": 20}}
USER = {name: f"ada1ec75-0000-4000-8000-{n:012d}" for n, name in enumerate("abcdefg")}
TEXT = {"transcript": ["Trainee: hello"]}
DONE = {"completed_at": APRIL + "Z"}


def snapshots(overall: int) -> list[object]:
    """A history with one readiness snapshot."""
    return [{"timestamp": MARCH, "overall": overall}]


@dataclass(frozen=True)
class Case:
    """Documents by name, each with its file's time, of which one session has the name of the case.

    `missed` are the documents whose file times are rejected values.
    """

    files: Mapping[str, tuple[object, str | None]]
    occurred_at: str | None
    source: str | None
    missed: tuple[str, ...] = ()


# fmt: off
CASES = {
    # What dates a session otherwise is not asked of its files.
    "completed": Case(
        {"scorecard": (CARD, EPOCH), "session": (DONE, LATE)}, APRIL, "completed_at"),
    "remembered": Case(
        {"scorecard": (CARD, EPOCH),
         "history_R": ([{"sessionId": "remembered", "date": MARCH}], LATE)},
        MARCH, "history"),
    # The scorecard's file, or the next that has a time.
    "good-card": Case(
        {"scorecard": (CARD, MARCH), "session": ({}, EPOCH)}, MARCH, "scorecard_file"),
    "good-session": Case(
        {"scorecard": (CARD, EPOCH), "session": ({}, MARCH), "transcript": (TEXT, LATE)},
        MARCH, "document_file", ("scorecard",)),
    "good-transcript": Case(
        {"transcript": (TEXT, APRIL), "session": ({}, EPOCH), "evaluation": ({}, EVE)},
        APRIL, "document_file", ("session", "evaluation")),
    # None of them.
    "epoch": Case(
        {"scorecard": (CARD, EPOCH), "session": ({}, EPOCH)}, None, None, ("scorecard", "session")),
    "late": Case(
        {"scorecard": (CARD, LATE), "transcript": (TEXT, LATEST)}, None, None,
        ("scorecard", "transcript")),
    "eve": Case({"scorecard": (CARD, EVE)}, None, None, ("scorecard",)),
    "zip": Case({"scorecard": (CARD, "1980-01-01T00:00:00")}, None, None, ("scorecard",)),
    "tar": Case({"scorecard": (CARD, "2242-03-16T12:56:32")}, None, None, ("scorecard",)),
    "infinite": Case(
        {"scorecard": (CARD, "infinity"), "session": ({}, "-infinity")}, None, None,
        ("scorecard", "session")),
    "unknown": Case({"scorecard": (CARD, None), "session": ({}, None)}, None, None),
    "unknown-card": Case(
        {"scorecard": (CARD, None), "session": ({}, EPOCH)}, None, None, ("session",)),
    # The borders.
    "first": Case({"scorecard": (CARD, FIRST)}, FIRST, "scorecard_file"),
    "last": Case({"scorecard": (CARD, YEAR)}, YEAR, "scorecard_file"),
    "over": Case({"scorecard": (CARD, OVER)}, None, None, ("scorecard",)),
    # Histories.
    "listed": Case(
        {"history_L": ([{"sessionId": "listed"}, {"sessionId": "listed-2"}], EPOCH)},
        None, None, ("history_L",)),
    "listed-well": Case(
        {"history_M": ([{"sessionId": "listed-well"}], MARCH), "transcript": (TEXT, LATE)},
        MARCH, "document_file", ("transcript",)),
    "listed-twice": Case(
        {"history_N": ([{"sessionId": "listed-twice", "date": MARCH}], APRIL),
         "x/history_N": ([{"sessionId": "listed-twice", "date": APRIL}], LATE)},
        MARCH, "history", ("x/history_N",)),
    # Duplicates: the later file counts, ties by path.
    "outdone": Case(
        {"scorecard": (CARD, MARCH), "scorecards/": (POOR, LATE), "session": (DONE, MARCH)},
        APRIL, "completed_at", ("scorecards/",)),
    "outdone-early": Case(
        {"scorecard": (CARD, MARCH), "scorecards/": (POOR, EPOCH), "session": (DONE, EPOCH)},
        APRIL, "completed_at"),
    "all-outdone": Case(
        {"scorecard": (POOR, LATE), "scorecards/": (CARD, EPOCH), "session": (DONE, EPOCH)},
        APRIL, "completed_at", ("scorecard", "scorecards/")),
}
# fmt: on
SNAPSHOTS = {
    f"history_{USER['g']}.json": (snapshots(40), APRIL),
    f"users/{USER['g']}/history.json": (snapshots(90), LATE),
    f"users/{USER['f']}/history.json": (snapshots(50), LATE),
}


def path_of(name: str, case: str) -> str:
    if "history_" in name:
        return f"{name}.json"
    return f"scorecards/{case}.json" if name == "scorecards/" else f"sessions/{case}/{name}.json"


def pack(path: Path, files: Mapping[str, tuple[object, str | None]]) -> Path:
    """Pack documents: an archive keeps any time, whatever the file system of the test does."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for name, (document, at) in files.items():
            content = json.dumps(document).encode()
            member = tar_member(name, len(content))
            known = at is not None and at[:1].isdigit()
            member.pax_headers = {"mtime": str(_seconds(at)) if known and at else "unknown"}
            archive.addfile(member, io.BytesIO(content))
    return path


def _seconds(at: str) -> int:
    return int(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp())


@dataclass(frozen=True)
class Built:
    """What the build of all cases made of them."""

    sessions: dict[str, tuple[Any, ...]]
    rejected: dict[str, tuple[str, str, str]]
    connection: psycopg.Connection


@pytest.fixture(scope="module")
def built(
    server: Server, template: str, part_of: PartOf, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Built]:
    dbt = part_of("scorecards", "user_readiness", "stg_pulse__rejected_values")
    files = {
        path_of(name, key): held for key, case in CASES.items() for name, held in case.files.items()
    } | SNAPSHOTS
    settings = create_database(server, "pulse_file_times", template)
    archive = pack(tmp_path_factory.mktemp("times") / "tree.tar", files)
    with connect(settings) as connection:
        with pytest.MonkeyPatch.context() as patched:
            for name, value in settings.as_environment(with_password=True).items():
                patched.setenv(name, value)
            load_source(archive, None, Scope(), workers=1)
        for path, (_, at) in files.items():
            _set_in_the_landing(connection, path, at)
        dbt.build(settings, PGTZ="Europe/Berlin")
        connection.execute("set time zone 'UTC'")
        yield Built(_sessions(connection), _rejected(connection), connection)
    drop_database(server, "pulse_file_times")


def _set_in_the_landing(connection: psycopg.Connection, path: str, at: str | None) -> None:
    if at in INFINITE:
        connection.execute(
            "update raw.documents set source_modified_at = %s where source_path = %s", (at, path)
        )
    if at in (YEAR, OVER):
        connection.execute(
            "update raw.documents set source_modified_at = "
            "landed_at + %s * interval '1 microsecond' + 366 * interval '24 hours' "
            "where source_path = %s",
            (int(at == OVER), path),
        )


def _sessions(connection: psycopg.Connection) -> dict[str, tuple[Any, ...]]:
    rows = connection.execute(
        "select session_key, occurred_at, occurred_at_source "
        "from intermediate.int_sessions_resolved"
    )
    return {key: (at and at.replace(tzinfo=None), source) for key, at, source in rows}


def _rejected(connection: psycopg.Connection) -> dict[str, tuple[str, str, str]]:
    rows = connection.execute(
        "select source_path, kind, rejected_text, reason "
        "from staging.stg_pulse__rejected_values where field = '$file_time'"
    ).fetchall()
    assert len({row[0] for row in rows}) == len(rows), "a file time is told once"
    return {row[0]: row[1:] for row in rows}


@pytest.mark.parametrize("key", CASES)
def test_the_next_best_source_dates_a_session(built: Built, key: str) -> None:
    expected, source = CASES[key].occurred_at, CASES[key].source
    at, found = built.sessions[key]
    assert found == source
    if expected == YEAR:
        landed = built.connection.execute(
            "select source_modified_at from raw.documents where session_key = %s", (key,)
        ).fetchone()
        assert landed == (at.replace(tzinfo=UTC),)
    else:
        assert at == (expected and datetime.fromisoformat(expected))


@pytest.mark.parametrize("key", CASES)
def test_a_file_time_that_was_needed_is_one_rejected_value(built: Built, key: str) -> None:
    case = CASES[key]
    for name, (_, at) in case.files.items():
        path = path_of(name, key)
        assert (path in built.rejected) is (name in case.missed), path
        if name in case.missed:
            _, text, reason = built.rejected[path]
            assert reason == "out_of_range"
            assert at is not None
            assert at == OVER or text == (at if at in INFINITE else f"{at}+00:00")


def test_the_better_of_two_duplicates_and_of_two_snapshots_counts(built: Built) -> None:
    scores = built.connection.execute(
        "select session_key, overall_score from analytics.scorecards "
        "where session_key like '%%outdone%%' order by session_key"
    ).fetchall()
    assert scores == [("all-outdone", 80), ("outdone", 80), ("outdone-early", 80)]
    readiness = built.connection.execute(
        "select user_id::text, readiness_overall from analytics.user_readiness "
        "where source = 'legacy' order by user_id"
    ).fetchall()
    assert readiness == [(USER["f"], 50), (USER["g"], 40)]
    told = {path for path in SNAPSHOTS if path in built.rejected}
    assert told == {f"users/{USER['g']}/history.json"}


@pytest.mark.long
def test_a_session_without_any_date_stays_where_sessions_are_and_counts_nowhere_else(
    database: DatabaseSettings,
    connection: psycopg.Connection,
    pulse_elt: RunCommand,
    tmp_path: Path,
) -> None:
    answers = [{"skill_tag": "structure", "score": 60}]
    files: dict[str, tuple[object, str | None]] = {}
    for user, time in {"a": EPOCH, "b": LATE, "c": MARCH}.items():
        for key, at in {f"{user}1": time, f"{user}2": APRIL}.items():
            folder = f"sessions/{key}"
            files[f"{folder}/session.json"] = ({"user_id": USER[user], "persona": "Relater"}, at)
            files[f"{folder}/scorecard.json"] = (CARD, at)
            files[f"{folder}/events.json"] = (answers, at)
            files[f"{folder}/transcript.json"] = (TEXT, at)
    files["sessions/d1/session.json"] = ({"user_id": USER["d"]}, LATEST)
    files["sessions/d1/scorecard.json"] = (CARD, LATEST)
    # All tests of dbt and the gates of the night, too.
    done = pulse_elt("run", pack(tmp_path / "tree.tar", files))
    assert done.returncode == 0, done.stdout + done.stderr
    undated = {
        relation: connection.execute(
            f"select count(*), count(*) - count(occurred_at) from analytics.{relation}"
        ).fetchone()
        for relation in ("scorecards", "session_events", "session_transcripts")
    }
    assert undated == {
        "scorecards": (7, 3), "session_events": (13, 5), "session_transcripts": (6, 2),
    }  # fmt: skip
    connection.execute("set time zone 'UTC'")
    learners = connection.execute(
        "select user_id::text, first_session_at::date::text, last_session_at::date::text, "
        "session_count from analytics.learners order by user_id"
    ).fetchall()
    march, april = MARCH[:10], APRIL[:10]
    assert learners == [
        (USER["a"], april, april, 2), (USER["b"], april, april, 2),
        (USER["c"], march, april, 2), (USER["d"], None, None, 1),
    ]  # fmt: skip
    for relation, users in {
        "user_readiness": 3,
        "user_skill_agg": 3,
        "user_skill_trend": 3,
    }.items():
        found = connection.execute(f"select count(distinct user_id) from analytics.{relation}")
        assert found.fetchone() == (users,), relation
    cohorts = connection.execute(
        "select cohort_month::text, learner_count from analytics.cohort_readiness "
        "where months_since = 0 order by 1"
    )
    assert cohorts.fetchall() == [("2025-03-01", 1), ("2025-04-01", 2)]
    for relation in ("scorecards", "learners", "session_events"):
        connection.execute(f"select * from reporting.{relation}").fetchall()
    assert pulse_elt("status").returncode == 0


@pytest.mark.long
def test_rejected_file_times_follow_when_only_the_need_changes(
    database: DatabaseSettings,
    connection: psycopg.Connection,
    part_of: PartOf,
    tmp_path: Path,
) -> None:
    dated = part_of("int_sessions_resolved", "stg_pulse__rejected_values")
    card, session = "sessions/a/scorecard.json", "sessions/a/session.json"
    second, history = "scorecards/a.json", "history_T1.json"

    def build(files: Mapping[str, tuple[object, str | None]]) -> tuple[set[str], Any]:
        load_source(pack(tmp_path / "tree.tar", files), None, Scope(), workers=1)
        dated.build(database)
        told, ((_, source),) = _rejected(connection).keys(), _sessions(connection).values()
        return set(told), source

    assert build({card: (CARD, EPOCH)}) == ({card}, None)
    # What dates it arrives, and leaves again.
    assert build({session: (DONE, MARCH)}) == (set(), "completed_at")
    assert build({session: ({}, LATE)}) == ({card, session}, None)
    entry = {"sessionId": "a", "date": MARCH}
    assert build({history: ([entry], EPOCH)}) == (set(), "history")
    assert build({history: ([{"sessionId": "a"}], EPOCH)}) == ({card, session, history}, None)
    # A second scorecard speaks for it, and the first one's time has nothing to say any more.
    assert build({second: (CARD, APRIL)}) == (set(), "scorecard_file")
    connection.execute("delete from raw.documents where source_path = %s", (second,))
    dated.build(database)
    assert set(_rejected(connection)) == {card, session, history}
    assert_equals_full_build(database, dated)
