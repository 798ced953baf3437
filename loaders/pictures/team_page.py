"""The sections of a team's page, in the order in which a manager asks."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from loaders.pictures import risk, row_charts, sentences, time_charts
from loaders.pictures.figures import (
    MOST_COHORT_MONTHS,
    MOST_COHORTS,
    MOST_WEEKS,
    AtRisk,
    Reason,
    Skill,
    SkillTotals,
    TeamFigures,
)
from loaders.pictures.page import Page
from loaders.pictures.sections import Entry, Key, Listed, Section, drawn, table
from loaders.pictures.words import NONE, count, day, month, number, percent, shown

_MOST_ROWS_DRAWN = 14
_MOST_REASONS_DRAWN = 10


def team_page(figures: TeamFigures) -> Page:
    """Return the page of the learners that a role sees."""
    return Page(
        title="Where the learners stand",
        head=sentences.crowd(figures.crowd, figures.freshness.newest_session_at),
        as_of=sentences.as_of(figures.freshness),
        stale=sentences.stale(figures.freshness),
        role=shown(figures.role),
        bands=figures.bands,
        sections=tuple(make(figures) for make in _SECTIONS),
    )


def _bands(figures: TeamFigures) -> Section:
    weeks, bands = figures.band_weeks, figures.bands
    answer = sentences.bands(weeks, bands)
    return Section(
        "bands",
        "Are more of them ready?",
        answer,
        drawn(
            f"Learners in each band of readiness by week, stacked. {answer}",
            lambda size: time_charts.bands_by_week(size, weeks, bands),
        )
        if weeks and bands
        else None,
        note="Each learner counts in every week since its first readiness, in the band of its "
        f"latest one, whether or not it practised. At most the newest {MOST_WEEKS} weeks.",
        numbers=table(
            ("week of", *(shown(band.name, 30) for band in bands)),
            [(day(week.week_start), *(number(n) for n in week.learners)) for week in weeks],
            words=("week of",),
        ),
    )


def _sessions(figures: TeamFigures) -> Section:
    weeks = figures.session_weeks
    answer = sentences.sessions(
        figures.session_counts, figures.crowd, figures.freshness.newest_session_at
    )
    return Section(
        "sessions",
        "Is anybody practising?",
        answer,
        drawn(
            f"Scored sessions by week. {answer}",
            lambda size: time_charts.sessions_by_week(size, weeks),
        )
        if weeks
        else None,
        note=f"Scored sessions by week, at most the newest {MOST_WEEKS} weeks; the last week may "
        "not be over.",
        numbers=table(
            ("week of", "sessions", "learners"),
            [
                (day(week.week_start), number(week.sessions), number(week.learners))
                for week in weeks
            ],
            words=("week of",),
        ),
    )


def _cohorts(figures: TeamFigures) -> Section:
    cells = figures.cohorts
    # A role that sees learners and no cohort does not see all.
    answer = sentences.cohorts(cells, sees_all=figures.crowd.assessed == 0)
    return Section(
        "cohorts",
        "Do newcomers fare better?",
        answer,
        drawn(
            "Mean readiness of each cohort, a row by month of its first readiness, in each month "
            f"of its life, from left to right. {answer}",
            lambda size: row_charts.cohorts_by_month(size, cells),
        )
        if any(cell.mean_readiness is not None for cell in cells)
        else None,
        note="Mean readiness of those whose first readiness is of a month, by months since then, "
        "each learner's latest carried forward. Faded: less than a quarter of them, or fewer than "
        f"three, practised in that month. At most the newest {MOST_COHORTS} cohorts and their "
        f"first {MOST_COHORT_MONTHS} months.",
        numbers=table(
            ("cohort", "months since", "learners", "active", "mean readiness"),
            [
                (
                    month(cell.cohort_month),
                    number(cell.months_since),
                    number(cell.learners),
                    number(cell.active),
                    number(cell.mean_readiness, 1),
                )
                for cell in cells
            ],
            words=("cohort",),
        ),
    )


def _skills(figures: TeamFigures) -> Section:
    trained = [skill for skill in figures.skills if skill.is_trained]
    return skills_section(
        "What should we train?",
        sentences.skills(trained, figures.threshold, figures.skill_totals.weakest),
        figures.skills,
        figures.skill_totals,
        figures.threshold,
        "Means over learners, of each one's newest 30 days and of all time",
    )


def skills_section(
    question: str,
    answer: str,
    skills: Sequence[Skill],
    totals: SkillTotals,
    threshold: Decimal | None,
    means: str,
    *,
    amount: str = "learners",
) -> Section:
    """Return the section of skills; parts of the scorecard are in its table alone."""
    trained = [skill for skill in skills if skill.is_trained]
    some = trained[:_MOST_ROWS_DRAWN]
    cut = f"; the lowest {len(some)} of {totals.drawn:,}" if len(some) < totals.drawn else ""
    below = (
        "" if threshold is None else f" The dashed line is the threshold of {number(threshold)}."
    )
    return Section(
        "skills",
        question,
        answer,
        drawn(
            f"Mean score in each skill, recent and of all time. {answer}",
            lambda size: row_charts.skills_by_score(size, _shown(some), threshold),
        )
        if some
        else None,
        keys=(Key("recent", "newest 30 days"), Key("all-time", "all time")) if some else (),
        note=f"{means}{cut}.{below} Parts of the scorecard are in the table alone.",
        numbers=table(
            ("skill", "kind", amount, "below threshold", "30 days", "all time"),
            [
                (
                    shown(skill.label),
                    skill.kind,
                    number(skill.learners),
                    number(skill.weak),
                    number(skill.recent, 1),
                    number(skill.all_time, 1),
                )
                for skill in skills
            ],
            words=("skill", "kind"),
            note=left_out(totals.all - len(skills), "skill"),
        ),
    )


def left_out(hidden: int, noun: str) -> str:
    """Say how many rows a table does not show."""
    return f"{count(hidden, noun)} left out." if hidden > 0 else ""


def _reason(reason: Reason) -> str:
    return shown(f"{reason.kind}: {reason.reason}".replace("_", " "))


def _shown(skills: Sequence[Skill]) -> list[Skill]:
    return [replace(skill, label=shown(skill.label, 60)) for skill in skills]


def _milestones(figures: TeamFigures) -> Section:
    reached, learners = figures.milestones, figures.crowd.assessed
    answer = sentences.milestones(reached, learners)
    return Section(
        "milestones",
        "How long does it take?",
        answer,
        drawn(
            f"Share of learners who have reached each readiness, with median days. {answer}",
            lambda size: row_charts.milestones_reached(size, reached, learners),
        )
        if reached
        else None,
        note="Share of the learners with any readiness who have ever reached a readiness, and "
        "their median days from their first readiness to it.",
        numbers=table(
            ("readiness", "learners", "share", "median days"),
            [
                (
                    number(each.threshold),
                    number(each.learners),
                    percent(each.learners, learners),
                    number(each.median_days),
                )
                for each in reached
            ],
        ),
    )


def _at_risk(figures: TeamFigures) -> Section:
    values = [float(value) for each in figures.at_risk for _, value in each.line]
    # One scale for all lines, at least twenty points wide.
    low = min(80, int(min(values, default=0)))
    high = max(low + 20, int(max(values, default=0)) + 1)
    lines = (
        f"The lines are the readiness of the last half year, each from {low} to {high}. "
        "'pulse-elt dashboard --learner ID' writes a learner's own page."
    )
    listed = Listed(
        ("readiness", "band", "sessions", "days quiet"),
        frozenset({"readiness", "sessions", "days quiet"}),
        tuple(_entry(each, low, high) for each in figures.at_risk),
    )
    return Section(
        "at-risk",
        "Who needs somebody now?",
        sentences.at_risk(figures),
        note=f"{risk.RULE} {lines}" if listed.entries else risk.RULE,
        listed=listed if listed.entries else None,
        is_wide=True,
    )


def _entry(learner: AtRisk, low: float, high: float) -> Entry:
    return Entry(
        str(learner.user_id),
        (
            number(learner.readiness, 1),
            shown(learner.band or NONE, 30),
            number(learner.sessions),
            number(learner.signs.days_quiet),
        ),
        sparkline(learner.line, low, high),
        shown(risk.why(learner.signs), 160),
    )


def sparkline(points: Sequence[tuple[date, Decimal]], low: float, high: float) -> str:
    """Return the points of a small line, 96 wide and 24 high, as SVG has them."""
    if len(points) < 2:
        return ""
    first = points[0][0].toordinal()
    across = 92 / (points[-1][0].toordinal() - first)
    up = 20 / (high - low)
    return " ".join(
        f"{2 + across * (at.toordinal() - first):.1f},{22 - up * (float(value) - low):.1f}"
        for at, value in points
    )


def _outcomes(figures: TeamFigures) -> Section:
    personas = figures.outcomes
    answer = sentences.outcomes(personas)
    return Section(
        "outcomes",
        "Where do sales fail?",
        answer,
        drawn(
            f"How sales ended with each persona, as shares. {answer}",
            lambda size: row_charts.outcomes_by_persona(
                size, [(shown(each.persona, 60), each) for each in personas]
            ),
        )
        if personas
        else None,
        keys=tuple(
            Key(kind, kind if kind != "other" else "in progress") for kind in row_charts.OUTCOMES
        )
        if personas
        else (),
        note="Sessions with an outcome of the sale, by persona, those with most sessions first.",
        numbers=table(
            ("persona", "sales", "won", "lost", "stalled", "in progress"),
            [
                (
                    shown(each.persona),
                    *map(number, (each.total, each.won, each.lost, each.stalled, each.others)),
                )
                for each in personas
            ],
            words=("persona",),
        ),
    )


def _quality(figures: TeamFigures) -> Section:
    reasons = figures.reasons
    some = reasons[:_MOST_REASONS_DRAWN]
    hidden = figures.reasons_total - len(reasons)
    return Section(
        "quality",
        "Can I trust this?",
        sentences.quality(figures),
        drawn(
            f"What could not be used, by kind and reason. {sentences.quality(figures)}",
            lambda size: row_charts.reasons_by_count(
                size, [(_reason(each), each) for each in some]
            ),
        )
        if reasons
        else None,
        note="Files in quarantine and values that were rejected, of all learners. A rejected "
        "value is NULL in the marts. 'pulse-elt quarantine list' names the files, and says what a "
        "code such as 22P02 means.",
        numbers=table(
            ("kind", "reason", "count"),
            [(shown(each.kind), shown(each.reason), number(each.count)) for each in reasons],
            words=("kind", "reason"),
            note=left_out(hidden, "rarer reason"),
        ),
        is_wide=True,
    )


_SECTIONS: tuple[Callable[[TeamFigures], Section], ...] = (
    _bands,
    _sessions,
    _cohorts,
    _skills,
    _milestones,
    _at_risk,
    _outcomes,
    _quality,
)
