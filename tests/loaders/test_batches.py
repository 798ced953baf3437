"""Documents travel in batches, and nobody notices: what is bad goes alone, the rest lands once."""

import hashlib
import json
from collections.abc import Iterable

import psycopg
import pytest

from tests.conftest import Tree
from tests.loaders.faults import one
from tests.loaders.test_loading import counters, load
from tests.loaders.test_refusals import BAD, refused

# What docs/design.md §4 calls bounded by rows and bytes, and what is large enough to be sent alone.
ROWS = 2_000
BATCH = 8_000_000
ALONE = 1_000_000

KINDS_OF_BAD = {
    "cut": BAD,
    "a number beyond numeric": b"[1e-20000]",
    "too deep": b"[" * 100_000,
    "an escaped zero": b'{"a": "\\u0000"}',
    "not UTF-8": b'["\xff"]',
}


def numbered(count: int) -> list[str]:
    return [f"scorecards/{number:05}.json" for number in range(count)]


def write_good(tree: Tree, paths: Iterable[str]) -> None:
    for path in paths:
        tree.write(path, {"path": path})


def sized(size: int, at_end: bytes = b'"}') -> bytes:
    """Return a document of so many bytes, good unless its end is not."""
    head = b'{"text": "'
    return head + b"x" * (size - len(head) - len(at_end)) + at_end


def assert_only_bad(
    connection: psycopg.Connection, tree: Tree, good: Iterable[str], bad: Iterable[str]
) -> None:
    """Load; the bad are quarantined, each good one lands once with its bytes, and that is all."""
    good, bad = sorted(good), sorted(bad)
    result = counters(load(tree))
    assert (result.landed, result.quarantined) == (len(good), len(bad))
    assert result.seen == len(good) + len(bad)
    assert sorted(refused(connection)) == bad
    landed = connection.execute(
        "select source_path, content_sha256 from raw.documents order by source_path"
    ).fetchall()
    assert [path for path, _ in landed] == good
    for path, sha256 in landed:
        assert sha256 == hashlib.sha256((tree.root / path).read_bytes()).digest(), path
    books = connection.execute("select source_path, state from raw.files").fetchall()
    assert dict(books) == dict.fromkeys(good, "landed") | dict.fromkeys(bad, "quarantined")
    again = counters(load(tree))
    assert (again.unchanged, again.bytes) == (result.seen, 0)


@pytest.mark.parametrize("content", KINDS_OF_BAD.values(), ids=KINDS_OF_BAD)
def test_a_bad_document_first_in_the_middle_and_last_takes_no_other_with_it(
    tree: Tree, connection: psycopg.Connection, content: bytes
) -> None:
    good = numbered(300)
    write_good(tree, good)
    bad = [f"scorecards/{name}.json" for name in ("!", "00149x", "~")]
    for path in bad:
        tree.write(path, content)
    assert_only_bad(connection, tree, good, bad)


@pytest.mark.parametrize("where", ["first", "in the middle", "last"])
def test_one_bad_document_is_alone_wherever_it_stands(
    tree: Tree, connection: psycopg.Connection, where: str
) -> None:
    paths = numbered(100)
    bad = paths[{"first": 0, "in the middle": 50, "last": 99}[where]]
    write_good(tree, paths)
    tree.write(bad, BAD)
    assert_only_bad(connection, tree, set(paths) - {bad}, [bad])


def test_neighbours_of_every_sort_of_bad_document_land(
    tree: Tree, connection: psycopg.Connection
) -> None:
    paths = numbered(200)
    write_good(tree, paths)
    bad = paths[60:140]
    for number, path in enumerate(bad):
        tree.write(path, list(KINDS_OF_BAD.values())[number % len(KINDS_OF_BAD)])
    assert_only_bad(connection, tree, set(paths) - set(bad), bad)


@pytest.mark.parametrize("count", [1, 500])
def test_when_all_are_bad_all_are_quarantined_and_nothing_lands(
    tree: Tree, connection: psycopg.Connection, count: int
) -> None:
    paths = numbered(count)
    for number, path in enumerate(paths):
        tree.write(path, list(KINDS_OF_BAD.values())[number % len(KINDS_OF_BAD)])
    assert_only_bad(connection, tree, [], paths)


