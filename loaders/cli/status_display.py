"""Displays the status of runs, loads, landing and marts."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from loaders.cli.display import cell, printable, say, say_how_many_more, table

if TYPE_CHECKING:
    from loaders.operations.status import PipelineStatus, StoreReport, UnknownField

_MOST_DRIFT = 10
_MOST_STORES = 20
# Field names are untrusted: one line of a table each.
_WIDTH_OF_FIELDS = 60


def status_report(status: "PipelineStatus") -> None:
    """Print the status for people."""
    _stores_table(status.stores)
    if not status.loads and not status.runs:
        say("No load yet: pulse-elt load.")
        return
    if status.runs:
        say("Last runs (ops.runs), newest first")
        table(
            ["run", "started (UTC)", "status", "summary"],
            [(run.run_id, run.started_at, run.status, run.summary) for run in status.runs],
            right=["run"],
        )
    if status.loads:
        say("Last loads (raw.loads), newest first")
        table(
            ["load", "started (UTC)", "status", "seen", "landed", "quarantined", "source"],
            [
                (e.load_id, e.started_at, e.status, e.seen, e.landed, e.quarantined, e.source)
                for e in status.loads
            ],
            right=["load", "seen", "landed", "quarantined"],
        )
    for entry in status.loads[:1]:
        if entry.error:
            say(f"The last load failed: {entry.error}\n")
    say("Files by kind (raw.files)")
    table(
        ["kind", "landed", "quarantined", "left in place", "vanished"],
        [(k.kind, k.landed, k.quarantined, k.left_in_place, k.vanished) for k in status.kinds],
        right=["landed", "quarantined", "left in place", "vanished"],
    )
    if status.quarantine:
        say("Quarantine (raw.quarantine); 'pulse-elt quarantine list' says why")
        table(
            ["code", "files", "for example"],
            [(q.reason_code, q.files, q.example) for q in status.quarantine],
            right=["files"],
        )
    else:
        say("Nothing is quarantined.\n")
    if status.marts is None:
        say("The marts have not been built yet: pulse-elt build.")
        return
    marts = status.marts
    say(
        f"The marts (analytics) show the landing as of {cell(marts.cutoff_at)} UTC; "
        f"{marts.landed_since:,} documents landed since."
    )
    table(["mart", "rows"], marts.rows, right=["rows"])
    _drift_table(status.drift)


def _stores_table(stores: Sequence["StoreReport"]) -> None:
    if not stores:
        return
    say("The application (pulse_store), by process; counts since it began")
    table(
        ["process", "reported (UTC)", "calls", "failed", "blind writes", "overwritten unseen"],
        [
            (
                printable(store.instance), store.reported_at, *_calls(store.counters),
                int(store.counters.get("blind_write", 0)),
                int(store.counters.get("overwritten_unseen", 0)),
            )
            for store in stores[:_MOST_STORES]
        ],
        right=["calls", "failed", "blind writes", "overwritten unseen"],
    )  # fmt: skip
    say_how_many_more(len(stores), "select them from raw.store_reports", _MOST_STORES)


def _calls(counters: Mapping[str, float]) -> tuple[int, int]:
    """Return how many calls there were, and how many of them failed."""
    outcomes = {
        name: int(count)
        for name, count in counters.items()
        if "." in name and not name.endswith((".seconds", ".longest"))
    }
    done = sum(count for name, count in outcomes.items() if name.endswith(".ok"))
    return sum(outcomes.values()), sum(outcomes.values()) - done


def _drift_table(drift: Sequence["UnknownField"]) -> None:
    if not drift:
        return
    say("Unknown fields (drift), newest first; they stay in the payload")
    table(
        ["kind", "field", "first seen (UTC)", "documents"],
        [
            (entry.kind, _cut(printable(entry.field)), entry.first_seen_at, entry.documents)
            for entry in drift[:_MOST_DRIFT]
        ],
        right=["documents"],
    )
    say_how_many_more(len(drift), "select them from staging.stg_pulse__unknown_fields", _MOST_DRIFT)


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH_OF_FIELDS else text[: _WIDTH_OF_FIELDS - 1] + "…"
