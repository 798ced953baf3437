"""What a manager sees in a sample tree: a programme that goes on, and people who differ."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import correlation, mean
from typing import Any

import orjson
import pytest

from loaders.project.root import project_root
from loaders.sample import Proportions, SamplePlan, generate
from loaders.sample.clock import EPOCH_UNIX
from loaders.sample.learners import learners_of, sessions_of

pytestmark = pytest.mark.xdist_group("sample_learners")

LAST_DAY = date(2025, 11, 30)
PREPARED_FROM = datetime(2025, 9, 1, tzinfo=UTC)
DAY = timedelta(days=1)

# Every session has what is read here; otherwise a missing file looks like a gap in practice.
LEGIBLE = Proportions(
    session_file=1,
    scorecard_file=1,
    scorecard_elsewhere=0,
    scorecard_twice=0,
    only_in_history=0,
    certification=0,
    unit=0,
    unknown=0,
    no_completed_at=0,
    user_only_in_request=0,
    no_user=0,
    answer_events_file=1,
    events_unit_scale=0,
    wrong_shape=0,
)


@dataclass(frozen=True)
class Talk:
    """A session with a document and a scorecard of the usual generation."""

    user: str
    started: datetime
    ended: datetime
    persona: str
    outcome: str
    score: int


@dataclass(frozen=True)
class Programme:
    """The talks of a tree, each learner's own, oldest first, and its answers."""

    talks: list[Talk]
    learners: list[list[Talk]]
    answers: list[dict[str, Any]]

    @property
    def newest(self) -> datetime:
        return max(talk.ended for talk in self.talks)


@pytest.fixture(scope="module")
def programme(tmp_path_factory: pytest.TempPathFactory) -> Programme:
    """A tree of 6,000 sessions of 300 learners."""
    tree = tmp_path_factory.mktemp("sample") / "tree"
    generate(SamplePlan(6_000, 300, seed=1, bad_share=0, proportions=LEGIBLE), tree)
    talks = sorted(talks_in(tree), key=lambda talk: talk.ended)
    by_user: dict[str, list[Talk]] = defaultdict(list)
    for talk in talks:
        by_user[talk.user].append(talk)
    return Programme(talks, list(by_user.values()), list(answers_in(tree)))


def talks_in(tree: Path) -> Iterator[Talk]:
    for folder in (tree / "sessions").iterdir():
        session, card = document(folder / "session.json"), document(folder / "scorecard.json")
        try:
            details, score = card["pulse_details"], card["overall"]["score"]
            started, ended = moment(session["created_at"]), moment(session["completed_at"])
            user, persona = session["user_id"], session["persona"].capitalize()
        except (KeyError, TypeError, ValueError):
            continue
        if type(score) is int and 0 <= score <= 100 and not user.startswith("unknown-"):
            yield Talk(user, started, ended, persona, details["sale_outcome"], score)


def answers_in(tree: Path) -> Iterator[dict[str, Any]]:
    for path in (tree / "sessions").glob("*/events.json"):
        found = document(path)
        answers = found.get("events", []) if isinstance(found, dict) else found
        yield from (
            answer
            for answer in answers
            if isinstance(answer, dict) and isinstance(answer["score"], int | float)
        )


def document(path: Path) -> Any:  # noqa: ANN401
    return orjson.loads(path.read_bytes()) if path.is_file() else {}


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)


def scores(talks: Iterable[Talk]) -> list[int]:
    return [talk.score for talk in talks]


def share(truths: Iterable[bool]) -> float:
    return mean(map(float, truths))


