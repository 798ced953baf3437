"""Scorecards of all three generations, and those of no generation, as JSON bytes."""

from collections.abc import Callable

from loaders.sample.learners import Session, which
from loaders.sample.proportions import Proportions
from loaders.sample.words import BAD_SCORES, CRITIQUES, STEPS, SUMMARIES

_PASSED = 2.1  # of 3: the app's 70 %
_UNKNOWN = (
    '{"overall": null, "error": "evaluator timed out"}',
    '{"status": "pending"}',
    '{"overall": {"score": "N/A", "passed": false}}',
    '{"overall": {}, "evaluator": "none"}',
)


def scorecard(session: Session, proportions: Proportions, random: Callable[[], float]) -> str:
    """Return the scorecard of a session as JSON text; formats as in docs/legacy-format.md §2.

    One score in `proportions.bad_score` of them cannot be cast or is out of range.
    """
    roll = random()
    bad = BAD_SCORES[int(random() * len(BAD_SCORES))] if random() < proportions.bad_score else ""
    # All of the earliest generation is in the first half of a learner's sessions.
    unit = 2 * proportions.unit if session.is_early else 0.0
    kind = which(roll, proportions.certification, proportions.unknown, unit)
    if kind == 1:
        return _certification(session, proportions, random, bad)
    if kind == 2:
        return _UNKNOWN[int(random() * len(_UNKNOWN))]
    if kind == 3:
        return _unit(session, proportions, random, bad)
    return _pulse(session, proportions, random, bad)


def _pulse(
    session: Session, proportions: Proportions, random: Callable[[], float], bad: str
) -> str:
    raw = round(sum(session.parts) / 3, 2)
    word = "notes" if random() < 0.1 else "summary"
    missteps = ", ".join([f'"{misstep[0]}"' for misstep in session.missteps])
    parts = "".join(
        [
            _pulse_part(name, score, word, random)
            for name, score in zip(SUMMARIES, session.parts, strict=True)
        ]
    )
    if random() < proportions.part_missing:
        parts = _without_a_part(session.parts, random)
    return (
        f'{{"overall": {{"score": {bad or session.score}, "raw_score": {raw}, '
        f'"passed": {_boolean(session.score >= 70)}}}, {parts}"pulse_details": '
        f'{{"final_stage": {session.stage}, "stage_name": "{STEPS[session.stage - 1]}", '
        f'"trust_score": {session.trust}, "sale_outcome": "{session.outcome}", '
        f'"missteps": [{missteps}], "total_exchanges": {session.exchanges}}}}}'
    )


def _pulse_part(name: str, score: float, word: str, random: Callable[[], float]) -> str:
    passed = _boolean(score >= _PASSED)
    text = _summary(name, score, random)
    return f'"{name}": {{"score": {score}, "passed": {passed}, "{word}": "{text}"}}, '


def _without_a_part(parts: tuple[float, float, float], random: Callable[[], float]) -> str:
    """Return the parts with one missing or a text instead of an object."""
    bce, mcf, _ = parts
    return f'"bce": {{"score": {bce}}}, ' + (
        f'"mcf": "good", "cpo": {{"score": {mcf}}}, ' if random() < 0.5 else '"cpo": null, '
    )


def _unit(session: Session, proportions: Proportions, random: Callable[[], float], bad: str) -> str:
    score = bad or f"{session.score / 100}"
    if random() < proportions.overall_only:
        return f'{{"overall": {{"score": {score}}}}}'
    parts = ", ".join(
        [
            f'"{name}": {{"score": {round(part / 3, 2)}, "passed": {_boolean(part >= _PASSED)}, '
            f'"summary": "{_summary(name, part, random)}"}}'
            for name, part in zip(SUMMARIES, session.parts, strict=True)
        ]
    )
    passed = _boolean(session.score >= 70)
    return f'{{"overall": {{"score": {score}, "passed": {passed}}}, {parts}}}'


def _certification(
    session: Session, proportions: Proportions, random: Callable[[], float], bad: str
) -> str:
    bce, mcf, cpo = [
        _percent(round(part / 3 * 100, 1), proportions, random) for part in session.parts
    ]
    overall = bad or _percent(round(sum(session.parts) / 9 * 100, 1), proportions, random)
    verdict = "PASS" if session.score >= 80 else "FAIL"
    critique = CRITIQUES[0 if session.score >= 80 else 1 if session.score >= 55 else 2]
    feedback = [
        _summary(name, score, random) for name, score in zip(SUMMARIES, session.parts, strict=True)
    ]
    return (
        f'{{"Trainee_ID": "{session.user_key}", "Persona_Tested": "{session.persona}", '
        f'"Overall_Certification_Score": {overall}, "Certification_Status": "{verdict}", '
        f'"High_Level_Critique": "{critique}", "Agent_Scores": {{"BCE_Score": {bce}, '
        f'"MCF_Score": {mcf}, "CPO_Score": {cpo}}}, "Feedback_Consolidated": '
        f'{{"Behavioral_Mastery": "{feedback[0]}", "Methodology_Fidelity": "{feedback[1]}", '
        f'"Conversion_Effectiveness": "{feedback[2]}"}}}}'
    )


def _percent(score: float, proportions: Proportions, random: Callable[[], float]) -> str:
    return f'"{score:g}%"' if random() < proportions.percent_sign else f"{score}"


def _summary(name: str, score: float, random: Callable[[], float]) -> str:
    """Return a sentence that fits a score of 0–3: praise above 2.2, blame under 1.3."""
    return SUMMARIES[name][0 if score + random() * 0.4 > 2.2 else 1 if score > 1.3 else 2]


def _boolean(value: bool) -> str:
    return "true" if value else "false"
