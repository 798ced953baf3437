"""User histories: what the browser kept of a learner's newest sessions, newest first."""

from collections import deque
from collections.abc import Callable

from loaders.sample.clock import iso
from loaders.sample.learners import Learner, Session, which
from loaders.sample.proportions import HISTORY_ENTRIES, Proportions
from loaders.sample.words import BAD_SCORES

# The length of a history with sessions only.
NewestSessions = deque[Session]

# The app computed a snapshot after about every third session.
_SNAPSHOT_SHARE = 0.35
_EXPORT_FOLDERS = ("exports/browser", "backup/2025-11", "data/histories")


def newest_sessions() -> NewestSessions:
    """Return an empty queue for a learner's newest sessions, as long as a history."""
    return deque(maxlen=HISTORY_ENTRIES)


def history_path(user_key: str, proportions: Proportions, random: Callable[[], float]) -> str:
    """Return the path of a learner's history, relative to the root."""
    kind = which(random(), proportions.history_under_users, proportions.history_in_folder)
    if kind == 1:
        return f"users/{user_key}/history.json"
    name = f"history_{user_key}.json"
    if kind == 2:
        return f"{_EXPORT_FOLDERS[int(random() * len(_EXPORT_FOLDERS))]}/{name}"
    return name


def history(learner: Learner, newest: NewestSessions, proportions: Proportions) -> str:
    """Return the history of a learner as JSON text: at most 20 entries in one of three wrappings.

    It includes every session that has no other file.
    """
    random = learner.random.random
    entries: list[str] = []
    for session in reversed(newest):
        if learner.history == "snapshots" or (
            learner.history == "mixed" and random() < _SNAPSHOT_SHARE
        ):
            entries.append(_snapshot(session, random))
        if learner.history != "snapshots":
            entries.append(_entry(session, proportions, random))
    array = f"[{', '.join(entries[:HISTORY_ENTRIES])}]"
    kind = which(random(), proportions.history_as_history, proportions.history_as_sessions)
    if kind == 1:
        return f'{{"user_id": "{learner.user_key}", "history": {array}}}'
    return f'{{"sessions": {array}}}' if kind == 2 else array


def _entry(session: Session, proportions: Proportions, random: Callable[[], float]) -> str:
    score = str(session.score)
    if random() < proportions.history_disagrees:
        score = str(max(0, min(100, session.score + int(random() * 21) - 10)))
    if random() < proportions.bad_score:
        score = BAD_SCORES[int(random() * len(BAD_SCORES))]
    moment = f"{iso(session.ended)}.{int(random() * 1000):03d}Z"
    return (
        f'{{"sessionId": "{session.key}", "date": "{moment}", "persona": "{session.persona}", '
        f'"personaName": "{session.persona.capitalize()}", "outcome": "{session.outcome}", '
        f'"score": {score}, "duration": {session.exchanges}}}'
    )


def _snapshot(session: Session, random: Callable[[], float]) -> str:
    """Return a readiness snapshot; overall is the app's weighted mean of what is not null."""
    communication, technical, structure, behavioral = (
        round(session.levels[skill], 1) for skill in (0, 1, 2, 3)
    )
    has_structure = random() > 0.3
    weight = 1.0 if has_structure else 0.8
    total = 0.3 * technical + 0.3 * communication + 0.2 * behavioral
    overall = round((total + (0.2 * structure if has_structure else 0.0)) / weight, 2)
    return (
        f'{{"timestamp": "{iso(session.ended + 1_140)}+00:00", "overall": {overall}, '
        f'"technical": {technical}, "communication": {communication}, '
        f'"structure": {structure if has_structure else "null"}, "behavioral": {behavioral}}}'
    )
