"""Poolers between pulse-elt and its database: which work, and which are refused."""

from pathlib import Path

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from tests.conftest import EXAMPLES, RunCommand
from tests.pooler import pooler

COMMANDS = (["db", "migrate"], ["load", EXAMPLES], ["build"], ["status"], ["run", EXAMPLES])


@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_a_pooler_that_shares_sessions_is_refused_with_the_cure(
    database: DatabaseSettings, tmp_path: Path, pulse_elt: RunCommand, mode: str
) -> None:
    with pooler(tmp_path, database, mode) as pooled:
        for command in COMMANDS:
            done = pulse_elt(*command, **{URL_VARIABLE: pooled.as_url(with_password=True)})
            assert done.returncode == 3, done.stdout + done.stderr
            said = " ".join((done.stdout + done.stderr).split())
            assert "pool_mode = session" in said
            assert "Traceback" not in said
        # Nobody who shares the server process finds our settings.
        with psycopg.connect(pooled.as_url(with_password=True), autocommit=True) as other:
            assert other.execute("show search_path").fetchone() == ('"$user", public',)
    with connect(database) as connection:
        assert connection.execute("select count(*) from raw.loads").fetchone() == (0,)


def test_it_is_refused_while_others_use_the_pool(
    database: DatabaseSettings, tmp_path: Path, pulse_elt: RunCommand
) -> None:
    with pooler(tmp_path, database, "transaction") as pooled:
        url = pooled.as_url(with_password=True)
        with psycopg.connect(url) as one, psycopg.connect(url) as two:
            one.execute("select 1")
            two.execute("select 1")
            done = pulse_elt("db", "migrate", **{URL_VARIABLE: url})
        assert done.returncode == 3, done.stdout + done.stderr
        assert "pool_mode = session" in done.stderr


def test_a_pool_of_sessions_works(
    database: DatabaseSettings, tmp_path: Path, pulse_elt: RunCommand
) -> None:
    with pooler(tmp_path, database, "session") as pooled:
        url = pooled.as_url(with_password=True)
        loaded = pulse_elt("load", EXAMPLES, "--workers", "2", **{URL_VARIABLE: url})
        assert loaded.returncode in (0, 1), loaded.stdout + loaded.stderr
        selected = ("--select", "+trainer_change_logs", "--exclude-resource-type", "test")
        built = pulse_elt("build", *selected, **{URL_VARIABLE: url})
        assert built.returncode == 0, built.stdout + built.stderr


def test_a_pool_of_sessions_without_a_free_one_is_not_taken_for_a_shared_one(
    database: DatabaseSettings, tmp_path: Path
) -> None:
    with pooler(tmp_path, database, "session", size=1) as pooled, connect(pooled) as connection:
        assert connection.execute("show search_path").fetchone() == ("pg_catalog, pg_temp",)


def test_a_role_is_acted_as_through_a_pool_and_options_are_named_as_the_reason(
    database: DatabaseSettings, tmp_path: Path, pulse_elt: RunCommand
) -> None:
    with pooler(tmp_path, database, "session") as pooled:
        with connect(pooled.acting_as("pg_read_all_data")) as connection:
            assert connection.execute("select current_user").fetchone() == ("pg_read_all_data",)
        done = pulse_elt(
            "status",
            **{URL_VARIABLE: pooled.as_url(with_password=True), "PGOPTIONS": "-c work_mem=8MB"},
        )
        assert done.returncode == 3
        assert "unsupported startup parameter" in done.stderr
        assert "PGOPTIONS" in done.stderr