def test_the_programme_goes_on_to_the_last_week(programme: Programme) -> None:
    weeks = Counter((LAST_DAY - talk.ended.date()).days // 7 for talk in programme.talks)
    assert min(weeks) == 0
    usual = mean(weeks[week] for week in range(12))
    assert all(0.7 * usual <= weeks[week] <= 1.3 * usual for week in range(12))
    assert programme.newest.date() == LAST_DAY


def test_newcomers_begin_until_the_last_month(programme: Programme) -> None:
    months = Counter(talks[0].started.month for talks in programme.learners)
    assert set(months) == set(range(1, 12))
    assert min(months.values()) >= 5


def test_some_learners_have_fallen_silent_and_most_have_not(programme: Programme) -> None:
    quiet = share(programme.newest - talks[-1].ended > 30 * DAY for talks in programme.learners)
    assert 0.10 <= quiet <= 0.35


def test_weekends_are_quiet_not_empty(programme: Programme) -> None:
    assert 0.02 <= share(talk.started.weekday() >= 5 for talk in programme.talks) <= 0.10


def test_some_sessions_lie_around_midnight_so_that_the_day_boundary_matters(
    programme: Programme,
) -> None:
    assert 0.03 <= share(talk.started.hour in (23, 0) for talk in programme.talks) <= 0.10
    across = [talk for talk in programme.talks if talk.started.date() != talk.ended.date()]
    assert len(across) >= 10


def test_learners_end_in_every_band(programme: Programme) -> None:
    with (project_root() / "seeds/readiness_bands.csv").open() as file:
        bands = [
            (float(row["at_least"] or 0), row["readiness_band"]) for row in csv.DictReader(file)
        ]
    ends = Counter(
        max(band for band in bands if band[0] <= mean(scores(talks[-5:])))[1]
        for talks in programme.learners
    )
    assert set(ends) == {name for _, name in bands}
    assert all(0.10 <= count / ends.total() <= 0.65 for count in ends.values())


def test_personas_differ_in_scores_and_in_sales(programme: Programme) -> None:
    personas = sorted({talk.persona for talk in programme.talks})
    with_each = [[t for t in programme.talks if t.persona == persona] for persona in personas]
    means = [mean(scores(talks)) for talks in with_each]
    won = [share(talk.outcome == "won" for talk in talks) for talks in with_each]
    assert max(means) - min(means) >= 8
    assert max(won) - min(won) >= 0.12
    assert correlation(means, won) > 0.9


def test_scenarios_are_as_hard_as_their_files_say(programme: Programme, tmp_path: Path) -> None:
    generate(SamplePlan(1, 1, seed=1), tmp_path / "tree", workers=1)
    files = map(document, (tmp_path / "tree/scenarios").rglob("*.json"))
    difficulty = {file["scenario_id"]: file["difficulty"] for file in files}
    answers: dict[int, list[float]] = defaultdict(list)
    for answer in programme.answers:
        answers[difficulty[answer["scenario_id"]]].append(answer["score"])
    easy, middle, hard = (mean(answers[level]) for level in (1, 2, 3))
    assert easy - 2 > middle > hard + 2


def test_practice_pays(programme: Programme) -> None:
    long = [t for t in programme.learners if t[-1].started - t[0].started > 90 * DAY]
    long = [talks for talks in long if len(talks) >= 8]
    gains = [mean(scores(talks[-4:])) - mean(scores(talks[:4])) for talks in long]
    often = [len(t) / ((t[-1].started - t[0].started) / DAY) for t in long]
    assert len(long) > 100
    assert mean(gains) > 10
    assert correlation(often, gains) > 0.2


def test_gaps_cost(programme: Programme) -> None:
    steps = [step for talks in programme.learners for step in pairwise(talks)]
    after = {
        name: mean(later.score - talk.score for talk, later in chosen)
        for name, chosen in {
            "days": [s for s in steps if s[1].started - s[0].started < 10 * DAY],
            "weeks": [s for s in steps if s[1].started - s[0].started > 40 * DAY],
        }.items()
    }
    assert after["days"] > 0.5
    assert after["weeks"] < -5


def test_the_late_cohort_does_better(programme: Programme) -> None:
    def begun(talks: list[Talk]) -> list[int]:
        return scores(talk for talk in talks if talk.started - talks[0].started < 45 * DAY)

    late = [talks for talks in programme.learners if talks[0].started >= PREPARED_FROM]
    early = [talks for talks in programme.learners if talks[0].started < PREPARED_FROM]
    assert len(late) >= 20
    assert mean(s for talks in late for s in begun(talks)) >= 5 + mean(
        s for talks in early for s in begun(talks)
    )


def test_a_few_learners_fall(programme: Programme) -> None:
    long = [talks for talks in programme.learners if len(talks) >= 10]
    falls = sum(mean(scores(t[-5:])) <= mean(scores(t[:5])) - 8 for t in long)
    assert 3 <= falls <= 0.12 * len(long)


def test_somebody_is_at_risk_for_each_reason(programme: Programme) -> None:
    def is_active(talks: list[Talk]) -> bool:
        return programme.newest - talks[-1].ended < 14 * DAY

    weak = [talks for talks in programme.learners if mean(scores(talks[-5:])) < 60]
    assert sum(map(is_active, weak)) >= 10
    assert sum(not is_active(talks) for talks in weak) >= 10
    strong = [talks for talks in programme.learners if mean(scores(talks[-5:])) >= 60]
    assert sum(not is_active(talks) for talks in strong) >= 10


def test_sessions_that_overlap_end_in_the_order_in_which_they_began() -> None:
    """Otherwise a tree until the end of one lacks another that ended earlier."""
    plan = SamplePlan(3_000, 1, seed=2)
    (learner,) = learners_of(plan, 0)
    times = [(session.started, session.ended) for session in sessions_of(learner, plan)]
    assert times == sorted(times)
    assert any(later[0] < before[1] for before, later in pairwise(times))
    assert all(before[1] < later[1] for before, later in pairwise(times))


@pytest.mark.parametrize(("sessions", "learners"), [(600, 1), (400, 16)])
def test_until_leaves_out_exactly_what_ended_later(
    tmp_path: Path, sessions: int, learners: int
) -> None:
    plan = SamplePlan(sessions, learners, seed=2, bad_share=0)
    generate(plan, tmp_path / "whole", workers=1)
    whole = folders(tmp_path / "whole")
    ends = sorted(end for end, _ in whole.values())
    for number in range(0, len(ends), len(ends) // 8):
        tree = tmp_path / f"until-{number}"
        generate(replace(plan, until=ends[number] - EPOCH_UNIX), tree, workers=1)
        expected = {key: each for key, each in whole.items() if each[0] <= ends[number]}
        assert folders(tree) == expected


def folders(tree: Path) -> dict[str, tuple[int, dict[str, bytes]]]:
    """Return when each session ended, in seconds since 1970, and the bytes of its files."""
    found = {}
    for folder in (tree / "sessions").iterdir():
        if folder.is_dir():
            files = list(folder.iterdir())
            end = min(int(path.stat().st_mtime) for path in files)
            found[folder.name] = end, {path.name: path.read_bytes() for path in files}
    return found
