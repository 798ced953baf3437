"""Hostile content: landed or quarantined exactly as the server's jsonb judges its bytes."""

import json
import os
import re
from typing import Any

import psycopg
import pytest

from tests.conftest import RunCommand, Tree
from tests.loaders.test_loading import counters, current, load

# What the server refuses, and with which words.
pytestmark = pytest.mark.every_server

DEEP_500 = b"[" * 500 + b"]" * 500
GOOD = b'{"overall": {"score": 85}}'
BAD = b'{"overall": {"score"'

CONTENTS: dict[str, bytes] = {
    "good": GOOD,
    "array": b"[1, 2]",
    "number": b"7",
    "string": b'"text"',
    "null": b"null",
    "space around": b" \t\r\n{} \n",
    "duplicate keys": b'{"a": 1, "a": {"b": 2}, "a": [3]}',
    "1e400": b"[1e400, -1e-400]",
    "1e131071": b"[1e131071]",
    "small": b"[1e-16383]",
    "zero of every kind": b"[0, -0, 0.00, 0e0, -0.0e-5]",
    "long number": b"[" + b"9" * 5_000 + b"." + b"1" * 5_000 + b"]",
    "500 deep": DEEP_500,
    "pairs": '["\\ud83d\\ude00", "😀", "\\u00e9", "\\\\u0000", "\\\\ud800"]'.encode(),
    "noncharacters": b'["\\uffff", "\\ufffe", "\xf4\x8f\xbf\xbf", "\x7f"]',
    "3 MB string": b'{"text": "' + b"x" * 3_000_000 + b'"}',
    "5 MB document": json.dumps([{"n": n, "text": "é\\" * 20} for n in range(50_000)]).encode(),
    "truncated": BAD,
    "empty": b"",
    "whitespace": b" \n\t ",
    "mark": b"\xef\xbb\xbf{}",
    "utf-16": '{"a": 1}'.encode("utf-16"),
    "latin-1": '{"a": "Zoë"}'.encode("latin-1"),
    "overlong": b'["\xc0\xaf"]',
    "encoded surrogate": b'["\xed\xa0\x80"]',
    "beyond unicode": b'["\xf4\x90\x80\x80"]',
    "cut in a character": b'["\xf0\x9f\x98',
    "zero byte": b'{"a": "x\x00y"}',
    "only zero bytes": bytes(4096),
    "nan": b'{"a": NaN}',
    "infinity": b"[Infinity]",
    "escaped zero": b'{"a": "x\\u0000y"}',
    "escaped zero in a key": b'{"x\\u0000": 1}',
    "high surrogate": b'["\\ud800"]',
    "low surrogate": b'["\\udc00"]',
    "swapped surrogates": b'["\\ude00\\ud83d"]',
    "high then letter": b'["\\ud83dx"]',
    "two high": b'["\\ud83d\\ud83d"]',
    "1e131072": b"[1e131072]",
    "1e200000": b"[1e200000]",
    "1e-20000": b"[1e-20000]",
    "exponent beyond int": b"[1e99999999999999999999]",
    "100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "100,000 open": b'{"a":' * 100_000,
    "trailing comma": b'{"a": 1,}',
    "comment": b"{} // done",
    "two documents": b"{}{}",
    "single quotes": b"{'a': 1}",
    "control character": b'["a\nb"]',
    "leading zero": b"[01]",
    "plus": b"[+1]",
    "bare dot": b"[1.]",
    "bad escape": b'["\\x41"]',
    "30 MB, cut": b'{"a": [' + b'"0123456789abcdef", ' * 1_500_000,
    "5 MB with an escaped zero": b'{"t": "' + b"x" * 5_000_000 + b'\\u0000"}',
    "key of 300 MB is not needed": b'{"' + b"k" * 100_000 + b'": 1}',
}

OFFSETS = {
    b"\xef\xbb\xbf{}": 0,
    '{"é": NaN}'.encode(): 7,
    '{"é": "ab\\u0000"}'.encode(): 10,
    b'{"\\\\u0000": "\\u0000"}': 13,
    b'["ab\xff"]': 4,
    b'["\xc3\xa9\xff"]': 4,
    b'["\\ud83d\\ude00", "\\ud800"]': 18,
    b'["ab\\udc00"]': 4,
    b'["ab", 1e200000]': 7,
    b'["ab", 1e-20000]': 7,
    b"{} x": 3,
    b"": 0,
    b'{"overall": {"score"': 20,
}


def server_says(connection: psycopg.Connection, content: bytes) -> str | None:
    """Return the SQLSTATE of the server's own verdict; 00000 when it accepts."""
    try:
        connection.execute("select convert_from(%b, 'UTF8')::jsonb is null", (content,))
    except psycopg.Error as error:
        return error.sqlstate
    return "00000"


def refused(connection: psycopg.Connection) -> dict[str, Any]:
    """Return the open quarantine entries, code by path."""
    return dict(
        connection.execute(
            "select source_path, reason_code from raw.quarantine where resolved_at is null"
        ).fetchall()
    )


def assert_judged_as_the_server_does(
    connection: psycopg.Connection, contents: dict[str, bytes]
) -> None:
    verdicts = {path: server_says(connection, content) for path, content in contents.items()}
    expected = {path: verdict for path, verdict in verdicts.items() if verdict != "00000"}
    assert refused(connection) == expected
    landed = connection.execute("select source_path from raw.documents").fetchall()
    assert sorted(path for (path,) in landed) == sorted(contents.keys() - expected.keys())
    for (path,) in landed:
        assert connection.execute(
            "select payload::text = convert_from(%b, 'UTF8')::jsonb::text "
            "and content_sha256 = sha256(%b) from raw.documents where source_path = %s",
            (contents[path], contents[path], path),
        ).fetchall() == [(True,)], path


