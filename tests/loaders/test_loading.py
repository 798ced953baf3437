"""Loading a directory: what lands, what does not, and what the books say."""

import json
import os
from pathlib import Path

import psycopg
import pytest

from loaders.landing.load import LoadResult
from loaders.landing.model import Counters, Scope
from loaders.pipeline import load_source
from tests.conftest import EXAMPLES, RunCommand, Tree


def load(tree: Tree, **scope: object) -> LoadResult:
    return load_source(tree.root, None, Scope(**scope))  # type: ignore[arg-type]


def counters(result: LoadResult) -> Counters:
    assert result.counters is not None
    return result.counters


def current(connection: psycopg.Connection) -> dict[str, object]:
    return dict(
        connection.execute(
            "select source_path, payload from raw.documents where superseded_at is null"
        ).fetchall()
    )


@pytest.fixture
def small_tree(database: object, tree: Tree) -> Tree:
    tree.write("sessions/a/session.json", {"session_id": "a", "user_id": "T1"})
    tree.write("sessions/a/scorecard.json", {"overall": {"score": 85}})
    tree.write("history_T1.json", [])
    tree.write("agents.json", {"agents": []})
    tree.write("notes.json", {"to": "nobody"})
    tree.write("sessions/a/scorecard.json.bak", b"{")
    return tree


def test_every_file_has_exactly_one_outcome(small_tree: Tree) -> None:
    small_tree.write("sessions/b/scorecard.json", b'{"overall": {"score"')
    result = counters(load(small_tree))
    assert result == Counters(
        seen=6, landed=3, quarantined=1, left_as_config=1, unrecognised=1, bytes=result.bytes
    )
    assert result.add_up


def test_loads_of_one_process_leave_no_descriptor_open(small_tree: Tree) -> None:
    load(small_tree)
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir()))
    for _ in range(3):
        load(small_tree)
    assert len(list(descriptors.iterdir())) == before


def test_payload_hash_and_keys_are_those_of_the_file(
    small_tree: Tree, connection: psycopg.Connection
) -> None:
    load(small_tree)
    row = connection.execute(
        "select kind, session_key, user_key, origin, payload, content_sha256 = sha256(%s) "
        "from raw.scorecards",
        (small_tree.root.joinpath("sessions/a/scorecard.json").read_bytes(),),
    ).fetchone()
    assert row == ("scorecard", "a", None, "load", {"overall": {"score": 85}}, True)
    assert connection.execute("select user_key from raw.user_histories").fetchall() == [("T1",)]


def test_a_second_load_opens_no_file(small_tree: Tree) -> None:
    load(small_tree)
    again = counters(load(small_tree))
    assert (again.landed, again.unchanged, again.bytes) == (0, 3, 0)


def test_a_changed_file_supersedes_its_version(
    small_tree: Tree, connection: psycopg.Connection
) -> None:
    load(small_tree)
    small_tree.write("sessions/a/scorecard.json", {"overall": {"score": 90}})
    result = counters(load(small_tree))
    assert (result.landed, result.changed) == (1, 1)
    versions = connection.execute(
        "select payload #>> '{overall,score}', superseded_at is null from raw.scorecards "
        "order by document_id"
    ).fetchall()
    assert versions == [("85", False), ("90", True)]
    times = connection.execute(
        "select max(superseded_at) = max(landed_at) from raw.scorecards"
    ).fetchone()
    assert times == (True,)


def test_a_file_that_was_only_touched_or_reformatted_is_unchanged(small_tree: Tree) -> None:
    load(small_tree)
    touched = small_tree.root / "sessions/a/session.json"
    os.utime(touched, (1, 1))
    small_tree.write("sessions/a/scorecard.json", b'{ "overall" : {"score": 85} }')
    result = counters(load(small_tree))
    assert (result.landed, result.unchanged) == (0, 3)
    assert counters(load(small_tree)).bytes == 0


def test_the_same_tree_elsewhere_lands_nothing(small_tree: Tree) -> None:
    load(small_tree)
    moved = Tree(small_tree.root.rename(small_tree.root.with_name("elsewhere")))
    assert counters(load(moved)).landed == 0


