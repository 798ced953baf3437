"""Whose rows a role sees in schema reporting: its own, nobody else's, none, or all."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql

from loaders.project.marts import read_marts
from tests.conftest import ROOT, RunCommand
from tests.marts.access import ACTING, PIPELINE, House, create_login, page
from tests.marts.comparison import MARTS

# Row security, barriers and the plans of the server.
pytestmark = pytest.mark.every_server

ADA = "ada1ec75-0724-46cf-a5d1-1321a58903e3"
BEA = "be40f433-c9eb-4525-b24e-35c469437b50"

# One row is of everybody together, or of nobody; who sees the latter is in test_reporting_open.py.
ABOUT_LEARNERS = tuple(mart.name for mart in read_marts(ROOT) if mart.learner)
ABOUT_EVERYBODY = tuple(
    mart.name for mart in read_marts(ROOT) if mart.learner is None and mart.rows is None
)

# Logins, the roles they are in besides pulse_reader, and what is listed for either.
COACH, TEAM, MEMBER, MANAGER, STRANGER = (
    "sees_ada",
    "sees_bea",
    "sees_by_team",
    "sees_everybody",
    "sees_nobody",
)
LISTED = ((COACH, ADA), (TEAM, BEA), (MANAGER, None), ("a_role_that_is_gone", ADA))


@pytest.fixture(scope="module")
def listed(house: House) -> Iterator[House]:
    """The house with learners listed as docs/security.md lists them."""
    with house.connect() as superuser:
        for login in (COACH, MEMBER, MANAGER, STRANGER):
            create_login(superuser, login, "pulse_reader")
        create_login(superuser, TEAM)
        superuser.execute(
            sql.SQL("grant {} to {}").format(sql.Identifier(TEAM), sql.Identifier(MEMBER))
        )
        superuser.execute("set role pulse_loader")
        for role, learner in LISTED:
            superuser.execute(
                "insert into ops.role_learners (role_name, user_id, sees_all) values (%s, %s, %s)",
                (role, learner, learner is None),
            )
        yield house
        superuser.execute(
            "delete from ops.role_learners where role_name = any (%s)",
            ([role for role, _ in LISTED],),
        )


def rows_seen(
    connection: psycopg.Connection, mart: str, schema: str = "reporting"
) -> dict[Any, int]:
    """Return how many rows of each learner a connection sees; None stands for those without one."""
    query = sql.SQL("select user_id::text, count(*) from {} group by user_id")
    return dict(connection.execute(query.format(sql.Identifier(schema, mart))).fetchall())


@pytest.fixture(scope="module")
def in_marts(listed: House) -> dict[str, dict[Any, int]]:
    """Rows of each learner in each mart."""
    with listed.connect() as superuser:
        return {mart: rows_seen(superuser, mart, "analytics") for mart in ABOUT_LEARNERS}


@pytest.mark.parametrize(
    ("login", "learners"),
    [(COACH, {ADA}), (MEMBER, {BEA}), (STRANGER, set())],
    ids=["listed itself", "in a role that is listed", "not listed"],
)
def test_a_role_sees_the_rows_of_its_learners_and_no_others(
    listed: House, in_marts: dict[str, dict[Any, int]], login: str, learners: set[str]
) -> None:
    others = {user for rows in in_marts.values() for user in rows} - learners
    assert len(others) > 1
    with listed.connect(login) as connection:
        for mart, rows in in_marts.items():
            expected = {user: count for user, count in rows.items() if user in learners}
            assert rows_seen(connection, mart) == expected, mart
        for mart in ABOUT_EVERYBODY:
            assert connection.execute(f"select 1 from reporting.{mart}").fetchall() == []


def test_a_role_that_is_listed_for_all_sees_what_the_marts_hold(
    listed: House, in_marts: dict[str, dict[Any, int]]
) -> None:
    with listed.connect(MANAGER) as connection:
        assert {mart: rows_seen(connection, mart) for mart in in_marts} == in_marts
        for mart in ABOUT_EVERYBODY:
            assert connection.execute(f"select 1 from reporting.{mart}").fetchall()
    assert in_marts["scorecards"][None] > 0


def test_who_owns_the_views_sees_all_without_being_listed(
    listed: House, in_marts: dict[str, dict[Any, int]]
) -> None:
    with listed.connect() as superuser:
        superuser.execute("set role pulse_transformer")
        assert {mart: rows_seen(superuser, mart) for mart in in_marts} == in_marts


def test_a_right_that_waits_for_set_role_shows_nothing_before(listed: House) -> None:
    with listed.connect() as superuser, superuser.transaction(force_rollback=True):
        superuser.execute("create role waits_for_ada login")
        superuser.execute("grant pulse_reader to waits_for_ada")
        superuser.execute(
            sql.SQL("grant {} to waits_for_ada with inherit false").format(sql.Identifier(COACH))
        )
        superuser.execute("set session authorization waits_for_ada")
        assert rows_seen(superuser, "learners") == {}
        superuser.execute(sql.SQL("set role {}").format(sql.Identifier(COACH)))
        assert rows_seen(superuser, "learners") == {ADA: 1}


def test_the_examples_of_the_page_do_what_it_says(listed: House) -> None:
    text = page("security.md").read_text(encoding="utf-8").partition("## Whose rows")[2]
    example = text.partition("```sql\n")[2].partition("```")[0]
    before, leaving, revoked = example.partition("-- Carla leaves")
    assert leaving
    with listed.connect() as superuser, superuser.transaction(force_rollback=True):
        superuser.execute(before)
        superuser.execute("set session authorization carla")
        assert rows_seen(superuser, "learners") == {ADA: 1, BEA: 1}
        superuser.execute("reset session authorization")
        superuser.execute(leaving + revoked)
        superuser.execute("set session authorization carla")
        assert rows_seen(superuser, "learners") == {}


def test_a_learner_listed_or_struck_off_counts_at_once(listed: House) -> None:
    with listed.connect() as superuser, listed.connect(STRANGER) as stranger:
        assert rows_seen(stranger, "learners") == {}
        superuser.execute(
            "insert into ops.role_learners (role_name, user_id) values (%s, %s)", (STRANGER, BEA)
        )
        assert rows_seen(stranger, "learners") == {BEA: 1}
        superuser.execute("delete from ops.role_learners where role_name = %s", (STRANGER,))
        assert rows_seen(stranger, "learners") == {}


def test_no_function_of_a_reader_is_shown_rows_of_others(listed: House) -> None:
    """Without the barrier, one that calls itself cheap is asked before the view's condition."""
    with _peeping(listed) as superuser:
        said: list[str] = []
        superuser.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))
        superuser.execute(sql.SQL("set role {}").format(sql.Identifier(COACH)))
        superuser.execute("select from reporting.user_readiness where desk.peep(user_id)")
        assert set(said) == {ADA}
        superuser.execute("reset role")
        superuser.execute("alter view reporting.user_readiness reset (security_barrier)")
        superuser.execute(sql.SQL("set role {}").format(sql.Identifier(COACH)))
        superuser.execute("select from reporting.user_readiness where desk.peep(user_id)")
        assert set(said) > {ADA}


