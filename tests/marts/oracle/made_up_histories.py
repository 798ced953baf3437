"""Random learners: trees whose sessions tie in time, lapse, overlap, lose files and users."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

from tests.marts.oracle.writing import File, Numeral, dumps

WINDOW = timedelta(hours=24 * 30)
_START = datetime(2024, 11, 3, 8, 0, 0, tzinfo=UTC)
# Times of images, archives and clocks gone wrong; the first two only just.
_ODD_TIMES = [
    datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC),
    (datetime.now(UTC) + timedelta(days=368)).replace(microsecond=0),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2262, 1, 1, tzinfo=UTC),
]
_MICROSECOND = timedelta(microseconds=1)
_SKILLS = [
    "communication", "technical_depth", "structure", "behavioral_examples", "system_design",
    "probe", " Communication ", "STRUCTURE", "negotiation", "overall",
]  # fmt: skip
_STEPS = ["Probe", "Understand", "Link", "Simplify", "Earn"]
_PERSONAS = ["Director", "Relater", "Socializer", "Thinker"]


@dataclass
class Learner:
    """Someone's sessions so far: when they ended, and the history that lists some of them."""

    chance: random.Random
    user: UUID
    skills: list[str]
    times: list[datetime] = field(default_factory=list)
    history: list[dict[str, object]] = field(default_factory=list)


def histories(chance: random.Random, learners: int) -> dict[str, File]:
    """Return the files of so many learners."""
    files: dict[str, File] = {}
    for number in range(learners):
        skills = chance.sample(_SKILLS, chance.randint(1, 4))
        learner = Learner(chance, _uuid(chance), skills)
        for session in range(chance.choice([1, 2, 3, 3, 4, 4, 6, 12])):
            key = f"dev-{number}-{session}" if chance.random() < 0.1 else str(_uuid(chance))
            _session(learner, key, files)
        if learner.history:
            _history(learner, number, files)
    return files


def _uuid(chance: random.Random) -> UUID:
    return UUID(int=chance.getrandbits(128), version=4)


def _session(learner: Learner, key: str, files: dict[str, File]) -> None:
    chance = learner.chance
    if chance.random() < 0.25:
        # Some skills stop and others appear.
        learner.skills = chance.sample(_SKILLS, chance.randint(1, 4))
    ended = _end(learner)
    learner.times.append(ended)

    def touched() -> datetime:
        # A file's time has whole seconds where the session has no other.
        return chance.choice(_ODD_TIMES) if chance.random() < 0.2 else ended.replace(microsecond=0)

    folder = f"sessions/{key}"
    case = chance.random()
    if case < 0.86:
        files[f"{folder}/session.json"] = File(dumps(_file(learner, ended)), touched())
    has = chance.choice(["scorecard", "answers", "evaluation", "history", "both", "all", "nothing"])
    if has in ("scorecard", "both", "all"):
        card = dumps(_scorecard(learner))
        files[f"{folder}/scorecard.json"] = File(card, touched())
        if chance.random() < 0.05:
            later = touched() + timedelta(seconds=chance.choice([-5, 5]))
            files[f"scorecards/{key}.json"] = File(dumps(_scorecard(learner)), later)
    if has in ("answers", "both", "all"):
        files[f"{folder}/events.json"] = File(dumps(_answers(learner, ended)), touched())
    if has in ("evaluation", "all"):
        files[f"{folder}/evaluation.json"] = File(dumps(_evaluation(chance)), touched())
    if has in ("history", "all") or chance.random() < 0.05:
        entry = {"sessionId": key, "date": _written(chance, ended), "persona": "Relater",
                 "outcome": "won", "score": _score(chance, 100), "duration": 12}  # fmt: skip
        if chance.random() < 0.1:
            entry["score"] = chance.choice([None, "N/A", Numeral("250")])
        learner.history.append(entry)


def _end(learner: Learner) -> datetime:
    """When a session ends: often at, or a microsecond beside, a moment that others make special."""
    chance = learner.chance
    if not learner.times:
        return _START + timedelta(microseconds=chance.randrange(10**13))
    before = chance.choice(learner.times)
    return chance.choice(
        [
            before,
            before + WINDOW,
            before + WINDOW + _MICROSECOND,
            before + WINDOW - _MICROSECOND,
            before + timedelta(microseconds=chance.randrange(10**6)),
            max(learner.times) + timedelta(seconds=chance.randrange(86_400 * 9)),
            max(learner.times) + timedelta(seconds=chance.randrange(86_400 * 9)),
            max(learner.times) + timedelta(days=chance.randint(31, 120)),
        ]
    )


def _written(chance: random.Random, at: datetime) -> str:
    """An instant in one of the ways the legacy files write it."""
    case = chance.randrange(4)
    if case == 0:
        return at.isoformat()
    if case == 1:
        return at.replace(tzinfo=None).isoformat() + "Z"
    if case == 2:
        return at.replace(tzinfo=None).isoformat()
    return at.astimezone(timezone(timedelta(hours=chance.choice([2, -7])))).isoformat()


