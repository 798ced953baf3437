"""The restore drill: dump a database, restore it into another server version, and go on there.

python -m drills.restore [--sessions N] [--source 16] [--target 18]

Two nights on the source server, a dump, the restore; then a third night on both, built
incrementally. Every mart and view must show the same rows on both, before and after that night.
Exit code 0 when they do, 1 when one does not.
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

from psycopg import sql

from drills.comparing import Comparison, compare_marts
from drills.nights import Nights, first_night
from loaders.database import embedded
from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.landing.load import load
from loaders.landing.model import Scope
from loaders.pipeline import configured_kinds
from loaders.project.root import project_root
from loaders.sources.opening import open_source
from loaders.transform.dbt import BuildResult, build

_DATABASE = "pulse_drill"


@dataclass(frozen=True)
class Server:
    """A server of the drill: its version, its data directory, the database of the drill on it."""

    version: int
    data: Path
    settings: DatabaseSettings

    def program(self, name: str) -> Path:
        """Return a PostgreSQL program of the server's version."""
        return embedded.program(self.data, name)


@dataclass(frozen=True)
class RestoreOutcome:
    """The result of a restore drill.

    restored compares right after the restore, continued after a night on both. did holds what
    that night did to each model, such as 'AFFECTED -1 +2', on the source and on the target.
    """

    restored: Sequence[Comparison]
    continued: Sequence[Comparison]
    did: tuple[dict[str, str], dict[str, str]]

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

    nights.next(3)
    say("Night 3 on both")
    did = tuple(_what_was_done(_night(server, nights)) for server in (source, target))
    return RestoreOutcome(restored, _compare(source, target), (did[0], did[1]))


def _night(server: Server, nights: Nights) -> BuildResult:
    load(server.settings, open_source(str(nights.tree), None), configured_kinds(), Scope())
    result = build(server.settings, project_root(), quiet=True)
    for node in (*result.failed_models, *result.failed_tests):
        raise SystemExit(f"{node.name} failed on PostgreSQL {server.version}: {node.message}")
    return result


def _what_was_done(result: BuildResult) -> dict[str, str]:
    return {node.name: str(node.message) for node in result.nodes if node.resource == "model"}


def _restore(source: Server, target: Server, dump: Path) -> None:
    """The commands of docs/operators.md: the newer version's programs do both."""
    subprocess.run(
        [
            target.program("pg_dump"), "--format=custom", "--exclude-schema=test_failures",
            f"--file={dump}", _url(source),
        ],
        check=True,
    )  # fmt: skip
    subprocess.run(
        [target.program("pg_restore"), "--exit-on-error", f"--dbname={_url(target)}", dump],
        check=True,
    )
    with connect(target.settings) as connection:
        connection.execute("analyze")


def _url(server: Server) -> str:
    return server.settings.as_url(with_password=True)


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
