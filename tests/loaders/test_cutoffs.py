"""What nobody may prune: versions that a standing mart, or a build at work, may be read as of."""

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.errors import DatabaseUnavailable
from loaders.pipeline import prune_by_policy
from tests.conftest import Tree
from tests.loaders.faults import one
from tests.loaders.test_loading import load

# Cutoffs and versions of rows are worked out by the server.
pytestmark = pytest.mark.every_server

_EARLIEST = "select ops.earliest_cutoff()"
_VERSIONS = "select count(*) from raw.sale_states"
_HOLD = "select pg_advisory_lock_shared(x'70756c62'::int, hashtext('anna_staging'))"


def built(connection: psycopg.Connection, *schemas: str) -> None:
    """Have a target stand in each schema, without a row in ops.cutoffs."""
    for schema in schemas:
        connection.execute(f"create schema {schema}; create table {schema}.builds ()".encode())
        connection.execute(f"comment on table {schema}.builds is 'x [pulse-elt]'".encode())


def booked(connection: psycopg.Connection, target: str, standing: str, at_work: str | None) -> None:
    connection.execute("insert into ops.cutoffs values (%s, %s, %s)", (target, standing, at_work))


def test_the_earliest_of_all_targets_counts(connection: psycopg.Connection) -> None:
    assert one(connection, _EARLIEST) is None
    built(connection, "staging", "anna_staging", "Ben_staging".lower())
    booked(connection, "staging", "2025-03-03", None)
    booked(connection, "anna_staging", "2025-03-02", None)
    assert one(connection, f"{_EARLIEST}::date::text") == "2025-03-02"
    connection.execute("drop schema anna_staging cascade")
    assert one(connection, f"{_EARLIEST}::date::text") == "2025-03-03"


def test_a_build_at_work_counts_as_long_as_it_lives(
    database: DatabaseSettings, connection: psycopg.Connection
) -> None:
    built(connection, "anna_staging")
    booked(connection, "anna_staging", "2025-03-03", "2025-03-01")
    assert one(connection, f"{_EARLIEST}::date::text") == "2025-03-03"
    with connect(database) as builder:
        builder.execute(_HOLD)
        assert one(connection, f"{_EARLIEST}::date::text") == "2025-03-01"
        assert one(connection, "select ops.is_building('staging')") is False
        connection.execute("select pg_terminate_backend(%s)", (builder.info.backend_pid,))
        connection.execute("select pg_advisory_lock(x'70756c62'::int, hashtext('anna_staging'))")
        connection.execute("select pg_advisory_unlock_all()")
    assert one(connection, f"{_EARLIEST}::date::text") == "2025-03-03"


def test_loads_keep_what_a_cutoff_needs_and_no_more(
    tree: Tree, connection: psycopg.Connection
) -> None:
    built(connection, "staging")
    booked(connection, "staging", "-infinity", None)
    for version in range(4):
        tree.write("sessions/a/sale_state.json", {"v": version})
        load(tree)
    assert one(connection, _VERSIONS) == 4
    connection.execute(
        "update ops.cutoffs set standing_cutoff_at = (select landed_at + interval '1 microsecond' "
        "from raw.sale_states where payload = '{\"v\": 1}')"
    )
    load(tree)
    kept = "select array_agg(payload ->> 'v' order by document_id) from raw.sale_states"
    assert one(connection, kept) == ["1", "2", "3"]
    connection.execute("delete from ops.cutoffs; drop schema staging cascade")
    load(tree)
    assert one(connection, kept) == ["3"]


def test_nothing_is_pruned_while_it_is_not_known_what_stands(
    tree: Tree, connection: psycopg.Connection
) -> None:
    for version in range(2):
        tree.write("sessions/a/sale_state.json", {"v": version})
        load(tree)
    # As an older version leaves a database that has been migrated and not built since.
    built(connection, "staging")
    for _ in range(2):
        load(tree)
    assert one(connection, _VERSIONS) == 2
    with pytest.raises(DatabaseUnavailable, match="'pulse-elt build' first"):
        prune_by_policy(is_dry_run=False)
