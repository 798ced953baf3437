"""The database dies, hangs or loses an answer: no call lies, and none takes long."""

import itertools
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders.database import embedded
from loaders.database.connection import connect
from loaders.database.migrations import migrate
from loaders.database.settings import DatabaseSettings
from loaders.pipeline import configured_kinds
from pulse_store import BlindWrite, Settings, Store, StoreConflict, StoreUnavailable
from tests.conftest import Server
from tests.loaders.faults import until
from tests.loaders.writing import settings_of_the_app
from tests.store.conftest import MakeStore
from tests.store.proxy import LOSE_ANSWER, LOSE_REQUEST, Proxy
from tests.store.servers import kill, processes

CHAT = "sessions/a/conversation.json"
WRITE = "raw.write_document"
# What an application is promised; a noisy machine may add a little to the call itself.
LONGEST_CALL = 2.5
BACK_WITHIN = 5.0


@pytest.fixture
def store(proxy: Proxy, make_store: MakeStore, app: DatabaseSettings) -> Store:
    folder = proxy.folder  # type: ignore[attr-defined]
    return make_store(parameters={**app.parameters, "host": folder})


def payloads(connection: psycopg.Connection) -> list[Any]:
    rows = connection.execute(
        "select payload from raw.documents where source_path = %s order by document_id", (CHAT,)
    )
    return [payload for (payload,) in rows.fetchall()]


CALLS: dict[str, Callable[[Store], object]] = {
    "read_json": lambda store: store.read_json(CHAT),
    "read_version": lambda store: store.read_version(CHAT),
    "exists": lambda store: store.exists(CHAT),
    "list_names": lambda store: store.list_names("sessions/"),
    "write_json": lambda store: store.write_json("sessions/b/conversation.json", {}),
    "write_if": lambda store: store.write_if("sessions/c/conversation.json", {}, None),
}


def fails_in_time(call: Callable[[], object]) -> None:
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        call()
    assert time.monotonic() - began < LONGEST_CALL


def all_fail_in_time(store: Store) -> None:
    """Make every call at once, twice, as the threads of an application do."""
    with ThreadPoolExecutor(len(CALLS)) as threads:
        for _ in range(2):
            done = [threads.submit(fails_in_time, partial(call, store)) for call in CALLS.values()]
            for each in done:
                each.result()


def is_back(store: Store) -> None:
    """Try as an application does that knows nothing of the outage, until it is over."""
    began = time.monotonic()
    while True:
        try:
            assert store.read_json(CHAT) == {"messages": [1, 2]}
            break
        except StoreUnavailable:
            assert time.monotonic() - began < BACK_WITHIN
    store.write_json(CHAT, {"messages": [1, 2]})


@pytest.mark.parametrize("is_warm", [True, False])
@pytest.mark.parametrize("outage", ["away", "hung"])
def test_without_a_database_every_call_fails_in_time_and_works_again_afterwards(
    proxy: Proxy, store: Store, make_store: MakeStore, outage: str, is_warm: bool
) -> None:
    make_store().write_json(CHAT, {"messages": [1, 2]})
    if is_warm:
        store.read_json(CHAT)
    if outage == "away":
        proxy.stop()
    else:
        proxy.hang()
    all_fail_in_time(store)
    if outage == "away":
        proxy.start()
    else:
        proxy.go_on()
    is_back(store)


@pytest.mark.every_server
def test_a_server_that_is_killed_or_stopped_is_an_outage_that_ends_with_it(
    own_server: Server, tmp_path: Path
) -> None:
    with connect(own_server.settings) as superuser:
        migrate(superuser, configured_kinds())
    app = settings_of_the_app(own_server.settings)
    store = Store(Settings(parameters=app.parameters))
    store.write_json(CHAT, {"messages": [1, 2]})
    everybody = processes(own_server)
    for pid in everybody:
        os.kill(pid, signal.SIGSTOP)
    all_fail_in_time(store)
    for pid in reversed(everybody):
        os.kill(pid, signal.SIGCONT)
    is_back(store)
    kill(processes(own_server))
    all_fail_in_time(store)
    embedded.start(own_server.data)
    is_back(store)
    store.close()


def test_a_connection_that_comes_too_late_for_one_call_is_there_for_the_next(
    proxy: Proxy, app: DatabaseSettings, make_store: MakeStore
) -> None:
    make_store().write_json(CHAT, {"messages": [1, 2]})
    proxy.hang()
    hosts = f"{proxy.folder},{app.parameters['host']}"  # type: ignore[attr-defined]
    port = app.parameters["port"]
    store = make_store(parameters={**app.parameters, "host": hosts, "port": f"{port},{port}"})
    fails_in_time(lambda: store.read_json(CHAT))
    is_back(store)


def test_a_read_that_failed_leads_to_no_write_whatever_the_handler_swallows(
    proxy: Proxy, store: Store, make_store: MakeStore
) -> None:
    make_store().write_json(CHAT, {"messages": [1, 2]})
    proxy.stop()
    fails_in_time(lambda: store.read_json(CHAT))
    proxy.start()
    with pytest.raises(BlindWrite):
        store.write_json(CHAT, {"messages": []})
    is_back(store)


