"""Learners and their sessions: what each learner can reach, and how well each talk went."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp
from random import Random

from loaders.sample.clock import DAY
from loaders.sample.plan import BLOCK, SamplePlan, share_out
from loaders.sample.practice import Attendance, attendance, learned
from loaders.sample.proportions import RECENT_SESSIONS, Proportions
from loaders.sample.words import MISSTEPS, OFFSETS, PERSONAS, SCENARIO_COSTS

SKILLS = (
    "communication",
    "technical_depth",
    "structure",
    "behavioral_examples",
    "system_design",
    "probe",
)
# How a skill starts, in points against the learner's own average, and how much of a learner's
# gain it takes: talking is learned before designing.
_HEAD_START = (6.0, -4.0, 0.0, 2.0, -8.0, 4.0)
_GAIN = (1.15, 0.85, 1.0, 0.95, 0.7, 1.2)
_DAILY_FORM = 7.0  # points, standard deviation of a session against the learning curve
# From September on newcomers are prepared better: they begin higher and learn faster.
_PREPARED_FROM, _PREPARED_BY, _PREPARED_PACE = 238, 9.0, 0.6

_PERSONAS, _SCENARIO_IDS = tuple(PERSONAS), tuple(SCENARIO_COSTS)


@dataclass(frozen=True, slots=True)
class Learner:
    """One learner: identity, time in the programme, and a way from `level` towards `ceiling`."""

    index: int
    user_key: str
    sessions: range  # indices, unique in the whole tree
    attendance: Attendance
    level: float  # points at the beginning, 0 to 100
    ceiling: float  # points never quite reached; below `level` for a learner who falls
    pace: float  # seconds of steady practice to close 63 % of the gap
    history: str  # "none", "sessions", "snapshots" or "mixed"
    random: Random


@dataclass(frozen=True, slots=True)
class Session:
    """One talk and its result; every document of the session is derived from it."""

    index: int
    key: str
    user_key: str
    started: int  # seconds since the epoch
    ended: int
    offset: str
    persona: str
    scenario_id: str
    is_early: bool  # in the first half of the learner's sessions
    is_only_in_history: bool
    levels: tuple[float, ...]  # 0 to 100, in the order of SKILLS
    parts: tuple[float, float, float]  # bce, mcf, cpo: 0 to 3, one decimal
    score: int  # 0 to 100
    outcome: str
    stage: int  # 1 to 5
    trust: int  # 0 to 10
    missteps: tuple[tuple[str, str, int], ...]
    exchanges: int


def learners_of(plan: SamplePlan, block: int) -> Iterator[Learner]:
    """Yield the learners of one block, each with its own random numbers."""
    first = block * BLOCK
    last = min(first + BLOCK, plan.learners)
    randoms = [plan.random("learner", index) for index in range(first, last)]
    times = [attendance(plan.proportions, random) for random in randoms]
    # Whoever stays longer has more sessions, but fewer a week; some practise thrice as much.
    weights = [
        (0.5 + random.random()) * (1 + time.weeks) ** 0.75
        for time, random in zip(times, randoms, strict=True)
    ]
    shares = share_out(plan.first_session_of(first), plan.first_session_of(last), weights)
    for offset, random in enumerate(randoms):
        yield _learner(plan, first + offset, shares[offset], times[offset], random)


def sessions_of(learner: Learner, plan: SamplePlan) -> Iterator[Session]:
    """Yield a learner's sessions in the order in which they began, which is that of their ends."""
    count, random = len(learner.sessions), learner.random.random
    share, before, ended = 0.0, -1, -1
    for number in range(count):
        started = learner.attendance.moment((number + random()) / count)
        if number:
            share = learned(share, started - before, learner.pace)
        session = _session(learner, number, (started, ended), share, plan)
        yield session
        before, ended = started, session.ended


def _learner(
    plan: SamplePlan, index: int, sessions: range, time: Attendance, random: Random
) -> Learner:
    proportions, roll = plan.proportions, random.random
    level, ceiling = _abilities(proportions, random)
    pace = (25 + 60 * roll()) * DAY
    if time.first_day >= _PREPARED_FROM:
        level, pace = level + _PREPARED_BY, pace * _PREPARED_PACE
    return Learner(
        index=index,
        user_key=_user_key(plan, index, random),
        sessions=sessions,
        attendance=time,
        level=level,
        ceiling=ceiling,
        pace=pace,
        history=_history_kind(roll(), proportions),
        random=random,
    )


def _abilities(proportions: Proportions, random: Random) -> tuple[float, float]:
    """Return with how many points a learner begins, and which it would reach in the end."""
    roll = random.random
    kind = which(roll(), proportions.plateaus, proportions.falls)
    level = 66 + 16 * roll() if kind == 2 else 32 + 26 * roll()
    if kind == 1:
        return level, level + 4 * roll()
    return level, level - 20 - 14 * roll() if kind == 2 else 78 + 20 * roll()


def _user_key(plan: SamplePlan, index: int, random: Random) -> str:
    key = uuid_from(random)
    if index == plan.learners // 2 >= BLOCK:
        return "demo"
    return f"T{10_000 + index}" if random.random() < plan.proportions.old_user_key else key


