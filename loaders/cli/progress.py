"""Progress: bars on a terminal, lines in a pipe, JSON events for machines; always on stderr."""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import click

from loaders.cli.display_errors import never_failing

if TYPE_CHECKING:
    from rich import progress as rich

    from loaders.landing.load import Progress

_STAGES = {"list": "Listing", "copy": "Copying", "close": "Closing", "build": "Building"}
_UNITS = {"list": "files", "copy": "files", "close": "steps", "build": "nodes"}

_SECONDS_BETWEEN_LINES = 10.0
_SECONDS_BETWEEN_EVENTS = 0.5
# No rate is given for a stage that was shorter.
_TOO_SHORT = 0.2


class Reading(NamedTuple):
    """How far a stage is: rate per second, seconds since it began, and what remains of it.

    rate and remaining are None as long as they are unknown.
    """

    stage: str
    done: int
    total: int | None
    step: str | None
    rate: float | None
    remaining: float | None
    seconds: float


class _View:
    """Displays readings; a stage is prepared and begins once, moves often, and ends once."""

    def prepare(self) -> None: ...

    def begins(self, reading: Reading) -> None: ...

    def moves(self, reading: Reading) -> None: ...

    def ends(self, reading: Reading) -> None: ...

    def close(self) -> None: ...


@contextmanager
def progress(*, is_json: bool = False) -> Iterator["Callable[[Progress], None]"]:
    """Yield a function that displays progress: as bars, lines or JSON."""
    is_watched = sys.stderr is not None and sys.stderr.isatty()
    has_bars = not is_json and is_watched and os.environ.get("TERM") != "dumb"
    bars = _new_bars(is_shown=has_bars)
    view: _View = _Events() if is_json else _Bars(bars) if has_bars else _Lines()
    try:
        yield never_failing(_Tracker(view, bars))
    finally:
        never_failing(view.close)()


@contextmanager
def build_progress(*, is_json: bool = False) -> Iterator[Callable[[str], None]]:
    """Yield a function to call with the name of each dbt node that is done, from any thread."""
    from loaders.landing.load import Progress

    done = 0
    one_by_one = threading.Lock()
    with progress(is_json=is_json) as show:
        show(Progress("build", done))

        def on_node(name: str) -> None:
            nonlocal done
            with one_by_one:
                done += 1
                show(Progress("build", done, step=name))

        yield on_node
        show(Progress("build", done, done))


class _Tracker:
    """Turns progress into readings; rich keeps the pace of each stage."""

    def __init__(self, view: _View, bars: "rich.Progress") -> None:
        self._view = view
        self._bars = bars
        self._tasks: dict[str, rich.Task] = {}

    def __call__(self, progress: "Progress") -> None:
        stage = progress.stage
        is_new = stage not in self._tasks
        if is_new:
            self._begin(stage)
        task = self._tasks[stage]
        if task.finished:
            return
        # An update cannot reset a total to unknown.
        task.total = progress.total
        self._bars.update(task.id, completed=progress.done, total=progress.total)
        reading = _read(progress, task)
        if is_new:
            self._view.begins(reading)
        if progress.done == progress.total:
            # A stage without anything to do also ends with a full bar.
            self._bars.update(task.id, completed=progress.done or 1, total=progress.total or 1)
            self._view.ends(reading)
        elif not is_new:
            self._view.moves(reading)
        self._bars.update(task.id, figures=_figures(reading))

    def _begin(self, stage: str) -> None:
        self._view.prepare()
        number = self._bars.add_task(_STAGES[stage], total=None, figures="")
        task = next(task for task in self._bars.tasks if task.id == number)
        # Copying begins during the listing, but is reported only after it.
        if stage == "copy" and "list" in self._tasks:
            task.start_time = self._tasks["list"].start_time
        self._tasks[stage] = task


def _read(progress: "Progress", task: "rich.Task") -> Reading:
    seconds = task.elapsed or 0.0
    is_done = progress.done == progress.total
    rate = task.speed
    if is_done:
        rate = progress.done / seconds if seconds >= _TOO_SHORT else None
    remaining = None
    if rate and progress.total is not None and progress.step is None and not is_done:
        remaining = task.time_remaining
    return Reading(
        progress.stage, progress.done, progress.total, progress.step, rate, remaining, seconds
    )


