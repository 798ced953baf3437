"""The upgrade drill: a plain run takes over a database that an earlier version loaded and built.

python -m drills.upgrade [--server 16 --server 18]
python -m drills.upgrade --write-dump NAME

Each dump of drills/databases is restored, and given what users put there: rights, row security,
views, indexes, comments, tables. Then pulse-elt runs on it, without --full-refresh. Exit code 0
when the marts have the same rows, all users' objects still exist and nothing old is left over,
1 when not.

--write-dump loads, builds and dumps examples/legacy with its own checkout, and copies that tree
next to the dump, since the examples may change.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from drills.catalogue import given, standing
from drills.comparing import READ_BY_PEOPLE, Comparison, compare, compare_marts, relations_of
from drills.dumps import (
    DUMP,
    DUMPS,
    create_database,
    restore,
    unpack,
    write_dump,
    write_tree,
)
from drills.restore import Server, running
from loaders.database.connection import connect
from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from loaders.project.marts import read_marts
from loaders.project.root import project_root

# The server version that wrote the dumps: the oldest, so that any other can read them.
_OLDEST = 16

# Columns that a later version adds, or fills otherwise on purpose, by relation, such as
# "analytics.scorecards"; CHANGELOG.md says why. What views add is read from the marts' YAML.
RESTATED: Mapping[str, Sequence[str]] = dict.fromkeys(
    ("analytics.cohort_readiness", "reporting.cohort_readiness"), ("active_learner_count",)
)

# A role that no version of ours creates, with everything that can be granted to it.
_USERS_ROLE = """
do $$
begin
    if to_regrole('drill_reader') is null then
        create role drill_reader;
    end if;
end
$$
"""
_USERS_WORK = """
insert into ops.role_learners values (current_user, null, true), ('drill_reader', null, true);

create schema own;
create table own.targets as select user_id, 80 as target from analytics.learners;
alter table own.targets add primary key (user_id);

create schema people;
create view people.ready as
select r.user_id, r.readiness_overall, t.target
from analytics.user_readiness_latest as r left join own.targets as t using (user_id);
create view people.ready_enough as select * from people.ready where readiness_overall >= target;
create view people.progress as
select t.*, l.session_count
from reporting.user_skill_trend as t left join analytics.learners as l using (user_id);
create materialized view people.scores as
select s.persona, s.overall_score, e.pulse_step
from reporting.scorecards as s left join analytics.session_events as e using (session_id);

create index scores_by_persona on analytics.scorecards (persona, occurred_at);
comment on index analytics.scores_by_persona is 'For the dashboard of personas.';
comment on view people.ready is 'Who is how ready.';
comment on table own.targets is 'What learners are to reach.';

grant usage on schema analytics, reporting, people to drill_reader;
grant select on analytics.user_readiness, reporting.scorecards, reporting.learners to drill_reader;
grant select on people.ready, people.scores to drill_reader;
grant select (session_id, overall_score) on analytics.scorecards to drill_reader;
grant usage on sequence staging.builds_build_number_seq to drill_reader;
alter default privileges in schema reporting grant select on tables to drill_reader;

alter table analytics.session_events enable row level security;
create policy without_notes on analytics.session_events for select to drill_reader
using (notes is null);
"""
_USERS_SCHEMAS = ("own", "people")

# Oids differ after a restore, so a build takes the database for a copy. On the version that wrote
# the dump, restore the oids: an upgrade happens in the database that made those relations.
_NEVER_MOVED = """
update staging.standing_relations
set
    book_oid = tableoid,
    relation_oid = to_regclass(format('%I.%I', schema_name, relation_name))
