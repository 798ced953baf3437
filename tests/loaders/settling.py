"""What tests of moving files share: a load that may meet anything, and what must be in the end."""

import json

import psycopg

from tests.conftest import RunCommand, Tree
from tests.loaders.faults import WITH_WORKERS, one
from tests.loaders.test_loading import current
from tests.loaders.test_refusals import refused, server_says


def load_by_command(pulse_elt: RunCommand, tree: Tree) -> dict[str, int]:
    """Load with the command; it may find something, and must not fail."""
    done = pulse_elt("load", tree.root, *WITH_WORKERS, "--json")
    assert done.returncode in (0, 1), done.stderr
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert {event["event"] for event in events} == {"progress"}
    found: dict[str, int] = json.loads(done.stdout)["counters"]
    assert found["seen"] == sum(
        found[name]
        for name in ("landed", "unchanged", "quarantined", "left_as_config", "unrecognised")
    )
    return found


def assert_settled(connection: psycopg.Connection, tree: Tree) -> None:
    """What is current is what is on disk, or what is on disk is refused with its reason."""
    on_disk = {
        str(file.relative_to(tree.root)): file.read_bytes() for file in tree.root.rglob("*.json")
    }
    verdicts = {path: server_says(connection, content) for path, content in on_disk.items()}
    # A file that is gone may have left its entry behind.
    found = {path: code for path, code in refused(connection).items() if path in on_disk}
    assert found == {path: code for path, code in verdicts.items() if code != "00000"}
    now = current(connection)
    for path, code in verdicts.items():
        if code == "00000":
            assert now[path] == json.loads(on_disk[path]), path
    twice = "select count(*) - count(distinct source_path) from raw.documents "
    assert one(connection, twice + "where superseded_at is null") == 0
