"""pulse-elt report: what moves to PostgreSQL, from the JSON of an audit and of classify."""

from pathlib import Path

import click

_file = click.Path(path_type=Path, dir_okay=False)


@click.command("report")
@click.argument("audit", metavar="AUDIT", type=_file)
@click.argument("counted", metavar="[CLASSIFIED]", type=_file, required=False)
@click.option("--classified", type=_file, metavar="FILE", help="The same as CLASSIFIED.")
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
def report(
    audit: Path, counted: Path | None, classified: Path | None, form: str, output: Path | None
) -> int:
    """Write what moves to PostgreSQL, what stays, and which files change, from AUDIT.

    AUDIT is what 'pulse-elt audit --format json' wrote; CLASSIFIED, what 'pulse-elt classify
    --format json' says of the data: how many files there are, and where it disagrees.

    Example: 'pulse-elt report audit.json classify.json --output report.md'
    """
    from loaders.advisor.command import run_report

    text = run_report(audit, classified=counted or classified, form=form, output=output)
    if text:
        click.echo(text, nl=False)
    return 0
