"""The database fails in the middle of a turn: no document gets shorter or begins anew."""

import itertools
import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import pytest

import pulse_store
from loaders.database import embedded
from loaders.database.connection import connect
from loaders.database.migrations import migrate
from loaders.database.settings import DatabaseSettings
from loaders.pipeline import configured_kinds
from pulse_store import Settings, Store, StoreUnavailable
from tests.conftest import ROOT, Server
from tests.loaders.writing import settings_of_the_app
from tests.store.playing import (
    CONFIGURATION,
    STORE_HELPERS,
    USER,
    Application,
    application,
    said,
)
from tests.store.proxy import Proxy
from tests.store.servers import kill, processes

FOLDER = f"sessions/{UUID(int=1, version=4)}"
# Of a call: enough for a server that is well, and a tenth of what an outage takes otherwise.
CALL_SECONDS = 1.0
(PATCH,) = re.findall(
    r"```diff\n(.*?)```", (ROOT / "docs" / "application.md").read_text(), re.DOTALL
)
PATCHES = {"as they are": "", "patched": PATCH}
# Of a turn: three reads, and two to four writes.
_FEWEST_CALLS, _MOST_CALLS = 5, 7
BEFORE, DURING, AFTER = MOMENTS = ("before", "during", "after")


class Outage(Protocol):
    """What happens to a database, and how it ends."""

    def begin(self) -> None: ...

    def end(self) -> None: ...


@dataclass(frozen=True)
class Killed:
    server: Server

    def begin(self) -> None:
        kill(processes(self.server))

    def end(self) -> None:
        embedded.start(self.server.data)


@dataclass(frozen=True)
class Stopped:
    """It hangs: its processes are there and do nothing."""

    server: Server

    def begin(self) -> None:
        for pid in processes(self.server):
            os.kill(pid, signal.SIGSTOP)

    def end(self) -> None:
        for pid in reversed(processes(self.server)):
            os.kill(pid, signal.SIGCONT)


@dataclass(frozen=True)
class Away:
    proxy: Proxy

    def begin(self) -> None:
        self.proxy.stop()

    def end(self) -> None:
        self.proxy.start()


@dataclass(frozen=True)
class Hung:
    proxy: Proxy

    def begin(self) -> None:
        self.proxy.hang()

    def end(self) -> None:
        self.proxy.go_on()


class Calls:
    """The handlers' calls of the store, one of which an outage meets."""

    def __init__(self, app: Application, outage: Outage, *, is_short: bool) -> None:
        self._outage, self._is_short = outage, is_short
        self._number = self._left = -1
        self._moment = BEFORE
        self.is_out = self.was_met = False
        handlers = app.module("handlers")
        for name in ("read_json", "write_json", "blob_exists", "list_blob_names"):
            setattr(handlers, name, self._met(getattr(handlers, name)))

    def meet(self, number: int, moment: str) -> None:
        """Let an outage begin before, during or after the call of a number."""
        self._left, self._moment, self.was_met = number, moment, False

    def end(self) -> None:
        if self.is_out:
            self._outage.end()
            self.is_out = False

    def _met(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: object) -> Any:  # noqa: ANN401 - a document
            if self.is_out and self._is_short:
                self.end()
            self._left -= 1
            if self._left != -1:
                return call(*arguments)
            self.was_met = self.is_out = True
            if self._moment == DURING:
                beginning = threading.Thread(target=self._begin_soon)
                beginning.start()
            elif self._moment == BEFORE:
                self._outage.begin()
            try:
                return call(*arguments)
            finally:
                if self._moment == DURING:
                    beginning.join()
                elif self._moment == AFTER:
                    self._outage.begin()

        return called

    def _begin_soon(self) -> None:
        # A call takes a millisecond or two.
        time.sleep(0.0005)
        self._outage.begin()


@dataclass(frozen=True)
class Documents:
    """The documents of a session."""

    conversation: Any
    pulse: Any
    sale: Any

    @classmethod
    def of(cls, store: Store) -> "Documents":
        names = ("conversation", "pulse_state", "sale_state")
        return cls(*(store.read_json(f"{FOLDER}/{name}.json") for name in names))

    def after(self, app: Application, message: str) -> "tuple[str, Documents]":
        """Return the reply to a message, and what the documents are after it."""
        messages = self.conversation["messages"]
        exchange = 1 + sum(each["role"] == "user" for each in messages)
        reply, pulse, sale = app.module("customer").hear(message, exchange, self.pulse, self.sale)
        added = [
            {"role": "user", "content": message}, {"role": "assistant", "content": reply},
        ]  # fmt: skip
        return reply, Documents({"messages": [*messages, *added]}, pulse, sale)


