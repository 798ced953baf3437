"""What the application's endpoints answer of a learner, from the marts: computed readiness only."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from pulse_store.store import Store

_SNAPSHOT = """
    snapshot_at, session_id, readiness_overall, readiness_technical, readiness_communication,
    readiness_structure, readiness_behavioral, readiness_band, delta_overall
"""

_LATEST = f"select {_SNAPSHOT} from analytics.user_readiness_latest where user_id = %s"  # noqa: S608

_HISTORY = f"""
select {_SNAPSHOT}
from analytics.user_readiness
where user_id = %s and source = 'computed'
order by snapshot_at desc
limit %s
"""  # noqa: S608

_SKILLS = """
select skill_tag, window_name, avg_score, sample_size
from analytics.user_skill_agg
where user_id = %s and window_name = %s
order by skill_tag
"""

_LOW_WINDOW = "last_5_sessions"
_LOW_SKILLS = """
select skill_tag, %s, avg_last_5, sample_size
from analytics.learner_focus
where user_id = %s
order by avg_last_5, skill_tag
"""


def latest_readiness(store: Store, user: str) -> dict[str, Any] | None:
    """Return a learner's latest snapshot as readiness_history has it, None if there is none."""
    found = _of_learner(store, "latest_readiness", _LATEST, user, _snapshot, is_cached=True)
    return found[0] if found else None


def readiness_history(store: Store, user: str, limit: int = 20) -> dict[str, Any]:
    """Return {userId, latest, history}: snapshots, the newest first; scores are 0 to 100."""
    limits = (max(0, limit),)
    history = _of_learner(store, "readiness_history", _HISTORY, user, _snapshot, after=limits)
    # Of no limit's doing: a history of none has a latest all the same.
    latest = history[0] if history else latest_readiness(store, user)
    return {"userId": user, "latest": latest, "history": history}


def skills(store: Store, user: str, window: str = "30d") -> dict[str, Any]:
    """Return {userId, window, skills} with the average of each skill in a window of the seeds."""
    found = _of_learner(store, "skills", _SKILLS, user, _skill, after=(window,), is_cached=True)
    return {"userId": user, "window": window, "skills": found}


def low_skills(store: Store, user: str) -> dict[str, Any]:
    """Return the same for skills that need attention (analytics.learner_focus), lowest first."""
    windows = (_LOW_WINDOW,)
    found = _of_learner(
        store, "low_skills", _LOW_SKILLS, user, _skill, before=windows, is_cached=True
    )
    return {"userId": user, "window": _LOW_WINDOW, "skills": found}


def _of_learner(
    store: Store,
    name: str,
    query: str,
    user: str,
    shaped: Callable[[Sequence[Any]], dict[str, Any]],
    *,
    before: tuple[object, ...] = (),
    after: tuple[object, ...] = (),
    is_cached: bool = False,
) -> list[dict[str, Any]]:
    """Return a query's rows as answers; marts know learners by UUID, and nobody by another key."""
    try:
        learner = UUID(user)
    except ValueError:
        return []
    found: list[dict[str, Any]] = store.query(
        name, query, (*before, learner, *after), lambda rows: [shaped(row) for row in rows],
        is_cached=is_cached,
    )  # fmt: skip
    return found


def _snapshot(row: Sequence[Any]) -> dict[str, Any]:
    at, session, overall, technical, communication, structure, behavioral, band, delta = row
    return {
        "timestamp": at.isoformat(),
        "sessionId": None if session is None else str(session),
        "overall": _number(overall),
        "technical": _number(technical),
        "communication": _number(communication),
        "structure": _number(structure),
        "behavioral": _number(behavioral),
        "band": band,
        "delta": _number(delta),
    }


def _skill(row: Sequence[Any]) -> dict[str, Any]:
    tag, window, average, samples = row
    return {
        "skillTag": tag, "window": window, "avgScore": _number(average), "sampleSize": samples,
    }  # fmt: skip


def _number(value: Any) -> float | None:  # noqa: ANN401 - a Decimal of the driver
    return None if value is None else float(value)
