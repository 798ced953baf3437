"""Tags are free text, so there may be thousands; what a page says is about all of them."""

import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from tests.conftest import EXAMPLES_DATABASE, Server, create_database
from tests.pictures.conftest import Draw

pytestmark = pytest.mark.newest_server

MANY = 2000
# The higher its number, the higher the score; of most learners one of the highest is weak.
_SCORES = """
insert into analytics.user_skill_agg (
    user_id, skill_tag, window_name, avg_score, sample_size, first_score, last_score,
    last_occurred_at, as_of
)
select
    user_id, 'tag ' || lpad(number::text, 4, '0'), window_name, number * 0.05, 5, 50, 50,
    '2025-06-01 00:00+00', '2025-06-01 00:00+00'
from analytics.learners
cross join generate_series(1, %s) as number
cross join unnest(array['30d', 'all_time']) as window_name
"""
_FOCUS = """
insert into analytics.learner_focus (
    user_id, skill_tag, avg_last_5, avg_90d, sample_size, threshold
)
select user_id, tag, 40, 40, 5, 60
from (select user_id, row_number() over (order by user_id) as place from analytics.learners) as one
cross join unnest(%s::text[]) as tag
where place <= %s
"""


@pytest.fixture(scope="module")
def many_skills(server: Server, built_examples: DatabaseSettings) -> DatabaseSettings:
    """The examples, where every learner has scores in thousands of skills."""
    settings = create_database(server, "pulse_many_skills", EXAMPLES_DATABASE)
    with connect(settings) as superuser:
        superuser.execute("truncate analytics.learner_focus")
        superuser.execute(_SCORES, (MANY,))
        superuser.execute(_FOCUS, (["tag 0001"], 1))
        superuser.execute(_FOCUS, (["tag 1900", "tag 1901"], 3))
    return settings


@pytest.mark.long
def test_the_weakest_of_all_is_named_though_others_are_lower(
    many_skills: DatabaseSettings, draw: Draw
) -> None:
    skills = draw(many_skills).sections["skills"]
    assert skills.answer == (
        "tag 1900 and tag 1901: 3 learners each below 60, more than in any other skill."
    )
    with connect(many_skills) as connection:
        (drawn, every) = connection.execute(
            "select count(distinct agg.skill_tag) filter ("
            "    where agg.window_name = '30d' and skills.kind is distinct from 'scorecard'"
            "), count(distinct agg.skill_tag)"
            " from reporting.user_skill_agg as agg"
            " left join reporting.skills on agg.skill_tag = skills.skill_tag"
        ).fetchone() or (0, 0)
    page = draw(many_skills).content.decode()
    assert f"the lowest 14 of {drawn:,}." in page
    assert f"{every - len(skills.rows):,} skills left out." in page
    assert drawn >= MANY
    assert len(skills.rows) <= 64


def test_a_learners_strongest_skill_is_named_and_all_that_are_weak_are_counted(
    many_skills: DatabaseSettings, draw: Draw
) -> None:
    with connect(many_skills) as superuser:
        query = "select user_id from analytics.learners order by user_id desc limit 1"
        (learner,) = superuser.execute(query).fetchone() or (None,)
        tags = "select array_agg('tag ' || lpad(number::text, 4, '0'))"
        superuser.execute(
            f"{_FOCUS.replace('%s::text[]', f'({tags} from generate_series(1, 100) as number)')}"
            " and user_id = %s on conflict do nothing",
            (99, learner),
        )
    page = draw(many_skills, learner=learner)
    assert "is strongest with 100.0 of late" in page.sections["skills"].answer
    assert " and 97 more: below the threshold" in page.sections["focus"].answer
    assert "40 skills left out." in page.content.decode()
