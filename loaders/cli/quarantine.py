"""pulse-elt quarantine: look at what could not land."""

import click


@click.group("quarantine")
def quarantine() -> None:
    """Look at files that could not land, and why."""


@quarantine.command("list")
@click.option("--json", "is_json", is_flag=True, help="Print the entries as JSON.")
def list_(is_json: bool) -> None:
    """List the open entries: code, reason with file and position, attempts."""
    from dataclasses import asdict

    from loaders.cli import output
    from loaders.pipeline import open_quarantine

    entries = open_quarantine()
    if is_json:
        output.as_json([asdict(entry) for entry in entries])
    elif entries:
        output.quarantine_lines(entries)
    else:
        output.say("Nothing is quarantined.")
