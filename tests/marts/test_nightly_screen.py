"""The summary of a run fits the screen of a phone, whatever happened."""

from pathlib import Path

import pytest

from loaders.checks.result import CheckResult, FailedExpectation
from loaders.cli.run_display import PHONE_COLUMNS, PHONE_LINES, phone_screen
from loaders.nightly.model import STAGES, Details, RunResult, RunStatus, StageResult

COUNTS = {
    "load": {"seen": 9_000_000, "landed": 1_234_567, "changed": 0, "quarantined": 3, "vanished": 0},
    "landing_gate": {"expectations": 14, "failed": 1},
    "build": {"models": 57, "tests": 80, "failed_models": 0, "failed_tests": 0, "left_out": 0},
    "mart_checks": {"expectations": 140, "failed": 0},
}
GATE = CheckResult(
    "landing", 14, (FailedExpectation("volume", "Said."),), Path(".pulse/data_docs/index.html")
)


@pytest.mark.parametrize("status", ["succeeded", "with_findings", "stopped", "failed"])
@pytest.mark.parametrize("said", ["All is well.", "word " * 200, "x" * 1000, "a\x1b[31m\nb"])
def test_it_fits(status: RunStatus, said: str) -> None:
    stages = tuple(
        StageResult(stage, "failed", 86_399.0, 7, COUNTS.get(stage, {})) for stage in STAGES
    )
    result = RunResult(
        123_456,
        "/srv/tree",
        status,
        4,
        False,
        said,
        "2026-11-22T02:00:00.1+00:00",
        86_399.0,
        stages,
    )
    lines = phone_screen(result, Details(landing_gate=GATE))
    assert len(lines) <= PHONE_LINES
    assert max(map(len, lines)) <= PHONE_COLUMNS
    assert all(line.isprintable() for line in lines)
    assert lines[0].startswith("Run 123456 ")
    assert any("1,234,567" in line for line in lines)


def test_a_run_without_a_number_is_shown_too() -> None:
    result = RunResult(None, "x", "failed", 3, False, "No database: gone.", "2026-11-22T", 0.1, ())
    assert phone_screen(result, Details()) == [
        "Run FAILED",
        "2026-11-22TZ 0.1 s",
        "No database: gone.",
    ]
