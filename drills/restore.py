"""The restore drill: dump a database, restore it into another server version, and go on there.

python -m drills.restore [--sessions N] [--source 16] [--target 18]

Two nights on the source server, a dump, the restore by docs/operators.md as the owner of the
database, who is no superuser; then a third night on both, built incrementally by the login of the
pipeline. Every mart and view must show the same rows on both, before and after that night, and the
copy must grant and refuse what the original does. Exit code 0 when they do, 1 when one does not.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from drills.comparing import Comparison, compare_marts
from drills.nights import Nights, first_night
from loaders.database import embedded
from loaders.database.connection import connect
from loaders.database.restored import put_right
from loaders.database.rights import read_rights
from loaders.database.roles import apply_roles
from loaders.database.settings import DatabaseSettings
from loaders.landing.load import load
from loaders.landing.model import Scope
from loaders.pipeline import configured_kinds
from loaders.project.root import project_root
from loaders.sources.opening import open_source
from loaders.transform.dbt import BuildResult, build

_DATABASE = "pulse_drill"

# The logins of docs/security.md: the owner of the database, the pipeline, BI, and one without any
# right.
OWNER, PIPELINE, READER, STRANGER = (
    "drill_owner",
    "drill_pipeline",
    "drill_reader",
    "drill_stranger",
)
_LOGINS = """
create role {pipeline} login;
grant pulse_loader, pulse_transformer to {pipeline} with inherit false, set true;
create role {reader} login;
grant pulse_reader to {reader};
create role {stranger} login;
"""
# What an operator added: a dump has the one, the other only with what 'db restored' keeps.
_ADDED = """
create policy drill on raw.documents as restrictive to pulse_app using (kind <> 'user_history');
grant connect on database {database} to {pipeline};
"""

# As docs/operators.md has them.
DUMP_OPTIONS = (
    "--format=custom", "--exclude-table-data=test_failures.*", "--no-large-objects",
)  # fmt: skip
RESTORE_OPTIONS = ("--exit-on-error", "--clean", "--if-exists", "--jobs=4")

# Servers before 17 do not know it.
_NEW_PRIVILEGE = "MAINTAIN "


@dataclass(frozen=True)
class Server:
    """A server of the drill: its version, its data directory, the database of the drill on it."""

    version: int
    data: Path
    settings: DatabaseSettings

    def program(self, name: str) -> Path:
        """Return a PostgreSQL program of the server's version."""
        return embedded.program(self.data, name)

    def login(self, name: str) -> DatabaseSettings:
        """Return the settings of a login of the drill."""
        return DatabaseSettings({**self.settings.parameters, "user": name})


@dataclass(frozen=True)
class RestoreOutcome:
    """The result of a restore drill.

    restored compares right after the restore, continued after a night on both. did holds what
    that night did to each model, such as 'AFFECTED -1 +2', on the source and on the target. rights
    are those that differ right after the restore, allowed is what a login could do and should not.
    """

    restored: Sequence[Comparison]
    continued: Sequence[Comparison]
    did: tuple[dict[str, str], dict[str, str]]
    rights: Sequence[str] = ()
    allowed: Sequence[str] = ()

    @property
    def troubles(self) -> list[str]:
        """What went wrong, in sentences; none when the drill has passed."""
        source, target = self.did
        found = [
            f"{entry.relation} differs {when}, from row {entry.rows + 1} on: {entry.difference}"
            for when, entries in (("when restored", self.restored), ("a night on", self.continued))
            for entry in entries
            if not entry.is_equal
        ]
        found += [*self.rights, *self.allowed]
        found += [
            f"{name} was {target.get(name)} on the restored server, {source.get(name)} on the other"
            for name in sorted(source.keys() | target.keys())
            if source.get(name) != target.get(name)
        ]
        found += [
            f"{name} was built again: the restored table was not recognised"
            for name, what in target.items()
            if what.startswith("CREATED")
        ]
        if not any(what.startswith("AFFECTED") for what in target.values()):
            found.append("nothing was built incrementally: the drill proves nothing")
        if not any(entry.rows for entry in self.continued):
            found.append("no mart has a row: the drill proves nothing")
        return found