@pytest.mark.every_server
@pytest.mark.parametrize("how", [LOSE_REQUEST, LOSE_ANSWER])
def test_a_write_whose_connection_is_lost_is_made_once(
    proxy: Proxy, store: Store, connection: psycopg.Connection, how: str
) -> None:
    one, other = {"n": 1}, {"n": 2}
    store.write_json(CHAT, one)
    store.write_json(CHAT, other)
    # The same bytes as a moment ago: found there, they would pass for this write.
    proxy.lose(WRITE, how)
    store.write_json(CHAT, one)
    assert payloads(connection) == [one, other, one]
    assert store.counters.get("settled", 0) == (how == LOSE_ANSWER)
    version = store.read_version(CHAT)
    proxy.lose(WRITE, how)
    after = store.write_if(CHAT, other, version)
    assert payloads(connection) == [one, other, one, other]
    assert store.read_version(CHAT) == after
    proxy.lose(WRITE, how)
    with pytest.raises(StoreConflict):
        store.write_if(CHAT, one, version)
    assert payloads(connection) == [one, other, one, other]


@pytest.mark.parametrize("how", [LOSE_REQUEST, LOSE_ANSWER])
def test_writes_that_are_sent_together_are_each_made_once(
    proxy: Proxy, store: Store, connection: psycopg.Connection, how: str
) -> None:
    writes = 40

    def write(thread: int) -> None:
        for number in range(writes):
            if thread == 0 and number % 4 == 0:
                proxy.lose(WRITE, how)
            store.write_json(CHAT, {"thread": thread, "number": number})

    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(write, thread) for thread in range(8)]:
            done.result()
    found = {(payload["thread"], payload["number"]) for payload in payloads(connection)}
    assert len(payloads(connection)) == len(found) == writes * 8
    assert (store.counters.get("settled", 0) > 0) == (how == LOSE_ANSWER)


def test_a_read_whose_connection_is_lost_is_made_again(proxy: Proxy, store: Store) -> None:
    store.write_json(CHAT, {"n": 1})
    for how in (LOSE_REQUEST, LOSE_ANSWER):
        proxy.lose("raw.read_document", how)
        assert store.read_json(CHAT) == {"n": 1}


def test_a_write_of_which_nobody_knows_says_so(
    proxy: Proxy, store: Store, connection: psycopg.Connection
) -> None:
    store.write_json(CHAT, {"n": 1})
    proxy.hang()
    with pytest.raises(StoreUnavailable, match="Nobody knows whether"):
        store.write_json(CHAT, {"n": 2})
    proxy.go_on()
    assert store.read_json(CHAT) in ({"n": 1}, {"n": 2})


def test_a_write_that_was_held_back_replaces_nothing_newer(
    proxy: Proxy, store: Store, make_store: MakeStore, connection: psycopg.Connection
) -> None:
    store.write_json(CHAT, {"messages": [1]})
    assert store.read_json(CHAT) == {"messages": [1]}
    proxy.hang()
    fails_in_time(lambda: store.write_json(CHAT, {"messages": [1, 2]}))
    other = make_store()
    assert other.read_json(CHAT) == {"messages": [1]}
    other.write_json(CHAT, {"messages": [1, 2, 3, 4]})
    proxy.go_on()
    until(lambda: _is_idle(connection))
    assert store.read_json(CHAT) == {"messages": [1, 2, 3, 4]}


def _is_idle(connection: psycopg.Connection) -> bool:
    busy = connection.execute(
        "select count(*) from pg_stat_activity where datname = current_database() "
        "and state <> 'idle' and pid <> pg_backend_pid() and backend_type = 'client backend'"
    ).fetchone()
    return busy == (0,)


@pytest.mark.parametrize("outage", ["away", "hung", LOSE_REQUEST, LOSE_ANSWER])
def test_a_turn_that_an_outage_meets_at_any_call_shortens_no_history(
    proxy: Proxy, store: Store, connection: psycopg.Connection, outage: str
) -> None:
    length = 0
    for moment in itertools.count():
        calls = _Calls(proxy, outage, moment)
        try:
            length = _turn(store, calls, length)
        except (StoreUnavailable, BlindWrite):
            calls.end()
            found = store.read_json(CHAT)
            assert len(found["messages"]) >= length if found else length == 0
            length = len(found["messages"]) if found else 0
        if not calls.was_met:
            break
    lengths = [len(payload["messages"]) for payload in payloads(connection)]
    assert lengths == sorted(lengths)
    assert moment > 3


class _Calls:
    """An outage that begins before the call of a number, and ends when it is told."""

    def __init__(self, proxy: Proxy, outage: str, moment: int) -> None:
        self._proxy, self._outage, self._left = proxy, outage, moment
        self.was_met = False

    def next(self) -> None:
        self._left -= 1
        if self._left != -1:
            return
        self.was_met = True
        if self._outage == "away":
            self._proxy.stop()
        elif self._outage == "hung":
            self._proxy.hang()
        else:
            self._proxy.lose("raw.", self._outage)

    def end(self) -> None:
        if self._outage == "away":
            self._proxy.start()
        elif self._outage == "hung":
            self._proxy.go_on()


def _turn(store: Store, calls: _Calls, length: int) -> int:
    """Play a turn with a handler that swallows what reads raise; return the history's length."""
    calls.next()
    try:
        chat = store.read_json(CHAT)
    except StoreUnavailable:
        chat = None
    else:
        assert length == 0 or (chat is not None and len(chat["messages"]) >= length)
    messages = [*(chat or {"messages": []})["messages"], "question"]
    calls.next()
    store.write_json(CHAT, {"messages": messages})
    calls.next()
    store.write_json("sessions/a/pulse_state.json", {"current_stage": len(messages)})
    calls.next()
    store.write_json(CHAT, {"messages": [*messages, "answer"]})
    return len(messages) + 1
