"""The answers of a team's page: one sentence each, from the figures that its chart shows."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from loaders.pictures import risk
from loaders.pictures.figures import (
    Band,
    BandWeek,
    CohortMonth,
    Crowd,
    Freshness,
    Milestone,
    Outcome,
    SessionCounts,
    Skill,
    TeamFigures,
)
from loaders.pictures.words import count, day, days, listing, month, number, percent, shown

# How far back the share of the highest band is compared.
_WEEKS_BACK = 12
# The month of their life in which cohorts are compared, and how many are the newest.
_COMPARED_MONTH = 1
_NEWEST_COHORTS = 3


def stale(freshness: Freshness) -> str:
    """Return why the data are stale, nothing when they are fresh."""
    if freshness.built_at is None:
        return "No build has ended yet."
    said = []
    if freshness.is_old_build:
        said.append("the last build was more than two days old when this page was written")
    if freshness.has_unbuilt_load:
        said.append("files have landed since that build read them")
    if freshness.is_quiet_source:
        said.append("the newest session is more than a week older than the build")
    return f"Stale: {listing(said)}." if said else ""


def crowd(figures: Crowd, newest: datetime | None) -> str:
    """Return how many learners there are and how many practise."""
    if figures.learners == 0:
        return "No learner to show."
    gone = f"; {figures.gone:,} quiet for over {risk.GONE_DAYS} days" if figures.gone else ""
    return (
        f"{count(figures.learners, 'learner')}; {figures.practising:,} practised in the 30 days to "
        f"{day(newest)}{gone}."
    )


def bands(weeks: Sequence[BandWeek], all_bands: Sequence[Band]) -> str:
    """Say how many are in the highest band, now and twelve weeks before."""
    if not weeks or not all_bands:
        return "Nobody has a readiness yet."
    top, now = all_bands[-1].name, weeks[-1].learners
    everybody = sum(now)
    said = (
        f"{now[-1]:,} of {count(everybody, 'learner')} "
        f"{'is' if 1 in (now[-1], everybody) else 'are'} {top} ({percent(now[-1], everybody)})"
    )
    before = weeks[-1 - _WEEKS_BACK].learners if len(weeks) > _WEEKS_BACK else ()
    if not sum(before):
        return f"{said}; {now[0]:,} {'is' if now[0] == 1 else 'are'} {all_bands[0].name}."
    return (
        f"{said}; {_WEEKS_BACK} weeks before, {before[-1]:,} of {sum(before):,} were "
        f"({percent(before[-1], sum(before))})."
    )


def sessions(counts: SessionCounts, figures: Crowd, newest: datetime | None) -> str:
    """Say how much is practised, against the four weeks before."""
    if counts.all_time == 0:
        return "No session has been scored yet."
    change = "" if counts.before == 0 else f", {_change(counts.recent, counts.before)}"
    return (
        f"{count(counts.recent, 'session')} in the four weeks to {day(newest)}{change}; "
        f"{figures.practising:,} of {count(figures.learners, 'learner')} practised in the 30 days "
        "to then."
    )


def _change(now: int, before: int) -> str:
    if now == before:
        return f"as many as in the four before ({before:,})"
    share = abs(now - before) * 100 / before
    word = "more" if now > before else "fewer"
    return f"{share:.0f} % {word} than in the four before ({before:,})"


def cohorts(cells: Sequence[CohortMonth], *, sees_all: bool) -> str:
    """Compare the newest cohorts with those before them, in the same month of their life."""
    if not cells:
        if sees_all:
            return "No cohort with a readiness to show."
        return "Cohorts are about all learners together, and this role sees only some."
    for age in range(_COMPARED_MONTH, -1, -1):
        of_age = [cell for cell in cells if cell.months_since == age and _is_known(cell)]
        newest, older = of_age[-_NEWEST_COHORTS:], of_age[:-_NEWEST_COHORTS]
        if newest and older:
            new, old = _mean(newest), _mean(older)
            word = "better than" if new > old else "worse than" if new < old else "like"
            when = "in the month after their first" if age else "in their first month"
            return (
                f"Newcomers fare {word} those before them: {number(new, 1)} on average {when} in "
                f"the newest {count(len(newest), 'cohort')} (since "
                f"{month(newest[0].cohort_month)}), {number(old, 1)} in those before."
            )
    last = [cell for cell in cells if cell.cohort_month == cells[-1].cohort_month][-1]
    return (
        f"Too few cohorts to compare: that of {month(last.cohort_month)} "
        f"({count(last.learners, 'learner')}) has a mean of {number(last.mean_readiness, 1)}."
    )


def _is_known(cell: CohortMonth) -> bool:
    return cell.mean_readiness is not None


def _mean(cells: Sequence[CohortMonth]) -> Decimal:
    """Return the mean over learners, as the page shows it."""
    total = sum(((cell.mean_readiness or Decimal(0)) * cell.learners for cell in cells), Decimal(0))
    return round(total / max(1, sum(cell.learners for cell in cells)), 1)


def skills(of_charts: Sequence[Skill], threshold: Decimal | None, ties: int = 0) -> str:
    """Name the skill in which most learners are weak, or the lowest.

    ties is how many skills have as many weak learners, those that are not shown included.
    """
    scored = [skill for skill in of_charts if skill.recent is not None]
    if not scored:
        return "No skill has a score yet."
    weakest = max(scored, key=lambda skill: skill.weak)
    ties = max(ties, sum(skill.weak == weakest.weak for skill in scored))
    if threshold is not None and weakest.weak:
        return (
            f"{shown(weakest.label)}: {count(weakest.weak, 'learner')} "
            f"{'is' if weakest.weak == 1 else 'are'} below {number(threshold)} in it, more than in "
            f"any other skill; its recent mean is {number(weakest.recent, 1)}."
            if ties == 1
            else f"{listing(_labels(scored, weakest.weak, ties))}: "
            f"{count(weakest.weak, 'learner')} each below {number(threshold)}, more than in any "
            "other skill."
        )
    lowest = min(scored, key=lambda skill: skill.recent or Decimal(0))
    return (
        f"Nobody is below the threshold; {shown(lowest.label)} is lowest with a recent mean of "
        f"{number(lowest.recent, 1)}."
    )


def _labels(scored: Sequence[Skill], weak: int, ties: int) -> list[str]:
    names = [shown(skill.label, 40) for skill in scored if skill.weak == weak]
    return names if ties <= 4 else [*names[:3], f"{ties - 3:,} others"]


def milestones(reached: Sequence[Milestone], learners: int) -> str:
    """Say who got how far, and how soon: at the highest threshold that half have reached."""
    if not reached:
        return "Nobody has reached a milestone yet."
    half = [each for each in reached if each.learners * 2 >= learners]
    said = half[-1] if half else reached[0]
    median = said.median_days
    within = "" if median is None else f", half of them within {days(median)}"
    share = percent(said.learners, learners)
    return (
        f"{said.learners:,} of {count(learners, 'learner')} ({share}) reached a readiness of "
        f"{number(said.threshold)}{within}."
    )


def at_risk(figures: TeamFigures) -> str:
    """Say how many are at risk, and how many are listed."""
    total, listed = figures.at_risk_total, len(figures.at_risk)
    if figures.crowd.learners == 0:
        return "There is nobody to be at risk."
    if total == 0:
        return "Nobody: no learner shows a sign of the rule below."
    falling = sum(each.signs.is_falling for each in figures.at_risk)
    rest = f"; the first {listed:,} are listed" if listed < total else ""
    fallen = f", {falling:,} of them falling" if falling and listed == total else ""
    return (
        f"{count(total, 'learner')} of {figures.crowd.learners:,} "
        f"{'is' if total == 1 else 'are'} at risk{fallen}{rest}."
    )


def outcomes(personas: Sequence[Outcome]) -> str:
    """Name the persona with whom most is lost, and the share won over all."""
    total = sum(each.total for each in personas)
    if total == 0:
        return "No sale has ended yet."
    won = sum(each.won for each in personas)
    verb = "was" if 1 in (won, total) else "were"
    said = f"{won:,} of {count(total, 'sale')} {verb} won ({percent(won, total)})"
    if len(personas) == 1:
        return f"{said}, all with {shown(personas[0].persona, 40)}."
    hardest = min(personas, key=lambda each: (each.won / each.total, -each.total))
    return (
        f"{said}; fewest with {shown(hardest.persona, 40)}, {hardest.won:,} of {hardest.total:,} "
        f"({percent(hardest.won, hardest.total)})."
    )


def quality(figures: TeamFigures) -> str:
    """Say how much could not be used."""
    if figures.troubles == 0:
        return "Yes: no file is in quarantine and no value was rejected."
    first = figures.reasons[0]
    undated = figures.session_counts.undated
    without = f"; {count(undated, 'session')} without any time" if undated else ""
    return (
        f"{count(figures.troubles, 'file or value', 'files and values')} could not be used, most "
        f"often {shown(first.kind, 40)}: {shown(first.reason, 40)} ({first.count:,}){without}."
    )


def as_of(freshness: Freshness) -> str:
    """Return the days that a page's head shows."""
    times = {
        "built": freshness.built_at,
        "from what had landed by": freshness.cutoff,
        "last load": freshness.last_load_at,
        "newest session": freshness.newest_session_at,
    }
    said = ", ".join(f"{name} {day(time)}" for name, time in times.items() if time is not None)
    return f"{said[:1].upper()}{said[1:]} (UTC)." if said else "Nothing was built yet."
