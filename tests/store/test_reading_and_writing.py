"""What a store's calls answer and refuse, on a server that is well."""

import asyncio
import contextvars
import json
import os
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest

import pulse_store
from pulse_store import (
    BlindWrite,
    NotStorable,
    ReadOnlyPath,
    Store,
    StoreConflict,
    StoreUnavailable,
    Version,
    helpers,
)
from pulse_store.rules import Rules
from tests.store.conftest import MakeStore

CHAT = "sessions/a/conversation.json"
STATE = "sessions/a/pulse_state.json"


def documents(connection: psycopg.Connection, path: str = CHAT) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select payload, origin, superseded_at is null from raw.documents "
        "where source_path = %s order by document_id",
        (path,),
    ).fetchall()


@pytest.mark.every_server
def test_what_is_written_is_read_and_the_last_write_wins(
    store: Store, connection: psycopg.Connection
) -> None:
    assert store.read_json(CHAT) is None
    assert not store.exists(CHAT)
    store.write_json(CHAT, {"messages": [1]})
    store.write_json(CHAT, {"messages": [1, 2]})
    assert store.read_json(CHAT) == {"messages": [1, 2]}
    assert store.exists(CHAT)
    assert documents(connection) == [
        ({"messages": [1]}, "app", False),
        ({"messages": [1, 2]}, "app", True),
    ]


def test_the_bytes_that_are_hashed_are_those_the_application_wrote_to_files(
    store: Store, connection: psycopg.Connection
) -> None:
    document = {"text": "ä \U0001f600 \\u0000", "n": 1.5}
    store.write_json(CHAT, document)
    (found,) = connection.execute(
        "select content_sha256 = sha256(convert_to(%s, 'UTF8')) from raw.documents",
        (json.dumps(document, ensure_ascii=False),),
    ).fetchall()
    assert found == (True,)
    assert store.read_json(CHAT) == document


@pytest.mark.parametrize("document", [None, 0, False, "", [], {}, "x", [None]])
def test_any_json_is_a_document_and_null_is_read_as_none(store: Store, document: object) -> None:
    store.write_json(CHAT, document)
    assert store.read_json(CHAT) == document
    assert store.exists(CHAT)


def test_names_are_listed_by_a_plain_prefix_in_the_order_of_bytes(
    store: Store, tmp_path: Path
) -> None:
    keys = ("Z", "a%", "a", "a_", "ab", "é", "\U0001f600")
    names = [f"sessions/{key}/session.json" for key in keys]
    for name in reversed(names):
        store.write_json(name, {})
    (tmp_path / "configuration" / "prompts").mkdir()
    for name in ("prompts/b.json", "prompts/B.json", "agents.json"):
        (tmp_path / "configuration" / name).write_text("{}")
    assert store.list_names("sessions/") == names
    assert store.list_names("sessions/a") == names[1:5]
    assert store.list_names("sessions/a%") == names[1:2]
    assert store.list_names("sessions/a_") == names[3:4]
    assert store.list_names("prompts/") == ["prompts/B.json", "prompts/b.json"]
    assert store.list_names("") == ["agents.json", "prompts/B.json", "prompts/b.json", *names]
    for nothing in ("none/", "../", "/", "sessions/../", "\x00", "\ud800"):
        assert store.list_names(nothing) == []


