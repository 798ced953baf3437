"""What a reader can learn of hidden rows: each way is tried, and the page says what it showed."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors

from tests.marts.access import House, create_login, page

pytestmark = pytest.mark.every_server

ADA = "ada1ec75-0724-46cf-a5d1-1321a58903e3"
BEA = "be40f433-c9eb-4525-b24e-35c469437b50"
NOBODY = "00000000-0000-4000-8000-00000000dead"
READER = "infers_from_ada"

_TABLE = re.compile(r"(<!-- inference: written by tests -->\n).*?(<!-- end -->)", re.DOTALL)
REGENERATE = (
    "docs/security.md does not say what happened; write it anew with "
    "'pytest tests/marts/test_access_inference.py --postgres 18 --write-docs'"
)
Answer = Callable[[psycopg.Connection, psycopg.Connection], str]


@pytest.fixture(scope="module")
def reader(house: House) -> Iterator[House]:
    """The house with a login of BI that sees one learner, and statistics of every table."""
    with house.connect() as superuser:
        create_login(superuser, READER, "pulse_reader")
        superuser.execute(
            "insert into ops.role_learners (role_name, user_id) values (%s, %s)", (READER, ADA)
        )
        superuser.execute("analyze")
        superuser.execute("select pg_stat_force_next_flush()")
        yield house
        superuser.execute("delete from ops.role_learners where role_name = %s", (READER,))


def explained(connection: psycopg.Connection, query: str, how: str = "analyze") -> Iterator[Any]:
    """Yield each part of a query's plan."""
    row = connection.execute(f"explain ({how}, format json) {query}".encode()).fetchone()
    assert row
    parts = [row[0][0]["Plan"]]
    while parts:
        part = parts.pop()
        parts += part.get("Plans", [])
        yield part


def removed(connection: psycopg.Connection, query: str, relation: str) -> int:
    """Return the rows of a relation that explain analyze says were read and not shown."""
    return int(
        sum(
            part.get("Rows Removed by Filter", 0)
            for part in explained(connection, query)
            if part.get("Relation Name") == relation
        )
    )


def one(connection: psycopg.Connection, query: str) -> object:
    row = connection.execute(query.encode()).fetchone()
    return row and row[0]


def exactly(found: object, truth: object) -> str:
    assert truth, "nothing is hidden here"
    return "exactly" if found == truth else "no"


def count(superuser: psycopg.Connection, relation: str, condition: str) -> int:
    found = one(superuser, f"select count(*) from {relation} where {condition}")
    assert isinstance(found, int)
    return found


def hidden_rows(reader: psycopg.Connection, superuser: psycopg.Connection) -> str:
    truth = count(superuser, "analytics.scorecards", f"user_id is distinct from '{ADA}'")
    return exactly(removed(reader, "select from reporting.scorecards", "scorecards"), truth)


def rows_of_a_learner(reader: psycopg.Connection, superuser: psycopg.Connection) -> str:
    conditions = [f"user_id = '{user}'" for user in (BEA, NOBODY)]
    truth = [count(superuser, "analytics.user_skill_agg", each) for each in conditions]
    found = [
        removed(reader, f"select from reporting.user_skill_agg where {each}", "user_skill_agg")
        for each in conditions
    ]
    return exactly(found, truth)


def ids_of_learners(reader: psycopg.Connection, superuser: psycopg.Connection) -> str:
    """Halve the range of ids as long as rows of it are removed."""

    def search(first: int, last: int) -> list[UUID]:
        bounds = f"user_id between '{UUID(int=first)}' and '{UUID(int=last)}'"
        if not removed(reader, f"select from reporting.learners where {bounds}", "learners"):
            return []
        if first == last:
            return [UUID(int=first)]
        middle = (first + last) // 2
        return search(first, middle) + search(middle + 1, last)

    truth = superuser.execute(
        "select user_id from analytics.learners where user_id <> %s order by user_id", (ADA,)
    ).fetchall()
    return exactly([(user,) for user in search(0, 2**128 - 1)], truth)


def when_a_learner_was_scored(reader: psycopg.Connection, superuser: psycopg.Connection) -> str:
    """Count the rows after a moment, which is part of a key."""
    latest = one(
        superuser,
        "select max(snapshot_at) from analytics.user_readiness "
        f"where user_id = '{BEA}' and source = 'computed'",
    )
    conditions = [
        f"user_id = '{BEA}' and source = 'computed' and snapshot_at > timestamptz '{latest}'{minus}"
        for minus in ("", " - interval '1 microsecond'")
    ]
    truth = [count(superuser, "analytics.user_readiness", each) for each in conditions]
    found = [
        removed(reader, f"select from reporting.user_readiness where {each}", "user_readiness")
        for each in conditions
    ]
    assert truth == [0, 1]
    return exactly(found, truth)