@contextmanager
def _peeping(house: House) -> Iterator[psycopg.Connection]:
    with house.connect() as superuser, superuser.transaction(force_rollback=True):
        superuser.execute("create schema desk")
        superuser.execute(
            "create function desk.peep(who uuid) returns boolean language plpgsql "
            "cost 0.0000001 as $$begin raise notice '%', who; return true; end$$"
        )
        superuser.execute("grant usage on schema desk to public")
        superuser.execute("grant execute on all functions in schema desk to public")
        yield superuser


@pytest.mark.parametrize("mart", ["user_readiness", "user_skill_agg", "learners"])
def test_one_learners_rows_are_found_by_index(listed: House, mart: str) -> None:
    query = sql.SQL("explain (format json) select * from {} where user_id = {}").format(
        sql.Identifier("reporting", mart), sql.Literal(ADA)
    )
    with listed.connect(COACH) as connection:
        freely = connection.execute(query).fetchone()
        # So small a table is read whole.
        connection.execute("set enable_seqscan = off; set enable_bitmapscan = off")
        found = connection.execute(query).fetchone()
    assert found
    plan = found[0][0]["Plan"]
    assert plan["Relation Name"] == mart, json.dumps(plan)
    assert "user_id = " in plan["Index Cond"]
    # What a role may see is worked out once, before the rows.
    assert "InitPlan" in {part.get("Parent Relationship") for part in plan["Plans"]}
    assert "hashed SubPlan" in plan["Filter"]
    assert freely
    assert freely[0][0]["Plan"]["Total Cost"] < 10_000, "near jit_above_cost it would be compiled"


def test_every_view_is_a_barrier_and_no_other_schema_holds_one(listed: House) -> None:
    with listed.connect() as superuser:
        barriers = superuser.execute(
            "select relnamespace::regnamespace::text, relname::text from pg_class "
            "where reloptions @> array['security_barrier=true'] "
            "and relnamespace <> 'pg_catalog'::regnamespace order by 2"
        ).fetchall()
    assert barriers == [("reporting", mart) for mart in sorted(MARTS)]


@pytest.mark.long
def test_a_view_that_lost_its_barrier_gets_it_back_with_its_grants(
    listed: House, pulse_elt: RunCommand
) -> None:
    with listed.connect() as superuser:
        superuser.execute("alter view reporting.learners reset (security_barrier)")
        done = pulse_elt(
            *("build", "--full-refresh", "--select", "reporting__learners"),
            **listed.environment(PIPELINE),
            **ACTING,
        )
        assert done.returncode == 0, done.stdout
        options = superuser.execute(
            "select reloptions from pg_class where oid = 'reporting.learners'::regclass"
        ).fetchone()
    assert options == (["security_barrier=true"],)
    with listed.connect(COACH) as connection:
        assert rows_seen(connection, "learners") == {ADA: 1}
