"""Nights without files: what the application wrote gives the marts that its files would give."""

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders.database.connection import connect
from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from loaders.pipeline import configured_kinds, prune_by_policy
from loaders.project.document_kinds import SYSTEM_OF_RECORD
from loaders.sample.generate import generate
from loaders.sample.plan import SamplePlan
from loaders.sample.proportions import Proportions
from pulse_store import Store
from tests.conftest import RunCommand, Server, create_database, drop_database
from tests.marts.comparison import marts_of

KINDS = configured_kinds()


@pytest.fixture
def other_database(server: Server, template: str) -> Iterator[DatabaseSettings]:
    """A second one, to be filled from files."""
    name = "pulse_of_files"
    yield create_database(server, name, template)
    drop_database(server, name)


def sample(tree: Path, sessions: int, seed: int) -> None:
    """Write sessions that all have a conversation and both states, which nights prune."""
    plan = SamplePlan(
        sessions, 8, seed=seed, bad_share=0, proportions=Proportions(state_files=1, wrong_shape=0)
    )
    generate(plan, tree, workers=1)


def documents_in(tree: Path) -> Iterator[tuple[str, Any]]:
    for file in sorted(tree.rglob("*.json")):
        path = file.relative_to(tree).as_posix()
        if KINDS.match(path).disposition == SYSTEM_OF_RECORD:
            yield path, json.loads(file.read_bytes())


def play(store: Store, path: str, document: Any, turns: int) -> None:  # noqa: ANN401
    """Write a document as an application does that lives through its session."""
    if KINDS.match(path).kind == "conversation":
        messages = document["messages"]
        for turn in range(1, turns):
            store.write_json(path, {"messages": messages[: len(messages) * turn // turns]})
            assert store.read_json(path) is not None
    elif KINDS.match(path).kind in KINDS.latest_only:
        for turn in range(1, turns):
            store.write_json(path, {**document, "turn": turn})
    store.write_json(path, document)


def play_all(store: Store, documents: Iterable[tuple[str, Any]], turns: int) -> None:
    """Play many at once, as the threads of an application do."""
    with ThreadPoolExecutor(store.settings.connections) as threads:
        played = [threads.submit(play, store, path, each, turns) for path, each in documents]
        for each in played:
            each.result()


def write_as_files(connection: psycopg.Connection, tree: Path) -> None:
    """Write the current documents as files of the times at which the application wrote them."""
    rows = connection.execute(
        "select source_path, payload::text, "
        "(extract(epoch from source_modified_at) * 1000000)::bigint "
        "from raw.documents where superseded_at is null"
    )
    for path, text, microseconds in rows.fetchall():
        file = tree / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        os.utime(file, ns=(microseconds * 1000,) * 2)


def versions_per_path(connection: psycopg.Connection) -> set[int]:
    rows = connection.execute(
        "select distinct count(*) from raw.documents where kind = any (%s) group by source_path",
        (list(KINDS.latest_only),),
    )
    return {count for (count,) in rows.fetchall()}


def run(pulse_elt: RunCommand, database: DatabaseSettings, *source: object) -> dict[str, Any]:
    url = database.as_url(with_password=True)
    done = pulse_elt("run", *source, "--json", **{URL_VARIABLE: url})
    assert done.returncode == 0, done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.long
def test_nights_over_the_store_give_the_marts_of_files_and_keep_one_version(
    server: Server,
    store: Store,
    database: DatabaseSettings,
    other_database: DatabaseSettings,
    connection: psycopg.Connection,
    pulse_elt: RunCommand,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    # Four minutes on one version are enough.
    is_large = request.config.getoption("--thorough") and server.version == 18
    sessions, turns = (1_000, 30) if is_large else (40, 5)
    tree = tmp_path / "sample"
    sample(tree, sessions, seed=14)
    play_all(store, documents_in(tree), turns)
    assert versions_per_path(connection) == {turns}
    written = connection.execute("select count(*) from raw.documents").fetchone()
    assert written is not None
    assert written[0] > sessions * turns * 2.5
    first = run(pulse_elt, database, "--no-source")
    assert [stage["stage"] for stage in first["run"]["stages"]] == [
        "migrate", "landing_gate", "build", "mart_checks",
    ]  # fmt: skip
    assert versions_per_path(connection) == {1}
    # The next day goes on with some sessions, and begins others.
    latest = [each for each in documents_in(tree) if KINDS.match(each[0]).kind in KINDS.latest_only]
    play_all(store, latest[:300], turns)
    shutil.rmtree(tree)
    sample(tree, 5 + sessions // 20, seed=15)
    play_all(store, documents_in(tree), turns)
    before = versions_per_path(connection)
    # The standing marts are as of what was replaced since.
    prune_by_policy(is_dry_run=False)
    assert versions_per_path(connection) == before != {1}
    run(pulse_elt, database, "--no-source")
    assert versions_per_path(connection) == {1}

    files = tmp_path / "files"
    write_as_files(connection, files)
    run(pulse_elt, other_database, files)
    with connect(other_database) as other:
        assert marts_of(connection) == marts_of(other)


def test_prune_removes_what_was_replaced_without_a_load_or_a_build(
    store: Store, connection: psycopg.Connection
) -> None:
    for turn in range(3):
        store.write_json("sessions/a/conversation.json", {"messages": list(range(turn))})
        store.write_json("sessions/a/scorecard.json", {"turn": turn})
    would_go = prune_by_policy(is_dry_run=True)
    assert sum(each.rows for each in would_go.removals) == 2
    assert versions_per_path(connection) == {3}
    gone = prune_by_policy(is_dry_run=False)
    assert [each.rows for each in gone.removals] == [each.rows for each in would_go.removals]
    assert versions_per_path(connection) == {1}
    assert store.read_json("sessions/a/conversation.json") == {"messages": [0, 1]}
    assert connection.execute("select count(*) from raw.scorecards").fetchone() == (3,)


def test_a_run_names_a_source_or_says_that_there_is_none(
    database: object, pulse_elt: RunCommand, tmp_path: Path
) -> None:
    for arguments in ((), ("--no-source", tmp_path), ("--no-source", "--root", "x")):
        refused = pulse_elt("run", *arguments)
        assert refused.returncode == 2, refused.stderr
    assert "--no-source" in pulse_elt("run").stderr
    nothing = pulse_elt("run", "--no-source", "--resume")
    assert nothing.returncode == 2, nothing.stderr
    assert "Traceback" not in nothing.stderr
