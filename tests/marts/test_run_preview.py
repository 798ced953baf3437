"""pulse-elt run --dry-run: the plan of the load, the models that would follow, nothing written."""

import json

import psycopg

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from tests.conftest import EXAMPLES, RunCommand, Tree


def written(connection: psycopg.Connection) -> object:
    """Return what every write to the landing or the marts would change."""
    return connection.execute(
        "select (select count(*) from raw.loads), (select count(*) from ops.runs), "
        "(select count(*) from raw.documents), (select count(*) from staging.builds)"
    ).fetchone()


def test_only_the_models_of_what_is_new_would_follow(
    standing: DatabaseSettings, pulse_elt: RunCommand, tree: Tree
) -> None:
    connection = connect(standing)
    before = written(connection)
    nothing = pulse_elt("run", EXAMPLES, "--dry-run")
    assert nothing.returncode == 0, nothing.stderr
    assert "No model would change" in nothing.stdout

    tree.write("sessions/new/sale_state.json", {"trust_score": 5})
    # The tree has none of the examples.
    assert pulse_elt("run", tree.root, "--dry-run").returncode == 2
    done = pulse_elt("run", tree.root, "--dry-run", "--json", "--accept-vanished")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["load"]["plan"]["new"] == 1
    assert found["load"]["to_read"] == {"sale_state": 1}
    assert {"base_pulse__sale_states", "stg_pulse__sale_states", "scorecards"} <= {*found["models"]}
    assert "trainer_change_logs" not in found["models"]
    assert written(connection) == before

    assert pulse_elt("load", tree.root, "--accept-vanished").returncode == 0
    waiting = pulse_elt("run", tree.root, "--dry-run").stdout
    assert "Not built yet: 1 sale_state." in waiting
    assert "stg_pulse__sale_states" in waiting


def test_a_dry_run_leaves_an_empty_database_empty(
    empty_database: DatabaseSettings, pulse_elt: RunCommand
) -> None:
    done = pulse_elt("run", EXAMPLES, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "user_readiness_latest" in done.stdout
    schemas = connect(empty_database).execute(
        "select count(*) from pg_namespace where nspname in ('raw', 'ops', 'staging', 'analytics')"
    )
    assert schemas.fetchone() == (0,)
