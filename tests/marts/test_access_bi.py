"""Real BI clients, as a login of pulse_reader, see the views of `reporting` and nothing else."""

import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, timedelta
from decimal import Decimal

import pandas
import psycopg
import pytest
import sqlalchemy
from sqlalchemy.exc import ProgrammingError

from loaders.database import embedded
from tests.marts.access import House, create_login, page
from tests.marts.comparison import MARTS

LOGIN = "metabase"

PAGE = page("bi.md").read_text(encoding="utf-8")
_DASHBOARDS = PAGE.partition("## Three dashboards")[2]
QUERIES = [
    (heading, query)
    for heading, part in re.findall(
        r"^### (.+?)$(.*?)(?=^### |\Z)", _DASHBOARDS, re.MULTILINE | re.DOTALL
    )
    for query in re.findall(r"^```sql\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)
]

# What the views must show, by what dbt wrote down.
_EXPECTED = """
select
    c.relname::text, regexp_replace(obj_description(c.oid, 'pg_class'), ' \\[pulse-elt\\]$', ''),
    array_agg(a.attname::text order by a.attnum),
    array_agg(col_description(c.oid, a.attnum) order by a.attnum)
from pg_class as c
inner join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
where c.relnamespace = 'reporting'::regnamespace
group by c.oid, c.relname
"""


@pytest.fixture(scope="module")
def bi(house: House) -> Iterator[House]:
    """The house with a login for BI, made by the statements of docs/bi.md."""
    statements = re.findall(r"```sql\n(create role.*?)```", PAGE, re.DOTALL)
    with house.connect() as superuser:
        create_login(superuser, LOGIN)
        _, _, rest = statements[0].partition("\n")
        superuser.execute(rest)
        yield house
        superuser.execute("delete from ops.role_learners where role_name = %s", (LOGIN,))


@pytest.fixture(scope="module")
def engine(bi: House) -> Iterator[sqlalchemy.Engine]:
    """SQLAlchemy, connected as the login."""
    parameters = bi.settings(LOGIN).parameters
    made = sqlalchemy.create_engine(
        sqlalchemy.URL.create(
            "postgresql+psycopg",
            username=LOGIN,
            database=parameters["dbname"],
            query={"host": parameters["host"], "port": parameters["port"]},
        )
    )
    yield made
    made.dispose()


def test_sqlalchemy_reflects_the_views_with_columns_and_comments(
    bi: House, engine: sqlalchemy.Engine
) -> None:
    inspector = sqlalchemy.inspect(engine)
    assert inspector.default_schema_name == "reporting"
    assert sorted(inspector.get_view_names()) == sorted(MARTS)
    assert inspector.get_table_names() == []
    with bi.connect() as superuser:
        expected = superuser.execute(_EXPECTED).fetchall()
    assert sorted(name for name, *_ in expected) == sorted(MARTS)
    for name, comment, columns, comments in expected:
        reflected = inspector.get_columns(name, schema="reporting")
        assert [column["name"] for column in reflected] == columns
        assert [column["comment"] for column in reflected] == comments
        assert all(str(column["type"]) != "NULL" for column in reflected)
        text = inspector.get_table_comment(name, schema="reporting")["text"]
        assert text
        assert comment
        assert text.startswith(comment)
        assert all(comments)


@pytest.mark.parametrize("mart", MARTS)
def test_pandas_reads_each_view_whole(bi: House, engine: sqlalchemy.Engine, mart: str) -> None:
    frame = pandas.read_sql_table(mart, engine, schema="reporting")
    with bi.connect() as superuser:
        counted = superuser.execute(f"select count(*) from analytics.{mart}").fetchone()
    assert counted == (len(frame),)
    unqualified = pandas.read_sql_query(f"select * from {mart}", engine)
    assert list(unqualified.columns) == list(frame.columns)
    assert len(unqualified) == len(frame)


@pytest.mark.parametrize("schema", ["raw", "staging", "analytics", "ops"])
def test_what_a_tool_finds_in_other_schemas_it_cannot_read(
    engine: sqlalchemy.Engine, schema: str
) -> None:
    inspector = sqlalchemy.inspect(engine)
    names = inspector.get_table_names(schema=schema)
    assert names
    with engine.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(sqlalchemy.text(f"select * from {schema}.{names[0]}"))


def _psql(house: House, *commands: str) -> str:
    done = subprocess.run(
        [
            str(embedded.program(house.server.data, "psql")),
            house.settings(LOGIN).as_url(with_password=True),
            *("-X", "-A", "-t", "-v", "ON_ERROR_STOP=1"),
            *[part for command in commands for part in ("-c", command)],
        ],
        env={**os.environ, "PGCLIENTENCODING": "utf8"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_psql_lists_the_views_with_their_comments(bi: House) -> None:
    # \d without a name is what is found without a schema; *.* all that may be looked into.
    shown = [line.split("|") for line in _psql(bi, r"\d").splitlines()]
    assert [(row[0], row[1], row[2]) for row in shown] == [
        ("reporting", mart, "view") for mart in sorted(MARTS)
    ]
    described = _psql(bi, r"\d+ reporting.user_readiness_latest")
    assert "readiness_overall|numeric(5,2)" in described
    assert "[pulse-elt]" in _psql(bi, r"\dv+")


def test_psql_selects_everything_of_each_view(bi: House) -> None:
    for mart in MARTS:
        lines = _psql(bi, f"select * from {mart}").splitlines()
        with bi.connect() as superuser:
            counted = superuser.execute(f"select count(*) from analytics.{mart}").fetchone()
        assert counted == (len(lines),)


def test_what_a_tool_may_read_is_exactly_the_views(bi: House) -> None:
    """As information_schema tells it, which is where most tools look."""
    with bi.connect(LOGIN) as connection:
        readable = connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_schema not in ('pg_catalog', 'information_schema') order by 2"
        ).fetchall()
    assert readable == [("reporting", mart) for mart in sorted(MARTS)]


def test_there_are_three_dashboards_that_ask_of_most_marts() -> None:
    assert len({heading for heading, _ in QUERIES}) == 3
    asked = {mart for _, query in QUERIES for mart in re.findall(r"from reporting\.(\w+)", query)}
    assert asked <= set(MARTS)
    assert len(asked) >= 9


@pytest.mark.parametrize(
    "query",
    [pytest.param(query, id=f"{heading} {n}") for n, (heading, query) in enumerate(QUERIES)],
)
def test_a_query_of_the_dashboards_runs(bi: House, query: str) -> None:
    with bi.connect(LOGIN) as connection:
        found = connection.execute(query).fetchall()
        mart = re.findall(r"from reporting\.(\w+)", query)[0]
        is_filled = connection.execute(f"select exists (select from {mart})").fetchone()
    # The example tree has learners, sessions and cohorts; nobody of it needs to focus.
    assert bool(found) == (is_filled == (True,))


def test_the_weeks_of_the_page_keep_those_who_stopped(bi: House) -> None:
    """A mean over whoever happened to train is of the survivors alone."""
    (query,) = [query for _, query in QUERIES if "snapshot_week" in query]
    with bi.connect(LOGIN) as connection:
        by_week: dict[date, dict[str, tuple[int, Decimal]]] = {}
        for week, band, learners, mean in connection.execute(query).fetchall():
            by_week.setdefault(week, {})[band] = (learners, mean)
        last = connection.execute(
            "select readiness_band, count(*), round(avg(readiness_overall), 1) "
            "from reporting.user_readiness_latest group by readiness_band"
        ).fetchall()
        first = connection.execute(
            "select min(snapshot_week), max(snapshot_week) from reporting.user_readiness "
            "where source = 'computed'"
        ).fetchone()
    weeks = sorted(by_week)
    assert (weeks[0], weeks[-1]) == first
    assert weeks == [weeks[0] + timedelta(days=7 * n) for n in range(len(weeks))]
    assert by_week[weeks[-1]] == {band: (learners, mean) for band, learners, mean in last}
    counted = [sum(learners for learners, _ in by_week[week].values()) for week in weeks]
    assert counted == sorted(counted)


def test_the_weeks_of_the_page_end_for_everybody_with_the_newest_session(bi: House) -> None:
    """Whoever sees only learners who stopped sees that they did."""
    (query,) = [query for _, query in QUERIES if "snapshot_week" in query]
    with bi.connect() as superuser, superuser.transaction(force_rollback=True):
        stopped = superuser.execute(
            "select latest.user_id, freshness.newest_session_at from reporting.data_freshness "
            "as freshness cross join reporting.user_readiness_latest as latest "
            "order by latest.snapshot_at limit 1"
        ).fetchone()
        assert stopped
        user_id, newest_session_at = stopped
        superuser.execute("delete from ops.role_learners where role_name = %s", (LOGIN,))
        superuser.execute(
            "insert into ops.role_learners (role_name, user_id) values (%s, %s)", (LOGIN, user_id)
        )
        superuser.execute(f"set local role {LOGIN}")
        weeks = [row[0] for row in superuser.execute(query).fetchall()]
        own = superuser.execute(
            "select max(snapshot_week) from reporting.user_readiness"
        ).fetchone()
    newest = newest_session_at.astimezone(UTC).date()
    assert own
    assert own[0] < weeks[-1] == newest - timedelta(days=newest.weekday())


def test_the_login_of_the_page_may_become_no_other_role(bi: House) -> None:
    (query,) = re.findall(r"^ *```sql\n( *select roles.rolname.*?)```", PAGE, re.M | re.S)
    with bi.connect() as superuser, superuser.transaction(force_rollback=True):
        assert superuser.execute(query).fetchall() == []
        create_login(superuser, "sees_ada_alone")
        superuser.execute(
            "insert into ops.role_learners (role_name, user_id) "
            "values ('sees_ada_alone', 'ada1ec75-0724-46cf-a5d1-1321a58903e3')"
        )
        superuser.execute("grant sees_ada_alone to metabase with inherit false, set true")
        assert superuser.execute(query).fetchall() == [("sees_ada_alone", False, 1)]


def test_bi_cannot_write_where_it_reads(bi: House) -> None:
    with bi.connect(LOGIN) as connection:
        for statement in (
            "insert into reporting.learners (user_id) values (gen_random_uuid())",
            "delete from reporting.learners",
            "create view reporting.of_mine as select 1 as one",
            "create temporary table of_mine (one int)",
        ):
            with pytest.raises(psycopg.Error):
                connection.execute(statement)
