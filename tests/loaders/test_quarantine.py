"""Quarantine as a tool: listed with filters, shown with its bytes, tried again."""

import json
import os
from typing import Any

import psycopg
import pytest

from loaders.cli.quarantine_display import dump
from loaders.errors import WrongRequest
from loaders.landing import ledger
from loaders.landing.model import Scope
from loaders.landing.quarantine.lookup import Wanted
from loaders.landing.quarantine.reasons import explain
from loaders.pipeline import (
    RetryResult,
    find_in_quarantine,
    load_source,
    look_into_quarantine,
    retry_quarantine,
)
from tests.conftest import EXAMPLES, RunCommand, Tree
from tests.loaders.test_loading import counters, current, load
from tests.loaders.test_refusals import BAD, GOOD, history

LATIN = b'{"name": "Zo\xeb"}'
ZERO = b'{"a": "\\u0000"}'


@pytest.fixture
def three(database: object, tree: Tree) -> Tree:
    """A tree with a good file and three bad ones, which a load has seen."""
    tree.write("sessions/a/scorecard.json", GOOD)
    tree.write("sessions/a/session.json", BAD)
    tree.write("sessions/b/transcript.json", LATIN)
    tree.write("history_T1.json", ZERO)
    load(tree)
    return tree


def mend_without_a_trace(tree: Tree, path: str, content: bytes) -> None:
    """Put other bytes into a file that keeps its size and time."""
    file = tree.root / path
    before = file.stat()
    file.write_bytes(content.ljust(before.st_size))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size


def retry(tree: Tree, **scope: Any) -> RetryResult:  # noqa: ANN401 - passed on as they are
    return retry_quarantine(tree.root, None, **scope)


def listed(**wanted: Any) -> list[str]:  # noqa: ANN401 - passed on as they are
    return [entry.source_path for entry in find_in_quarantine(Wanted(**wanted)).entries]


def states(connection: psycopg.Connection) -> dict[str, str]:
    return dict(connection.execute("select source_path, state from raw.files").fetchall())


# list


def test_filters_narrow_the_list(three: Tree) -> None:
    assert listed() == [
        "history_T1.json",
        "sessions/a/session.json",
        "sessions/b/transcript.json",
    ]
    assert listed(kinds=("session", "transcript")) == listed(prefix="sessions/")
    assert listed(codes=("22p05",)) == ["history_T1.json"]
    assert listed(codes=("22021", "22P05")) == ["history_T1.json", "sessions/b/transcript.json"]
    assert listed(codes=("22021",), prefix="sessions/a") == []
    limited = find_in_quarantine(Wanted(limit=2))
    assert (len(limited.entries), limited.matching) == (2, 3)
    with pytest.raises(WrongRequest, match="no kind 'scores'"):
        listed(kinds=("scores",))


def test_all_shows_resolved_entries_and_how_they_ended(three: Tree, pulse_elt: RunCommand) -> None:
    three.write("sessions/a/session.json", GOOD)
    three.write("sessions/b/transcript.json", LATIN + b" ")
    load(three)
    shown = pulse_elt("quarantine", "list").stdout
    assert "sessions/a/session.json" not in shown
    entries = json.loads(pulse_elt("quarantine", "list", "--all", "--json").stdout)
    assert [
        (entry["source_path"], entry["resolution"], entry["resolved_at"] is None)
        for entry in entries
    ] == [
        ("history_T1.json", None, True),
        ("sessions/a/session.json", "landed", False),
        ("sessions/b/transcript.json", None, True),
        ("sessions/b/transcript.json", "replaced", False),
    ]
    lines = pulse_elt("quarantine", "list", "--all", "--limit", "2").stdout.splitlines()
    assert "(landed 20" in lines[1]
    assert lines[2].strip() == "… and 2 more; raise --limit."


