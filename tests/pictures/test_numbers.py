"""The numbers of a page on examples/legacy, section by section, from the page that says them."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from statistics import median_low
from typing import Any

import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.pictures.command import write_dashboard
from tests.conftest import ROOT
from tests.marts.expectations import load_expectations
from tests.pictures.conftest import Draw
from tests.pictures.reading import PageRead, read_page

pytestmark = pytest.mark.newest_server

Row = dict[str, Any]
EXPECTED = load_expectations(ROOT / "examples" / "expected.md")
BANDS = ("Early", "Emerging", "Strong")


def rows(table: str, **equal: str) -> list[Row]:
    """Return the rows that examples/expected.md gives a mart."""
    found: list[Row] = [dict(row) for row in EXPECTED[f"analytics.{table}"].rows]
    return [row for row in found if all(row[name] == value for name, value in equal.items())]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def monday(text: str) -> date:
    day = moment(text).date()
    return day - timedelta(days=day.weekday())


def said(day: date) -> str:
    return f"{day.day} {day:%b} {day.year}"


def rounded(value: Decimal, places: str = "0.1") -> str:
    return str(value.quantize(Decimal(places), ROUND_HALF_UP))


@pytest.fixture(scope="module")
def newest() -> datetime:
    return moment(rows("data_freshness")[0]["newest_session_at"])


@pytest.fixture(scope="module")
def page(built_examples: DatabaseSettings, tmp_path_factory: pytest.TempPathFactory) -> PageRead:
    out = tmp_path_factory.mktemp("numbers") / "page.html"
    write_dashboard(built_examples, out)
    return read_page(out)


def test_learners_by_band_are_carried_forward_by_hand(page: PageRead, newest: datetime) -> None:
    snapshots = sorted(
        rows("user_readiness", source="computed"), key=lambda row: row["snapshot_at"]
    )
    first, last = monday(snapshots[0]["snapshot_at"]), monday(newest.isoformat())
    expected = []
    for week in weeks(first, last):
        latest = {
            row["user_id"]: row["readiness_band"]
            for row in snapshots
            if monday(row["snapshot_at"]) <= week
        }
        counts = Counter(latest.values())
        expected.append((said(week), *(str(counts[band]) for band in BANDS)))
    assert page.numbers("bands", "week of", *BANDS) == expected
    ready, everybody = expected[-1][3], len(rows("user_readiness_latest"))
    assert page.sections["bands"].answer.startswith(f"{ready} of {everybody} learners is Strong")


def weeks(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=7)


def test_sessions_by_week(page: PageRead, newest: datetime) -> None:
    scored = [row for row in rows("scorecards") if row["occurred_at"]]
    counts = Counter(monday(row["occurred_at"]) for row in scored)
    learners = {
        week: {row["user_id"] for row in scored if monday(row["occurred_at"]) == week} - {None}
        for week in counts
    }
    assert page.numbers("sessions", "week of", "sessions", "learners") == [
        (said(week), str(counts[week]), str(len(learners[week]))) for week in sorted(counts)
    ]
    ages = [newest - moment(row["occurred_at"]) for row in scored]
    recent = sum(age < timedelta(days=28) for age in ages)
    before = sum(timedelta(days=28) <= age < timedelta(days=56) for age in ages)
    answer = page.sections["sessions"].answer
    assert answer.startswith(f"{recent} sessions in the four weeks to {said(newest.date())}, ")
    assert f"than in the four before ({before})" in answer


def test_cohorts(page: PageRead) -> None:
    columns = ("cohort", "months since", "learners", "active", "mean readiness")
    assert page.numbers("cohorts", *columns) == [
        (
            f"{date.fromisoformat(row['cohort_month']):%b %Y}",
            row["months_since"],
            row["learner_count"],
            row["active_learner_count"],
            f"{Decimal(row['mean_readiness']):.1f}",
        )
        for row in rows("cohort_readiness")
    ]


def test_skills_are_means_over_learners(page: PageRead) -> None:
    skills = {row["skill_tag"]: row for row in rows("skills")}
    weak = Counter(row["skill_tag"] for row in rows("learner_focus"))
    expected = []
    for tag, skill in skills.items():
        of_window = {
            window: [
                Decimal(row["avg_score"])
                for row in rows("user_skill_agg", skill_tag=tag, window_name=window)
            ]
            for window in ("30d", "all_time")
        }
        if of_window["all_time"]:
            means = [mean(values) for values in of_window.values()]
            learners = str(len(of_window["all_time"]))
            expected.append((skill["label"], skill["kind"], learners, str(weak[tag]), *means))
    columns = ("skill", "kind", "learners", "below threshold", "30 days", "all time")
    assert sorted(page.numbers("skills", *columns)) == sorted(expected)
    assert "Overall score" not in page.sections["skills"].answer


def mean(values: list[Decimal]) -> str:
    return rounded(sum(values, Decimal(0)) / len(values)) if values else "–"


def test_milestones(page: PageRead) -> None:
    learners = len(rows("user_readiness_latest"))
    reached: dict[Decimal, list[Decimal]] = {}
    for row in rows("readiness_milestones"):
        reached.setdefault(Decimal(row["threshold"]), []).append(Decimal(row["days_to_reach"]))
    assert page.numbers("milestones", "readiness", "learners", "share", "median days") == [
        (
            f"{threshold:.0f}",
            str(len(days)),
            f"{100 * len(days) / learners:.0f}\u00a0%",
            f"{median_low(days):.0f}",
        )
        for threshold, days in sorted(reached.items())
    ]


def test_who_is_at_risk(page: PageRead, newest: datetime) -> None:
    """The rule as the page states it, over the examples; nobody has a weak skill there."""
    assert rows("learner_focus") == []
    at_risk = []
    for learner in rows("learners"):
        quiet = (newest - moment(learner["last_session_at"])).days
        mine = rows("user_readiness", source="computed", user_id=learner["user_id"])
        last = max(moment(row["snapshot_at"]) for row in mine)
        near = [
            Decimal(row["readiness_overall"])
            for row in mine
            if moment(row["snapshot_at"]) >= last - timedelta(days=28)
        ]
        is_falling = max(near) - Decimal(learner["readiness_overall"]) >= 10
        if quiet <= 90 and (is_falling or (quiet >= 14 and learner["readiness_band"] != "Strong")):
            at_risk.append(learner["user_id"])
    assert {row["learner"] for row in page.sections["at-risk"].rows} == set(at_risk)
    if not at_risk:
        assert page.sections["at-risk"].answer.startswith("Nobody")


def test_outcomes_by_persona(page: PageRead) -> None:
    counts: dict[str, Counter[str]] = {}
    for row in rows("scorecards"):
        if row["sale_outcome"]:
            counts.setdefault(row["persona"] or "No persona", Counter())[row["sale_outcome"]] += 1
    columns = ("persona", "sales", "won", "lost", "stalled", "in progress")
    assert sorted(page.numbers("outcomes", *columns)) == sorted(
        (
            persona,
            str(outcomes.total()),
            *(str(outcomes[each]) for each in ("won", "lost", "stalled", "in_progress")),
        )
        for persona, outcomes in counts.items()
    )
    won = sum(outcomes["won"] for outcomes in counts.values())
    total = sum(outcomes.total() for outcomes in counts.values())
    assert page.sections["outcomes"].answer.startswith(f"{won} of {total} sales were won")


def test_quality(page: PageRead) -> None:
    expected = [(row["kind"], row["reason"], row["count"]) for row in rows("data_quality")]
    listed = page.numbers("quality", "kind", "reason", "count")
    # The rarest of many are left out, and the page says how many.
    assert set(listed) <= set(expected)
    assert len(listed) == min(30, len(expected))
    total = sum(int(row["count"]) for row in rows("data_quality"))
    assert page.sections["quality"].answer.startswith(f"{total} files and values")


def test_the_head_says_how_old_the_data_are_and_who_is_in_them(
    page: PageRead, newest: datetime, built_examples: DatabaseSettings
) -> None:
    practised = sum(
        newest - moment(row["last_session_at"]) < timedelta(days=30) for row in rows("learners")
    )
    assert (
        page.head == f"4 learners; {practised} practised in the 30 days to {said(newest.date())}."
    )
    # The newest session of the examples is of 2025: their source has gone quiet.
    assert page.is_stale
    text = page.content.decode()
    assert f"newest session {said(newest.date())}" in text
    with connect(built_examples) as connection:
        row = connection.execute("select session_user, built_at from reporting.data_freshness")
        login, built_at = row.fetchone() or ("", datetime.min)
    assert f"<b>{login}</b>" in text
    assert f"Built {said(built_at.astimezone(UTC).date())}" in text


def test_a_learners_page(built_examples: DatabaseSettings, draw: Draw) -> None:
    ada = next(row["user_id"] for row in rows("learners") if row["readiness_band"] == "Strong")
    page = draw(built_examples, learner=ada)
    names = ("overall", "technical", "communication", "structure", "behavioral")
    snapshots = sorted(
        rows("user_readiness", source="computed", user_id=ada), key=lambda row: row["snapshot_at"]
    )
    assert page.numbers("readiness", "day", *names) == [
        (
            said(moment(row["snapshot_at"]).date()),
            *(
                f"{Decimal(row[f'readiness_{name}']):.1f}" if row[f"readiness_{name}"] else "–"
                for name in names
            ),
        )
        for row in reversed(snapshots)
    ]
    scored = sorted(rows("scorecards", user_id=ada), key=lambda row: row["occurred_at"])
    assert page.numbers("sessions", "day", "persona", "score", "sale", "missteps") == [
        (
            said(moment(row["occurred_at"]).date()),
            row["persona"] or "–",
            f"{Decimal(row['overall_score']):.1f}",
            (row["sale_outcome"] or "–").replace("_", " "),
            row["misstep_count"] or "–",
        )
        for row in reversed(scored)
    ]
    assert len(page.sections["skills"].rows) == len(
        rows("user_skill_agg", user_id=ada, window_name="all_time")
    )
    missteps = Counter(row["misstep"] for row in rows("missteps", user_id=ada))
    assert all(misstep in page.sections["focus"].answer for misstep in missteps)
