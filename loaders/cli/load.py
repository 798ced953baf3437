"""pulse-elt load: load a tree of documents into the landing."""

import click

from loaders.cli.groups import TEXT


@click.command("load")
@click.argument("source")
@click.option("--root", help="Folder inside SOURCE where the tree begins.")
@click.option("--kind", "kinds", type=TEXT, multiple=True, help="Only this kind; may be repeated.")
@click.option("--prefix", type=TEXT, default="", help="Only paths with this prefix.")
@click.option(
    "--verify-content", is_flag=True, help="Read and hash every file, also unchanged ones."
)
@click.option(
    "--accept-vanished",
    is_flag=True,
    help="Files that are missing are gone on purpose, however many.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="Processes that read and copy; by default one per core.",
)
@click.option("--dry-run", is_flag=True, help="Show the plan and write nothing.")
@click.option(
    "--json",
    "is_json",
    is_flag=True,
    help="Result as JSON on stdout, progress as JSON lines on stderr.",
)
def load(
    source: str,
    root: str | None,
    kinds: tuple[str, ...],
    prefix: str,
    verify_content: bool,
    accept_vanished: bool,
    workers: int | None,
    dry_run: bool,
    is_json: bool,
) -> int:
    """Load what is new or changed in SOURCE: a directory, .zip, .tar, .tar.gz, az:// or s3://.

    Exits with 1 when files were newly quarantined.

    Example: 'pulse-elt load backup.tar.gz --root pulse --dry-run'
    """
    from contextlib import nullcontext

    from loaders.cli import display, load_display
    from loaders.cli.display_errors import display_errors_tolerated
    from loaders.cli.progress import progress
    from loaders.landing.model import Scope
    from loaders.pipeline import load_source

    scope = Scope(
        kinds=kinds, prefix=prefix, verify_content=verify_content, accept_vanished=accept_vanished
    )
    with progress(is_json=is_json) as on_progress:
        result = load_source(
            source, root, scope, workers=workers, dry_run=dry_run, on_progress=on_progress
        )
    # What a dry run shows is all that it does.
    with nullcontext() if dry_run else display_errors_tolerated("The load's result"):
        if is_json:
            display.print_json(result)
        else:
            load_display.load_summary(result)
    return 1 if result.counters and result.counters.quarantined else 0
