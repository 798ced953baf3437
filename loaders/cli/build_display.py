"""Displays the results of a build, and the readiness it computed."""

from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from loaders.cli.display import (
    MOST_LINES,
    printable,
    say,
    say_how_many_more,
    table,
    terminal_width,
)
from loaders.transform.dbt import sentence

if TYPE_CHECKING:
    from loaders.transform.dbt import BuildResult
    from loaders.transform.marts import Readiness

_COMPONENTS = ("tech.", "comm.", "struct.", "behav.")
_WIDTH_OF_LONG_IDS = 115


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
        say("Verified: every relation equals its query's result.")
    failed = (*result.failed_models, *result.failed_tests)
    if failed:
        say(f"{len(failed)} failed:")
    for node in failed:
        say(f"  {node.resource} {node.name}: {printable(sentence(node.message or 'it failed'))}")
        if node.rows_in:
            say(f"    the failing rows are in {node.rows_in}")
    if result.skipped:
        say(f"{len(result.skipped)} were skipped because of that.")


def readiness_table(readiness: Sequence["Readiness"]) -> None:
    """Print the latest readiness of learners, if any, within the terminal's width."""
    if not readiness:
        return
    say("\nLatest readiness of each learner, 0-100 (analytics.user_readiness_latest):")
    is_wide = terminal_width() >= _WIDTH_OF_LONG_IDS
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
            for row in readiness[:MOST_LINES]
        ],
        right=["overall", *_COMPONENTS],
    )
    say_how_many_more(len(readiness), "select them from analytics.user_readiness_latest")
