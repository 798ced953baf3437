"""How results look: tables for people, JSON for machines."""

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from loaders.checks.result import CheckResult
    from loaders.landing.load import LoadResult
    from loaders.landing.model import Counters, Plan
    from loaders.operations.status import PipelineStatus, UnknownField
    from loaders.transform.dbt import BuildResult
    from loaders.transform.marts import Readiness


# More lines than this are not read.
_NAMED = 20
_NAMED_DRIFT = 10
# Names of fields come from strangers: one line of a table each.
_WIDTH_OF_FIELDS = 60
_COMPONENTS = ("tech.", "comm.", "struct.", "behav.")
_WIDTH_OF_LONG_IDS = 115


def say(text: str = "") -> None:
    """Print a line of the result."""
    click.echo(text)


def printable(text: str) -> str:
    """Return text as a terminal may get it: a file's name can hold its control characters."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


def as_json(value: object) -> None:
    """Print a value, dataclasses as objects, as one JSON document that a terminal may get too."""
    text = json.dumps(value, default=_plain, ensure_ascii=False)
    click.echo("".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in text))


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, datetime) else str(value)


def table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[str] = ()
) -> None:
    """Print rows under column heads; the columns named in right hold figures."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        drawn.add_column(
            column,
            justify="right" if column in right else "left",
            overflow="fold",
            no_wrap=column is not columns[-1],
        )
    for row in rows:
        drawn.add_row(*(cell(value) for value in row))
    Console(highlight=False, markup=False, width=_width()).print(drawn)


def _width() -> int:
    """Return the terminal's columns; when nobody watches, nothing may be cut to them."""
    return (
        shutil.get_terminal_size().columns
        if sys.stdout is not None and sys.stdout.isatty()
        else 200
    )


