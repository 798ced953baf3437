"""Sequences that lag behind their columns, as in a promoted replica: no number is given twice."""

import psycopg
import pytest
from psycopg import sql

from loaders.database.settings import DatabaseSettings
from tests.conftest import RunCommand, Tree
from tests.loaders.writing import as_the_app, write

# Identity columns, sequences and triggers.
pytestmark = pytest.mark.every_server

_IDENTITIES = """
select attrelid::regclass::text, attname::text
from pg_attribute
inner join pg_class on attrelid = pg_class.oid and not relispartition
where attidentity <> '' and relnamespace::regnamespace::text in ('raw', 'ops')
order by 1
"""


def identities(connection: psycopg.Connection) -> list[tuple[str, str]]:
    return connection.execute(_IDENTITIES).fetchall()


def restart(connection: psycopg.Connection, relation: str, column: str, number: int = 1) -> None:
    connection.execute(
        sql.SQL("alter table {} alter column {} restart with {}").format(
            sql.Identifier(*relation.split(".")), sql.Identifier(column), sql.Literal(number)
        )
    )


def doubled(connection: psycopg.Connection) -> list[tuple[str, int]]:
    """Return the columns that have a number twice."""
    found = []
    for relation, column in identities(connection):
        query = sql.SQL("select count(*) - count(distinct {}) from {}").format(
            sql.Identifier(column), sql.Identifier(*relation.split("."))
        )
        row = connection.execute(query).fetchone()
        if row and row[0]:
            found.append((relation, row[0]))
    return found


def test_every_identity_column_of_ours_is_watched(connection: psycopg.Connection) -> None:
    watched = connection.execute(
        "select tgrelid::regclass::text, substring(pg_get_triggerdef(oid) from '\\(''(.*)''\\)') "
        "from pg_trigger where tgname = 'keep_sequence_ahead' order by 1"
    ).fetchall()
    assert watched == identities(connection)
    assert len(watched) >= 6


def load_more(tree: Tree, pulse_elt: RunCommand, number: int) -> None:
    tree.write(f"sessions/s{number}/scorecard.json", {"overall": {"score": number}})
    tree.write(f"sessions/bad{number}/scorecard.json", b"{")
    done = pulse_elt("load", str(tree.root))
    assert done.returncode == 1, done.stdout + done.stderr


@pytest.mark.parametrize("behind", [1, 2])
def test_a_load_gives_no_number_twice(
    connection: psycopg.Connection, tree: Tree, pulse_elt: RunCommand, behind: int
) -> None:
    for number in (1, 2, 3):
        load_more(tree, pulse_elt, number)
    for relation, column in identities(connection):
        restart(connection, relation, column, behind)
    load_more(tree, pulse_elt, 4)
    assert doubled(connection) == []
    documents = connection.execute("select document_id from raw.documents order by 1").fetchall()
    assert documents == [(1,), (2,), (3,), (4,)]
    row = connection.execute("select count(*), max(load_id) from raw.loads").fetchone()
    assert row == (4, 4)


def test_runs_checks_and_rules_give_no_number_twice(connection: psycopg.Connection) -> None:
    for statement in (
        "insert into ops.runs (source, version) values ('a', '1') returning run_id",
        "insert into ops.checks (gate, as_of) values ('landing', now()) returning check_id",
        "insert into raw.document_kinds_editions (rules_sha256) values ('a') returning edition",
    ):
        first = connection.execute(statement.encode()).fetchone()
        table = statement.split()[2]
        restart(connection, table, statement.split()[-1])
        second = connection.execute(statement.encode()).fetchone()
        assert first
        assert second == (first[0] + 1,)
    assert doubled(connection) == []


def test_the_application_gives_no_number_twice(
    database: DatabaseSettings, connection: psycopg.Connection
) -> None:
    with as_the_app(database) as app:
        numbers = [write(app, f"sessions/{n}/scorecard.json") for n in range(3)]
        restart(connection, "raw.documents", "document_id")
        # In a session that has written before, and of another kind: another partition.
        numbers.append(write(app, "sessions/9/transcript.json", "[]"))
        restart(connection, "raw.documents", "document_id", numbers[-1])
        numbers.append(write(app, "sessions/0/scorecard.json", '{"a": 1}'))
    assert numbers == sorted(set(numbers))
    assert doubled(connection) == []


def test_a_sequence_that_is_ahead_is_left_alone(
    database: DatabaseSettings, connection: psycopg.Connection
) -> None:
    with as_the_app(database) as app:
        first = write(app)
        restart(connection, "raw.documents", "document_id", 1_000)
        assert write(app, document='{"a": 1}') == 1_000
        assert write(app, document='{"a": 2}') == 1_001
    assert first < 1_000


def test_a_restored_sequence_that_goes_down_or_numbers_texts_is_left_alone(
    connection: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    connection.execute(
        "create schema own;"
        "create table own.debts (n int generated always as identity (increment -1), what text);"
        "insert into own.debts (what) select 'owed' from generate_series(1, 3);"
        "create sequence own.names;"
        "create table own.named (name text default 'N' || nextval('own.names'));"
        "alter sequence own.names owned by own.named.name;"
        "insert into own.named default values"
    )
    done = pulse_elt("db", "restored")
    assert done.returncode == 0, done.stdout + done.stderr
    connection.execute("insert into own.debts (what) values ('more')")
    numbers = connection.execute("select n from own.debts order by n").fetchall()
    assert numbers == [(-4,), (-3,), (-2,), (-1,)]


def test_two_that_find_it_behind_move_it_once(
    database: DatabaseSettings, connection: psycopg.Connection
) -> None:
    with as_the_app(database) as app, as_the_app(database) as other:
        highest = max(write(app, f"sessions/{n}/scorecard.json") for n in range(5))
        restart(connection, "raw.documents", "document_id")
        with app.transaction():
            first = write(app, "sessions/a/scorecard.json")
            connection.execute("set statement_timeout = '10s'")
            # The first has not committed: its number is not visible.
            second = write(other, "sessions/b/scorecard.json")
        assert (first, second) == (highest + 1, highest + 2)


def test_the_highest_number_is_found_without_reading_documents(
    connection: psycopg.Connection,
) -> None:
    plan = connection.execute("explain select max(document_id) from raw.documents").fetchall()
    assert not [line for (line,) in plan if "Seq Scan" in line]