class _Lines(_View):
    """One line per event: a stage begins, progresses (now and then), has ended."""

    def __init__(self) -> None:
        self._said_at: dict[str, float] = {}

    def begins(self, reading: Reading) -> None:
        what = ""
        if reading.total and reading.stage in ("list", "copy"):
            what = f" {'about ' if reading.stage == 'list' else ''}{reading.total:,} files"
        self._say(reading, what)

    def moves(self, reading: Reading) -> None:
        if time.monotonic() - self._said_at[reading.stage] >= _SECONDS_BETWEEN_LINES:
            self._say(reading, f": {_figures(reading)}")

    def ends(self, reading: Reading) -> None:
        rate = f", {_rate(reading)}" if reading.stage != "close" and reading.rate else ""
        what = "done" if reading.stage == "close" else f"{reading.done:,} {_UNITS[reading.stage]}"
        self._say(reading, f": {what} in {reading.seconds:.1f} s{rate}")

    def _say(self, reading: Reading, what: str) -> None:
        _write(_STAGES[reading.stage] + what)
        self._said_at[reading.stage] = time.monotonic()


class _Events(_View):
    """One JSON object per line."""

    def __init__(self) -> None:
        self._written: dict[str, tuple[float, str | None]] = {}

    def begins(self, reading: Reading) -> None:
        self._write(reading)

    def moves(self, reading: Reading) -> None:
        at, step = self._written[reading.stage]
        is_next_step = reading.stage == "close" and step != reading.step
        if is_next_step or time.monotonic() - at >= _SECONDS_BETWEEN_EVENTS:
            self._write(reading)

    def ends(self, reading: Reading) -> None:
        self._write(reading)

    def _write(self, reading: Reading) -> None:
        event = {
            "event": "progress",
            "stage": reading.stage,
            "done": reading.done,
            "total": reading.total,
            "step": reading.step,
            "rate": None if reading.rate is None else round(reading.rate, 1),
            "remaining_seconds": (
                None if reading.remaining is None else round(reading.remaining, 1)
            ),
            "at": datetime.now(UTC).isoformat(),
        }
        _write(json.dumps(event))
        self._written[reading.stage] = (time.monotonic(), reading.step)


class _Bars(_View):
    """A bar per stage, removed at the end."""

    def __init__(self, bars: "rich.Progress") -> None:
        self._bars = bars

    def prepare(self) -> None:
        # Not earlier: bars draw from a thread, and by now the load has forked its workers.
        self._bars.start()

    def close(self) -> None:
        # Ctrl-C may have come while they were being started.
        try:
            self._bars.stop()
        except IndexError:
            self._bars.console.show_cursor()


def _new_bars(*, is_shown: bool) -> "rich.Progress":
    from rich import progress as rich
    from rich.console import Console

    return rich.Progress(
        rich.SpinnerColumn(finished_text=" "),
        rich.TextColumn("{task.description:<8}", markup=False),
        rich.BarColumn(bar_width=16),
        rich.TextColumn("{task.fields[figures]}", markup=False),
        console=Console(stderr=True),
        transient=True,
        # What is printed meanwhile is a result and belongs on stdout.
        redirect_stdout=False,
        get_time=lambda: time.monotonic(),
        disable=not is_shown,
    )


def _figures(reading: Reading) -> str:
    """Return count, total, rate and remaining time, as far as they are known."""
    if reading.stage == "close":
        return reading.step or "done"
    unit = _UNITS[reading.stage]
    parts = [f"{reading.done:,} {unit}" if reading.done or reading.total else ""]
    if reading.total is not None:
        about = "about " if reading.stage == "list" and reading.done < reading.total else ""
        parts = [f"{reading.done:,} of {about}{reading.total:,} {unit}"]
    if reading.stage == "build":
        parts.append(reading.step or "")
    elif reading.rate:
        parts.append(_rate(reading))
    if reading.remaining is not None:
        parts.append(f"{_clock(reading.remaining)} left")
    return ", ".join(part for part in parts if part)


def _rate(reading: Reading) -> str:
    rate = reading.rate or 0
    return f"{rate:,.{0 if rate >= 10 else 1}f} {_UNITS[reading.stage]}/s"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _write(line: str) -> None:
    # A closed progress stream does not stop the work.
    with suppress(OSError):
        click.echo(line, err=True)
