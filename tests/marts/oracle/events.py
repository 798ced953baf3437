"""The events of a tree's sessions, as docs/design.md §5 resolves users and times of documents."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import takewhile
from uuid import UUID

from tests.marts.oracle.casting import (
    Json,
    fields,
    in_range,
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
    """What a tree says of one session: its documents by kind and path, and who lists it."""

    documents: dict[str, dict[str, File]] = field(default_factory=dict)
    claims: list[tuple[str, dict[str, Json]]] = field(default_factory=list)

    def speaking(self, kind: str) -> tuple[str, File]:
        """Of documents of one kind the later one counts, ties by path."""
        return max(
            sorted(self.documents[kind].items()),
            key=lambda found: _known(found[1]) or datetime.min.replace(tzinfo=UTC),
        )

    def parsed(self, kind: str) -> Json:
        return parse(self.speaking(kind)[1].text) if kind in self.documents else None


def events_of(files: Mapping[str, File]) -> list[Event]:
    """Return the events of every session whose user is known, but for those without any time."""
    return [
        Event(user, key, at, skill, score)
        for key, session in _sessions(files).items()
        if (user := _user(session))
        for at, skill, score in _scores(session)
        if at
    ]


def missed_file_times(files: Mapping[str, File]) -> set[str]:
    """Return the paths whose file times are out of range and would have counted within it.

    No two histories may list the same.
    """
    missed: set[str] = set()
    for session in _sessions(files).values():
        for rivals in session.documents.values():
            if len(rivals) > 1:
                # From the latest on, until one is good.
                latest_first = sorted(rivals.items(), key=lambda found: found[1].modified_at)
                missed |= _bad_ones_until_a_good_one(reversed(latest_first))
        if _written(session) is None:
            missed |= _bad_ones_until_a_good_one(_dating(session))
    return missed


def _bad_ones_until_a_good_one(found: Iterable[tuple[str, File]]) -> set[str]:
    return {path for path, _ in takewhile(lambda one: not in_range(one[1].modified_at), found)}


def _sessions(files: Mapping[str, File]) -> dict[UUID, _Session]:
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
        documents.setdefault(kind, {})[path] = file
    return sessions


def _entries(document: Json, *names: str) -> list[dict[str, Json]]:
    lists = [document, *(fields(document).get(name) for name in names)]
    found: list[Json] = next((each for each in lists if isinstance(each, list)), [])
    return [entry for entry in found if isinstance(entry, dict)]


def _scores(session: _Session) -> Iterator[tuple[datetime | None, str | None, Decimal]]:
    at = _time(session)
    if "scorecard" in session.documents:
        card = normalise(session.speaking("scorecard")[1].text)
        for skill in ("overall", "bce", "mcf", "cpo"):
            score = getattr(card, f"{skill}_score")
            if score is not None:
                yield at, skill, score
    else:
        for _, entry in session.claims:
            remembered = number(entry.get("score"))
            if remembered is not None and 0 <= remembered <= 100:
                yield at, "overall", rounded(remembered)
    steps = fields(fields(session.parsed("evaluation")).get("scores"))
    for name, step in steps.items():
        earned = number(fields(step).get("score"))
        if name.lower() in _STEPS and earned is not None and 0 <= earned <= 3:
            yield at, name.lower(), on_scale(earned, 3)
    answers = _entries(session.parsed("events"), "events")
    scores = [number(answer.get("score")) for answer in answers]
    unit = all(score <= 1 for score in scores if score is not None)
    for answer, score in zip(answers, scores, strict=True):
        if score is not None and 0 <= score <= (1 if unit else 100):
            own = [timestamp(answer.get(name)) for name in ("ts", "occurred_at", "timestamp")]
            then = next((time for time in own if time), at)
            tag = answer.get("skill_tag")
            named = tag.strip().lower() if isinstance(tag, str) else None
            yield then, named, on_scale(score, 1 if unit else 100)


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


def _time(session: _Session) -> datetime | None:
    times = (_known(file) for _, file in _dating(session))
    return _written(session) or next((time for time in times if time), None)


def _written(session: _Session) -> datetime | None:
    """The time that a session's documents, or the histories that list it, say in JSON."""
    file = fields(session.parsed("session"))
    written = [timestamp(file.get("completed_at")), timestamp(file.get("created_at"))]
    written += [timestamp(entry.get("date")) for _, entry in session.claims]
    return next((time for time in written if time), None)


def _dating(session: _Session) -> Iterator[tuple[str, File]]:
    """The files that date a session without another time, the one that goes first at the front."""
    if "scorecard" in session.documents:
        yield session.speaking("scorecard")
    others = [session.speaking(kind) for kind in session.documents if kind != "scorecard"]
    yield from sorted(others, key=lambda found: found[1].modified_at)


def _known(file: File) -> datetime | None:
    return file.modified_at if in_range(file.modified_at) else None
