"""Displays the result of a load, or of its dry run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from loaders.cli.display import MOST_LINES, printable, say, say_how_many_more, table

if TYPE_CHECKING:
    from loaders.landing.load import LoadResult
    from loaders.landing.model import Counters, Plan


def load_summary(result: "LoadResult") -> None:
    """Print what a load did, or would do, for people."""
    counters = result.counters
    for sentence in result.notices:
        say(sentence)
    if counters is None:
        say(f"Dry run of {printable(result.source)}; nothing was written.")
        _plan_table(result.plan)
    else:
        say(f"Load {result.load_id} of {printable(result.source)}")
        _counters_table(counters)
        if counters.seen == counters.vanished == 0:
            say("No file of the source is in that scope.")
            return
        if counters.landed == counters.quarantined == counters.vanished == 0:
            say("Nothing changed since the last load.")
            return
    _paths("Left as configuration", result.left_as_config, result.plan.left_as_config)
    _paths("Unrecognised, left where they are", result.unrecognised, result.plan.unrecognised)
    if result.newly_quarantined and counters:
        say("Newly quarantined, and why:")
        for entry in result.newly_quarantined[:MOST_LINES]:
            say(f"  {entry.reason_code:<14} {printable(entry.reason)}")
        say_how_many_more(counters.quarantined, "pulse-elt quarantine list shows them")


def _plan_table(plan: "Plan") -> None:
    table(
        ["files", "count", ""],
        [
            ("seen", plan.seen, ".json files listed"),
            ("new", plan.new, f"to be read, {plan.bytes_to_read:,} bytes with the touched ones"),
            ("touched", plan.touched, "to be read: size, time or rule differ from the manifest"),
            ("refused", plan.refused, "to be quarantined unread: links, unreadable, too large"),
            ("unchanged", plan.unchanged, "would not be opened"),
            ("left as config", plan.left_as_config, "configuration stays where it is"),
            ("unrecognised", plan.unrecognised, "no rule knows them"),
            ("vanished", plan.vanished, "in the manifest, no longer in the source"),
        ],
        right=["count"],
    )


def _counters_table(counters: "Counters") -> None:
    table(
        ["files", "count", ""],
        [
            ("seen", counters.seen, ".json files listed"),
            (
                "landed",
                counters.landed,
                f"written, {counters.changed:,} of them replacing a version",
            ),
            ("unchanged", counters.unchanged, "known already"),
            ("quarantined", counters.quarantined, "newly refused"),
            ("left as config", counters.left_as_config, "configuration stays where it is"),
            ("unrecognised", counters.unrecognised, "no rule knows them"),
            ("vanished", counters.vanished, "in the manifest, no longer in the source"),
        ],
        right=["count"],
    )


def _paths(title: str, found: Sequence[str], count: int) -> None:
    if found:
        say(f"{title}:")
        for path in found[:MOST_LINES]:
            say(f"  {printable(path)}")
        say_how_many_more(count, "--json names more")
        say()