def rows_with_a_value(reader: psycopg.Connection, superuser: psycopg.Connection) -> str:
    """Count the rows with a value that is in no key: a score, a number."""
    hers = f"user_id = '{BEA}'"
    every = count(superuser, "analytics.user_skill_agg", hers)
    for column in ("avg_score", "sample_size"):
        median = (
            f"(select percentile_disc(0.5) within group (order by {column}) "
            f"from analytics.user_skill_agg where {hers})"
        )
        bound = one(superuser, f"select {median}")
        truth = count(superuser, "analytics.user_skill_agg", f"{hers} and {column} > {bound}")
        query = f"select from reporting.user_skill_agg where {hers} and {column} > {bound}"
        assert 0 < truth < every
        if removed(reader, query, "user_skill_agg") != every:
            return "exactly"
    return "no"


def estimate_of_a_learner(reader: psycopg.Connection, superuser: psycopg.Connection) -> str:
    """Compare the estimates for somebody who is there and for somebody who is not."""
    estimates = [
        max(
            part["Plan Rows"]
            for part in explained(
                reader, f"select from reporting.session_events where user_id = '{user}'", "costs"
            )
            if part.get("Relation Name") == "session_events"
        )
        for user in (BEA, NOBODY)
    ]
    return "about" if estimates[0] > estimates[1] else "no"


def estimates_by_value(
    conditions: tuple[str, ...], reader: psycopg.Connection, superuser: psycopg.Connection
) -> str:
    """Compare the estimates for some values with how many rows have them, hidden ones included."""
    truth = [count(superuser, "analytics.scorecards", each) for each in conditions]
    assert sorted(set(truth)) == sorted(truth)
    found = [
        max(
            part["Plan Rows"]
            for part in explained(reader, f"select from reporting.scorecards where {each}", "costs")
            if part.get("Relation Name") == "scorecards"
        )
        for each in conditions
    ]
    by_truth = [estimate for _, estimate in sorted(zip(truth, found, strict=True))]
    return "about" if sorted(set(found)) == by_truth else "no"


def listed_learners(reader: psycopg.Connection, superuser: psycopg.Connection) -> str:
    superuser.execute(
        "insert into ops.role_learners (role_name, user_id) "
        "select 'x' || n, %s::uuid from generate_series(1, 7) as n",
        (BEA,),
    )
    truth = count(superuser, "ops.role_learners", f"role_name <> '{READER}'")
    with reader.transaction(force_rollback=True):
        reader.execute("set enable_indexscan = off; set enable_bitmapscan = off")
        reader.execute("set enable_indexonlyscan = off; set enable_seqscan = on")
        found = [
            part.get("Rows Removed by Filter", 0)
            for part in explained(reader, "select from reporting.learners")
            if part.get("Relation Name") == "role_learners"
        ]
    superuser.execute("delete from ops.role_learners where role_name ~ '^x[0-9]$'")
    return "exactly" if truth in found else "no"


def reltuples(schema: str) -> Answer:
    def answer(reader: psycopg.Connection, superuser: psycopg.Connection) -> str:
        query = (
            "select string_agg(format('%s %s', oid, reltuples), ' ' order by oid) from pg_class "
            "where relkind = 'r' and reltuples > 0 "
            f"and relnamespace::regnamespace::text = '{schema}'"
        )
        return exactly(one(reader, query), one(superuser, query)).replace("exactly", "about")

    return answer


def sizes(reader: psycopg.Connection, superuser: psycopg.Connection) -> str:
    query = (
        "select sum(pg_total_relation_size(oid)) from pg_class "
        "where relkind = 'r' and relnamespace::regnamespace::text = 'raw'"
    )
    return exactly(one(reader, query), one(superuser, query))


def activity(reader: psycopg.Connection, superuser: psycopg.Connection) -> str:
    query = "select n_tup_ins from pg_stat_all_tables where schemaname = 'ops' and relname = 'runs'"
    return exactly(one(reader, query), one(superuser, query))


def statistics(reader: psycopg.Connection, superuser: psycopg.Connection) -> str:
    schemas = "('raw', 'staging', 'analytics', 'ops')"
    query = f"select count(*) from pg_stats where schemaname in {schemas}"
    return exactly(one(reader, query), one(superuser, query))


def values_by_errors(reader: psycopg.Connection, superuser: psycopg.Connection) -> str:
    """Divide by zero for another's row, and cast another's value: neither is reached."""
    for condition in (
        f"1 / (case when user_id = '{BEA}' then 0 else 1 end) = 1",
        f"case when user_id = '{BEA}' then skill_tag::int end is null",
    ):
        query = f"select from reporting.user_skill_agg where {condition}"
        try:
            reader.execute(query.encode())
        except errors.DataError:
            return "exactly"
        with pytest.raises(errors.DataError):
            superuser.execute(query.replace("reporting.", "analytics.").encode())
    return "no"


