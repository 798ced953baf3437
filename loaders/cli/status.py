"""pulse-elt status: the state of runs, loads, landing and marts, and drift."""

import click


@click.command("status")
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "prometheus"]),
    default="text",
    show_default=True,
    help="Text for people, JSON, or Prometheus' textfile format.",
)
@click.option("--json", "style", flag_value="json", help="The same as --format json.")
def status(style: str) -> None:
    """Show runs, loads, files per kind, quarantine, how fresh marts are, and drift.

    Example: 'pulse-elt status --format prometheus'
    """
    from loaders.cli import display
    from loaders.cli.prometheus import prometheus_report
    from loaders.cli.status_display import status_report
    from loaders.pipeline import read_pipeline_status

    if style == "prometheus":
        prometheus_report(read_pipeline_status(latest=None))
    elif style == "json":
        display.print_json(read_pipeline_status())
    else:
        status_report(read_pipeline_status())