def test_names_of_many_pages_are_listed_whole(
    store: Store, connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pulse_store import statements

    monkeypatch.setattr(statements, "_PAGE", 7)
    for count in (6, 7, 8, 21):
        for number in range(count):
            store.write_json(f"sessions/{number:02}/session.json", {})
        assert store.list_names("sessions/") == [
            f"sessions/{number:02}/session.json" for number in range(count)
        ]


def test_a_version_is_written_over_only_if_it_is_still_the_current_one(store: Store) -> None:
    assert store.read_version(CHAT) is None
    first = store.write_if(CHAT, {"n": 1}, None)
    assert store.read_version(CHAT) == first
    second = store.write_if(CHAT, {"n": 2}, first)
    for stale in (None, first):
        with pytest.raises(StoreConflict):
            store.write_if(CHAT, {"n": 3}, stale)
    store.write_json(CHAT, {"n": 4})
    with pytest.raises(StoreConflict):
        store.write_if(CHAT, {"n": 5}, second)
    assert store.read_json(CHAT) == {"n": 4}


NEVER: dict[str, object] = {
    "NUL": {"a": ["x\x00"]},
    "NUL in a key": {"\x00": 1},
    "NaN": [float("nan")],
    "infinity": float("-inf"),
    "half a surrogate pair": {"a": "\ud83d"},
    "no JSON": {"a": {1, 2}},
    "too deep": json.loads("[" * 900 + "]" * 900),
    "too large a number": 10**200_000,
}


@pytest.mark.parametrize("reason", [name for name in NEVER if name != "too deep"])
def test_what_no_jsonb_can_hold_is_refused_with_the_reason(
    store: Store, connection: psycopg.Connection, reason: str
) -> None:
    store.write_json(CHAT, {"n": 1})
    with pytest.raises(NotStorable, match=CHAT):
        store.write_json(CHAT, NEVER[reason])
    with pytest.raises(NotStorable, match=CHAT):
        store.write_if(CHAT, NEVER[reason], store.read_version(CHAT))
    assert documents(connection) == [({"n": 1}, "app", True)]


@pytest.mark.parametrize(
    "path",
    [
        "", "/", "..", "../x", "sessions//session.json", "sessions/../session.json", "/agents.json",
        "sessions/a\x00/session.json", "sessions/a\n/session.json", "sessions/\\/session.json",
        "sessions/\ud800/session.json", f"sessions/{'é' * 512}/session.json",
        "elsewhere/a.json", "sessions/a/other.json",
    ],
)  # fmt: skip
def test_a_path_outside_the_rules_has_no_document_and_takes_none(store: Store, path: str) -> None:
    with pytest.raises(NotStorable):
        store.write_json(path, {})
    assert store.read_json(path) is None
    assert store.read_version(path) is None
    assert not store.exists(path)


def test_what_cannot_be_stored_is_refused_without_a_database(make_store: MakeStore) -> None:
    away = make_store(parameters={"host": "127.0.0.1", "port": "1"})
    for document in (float("nan"), "\x00", "\ud800"):
        with pytest.raises(NotStorable):
            away.write_json(CHAT, document)
    with pytest.raises(NotStorable):
        away.write_json("../x", {})


def test_configuration_is_read_from_files_and_is_read_only(
    store: Store, tmp_path: Path, connection: psycopg.Connection
) -> None:
    files = tmp_path / "configuration"
    (files / "agents.json").write_bytes(b'\xef\xbb\xbf[{"name": "Ada"}]')
    (files / "pulse_steps.json").write_text("{broken")
    assert store.read_json("agents.json") == [{"name": "Ada"}]
    assert store.exists("agents.json")
    assert store.read_json("feature_flags.json") is None
    assert not store.exists("feature_flags.json")
    with pytest.raises(StoreUnavailable, match=r"pulse_steps\.json is no JSON"):
        store.read_json("pulse_steps.json")
    for write in (store.write_json, lambda path, obj: store.write_if(path, obj, None)):
        with pytest.raises(ReadOnlyPath, match=r"agents\.json is configuration"):
            write("agents.json", [])
    assert json.loads((files / "agents.json").read_text("utf-8-sig")) == [{"name": "Ada"}]
    assert documents(connection, "agents.json") == []


def test_files_that_are_not_named_or_missing_are_no_empty_ones(
    make_store: MakeStore, tmp_path: Path
) -> None:
    for place in (None, str(tmp_path / "unmounted")):
        store = make_store(files=place)
        with pytest.raises(StoreUnavailable):
            store.read_json("agents.json")
        with pytest.raises(StoreUnavailable):
            store.exists("agents.json")
        assert store.read_json(CHAT) is None


def test_rules_that_change_are_followed_without_a_restart(
    make_store: MakeStore, connection: psycopg.Connection
) -> None:
    store = make_store(rules_seconds=0.0)
    with pytest.raises(ReadOnlyPath):
        store.write_json("agents.json", [])
    connection.execute(
        "create table raw.agent_rosters partition of raw.documents for values in ('agent_roster')"
    )
    change = "update raw.document_kinds set verdict = %s where kind = 'agent_roster'"
    connection.execute(change, ("SYSTEM_OF_RECORD",))
    store.write_json("agents.json", [1])
    assert store.read_json("agents.json") == [1]
    slow = make_store()
    slow.write_json("agents.json", [2])
    connection.execute(change, ("CONFIG_STATIC",))
    with pytest.raises(ReadOnlyPath):
        slow.write_json("agents.json", [3])


class Broken:
    """A store whose reads fail while it is switched on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from pulse_store import statements

        self.is_on = True
        for name in ("read", "exists"):
            monkeypatch.setattr(statements, name, self._failing(getattr(statements, name)))

    def _failing(self, call: Any) -> Any:  # noqa: ANN401
        def fail_or_call(*arguments: object) -> object:
            if self.is_on:
                raise StoreUnavailable("broken")
            return call(*arguments)

        return fail_or_call


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Broken:
    return Broken(monkeypatch)


@pytest.mark.parametrize("call", ["read_json", "read_version", "exists"])
def test_a_path_whose_read_failed_takes_no_write_until_it_was_read(
    store: Store, broken: Broken, call: str
) -> None:
    store.write_json(CHAT, {"messages": list(range(8))})
    with pytest.raises(StoreUnavailable):
        getattr(store, call)(CHAT)
    broken.is_on = False
    for write in (store.write_json, lambda path, obj: store.write_if(path, obj, None)):
        with pytest.raises(BlindWrite, match=CHAT):
            write(CHAT, {"messages": []})
    store.write_json(STATE, {})
    assert store.counters["blind_write"] == 2
    assert store.read_json(CHAT) == {"messages": list(range(8))}
    store.write_json(CHAT, {"messages": list(range(10))})


def test_another_thread_and_a_write_without_a_read_are_not_fenced(
    store: Store, broken: Broken
) -> None:
    with pytest.raises(StoreUnavailable):
        store.read_json(CHAT)
    thread = threading.Thread(target=store.write_json, args=(CHAT, {"messages": [1]}))
    thread.start()
    thread.join()
    broken.is_on = False
    # What another thread reads opens nothing here.
    thread = threading.Thread(target=store.read_json, args=(CHAT,))
    thread.start()
    thread.join()
    with pytest.raises(BlindWrite):
        store.write_json(CHAT, {})


def test_a_task_is_fenced_by_itself_and_not_by_others(store: Store, broken: Broken) -> None:
    async def reads_and_writes() -> str:
        with pytest.raises(StoreUnavailable):
            store.read_json(CHAT)
        await asyncio.sleep(0)
        with pytest.raises(BlindWrite):
            store.write_json(CHAT, {})
        return "fenced"

    async def only_writes() -> str:
        await asyncio.sleep(0)
        store.write_json(CHAT, {})
        return "written"

    async def both() -> list[str]:
        return list(await asyncio.gather(reads_and_writes(), only_writes()))

    assert asyncio.run(both()) == ["fenced", "written"]


def test_a_request_that_works_in_other_threads_is_fenced_as_one(
    store: Store, broken: Broken
) -> None:
    async def request() -> None:
        with pulse_store.one_request():
            with pytest.raises(StoreUnavailable):
                await asyncio.to_thread(store.read_json, CHAT)
            with pytest.raises(BlindWrite):
                await asyncio.to_thread(store.write_json, CHAT, {})

    asyncio.run(request())


def test_no_way_of_calling_loses_the_fence(store: Store, broken: Broken) -> None:
    def read_fails() -> None:
        with pytest.raises(StoreUnavailable):
            store.read_json(CHAT)

    # As wrappers that trace a call run it.
    contextvars.copy_context().run(read_fails)
    with pytest.raises(BlindWrite):
        store.write_json(CHAT, {})
    with pulse_store.one_request(), pytest.raises(BlindWrite):
        store.write_json(CHAT, {})
    broken.is_on = False
    assert store.read_json(CHAT) is None
    broken.is_on = True
    with pulse_store.one_request():
        read_fails()
    with pytest.raises(BlindWrite):
        store.write_json(CHAT, {})


def test_what_only_failed_to_be_asked_for_is_written_once_it_was_found(
    store: Store, broken: Broken
) -> None:
    broken.is_on = False
    store.write_json(CHAT, {"messages": [1]})
    broken.is_on = True
    with pytest.raises(StoreUnavailable):
        store.exists(CHAT)
    broken.is_on = False
    assert store.exists(CHAT)
    store.write_json(CHAT, {"messages": [1, 2]})


def test_a_path_that_moved_to_the_database_after_its_read_takes_no_blind_write(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rules in force say that it is stored; those of the read, a minute old, do not."""
    with monkeypatch.context() as earlier:
        earlier.setattr(Rules, "is_stored", lambda self, path: False)
        assert store.read_json(CHAT) is None
    with pytest.raises(BlindWrite, match="moved to the database"):
        store.write_json(CHAT, {"messages": []})
    assert store.read_json(CHAT) is None
    store.write_json(CHAT, {"messages": []})


def test_configuration_without_files_is_no_empty_list(make_store: MakeStore) -> None:
    store = make_store(files=None)
    with pytest.raises(StoreUnavailable, match="no files are named"):
        store.list_names("prompts/")
    assert store.list_names("sessions/") == []


def test_the_helpers_answer_as_before_but_count_and_destroy_nothing(
    default_store: Store, broken: Broken
) -> None:
    helpers.write_json(CHAT, {"messages": list(range(8))})
    assert helpers.read_json(CHAT) is None
    with pytest.raises(StoreUnavailable):
        helpers.blob_exists(CHAT)
    with pytest.raises(BlindWrite):
        helpers.write_json(CHAT, {"messages": [1, 2]})
    broken.is_on = False
    assert helpers.read_json(CHAT) == {"messages": list(range(8))}
    assert helpers.blob_exists(CHAT)
    assert helpers.list_blob_names("sessions/") == [CHAT]
    assert default_store.counters["swallowed"] == 1


def test_the_helpers_have_the_signatures_of_the_application() -> None:
    code = [helpers.read_json, helpers.write_json, helpers.blob_exists, helpers.list_blob_names]
    assert [each.__code__.co_varnames[: each.__code__.co_argcount] for each in code] == [
        ("path",), ("path", "obj"), ("path",), ("prefix",),
    ]  # fmt: skip


def test_a_write_over_what_was_not_seen_is_counted_and_wins(
    make_store: MakeStore, connection: psycopg.Connection
) -> None:
    one, other = make_store(), make_store()
    one.write_json(CHAT, {"n": 1})
    one.read_json(CHAT)
    thread = threading.Thread(target=other.write_json, args=(CHAT, {"n": 2}))
    thread.start()
    thread.join()
    one.write_json(CHAT, {"n": 3})
    one.write_json(CHAT, {"n": 4})
    assert one.counters["overwritten_unseen"] == 1
    assert [row[0]["n"] for row in documents(connection)] == [1, 2, 3, 4]


def test_each_call_is_an_event_and_a_callback_that_fails_changes_nothing(
    make_store: MakeStore,
) -> None:
    events: list[pulse_store.Event] = []

    def on_event(event: pulse_store.Event) -> None:
        events.append(event)
        raise RuntimeError("a callback's own")

    store = make_store(on_event)
    store.write_json(CHAT, {})
    store.read_json(CHAT)
    with pytest.raises(NotStorable):
        store.write_json("x", {})
    assert [(event.name, event.outcome) for event in events] == [
        ("write_json", "ok"), ("read_json", "ok"), ("write_json", "NotStorable"),
    ]  # fmt: skip
    assert all(event.seconds > 0 for event in events)
    assert store.counters["write_json.ok"] == store.counters["write_json.NotStorable"] == 1


def test_counters_come_to_the_database_once_a_minute_and_are_numbers(
    make_store: MakeStore, connection: psycopg.Connection
) -> None:
    store = make_store(report_seconds=0.0)
    store.write_json(CHAT, {})
    store.write_json(CHAT, {})
    reports = connection.execute("select instance, counters from raw.store_reports").fetchall()
    assert [name for name, _ in reports] == [f"a test/{os.getpid()}"]
    # The second came within the minute.
    assert reports[0][1]["write_json.ok"] == 1


def test_a_fork_has_a_pool_and_counters_of_its_own(
    store: Store, connection: psycopg.Connection
) -> None:
    store.write_json(CHAT, {"n": 1})
    child = os.fork()
    if child == 0:
        try:
            is_good = store.read_json(CHAT) == {"n": 1} and not store.counters.get("write_json.ok")
            store.write_json(CHAT, {"n": 2})
        finally:
            os._exit(0 if is_good else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert store.read_json(CHAT) == {"n": 2}
    assert isinstance(store.read_version(CHAT), Version)


def test_nothing_is_set_in_a_session(store: Store, connection: psycopg.Connection) -> None:
    pool = store._process.pool
    query = "select name, setting from pg_settings where source = 'session' order by name"
    store.write_json(CHAT, {})
    store.read_json(CHAT)
    with pool.connection(store._deadline()) as used:
        assert used.execute(query).fetchall() == []
        assert used.execute("select count(*) from pg_prepared_statements").fetchone() == (0,)
