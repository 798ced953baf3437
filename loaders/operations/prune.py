"""Removes what the policy no longer keeps, in batches that each leave the database consistent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg

from loaders.database.queries import one_row, one_value
from loaders.errors import DatabaseUnavailable
from loaders.landing import ledger
from loaders.operations import prune_statements as statements
from loaders.operations.retention import Policy

# Rows per transaction: a kill loses little work, and locks are short.
BATCH_ROWS = 5_000
# Fewer: with each run go the results of all its dbt nodes.
_BATCH_RUNS = 100


@dataclass(frozen=True)
class Removal:
    """What is removed, or would be, from one relation.

    what describes it. rows are documents, entries, runs or loads; bytes are the stored size of
    their payloads or rows. They are older than before.
    """

    what: str
    relation: str
    before: datetime
    rows: int
    bytes: int


@dataclass(frozen=True)
class PruneResult:
    """What was removed, or, in a dry run, what would be."""

    is_dry_run: bool
    removals: tuple[Removal, ...]


@dataclass(frozen=True)
class Step:
    """One category of rows to remove, with the statements that count and remove them.

    count returns rows and bytes; remove returns rows, bytes and the key of the last row, where
    the next batch continues.
    """

    what: str
    relation: str
    before: datetime
    count: str
    remove: str
    first: str | int
    batch: int = BATCH_ROWS
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, Any]:
        """The parameters of both statements."""
        return {**self.parameters, "before": self.before, "batch": self.batch}


def replaced_versions(
    latest_only: Mapping[str, str], now: datetime, cutoff: datetime | None
) -> Step:
    """Return the step for kinds that keep their latest version, with tables; see plan_steps."""
    return Step(
        "superseded versions of kinds that keep the latest",
        ", ".join(f"raw.{table}" for table in latest_only.values()),
        cutoff or now,
        statements.COUNT_REPLACED, statements.REMOVE_REPLACED, "",
        parameters={"kinds": list(latest_only)},
    )  # fmt: skip


def plan_steps(policy: Policy, now: datetime, cutoff: datetime | None) -> list[Step]:
    """Return the steps of a policy.

    now is the database's clock. cutoff is the earliest cutoff still in use: a version replaced
    after it is part of the marts, however short the policy.
    """

    def ago(days: int) -> datetime:
        return now - timedelta(days=days)

    befores = {
        kind: min(filter(None, (ago(days), cutoff))) for kind, days in policy.version_days.items()
    }
    runs_before = ago(policy.run_days)
    replaced = replaced_versions(policy.latest_only, now, cutoff)
    steps = [
        Step(
            f"superseded versions of kind {kind}", "raw.documents", before,
            statements.COUNT_VERSIONS, statements.REMOVE_VERSIONS, "", parameters={"kind": kind},
        )
        for kind, before in befores.items()
    ]  # fmt: skip
    steps.append(replaced)
    steps += [
        Step(
            f"bytes of {state} quarantine entries", "raw.quarantine", ago(days),
            statements.COUNT_BYTES, statements.EMPTY_BYTES, 0, parameters={"is_open": is_open},
        )
        for state, is_open, days in (
            ("resolved", False, policy.resolved_bytes_days),
            ("open", True, policy.open_bytes_days),
        )
    ]  # fmt: skip
    steps.append(
        Step(
            "runs with their stages and results", "ops.runs", runs_before,
            statements.COUNT_RUNS, statements.REMOVE_RUNS, 0, _BATCH_RUNS,
        )
    )  # fmt: skip
    befores |= dict.fromkeys(policy.latest_only, replaced.before)
    # Last: the steps before remove references to loads, in a dry run by the same rules.
    steps.append(
        Step(
            "loads that nothing names", "raw.loads", ago(policy.load_days),
            statements.COUNT_LOADS, statements.REMOVE_LOADS, 0,
            parameters={
                "kinds": list(befores), "befores": list(befores.values()),
                "runs_before": runs_before,
            },
        )
    )  # fmt: skip
    return steps


def preview(connection: psycopg.Connection, steps: Sequence[Step]) -> PruneResult:
    """Return what prune would remove; reads only."""
    removals = []
    for step in steps:
        row = one_row(connection, step.count, step.values)
        removals.append(Removal(step.what, step.relation, step.before, *row))
    return PruneResult(True, tuple(removals))


def prune(connection: psycopg.Connection, steps: Sequence[Step]) -> PruneResult:
    """Run the steps, one transaction per batch; after a kill it can be run again.

    The connection is in autocommit mode and holds the load lock: no load reads versions or opens
    a ledger row meanwhile.

    Raises:
        LoadInProgress: a load holds the lock.
    """
    ledger.take_the_lock(connection)
    return PruneResult(False, tuple(_remove(connection, step) for step in steps))


def _remove(connection: psycopg.Connection, step: Step) -> Removal:
    rows = size = 0
    after: str | int | None = step.first
    while after is not None:
        found = one_row(connection, step.remove, {**step.values, "after": after})
        rows += found[0]
        size += found[1]
        after = found[2] if found[0] == step.batch else None
    return Removal(step.what, step.relation, step.before, rows, size)


def read_clock(connection: psycopg.Connection) -> datetime:
    """Return the database's time."""
    now: datetime = one_value(connection, "select clock_timestamp()")
    return now


def read_bounds(connection: psycopg.Connection) -> tuple[datetime, datetime | None]:
    """Return the database's time and the earliest cutoff; builds that follow have a later one.

    Raises:
        DatabaseUnavailable: as read_cutoff.
    """
    # A build that is about to fix its cutoff is waited for, and keeps a new one from passing.
    with connection.transaction():
        now = ledger.landing_time(connection).at
        return now, read_cutoff(connection)


def read_cutoff(connection: psycopg.Connection) -> datetime | None:
    """Return the earliest cutoff as of which builds may still read; None: nothing was ever built.

    Raises:
        DatabaseUnavailable: an older version built the marts, and its cutoff is unknown.
    """
    is_unknown, cutoff = one_row(connection, statements.CUTOFF)
    if is_unknown:
        raise DatabaseUnavailable(
            "An older version built the marts and did not record its cutoff. Nothing was removed: "
            "run 'pulse-elt build' first."
        )
    return cutoff if isinstance(cutoff, datetime) else None
