"""Displays the result of a gate."""

from typing import TYPE_CHECKING

from loaders.cli.display import printable, say

if TYPE_CHECKING:
    from loaders.checks.result import CheckResult


def check_summary(result: "CheckResult") -> None:
    """Print the result of a gate: a line per failed expectation, with its documents."""
    if not result.failed:
        say(result.sentence)
    for failed in result.failed:
        say(f"failed  {failed.name}: {printable(failed.sentence)}")
        for path in failed.documents:
            say(f"  {printable(path)}")
    if result.accepted_because is not None:
        say(f"Accepted: {printable(result.accepted_because)}")
    say(f"Data Docs: {result.site}")