def drill(
    source: Server,
    target: Server,
    folder: Path,
    sessions: int,
    say: Callable[[str], None] = lambda text: None,
) -> RestoreOutcome:
    """Restore the database of source on target, which is empty, and go on there.

    folder is where the tree and the dump are written. sessions is the size of the sample.

    Raises:
        PulseEltError: a load or a build failed.
        CalledProcessError: pg_dump or pg_restore failed.
    """
    say(f"A sample of {sessions:,} sessions")
    nights = first_night(folder, sessions)
    _set_up(source)
    say(f"Night 1 on PostgreSQL {source.version}")
    _night(source, nights)
    nights.next(2)
    say(f"Night 2 on PostgreSQL {source.version}")
    _night(source, nights)
    # The views of schema reporting show a role the learners that it is listed for.
    with connect(source.settings) as connection:
        connection.execute("insert into ops.role_learners values (current_user, null, true)")

    say(f"Dump by pg_dump {target.version}, restore into PostgreSQL {target.version}")
    _restore(source, target, folder / "pulse.dump")
    restored = _compare(source, target)
    rights = _compare_rights(source, target)

    nights.next(3)
    say("Night 3 on both")
    did = tuple(_what_was_done(_night(server, nights)) for server in (source, target))
    continued = _compare(source, target)
    return RestoreOutcome(restored, continued, (did[0], did[1]), rights, _allowed(target))


def _set_up(server: Server) -> None:
    """Give the database of the original roles and logins, as docs/security.md says."""
    _own(server)
    with connect(server.login(OWNER)) as owner:
        apply_roles(owner, _roles_script(), configured_kinds())
        _execute(owner, _LOGINS)
        _execute(owner, _ADDED)


def _own(server: Server) -> None:
    with connect(server.settings) as superuser:
        _execute(
            superuser,
            "create role {owner} login createrole; alter database {database} owner to {owner}",
        )


def _execute(connection: psycopg.Connection, statements: str) -> None:
    names = {
        "database": _DATABASE, "owner": OWNER, "pipeline": PIPELINE, "reader": READER,
        "stranger": STRANGER,
    }  # fmt: skip
    connection.execute(
        sql.SQL(statements).format(**{key: sql.Identifier(name) for key, name in names.items()})
    )


def _roles_script() -> Path:
    return project_root() / "deploy" / "roles.sql"


def _night(server: Server, nights: Nights) -> BuildResult:
    pipeline = server.login(PIPELINE)
    loader, transformer = (
        pipeline.acting_as("pulse_loader"),
        pipeline.acting_as("pulse_transformer"),
    )
    load(loader, open_source(str(nights.tree), None), configured_kinds(), Scope())
    result = build(transformer, project_root(), quiet=True)
    for node in (*result.failed_models, *result.failed_tests):
        raise SystemExit(f"{node.name} failed on PostgreSQL {server.version}: {node.message}")
    return result


def _what_was_done(result: BuildResult) -> dict[str, str]:
    return {node.name: str(node.message) for node in result.nodes if node.resource == "model"}


