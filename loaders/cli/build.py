"""pulse-elt build: dbt build on the same database."""

import click


@click.command("build", context_settings={"ignore_unknown_options": True})
@click.argument("dbt_arguments", nargs=-1, type=click.UNPROCESSED)
def build(dbt_arguments: tuple[str, ...]) -> int:
    """Run 'dbt build' on the database the loaders use.

    DBT_ARGUMENTS go to dbt, as in 'pulse-elt build --select scorecards+'.
    Exits with 1 when a test failed, 4 when a model did.
    """
    from loaders.cli import output
    from loaders.cli.showing import shown, unfailing
    from loaders.pipeline import build_marts

    result = build_marts(dbt_arguments, on_notice=unfailing(output.say))
    with shown("The build's result"):
        output.build_summary(result)
    return result.exit_code
