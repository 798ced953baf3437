"""What `analytics.user_skill_agg` must say of every learner, skill and window."""

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from tests.marts.oracle.casting import mean
from tests.marts.oracle.events import Event


@dataclass(frozen=True)
class Window:
    """A window of days, of sessions, or of all time."""

    name: str
    length: timedelta | None
    sessions: int | None


@dataclass(frozen=True)
class SkillAggregate:
    """One row; where scores tie in time, every score that may be first or last."""

    avg_score: Decimal
    sample_size: int
    first_scores: frozenset[Decimal]
    last_scores: frozenset[Decimal]
    last_occurred_at: datetime
    as_of: datetime


def windows(seeds: Path) -> list[Window]:
    """Return the windows as the seed has them."""
    with (seeds / "skill_windows.csv").open(encoding="utf-8", newline="") as file:
        return [
            Window(
                row["window_name"],
                timedelta(hours=24 * int(row["window_days"])) if row["window_days"] else None,
                int(row["session_limit"]) if row["session_limit"] else None,
            )
            for row in csv.DictReader(file)
        ]


def skill_aggregates(
    held: list[Window], events: Iterable[Event]
) -> dict[tuple[UUID, str, str], SkillAggregate | None]:
    """Return a row per user, skill and window; None where the last sessions are open to reading."""
    latest: dict[UUID, datetime] = {}
    by_skill: dict[tuple[UUID, str], list[Event]] = defaultdict(list)
    for event in events:
        latest[event.user] = max(event.at, latest.get(event.user, event.at))
        if event.skill is not None:
            by_skill[event.user, event.skill].append(event)
    rows: dict[tuple[UUID, str, str], SkillAggregate | None] = {}
    for (user, skill), own in by_skill.items():
        as_of = latest[user]
        for window in held:
            inside: list[Event] | None = own
            if window.length is not None:
                inside = [event for event in own if event.at >= as_of - window.length]
            elif window.sessions is not None:
                inside = _of_last_sessions(own, window.sessions)
            if inside is None:
                rows[user, skill, window.name] = None
            elif inside:
                rows[user, skill, window.name] = _aggregate(inside, as_of)
    return rows


def _of_last_sessions(events: list[Event], limit: int) -> list[Event] | None:
    times: dict[UUID, list[datetime]] = defaultdict(list)
    for event in events:
        times[event.session].append(event.at)
    newest_first = sorted(times, key=lambda session: max(times[session]), reverse=True)
    inside, outside = newest_first[:limit], newest_first[limit:]
    # Which sessions are last is plain only where they do not overlap at the cut.
    if outside and min(min(times[s]) for s in inside) <= max(max(times[s]) for s in outside):
        return None
    return [event for event in events if event.session in set(inside)]


def _aggregate(events: list[Event], as_of: datetime) -> SkillAggregate:
    first, last = min(event.at for event in events), max(event.at for event in events)
    return SkillAggregate(
        mean([event.score for event in events]),
        len(events),
        frozenset(event.score for event in events if event.at == first),
        frozenset(event.score for event in events if event.at == last),
        last,
        as_of,
    )
