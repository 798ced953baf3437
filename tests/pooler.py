"""PgBouncer in front of a server's socket, in a mode of the test's choice."""

import os
import pwd
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from loaders.database.settings import DatabaseSettings
from tests.daemons import free_port, running

_CONFIGURATION = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users.txt
pool_mode = {mode}
default_pool_size = {size}
"""
_READY = "process up"


@contextmanager
def pooler(
    folder: Path, settings: DatabaseSettings, mode: str, *, size: int = 20
) -> Iterator[DatabaseSettings]:
    """Run PgBouncer in front of a database, and yield the settings that lead through it."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed (Debian: apt-get install pgbouncer)")
    host, user = settings.parameters["host"], settings.parameters["user"]
    port = free_port()
    (folder / "users.txt").write_text(f'"{user}" ""\n')
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(
        _CONFIGURATION.format(
            host=host, port=settings.parameters["port"], listen=port, folder=folder, mode=mode,
            size=size,
        )
    )  # fmt: skip
    command = [program, str(configuration)]
    if os.geteuid() == 0:
        # It refuses to be root, and only its owner may use the server's socket.
        owner = pwd.getpwuid(Path(host).stat().st_uid)
        for path in (folder, folder / "users.txt", configuration):
            os.chown(path, owner.pw_uid, owner.pw_gid)
        command = [program, "-u", owner.pw_name, str(configuration)]
    with running(command, _READY):
        yield DatabaseSettings({**settings.parameters, "host": "127.0.0.1", "port": str(port)})
