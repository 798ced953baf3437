"""A server that speaks another language: builds and nights judge its errors by their codes."""

from contextlib import ExitStack

import psycopg2  # type: ignore[import-untyped]
import pytest

from loaders.database.connection import connect, translated_errors
from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from loaders.errors import (
    DatabaseAway,
    DatabaseUnavailable,
    LockHeld,
    PulseEltError,
    TransactionLost,
    WorkFailed,
)
from loaders.nightly.model import Request
from loaders.nightly.notifications import Hooks
from loaders.nightly.run import run
from loaders.transform.dbt import build
from loaders.transform.server_errors import ServerErrors
from tests.conftest import Tree
from tests.loaders.test_waiting_for_writers import open_write
from tests.marts.nightly import SilentWatch, stages_with
from tests.marts.rebuilding import Project
from tests.other_language import other_language

# What goes wrong in a model, by its name: what it runs first, and what is made of the failure.
FAULTS: dict[str, tuple[str, type[PulseEltError]]] = {
    "bad_sql": ("selekt 1", WorkFailed),
    "missing_relation": ("select 1 from nowhere.at_all", WorkFailed),
    "no_permission": ("set local role pulse_stranger", DatabaseUnavailable),
    "ended_session": ("select pg_terminate_backend(pg_backend_pid())", DatabaseAway),
    "cancelled": ("select pg_cancel_backend(pg_backend_pid())", WorkFailed),
    "too_slow": ("set local statement_timeout = 20; select pg_sleep(20)", WorkFailed),
    "deadlock": (
        "do $$ begin raise deadlock_detected using message = 'two wait for each other'; end $$",
        TransactionLost,
    ),
    "same_twice": (
        "create temp table pairs (k int primary key); insert into pairs values (777), (777)",
        WorkFailed,
    ),
}


def add_faults(project: Project) -> None:
    """Add a model for each fault."""
    for name, (statement, _) in FAULTS.items():
        project.add(
            f"models/own/{name}.sql",
            f"{{{{ config(materialized='table', pre_hook=\"{statement}\") }}}}\nselect 1 as one\n",
        )


@pytest.mark.parametrize("language", ["its own", "another"])
def test_a_model_fails_as_its_code_says(
    small: DatabaseSettings, small_project: Project, language: str
) -> None:
    add_faults(small_project)
    with connect(small) as connection:
        connection.execute("create role pulse_stranger")
    with ExitStack() as stack:
        is_foreign = language == "another"
        settings = stack.enter_context(other_language(small)) if is_foreign else small
        built = build(settings, small_project.root, ["--select", *FAULTS], quiet=True)
    with connect(small) as connection:
        connection.execute("drop role pulse_stranger")
    assert {node.name: node.failed_as for node in built.failed_models} == {
        name: kind for name, (_, kind) in FAULTS.items()
    }
    assert built.exit_code == DatabaseUnavailable.exit_code
    assert built.passing_trouble is DatabaseAway
    said = {node.name: node.message or "" for node in built.failed_models}
    # The row is nobody's business.
    assert "777" not in said["same_twice"]
    assert ("größe" in said["same_twice"]) == is_foreign
    assert ("duplicate" in said["same_twice"]) == (not is_foreign)


def test_a_server_that_refuses_dbt_is_asked_why(
    small: DatabaseSettings, small_project: Project
) -> None:
    arguments = ["--select", "readiness_bands"]
    with other_language(small) as settings:
        gone = DatabaseSettings({**settings.parameters, "port": "1"})
        for refused, kind in (
            (settings.acting_as("nowhere"), DatabaseUnavailable),
            (gone, DatabaseAway),
        ):
            with pytest.raises(PulseEltError) as told:
                build(refused, small_project.root, arguments, quiet=True)
            assert type(told.value) is kind, told.value
            # What the driver of dbt says of it has no code.
            assert ServerErrors(refused).kind_of(psycopg2.OperationalError("größe")) is kind


def test_a_writer_that_does_not_end_is_named(
    small: DatabaseSettings, small_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_ELT_WRITERS_PATIENCE", "1")
    with other_language(small) as settings, open_write(small) as holder:
        with pytest.raises(LockHeld) as told:
            build(settings, small_project.root, quiet=True)
        pid = holder.info.backend_pid
    said = f"A transaction that writes documents does not end: pid {pid}, login postgres, open for "
    assert str(told.value).startswith(said)


@pytest.mark.long
@pytest.mark.parametrize("sqlstate", ["40P01", "40001", "57P01"])
def test_a_night_tries_again_what_may_pass(
    database: DatabaseSettings, tree: Tree, monkeypatch: pytest.MonkeyPatch, sqlstate: str
) -> None:
    tree.write("scorecards/a.json", {"overall": {"score": 80}})
    builds = 0

    def fail_once() -> None:
        nonlocal builds
        builds += 1
        if builds == 1:
            with translated_errors(database), connect(database) as connection:
                connection.execute(f"do $$ begin raise sqlstate '{sqlstate}'; end $$")

    watch = SilentWatch()
    with other_language(database) as settings:
        monkeypatch.setenv(URL_VARIABLE, settings.as_url(with_password=True))
        result, _ = run(Request(str(tree.root)), watch, Hooks(), stages_with(fail_once))
    assert (result.status, result.exit_code) == ("succeeded", 0), result.summary
    assert (watch.waited, builds) == (["build"], 2)
