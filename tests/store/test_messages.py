"""What a stranger reads: each message says what happened and what to do, and holds no password."""

import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from pulse_store import Settings, Store, StoreConflict, StoreError, StoreUnavailable, readers
from pulse_store.database import Deadline
from tests.conftest import Server
from tests.marts.access import create_login
from tests.store.conftest import MakeStore

PATH = "sessions/a/session.json"
USER = "7c0b0d3e-0000-4000-8000-000000000001"


def said(store: Store) -> str:
    """Return what a failed read and a failed write say, and what a log keeps of them."""
    with pytest.raises(StoreError) as read:
        store.read_version(PATH)
    with pytest.raises(StoreError) as written:
        store.write_if("sessions/b/session.json", {}, None)
    return "".join(
        line for each in (read, written) for line in traceback.format_exception(each.value)
    )


@pytest.mark.parametrize(
    "url",
    [
        "postgres//user:secret@host/name",
        "postgresql://user:sec/ret@host/name",
        "postgresql://user:s@secret@host/name",
        "postgresql://user:%secret@host/name",
        "postgresql://user:1/secret@host/name",
        "host=host password=two secret",
    ],
)
def test_a_malformed_url_is_named_and_not_repeated(url: str) -> None:
    words = said(Store(Settings(conninfo=url)))
    assert "PULSE_ANALYTICS_DATABASE_URL is no connection URL" in words
    assert "secret" not in words
    assert "ret@" not in words


def test_urls_that_libpq_reads_as_they_are_meant_are_taken() -> None:
    for url in (
        "postgresql://user:p%40ss@127.0.0.1:1/name?sslmode=disable",
        "postgresql://user@127.0.0.1:1,127.0.0.1:2/name",
        "postgresql://user@/name?host=/nowhere&options=-csearch_path%3D%40",
        "host=127.0.0.1 port=1 user=user",
        "postgresql://user@[::1]:1/name",
    ):
        assert "cannot be reached" in said(Store(Settings(conninfo=url)))


def test_a_database_that_is_not_prepared_says_what_prepares_it(server: Server) -> None:
    words = said(Store(Settings(parameters=server.settings.parameters)))
    assert "pulse-elt db roles" in words


def test_a_login_without_rights_is_told_which_it_needs(
    database: DatabaseSettings, app: DatabaseSettings
) -> None:
    with connect(database) as superuser:
        create_login(superuser, "pulse_stranger", "pg_monitor")
        superuser.execute("grant connect on database pulse_test to pulse_stranger")
    stranger = DatabaseSettings({**app.parameters, "user": "pulse_stranger"})
    assert "Grant pulse_app to the login." in said(Store(Settings(parameters=stranger.parameters)))


def test_marts_that_were_never_built_and_conflicts_say_what_to_do(store: Store) -> None:
    with pytest.raises(StoreUnavailable, match="'pulse-elt run' builds the marts"):
        readers.skills(store, USER)
    store.write_json(PATH, {})
    with pytest.raises(StoreConflict, match=r"Read it again.*0 is the version of no document"):
        store.write_if(PATH, {}, None)


def test_what_keeps_a_call_waiting_is_named(
    make_store: MakeStore, connection: psycopg.Connection
) -> None:
    store = make_store(connections=1)
    with ThreadPoolExecutor(1) as pool, connection.transaction():
        connection.execute("select raw.write_document(%s, '{}')", (PATH,))
        # At work: one that idles is ended.
        busy = pool.submit(connection.execute, "select pg_sleep(4)")
        with pytest.raises(StoreUnavailable, match="Another transaction has written that path"):
            store.write_json(PATH, {})
        busy.result()
    with (
        store._process.pool.connection(Deadline(60)),
        pytest.raises(StoreUnavailable, match="at work; PULSE_STORE_CONNECTIONS allows more"),
    ):
        store.read_json(PATH)


def test_a_path_that_is_no_text_is_no_absent_document(make_store: MakeStore) -> None:
    store = make_store()
    for call in (store.read_json, store.exists, store.read_version, store.list_names):
        with pytest.raises(TypeError, match="text, not PosixPath"):
            call(Path(PATH))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="text, not NoneType"):
        store.write_json(None, {})  # type: ignore[arg-type]
