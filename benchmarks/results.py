"""What 'make bench' measured, and the rows of its table with the bars of the project."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.dlt_comparison import DltRun
from benchmarks.memory import FLAT_WITHIN, ROOM, Series, Watched
from benchmarks.report import Bar, Row

TAR = "tar"
FIND = "find"
FIRST = "first load"
SECOND = "second load"
ONE_PERCENT = "1 % changed"
COPY = "copy"

Round = Mapping[str, float]

_BARS = {
    (FIRST, TAR): Bar(1.5),
    (FIRST, COPY): Bar(3),
    (SECOND, FIND): Bar(3),
    (ONE_PERCENT, FIRST): Bar(0.25),
}
_DLT_BAR = Bar(12, is_lowest=True)

_WORDS = {
    TAR: "`tar cf - tree \\| cat >/dev/null`",
    FIND: "`find tree -type f -printf '%p %s %T@\\n'`",
    COPY: "`\\copy` of the same rows from one file",
    FIRST: "first load",
    SECOND: "second load, nothing changed",
    ONE_PERCENT: "load after 1 % of sessions changed",
}
_SHORT = {COPY: "`\\copy`", ONE_PERCENT: "load after 1 %"}


@dataclass(frozen=True)
class Results:
    """Everything one run measured; seconds throughout, peaks in bytes."""

    header: str
    watched: Watched
    rounds: Sequence[Round]
    dlt: Sequence[DltRun]
    memory: Sequence[Series]

    def median(self, name: str) -> float:
        """Return the median seconds of a step."""
        return statistics.median(measured[name] for measured in self.rounds)

    def ratio(self, name: str, yardstick: str) -> float:
        """Return the median, over the rounds, of one step's seconds by another's."""
        return statistics.median(r[name] / r[yardstick] for r in self.rounds)

    def as_json(self) -> dict[str, object]:
        """Return every round and every row, for comparing runs."""
        return {
            "header": self.header,
            "counters": dict(self.watched.counters),
            "rounds": [dict(measured) for measured in self.rounds],
            "dlt": [{**vars(run), "seconds_for_all": run.seconds_for_all} for run in self.dlt],
            "peaks": list(self.watched.peaks),
            "memory": {
                series.what: {size: load.peaks for size, load in series.loads.items()}
                for series in self.memory
            },
            "rows": [row.as_json() for row in rows_of(self)],
        }


def rows_of(results: Results) -> list[Row]:
    """Return the rows of the table, yardsticks first."""
    return [
        *_timed_rows(results),
        *_dlt_rows(results),
        *_memory_rows(results),
    ]


def _timed_rows(results: Results) -> Iterator[Row]:
    for name in (TAR, FIND, COPY):
        yield Row(_WORDS[name], _seconds(results.median(name)))
    seen = results.watched.counters["seen"]
    rate = f"{seen:,} files, {seen / results.median(FIRST):,.0f} a second"
    yield Row(_WORDS[FIRST], _seconds(results.median(FIRST)), rate)
    for name in (SECOND, ONE_PERCENT):
        yield Row(_WORDS[name], _seconds(results.median(name)))
    for (name, yardstick), bar in _BARS.items():
        ratio = results.ratio(name, yardstick)
        what = f"{_SHORT.get(name, name)} ÷ {_SHORT.get(yardstick, yardstick)}"
        yield Row(what, f"{ratio:.2f}", value=ratio, bar=bar)


def _dlt_rows(results: Results) -> Iterator[Row]:
    for run in results.dlt:
        rate = f"{run.rows / run.seconds:,.0f} files a second"
        yield Row(str(run), _seconds(run.seconds_for_all), rate)
    if results.dlt:
        # Against the faster shape, which a user would pick.
        ratio = min(run.seconds_for_all for run in results.dlt) / results.median(FIRST)
        yield Row("the faster dlt ÷ first load", f"{ratio:.2f}", value=ratio, bar=_DLT_BAR)


def _memory_rows(results: Results) -> Iterator[Row]:
    seen = results.watched.counters["seen"]
    yield _peak_row(f"first load, {seen:,} files", results.watched, 0)
    for series in results.memory:
        for size, watched in series.loads.items():
            what = f"{series.what}, {size:,} files"
            yield _peak_row(what, watched, series.largest_document)
    for series in results.memory:
        yield Row(
            f"largest ÷ smallest peak: {series.what}",
            f"{series.growth:.2f}",
            value=series.growth,
            bar=Bar(FLAT_WITHIN),
        )


def _peak_row(what: str, watched: Watched, largest_document: int) -> Row:
    peak = watched.peaks[0] / 1e6
    return Row(
        f"peak memory of any loader process: {what}",
        f"{peak:.0f} MB",
        f"processes: {len(watched.peaks)}, together {sum(watched.peaks) / 1e6:.0f} MB",
        peak,
        Bar((ROOM + largest_document) / 1e6, unit=" MB"),
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s"
