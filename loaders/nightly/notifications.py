"""Notifications: an alert hook for failure and recovery, a dead man's switch for success."""

import json
import shlex
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from loaders import __version__
from loaders.errors import PulseEltError
from loaders.nightly.model import Event, RunResult
from loaders.nightly.run_log import RunLog, Trust
from loaders.project.private import private_files
from loaders.project.root import project_root

COMMAND_VARIABLE = "PULSE_ELT_ALERT_COMMAND"
URL_VARIABLE = "PULSE_ELT_ALERT_URL"
PING_VARIABLE = "PULSE_ELT_PING_URL"

_SECONDS = 10.0


@dataclass(frozen=True)
class Hooks:
    """Where to send: addresses may hold tokens, so they stay out of every repr and message."""

    command: str | None = field(default=None, repr=False)
    url: str | None = field(default=None, repr=False)
    ping_url: str | None = field(default=None, repr=False)


def targets_from_environment(environment: Mapping[str, str]) -> Hooks:
    """Return the hooks that the environment names."""
    return Hooks(
        command=environment.get(COMMAND_VARIABLE) or None,
        url=environment.get(URL_VARIABLE) or None,
        ping_url=environment.get(PING_VARIABLE) or None,
    )


def notify(hooks: Hooks, run_log: RunLog | None, result: RunResult) -> RunResult:
    """Send notifications, once; return the result with the event and the failures of hooks.

    A run that could not be logged (run_log None, or without a number) leaves a note beside the
    embedded server's files, so that the next good run is reported as a recovery. A failing hook
    never fails the run.
    """
    note = project_root() / ".pulse" / "unbooked-failure.json"
    event = _event(result, _trust(run_log), was_unlogged=note.exists())
    troubles = []
    if event is not None:
        body = _body(event, result)
        troubles += _alert(hooks, body)
        _remember(note, body, is_recorded=result.run_id is not None)
    if result.is_trusted and hooks.ping_url:
        troubles += _asked(PING_VARIABLE, hooks.ping_url)
    return replace(result, event=event, hook_troubles=tuple(troubles))


def _trust(run_log: RunLog | None) -> Trust:
    """Return how earlier runs ended; without a run log nothing is known."""
    if run_log is not None and run_log.run_id is not None:
        with suppress(PulseEltError):
            return run_log.trust()
    return Trust(last=None, ever=True)


def _event(result: RunResult, before: Trust, *, was_unlogged: bool) -> Event | None:
    if result.status in ("failed", "stopped"):
        return "failure"
    if not result.is_trusted:
        return "findings"
    if not before.ever:
        return "first_success"
    return "recovery" if was_unlogged or before.last is False else None


def _body(event: Event, result: RunResult) -> bytes:
    said = {
        "event": event,
        "run_id": result.run_id,
        "status": result.status,
        "exit_code": result.exit_code,
        "summary": result.summary,
        "source": result.source,
        "started_at": result.started_at,
        "seconds": round(result.seconds, 1),
        "stages": {stage.stage: stage.status for stage in result.stages},
        "version": __version__,
        # The message for chat webhooks: Slack and Teams read text, Discord reads content.
        "text": f"pulse-elt: {result.summary}",
        "content": f"pulse-elt: {result.summary}",
    }
    return json.dumps(said, ensure_ascii=False).encode(errors="replace")


def _alert(hooks: Hooks, body: bytes) -> list[str]:
    troubles = []
    if hooks.command:
        troubles += _command(hooks.command, body)
    if hooks.url:
        troubles += _asked(URL_VARIABLE, hooks.url, body)
    return troubles


def _command(command: str, body: bytes) -> list[str]:
    """Run the command with the JSON on its standard input; no shell reads it."""
    try:
        subprocess.run(
            shlex.split(command),
            input=body,
            check=True,
            timeout=_SECONDS,
            stdout=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return [f"{COMMAND_VARIABLE} did not end within {_SECONDS:.0f} s and was stopped."]
    except subprocess.CalledProcessError as error:
        return [f"{COMMAND_VARIABLE} ended with {error.returncode}."]
    except (OSError, ValueError) as error:
        return [f"{COMMAND_VARIABLE} could not be run: {type(error).__name__}."]
    return []


def _asked(variable: str, url: str, body: bytes | None = None) -> list[str]:
    """Get an address, or post JSON to it; it may hold tokens, so only the variable is named."""
    try:
        if urlsplit(url).scheme not in ("http", "https"):
            return [f"{variable} is not an http or https address."]
        headers = {"Content-Type": "application/json"} if body else {}
        request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=_SECONDS):  # noqa: S310
            return []
    except urllib.error.HTTPError as error:
        return [f"{variable} answered {error.code}."]
    except (OSError, ValueError, HTTPException) as error:
        return [f"{variable} could not be reached: {type(error).__name__}."]


def _remember(note: Path, body: bytes, *, is_recorded: bool) -> None:
    with suppress(OSError):
        if is_recorded:
            note.unlink(missing_ok=True)
        else:
            note.parent.mkdir(parents=True, exist_ok=True)
            with private_files():
                note.write_bytes(body)
