"""Every other document of a session's folder, as JSON text formatted by hand for speed.

The texts are inserted unescaped; see words.py.
"""

from collections.abc import Callable

from loaders.sample.clock import iso
from loaders.sample.learners import SKILLS, Session, which
from loaders.sample.proportions import Proportions
from loaders.sample.words import (
    BAD_DATES,
    BAD_SCORES,
    BEHAVIORS,
    CUSTOMER_LINES,
    NOTES,
    PATTERNS,
    REASONS,
    SCENARIO_COSTS,
    STEPS,
    TIPS,
    TRAINEE_LINES,
)

_TIME_NAMES = ("ts", "occurred_at", "timestamp")
_CUSTOMER_LINES = {
    spelling: lines
    for persona, lines in CUSTOMER_LINES.items()
    for spelling in (persona, persona.lower(), persona.upper())
}


def session_document(
    session: Session, proportions: Proportions, random: Callable[[], float]
) -> str:
    """Return session.json: who, when, and what the browser sent."""
    created = f"{iso(session.started)}.{int(random() * 1e6):06d}{session.offset}"
    completed = iso(session.ended) + session.offset
    if random() < proportions.bad_date:
        completed = BAD_DATES[int(random() * len(BAD_DATES))]
    user, request = _who(session, proportions, random)
    is_open = session.outcome == "in_progress" or random() < proportions.no_completed_at
    status = "in_progress" if session.outcome == "in_progress" else "completed"
    status = "" if random() < proportions.no_status else f', "status": "{status}"'
    end = "" if is_open else f', "completed_at": "{completed}"'
    return (
        f'{{"session_id": "{session.key}", "created_at": "{created}", '
        f'"persona": "{session.persona}", "request": {{"persona": "{session.persona}"{request}}}'
        f"{status}{end}{user}}}"
    )


def _who(
    session: Session, proportions: Proportions, random: Callable[[], float]
) -> tuple[str, str]:
    """Return the user according to the session, and according to the request in it."""
    user = session.user_key
    request = f', "userId": "{user}"'
    kind = which(random(), proportions.no_user, proportions.user_only_in_request)
    if kind == 0:
        return f', "user_id": "{user}"', request
    if kind == 1:
        unknown = f', "user_id": "unknown-{session.started}"'
        return (unknown if random() < 0.5 else ""), ""
    return "", request if random() < 0.6 else f', "user_id": "{user}"'


def transcript(session: Session, proportions: Proportions, random: Callable[[], float]) -> str:
    """Return transcript.json: a list of lines, or one string, or a list of objects."""
    kind = which(
        random(),
        proportions.transcript_unusable,
        proportions.transcript_one_string,
        proportions.transcript_of_objects,
    )
    if kind == 1:
        lines = "null"
    elif kind == 2:
        lines = '"' + "\\n".join([f"{who}: {text}" for who, text in _talk(session, random)]) + '"'
    elif kind == 3:
        objects = [
            f'{{"speaker": "{who}", "text": "{text}"}}' for who, text in _talk(session, random)
        ]
        lines = f"[{', '.join(objects)}]"
    else:
        quoted = [f'"{who}: {text}"' for who, text in _talk(session, random)]
        lines = f"[{', '.join(quoted)}]"
    if random() < proportions.transcript_no_session_id:
        return f'{{"transcript": {lines}}}'
    return f'{{"session_id": "{session.key}", "transcript": {lines}}}'


