"""pulse-elt status --format prometheus: every line fits the text exposition format."""

import re
from datetime import UTC, datetime

import pytest

from loaders.cli.prometheus import prometheus_report
from loaders.database.settings import DatabaseSettings
from loaders.operations.status import (
    KindStatus,
    MartsStatus,
    PipelineStatus,
    QuarantineStatus,
    RunEntry,
)
from tests.conftest import RunCommand, Tree

_LABEL = r'[a-z_]+="(?:[^"\\\n]|\\["\\n])*"'
_SAMPLE = re.compile(rf"(pulse_elt_[a-z_]+)(?:\{{{_LABEL}(?:,{_LABEL})*\}})? -?[0-9.e+]+")


def samples(text: str) -> list[str]:
    """Return the samples of a report; each follows a HELP and a TYPE line of its name."""
    found = []
    named = ""
    for line in text.splitlines():
        if line.startswith("# HELP "):
            assert line.split()[2] != named
            named = line.split()[2]
        elif line.startswith("# TYPE "):
            assert line == f"# TYPE {named} gauge"
        else:
            sample = _SAMPLE.fullmatch(line)
            assert sample, line
            assert sample[1] == named
            found.append(line)
    return found


def test_a_whole_status_is_told_as_gauges(capsys: pytest.CaptureFixture[str]) -> None:
    moment = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)
    source = 'a "tree"\\with\nall'
    prometheus_report(
        PipelineStatus(
            runs=(
                RunEntry(8, source, "failed", moment, moment, "It failed."),
                RunEntry(7, source, "succeeded", moment, moment, "All well."),
                RunEntry(6, "other", "with_findings", moment, moment, "2 files."),
            ),
            loads=(),
            kinds=(KindStatus("scorecard", 5, 1, 0, 2),),
            quarantine=(QuarantineStatus("22P02", 1, "a.json"),),
            marts=MartsStatus(moment, moment, 3, (("scorecards", 1_234_567),)),
            drift=(),
        )
    )
    found = samples(capsys.readouterr().out)
    assert r'pulse_elt_last_run_succeeded{source="a \"tree\"\\with\nall"} 0' in found
    assert 'pulse_elt_last_run_succeeded{source="other"} 1' in found
    assert f"pulse_elt_marts_cutoff_seconds {moment.timestamp():.0f}" in found
    assert 'pulse_elt_files{kind="scorecard",state="vanished"} 2' in found
    assert 'pulse_elt_quarantined_files{code="22P02"} 1' in found
    assert 'pulse_elt_mart_rows{mart="scorecards"} 1234567' in found
    assert "pulse_elt_documents_landed_since_cutoff 3" in found
    assert "pulse_elt_unknown_fields 0" in found


def test_a_landing_without_marts_is_told_too(
    database: DatabaseSettings, tree: Tree, pulse_elt: RunCommand
) -> None:
    tree.write("sessions/a/scorecard.json", {"overall": {"score": 80}})
    assert pulse_elt("load", tree.root).returncode == 0
    found = samples(pulse_elt("status", "--format", "prometheus").stdout)
    assert f'pulse_elt_last_load_succeeded{{source="{tree.root}"}} 1' in found
    assert 'pulse_elt_files{kind="scorecard",state="landed"} 1' in found
    assert not any(sample.startswith("pulse_elt_mart") for sample in found)
