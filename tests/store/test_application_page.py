"""The code of docs/application.md runs; its patch is applied by test_application_outages."""

import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from pulse_store import Store, helpers
from tests.conftest import ROOT

BLOCKS = re.findall(
    r"^```(\w+)\n(.*?)^```", (ROOT / "docs" / "application.md").read_text(), re.M | re.S
)
CHAT = "sessions/a/conversation.json"


def blocks(language: str) -> list[str]:
    return [block for name, block in BLOCKS if name == language]


@pytest.fixture
def role(connection: psycopg.Connection) -> Iterator[str]:
    """The login that the page creates; roles belong to the server, which other tests use."""
    yield "pulse_backend"
    connection.execute("drop role pulse_backend")


def test_the_page_has_code_of_every_sort_that_is_tried() -> None:
    found = [language for language, _ in BLOCKS]
    assert found == ["python", "python", "diff", "python", "sql", "sh"]
    for block in blocks("sh"):
        subprocess.run(["/bin/sh", "-n"], input=block, text=True, check=True)


def test_its_ten_lines_are_those_of_the_readme_which_run() -> None:
    lines = blocks("python")[0]
    assert f"```python\n{lines}```" in (ROOT / "pulse_store" / "README.md").read_text()
    assert sum(bool(line) for line in lines.splitlines()) <= 11


def test_its_import_is_the_helpers() -> None:
    found: dict[str, Any] = {}
    exec(blocks("python")[1], found)  # noqa: S102 - our own page
    assert found["read_json"] is helpers.read_json


def test_its_way_to_add_a_message_loses_none(default_store: Store) -> None:
    found: dict[str, Any] = {}
    exec(blocks("python")[2], found)  # noqa: S102 - our own page
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(found["add_message"], [CHAT] * 40, range(40)))
    chat = default_store.read_json(CHAT)
    assert chat is not None
    assert sorted(chat["messages"]) == list(range(40))
    assert default_store.counters["write_if.ok"] == 40


def test_its_login_may_write_and_does_not_wait_in_a_transaction(
    connection: psycopg.Connection, store: Store, role: str
) -> None:
    (statements,) = blocks("sql")
    connection.execute(statements.encode())
    rows = connection.execute(
        "select setconfig, pg_has_role(rolname, 'pulse_app', 'usage') from pg_db_role_setting "
        "join pg_roles on pg_roles.oid = setrole where rolname = %s",
        (role,),
    ).fetchall()
    assert rows == [(["idle_in_transaction_session_timeout=10s"], True)]
