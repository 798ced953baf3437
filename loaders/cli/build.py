"""pulse-elt build: dbt build on the same database."""

import click


@click.command("build", context_settings={"ignore_unknown_options": True})
@click.option(
    "--verify",
    is_flag=True,
    help="Compare every relation with its query's result, and correct differences.",
)
@click.argument("dbt_arguments", nargs=-1, type=click.UNPROCESSED)
def build(dbt_arguments: tuple[str, ...], verify: bool) -> int:
    """Run 'dbt build' on the database the loaders use.

    DBT_ARGUMENTS go to dbt, as in 'pulse-elt build --select scorecards+'.
    Exits with 1 when a test failed or --verify found a difference, 4 when a model failed, 75 when
    a transaction that writes documents did not end within ten minutes, or
    PULSE_ELT_WRITERS_PATIENCE seconds.
    """
    from loaders.cli import build_display, display
    from loaders.cli.display_errors import display_errors_tolerated, never_failing
    from loaders.pipeline import build_marts

    result = build_marts(dbt_arguments, verify=verify, on_notice=never_failing(display.say))
    with display_errors_tolerated("The build's result"):
        build_display.build_summary(result)
    return result.exit_code
