"""Prints the status in Prometheus' text exposition format, for a textfile collector.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/. Times are seconds since 1970.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from loaders.cli.display import say

if TYPE_CHECKING:
    from loaders.operations.status import PipelineStatus


class _Gauge(NamedTuple):
    name: str
    help: str
    samples: Sequence[tuple[Mapping[str, str], float]]


def prometheus_report(status: "PipelineStatus") -> None:
    """Print the status as gauges; one without samples is left out."""
    for gauge in _gauges(status):
        if not gauge.samples:
            continue
        say(f"# HELP pulse_elt_{gauge.name} {gauge.help}")
        say(f"# TYPE pulse_elt_{gauge.name} gauge")
        for labels, value in gauge.samples:
            pairs = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
            say(f"pulse_elt_{gauge.name}{f'{{{pairs}}}' if pairs else ''} {float(value):.15g}")


def _gauges(status: "PipelineStatus") -> Iterator[_Gauge]:
    runs = {run.source: run for run in reversed(status.runs)}
    yield _Gauge(
        "last_run_started_seconds", "When the last nightly run of a source started.",
        [({"source": source}, _seconds(run.started_at)) for source, run in runs.items()],
    )  # fmt: skip
    yield _Gauge(
        "last_run_succeeded", "Whether the last nightly run of a source built the marts.",
        [
            ({"source": source}, run.status in ("succeeded", "with_findings"))
            for source, run in runs.items()
        ],
    )  # fmt: skip
    loads = {load.source: load for load in reversed(status.loads)}
    yield _Gauge(
        "last_load_started_seconds", "When the last load of a source started.",
        [({"source": source}, _seconds(load.started_at)) for source, load in loads.items()],
    )  # fmt: skip
    yield _Gauge(
        "last_load_succeeded", "Whether the last load of a source succeeded.",
        [({"source": source}, load.status == "succeeded") for source, load in loads.items()],
    )  # fmt: skip
    yield _Gauge(
        "store", "What processes of the application last reported, since they began.",
        [
            ({"process": store.instance, "counter": name}, value)
            for store in status.stores
            for name, value in store.counters.items()
        ],
    )  # fmt: skip
    yield _Gauge(
        "files", "Files in the manifest, by kind and state.",
        [
            ({"kind": kind.kind, "state": state}, getattr(kind, state))
            for kind in status.kinds
            for state in ("landed", "quarantined", "left_in_place", "vanished")
        ],
    )  # fmt: skip
    yield _Gauge(
        "quarantined_files", "Open quarantine entries, by reason code.",
        [({"code": entry.reason_code}, entry.files) for entry in status.quarantine],
    )  # fmt: skip
    yield _Gauge(
        "unknown_fields", "Fields that are not known for their kind.", [({}, len(status.drift))]
    )
    if status.marts is not None:
        marts = status.marts
        yield _Gauge(
            "marts_cutoff_seconds", "The moment as of which the marts show the landing.",
            [({}, _seconds(marts.cutoff_at))],
        )  # fmt: skip
        yield _Gauge(
            "documents_landed_since_cutoff", "Documents that landed after the marts' cutoff.",
            [({}, marts.landed_since)],
        )  # fmt: skip
        yield _Gauge(
            "mart_rows", "Rows of a mart.", [({"mart": name}, rows) for name, rows in marts.rows]
        )


def _seconds(moment: datetime) -> float:
    return moment.timestamp()


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
