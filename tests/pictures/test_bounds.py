"""Pages of made-up figures: the most that there can be, the least, and names of any sort."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from loaders.pictures import figures as most
from loaders.pictures import sentences
from loaders.pictures.drawing import DESK, number_ticks, spread
from loaders.pictures.figures import (
    AtRisk,
    Band,
    BandWeek,
    CohortMonth,
    Crowd,
    Freshness,
    Milestone,
    Outcome,
    Reason,
    SessionCounts,
    SessionWeek,
    Skill,
    SkillTotals,
    TeamFigures,
)
from loaders.pictures.learner_figures import (
    MOST_MISSTEPS,
    MOST_SESSIONS,
    MOST_SNAPSHOTS,
    Focus,
    Learner,
    LearnerFigures,
    Session,
    Snapshot,
)
from loaders.pictures.learner_page import learner_page
from loaders.pictures.page import Page, html_of
from loaders.pictures.risk import MOST_LISTED, Signs, why
from loaders.pictures.team_page import team_page
from loaders.pictures.time_charts import readiness_lines
from loaders.pictures.words import percent, shown
from tests.pictures.browser import Tab
from tests.pictures.test_layout import FONTS, refuse_lost_labels

MONDAY = date(2024, 1, 1)
NOW = datetime(2026, 1, 4, 12, tzinfo=UTC)
FRESH = Freshness(NOW, NOW, NOW, NOW, False, False, False)
BANDS = (
    Band("Early", "#d55e00", None, Decimal(60)),
    Band("Emerging", "#7a6fc9", Decimal(60), Decimal(85)),
    Band("Strong", "#009e73", Decimal(85), None),
)
# Wide letters, other scripts, markup, signs that turn the direction of text; all of any length.
NAMES = (
    "W" * 200,
    "MMMM %%%% WWWW @@@@ " * 5,
    "山口のお客様" * 20,
    '<b>Ivan & "Ana"</b>' * 9,
    "\u202eevil\u0000\u0007 \u200f" * 9,
    "i",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 12 " * 9,
)


def name(at: int) -> str:
    return f"{at} {NAMES[at % len(NAMES)]}"


def team(scale: int = 10_000_000) -> TeamFigures:
    """Return as many rows of each sort as a page may get, with figures of that scale."""
    weeks = [MONDAY + timedelta(days=7 * at) for at in range(most.MOST_WEEKS)]
    months = [date(2024 + at // 12, at % 12 + 1, 1) for at in range(most.MOST_COHORTS)]
    line = tuple((week, Decimal(at % 100)) for at, week in enumerate(weeks[-most.LINE_WEEKS :]))
    signs = Signs(True, True, True, Decimal(33), 44, 5, name(0))
    return TeamFigures(
        role="a" * 63,
        freshness=FRESH,
        bands=BANDS,
        crowd=Crowd(scale, scale // 2, scale // 3, scale),
        band_weeks=tuple(BandWeek(week, (scale - 2, 1, 1)) for week in weeks),
        session_weeks=tuple(SessionWeek(week, scale + 7, scale) for week in weeks),
        session_counts=SessionCounts(scale, scale // 2, scale, 3),
        cohorts=tuple(
            CohortMonth(month, age, scale, scale if age < 3 else 0, Decimal(100 - age))
            for month in months
            for age in range(most.MOST_COHORT_MONTHS)
        ),
        skills=tuple(
            Skill(name(at), "skill", scale, scale, Decimal(at), Decimal(100))
            for at in range(most.MOST_SKILLS)
        ),
        skill_totals=SkillTotals(scale, scale, most.MOST_SKILLS),
        threshold=Decimal(60),
        milestones=tuple(Milestone(Decimal(at), scale, Decimal(1234)) for at in range(40, 101, 10)),
        at_risk=tuple(
            AtRisk(UUID(int=at), Decimal(55), "Emerging", scale, signs, line)
            for at in range(MOST_LISTED)
        ),
        at_risk_total=scale,
        outcomes=tuple(Outcome(name(at), scale, 1, 1, 1) for at in range(most.MOST_PERSONAS + 1)),
        reasons=tuple(Reason(name(at), name(at + 1), scale) for at in range(most.MOST_REASONS)),
        troubles=scale,
        reasons_total=1000,
    )


def learner() -> LearnerFigures:
    """Return as many rows of each sort as a learner's page may get; all lines end together."""
    days = [MONDAY + timedelta(days=at) for at in range(MOST_SNAPSHOTS)]
    all_same = (Decimal(100),) * 5
    return LearnerFigures(
        role="a" * 63,
        user_id=UUID(int=7),
        freshness=FRESH,
        bands=BANDS,
        learner=Learner(NOW, NOW, 999, 99, 9, Decimal(100), "Strong"),
        snapshots=tuple(Snapshot(day, *all_same) for day in days),
        skills=team().skills,
        skill_totals=team().skill_totals,
        focus=tuple(
            Focus(name(at), Decimal(1), Decimal(2), 3, Decimal(60))
            for at in range(most.MOST_SKILLS)
        ),
        focus_total=1000,
        sessions=tuple(
            Session(days[-at % 100], name(at), Decimal(at % 101), True, "in_progress", 3)
            for at in range(MOST_SESSIONS)
        ),
        missteps=tuple((name(at), 9) for at in range(MOST_MISSTEPS)),
    )