def _restore(source: Server, target: Server, dump: Path) -> None:
    """The commands of docs/operators.md, as the owner: the newer version's programs do both."""
    _own(target)
    there = target.login(OWNER).as_url(with_password=True)
    original = source.login(OWNER).as_url(with_password=True)
    commands: tuple[list[str | Path], ...] = (
        [target.program("pg_dump"), *DUMP_OPTIONS, f"--file={dump}", original],
        [
            target.program("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1",
            f"--file={_roles_script()}", there,
        ],
        [target.program("pg_restore"), *RESTORE_OPTIONS, f"--dbname={there}", dump],
    )  # fmt: skip
    for command in commands:
        subprocess.run(command, check=True)
    with connect(target.login(OWNER)) as owner:
        _execute(owner, _LOGINS)
        owner.execute("analyze")
        put_right(owner, _roles_script(), configured_kinds())


def _compare_rights(source: Server, target: Server) -> list[str]:
    """Return which rights only one of the databases has, a sentence each."""
    sides = []
    for server in (source, target):
        with connect(server.settings) as connection:
            lines = {line for part in read_rights(connection).values() for line in part}
            sides.append({line for line in lines if not line.startswith(_NEW_PRIVILEGE)})
    original, copy = sides
    return [f"lost by the restore: {line}" for line in sorted(original - copy)] + [
        f"only in the restored database: {line}" for line in sorted(copy - original)
    ]


def _allowed(server: Server) -> list[str]:
    """Return what was not refused on the restored server, a sentence each."""
    found = []
    try:
        _ask(server, STRANGER, "select 1")
        found.append(f"{STRANGER} may connect to the restored database")
    except psycopg.OperationalError:
        pass
    _ask(server, READER, "select from reporting.learners")
    try:
        _ask(server, READER, "select from raw.documents")
        found.append(f"{READER} may read the landing of the restored database")
    except psycopg.errors.InsufficientPrivilege:
        pass
    return found


def _ask(server: Server, login: str, query: str) -> None:
    with psycopg.connect(**server.login(login).parameters) as connection:  # type: ignore[arg-type]
        connection.execute(query.encode())


def _compare(source: Server, target: Server) -> list[Comparison]:
    with connect(source.settings) as one, connect(target.settings) as other:
        return compare_marts(one, other)


@contextmanager
def running(version: int, folder: Path) -> Iterator[Server]:
    """Run a server of its own for the drill, with an empty database."""
    data = folder / f"server{version}" / "postgres"
    settings = embedded.start(data, version)
    try:
        with connect(settings) as connection:
            # A drill's server need not survive a power cut.
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(
                    sql.SQL("alter system set {} = off").format(sql.Identifier(setting))
                )
            connection.execute("select pg_reload_conf()")
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(_DATABASE)))
        there = DatabaseSettings({**settings.parameters, "dbname": _DATABASE})
        yield Server(version, data, there)
    finally:
        embedded.stop(data)


def report(outcome: RestoreOutcome, say: Callable[[str], None]) -> None:
    """Print a line per mart and what went wrong."""
    restored = {entry.relation: entry for entry in outcome.restored}
    width = max(len(entry.relation) for entry in outcome.continued)
    say(f"\n{'mart or view':<{width}}  {'rows':>9}  restored   a night on")
    for entry in outcome.continued:
        before = restored.get(entry.relation)
        words = ["equal" if one and one.is_equal else "DIFFERS" for one in (before, entry)]
        say(f"{entry.relation:<{width}}  {entry.rows:>9,}  {words[0]:<9}  {words[1]}")
    affected = sum(what.startswith("AFFECTED") for what in outcome.did[1].values())
    unchanged = sum(what == "UNCHANGED" for what in outcome.did[1].values())
    say(
        f"\nThe third night on the restored server rebuilt {affected} models by affected keys and "
        f"left {unchanged} alone."
    )
    say(f"Rights that differ: {len(outcome.rights)}; logins not refused: {len(outcome.allowed)}.")
    say("The drill FAILED:" if outcome.troubles else "The drill passed.")
    for trouble in outcome.troubles:
        say(f"  {trouble}")


def main() -> int:
    """Run the drill and print what it found; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sessions", type=int, default=2_000)
    parser.add_argument("--source", type=int, choices=(16, 18), default=16)
    parser.add_argument("--target", type=int, choices=(16, 18), default=18)
    asked = parser.parse_args()

    def say(text: str) -> None:
        print(text, flush=True)

    # The roles of the operator's own database are not on these servers.
    for name in [name for name in os.environ if re.fullmatch(r"PULSE_ELT_\w+_ROLE", name)]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="pulse-drill-") as name:
        folder = Path(name)
        # The embedded server runs as a user of its own when we are root.
        folder.chmod(0o755)
        with (
            running(asked.source, folder / "source") as source,
            running(asked.target, folder / "target") as target,
        ):
            outcome = drill(source, target, folder, asked.sessions, say)
    report(outcome, say)
    return 1 if outcome.troubles else 0


if __name__ == "__main__":
    sys.exit(main())
