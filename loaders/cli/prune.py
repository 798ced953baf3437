"""pulse-elt prune: remove what the policy of config/retention.json no longer keeps."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from loaders.operations.prune import PruneResult


@click.command("prune")
@click.option("--yes", "is_meant", is_flag=True, help="Remove; otherwise only show what would go.")
@click.option("--json", "is_json", is_flag=True, help="Print the result as JSON.")
def prune(is_meant: bool, is_json: bool) -> None:
    """Show what config/retention.json no longer keeps; with --yes, remove it.

    That is: superseded versions of documents (never of histories), old bytes in quarantine, old
    runs and loads. What the marts read stays. After an interrupted prune, the next one finishes
    the work.

    Exits with 75 when a load is running.

    Example: 'pulse-elt prune', and 'pulse-elt prune --yes' once that is right.
    """
    from contextlib import nullcontext

    from loaders.cli import display
    from loaders.cli.display_errors import display_errors_tolerated
    from loaders.pipeline import prune_by_policy

    result = prune_by_policy(is_dry_run=not is_meant)
    with display_errors_tolerated("The result of prune") if is_meant else nullcontext():
        if is_json:
            display.print_json(result)
        else:
            _report(result)


def _report(result: "PruneResult") -> None:
    from loaders.cli import display

    would = "would go" if result.is_dry_run else "gone"
    display.table(
        ["what", "older than (UTC)", would, "bytes"],
        [(entry.what, entry.before, entry.rows, entry.bytes) for entry in result.removals],
        right=[would, "bytes"],
    )
    if not any(entry.rows for entry in result.removals):
        display.say("Nothing is old enough by config/retention.json.")
    elif result.is_dry_run:
        display.say("Nothing was removed; 'pulse-elt prune --yes' removes it.")
    else:
        display.say("Autovacuum makes the space reusable; only VACUUM FULL shrinks files.")
