"""The server's disk is full: said in a sentence, and with room again the next load completes."""

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import sql

from loaders.database.connection import connect
from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from tests.conftest import RunCommand, Server, Tree, create_database, drop_database
from tests.loaders.faults import (
    WITH_WORKERS,
    assert_one_sentence,
    assert_same_books,
    books,
    one,
)
from tests.loaders.test_loading import load
from tests.other_language import other_language

MEGABYTE = 1_000_000
DISK = 256 * MEGABYTE


@pytest.fixture
def disk(server: Server) -> Iterator[Path]:
    """A small disk of its own, as a tablespace of the server."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    place = server.data.parent / "disk"
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", place], check=True)  # noqa: S607
    try:
        folder = place / "tablespace"
        folder.mkdir(mode=0o700)
        shutil.chown(folder, server.data.stat().st_uid)
        place.chmod(0o755)
        with connect(server.settings) as connection:
            connection.execute(
                sql.SQL("create tablespace pulse_small location {}").format(str(folder))
            )
        yield place
        drop_database(server, "pulse_test")
        with connect(server.settings) as connection:
            connection.execute("drop tablespace pulse_small")
    finally:
        # A server process may still have a dropped file open.
        subprocess.run(["umount", "--lazy", place], check=True)  # noqa: S607


@pytest.fixture
def on_disk(
    disk: Path, server: Server, template: str, monkeypatch: pytest.MonkeyPatch
) -> DatabaseSettings:
    """A migrated database on the small disk."""
    drop_database(server, "pulse_test")
    with connect(server.settings) as connection:
        connection.execute(
            sql.SQL("create database pulse_test template {} tablespace pulse_small").format(
                sql.Identifier(template)
            )
        )
    settings = server.database("pulse_test")
    with connect(settings):
        # The first connection to a database writes a file, and is refused where it cannot.
        pass
    monkeypatch.setenv(URL_VARIABLE, settings.as_url(with_password=True))
    return settings


def leave(disk: Path, megabytes: int) -> Path:
    """Fill the disk but for so many megabytes; return what to remove to have room again."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - megabytes * MEGABYTE)
    return filler


def write_more_than_fits(tree: Tree) -> None:
    """Write 30 MB that cannot be compressed to less than 15, in good and bad documents."""
    rng = random.Random(5)
    for number in range(150):
        text = rng.randbytes(100_000).hex()
        tree.write(f"scorecards/{number}.json", {"text": text})
        tree.write(f"sessions/{number}/session.json", {} if number % 10 else b"{")


@pytest.mark.long
@pytest.mark.parametrize("megabytes", [0, 3, 10])
def test_a_full_disk_is_told_with_4_and_with_room_again_the_next_load_completes(
    server: Server,
    template: str,
    on_disk: DatabaseSettings,
    disk: Path,
    tree: Tree,
    pulse_elt: RunCommand,
    monkeypatch: pytest.MonkeyPatch,
    megabytes: int,
) -> None:
    write_more_than_fits(tree)
    filler = leave(disk, megabytes)
    for _ in range(2):
        failed = pulse_elt("load", tree.root, *WITH_WORKERS)
        assert failed.returncode == 4, failed.stderr
        assert_one_sentence(failed.stderr)
        assert "disk is full" in failed.stderr
    filler.unlink()
    again = pulse_elt("load", tree.root, *WITH_WORKERS)
    assert again.returncode in (0, 1), again.stderr
    with connect(on_disk) as connection:
        statuses = connection.execute("select status from raw.loads order by load_id").fetchall()
        assert {status for (status,) in statuses[:-1]} <= {"failed"}
        assert statuses[-1] == ("succeeded",)
        assert one(connection, "select count(*) from raw.scorecards") == 150
    elsewhere = create_database(server, "pulse_undisturbed", template)
    monkeypatch.setenv(URL_VARIABLE, elsewhere.as_url(with_password=True))
    load(tree)
    assert_same_books(books(on_disk), books(elsewhere), f"with {megabytes} MB of room")
    drop_database(server, "pulse_undisturbed")


def test_a_full_disk_is_told_also_by_a_server_of_another_language(
    on_disk: DatabaseSettings, disk: Path, tree: Tree, pulse_elt: RunCommand
) -> None:
    write_more_than_fits(tree)
    leave(disk, 0)
    with other_language(on_disk) as settings:
        url = settings.as_url(with_password=True)
        failed = pulse_elt("load", tree.root, *WITH_WORKERS, **{URL_VARIABLE: url})
    assert failed.returncode == 4, failed.stderr
    assert_one_sentence(failed.stderr)
    assert "disk is full" in failed.stderr