def test_an_entry_whose_file_is_gone_stays_open_and_says_so(
    three: Tree, connection: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    (three.root / "history_T1.json").unlink()
    load(three)
    assert listed() == ["history_T1.json", "sessions/a/session.json", "sessions/b/transcript.json"]
    gone = pulse_elt("quarantine", "list", "--prefix", "history").stdout
    assert "(the file is gone)" in gone
    assert json.loads(pulse_elt("quarantine", "list", "--json").stdout)[0]["file_state"] == (
        "vanished"
    )
    shown = pulse_elt("quarantine", "show", "history_T1.json").stdout
    assert "in quarantine; the file is gone" in shown
    assert "stays open" in shown
    assert history(connection) == [(1, None, True)] * 3


def test_an_empty_list_tells_nothing_there_from_nothing_that_matches(
    three: Tree, connection: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    nothing = pulse_elt("quarantine", "list", "--code", "link")
    assert (nothing.returncode, nothing.stdout) == (0, "Nothing in quarantine matches.\n")
    connection.execute("truncate raw.quarantine")
    assert pulse_elt("quarantine", "list").stdout == "Nothing is quarantined.\n"


# show


def test_show_tells_everything_about_one_file(three: Tree, pulse_elt: RunCommand) -> None:
    done = pulse_elt("quarantine", "show", "sessions/b/transcript.json")
    assert done.returncode == 0, done.stderr
    for words in (
        "22021: the bytes are not valid UTF-8",
        "byte 12 of 15, counted from 0",
        "byte 0xeb is not valid UTF-8",
        "15 bytes",
        f"1 of {three.root}",
        "What to do: Find out which encoding",
    ):
        assert words in done.stdout
    dumped = done.stdout[done.stdout.index("Bytes around it") :].splitlines()[1:3]
    assert dumped[0].endswith('5a 6f eb 22 7d     {"name": "Zo."}')
    assert dumped[0][dumped[1].index("^^") :].startswith("eb")
    assert dumped[0][dumped[1].rindex("^")] == "."


def test_show_as_json_has_the_bytes_in_hexadecimal(three: Tree, pulse_elt: RunCommand) -> None:
    found = json.loads(
        pulse_elt("quarantine", "show", "sessions/b/transcript.json", "--json").stdout
    )
    assert bytes.fromhex(found["entry"]["around"]) == LATIN
    assert bytes.fromhex(found["entry"]["first_bytes"]) == LATIN
    assert (found["entry"]["byte_offset"], found["entry"]["around_offset"]) == (12, 0)
    assert (found["file_state"], found["earlier"]) == ("quarantined", [])


def test_show_keeps_the_history_of_a_path(three: Tree, pulse_elt: RunCommand) -> None:
    three.write("history_T1.json", b"{")
    load(three)
    three.write("history_T1.json", GOOD)
    load(three)
    found = look_into_quarantine("history_T1.json")
    assert [(one.reason_code, one.resolution) for one in (found.entry, *found.earlier)] == [
        ("22P02", "landed"),
        ("22P05", "replaced"),
    ]
    shown = pulse_elt("quarantine", "show", "history_T1.json").stdout
    assert "resolved 20" in shown
    assert "Earlier entries" in shown
    assert "What to do: Nothing: a later version is good" in shown


def test_without_a_place_the_first_bytes_are_shown(
    tree: Tree, connection: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    tree.write("scorecards/deep.json", b"[" * 100_000 + b"]" * 100_000)
    (tree.root / "scorecards/link.json").symlink_to("deep.json")
    load(tree)
    deep = pulse_elt("quarantine", "show", "scorecards/deep.json").stdout
    assert "First bytes" in deep
    assert "5b 5b" in deep
    assert "^^" not in deep
    link = pulse_elt("quarantine", "show", "scorecards/link.json").stdout
    assert "sha256      (never read)" in link
    assert "bytes, by position" not in link


@pytest.mark.parametrize(
    ("given", "suggested"),
    [
        ("session/a/session.json", "sessions/a/session.json"),
        ("a/session.json", "sessions/a/session.json"),
        ("/srv/data/sessions/b/transcript.json", "sessions/b/transcript.json"),
        ("sessions/b/transcripts.json", "sessions/b/transcript.json"),
    ],
)
def test_an_unknown_path_exits_2_and_names_the_nearest(
    three: Tree, pulse_elt: RunCommand, given: str, suggested: str
) -> None:
    done = pulse_elt("quarantine", "show", given)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"Did you mean {suggested}" in done.stderr


def test_a_path_without_neighbours_is_told_where_to_look(three: Tree) -> None:
    with pytest.raises(WrongRequest, match="quarantine list --all"):
        look_into_quarantine("xyz")
    with pytest.raises(WrongRequest, match="the manifest calls it landed"):
        look_into_quarantine("sessions/a/scorecard.json")


def test_what_a_file_holds_never_reaches_the_terminal_raw(
    database: object, tree: Tree, pulse_elt: RunCommand
) -> None:
    name = "sessions/a\x1b[31m\nb/scorecard.json"
    tree.write(name, b'{"\x1b]0;title\x07\r\n\xc2\x9b31m": nul}')
    load(tree)
    shown_name = r"sessions/a\x1b[31m\nb/scorecard.json"
    # As it is, and as a person copies it from the list.
    for given in (name, shown_name):
        done = pulse_elt("quarantine", "show", given)
        assert done.returncode == 0, done.stderr
        assert shown_name in done.stdout
        assert all(sign.isprintable() for sign in done.stdout if sign != "\n")
    unknown = pulse_elt("quarantine", "show", name + "\x1b[2J")
    assert unknown.returncode == 2
    assert all(sign.isprintable() for sign in unknown.stderr.strip())


def test_a_name_that_is_not_utf8_is_found_by_its_own_bytes(
    database: object, tree: Tree, pulse_elt: RunCommand
) -> None:
    tree.write(os.fsdecode(b"scorecards/Zo\xeb.json"), GOOD)
    load(tree)
    assert listed() == ["/scorecards/Zo\\xeb.json"]
    for given in (os.fsdecode(b"scorecards/Zo\xeb.json"), "/scorecards/Zo\\xeb.json"):
        assert look_into_quarantine(given).entry.reason_code == "path_not_utf8"
        assert pulse_elt("quarantine", "show", given).returncode == 0


@pytest.mark.parametrize("length", [1, 15, 16, 17, 59, 61, 200])
def test_the_mark_stands_below_the_guilty_byte(length: int) -> None:
    for content, offset in (
        (b'"' + b"x" * length + b"\xff" + b"y" * 99, length + 1),
        (b'"' + b"x" * length, length + 1),
    ):
        found = explain("a.json", content, "22P02", "bad")
        assert found.byte_offset == offset
        assert found.around is not None
        assert found.around_offset is not None
        lines = dump(found.around, found.around_offset, offset)
        (marks,) = [n for n, line in enumerate(lines) if "^^" in line]
        above, column = lines[marks - 1], lines[marks].index("^^")
        assert above[column : column + 2].strip() == ("ff" if b"\xff" in content else "")
        assert lines[marks].endswith("the file ends here") == (b"\xff" not in content)
        assert len(lines) <= 10


# retry


def test_retry_lands_what_is_good_now_and_counts_another_attempt_for_the_rest(
    three: Tree, connection: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    mend_without_a_trace(three, "sessions/a/session.json", b"{}")
    assert counters(load(three)).landed == 0
    three.write("sessions/c/session.json", GOOD)
    (three.root / "sessions/a/scorecard.json").unlink()
    before = states(connection)
    done = pulse_elt("quarantine", "retry", three.root, "--workers", 2)
    assert done.returncode == 1, done.stderr
    assert f"Load 3 of {three.root}: tried 3, landed 1, still quarantined 2." in done.stdout
    assert history(connection) == [(2, None, True), (1, "landed", False), (2, None, True)]
    # What is new, changed or gone elsewhere waits for a load.
    assert states(connection) == {**before, "sessions/a/session.json": "landed"}
    assert current(connection)["sessions/a/session.json"] == {}
    row = connection.execute(
        "select options, seen, landed, vanished from raw.loads where load_id = 3"
    ).fetchone()
    assert row == ({"only_quarantined": True}, 3, 1, 0)


def test_retry_exits_0_when_nothing_tried_remains(
    three: Tree, connection: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    mend_without_a_trace(three, "sessions/a/session.json", b"{}")
    done = pulse_elt("quarantine", "retry", three.root, "--kind", "session", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["tried"], result["landed"], result["still_quarantined"]) == (1, 1, 0)
    assert listed() == ["history_T1.json", "sessions/b/transcript.json"]
    assert retry(three, prefix="sessions/a/").tried == 0
    options = connection.execute("select options from raw.loads order by load_id").fetchall()
    assert options[1:] == [
        ({"kinds": ["session"], "only_quarantined": True},),
        ({"prefix": "sessions/a/", "only_quarantined": True},),
    ]


def test_a_mended_file_that_is_the_current_version_closes_its_entry(
    database: object, tree: Tree, connection: psycopg.Connection
) -> None:
    tree.write("scorecards/a.json", GOOD)
    load(tree)
    tree.write("scorecards/a.json", BAD)
    load(tree)
    tree.write("scorecards/a.json", GOOD)
    result = retry(tree)
    assert (result.tried, result.known_already, result.still_quarantined) == (1, 1, 0)
    assert history(connection) == [(1, "landed", False)]


def test_retry_tries_what_was_never_read_too(
    database: object, tree: Tree, connection: psycopg.Connection
) -> None:
    tree.write("scorecards/a.json", GOOD)
    link = tree.root / "scorecards/b.json"
    link.symlink_to("a.json")
    load(tree)
    assert counters(load(tree)).unchanged == 2
    assert history(connection) == [(1, None, True)]
    assert retry(tree).still_quarantined == 1
    assert history(connection) == [(2, None, True)]
    link.unlink()
    tree.write("scorecards/b.json", GOOD)
    assert retry(tree).landed == 1


def test_retry_takes_back_a_file_that_was_gone_for_a_while(
    three: Tree, connection: psycopg.Connection
) -> None:
    (three.root / "history_T1.json").unlink()
    assert retry(three, prefix="history").gone == 1
    assert states(connection)["history_T1.json"] == "vanished"
    three.write("history_T1.json", b"[]")
    result = retry(three, prefix="history")
    assert (result.tried, result.landed) == (1, 1)
    assert states(connection)["history_T1.json"] == "landed"


def test_a_file_that_no_rule_loads_any_more_is_closed_as_left(
    three: Tree, connection: psycopg.Connection
) -> None:
    connection.execute(
        "insert into raw.files select 'notes.json', kind, verdict, size_bytes, modified_at, "
        "content_sha256, state, first_seen_at, last_changed_at, load_id from raw.files "
        "where source_path = 'history_T1.json'"
    )
    connection.execute("update raw.quarantine set source_path = 'notes.json' where kind like '%h%'")
    three.write("notes.json", ZERO)
    result = retry(three, prefix="notes")
    assert (result.tried, result.left, result.still_quarantined) == (1, 1, 0)
    assert (1, "left", False) in history(connection)


def test_retry_from_a_strange_tree_is_refused_and_changes_nothing(
    three: Tree, connection: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    before = states(connection)
    done = pulse_elt("quarantine", "retry", EXAMPLES)
    assert done.returncode == 2
    assert "No load has ever seen a file of" in done.stderr
    assert states(connection) == before
    assert history(connection) == [(1, None, True)] * 3


def test_a_retry_is_not_what_the_next_load_expects_to_list(
    three: Tree, connection: psycopg.Connection
) -> None:
    retry(three)
    assert ledger.last_seen(connection, str(three.root)) == 4


def test_a_load_of_one_part_does_not_close_a_folder_elsewhere(
    database: object, tree: Tree, connection: psycopg.Connection
) -> None:
    tree.write("scorecards/a.json", GOOD)
    load(tree)
    connection.execute(
        "insert into raw.files (source_path, verdict, size_bytes, state, first_seen_at, "
        "last_changed_at) values ('sessions/closed/', 'UNRECOGNISED', 0, 'quarantined', "
        "now(), now())"
    )
    load_source(tree.root, None, Scope(prefix="scorecards/"))
    assert "sessions/closed/" in states(connection)
    load_source(tree.root, None, Scope(prefix="sessions/"))
    assert "sessions/closed/" not in states(connection)
