"""The figures of the page, as the role that reads sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg

from loaders.database.queries import one_row, one_value
from loaders.pictures import queries, risk
from loaders.pictures.risk import Signs

# How old data may be before the page's head turns amber, in days.
STALE_BUILD_DAYS = 2
STALE_SESSION_DAYS = 7

# How much of the data a page shows at most, so that it stays small at any scale.
MOST_WEEKS = 104
MOST_COHORTS = 18
MOST_COHORT_MONTHS = 12
MOST_SKILLS = 60
MOST_PERSONAS = 12
MOST_REASONS = 30
LINE_WEEKS = 26

BOUNDS = {
    "built_days": STALE_BUILD_DAYS,
    "session_days": STALE_SESSION_DAYS,
    "weeks": MOST_WEEKS,
    "cohorts": MOST_COHORTS,
    "months": MOST_COHORT_MONTHS,
    "skills": MOST_SKILLS,
    "personas": MOST_PERSONAS,
    "reasons": MOST_REASONS,
    "line_weeks": LINE_WEEKS,
    **risk.PARAMETERS,
}


@dataclass(frozen=True)
class Freshness:
    """How old the data are; the same for every role. The last three say why they are stale."""

    cutoff: datetime | None
    built_at: datetime | None
    newest_session_at: datetime | None
    last_load_at: datetime | None
    is_old_build: bool
    is_quiet_source: bool
    has_unbuilt_load: bool


@dataclass(frozen=True)
class Band:
    """A band of readiness, with its limits."""

    name: str
    colour: str
    at_least: Decimal | None
    below: Decimal | None


@dataclass(frozen=True)
class Crowd:
    """How many learners the role sees: all, practised in 30 days, gone, with any readiness."""

    learners: int
    practising: int
    gone: int
    assessed: int


@dataclass(frozen=True)
class BandWeek:
    """Learners per band at the end of a week, the lowest band first."""

    week_start: date
    learners: tuple[int, ...]


@dataclass(frozen=True)
class SessionWeek:
    """Scored sessions of a week, and the learners who had them."""

    week_start: date
    sessions: int
    learners: int


@dataclass(frozen=True)
class SessionCounts:
    """Scored sessions of the newest 28 days, of the 28 before, of all time, without a time."""

    recent: int
    before: int
    all_time: int
    undated: int


@dataclass(frozen=True)
class CohortMonth:
    """A cohort in a month of its life."""

    cohort_month: date
    months_since: int
    learners: int
    active: int
    mean_readiness: Decimal | None

    @property
    def is_thin(self) -> bool:
        """Whether less than a quarter of the cohort, or fewer than three, practised then."""
        return self.active < 3 or self.active * 4 < self.learners


@dataclass(frozen=True)
class Skill:
    """A skill over learners, or of one; weak counts learners below the threshold."""

    label: str
    kind: str
    learners: int
    weak: int
    recent: Decimal | None
    all_time: Decimal | None

    @property
    def is_trained(self) -> bool:
        """Whether it has a recent score, and is more than a part of the scorecard."""
        return self.kind != "scorecard" and self.recent is not None


@dataclass(frozen=True)
class SkillTotals:
    """How many skills there are, how many a chart could draw, how many share the first place."""

    all: int = 0
    drawn: int = 0
    weakest: int = 0


@dataclass(frozen=True)
class Milestone:
    """How many learners have reached a readiness, and their median days to it."""

    threshold: Decimal
    learners: int
    median_days: Decimal | None


@dataclass(frozen=True)
class AtRisk:
    """A learner at risk, with the readiness of the last half year, week by week."""

    user_id: UUID
    readiness: Decimal | None
    band: str | None
    sessions: int
    signs: Signs
    line: tuple[tuple[date, Decimal], ...]


@dataclass(frozen=True)
class Outcome:
    """How the sales of a persona ended."""

    persona: str
    won: int
    lost: int
    stalled: int
    others: int

    @property
    def total(self) -> int:
        return self.won + self.lost + self.stalled + self.others


@dataclass(frozen=True)
class Reason:
    """Documents or values that could not be used, by kind and reason."""

    kind: str
    reason: str
    count: int


@dataclass(frozen=True)
class TeamFigures:
    """All figures of the page."""

    role: str
    freshness: Freshness
    bands: tuple[Band, ...]
    crowd: Crowd
    band_weeks: tuple[BandWeek, ...]
    session_weeks: tuple[SessionWeek, ...]
    session_counts: SessionCounts
    cohorts: tuple[CohortMonth, ...]
    skills: tuple[Skill, ...]
    skill_totals: SkillTotals
    threshold: Decimal | None
    milestones: tuple[Milestone, ...]
    at_risk: tuple[AtRisk, ...]
    at_risk_total: int
    outcomes: tuple[Outcome, ...]
    reasons: tuple[Reason, ...]
    troubles: int
    reasons_total: int


def read_freshness(connection: psycopg.Connection) -> Freshness:
    """Return how old the data are."""
    found = connection.execute(queries.FRESHNESS, BOUNDS).fetchone()
    times = found or (None,) * 7
    return Freshness(*times[:4], *(bool(each) for each in times[4:]))


def read_bands(connection: psycopg.Connection) -> tuple[Band, ...]:
    """Return the bands, the lowest first."""
    return tuple(Band(*row) for row in connection.execute(queries.BANDS))


def read_crowd(connection: psycopg.Connection) -> Crowd:
    """Return how many learners the role sees."""
    return Crowd(*one_row(connection, queries.CROWD, BOUNDS))


def skill_totals(rows: Sequence[tuple[Any, ...]]) -> SkillTotals:
    """Return what each row of skills repeats."""
    return SkillTotals(*(int(each or 0) for each in rows[0][6:9])) if rows else SkillTotals()


def read_team(connection: psycopg.Connection, role: str) -> TeamFigures:
    """Return the figures of the page, in the transaction of the connection."""

    def rows(query: str, more: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        return connection.execute(query.encode(), {**bounds, **(more or {})}).fetchall()

    freshness = read_freshness(connection)
    bounds = {**BOUNDS, "newest": freshness.newest_session_at}
    listed = rows(queries.AT_RISK)
    lines: dict[UUID, list[tuple[date, Decimal]]] = {row[0]: [] for row in listed}
    for user_id, week_start, readiness in rows(queries.LINES, {"learners": list(lines)}):
        lines[user_id].append((week_start, readiness))
    skills = rows(queries.SKILLS)
    reasons = rows(queries.QUALITY)
    return TeamFigures(
        role=role,
        freshness=freshness,
        bands=read_bands(connection),
        crowd=read_crowd(connection),
        band_weeks=tuple(BandWeek(row[0], tuple(row[1])) for row in rows(queries.BAND_WEEKS)),
        session_weeks=tuple(SessionWeek(*row) for row in rows(queries.SESSION_WEEKS)),
        session_counts=SessionCounts(*rows(queries.SESSION_COUNTS)[0]),
        cohorts=tuple(CohortMonth(*row) for row in rows(queries.COHORTS)),
        skills=tuple(Skill(*row[:6]) for row in skills),
        skill_totals=skill_totals(skills),
        threshold=one_value(connection, queries.THRESHOLD),
        milestones=tuple(Milestone(*row) for row in rows(queries.MILESTONES)),
        at_risk=tuple(
            AtRisk(row[0], row[1], row[2], row[3], Signs(*row[4:11]), tuple(lines[row[0]]))
            for row in listed
        ),
        at_risk_total=listed[0][11] if listed else 0,
        outcomes=tuple(Outcome(*row) for row in rows(queries.OUTCOMES)),
        reasons=tuple(Reason(*row[:3]) for row in reasons),
        troubles=int(reasons[0][3]) if reasons else 0,
        reasons_total=reasons[0][4] if reasons else 0,
    )
