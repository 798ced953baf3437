"""Readiness at every moment of every learner, as docs/design.md §5 words the formula."""

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from tests.marts.oracle.casting import mean, weighted_mean
from tests.marts.oracle.events import Event


@dataclass(frozen=True)
class Formula:
    """What analysts tune: a window, which skills make a component, what it weighs, the bands."""

    version: str
    window: timedelta
    components: dict[str, str]
    weights: dict[str, Decimal]
    bands: list[tuple[str, Decimal | None]]


@dataclass(frozen=True)
class Snapshot:
    """One computed row of `analytics.user_readiness`."""

    session_id: UUID
    readiness_overall: Decimal
    readiness_technical: Decimal | None
    readiness_communication: Decimal | None
    readiness_structure: Decimal | None
    readiness_behavioral: Decimal | None
    readiness_band: str
    delta_overall: Decimal | None
    event_count: int
    formula_version: str


def formula(seeds: Path, version: str) -> Formula:
    """Return a formula as the seeds have it."""

    def rows(name: str) -> list[dict[str, str]]:
        with (seeds / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return [r for r in csv.DictReader(file) if r.get("formula_version", version) == version]

    (window,) = (timedelta(hours=24 * int(r["window_days"])) for r in rows("readiness_formulas"))
    return Formula(
        version,
        window,
        {r["skill_tag"]: r["component"] for r in rows("readiness_skills")},
        {r["component"]: Decimal(r["weight"]) for r in rows("readiness_components")},
        [
            (r["readiness_band"], Decimal(r["at_least"]) if r["at_least"] else None)
            for r in rows("readiness_bands")
        ],
    )


def readiness(how: Formula, events: Iterable[Event]) -> dict[tuple[UUID, datetime], Snapshot]:
    """Return every computed snapshot by user and moment."""
    by_user: dict[UUID, list[Event]] = defaultdict(list)
    for event in events:
        by_user[event.user].append(event)
    snapshots: dict[tuple[UUID, datetime], Snapshot] = {}
    for user, own in by_user.items():
        before: Decimal | None = None
        for moment, session in sorted(_moments(own).items()):
            window = [event for event in own if moment - how.window <= event.at <= moment]
            snapshot = _snapshot(how, session, window, before)
            if snapshot is not None:
                snapshots[user, moment] = snapshot
                before = snapshot.readiness_overall
    return snapshots


def _moments(events: list[Event]) -> dict[datetime, UUID]:
    ends: dict[UUID, datetime] = {}
    for event in events:
        ends[event.session] = max(event.at, ends.get(event.session, event.at))
    moments: dict[datetime, UUID] = {}
    for session, end in ends.items():
        moments[end] = min(session, moments.get(end, session))
    return moments


def _snapshot(
    how: Formula, session: UUID, window: list[Event], before: Decimal | None
) -> Snapshot | None:
    scores: dict[str, list[Decimal]] = defaultdict(list)
    for event in window:
        if event.skill in how.components:
            scores[how.components[event.skill]].append(event.score)
    components = {name: mean(own) for name, own in scores.items()}
    stand_in = [event.score for event in window if event.skill == "overall"]
    if components:
        overall = weighted_mean([(how.weights[name], own) for name, own in components.items()])
    elif stand_in:
        overall = mean(stand_in)
    else:
        return None
    return Snapshot(
        session,
        overall,
        components.get("technical"),
        components.get("communication"),
        components.get("structure"),
        components.get("behavioral"),
        _band(how, overall),
        None if before is None else overall - before,
        len(window),
        how.version,
    )


def _band(how: Formula, overall: Decimal) -> str:
    reached = [name for name, at_least in how.bands if at_least is None or overall >= at_least]
    return reached[-1]