"""

_IS_TO_COME = "select max(started_at) > clock_timestamp() from raw.loads"

_TABLES = """
select n.nspname, c.relname
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where c.relkind = 'r' and n.nspname in ('intermediate', 'analytics')
"""
_VERSIONS_OF_ROWS = "select md5(string_agg(t.ctid || ' ' || t.xmin, ',' order by t.ctid)) from {} t"

_SCORED = """
select session_key from analytics.scorecards where overall_score is not null
order by overall_score, session_id
"""

# Runs pulse-elt on a tree and a database.
Run = Callable[[Path, DatabaseSettings], "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class UpgradeOutcome:
    """The result of an upgrade drill on one dump.

    failed says why the drill could not finish, such as the last output of a failed run; then the
    rest is empty.
    taken_over compares every mart, view and table of users before and after the first run. lost
    are users' objects and rights that are gone, left_over what no fresh database has, missing
    what only a fresh one has. rewritten are tables that a run with nothing to do wrote to. arrived
    compares with a fresh database after one file has changed; has_changed says that this changed
    a mart.
    """

    failed: str | None = None
    taken_over: Sequence[Comparison] = ()
    lost: Sequence[str] = ()
    left_over: Sequence[str] = ()
    missing: Sequence[str] = ()
    rewritten: Sequence[str] = ()
    arrived: Sequence[Comparison] = ()
    has_changed: bool = False

    @property
    def troubles(self) -> list[str]:
        """What went wrong, in sentences; none when the drill has passed."""
        if self.failed:
            return [self.failed]
        found = [
            f"{entry.relation} differs {where}, from row {entry.rows + 1} on: {entry.difference}"
            for where, entries in (
                ("after the upgrade", self.taken_over),
                ("from a fresh database after a file changed", self.arrived),
            )
            for entry in entries
            if not entry.is_equal
        ]
        found += [f"lost in the upgrade: {line}" for line in self.lost]
        found += [f"left over from the earlier version: {line}" for line in self.left_over]
        found += [f"not there, though a fresh database has it: {line}" for line in self.missing]
        found += [f"{name} was written into though nothing had changed" for name in self.rewritten]
        if not any(entry.rows for entry in self.taken_over):
            found.append("no mart has a row: the drill proves nothing")
        if not self.has_changed:
            found.append("a changed file changed no mart: the drill proves nothing")
        return found


class RunFailed(Exception):
    """A run ended with an exit code other than 0 or 1 (findings)."""


def drill(
    server: Server, dump: Path, folder: Path, run: Run, say: Callable[[str], None] = print
) -> UpgradeOutcome:
    """Upgrade the database of a dump; folder is where its tree is unpacked.

    Raises:
        CalledProcessError: the dump could not be restored.
    """
    say(f"{dump.name.removesuffix(DUMP)} on PostgreSQL {server.version}: restore")
    tree, before = unpack(dump, folder), create_database(server, "pulse_before")
    restore(server, dump, before)
    with connect(before) as old:
        if old.execute(_IS_TO_COME).fetchone() == (True,):
            return UpgradeOutcome(failed=f"{dump.name} is from the future: set the clock.")
        if server.version == _OLDEST:
            old.execute(_NEVER_MOVED)
        old_relations, unused = standing(old), given(old)
        old.execute(_USERS_ROLE)
        old.execute(_USERS_WORK)
        users_relations, put = standing(old) - old_relations, given(old) - unused
    upgraded = create_database(server, "pulse_upgraded", template="pulse_before")
    fresh = create_database(server, "pulse_fresh")
    with connect(before) as old, connect(upgraded) as new:
        try:
            say("Take-over")
            _run(run, tree, upgraded)
            taken_over, lost = compare_with_dump(old, new), sorted(put - given(new))
            say("A run with nothing to do")
            versions = versions_of_rows(new)
            _run(run, tree, upgraded)
            rewritten = sorted(versions.items() - versions_of_rows(new).items())
            say("One changed file, and the same tree in a fresh database")
            _change_a_file(tree, old)
            _run(run, tree, upgraded)
            has_changed = not all(entry.is_equal for entry in compare_with_dump(old, new))
            _run(run, tree, fresh)
        except RunFailed as failed:
            return UpgradeOutcome(failed=str(failed))
        with connect(fresh) as made:
            made.execute("insert into ops.role_learners values (current_user, null, true)")
            stands, made_now = standing(new) - users_relations, standing(made)
            return UpgradeOutcome(
                taken_over=taken_over,
                lost=[*lost, *sorted(users_relations - standing(new))],
                left_over=sorted(stands - made_now),
                missing=sorted(made_now - stands),
                rewritten=[name for name, _ in rewritten],
                arrived=compare_marts(made, new),
                has_changed=has_changed,
            )


def compare_with_dump(old: psycopg.Connection, new: psycopg.Connection) -> list[Comparison]:
    """Compare every row that people read, including document numbers and landing times.

    Nothing lands again in an upgrade. A mart that the earlier version lacked is no difference.
    """
    restated: dict[str, Sequence[str]] = {
        f"reporting.{mart.name}": [column.name for column in mart.added]
        for mart in read_marts(project_root())
        if mart.added
    }
    restated.update(RESTATED)
    return [
        compare(old, new, relation, restated.get(".".join(relation), ()))
        for relation in relations_of(old, (*READ_BY_PEOPLE, *_USERS_SCHEMAS))
    ]


def versions_of_rows(connection: psycopg.Connection) -> dict[str, str | None]:
    """Return a hash for each of our tables; it changes when any row is written."""
    found = {}
    for relation in connection.execute(_TABLES).fetchall():
        query = sql.SQL(_VERSIONS_OF_ROWS).format(sql.Identifier(*relation))
        row = connection.execute(query).fetchone()
        found[".".join(relation)] = row[0] if row else None
    return found


def _run(run: Run, tree: Path, settings: DatabaseSettings) -> None:
    done = run(tree, settings)
    if done.returncode not in (0, 1):
        words = f"{done.stdout}\n{done.stderr}".strip()[-2_000:]
        raise RunFailed(f"pulse-elt run ended with {done.returncode}: {words}")


def _change_a_file(tree: Path, connection: psycopg.Connection) -> None:
    """Give the session with the lowest score the scorecard of the one with the highest."""
    files = [tree / "sessions" / key / "scorecard.json" for (key,) in connection.execute(_SCORED)]
    there = [file for file in files if file.is_file()]
    shutil.copyfile(there[-1], there[0])


def _pulse_elt(folder: Path) -> Run:
    """Return the command of this checkout, without the caller's own database settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PULSE_", "PG", "DBT_"))
    }
    root = project_root()

    def run(tree: Path, settings: DatabaseSettings) -> subprocess.CompletedProcess[str]:
        # For a database of another name dbt parses everything again.
        own = folder / settings.parameters["dbname"]
        environment = {
            **kept,
            URL_VARIABLE: settings.as_url(with_password=True),
            "DBT_TARGET_PATH": str(own / "target"),
            "DBT_LOG_PATH": str(own / "logs"),
            "PULSE_ELT_DATA_DOCS": str(own / "data_docs"),
        }
        command = [sys.executable, "-m", "loaders.cli", "run", str(tree)]
        return subprocess.run(
            command, env=environment, cwd=root, capture_output=True, text=True, check=False
        )

    return run


