"""pulse-elt quarantine: inspect files that could not land, and retry them."""

import click

from loaders.cli.groups import TEXT, Group


@click.group("quarantine", cls=Group)
def quarantine() -> None:
    """Inspect files that could not land, and retry them."""


@quarantine.command("list")
@click.option("--kind", "kinds", type=TEXT, multiple=True, help="Only this kind; may be repeated.")
@click.option("--code", "codes", type=TEXT, multiple=True, help="Only this code; may be repeated.")
@click.option("--prefix", type=TEXT, default="", help="Only paths with this prefix.")
@click.option("--all", "is_all", is_flag=True, help="Resolved entries too, with their resolution.")
@click.option("--limit", type=click.IntRange(min=1), help="At most this many; by default all.")
@click.option("--json", "is_json", is_flag=True, help="Print the entries as JSON.")
def list_(
    kinds: tuple[str, ...],
    codes: tuple[str, ...],
    prefix: str,
    is_all: bool,
    limit: int | None,
    is_json: bool,
) -> None:
    """List the open entries: code, reason with file and position, attempts.

    Example: 'pulse-elt quarantine list --code 22P02 --prefix sessions/'
    """
    from loaders.cli import display
    from loaders.cli.quarantine_display import found_lines
    from loaders.landing.quarantine.lookup import Wanted
    from loaders.pipeline import find_in_quarantine

    found = find_in_quarantine(Wanted(kinds, codes, prefix, is_all, limit))
    if is_json:
        display.print_json(found.entries)
    else:
        found_lines(found, is_narrowed=bool(kinds or codes or prefix))


@quarantine.command("show")
@click.argument("path")
@click.option("--json", "is_json", is_flag=True, help="Print it as JSON, bytes in hexadecimal.")
def show(path: str, is_json: bool) -> None:
    """Show why PATH could not land, the bytes around the error, and what to do.

    PATH is as 'quarantine list' prints it, relative to the root of the source.

    Example: 'pulse-elt quarantine show sessions/6f1c/scorecard.json'
    """
    from loaders.cli import display
    from loaders.cli.quarantine_display import file_report
    from loaders.pipeline import look_into_quarantine

    found = look_into_quarantine(path)
    if is_json:
        display.print_json(found)
    else:
        file_report(found)


@quarantine.command("retry")
@click.argument("source")
@click.option("--root", help="Folder inside SOURCE where the tree begins.")
@click.option("--kind", "kinds", type=TEXT, multiple=True, help="Only this kind; may be repeated.")
@click.option("--prefix", type=TEXT, default="", help="Only paths with this prefix.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="Processes that read and copy; by default one per core.",
)
@click.option(
    "--json",
    "is_json",
    is_flag=True,
    help="Result as JSON on stdout, progress as JSON lines on stderr.",
)
def retry(
    source: str,
    root: str | None,
    kinds: tuple[str, ...],
    prefix: str,
    workers: int | None,
    is_json: bool,
) -> int:
    """Load quarantined files from SOURCE again, even if size and time are unchanged.

    For when the rules or the server changed, a right was granted, or a file was repaired without
    a change of size and time. All other files are left alone.

    Exits with 0 when none of the files tried is in quarantine any more, 1 when some still are.

    Example: 'pulse-elt quarantine retry /srv/pulse/data'
    """
    from loaders.cli import display
    from loaders.cli.display_errors import display_errors_tolerated
    from loaders.cli.progress import progress
    from loaders.cli.quarantine_display import retry_summary
    from loaders.pipeline import retry_quarantine

    with progress(is_json=is_json) as on_progress:
        result = retry_quarantine(
            source, root, kinds, prefix, workers=workers, on_progress=on_progress
        )
    with display_errors_tolerated("The load's result"):
        if is_json:
            display.print_json(result)
        else:
            retry_summary(result)
    return 1 if result.still_quarantined else 0
