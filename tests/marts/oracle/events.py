"""The events of a tree's sessions, as design §5 resolves users and times of documents."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from tests.marts.oracle.casting import (
    Json,
    fields,
    number,
    on_scale,
    parse,
    rounded,
    session_id,
    timestamp,
    uuid,
)
from tests.marts.oracle.scorecards import normalise
from tests.marts.oracle.writing import File

_IN_FOLDER = re.compile(r"sessions/([^/]+)/(?P<kind>scorecard|session|evaluation|events)\.json")
_SCORECARD = re.compile(r"scorecards/([^/]+)\.json")
_HISTORY = re.compile(r"(?:(?:.*/)?history_([^/]+)|users/([^/]+)/history)\.json")
_STEPS = ("probe", "understand", "link", "simplify", "earn")


@dataclass(frozen=True)
class Event:
    """One score of a session with a known user."""

    user: UUID
    session: UUID
    at: datetime
    skill: str | None
    score: Decimal


@dataclass
class _Session:
    """What a tree says of one session."""

    documents: dict[str, File] = field(default_factory=dict)
    claims: list[tuple[str, dict[str, Json]]] = field(default_factory=list)

    def parsed(self, kind: str) -> Json:
        return parse(self.documents[kind].text) if kind in self.documents else None


def events_of(files: Mapping[str, File]) -> list[Event]:
    """Return the events of every session whose user is known."""
    sessions: dict[UUID, _Session] = {}
    for path, file in files.items():
        if found := _HISTORY.fullmatch(path):
            owner = found[1] or found[2]
            for entry in _entries(parse(file.text), "history", "sessions"):
                if isinstance(entry.get("sessionId"), str):
                    claimed = sessions.setdefault(session_id(entry["sessionId"]), _Session())
                    claimed.claims.append((owner, entry))
            continue
        found = _IN_FOLDER.fullmatch(path) or _SCORECARD.fullmatch(path)
        assert found, path
        key, kind = found[1], found.groupdict().get("kind", "scorecard")
        documents = sessions.setdefault(session_id(key), _Session()).documents
        # Of two the later one counts.
        if kind not in documents or documents[kind].modified_at < file.modified_at:
            documents[kind] = file
    return [event for key, session in sessions.items() for event in _events(key, session)]


def _entries(document: Json, *names: str) -> list[dict[str, Json]]:
    lists = [document, *(fields(document).get(name) for name in names)]
    found: list[Json] = next((each for each in lists if isinstance(each, list)), [])
    return [entry for entry in found if isinstance(entry, dict)]


def _events(key: UUID, session: _Session) -> Iterator[Event]:
    user = _user(session)
    if user is None:
        return
    at = _time(session)
    if "scorecard" in session.documents:
        card = normalise(session.documents["scorecard"].text)
        for skill in ("overall", "bce", "mcf", "cpo"):
            score = getattr(card, f"{skill}_score")
            if score is not None:
                yield Event(user, key, at, skill, score)
    else:
        for _, entry in session.claims:
            remembered = number(entry.get("score"))
            if remembered is not None and 0 <= remembered <= 100:
                yield Event(user, key, at, "overall", rounded(remembered))
    steps = fields(fields(session.parsed("evaluation")).get("scores"))
    for name, step in steps.items():
        earned = number(fields(step).get("score"))
        if name.lower() in _STEPS and earned is not None and 0 <= earned <= 3:
            yield Event(user, key, at, name.lower(), on_scale(earned, 3))
    answers = _entries(session.parsed("events"), "events")
    scores = [number(answer.get("score")) for answer in answers]
    unit = all(score <= 1 for score in scores if score is not None)
    for answer, score in zip(answers, scores, strict=True):
        if score is not None and 0 <= score <= (1 if unit else 100):
            own = [timestamp(answer.get(name)) for name in ("ts", "occurred_at", "timestamp")]
            then = next((time for time in own if time), at)
            tag = answer.get("skill_tag")
            named = tag.strip().lower() if isinstance(tag, str) else None
            yield Event(user, key, then, named, on_scale(score, 1 if unit else 100))


def _user(session: _Session) -> UUID | None:
    file = fields(session.parsed("session"))
    request = fields(file.get("request"))
    answers = _entries(session.parsed("events"), "events")
    owners = {owner for owner, _ in session.claims}
    candidates = [
        file.get("user_id"),
        request.get("userId"),
        request.get("user_id"),
        fields(session.parsed("scorecard")).get("Trainee_ID"),
        *(answer.get("user_id") for answer in answers),
        *(owners if len(owners) == 1 else ()),
    ]
    return next((found for found in map(uuid, candidates) if found), None)


def _time(session: _Session) -> datetime:
    file = fields(session.parsed("session"))
    written = [timestamp(file.get("completed_at")), timestamp(file.get("created_at"))]
    written += [timestamp(entry.get("date")) for _, entry in session.claims]
    if found := next((time for time in written if time), None):
        return found
    if "scorecard" in session.documents:
        return session.documents["scorecard"].modified_at
    return min(document.modified_at for document in session.documents.values())