def begin(app: Application, store: Store) -> None:
    """Play until no document is what a session begins with, and the learner has a history."""
    assert app.answer("POST", "/sessions", {"userId": USER})[0] == 201
    for turn in range(7):
        assert app.answer("POST", f"/{FOLDER}/chat", {"message": said(turn)})[0] == 200
    assert app.answer("POST", f"/{FOLDER}/finish")[0] == 200
    customer, found = app.module("customer"), Documents.of(store)
    assert found.sale != customer.first_sale_state()
    assert found.pulse != customer.first_pulse_state()


def play_through_outages(
    app: Application,
    store: Store,
    outage: Outage,
    passes: int,
    *,
    is_patched: bool,
    is_short: bool = False,
) -> None:
    """Play turns, until an outage has met every call of one.

    In three passes it meets each before, while and after it is made; in one, in turn.
    """
    begin(app, store)
    calls = Calls(app, outage, is_short=is_short)
    for shift, number in itertools.product(range(passes), range(_MOST_CALLS)):
        moment = MOMENTS[(shift + number) % len(MOMENTS)]
        before = Documents.of(store)
        message = f"Is this turn {number} {moment} the outage?"
        reply, after = before.after(app, message)
        calls.meet(number, moment)
        status, body = app.answer("POST", f"/{FOLDER}/chat", {"message": message})
        if not calls.was_met:
            assert status == 200
            assert number >= _FEWEST_CALLS
            continue
        if not is_short:
            shows_a_history(app, store, is_patched=is_patched)
        calls.end()
        is_back(store)
        found = Documents.of(store)
        where = (moment, number, status)
        assert status in (200, 503 if is_patched else 500), where
        messages = before.conversation["messages"]
        assert found.conversation["messages"][: len(messages)] == messages, where
        assert found.sale in (before.sale, after.sale), where
        assert found.pulse in (before.pulse, after.pulse), where
        if is_patched:
            assert found.conversation in (before.conversation, after.conversation), where
        if status == 200:
            assert (json.loads(body)["message"], found) == (reply, after), where


def shows_a_history(app: Application, store: Store, *, is_patched: bool) -> None:
    """Try, in an outage, what only reads: nothing is None, and who swallows shows nothing."""
    with pytest.raises(StoreUnavailable):
        store.read_json(f"users/{USER}/history.json")
    status, body = app.answer("GET", f"/users/{USER}/history")
    # What the patch is for.
    assert (status, json.loads(body).get("history")) == ((503, None) if is_patched else (200, []))


def is_back(store: Store) -> None:
    began = time.monotonic()
    while True:
        try:
            store.read_json(f"{FOLDER}/conversation.json")
            return
        except StoreUnavailable:
            assert time.monotonic() - began < 5


@pytest.fixture
def own_store(own_server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store on a server that may be killed, as that of the module's functions."""
    with connect(own_server.settings) as superuser:
        migrate(superuser, configured_kinds())
    app = settings_of_the_app(own_server.settings)
    store = Store(
        Settings(parameters=app.parameters, files=str(CONFIGURATION), call_seconds=CALL_SECONDS)
    )
    monkeypatch.setattr(pulse_store, "_default", store)
    yield store
    store.close()


@pytest.mark.long
@pytest.mark.parametrize("handlers", PATCHES)
@pytest.mark.parametrize("outage", [Killed, Stopped])
def test_a_server_that_dies_or_hangs_at_any_call_of_a_turn_costs_no_document(
    own_server: Server,
    own_store: Store,
    tmp_path: Path,
    outage: Callable[[Server], Outage],
    handlers: str,
    request: pytest.FixtureRequest,
) -> None:
    app = application(tmp_path / "app", STORE_HELPERS, PATCHES[handlers])
    passes = 3 if request.config.getoption("--thorough") else 1
    play_through_outages(
        app, own_store, outage(own_server), passes, is_patched=handlers == "patched"
    )


@pytest.mark.long
@pytest.mark.parametrize("handlers", PATCHES)
@pytest.mark.parametrize(("outage", "is_short"), [(Away, True), (Away, False), (Hung, True)])
def test_a_database_that_is_away_for_a_call_or_a_turn_costs_no_document(
    proxy: Proxy,
    app: DatabaseSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    outage: Callable[[Proxy], Outage],
    handlers: str,
    *,
    is_short: bool,
) -> None:
    parameters = {**app.parameters, "host": proxy.folder}  # type: ignore[attr-defined]
    store = Store(
        Settings(parameters=parameters, files=str(CONFIGURATION), call_seconds=CALL_SECONDS)
    )
    monkeypatch.setattr(pulse_store, "_default", store)
    played = application(tmp_path / "app", STORE_HELPERS, PATCHES[handlers])
    play_through_outages(
        played, store, outage(proxy), 3, is_patched=handlers == "patched", is_short=is_short
    )
    store.close()