@pytest.mark.parametrize("count", [ROWS - 1, ROWS, ROWS + 1])
def test_a_bad_document_on_either_side_of_a_full_batch_takes_no_other_with_it(
    tree: Tree, connection: psycopg.Connection, count: int
) -> None:
    paths = numbered(count)
    write_good(tree, paths)
    bad = {paths[0], paths[ROWS - 2], paths[-1]}
    for path in bad:
        tree.write(path, BAD)
    assert_only_bad(connection, tree, set(paths) - bad, bad)


@pytest.mark.parametrize("surplus", [-1, 0, 1])
def test_a_batch_full_to_the_byte_lands_whole(
    tree: Tree, connection: psycopg.Connection, surplus: int
) -> None:
    paths = numbered(17)
    for path in paths[:15]:
        tree.write(path, sized(BATCH // 16))
    tree.write(paths[15], sized(BATCH // 16 + surplus))
    tree.write(paths[16], {})
    bad = f"{paths[15]}x.json"
    tree.write(bad, sized(BATCH // 16, at_end=b"'}"))
    assert_only_bad(connection, tree, paths, [bad])


@pytest.mark.parametrize("size", [ALONE, 2**20])
def test_documents_about_the_size_that_travels_alone_land_beside_bad_ones(
    tree: Tree, connection: psycopg.Connection, size: int
) -> None:
    good = numbered(7)
    for path, surplus in zip(good, (-2, -1, 0, 1, 2, -size + 100, 10), strict=True):
        tree.write(path, sized(size + surplus))
    bad = [f"{path}x.json" for path in good]
    for path, surplus in zip(bad, (-2, -1, 0, 1, 2, -size + 100, 10), strict=True):
        tree.write(path, sized(size + surplus, at_end=b'\\u0000"}'))
    assert_only_bad(connection, tree, good, bad)


def test_a_document_of_30_mb_lands_and_a_bad_one_holds_nothing_up(
    tree: Tree, connection: psycopg.Connection
) -> None:
    good = numbered(20)
    write_good(tree, good)
    tree.write(good[10], json.dumps([{"n": n, "text": "é" * 90} for n in range(270_000)]).encode())
    assert (tree.root / good[10]).stat().st_size > 30_000_000
    bad = [f"{good[10]}x.json", "scorecards/!.json"]
    tree.write(bad[0], sized(30_000_000, at_end=b'\\ud800"}'))
    tree.write(bad[1], sized(1_500_000, at_end=b""))
    assert_only_bad(connection, tree, good, bad)


def test_equal_contents_land_once_for_each_path(tree: Tree, connection: psycopg.Connection) -> None:
    good = [f"sessions/{n}/{kind}.json" for n in range(700) for kind in ("session", "scorecard")]
    bad = [f"sessions/{n}/transcript.json" for n in range(50)]
    for path in good:
        tree.write(path, b'{"the": "same"}')
    for path in bad:
        tree.write(path, BAD)
    assert_only_bad(connection, tree, good, bad)
    assert one(connection, "select count(distinct payload) from raw.documents") == 1


def test_a_full_batch_of_changes_with_bad_ones_among_them_supersedes_what_is_good(
    tree: Tree, connection: psycopg.Connection
) -> None:
    paths = numbered(ROWS + 1)
    write_good(tree, paths)
    load(tree)
    bad = {paths[0], paths[ROWS // 2], paths[ROWS - 1], paths[ROWS]}
    for path in paths:
        tree.write(path, BAD if path in bad else {"path": path, "is_new": True})
    result = counters(load(tree))
    assert (result.landed, result.changed, result.quarantined) == (ROWS - 3, ROWS - 3, 4)
    assert set(refused(connection)) == bad
    rows = connection.execute(
        "select source_path, payload ? 'is_new', superseded_at is null from raw.documents"
    ).fetchall()
    expected = [(path, False, path in bad) for path in paths]
    expected += [(path, True, True) for path in paths if path not in bad]
    assert sorted(rows) == sorted(expected)
