"""The log of checks, in schema ops: baselines, usual shares, measures, known learners."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import errors

from loaders.checks.result import FailedExpectation, Gate
from loaders.database.connection import first_line
from loaders.errors import LockHeld, WrongRequest

# As a build fixes its cutoff; without a number the function has a limit of its own.
_AWAIT_WRITERS = "select raw.await_writers(make_interval(secs => %s::float8))"
_WAIT_VARIABLE = "PULSE_ELT_WRITERS_PATIENCE"

_OPEN = """
insert into ops.checks (gate, run_id, as_of) values (%s, %s, clock_timestamp())
returning check_id, as_of
"""

_SINCE = """
select max(as_of) from ops.checks
where gate = %s and outcome in ('passed', 'accepted')
"""

_USUAL = """
select share.key, sum((share.value ->> 0)::numeric), sum((share.value ->> 1)::numeric)
from (
    select details -> 'shares' as shares
    from ops.checks
    where gate = 'landing' and outcome in ('passed', 'accepted')
    order by as_of desc
    limit 14
) as passed
cross join lateral jsonb_each(passed.shares) as share
group by share.key
"""

# Last week's: the newest between six and fourteen days ago, else the newest there is.
_REFERENCE = """
select check_id
from ops.checks
where gate = 'marts' and outcome in ('passed', 'accepted') and check_id <> %(check_id)s
order by
    as_of between %(as_of)s - interval '14 days' and %(as_of)s - interval '6 days' desc,
    as_of desc
limit 1
"""

_RECORD_FILES = "insert into ops.judged_files (check_id, kind, source_path, reasons)\n"

# Of checks that were interrupted; another one may be running.
_FORGET_STALE = """
delete from ops.judged_files
where
    check_id not in (
        select check_id from ops.checks
        where outcome = 'running' and as_of > clock_timestamp() - interval '24 hours'
    )
"""

_COUNT_FILES = """
select kind, count(*) from ops.judged_files where check_id = %s group by kind order by kind
"""

_NULL_SHARES = """
select measure, figure from ops.check_measures
where check_id = %s and statistic = 'null_share'
"""

_MEASURE = """
insert into ops.check_measures (check_id, mart, measure, statistic, samples, figure)
values (%s, %s, %s, %s, %s, %s)
"""

_CLOSE = """
update ops.checks
set
    outcome = %(outcome)s, accepted_because = %(because)s, checked_at = clock_timestamp(),
    expectations = %(expectations)s, failed = %(failed)s, details = %(details)s
where check_id = %(check_id)s
"""


@dataclass(frozen=True)
class OpenCheck:
    """A check that has begun; since is where the last one that passed began, if any did."""

    check_id: int
    as_of: datetime
    since: datetime | None

    @property
    def bounds(self) -> Mapping[str, object]:
        """The moments a query of the landing lies between, as its variables."""
        return {"since": self.since or "-infinity", "as_of": self.as_of}


@dataclass(frozen=True)
class Measure:
    """A figure of a mart; figure is None without samples (rows)."""

    mart: str
    measure: str
    statistic: str
    samples: int
    figure: float | None


def open_check(connection: psycopg.Connection, gate: Gate, run_id: int | None) -> OpenCheck:
    """Record that a check begins, once the writers in flight have ended.

    Raises:
        WrongRequest: PULSE_ELT_WRITERS_PATIENCE is no number of seconds.
        LockHeld: one of them does not end.
    """
    wait_limit = _wait_limit()
    with connection.transaction():
        try:
            connection.execute(_AWAIT_WRITERS, (wait_limit,))
        except errors.LockNotAvailable as error:
            raise LockHeld(_sentence(error)) from error
        check_id, as_of = connection.execute(_OPEN, (gate, run_id)).fetchone() or (0, None)
    since = connection.execute(_SINCE, (gate,)).fetchone()
    return OpenCheck(check_id, as_of, since[0] if since else None)


def _wait_limit() -> float | None:
    named = os.environ.get(_WAIT_VARIABLE, "").strip()
    if not re.fullmatch(r"([0-9]+([.][0-9]+)?)?", named):
        raise WrongRequest(f"{_WAIT_VARIABLE} is a number of seconds, not {named!r}.")
    return float(named) if named else None


def _sentence(error: psycopg.Error) -> str:
    message = first_line(error)
    return message[:1].upper() + message[1:]


def record_files(connection: psycopg.Connection, check_id: int, query: str) -> dict[str, int]:
    """Record the files of a check, and what is wrong with them; return how many of each kind."""
    connection.execute(_FORGET_STALE)
    connection.execute(f"{_RECORD_FILES}{query}".encode())
    # Without statistics the planner reads all kinds for each.
    connection.execute("analyze ops.judged_files")
    return dict(connection.execute(_COUNT_FILES, (check_id,)).fetchall())


def usual_shares(connection: psycopg.Connection) -> dict[str, float]:
    """Return each share over the last fourteen landing checks that passed, 0 to 1."""
    rows = connection.execute(_USUAL)
    return {name: float(bad / checked) for name, bad, checked in rows if checked}


def reference(connection: psycopg.Connection, check: OpenCheck) -> int | None:
    """Return the check that a check of the marts is compared with: last week's, else the last."""
    parameters = {"check_id": check.check_id, "as_of": check.as_of}
    row = connection.execute(_REFERENCE, parameters).fetchone()
    return row[0] if row else None


def null_shares(connection: psycopg.Connection, check_id: int | None) -> dict[str, float]:
    """Return the shares of NULLs that a check measured, 0 to 1, by mart.column."""
    rows = connection.execute(_NULL_SHARES, (check_id,))
    return {measure: float(figure) / 100 for measure, figure in rows if figure is not None}


def write_measures(
    connection: psycopg.Connection, check_id: int, measures: Sequence[Measure]
) -> None:
    """Record what a check measured."""
    with connection.cursor() as cursor, connection.transaction():
        cursor.executemany(
            _MEASURE,
            [(check_id, m.mart, m.measure, m.statistic, m.samples, m.figure) for m in measures],
        )


def close_check(
    connection: psycopg.Connection,
    check_id: int,
    *,
    failed: Sequence[FailedExpectation],
    expectations: int,
    accepted_because: str | None,
    details: Mapping[str, Any],
    learners: Sequence[object] | None = None,
) -> None:
    """Record how a check ended; learners are those to be known unless it failed."""
    outcome = "passed" if not failed else "accepted" if accepted_because else "failed"
    with connection.transaction():
        connection.execute(
            _CLOSE,
            {
                "check_id": check_id,
                "outcome": outcome,
                "because": accepted_because if outcome == "accepted" else None,
                "expectations": expectations,
                "failed": len(failed),
                "details": json.dumps({"failed": [asdict(each) for each in failed], **details}),
            },
        )
        connection.execute("delete from ops.judged_files where check_id = %s", (check_id,))
        if learners is not None and outcome != "failed":
            _remember(connection, check_id, learners)


def _remember(connection: psycopg.Connection, check_id: int, learners: Sequence[object]) -> None:
    user_ids = list(learners)
    connection.execute(
        "delete from ops.known_learners where user_id <> all (%s::uuid[])", (user_ids,)
    )
    connection.execute(
        "insert into ops.known_learners (user_id, check_id) select user_id, %s "
        "from unnest(%s::uuid[]) as learners (user_id) on conflict do nothing",
        (check_id, user_ids),
    )