def _spelled(learner: Learner) -> str:
    """A user's UUID in one of the ways that legacy files and programs write it."""
    user = str(learner.user)
    ways = [user, user.upper(), f"{{{user}}}", learner.user.urn, learner.user.hex, f" {user} "]
    return learner.chance.choices(ways, weights=[90, 2, 2, 2, 2, 2])[0]


def _file(learner: Learner, ended: datetime) -> dict[str, object]:
    chance, user = learner.chance, _spelled(learner)
    file: dict[str, object] = {"persona": chance.choice(_PERSONAS), "status": "completed"}
    owners: list[dict[str, object]] = [
        {"user_id": user},
        {"request": {"userId": user}},
        {"request": {"user_id": user.upper()}},
        {"user_id": "T12345", "request": {"userId": user}},
        {"user_id": "unknown-7"},
        {"user_id": None},
    ]
    file |= chance.choices(owners, weights=[60, 10, 10, 10, 4, 6])[0]
    file["created_at"] = _written(chance, ended - timedelta(minutes=20))
    file["completed_at"] = _written(chance, ended)
    case = chance.random()
    if case < 0.1:
        file["created_at"] = _written(chance, ended)
        file["completed_at"] = chance.choice(["2025-02-30T10:00:00Z", "yesterday", None])
    elif case < 0.13:
        file["created_at"] = file["completed_at"] = "yesterday"
    return file


def _scorecard(learner: Learner) -> dict[str, object]:
    chance = learner.chance
    case = chance.randrange(5)
    if case == 0:
        agents = {f"{part}_Score": _score(chance, 100) for part in ("BCE", "MCF", "CPO")}
        return {"Trainee_ID": _spelled(learner), "Overall_Certification_Score": _percent(chance),
                "Certification_Status": "PASS", "Agent_Scores": agents}  # fmt: skip
    if case == 1:
        return {"overall": {"score": _score(chance, 1)}, "bce": {"score": _score(chance, 1)}}
    if case == 2:
        return {"overall": {"score": chance.choice(["N/A", None])}, "pulse_details": {}}
    card: dict[str, object] = {part: {"score": _score(chance, 3)} for part in ("bce", "mcf", "cpo")}
    card["overall"] = {"score": _score(chance, 100), "raw_score": Numeral("2.1")}
    return card


def _answers(learner: Learner, ended: datetime) -> object:
    chance = learner.chance
    top = chance.choice([1, 100])
    name = chance.choice(["ts", "occurred_at", "timestamp"])
    answers: list[dict[str, object]] = []
    at = ended
    for _ in range(chance.choice([1, 1, 2, 2, 3, 5])):
        answer: dict[str, object] = {
            "user_id": _spelled(learner),
            "skill_tag": chance.choice(learner.skills),
            "score": _score(chance, top),
        }
        if chance.random() < 0.8:
            answer[name] = _written(chance, at)
        answers.append(answer)
        at -= chance.choice(
            [timedelta(0), _MICROSECOND, timedelta(milliseconds=300), timedelta(seconds=90)]
        )
    if chance.random() < 0.1:
        answers.append({"skill_tag": "structure", "score": chance.choice(["N/A", Numeral("-3")])})
    if chance.random() < 0.1:
        # The last answer is scored after the session is over.
        late = _written(chance, ended + timedelta(seconds=45))
        answers.append({"skill_tag": "probe", "score": _score(chance, top), name: late})
    return answers if chance.random() < 0.5 else {"events": answers}


def _evaluation(chance: random.Random) -> object:
    steps = chance.sample(_STEPS, chance.randint(1, 5))
    scores = {step: {"score": Numeral(chance.randint(0, 3)), "reason": "…"} for step in steps}
    if chance.random() < 0.1:
        scores[steps[0]] = {"score": "N/A"}
    return {"framework": "PULSE", "scores": scores}


def _history(learner: Learner, number: int, files: dict[str, File]) -> None:
    entries: list[dict[str, object]] = list(reversed(learner.history))
    if learner.chance.random() < 0.2:
        # What the app computed takes no part.
        entries.append({"timestamp": "2025-03-04T10:00:00Z", "overall": Numeral("99.5")})
    path, content = learner.chance.choice(
        [
            (f"history_{learner.user}.json", entries),
            (f"exports/{number}/history_{learner.user}.json", {"sessions": entries}),
            (f"users/{learner.user}/history.json", {"history": entries}),
        ]
    )
    files[path] = File(dumps(content), _START)


def _score(chance: random.Random, top: int) -> object:
    """A score with as many digits as make ties when it is rounded."""
    digits = {1: chance.choice([2, 4, 5]), 3: 2, 100: chance.choice([0, 1, 2, 3, 3])}[top]
    units = chance.randrange(top * 10**digits + 1)
    if digits > 2 and chance.random() < 0.5:
        units = min(units // 10 * 10 + 5, top * 10**digits)
    text = f"{units / 10**digits:.{digits}f}"
    return text if chance.random() < 0.05 else Numeral(text)


def _percent(chance: random.Random) -> object:
    return f"{chance.randrange(1001) / 10}%" if chance.random() < 0.5 else _score(chance, 100)