def others_queries(reader: psycopg.Connection, superuser: psycopg.Connection) -> str:
    pid = superuser.info.backend_pid
    shown = one(reader, f"select query from pg_stat_activity where pid = {pid}")
    return "no" if shown == "<insufficient privilege>" else "exactly"


def definitions(reader: psycopg.Connection, superuser: psycopg.Connection) -> str:
    query = (
        "select string_agg(pg_get_viewdef(oid), '' order by oid) from pg_class "
        "where relkind = 'v' and relnamespace::regnamespace::text = 'staging'"
    )
    return exactly(one(reader, query), one(superuser, query))


def last_numbers(reader: psycopg.Connection, superuser: psycopg.Connection) -> str:
    query = "select max(last_value) from pg_sequences where schemaname = 'raw'"
    return exactly(one(reader, query), one(superuser, query))


_REMOVED = "*Rows Removed by Filter*"
PROBES: tuple[tuple[str, str, Answer], ...] = (
    ("how many rows of a mart are hidden", f"`explain analyze`: {_REMOVED}", hidden_rows),
    (
        "whether a learner is there, with how many rows",
        f"`explain analyze … where user_id = …`: {_REMOVED}",
        rows_of_a_learner,
    ),
    ("the same, in a large mart", "`explain`: estimated rows", estimate_of_a_learner),
    (
        "the ids of hidden learners",
        f"`explain analyze … where user_id between … and …`: {_REMOVED}, of ever smaller ranges",
        ids_of_learners,
    ),
    (
        "when a learner was scored, as other columns of a key",
        f"`explain analyze … where user_id = … and snapshot_at > …`: {_REMOVED}",
        when_a_learner_was_scored,
    ),
    (
        "a score, and what else is in no index",
        f"`explain analyze … where avg_score > …`: {_REMOVED}",
        rows_with_a_value,
    ),
    (
        "how often a column has a value, or none, with hidden rows",
        "`explain … where is_passed`, `… is null`: estimated rows",
        partial(estimates_by_value, ("is_passed", "not is_passed", "is_passed is null")),
    ),
    (
        "the same of scores, and of other numbers with decimals",
        "`explain … where overall_score > …`: estimated rows",
        partial(estimates_by_value, ("overall_score > 0", "overall_score > 80")),
    ),
    (
        "how many learners are listed for other roles",
        f"`explain analyze`: {_REMOVED} of `ops.role_learners`",
        listed_learners,
    ),
    ("how many rows a mart has", "`pg_class.reltuples`", reltuples("analytics")),
    (
        "how many documents of each kind are landed",
        "`pg_class.reltuples` of the partitions",
        reltuples("raw"),
    ),
    ("how large any table is", "`pg_total_relation_size` of its number in `pg_class`", sizes),
    ("how many rows were ever written to a table", "`pg_stat_all_tables`", activity),
    ("how views are defined", "`pg_get_viewdef`", definitions),
    ("frequent values and bounds of a column", "`pg_stats`", statistics),
    ("a hidden value", "a condition that fails on it: division by zero, a cast", values_by_errors),
    ("the text of others' queries", "`pg_stat_activity`", others_queries),
    ("the last number of a sequence", "`pg_sequences`", last_numbers),
)


def test_every_way_was_tried_and_the_page_says_what_it_showed(
    reader: House, request: pytest.FixtureRequest
) -> None:
    rows = ["| what | by | learned |", "|---|---|---|"]
    with reader.connect(READER) as connection, reader.connect() as superuser:
        # So small a table is read whole; whoever asks may say otherwise.
        connection.execute("set enable_seqscan = off; set enable_bitmapscan = off")
        for what, how, answer in PROBES:
            rows.append(f"| {what} | {how} | {answer(connection, superuser)} |")
    found = "\n".join(rows) + "\n"
    file = page("security.md")
    text = file.read_text(encoding="utf-8")
    assert _TABLE.search(text)
    written = _TABLE.sub(lambda match: f"{match[1]}{found}{match[2]}", text)
    if request.config.getoption("--write-docs"):
        file.write_text(written, encoding="utf-8")
    else:
        assert text == written, REGENERATE


def test_no_way_shows_a_value_itself(reader: House) -> None:
    """In words, what the table must never come to say."""
    text = page("security.md").read_text(encoding="utf-8")
    for what in (
        "a score, .*",
        "the same of scores, .*",
        "a hidden value",
        "frequent values and bounds of a column",
    ):
        assert re.search(rf"^\| {what} \|.*\| no \|$", text, re.MULTILINE), what
