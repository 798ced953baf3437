"""The figures of one learner's page."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg

from loaders.errors import WrongRequest
from loaders.pictures import learner_queries as queries
from loaders.pictures.figures import (
    MOST_SKILLS,
    Band,
    Freshness,
    Skill,
    SkillTotals,
    read_bands,
    read_freshness,
    skill_totals,
)

MOST_SNAPSHOTS = 100
MOST_SESSIONS = 100
MOST_MISSTEPS = 10


@dataclass(frozen=True)
class Snapshot:
    """A learner's readiness after a session, with its components."""

    day: date
    overall: Decimal
    technical: Decimal | None
    communication: Decimal | None
    structure: Decimal | None
    behavioral: Decimal | None


@dataclass(frozen=True)
class Session:
    """A scored session."""

    day: date
    persona: str | None
    score: Decimal | None
    is_passed: bool | None
    outcome: str | None
    missteps: int | None


@dataclass(frozen=True)
class Focus:
    """A skill to work on: both averages are under the threshold."""

    label: str
    last_5: Decimal
    last_90_days: Decimal
    scores: int
    threshold: Decimal


@dataclass(frozen=True)
class Learner:
    """What the mart says of the learner itself."""

    first_session_at: datetime | None
    last_session_at: datetime | None
    session_count: int
    win_count: int
    days_quiet: int | None
    readiness: Decimal | None
    band: str | None


@dataclass(frozen=True)
class LearnerFigures:
    """All figures of a learner's page; lists are the newest, or the worst, of what there is."""

    role: str
    user_id: UUID
    freshness: Freshness
    bands: tuple[Band, ...]
    learner: Learner
    snapshots: tuple[Snapshot, ...]
    skills: tuple[Skill, ...]
    skill_totals: SkillTotals
    focus: tuple[Focus, ...]
    focus_total: int
    sessions: tuple[Session, ...]
    missteps: tuple[tuple[str, int], ...]


def read_learner(connection: psycopg.Connection, role: str, user_id: UUID) -> LearnerFigures:
    """Return the figures of a learner.

    Raises:
        WrongRequest: the role sees no such learner; whether there is one is not said.
    """
    bounds = {
        "learner": user_id,
        "snapshots": MOST_SNAPSHOTS,
        "sessions": MOST_SESSIONS,
        "skills": MOST_SKILLS,
        "missteps": MOST_MISSTEPS,
    }

    def rows(query: str) -> list[tuple[Any, ...]]:
        return connection.execute(query.encode(), bounds).fetchall()

    found = rows(queries.LEARNER)
    if not found:
        raise WrongRequest(
            f"Role {role} sees no learner {user_id}. reporting.learners has those it sees; "
            "ops.role_learners says which they are (docs/bi.md)."
        )
    skills, focus = rows(queries.SKILLS), rows(queries.FOCUS)
    return LearnerFigures(
        role,
        user_id,
        read_freshness(connection),
        read_bands(connection),
        Learner(*found[0]),
        snapshots=tuple(Snapshot(*row) for row in rows(queries.READINESS)),
        skills=tuple(Skill(*row[:6]) for row in skills),
        skill_totals=skill_totals(skills),
        focus=tuple(Focus(*row[:5]) for row in focus),
        focus_total=focus[0][5] if focus else 0,
        sessions=tuple(Session(*row) for row in rows(queries.SESSIONS)),
        missteps=tuple((str(misstep), int(count)) for misstep, count in rows(queries.MISSTEPS)),
    )