def _history_kind(roll: float, proportions: Proportions) -> str:
    for kind, share in (
        ("none", proportions.no_history),
        ("snapshots", proportions.history_of_snapshots),
        ("mixed", proportions.history_mixed),
    ):
        if roll < share:
            return kind
        roll -= share
    return "sessions"


def _session(
    learner: Learner, number: int, times: tuple[int, int], share: float, plan: SamplePlan
) -> Session:
    """Return a session; `times` are its beginning and the end of the one before.

    `share` is how much of its possible gain the learner has by now.
    """
    proportions, roll = plan.proportions, learner.random.random
    index, count = learner.sessions[number], len(learner.sessions)
    started, ended_before = times
    levels = _levels(learner, share, roll() + roll() + roll() - 1.5)
    persona = _PERSONAS[int(roll() * len(_PERSONAS))]
    scenario_id = _SCENARIO_IDS[int(roll() * len(_SCENARIO_IDS))]
    cost = PERSONAS[persona] + SCENARIO_COSTS[scenario_id]
    parts, is_won = _parts(levels, cost, roll(), roll())
    score = round(sum(parts) / 9 * 100)
    exchanges = 2 + int(3 * roll() + 2 * roll() + score / 25)
    if roll() < proportions.long_talk:
        exchanges = exchanges * 3 + int(8 * roll())
    is_remembered = learner.history in ("sessions", "mixed") and number >= count - RECENT_SESSIONS
    stage = 5 if is_won else 1 + min(4, int(score / 26 + 1.6 * roll()))
    key = uuid_from(learner.random)
    return Session(
        index=index,
        key=f"dev-test-session-{index:03d}" if roll() < proportions.development_key else key,
        user_key=learner.user_key,
        started=started,
        # Sessions of one learner may overlap, but none ends before an earlier one.
        ended=max(started + int(exchanges * (45 + 70 * roll())), ended_before + 1),
        offset=OFFSETS[which(roll(), proportions.offset_z, proportions.offset_none)],
        persona=_spelled(persona, roll(), proportions),
        scenario_id=scenario_id,
        is_early=2 * number < count,
        is_only_in_history=is_remembered and roll() < proportions.only_in_history,
        levels=levels,
        parts=parts,
        score=score,
        outcome="won" if is_won else _not_won(roll()),
        stage=stage,
        trust=max(0, min(10, int(score / 10 + 2 * roll() - 0.5))),
        missteps=_missteps(score, learner.random),
        exchanges=exchanges,
    )


def _levels(learner: Learner, share: float, form: float) -> tuple[float, ...]:
    """Return the six skills on a day, 0–100: what was learned so far, plus the form of the day.

    `form` is a sum of three uniform numbers less its mean: standard deviation one half.
    """
    gain = (learner.ceiling - learner.level) * share
    today = learner.level + 2 * _DAILY_FORM * form
    return tuple(
        [
            max(2.0, min(99.0, today + head_start + gain * share))
            for head_start, share in zip(_HEAD_START, _GAIN, strict=True)
        ]
    )


def _parts(
    levels: tuple[float, ...], cost: float, chance: float, noise: float
) -> tuple[tuple[float, float, float], bool]:
    """Return bce, mcf and cpo, 0–3, and whether the sale was won: likelier the better the talk."""
    communication, technical, structure, behavioral, _, probe = levels
    bce = (communication + behavioral) / 2 - cost + 8 * (noise - 0.5)
    mcf = (structure + technical + probe) / 3 - cost + 8 * (0.5 - noise)
    is_won = chance < 1 / (1 + exp((69 - (bce + mcf) / 2) / 7))
    cpo = (bce + mcf) / 2 + (9 if is_won else -9)
    return (_of_three(bce), _of_three(mcf), _of_three(cpo)), is_won


def _of_three(level: float) -> float:
    return round(max(0.0, min(100.0, level)) * 0.03, 1)


def _not_won(roll: float) -> str:
    if roll < 0.6:
        return "lost"
    return "stalled" if roll < 0.9 else "in_progress"


def _missteps(score: int, random: Random) -> tuple[tuple[str, str, int], ...]:
    count = int((100 - score) / 30 * random.random() + 0.4)
    first = int(random.random() * len(MISSTEPS))
    return tuple([MISSTEPS[(first + step) % len(MISSTEPS)] for step in range(count)])


def _spelled(persona: str, spelling: float, proportions: Proportions) -> str:
    if spelling < proportions.persona_lower_case:
        return persona.lower()
    if spelling > 1 - proportions.persona_upper_case:
        return persona.upper()
    return persona


def which(roll: float, *shares: float) -> int:
    """Return the number of the first share that `roll` falls into, from 1; 0 for the rest."""
    for number, share in enumerate(shares, 1):
        if roll < share:
            return number
        roll -= share
    return 0


def uuid_from(random: Random) -> str:
    """Return a version 4 UUID; `uuid.UUID` would take five times as long."""
    text = f"{random.getrandbits(128):032x}"
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"
