"""Readiness and skills of random learners against a second reading of the specification.

The oracle reads the documents, not the marts before these: whose, when and on which scale an event
is, is judged too.
"""

import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import class_row, dict_row

from loaders.database.connection import connect
from tests.conftest import ROOT, Server, create_database, drop_database
from tests.marts.oracle.events import Event, events_of, missed_file_times
from tests.marts.oracle.made_up_histories import WINDOW, histories
from tests.marts.oracle.readiness import Snapshot, formula, readiness
from tests.marts.oracle.skills import SkillAggregate, skill_aggregates, windows
from tests.marts.oracle.writing import write_text
from tests.marts.warm_dbt import PartOf

pytestmark = [pytest.mark.long, pytest.mark.every_server]

LEARNERS = 1_500

Key = tuple[UUID, datetime]
SkillKey = tuple[UUID, str, str]


@dataclass(frozen=True)
class Built:
    """The events of all learners, and what builds with either formula made of them."""

    seed: int
    events: list[Event]
    readiness: dict[str, dict[Key, Snapshot]]
    skills: dict[SkillKey, dict[str, Any]]
    missed: set[str]
    rejected: list[str]


@pytest.fixture(scope="module")
def built(
    server: Server,
    template: str,
    part_of: PartOf,
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    request: pytest.FixtureRequest,
) -> Iterator[Built]:
    """One tree of learners, loaded once, built with formula v1 and then with v2."""
    files = histories(random.Random(seed), LEARNERS * request.config.getoption("--examples"))
    root = tmp_path_factory.mktemp("learners")
    for path, file in files.items():
        at = file.modified_at.timestamp()
        os.utime(write_text(root, path, file.text), (at, at))
    settings = create_database(server, "pulse_learners", template)
    with connect(settings) as connection:
        dbt = part_of("user_readiness", "user_skill_agg", "stg_pulse__rejected_values")
        dbt.run(settings, root)
        found = {"v1": _readiness(connection)}
        skills = _skills(connection)
        rejected = _rejected_file_times(connection)
        dbt.build(settings, "--vars", "readiness_formula: v2")
        found["v2"] = _readiness(connection)
    yield Built(seed, events_of(files), found, skills, missed_file_times(files), rejected)
    drop_database(server, "pulse_learners")


def _readiness(connection: psycopg.Connection) -> dict[Key, Snapshot]:
    names = [field.name for field in fields(Snapshot)]
    rows = connection.cursor(row_factory=class_row(Snapshot)).execute(
        f"select {', '.join(names)} from analytics.user_readiness "
        "where source = 'computed' order by user_id, snapshot_at"
    )
    keys = connection.execute(
        "select user_id, snapshot_at from analytics.user_readiness "
        "where source = 'computed' order by user_id, snapshot_at"
    )
    return dict(zip(keys.fetchall(), rows.fetchall(), strict=True))


def _skills(connection: psycopg.Connection) -> dict[SkillKey, dict[str, Any]]:
    cursor = connection.cursor(row_factory=dict_row)
    rows = cursor.execute("select * from analytics.user_skill_agg").fetchall()
    return {(row["user_id"], row["skill_tag"], row["window_name"]): row for row in rows}


def _rejected_file_times(connection: psycopg.Connection) -> list[str]:
    rows = connection.execute(
        "select source_path from staging.stg_pulse__rejected_values where field = '$file_time'"
    )
    return [path for (path,) in rows]


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_every_snapshot_is_what_a_second_reading_of_the_formula_says(
    built: Built, version: str
) -> None:
    expected = readiness(formula(ROOT / "seeds", version), built.events)
    found = built.readiness[version]
    wrong = [
        f"{key[0]} at {key[1]}:\n  expected {expected.get(key)}\n  found    {found.get(key)}"
        for key in sorted(expected.keys() | found.keys())
        if expected.get(key) != found.get(key)
    ]
    # Not the list itself, for pytest would explain the difference of thousands for minutes.
    assert len(wrong) == 0, f"--seed {built.seed}, {len(wrong)} wrong:\n" + "\n".join(wrong[:5])


def test_every_skill_in_every_window_is_what_a_second_reading_says(built: Built) -> None:
    expected = skill_aggregates(windows(ROOT / "seeds"), built.events)
    wrong = [
        f"{key}:\n  expected {expected.get(key)}\n  found    {built.skills.get(key)}"
        for key in sorted(expected.keys() | built.skills.keys())
        if not _agrees(key, expected, built.skills.get(key))
    ]
    assert len(wrong) == 0, f"--seed {built.seed}, {len(wrong)} wrong:\n" + "\n".join(wrong[:5])
    names = Counter(name for (_, _, name), row in expected.items() if row is not None)
    assert len(names) == 7
    assert min(names.values()) > len(expected) // 20, names


def test_every_file_time_that_was_missed_is_told_once(built: Built) -> None:
    assert sorted(built.missed ^ set(built.rejected))[:5] == []
    assert len(built.rejected) == len(built.missed) > 50


def _agrees(
    key: SkillKey, expected: dict[SkillKey, SkillAggregate | None], row: dict[str, Any] | None
) -> bool:
    if key not in expected or row is None:
        return False
    by_oracle = expected[key]
    # None: the words allow more than one set of last sessions.
    return by_oracle is None or (
        all(
            row[name] == getattr(by_oracle, name)
            for name in ("avg_score", "sample_size", "last_occurred_at", "as_of")
        )
        and row["first_score"] in by_oracle.first_scores
        and row["last_score"] in by_oracle.last_scores
    )


def test_the_learners_meet_what_is_hard(built: Built) -> None:
    snapshots = readiness(formula(ROOT / "seeds", "v1"), built.events)
    times: dict[UUID, set[datetime]] = {}
    ends: dict[tuple[UUID, UUID], datetime] = {}
    for event in built.events:
        times.setdefault(event.user, set()).add(event.at)
        last = ends.setdefault((event.user, event.session), event.at)
        ends[event.user, event.session] = max(last, event.at)
    shared = Counter((user, end) for (user, _), end in ends.items())
    assert sum(count > 1 for count in shared.values()) > 100, "sessions that end together"
    assert len(shared) - len(snapshots) > 100, "moments without a snapshot"
    borders = Counter(
        (moment - WINDOW - at).total_seconds()
        for user, moment in snapshots
        for at in times[user]
        if abs((moment - WINDOW - at).total_seconds()) < 2e-6
    )
    assert borders[0.0] > 100, "events exactly 30 days old"
    assert borders[1e-06] > 100, "events a microsecond older"
    stood_in = [each for each in snapshots.values() if _has_no_component(each)]
    assert len(stood_in) > 100, "the average of overall stands in"
    assert len({each.readiness_band for each in snapshots.values()}) == 3


def _has_no_component(each: Snapshot) -> bool:
    return (
        each.readiness_technical,
        each.readiness_communication,
        each.readiness_structure,
        each.readiness_behavioral,
    ) == (None, None, None, None)