def _talk(session: Session, random: Callable[[], float]) -> list[tuple[str, str]]:
    """Return who said what: the trainee goes through the steps that the session reached."""
    customer = _CUSTOMER_LINES[session.persona]
    talk = []
    for number in range(session.exchanges):
        trainee = TRAINEE_LINES[number * session.stage // session.exchanges]
        talk.append(("Trainee", trainee[int(random() * len(trainee))]))
        talk.append(("Customer", customer[int(random() * len(customer))]))
    return talk


def conversation(session: Session, random: Callable[[], float]) -> str:
    """Return conversation.json: the same talk as sent to the chat model."""
    roles = {"Trainee": "user", "Customer": "assistant"}
    messages = [
        f'{{"role": "{roles[who]}", "content": "{text}"}}' for who, text in _talk(session, random)
    ]
    return f'{{"messages": [{", ".join(messages)}]}}'


def pulse_state(session: Session, random: Callable[[], float]) -> str:
    """Return pulse_state.json: the step the talk has reached."""
    first = int(random() * len(BEHAVIORS))
    seen = ", ".join([f'"{behavior}"' for behavior in BEHAVIORS[first : first + session.stage]])
    return (
        f'{{"current_stage": {session.stage}, "stage_name": "{STEPS[session.stage - 1]}", '
        f'"detected_behaviors": [{seen}]}}'
    )


def sale_state(session: Session, random: Callable[[], float]) -> str:
    """Return sale_state.json: trust, outcome and missteps."""
    missteps = ", ".join(
        [
            f'{{"id": "{identifier}", "penalty": {penalty}, "hint": "{TIPS[int(random() * 5)]}"}}'
            for _, identifier, penalty in session.missteps
        ]
    )
    return (
        f'{{"trust_score": {session.trust}, "outcome": "{session.outcome}", '
        f'"missteps": [{missteps}], "total_missteps": {len(session.missteps)}}}'
    )


def evaluation(session: Session, random: Callable[[], float]) -> str:
    """Return evaluation.json: five steps scored 0–3; steps the talk never reached score little."""
    scores = []
    for number, step in enumerate(STEPS):
        reached = session.score / 33.3 + random() - 0.5 if number < session.stage else random()
        score = max(0, min(3, round(reached)))
        extra = (
            f', "reason": "{REASONS[int(random() * len(REASONS))]}", '
            f'"tips": ["{TIPS[int(random() * len(TIPS))]}"]'
            if random() < 0.7
            else ""
        )
        scores.append(f'"{step}": {{"score": {score}{extra}}}')
    return (
        f'{{"framework": "PULSE", "scores": {{{", ".join(scores)}}}, "overall_summary": '
        f'{{"strengths": "{REASONS[3]}", "improvements": "{TIPS[int(random() * len(TIPS))]}"}}}}'
    )


def answer_events(session: Session, proportions: Proportions, random: Callable[[], float]) -> str:
    """Return events.json: some answers, each scored for one skill, 0–1 or 0–100 by file."""
    is_unit = random() < proportions.events_unit_scale
    time_name = _TIME_NAMES[which(random(), 0.25, 0.15)]
    bad = int(random() * 3) if random() < proportions.bad_score else -1
    count = 2 + int(3 * random())
    entries = [
        _answer(session, number, count, is_unit, number == bad, time_name, random)
        for number in range(count)
    ]
    array = f"[{', '.join(entries)}]"
    return f'{{"events": {array}}}' if random() < proportions.events_wrapped else array


def _answer(
    session: Session,
    number: int,
    count: int,
    is_unit: bool,
    is_bad: bool,
    time_name: str,
    random: Callable[[], float],
) -> str:
    skill = int(random() * len(SKILLS))
    level = session.levels[skill] - SCENARIO_COSTS[session.scenario_id] + 20 * (random() - 0.5)
    level = max(2.0, min(100.0, level))
    score = f"{round(level / 100, 2)}" if is_unit else f"{round(level, 1)}"
    # Only texts: a bad number would move the whole file from one scale to the other.
    score = BAD_SCORES[number % 2] if is_bad else score
    second = session.started + (session.ended - session.started) * (number + 1) // (count + 1)
    step = STEPS[min(session.stage - 1, number)]
    notes = f', "notes": "{NOTES[int(random() * len(NOTES))]}"' if random() < 0.6 else ""
    return (
        f'{{"user_id": "{session.user_key}", "session_id": "{session.key}", '
        f'"{time_name}": "{iso(second)}{session.offset}", "scenario_id": "{session.scenario_id}", '
        f'"pulse_step": "{step}", "skill_tag": "{SKILLS[skill]}", "score": {score}, '
        f'"raw_metrics": {{"filler_words": {int((100 - level) / 8)}, '
        f'"talk_seconds": {10 + round(50 * random(), 1)}}}{notes}}}'
    )


def trainer_change_log(session: Session, random: Callable[[], float]) -> str:
    """Return a trainer's change log: what was seen in a session and what was changed for it."""
    pattern = PATTERNS[int(random() * len(PATTERNS))]
    return (
        f'{{"timestamp": "{iso(session.ended + 600)}{session.offset}", '
        f'"pulse_step": "{STEPS[session.stage - 1]}", "scenario_id": "{session.scenario_id}", '
        f'"learner_id": "{session.user_key}", "session_id": "{session.key}", '
        f'"config": {{"difficulty": {1 + int(3 * random())}, "hints": true}}, '
        f'"trainer_change_log": {{"emit": true, "observed_pattern": "{pattern}", '
        f'"change": "raise resistance by one"}}}}'
    )