def test_verify_content_finds_a_change_that_left_size_and_time_alone(
    small_tree: Tree, connection: psycopg.Connection
) -> None:
    load(small_tree)
    file = small_tree.root / "sessions/a/scorecard.json"
    before = file.stat()
    file.write_bytes(file.read_bytes().replace(b"85", b"58"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert counters(load(small_tree)).landed == 0
    assert counters(load(small_tree, verify_content=True)).changed == 1
    assert current(connection)["sessions/a/scorecard.json"] == {"overall": {"score": 58}}


def test_a_vanished_file_is_counted_and_its_document_stays(
    small_tree: Tree, connection: psycopg.Connection
) -> None:
    load(small_tree)
    file = small_tree.root / "sessions/a/scorecard.json"
    content = file.read_bytes()
    file.unlink()
    assert counters(load(small_tree)).vanished == 1
    assert "sessions/a/scorecard.json" in current(connection)
    file.write_bytes(content)
    back = counters(load(small_tree))
    assert (back.vanished, back.landed, back.unchanged) == (0, 0, 3)


def test_vanished_is_judged_only_inside_the_scope(small_tree: Tree) -> None:
    load(small_tree)
    (small_tree.root / "sessions/a/scorecard.json").unlink()
    assert counters(load(small_tree, kinds=("session",))).vanished == 0
    assert counters(load(small_tree, prefix="users/")).vanished == 0
    assert counters(load(small_tree, prefix="sessions/a/")).vanished == 1
    assert counters(load(small_tree, kinds=("scorecard",))).vanished == 1


def test_kind_and_prefix_narrow_what_is_seen(small_tree: Tree) -> None:
    small_tree.write("sessions/ab/session.json", {})
    assert counters(load(small_tree, kinds=("session",))).seen == 2
    assert counters(load(small_tree, prefix="sessions/a/")).seen == 2
    assert counters(load(small_tree, prefix="sessions/a")).seen == 3


def test_a_dry_run_plans_the_same_and_writes_nothing(
    small_tree: Tree, connection: psycopg.Connection
) -> None:
    plan = load_source(small_tree.root, None, Scope(), dry_run=True).plan
    assert (plan.seen, plan.new, plan.left_as_config, plan.unrecognised) == (5, 3, 1, 1)
    for table in ("loads", "files", "documents", "quarantine"):
        assert connection.execute(f"select count(*) from raw.{table}").fetchone() == (0,)


def test_a_dry_run_leaves_even_an_empty_database_empty(
    empty_database: object, tree: Tree, pulse_elt: RunCommand
) -> None:
    tree.write("sessions/a/session.json", {})
    done = pulse_elt("load", tree.root, "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["plan"]["new"] == 1
    shown = pulse_elt("db", "psql", "-Atc", "select to_regnamespace('raw') is null")
    assert shown.stdout.strip() == "t"


def test_what_earlier_loads_closed_over_is_pruned_for_latest_version_only_kinds(
    database: object, tree: Tree, connection: psycopg.Connection
) -> None:
    for turn in range(3):
        tree.write("sessions/a/conversation.json", {"messages": ["x" * turn]})
        tree.write("sessions/a/scorecard.json", {"turn": "x" * turn})
        load(tree)
    assert connection.execute("select count(*) from raw.conversations").fetchone() == (2,)
    assert connection.execute("select count(*) from raw.scorecards").fetchone() == (3,)


def test_the_example_tree_gives_the_counters_of_expected_md(
    database: object, pulse_elt: RunCommand
) -> None:
    first = pulse_elt("load", EXAMPLES, "--json")
    assert first.returncode == 1, first.stderr
    second = pulse_elt("load", EXAMPLES, "--json")
    assert second.returncode == 0, second.stderr
    names = (
        "seen", "landed", "changed", "unchanged", "quarantined",
        "left_as_config", "unrecognised", "vanished",
    )  # fmt: skip
    found = [
        [json.loads(done.stdout)["counters"][name] for name in names] for done in (first, second)
    ]
    assert found == [[91, 64, 0, 0, 12, 11, 4, 0], [91, 0, 0, 76, 0, 11, 4, 0]]
