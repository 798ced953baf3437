"""pulse-elt classify: which kinds of JSON files a tree holds, and where each belongs."""

from pathlib import Path

import click


@click.command("classify")
@click.argument("tree")
@click.option("--root", help="Folder inside TREE where it begins.")
@click.option(
    "--code",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the code that reads and writes the files; it is audited, never run.",
)
@click.option(
    "--write-rules",
    is_flag=True,
    help="Propose rules for config/document_kinds.json and columns, and say what differs.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write there; standard output stays empty.",
)
def classify(
    tree: str,
    root: str | None,
    code: Path | None,
    write_rules: bool,
    form: str,
    output: Path | None,
) -> int:
    """Say what belongs in PostgreSQL in TREE: a directory, .zip, .tar, .tar.gz, az:// or s3://.

    Files are grouped by path template; keys and counts are shown, never values. Exits with 1 when
    --write-rules finds that the project's reviewed rules say something else.

    Example: 'pulse-elt classify backup.tar.gz --root data --format markdown'
    """
    from loaders.advisor.classification.command import run_classify
    from loaders.advisor.command import write
    from loaders.cli.classify_display import RENDERERS

    result = run_classify(tree, root, code=code, is_proposing=write_rules)
    text = RENDERERS[form](result)
    if output is not None:
        write(output, text)
    else:
        click.echo(text, nl=False)
    return 1 if result.proposal and result.proposal.differences else 0
