"""Displays a nightly run: details as they come, and at the end a summary for a phone's screen."""

import json
import textwrap
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from loaders.cli import build_display, check_display, display, load_display
from loaders.cli.display_errors import cannot_be_shown, display_errors_tolerated
from loaders.cli.progress import build_progress, progress

if TYPE_CHECKING:
    from loaders.checks.result import CheckResult
    from loaders.errors import PulseEltError
    from loaders.landing.load import Progress
    from loaders.nightly.model import Details, RunResult, Stage, StageResult
    from loaders.nightly.preview import RunPreview
    from loaders.transform.marts import Readiness

# The columns and lines of a phone's screen held upright.
PHONE_COLUMNS = 40
PHONE_LINES = 20

_SIGNS = {"succeeded": "ok", "with_findings": "see", "failed": "FAIL", "left_out": "kept"}
_STATUS = {
    "succeeded": "succeeded",
    "with_findings": "done, with findings",
    "stopped": "STOPPED",
    "failed": "FAILED",
}


class TextWatch:
    """Prints each stage's result for people as it ends."""

    def loading(self) -> "AbstractContextManager[Callable[[Progress], None]]":
        """Show the load's progress."""
        return progress()

    def building(self) -> AbstractContextManager[Callable[[str], None]]:
        """Show the build's progress."""
        return build_progress()

    def begins(self, stage: "Stage") -> None:
        """Print nothing: progress and results say it."""

    def waits(self, stage: "Stage", seconds: float, error: "PulseEltError") -> None:
        """Print why a stage waits."""
        said = display.printable(str(error))
        with display_errors_tolerated("Why a stage waits"):
            click.echo(f"{_name(stage)}: {said} Trying again in {seconds:.0f} s.", err=True)

    def ends(self, result: "StageResult", details: "Details") -> None:
        """Print what the stage did."""
        if result.status != "left_out":
            with display_errors_tolerated(f"What stage {_name(result.stage)} did"):
                self._print_stage(result, details)

    def _print_stage(self, result: "StageResult", details: "Details") -> None:
        if result.stage == "migrate":
            for sentence in details.notices:
                display.say(sentence)
        elif result.stage == "load" and details.load:
            load_display.load_summary(details.load)
        elif result.stage == "landing_gate" and details.landing_gate:
            _print_gate("Landing gate", details.landing_gate)
        elif result.stage == "build" and details.build:
            build_display.build_summary(details.build)
        elif result.stage == "mart_checks" and details.mart_checks:
            _print_gate("Mart checks", details.mart_checks)
        elif result.stage == "dashboard" and details.dashboard:
            path = _short(details.dashboard.path.absolute())
            display.say(f"Dashboard: {display.printable(path)}")


def _print_gate(name: str, found: "CheckResult") -> None:
    if found.failed:
        display.say(f"{name}:")
        check_display.check_summary(found)
    else:
        display.say(f"{name}: {found.sentence}")


class JsonWatch:
    """Writes one JSON object per event to stderr."""

    def loading(self) -> "AbstractContextManager[Callable[[Progress], None]]":
        """Write the load's progress."""
        return progress(is_json=True)

    def building(self) -> AbstractContextManager[Callable[[str], None]]:
        """Write the build's progress."""
        return build_progress(is_json=True)

    def begins(self, stage: "Stage") -> None:
        """Write that a stage begins."""
        _event({"event": "stage_began", "stage": stage})

    def waits(self, stage: "Stage", seconds: float, error: "PulseEltError") -> None:
        """Write why a stage waits."""
        _event({"event": "waiting", "stage": stage, "seconds": seconds, "error": str(error)})

    def ends(self, result: "StageResult", details: "Details") -> None:
        """Write the result of a stage."""
        _event({"event": "stage_ended", **asdict(result)})


def _event(event: dict[str, object]) -> None:
    with display_errors_tolerated(f"The event {event['event']}"):
        click.echo(json.dumps(event), err=True)


