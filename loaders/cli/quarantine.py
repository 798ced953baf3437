"""pulse-elt quarantine: look at what could not land, and try it again."""

import click


@click.group("quarantine")
def quarantine() -> None:
    """Look at files that could not land, and why; try them again."""


@quarantine.command("list")
@click.option("--kind", "kinds", multiple=True, help="Only this kind; may be repeated.")
@click.option("--code", "codes", multiple=True, help="Only this code; may be repeated.")
@click.option("--prefix", default="", help="Only paths that begin so.")
@click.option("--all", "is_all", is_flag=True, help="Resolved entries too, and how they ended.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many; all if not given.")
@click.option("--json", "is_json", is_flag=True, help="Print the entries as JSON.")
def list_(
    kinds: tuple[str, ...],
    codes: tuple[str, ...],
    prefix: str,
    is_all: bool,
    limit: int | None,
    is_json: bool,
) -> None:
    """List the open entries: code, reason with file and position, attempts."""
    from loaders.cli import display
    from loaders.cli.quarantine_display import found_lines
    from loaders.landing.quarantine.lookup import Wanted
    from loaders.pipeline import find_in_quarantine

    found = find_in_quarantine(Wanted(kinds, codes, prefix, is_all, limit))
    if is_json:
        display.as_json(found.entries)
    else:
        found_lines(found, is_narrowed=bool(kinds or codes or prefix))


@quarantine.command("show")
@click.argument("path")
@click.option("--json", "is_json", is_flag=True, help="Print it as JSON, bytes in hexadecimal.")
def show(path: str, is_json: bool) -> None:
    """Show why PATH could not land, the bytes where the trouble starts, and what to do.

    PATH is the one that 'quarantine list' names, below the root of the source.
    """
    from loaders.cli import display
    from loaders.cli.quarantine_display import file_report
    from loaders.pipeline import look_into_quarantine

    found = look_into_quarantine(path)
    if is_json:
        display.as_json(found)
    else:
        file_report(found)


@quarantine.command("retry")
@click.argument("source")
@click.option("--root", help="Folder inside SOURCE where the tree begins.")
@click.option("--kind", "kinds", multiple=True, help="Only this kind; may be repeated.")
@click.option("--prefix", default="", help="Only paths that begin so.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="Processes that read and copy; one per core if not given.",
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
    """Load again from SOURCE what is in quarantine, though size and time are as before.

    For when the rules or the server changed, a right was given, or a file was mended without
    a trace in size and time. All other files are left alone.

    Exits with 0 when none of the files tried is in quarantine any more, 1 when some still are.
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
            display.as_json(result)
        else:
            retry_summary(result)
    return 1 if result.still_quarantined else 0