def report(outcome: UpgradeOutcome, say: Callable[[str], None]) -> None:
    """Print what was compared, and each deviation."""
    rows = sum(entry.rows for entry in outcome.taken_over)
    say(f"Compared {rows:,} rows of {len(outcome.taken_over)} marts, views and users' tables.")
    say("The drill FAILED:" if outcome.troubles else "The drill passed.")
    for trouble in outcome.troubles:
        say(f"  {trouble}")


def main() -> int:
    """Run the drill on every dump, or write one; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--server", type=int, choices=(16, 18), action="append")
    parser.add_argument("--write-dump", metavar="NAME")
    asked = parser.parse_args()

    def say(text: str) -> None:
        print(text, flush=True)

    is_good = True
    with tempfile.TemporaryDirectory(prefix="pulse-drill-") as name:
        folder = Path(name)
        # The embedded server runs as a user of its own when we are root.
        folder.chmod(0o755)
        if asked.write_dump:
            with running(_OLDEST, folder) as server:
                dump = write_tree(asked.write_dump)
                _run(_pulse_elt(folder), unpack(dump, folder), server.settings)
                write_dump(server, dump)
            say(f"Wrote {dump.name}, {dump.stat().st_size:,} bytes.")
            return 0
        for version in asked.server or (16, 18):
            with running(version, folder) as server:
                for dump in sorted(DUMPS.glob(f"*{DUMP}")):
                    outcome = drill(server, dump, folder, _pulse_elt(folder), say)
                    report(outcome, say)
                    is_good &= not outcome.troubles
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
