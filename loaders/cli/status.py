"""pulse-elt status: how runs, loads, landing and marts stand, and what drifted."""

import click


@click.command("status")
@click.option("--json", "is_json", is_flag=True, help="Print the status as JSON.")
def status(is_json: bool) -> None:
    """Show runs, loads, files per kind, quarantine, how fresh marts are, and drift."""
    from loaders.cli import display, status_display
    from loaders.pipeline import read_pipeline_status

    found = read_pipeline_status()
    if is_json:
        display.as_json(found)
    else:
        status_display.status_report(found)