def test_every_hostile_document_is_judged_as_the_server_judges_it(
    tree: Tree, connection: psycopg.Connection
) -> None:
    contents = {
        f"scorecards/{number:03}.json": content for number, content in enumerate(CONTENTS.values())
    }
    for path, content in contents.items():
        tree.write(path, content)
    result = counters(load(tree))
    assert_judged_as_the_server_does(connection, contents)
    assert result.landed + result.quarantined == result.seen == len(contents)
    again = counters(load(tree))
    assert (again.unchanged, again.bytes) == (len(contents), 0)
    entries = connection.execute(
        "select source_path, reason, byte_offset, first_bytes, size_bytes, "
        "content_sha256, attempts from raw.quarantine"
    ).fetchall()
    assert len(entries) == result.quarantined
    for path, reason, offset, first_bytes, size, sha256, attempts in entries:
        content = contents[path]
        assert path in reason
        assert size == len(content)
        assert content.startswith(first_bytes)
        assert bool(first_bytes) == bool(content)
        assert offset is None or 0 <= offset <= size
        known = connection.execute("select sha256(%b) = %s", (content, sha256)).fetchone()
        assert (known, attempts) == ((True,), 1)


@pytest.mark.parametrize(("content", "offset"), OFFSETS.items())
def test_the_quarantine_says_at_which_byte_the_trouble_starts(
    tree: Tree, connection: psycopg.Connection, content: bytes, offset: int
) -> None:
    tree.write("scorecards/a.json", content)
    tree.write("scorecards/b.json", GOOD)
    assert counters(load(tree)).quarantined == 1
    found = connection.execute("select byte_offset, reason from raw.quarantine").fetchone()
    assert found is not None
    assert found[0] == offset
    assert "scorecards/a.json" in found[1]
    assert re.search(rf"\bbyte {offset}\b", found[1])


def test_the_five_bad_scorecards_of_the_acceptance_exit_1_and_then_0(
    tree: Tree, connection: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    contents = {
        "truncated": BAD,
        "empty": b"",
        "nul": b'{"a": "\\u0000"}',
        "bom": b"\xef\xbb\xbf" + GOOD,
        "latin": b'{"a": "\xe9"}',
        "good": GOOD,
    }
    for name, content in contents.items():
        tree.write(f"sessions/{name}/scorecard.json", content)
    first = pulse_elt("load", tree.root)
    assert first.returncode == 1, first.stderr
    listed = pulse_elt("quarantine", "list")
    for name in contents:
        assert (f"sessions/{name}/scorecard.json" in listed.stdout) == (name != "good")
    reasons = connection.execute("select source_path, reason from raw.quarantine").fetchall()
    assert len(reasons) == 5
    assert all(path in reason and re.search(r"byte \d", reason) for path, reason in reasons)
    assert pulse_elt("load", tree.root).returncode == 0
    assert list(current(connection)) == ["sessions/good/scorecard.json"]


def history(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select attempts, resolution, resolved_at is null from raw.quarantine "
        "order by quarantine_id"
    ).fetchall()


def test_a_mended_file_lands_and_closes_its_entry(
    tree: Tree, connection: psycopg.Connection
) -> None:
    tree.write("scorecards/a.json", BAD)
    load(tree)
    assert history(connection) == [(1, None, True)]
    tree.write("scorecards/a.json", GOOD)
    result = counters(load(tree))
    assert (result.landed, result.changed, result.quarantined) == (1, 0, 0)
    assert history(connection) == [(1, "landed", False)]


def test_the_same_bad_bytes_touched_again_are_another_attempt_and_unchanged(
    tree: Tree, connection: psycopg.Connection
) -> None:
    file = tree.write("scorecards/a.json", BAD)
    load(tree)
    os.utime(file, (1, 1))
    result = counters(load(tree))
    assert (result.quarantined, result.unchanged) == (0, 1)
    assert history(connection) == [(2, None, True)]
    assert counters(load(tree)).unchanged == 1
    assert history(connection) == [(2, None, True)]


def test_other_bad_bytes_replace_the_entry(tree: Tree, connection: psycopg.Connection) -> None:
    tree.write("scorecards/a.json", BAD)
    load(tree)
    tree.write("scorecards/a.json", BAD + b"x")
    assert counters(load(tree)).quarantined == 1
    assert history(connection) == [(1, "replaced", False), (1, None, True)]


def test_a_bad_version_leaves_the_good_one_current_until_it_is_mended(
    tree: Tree, connection: psycopg.Connection
) -> None:
    tree.write("scorecards/a.json", GOOD)
    load(tree)
    tree.write("scorecards/a.json", BAD)
    assert counters(load(tree)).quarantined == 1
    assert current(connection) == {"scorecards/a.json": json.loads(GOOD)}
    tree.write("scorecards/a.json", GOOD)
    result = counters(load(tree))
    assert (result.landed, result.unchanged) == (0, 1)
    assert history(connection) == [(1, "landed", False)]
    assert connection.execute("select state from raw.files").fetchall() == [("landed",)]


def test_a_file_beyond_what_the_server_can_take_is_refused_unread(
    tree: Tree, connection: psycopg.Connection
) -> None:
    tree.write("scorecards/a.json", GOOD)
    with tree.write("scorecards/b.json", b"{").open("r+b") as file:
        file.truncate(1024**3)
    result = counters(load(tree))
    assert (result.landed, result.quarantined) == (1, 1)
    assert result.bytes == len(GOOD)
    assert refused(connection) == {"scorecards/b.json": "too_large"}