@pytest.mark.parametrize(
    "draw", [lambda: team_page(team()), lambda: learner_page(learner())], ids=["team", "one"]
)
def test_the_most_there_can_be_keeps_its_size_and_every_label(
    draw: Callable[[], Page], tab: Tab, tmp_path: Path
) -> None:
    out = tmp_path / "page.html"
    out.write_text(html_of(draw()), encoding="utf-8")
    assert out.stat().st_size <= 500_000
    assert "\0" not in out.read_text(encoding="utf-8")
    for width in (1280, 390):
        tab.resize(width)
        tab.show_as()
        tab.open(out)
        assert tab.said == []
        for font in FONTS:
            tab.set_font(font)
            assert refuse_lost_labels(tab) > 50
            assert tab.overflow() == 0


def test_one_of_everything_is_said_in_the_singular() -> None:
    one = Crowd(1, 1, 0, 1)
    assert sentences.crowd(one, NOW) == "1 learner; 1 practised in the 30 days to 4 Jan 2026."
    said = sentences.bands([BandWeek(MONDAY, (0, 0, 1))], BANDS)
    assert said == "1 of 1 learner is Strong (100\u00a0%); 0 are Early."
    said = sentences.bands([BandWeek(MONDAY, (1, 0, 0))], BANDS)
    assert said == "0 of 1 learner is Strong (0\u00a0%); 1 is Early."
    assert sentences.outcomes([Outcome("Maya", 0, 1, 0, 0)]).startswith("0 of 1 sale was won")
    assert sentences.sessions(SessionCounts(1, 0, 1, 0), one, NOW).startswith(
        "1 session in the four weeks to 4 Jan 2026; 1 of 1 learner practised"
    )
    assert sentences.milestones([Milestone(Decimal(40), 1, Decimal("0.6"))], 1) == (
        "1 of 1 learner (100\u00a0%) reached a readiness of 40, half of them within 1 day."
    )
    assert sentences.outcomes([Outcome("Maya", 1, 0, 0, 0)]) == (
        "1 of 1 sale was won (100\u00a0%), all with Maya."
    )
    assert why(Signs(False, False, True, None, 3, 1, "Probe")) == "Lowest band, weak in Probe"


