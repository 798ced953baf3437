"""What is shown after the work is done never changes what the command says of it."""

import json
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.conftest import ROOT, Tree
from tests.loaders.faults import one


def ends(tree: Tree, stream: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Load with a stream that cannot be written to: closed, full, or read by nobody."""
    command = [sys.executable, "-m", "loaders.cli", "load", str(tree.root), *options]
    return subprocess.run(
        ["/usr/bin/env", "bash", "-c", f'set -o pipefail; "$@" {stream}', "-", *command],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("options", [(), ("--json",)])
@pytest.mark.parametrize("stream", [">/dev/full", ">&-", "| true", "2>/dev/full", "2>&-"])
def test_a_load_is_what_it_was_though_nobody_can_read_its_result(
    tree: Tree, connection: psycopg.Connection, stream: str, options: tuple[str, ...]
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    for number in range(50):
        tree.write(f"sessions/{number}/scorecard.json", b"{")
    # 1: with findings, whoever may read of them.
    done = ends(tree, stream, *options)
    assert done.returncode == 1, done.stderr
    assert one(connection, "select status from raw.loads") == "succeeded"
    if "--json" in options and stream.startswith("2"):
        # Events that go nowhere do not end among the result.
        assert json.loads(done.stdout)["counters"]["quarantined"] == 50
    if stream == ">/dev/full":
        last = done.stderr.splitlines()[-1]
        assert last.startswith("pulse-elt: The load's result cannot be shown")
        assert "The work itself is unaffected" in last
