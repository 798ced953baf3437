"""A session played through the example application: on a dictionary, and on the store."""

import json
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from loaders.pipeline import configured_kinds
from pulse_store import Store
from pulse_store.settings import FILES
from tests.loaders.faults import until
from tests.store.conftest import MakeStore
from tests.store.playing import (
    CONFIGURATION,
    STORE_HELPERS,
    USER,
    Answer,
    Application,
    application,
    play,
    requests,
)

TURNS = 30
RAISING = """
def raising(*arguments):
    raise OSError("mocked")

read_json = write_json = blob_exists = list_blob_names = raising
"""


@pytest.fixture
def store(make_store: MakeStore) -> Store:
    return make_store(files=str(CONFIGURATION))


def documents_in(store: Store) -> dict[str, Any]:
    names = [*store.list_names("sessions/"), *store.list_names("users/")]
    return {name: store.read_json(name) for name in names}


def agree(expected: list[Answer], app: Application) -> None:
    answers = play(app, TURNS)
    for request, one, other in zip(requests(TURNS), expected, answers, strict=True):
        assert one == other, request


def test_a_played_session_is_the_same_on_a_dictionary_and_on_the_store(
    default_store: Store, connection: psycopg.Connection, tmp_path: Path
) -> None:
    on_a_dictionary = application(tmp_path / "dictionary")
    expected = play(on_a_dictionary, TURNS)
    agree(expected, application(tmp_path / "store", STORE_HELPERS))
    assert documents_in(default_store) == on_a_dictionary.documents
    # It is a session as applications play them, and no error that both have.
    statuses = [status for status, _ in expected]
    assert set(statuses[:-2]) == {200, 201}
    assert statuses[-2:] == [404, 404]
    conversation = on_a_dictionary.documents[_first("conversation.json")]
    assert len(conversation["messages"]) == 1 + 2 * TURNS
    versions = connection.execute(
        "select count(*) from raw.documents where source_path = %s", (_first("conversation.json"),)
    ).fetchone()
    assert versions == (1 + TURNS,)
    assert default_store.counters["read_json.ok"] > 3 * TURNS
    assert 2 * TURNS < default_store.counters["write_json.ok"] < 4 * TURNS
    assert "swallowed" not in default_store.counters


def _first(document: str) -> str:
    return f"sessions/00000000-0000-4000-8000-000000000001/{document}"


def test_with_helpers_that_raise_the_same_session_is_another(tmp_path: Path) -> None:
    expected = play(application(tmp_path / "dictionary"), TURNS)
    app = application(tmp_path / "raising", ".raising")
    (tmp_path / "raising" / "simulator" / "raising.py").write_text(RAISING)
    with pytest.raises(AssertionError):
        agree(expected, app)
    forgetful = "read_json = lambda path: None\nwrite_json = print\nblob_exists = bool\n"
    app = application(tmp_path / "forgetful", ".forgetful")
    (tmp_path / "forgetful" / "simulator" / "forgetful.py").write_text(
        f"{forgetful}list_blob_names = list\n"
    )
    with pytest.raises(AssertionError):
        agree(expected, app)


def test_every_document_of_the_example_is_of_a_kind_with_known_fields(tmp_path: Path) -> None:
    app = application(tmp_path / "dictionary")
    play(app, TURNS)
    kinds = configured_kinds()
    found = {kinds.match(path).kind for path in app.documents}
    assert found == {
        "session", "conversation", "pulse_state", "sale_state", "transcript", "scorecard",
        "user_history",
    }  # fmt: skip


def test_the_server_of_the_example_answers_as_its_readme_says(
    app: DatabaseSettings, default_store: Store, tmp_path: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    application(tmp_path / "served", STORE_HELPERS)
    variables = {
        URL_VARIABLE: app.as_url(with_password=True),
        FILES: str(CONFIGURATION),
        "PYTHONPATH": ":".join(sys.path),
    }
    command = [sys.executable, "-m", "simulator", str(port)]
    served = subprocess.Popen(
        command, cwd=tmp_path / "served", env=variables, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
        address = f"http://127.0.0.1:{port}/sessions"
        body = json.dumps({"userId": USER}).encode()
        with urllib.request.urlopen(address, body) as answered:
            started = json.load(answered)
        with urllib.request.urlopen(address) as answered:
            assert json.load(answered) == {"sessions": [started["sessionId"]]}
    finally:
        served.terminate()
        served.wait()
    assert len(default_store.list_names(f"sessions/{started['sessionId']}/")) == 4
