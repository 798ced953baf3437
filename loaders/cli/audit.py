"""pulse-elt audit: code that treats JSON files as a database."""

from pathlib import Path

import click


@click.command("audit")
@click.argument(
    "directory", metavar="DIR", required=False, type=click.Path(path_type=Path, file_okay=False)
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="TREE",
    help="Folder of files that the code has written: proposals take types from them.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "sarif", "markdown"]),
    default="text",
    show_default=True,
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write there; standard output stays empty.",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Findings that are in this file are known.",
)
@click.option(
    "--write-baseline", is_flag=True, help="Write all findings to the file of --baseline."
)
@click.option("--since", metavar="REV", help="Only findings in files changed since a Git revision.")
@click.option("--explain", metavar="RULE", help="Print a page on a rule, such as PE101.")
def audit(
    directory: Path | None,
    data: Path | None,
    form: str,
    output: Path | None,
    baseline: Path | None,
    write_baseline: bool,
    since: str | None,
    explain: str | None,
) -> int:
    """Find code in DIR, Python or TypeScript, that keeps records in JSON files.

    Nothing in DIR is imported, run or changed. Settings stand in its pyproject.toml,
    [tool.pulse-elt.audit]. Exits with 1 when a certain or likely finding is new.

    Example: 'pulse-elt audit ../shop --baseline audit-baseline.json --format sarif'
    """
    from loaders.advisor.command import explained, run_audit
    from loaders.cli import display

    if explain is not None:
        display.say(explained(explain).rstrip("\n"))
        return 0
    if directory is None:
        raise click.UsageError("Name the DIR to examine, or a rule with --explain.")
    done = run_audit(
        directory,
        data=data,
        form=form,
        output=output,
        baseline=baseline,
        is_written=write_baseline,
        since=since,
    )
    if done.text:
        click.echo(done.text, nl=False)
    return done.exit_code
