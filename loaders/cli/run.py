"""pulse-elt run: the nightly job, from a source to checked marts."""

from pathlib import Path

import click


@click.command("run")
@click.argument("source", required=False)
@click.option(
    "--no-source",
    "has_no_source",
    is_flag=True,
    help="Load nothing: build and check what the application wrote.",
)
@click.option("--root", help="Folder inside SOURCE where the tree begins.")
@click.option(
    "--resume", "is_resumed", is_flag=True, help="Skip what the last run of SOURCE has done."
)
@click.option(
    "--accept-vanished",
    is_flag=True,
    help="Files that are missing are gone on purpose, however many.",
)
@click.option(
    "--patience",
    "retry_seconds",
    type=click.FloatRange(0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to retry while the database is unavailable.",
)
@click.option(
    "--json",
    "is_json",
    is_flag=True,
    help="Result as JSON on stdout, progress as JSON lines on stderr.",
)
@click.option(
    "--dashboard",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the page of 'pulse-elt dashboard' there, after the checks.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be loaded and built; write nothing.")
def run(
    source: str | None,
    has_no_source: bool,
    root: str | None,
    is_resumed: bool,
    accept_vanished: bool,
    retry_seconds: float,
    is_json: bool,
    dashboard: Path | None,
    dry_run: bool,
) -> int:
    """Load SOURCE, build and check the marts: the nightly job, logged in ops.runs.

    Migrate, load, landing gate, dbt build, mart checks; a stage that fails ends the run, and what
    was not built stays as it was. PULSE_ELT_ALERT_COMMAND or PULSE_ELT_ALERT_URL gets failures,
    findings in the marts, recovery and first success; PULSE_ELT_PING_URL every success.

    Exits with 1 when files were newly quarantined, or a test or mart check failed; 4 when the
    landing gate stopped the run, or a model failed.

    Example: 'pulse-elt run /srv/pulse/data'
    """
    import os
    import signal

    from loaders.cli import run_display
    from loaders.cli.display_errors import display_errors_tolerated
    from loaders.nightly.model import Request
    from loaders.nightly.notifications import targets_from_environment
    from loaders.nightly.run import run as run_all

    if (source is None) is not has_no_source:
        raise click.UsageError("Name either SOURCE or --no-source.")
    if has_no_source and root is not None:
        raise click.UsageError("--root is a folder inside SOURCE.")
    if dry_run:
        return _preview(source, root, accept_vanished=accept_vanished, is_json=is_json)
    if dashboard is not None:
        from loaders.pictures.command import refuse_unready

        refuse_unready(dashboard)
    # A scheduler's SIGTERM counts as Ctrl-C: the run is logged and its notifications are sent.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    request = Request(
        source,
        root,
        is_resumed=is_resumed,
        accept_vanished=accept_vanished,
        retry_seconds=retry_seconds,
        dashboard=dashboard,
    )
    watch = run_display.JsonWatch() if is_json else run_display.TextWatch()
    result, details = run_all(request, watch, targets_from_environment(os.environ))
    with display_errors_tolerated("The run's result"):
        if is_json:
            run_display.print_run_json(result, details)
        else:
            run_display.summary(result, details)
    return result.exit_code


def _preview(source: str | None, root: str | None, *, accept_vanished: bool, is_json: bool) -> int:
    from loaders.cli import display
    from loaders.cli.progress import progress
    from loaders.cli.run_display import preview_summary
    from loaders.landing.model import Scope
    from loaders.nightly.preview import preview_run

    with progress(is_json=is_json) as on_progress:
        scope = Scope(accept_vanished=accept_vanished)
        found = preview_run(source, root, scope, on_progress=on_progress)
    if is_json:
        display.print_json(found)
    else:
        preview_summary(found)
    return 0
