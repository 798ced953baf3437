"""Databases as earlier versions left them: written once, restored by the drill of upgrades.

Each is a plain dump, next to the tree that it was loaded from.
"""

import gzip
import io
import shutil
import subprocess
import tarfile
from pathlib import Path

from psycopg import sql

from drills.restore import Server
from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.project.root import project_root

DUMPS = Path(__file__).parent / "databases"
DUMP = ".sql.gz"
_TREE = ".tree.tar.gz"


def create_database(server: Server, name: str, template: str = "template0") -> DatabaseSettings:
    """Create a database, or a copy of one, in place of an existing one."""
    with connect(server.settings) as connection:
        for words in ("drop database if exists {} with (force)", "create database {} template {}"):
            connection.execute(
                sql.SQL(words).format(sql.Identifier(name), sql.Identifier(template))
            )
    return DatabaseSettings({**server.settings.parameters, "dbname": name})


def restore(server: Server, dump: Path, settings: DatabaseSettings) -> None:
    """Restore a dump into an empty database."""
    subprocess.run(
        [
            server.program("psql"), "--no-psqlrc", "--quiet", "--output=/dev/null",
            "--set=ON_ERROR_STOP=1", "--single-transaction", settings.as_url(with_password=True),
        ],
        input=gzip.decompress(dump.read_bytes()),
        check=True,
    )  # fmt: skip
    with connect(settings) as connection:
        connection.execute("analyze")


def unpack(dump: Path, folder: Path) -> Path:
    """Unpack the tree that a dump was loaded from, with the times of its files."""
    tree = folder / "legacy"
    shutil.rmtree(tree, ignore_errors=True)
    with tarfile.open(dump.with_name(dump.name.replace(DUMP, _TREE))) as archive:
        archive.extractall(tree, filter="data")
    return tree


def write_tree(name: str) -> Path:
    """Pack examples/legacy without its owners; return where the dump of that name belongs."""
    DUMPS.mkdir(exist_ok=True)

    def anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, "", ""
        entry.mtime = int(entry.mtime)
        return entry

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(project_root() / "examples" / "legacy", arcname=".", filter=anonymous)
    (DUMPS / f"{name}{_TREE}").write_bytes(gzip.compress(packed.getvalue(), mtime=0))
    return DUMPS / f"{name}{DUMP}"


def write_dump(server: Server, dump: Path) -> None:
    """Write the database of a server, without owners."""
    done = subprocess.run(
        [server.program("pg_dump"), "--no-owner", server.settings.as_url(with_password=True)],
        stdout=subprocess.PIPE,
        check=True,
    )
    dump.write_bytes(gzip.compress(done.stdout, mtime=0))
