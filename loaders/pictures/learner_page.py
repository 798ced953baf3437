"""The sections of one learner's page, for a talk between coach and learner."""

from decimal import Decimal

from loaders.pictures import sentences, time_charts
from loaders.pictures.learner_figures import MOST_SESSIONS, MOST_SNAPSHOTS, LearnerFigures
from loaders.pictures.page import Page
from loaders.pictures.sections import Key, Section, drawn, table
from loaders.pictures.team_page import left_out, skills_section
from loaders.pictures.words import NONE, count, day, listing, number, shown


def learner_page(figures: LearnerFigures) -> Page:
    """Return the page of a learner."""
    learner = figures.learner
    quiet = (
        ""
        if learner.days_quiet is None
        else f", {count(learner.days_quiet, 'day')} before the newest session of anybody"
    )
    since = (
        " without any time"
        if learner.first_session_at is None
        else f" since {day(learner.first_session_at)}, the last on {day(learner.last_session_at)}"
    )
    return Page(
        title="Where a learner stands",
        head=f"Learner {figures.user_id}: {count(learner.session_count, 'session')}{since}{quiet}.",
        as_of=sentences.as_of(figures.freshness),
        stale=sentences.stale(figures.freshness),
        role=shown(figures.role),
        bands=figures.bands,
        sections=(_focus(figures), _readiness(figures), _skills(figures), _sessions(figures)),
    )


def _focus(figures: LearnerFigures) -> Section:
    numbers = table(
        ("skill", "last 5", "90 days", "scores", "threshold"),
        [
            (
                shown(each.label),
                number(each.last_5, 1),
                number(each.last_90_days, 1),
                number(each.scores),
                number(each.threshold),
            )
            for each in figures.focus
        ],
        words=("skill",),
        note=left_out(figures.focus_total - len(figures.focus), "skill"),
    )
    missteps = ""
    if figures.missteps:
        named = [f"{shown(name, 60)} ({times:,})" for name, times in figures.missteps[:3]]
        missteps = f" Most frequent missteps: {listing(named)}."
    return Section(
        "focus",
        "What to work on?",
        focus_sentence(figures) + missteps,
        note="A skill is listed if both the last five sessions and the last 90 days are below "
        "the threshold, with at least three scores.",
        numbers=numbers,
        is_wide=True,
    )


def focus_sentence(figures: LearnerFigures) -> str:
    """Name the skills to work on, the weakest first."""
    focus = figures.focus
    if focus:
        named = [f"{shown(each.label, 40)} ({number(each.last_5, 1)})" for each in focus[:3]]
        rest = figures.focus_total - len(named)
        more = f" and {rest} more" if rest else ""
        words = ", ".join(named) if more else listing(named)
        return f"{words}{more}: below the threshold of {number(focus[0].threshold)}."
    scored = [each for each in figures.skills if each.is_trained]
    if not scored:
        return "No skill has a score yet."
    lowest = scored[0]
    return (
        f"Nothing is below the threshold; {shown(lowest.label, 40)} is lowest with "
        f"{number(lowest.recent, 1)}."
    )


def _readiness(figures: LearnerFigures) -> Section:
    snapshots = figures.snapshots
    answer = readiness_sentence(figures)
    return Section(
        "readiness",
        "How ready, and since when?",
        answer,
        drawn(
            f"Readiness and its components after each session. {answer}",
            lambda size: time_charts.readiness_lines(size, snapshots, figures.bands),
        )
        if snapshots
        else None,
        note="Readiness after each session, from the scores of the 30 days before it; dotted "
        f"lines part the bands. At most the newest {MOST_SNAPSHOTS} sessions.",
        numbers=table(
            ("day", "overall", "technical", "communication", "structure", "behavioral"),
            [
                (
                    day(each.day),
                    number(each.overall, 1),
                    number(each.technical, 1),
                    number(each.communication, 1),
                    number(each.structure, 1),
                    number(each.behavioral, 1),
                )
                for each in reversed(snapshots)
            ],
            words=("day",),
        ),
    )


def readiness_sentence(figures: LearnerFigures) -> str:
    """Say the readiness now, and how it changed over what the chart shows."""
    if not figures.snapshots:
        return "There is no readiness yet."
    first, last = figures.snapshots[0], figures.snapshots[-1]
    said = (
        f"{number(last.overall, 1)} ({shown(figures.learner.band or NONE, 30)}) on {day(last.day)}"
    )
    if len(figures.snapshots) == 1:
        return f"{said}, after the first session with a score."
    change = last.overall - first.overall
    moved = "as on" if change == 0 else f"{number(abs(change), 1)} {_word(change)} than on"
    return f"{said}, {moved} {day(first.day)}."


def _word(change: Decimal) -> str:
    return "more" if change > 0 else "less"


def _skills(figures: LearnerFigures) -> Section:
    trained = [each for each in figures.skills if each.is_trained]
    best = max(trained, key=lambda each: each.recent or Decimal(0), default=None)
    return skills_section(
        "Which skills are strong?",
        "No skill has a score yet."
        if best is None
        else f"{shown(best.label)} is strongest with {number(best.recent, 1)} of late.",
        figures.skills,
        figures.skill_totals,
        figures.focus[0].threshold if figures.focus else None,
        "The learner's means of its newest 30 days and of all time",
        amount="scores",
    )


def _sessions(figures: LearnerFigures) -> Section:
    sessions = figures.sessions
    passed = sum(bool(each.is_passed) for each in sessions)
    won = sum(each.outcome == "won" for each in sessions)
    answer = (
        f"{passed:,} of the newest {count(len(sessions), 'scored session')} passed, "
        f"{won:,} ended with a sale."
        if sessions
        else "No session has been scored yet."
    )
    return Section(
        "sessions",
        "How did the sessions go?",
        answer,
        drawn(
            f"Score of each session. {answer}",
            lambda size: time_charts.session_dots(size, sessions),
        )
        if any(each.score is not None for each in sessions)
        else None,
        keys=(Key("recent", "passed"), Key("all-time", "not passed")) if sessions else (),
        note=f"Overall score of each scored session with a time, at most the newest "
        f"{MOST_SESSIONS}.",
        numbers=table(
            ("day", "persona", "score", "passed", "sale", "missteps"),
            [
                (
                    day(each.day),
                    shown(each.persona or NONE, 40),
                    number(each.score, 1),
                    {True: "yes", False: "no", None: NONE}[each.is_passed],
                    shown((each.outcome or NONE).replace("_", " "), 20),
                    number(each.missteps),
                )
                for each in sessions
            ],
            words=("day", "persona", "passed", "sale"),
        ),
        is_wide=True,
    )