def print_run_json(result: "RunResult", details: "Details") -> None:
    """Print the whole result as one JSON document."""
    from loaders.checks.gates import details_of

    readiness, trouble = _latest_readiness(result)
    checks = {name: found and details_of(found) for name, found in details.checks.items()}
    display.print_json(
        {
            "run": result,
            "notices": [*details.notices, *filter(None, [trouble])],
            "load": details.load,
            "build": details.build,
            "dashboard": details.dashboard,
            **checks,
            "readiness": readiness,
        }
    )


def summary(result: "RunResult", details: "Details") -> None:
    """Print readiness, and the outcome of the run for a phone's screen."""
    readiness, trouble = _latest_readiness(result)
    with display_errors_tolerated("The latest readiness"):
        build_display.readiness_table(readiness)
    if trouble:
        click.echo(f"pulse-elt: {display.printable(trouble)}", err=True)
    for said in result.hook_troubles:
        click.echo(f"pulse-elt: {said} The run is not affected.", err=True)
    for line in phone_screen(result, details):
        display.say(line)


def _latest_readiness(result: "RunResult") -> "tuple[tuple[Readiness, ...], str | None]":
    """Return readiness if the marts are new, or why it cannot be read: the run is over by now."""
    from loaders.pipeline import latest_readiness

    if not _has_new_marts(result):
        return (), None
    try:
        return latest_readiness(), None
    except Exception as error:
        return (), cannot_be_shown("The latest readiness", error)


def _has_new_marts(result: "RunResult") -> bool:
    return result.status in ("succeeded", "with_findings")


def phone_screen(result: "RunResult", details: "Details") -> list[str]:
    """Return the summary: at most PHONE_LINES lines of at most PHONE_COLUMNS columns."""
    number = "" if result.run_id is None else f" {result.run_id}"
    lines = [
        f"Run{number} {_STATUS[result.status]}",
        f"{result.started_at[:16]}Z {_time(result.seconds)}",
    ]
    for stage in result.stages:
        sign = _SIGNS[stage.status]
        lines.append(
            f"{sign:<5}{_name(stage.stage):<13}{_time(stage.seconds):>7}  {_figures(stage)}"
        )
    site = next(
        (found.site for found in (details.mart_checks, details.landing_gate) if found), None
    )
    tail = [f"Data Docs: {_short(site)}"] if site else []
    said = textwrap.wrap(
        display.printable(result.summary),
        PHONE_COLUMNS,
        max_lines=PHONE_LINES - len(lines) - len(tail),
        placeholder=" …",
    )
    return [line[:PHONE_COLUMNS].rstrip() for line in (*lines, *said)] + tail


def _figures(stage: "StageResult") -> str:
    """Return what a stage counted, in a dozen columns."""
    counts = stage.counts
    if stage.stage == "load" and counts:
        return f"{counts['landed']:,} new"
    if stage.stage == "build" and counts:
        return f"{counts['models']} models"
    if stage.stage == "dashboard" and counts:
        return f"{counts['learners']:,} seen"
    if "expectations" in counts:
        return f"{counts['expectations'] - counts['failed']} of {counts['expectations']}"
    return ""


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _name(stage: str) -> str:
    return stage.replace("_", " ")


def _short(path: Path) -> str:
    """Return a path relative to the working directory if it is below."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def preview_summary(found: "RunPreview") -> None:
    """Print what a run would load, and the models that would follow."""
    to_read = found.load.to_read if found.load else {}
    if found.load:
        load_display.load_summary(found.load)
    if not found.models:
        display.say("No model would change: nothing is new since the last build.")
        return
    for title, counts in (("Would be read", to_read), ("Not built yet", found.waiting)):
        if counts:
            display.say(f"{title}: {', '.join(f'{n:,} {kind}' for kind, n in counts.items())}.")
    display.say(f"Models that would follow ({len(found.models)}):")
    width = min(display.terminal_width(), 100)
    for line in textwrap.wrap(", ".join(found.models), width - 2):
        display.say(f"  {line}")