def cell(value: object) -> str:
    """Return a value as people read it: times in UTC, no control characters."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, int):
        return f"{value:,}"
    return printable(str(value))


def load_summary(result: "LoadResult") -> None:
    """Print what a load did, or would do, as a person reads it."""
    counters = result.counters
    for sentence in result.notices:
        say(sentence)
    if counters is None:
        say(f"Dry run of {printable(result.source)}; nothing was written.")
        _plan_table(result.plan)
    else:
        say(f"Load {result.load_id} of {printable(result.source)}")
        _counters_table(counters)
        if counters.seen == counters.vanished == 0:
            say("No file of the source lies in that scope.")
            return
        if counters.landed == counters.quarantined == counters.vanished == 0:
            say("Nothing changed since the last load.")
            return
    _paths("Left as configuration", result.left_as_config, result.plan.left_as_config)
    _paths("Unrecognised, left where they are", result.unrecognised, result.plan.unrecognised)
    if result.newly_quarantined and counters:
        say("Newly quarantined, and why:")
        for entry in result.newly_quarantined[:_NAMED]:
            say(f"  {entry.reason_code:<14} {printable(entry.reason)}")
        _more(counters.quarantined, "pulse-elt quarantine list shows them")


def _plan_table(plan: "Plan") -> None:
    table(
        ["files", "count", ""],
        [
            ("seen", plan.seen, ".json files listed"),
            ("new", plan.new, f"to be read, {plan.bytes_to_read:,} bytes with the touched ones"),
            ("touched", plan.touched, "to be read: size, time or rule differ from the manifest"),
            ("refused", plan.refused, "to be quarantined unread: links, unreadable, too large"),
            ("unchanged", plan.unchanged, "would not be opened"),
            ("left as config", plan.left_as_config, "configuration stays where it is"),
            ("unrecognised", plan.unrecognised, "no rule knows them"),
            ("vanished", plan.vanished, "in the manifest, no longer in the source"),
        ],
        right=["count"],
    )


def _counters_table(counters: "Counters") -> None:
    table(
        ["files", "count", ""],
        [
            ("seen", counters.seen, ".json files listed"),
            (
                "landed",
                counters.landed,
                f"written, {counters.changed:,} of them replacing a version",
            ),
            ("unchanged", counters.unchanged, "known already"),
            ("quarantined", counters.quarantined, "newly refused"),
            ("left as config", counters.left_as_config, "configuration stays where it is"),
            ("unrecognised", counters.unrecognised, "no rule knows them"),
            ("vanished", counters.vanished, "in the manifest, no longer in the source"),
        ],
        right=["count"],
    )


def build_summary(result: "BuildResult") -> None:
    """Print what dbt built, and what failed with its message."""
    say(
        f"Built {result.count('model')} models and {result.count('seed')} seeds; "
        f"{result.count('test', 'unit_test')} tests passed "
        f"({result.seconds:.1f} s inside dbt's nodes)."
    )
    for warning in result.warnings:
        say(f"Note: {warning}")
    if result.is_verified and not result.warnings:
        say("Verified: all that stands is what its query gives.")
    failed = (*result.failed_models, *result.failed_tests)
    if failed:
        say(f"{len(failed)} failed:")
    for node in failed:
        say(f"  {node.resource} {node.name}: {node.message}")
        if node.rows_in:
            say(f"    what it found is in {node.rows_in}")
    if result.skipped:
        say(f"{len(result.skipped)} were left out because of that.")


def readiness_table(readiness: Sequence["Readiness"]) -> None:
    """Print the latest readiness of learners, if there is any, as wide as the terminal is."""
    if not readiness:
        return
    say("\nLatest readiness of each learner, 0-100 (analytics.user_readiness_latest):")
    is_wide = _width() >= _WIDTH_OF_LONG_IDS
    table(
        ["learner", "as of (UTC)", "overall", "band", *_COMPONENTS],
        [
            (
                row.user_id if is_wide else str(row.user_id)[:8],
                row.snapshot_at.astimezone(UTC).date(),
                row.readiness_overall,
                row.readiness_band,
                row.readiness_technical,
                row.readiness_communication,
                row.readiness_structure,
                row.readiness_behavioral,
            )
            for row in readiness[:_NAMED]
        ],
        right=["overall", *_COMPONENTS],
    )
    _more(len(readiness), "select them from analytics.user_readiness_latest")


def check_summary(result: "CheckResult") -> None:
    """Print what a gate found: a line per failed expectation, with its documents."""
    if not result.failed:
        say(result.sentence)
    for failed in result.failed:
        say(f"failed  {failed.name}: {printable(failed.sentence)}")
        for path in failed.documents:
            say(f"  {printable(path)}")
    if result.accepted_because is not None:
        say(f"Accepted: {printable(result.accepted_because)}")
    say(f"Data Docs: {result.site}")


def status_report(status: "PipelineStatus") -> None:
    """Print the status as a person reads it."""
    if not status.loads:
        say("No load yet: pulse-elt load.")
        return
    if status.runs:
        say("Last runs (ops.runs), newest first")
        table(
            ["run", "started (UTC)", "status", "what became of it"],
            [(run.run_id, run.started_at, run.status, run.summary) for run in status.runs],
            right=["run"],
        )
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


def _drift_table(drift: Sequence["UnknownField"]) -> None:
    if not drift:
        return
    say("Unknown fields (drift), newest first; they stay in the payload")
    table(
        ["kind", "field", "first seen (UTC)", "documents"],
        [
            (entry.kind, _cut(printable(entry.field)), entry.first_seen_at, entry.documents)
            for entry in drift[:_NAMED_DRIFT]
        ],
        right=["documents"],
    )
    _more(len(drift), "select them from staging.stg_pulse__unknown_fields", _NAMED_DRIFT)


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH_OF_FIELDS else text[: _WIDTH_OF_FIELDS - 1] + "…"


def _paths(title: str, found: Sequence[str], count: int) -> None:
    if found:
        say(f"{title}:")
        for path in found[:_NAMED]:
            say(f"  {printable(path)}")
        _more(count, "--json names more")
        say()


def _more(count: int, where: str, named: int = _NAMED) -> None:
    if count > named:
        say(f"  … and {count - named:,} more; {where}.")