def test_what_is_not_known_is_said() -> None:
    unknown = Freshness(None, None, None, None, False, False, False)
    assert sentences.as_of(unknown) == "Nothing was built yet."
    assert sentences.stale(unknown) == "No build has ended yet."
    assert sentences.stale(FRESH) == ""
    stale = Freshness(NOW, NOW, NOW, NOW, True, True, True)
    assert sentences.stale(stale).count(",") == 1
    cell = CohortMonth(MONDAY, 0, 3, 3, None)
    assert sentences.cohorts([cell], sees_all=True).endswith("has a mean of –.")
    assert sentences.skills([Skill("Probe", "step", 0, 0, None, None)], None) == (
        "No skill has a score yet."
    )


def test_a_mean_of_zero_is_a_mean() -> None:
    months = [date(2025, month, 1) for month in range(1, 7)]
    cells = [CohortMonth(month, 1, 10, 10, Decimal(10 * (month.month > 3))) for month in months]
    assert "10.0 on average" in sentences.cohorts(cells, sees_all=True)
    assert ", 0.0 in those before" in sentences.cohorts(cells, sees_all=True)
    nothing = Skill("Probe", "step", 3, 0, Decimal(0), Decimal(0))
    figures = replace(learner(), skills=(nothing,), skill_totals=SkillTotals(1, 1, 1))
    assert '<p class="answer">Probe is strongest with 0.0' in html_of(learner_page(figures))


def test_a_component_without_a_score_of_late_has_no_value_of_today() -> None:
    scores = (Decimal(70), Decimal(51), None, None, None)
    last = Snapshot(MONDAY + timedelta(days=200), Decimal(80), None, None, None, None)
    drawing = readiness_lines(DESK, [Snapshot(MONDAY, *scores), last], BANDS)
    assert ">Overall 80<" in drawing.marks
    assert ">Technical –<" in drawing.marks


def test_a_learner_whose_sessions_have_no_time_is_said_to_have_none() -> None:
    nobody_knows = replace(learner().learner, first_session_at=None, days_quiet=None)
    page = learner_page(replace(learner(), learner=nobody_knows))
    assert page.head.endswith(": 999 sessions without any time.")


def test_names_of_any_script_arrive_as_they_are() -> None:
    assert shown("Jean\u00a0Dupont\u3000\u202f\n!") == "Jean Dupont   !"
    assert shown("\U0001f468\u200d\U0001f469") == "\U0001f468\u200d\U0001f469"
    assert shown("\u202eevil\u2066\u0007") == "\ufffdevil\ufffd\ufffd"
    # Words that run to the left take no number of the sentence with them.
    assert shown("\u05e9\u05dc\u05d5\u05dd") == "\u2068\u05e9\u05dc\u05d5\u05dd\u2069"
    assert shown("\u0645\u06cc\u200c\u062e" * 50, 9).endswith("…\u2069")


def test_newcomers_are_compared_at_the_same_age() -> None:
    cells = [
        CohortMonth(date(2025, month, 1), age, 10, 10, Decimal(50 + 10 * age + 2 * (month > 3)))
        for month in range(1, 7)
        for age in range(7 - month)
    ]
    # Every cohort is better later: means over all months would call the newest worse.
    assert sentences.cohorts(cells, sees_all=True).startswith("Newcomers fare better")


def test_a_share_is_none_or_all_only_where_it_is() -> None:
    shares = [percent(part, 1000) for part in (0, 1, 500, 999, 1000)]
    assert shares == ["0\u00a0%", "<1\u00a0%", "50\u00a0%", ">99\u00a0%", "100\u00a0%"]
    assert percent(0, 0) == "–"


def test_axes_have_round_numbers() -> None:
    assert list(number_ticks(1)) == [0, 1]
    assert list(number_ticks(4)) == [0, 1, 2, 3, 4]
    assert list(number_ticks(97)) == [0, 50, 100]
    assert number_ticks(10_000_007)[10_000_000] == "10,000,000"
    assert max(number_ticks(10_000_007)) >= 10_000_007


def test_labels_that_would_lie_upon_each_other_are_spread() -> None:
    assert spread([50, 50, 50], 10, 100) == [50, 60, 70]
    assert spread([99, 99, 1], 10, 100) == [90, 100, 1]
