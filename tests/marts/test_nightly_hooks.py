"""Who is told of a run, and when; and that a hook which fails harms nothing."""

import json
import stat
from pathlib import Path

import pytest

from loaders.database.settings import DatabaseSettings
from loaders.nightly import notifications
from loaders.nightly.model import RunResult, RunStatus
from loaders.nightly.notifications import Hooks, notify, targets_from_environment
from loaders.nightly.run_log import RunLog
from tests.conftest import ROOT, RunCommand
from tests.marts.nightly import Listener, listening

pytestmark = pytest.mark.newest_server


@pytest.fixture(autouse=True)
def _a_place_for_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications, "project_root", lambda: tmp_path)


def ran(status: RunStatus, *, is_trusted: bool, run_id: int | None = None) -> RunResult:
    return RunResult(
        run_id=run_id,
        source="/srv/tree",
        status=status,
        exit_code=4,
        is_trusted=is_trusted,
        summary="Said in a sentence.",
        started_at="2026-11-22T02:00:00+00:00",
        seconds=3.25,
        stages=(),
    )


def night(
    hooks: Hooks, status: RunStatus, *, is_trusted: bool, source: str = "/srv/tree"
) -> RunResult:
    """RunLog a run that ended so, and tell of it."""
    with RunLog() as book:
        run_id = book.open(source, {}, None, 3.25)
        result = ran(status, is_trusted=is_trusted, run_id=run_id)
        book.close(result)
        return notify(hooks, book, result)


def told(listener: Listener) -> list[str]:
    heard = [body["event"] for body in listener.heard]
    listener.heard.clear()
    return heard


def test_failure_recovery_and_first_success_are_told_and_every_success_pings(
    database: DatabaseSettings,
) -> None:
    with listening() as listener:
        hooks = Hooks(url=listener.url, ping_url=listener.url)
        night(hooks, "failed", is_trusted=False)
        assert told(listener) == ["failure"]
        night(hooks, "succeeded", is_trusted=True)
        assert (told(listener), listener.pings) == (["first_success"], 1)
        night(hooks, "succeeded", is_trusted=True)
        assert (told(listener), listener.pings) == ([], 2)
        # Newly quarantined files alone are no reason to wake somebody.
        night(hooks, "with_findings", is_trusted=True)
        assert (told(listener), listener.pings) == ([], 3)
        night(hooks, "with_findings", is_trusted=False)
        assert (told(listener), listener.pings) == (["findings"], 3)
        night(hooks, "stopped", is_trusted=False)
        assert told(listener) == ["failure"]
        night(hooks, "succeeded", is_trusted=True)
        assert (told(listener), listener.pings) == (["recovery"], 4)


def test_another_source_neither_spoils_nor_recovers(database: DatabaseSettings) -> None:
    with listening() as listener:
        hooks = Hooks(url=listener.url)
        night(hooks, "succeeded", is_trusted=True)
        night(hooks, "failed", is_trusted=False, source="/srv/other")
        night(hooks, "succeeded", is_trusted=True)
        assert told(listener) == ["first_success", "failure"]


def test_the_alert_says_what_happened(database: DatabaseSettings) -> None:
    with listening() as listener:
        result = night(Hooks(url=listener.url), "stopped", is_trusted=False)
        (body,) = listener.heard
    assert body["event"] == result.event == "failure"
    assert body["run_id"] == result.run_id
    assert (body["status"], body["exit_code"]) == ("stopped", 4)
    assert body["summary"] == "Said in a sentence."
    assert body["source"] == "/srv/tree"
    # As webhooks of chats want it.
    assert body["text"] == body["content"] == "pulse-elt: Said in a sentence."


def test_a_run_that_could_not_be_booked_is_told_and_so_is_the_recovery(
    database: DatabaseSettings,
) -> None:
    with listening() as listener:
        hooks = Hooks(url=listener.url)
        night(hooks, "succeeded", is_trusted=True)
        notify(hooks, None, ran("failed", is_trusted=False))
        night(hooks, "succeeded", is_trusted=True)
        night(hooks, "succeeded", is_trusted=True)
        assert told(listener) == ["first_success", "failure", "recovery"]


def test_a_command_gets_the_json_on_its_standard_input(
    database: DatabaseSettings, tmp_path: Path
) -> None:
    heard = tmp_path / "heard.json"
    script = tmp_path / "alert command"
    script.write_text('#!/bin/sh\ncat > "$1"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    hooks = targets_from_environment({"PULSE_ELT_ALERT_COMMAND": f"'{script}' '{heard}'"})
    assert night(hooks, "failed", is_trusted=False).hook_troubles == ()
    assert json.loads(heard.read_text())["event"] == "failure"


@pytest.mark.parametrize(
    ("hooks", "said"),
    [
        (Hooks(command="/nowhere/at/all"), "could not be run"),
        (Hooks(command="false"), "ended with 1"),
        (Hooks(command="'unclosed"), "could not be run"),
        (Hooks(url="http://127.0.0.1:9/token-s3cret"), "could not be reached"),
        (Hooks(url="http://[broken/s3cret"), "could not be reached"),
        (Hooks(url="file:///etc/passwd"), "not an http"),
        (Hooks(url="s3cret"), "not an http"),
    ],
)
def test_a_hook_that_fails_is_named_without_its_secrets(
    database: DatabaseSettings, hooks: Hooks, said: str
) -> None:
    (trouble,) = night(hooks, "failed", is_trusted=False).hook_troubles
    assert said in trouble
    assert "s3cret" not in trouble + repr(hooks)


def test_a_hook_that_answers_with_an_error_is_a_trouble(database: DatabaseSettings) -> None:
    with listening() as listener:
        listener.status = 503
        hooks = Hooks(url=listener.url, ping_url=listener.url)
        result = night(hooks, "succeeded", is_trusted=True)
    assert result.hook_troubles == (
        "PULSE_ELT_ALERT_URL answered 503.",
        "PULSE_ELT_PING_URL answered 503.",
    )


def test_the_command_tells_of_a_source_that_is_gone_and_exits_as_the_run_did(
    database: DatabaseSettings, pulse_elt: RunCommand
) -> None:
    with listening() as listener:
        hook = f"{listener.url}/s3cret"
        listener.status = 500
        done = pulse_elt("run", "/no/such/tree", PULSE_ELT_ALERT_URL=hook)
    (body,) = listener.heard
    assert done.returncode == body["exit_code"] == 2
    assert body["stages"] == {"migrate": "succeeded", "load": "failed"}
    assert "/no/such/tree" in body["summary"]
    assert "PULSE_ELT_ALERT_URL answered 500. The run is not affected." in done.stderr
    assert "s3cret" not in done.stdout + done.stderr


def test_a_database_that_cannot_be_reached_is_told_of(
    pulse_elt: RunCommand, tmp_path: Path
) -> None:
    for name in ("config", "dbt_project.yml"):
        (tmp_path / name).symlink_to(ROOT / name)
    with listening() as listener:
        done = pulse_elt(
            "run", "/no/such/tree", "--patience", "0",
            PULSE_ANALYTICS_DATABASE_URL="postgresql://nobody@127.0.0.1:9/x",
            PULSE_ELT_ALERT_URL=listener.url, PULSE_ELT_PROJECT_DIR=str(tmp_path),
        )  # fmt: skip
    (body,) = listener.heard
    assert done.returncode == body["exit_code"] == 3
    assert (body["event"], body["run_id"]) == ("failure", None)
    assert "Run FAILED" in done.stdout
    assert (tmp_path / ".pulse" / "unbooked-failure.json").exists()
