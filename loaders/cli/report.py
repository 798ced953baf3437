"""pulse-elt report: what moves to PostgreSQL, from the JSON of an audit."""

from pathlib import Path

import click

_file = click.Path(path_type=Path, dir_okay=False)


@click.command("report")
@click.argument("audit", metavar="AUDIT", type=_file)
@click.option(
    "--classified",
    type=_file,
    metavar="FILE",
    help="The JSON of classify: how many files there are.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "json"]),
    default="markdown",
    show_default=True,
)
@click.option(
    "--output", type=_file, metavar="FILE", help="Write there; standard output stays empty."
)
def report(audit: Path, classified: Path | None, form: str, output: Path | None) -> int:
    """Write what moves to PostgreSQL, what stays, and which files change, from AUDIT.

    AUDIT is what 'pulse-elt audit --format json' wrote.

    Example: 'pulse-elt report audit.json --output report.md'
    """
    from loaders.advisor.command import run_report

    text = run_report(audit, classified=classified, form=form, output=output)
    if text:
        click.echo(text, nl=False)
    return 0
